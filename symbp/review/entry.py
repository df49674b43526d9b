"""How someone's code is called, and which of what it returns is the loss and which the gradient of what.

It may be a function of data and parameters that returns the loss and gradients, a pair `..._forward` and `..._backward`
with a cache, or a class with `forward` and `backward`. Names decide, then shapes and order; what cannot be told is
asked for.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MethodType
from typing import Any

import numpy as np

from symbp.review.names import is_pair
from symbp.review.returned import Names, Result, returned_names, sort_out

FUNCTION, PAIR, CLASS = "function", "pair", "class"
BUNDLES = ("params", "parameters", "weights", "theta", "P", "p", "param")  # a dictionary of all parameters
COTANGENTS = ("dout", "grad_out", "grad_output", "dy", "dL_dout", "upstream", "g", "dupper", "dvalues", "dZ", "grad")
OUTPUTS = (
    "out",
    "output",
    "p",
    "probs",
    "probabilities",
    "yhat",
    "y_hat",
    "y_pred",
    "pred",
    "a2",
    "al",
    "scores",
    "logits",
)
CACHES = ("cache", "tape", "ctx", "saved", "memory", "state", "context")
MODES = {"bn_param": {"mode": "train"}, "mode": "train", "training": True, "train": True}
COTANGENT = "cotangent"


class Unmatched(Exception):
    """It cannot be told how to call it, or what it returns: a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is checked: a function, the two of a pair, or a class."""

    kind: str
    names: tuple[str, ...]

    @property
    def said(self) -> str:
        """As it is told to the user."""
        return " and ".join(self.names)


def find(text: str, name: str, names: Names) -> Entry:
    """The part of a file that computes gradients; a name says which."""
    tree = ast.parse(text)
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef)]
    chosen = [e for e in _entries(functions, classes) if not name or name in e.names]
    if name and not chosen and name in functions:
        return Entry(FUNCTION, (name,))
    if not chosen:
        raise Unmatched(
            f"no function or class {name!r} that could be checked"
            if name
            else "nothing that computes a gradient was found"
        )
    defined: dict[str, ast.FunctionDef | ast.ClassDef] = {**functions, **{n.name: n for n in classes}}
    return max(chosen, key=lambda e: (_covered(e, defined, names), e.kind != FUNCTION))


def _entries(functions: Mapping[str, ast.FunctionDef], classes: Sequence[ast.ClassDef]) -> Iterator[Entry]:
    for node in classes:
        methods = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
        if {"forward", "backward"} <= methods or "loss" in methods:
            yield Entry(CLASS, (node.name,))
    for name in functions:
        for one, other in (("forward", "backward"), ("fwd", "bwd")):
            if one in name and name.replace(one, other) in functions:
                yield Entry(PAIR, (name, name.replace(one, other)))
    for name in reversed(list(functions)):
        yield Entry(FUNCTION, (name,))


def _covered(entry: Entry, defined: Mapping[str, ast.FunctionDef | ast.ClassDef], names: Names) -> int:
    """How many of the network's inputs it takes, in either case; a dictionary of all parameters counts as all."""
    inside = [n for d in entry.names for n in ast.walk(defined[d]) if isinstance(n, ast.FunctionDef)]
    own = [n for n in inside if n.name in (*entry.names, "__init__", "forward", "backward", "loss")]
    taken = {x.arg for n in own for x in (*n.args.posonlyargs, *n.args.args, *n.args.kwonlyargs)}
    taken = {names.mapped.get(t, t).lower() for t in taken}
    held = {n.value for d in entry.names for n in ast.walk(defined[d]) if isinstance(n, ast.Constant)}
    whole = bool(taken & {b.lower() for b in BUNDLES}) or any(n.args.kwarg for n in own)
    found = [n for n in (*names.data, *names.parameters) if n.lower() in taken]
    kept = [n for n in names.parameters if n.lower() not in taken and (whole or n in held)]
    return len(found) + len(kept)


def call(
    entry: Entry, namespace: Mapping[str, Any], inputs: Mapping[str, Any], names: Names, result: Result | None = None
) -> Result:
    """Run it once; the inputs may be written into. The result is filled as things come to be known."""
    found = Result() if result is None else result
    {FUNCTION: _function, PAIR: _pair, CLASS: _class}[entry.kind](entry, namespace, dict(inputs), names, found)
    return found


def _function(entry: Entry, namespace: Mapping[str, Any], inputs: dict[str, Any], names: Names, result: Result) -> None:
    function = namespace[entry.names[0]]
    sort_out(result, _apply(function, inputs, names), inputs, names, returned_names(function))


def _pair(entry: Entry, namespace: Mapping[str, Any], inputs: dict[str, Any], names: Names, result: Result) -> None:
    forward, backward = (namespace[n] for n in entry.names)
    returned = _apply(forward, inputs, names)
    out, cache = returned, None
    if isinstance(returned, tuple):
        out, cache = returned[0], returned[1] if len(returned) == 2 else returned[1:]
    result.loss = _loss_of(out, inputs, names, namespace)
    if not result.only_loss:
        back = _apply(backward, inputs, names, out, cache)
        sort_out(result, back, inputs, names, returned_names(backward), loss=False)


def _loss_of(out: Any, inputs: dict[str, Any], names: Names, functions: Mapping[str, Any]) -> Any:
    """The loss of what a forward pass gives: itself, its product with the cotangent, or what a function makes of it."""
    if not np.ndim(out):
        return out
    if COTANGENT in inputs:
        return np.sum(out * inputs[COTANGENT])
    found = [f for n, f in functions.items() if callable(f) and re.search("loss|cost|criterion", n) and "grad" not in n]
    return _apply(found[0], inputs, names, out) if found else None


class Kept:
    """What a `torch.autograd.Function` is given as its context."""

    def __init__(self) -> None:
        self.saved_tensors: tuple[Any, ...] = ()
        self.needs_input_grad: tuple[bool, ...] = (True,) * 64

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep these for the backward pass."""
        self.saved_tensors = tensors

    def mark_non_differentiable(self, *_tensors: Any) -> None:
        """Nothing to note."""


def _is_torch(kind: Any) -> bool:
    """Is it PyTorch's kind of class, of two functions with a context?"""
    return any(base.__module__.startswith("torch.autograd") for base in getattr(kind, "__mro__", ()))


def _torch(kind: Any, inputs: dict[str, Any], names: Names, result: Result) -> None:
    """Run its two functions by themselves, on tensors; gradients in the order of what the forward pass takes."""
    torch = sys.modules["torch"]  # the code has imported it
    tensors = {n: torch.as_tensor(v) for n, v in inputs.items()}
    context = Kept()
    taken = list(inspect.signature(kind.forward).parameters)[1:]
    positional = [tensors[names.mapped.get(n, n)] for n in taken if names.mapped.get(n, n) in tensors]
    if len(positional) < len(taken):
        raise Unmatched(f"{kind.__name__}.forward takes {', '.join(taken)}; --map says which of the network's that are")
    out = kind.forward(context, *positional)
    result.loss = _loss_of(out.detach().numpy(), inputs, names, {})
    if result.only_loss:
        return
    back = kind.backward(context, tensors.get(COTANGENT, torch.ones_like(out)))
    given = back if isinstance(back, tuple) else (back,)
    for name, gradient in zip(taken, given, strict=False):
        if names.mapped.get(name, name) in names.parameters and gradient is not None:
            result.gradients[names.mapped.get(name, name)] = gradient.detach().numpy()


def _class(entry: Entry, namespace: Mapping[str, Any], inputs: dict[str, Any], names: Names, result: Result) -> None:
    if _is_torch(namespace[entry.names[0]]):
        _torch(namespace[entry.names[0]], inputs, names, result)
        return
    made = _apply(namespace[entry.names[0]], inputs, names)
    _set_parameters(made, inputs, names)
    if not hasattr(made, "backward"):
        sort_out(result, _apply(made.loss, inputs, names), inputs, names, returned_names(made.loss))
        return
    returned = _apply(made.forward, inputs, names)
    out = returned[0] if isinstance(returned, tuple) else returned
    methods = {n: getattr(made, n) for n in dir(made) if not n.startswith("_")}
    result.loss = _loss_of(out, inputs, names, {**methods, **namespace} if COTANGENT not in inputs else {})
    if result.only_loss:
        return
    sort_out(result, _apply(made.backward, inputs, names, out), inputs, names, returned_names(made.backward), False)
    for name in names.parameters:
        if name not in result.gradients:
            _from_attributes(made, name, result)


def _set_parameters(made: Any, inputs: Mapping[str, Any], names: Names) -> None:
    """Where a class has drawn parameters of its own: the given ones in their place."""
    held = vars(made) if hasattr(made, "__dict__") else {}
    for where in (held, *(v for k, v in held.items() if k in BUNDLES and isinstance(v, dict))):
        where.update({n: inputs[n] for n in names.parameters if n in where and where[n] is not inputs[n]})


def _from_attributes(made: Any, name: str, result: Result) -> None:
    held = vars(made) if hasattr(made, "__dict__") else {}
    for key, value in held.items():
        if isinstance(value, dict) and name in value and "grad" in key:
            result.gradients[name] = value[name]
            return
        if key != name and is_pair(key, name) and np.shape(value):
            result.gradients[name] = value


def _apply(
    function: Callable[..., Any], inputs: dict[str, Any], names: Names, out: Any = None, cache: Any = None
) -> Any:
    """Call a function by the names of what it takes."""
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    taken: set[str] = set()
    for p in _parameters(function):
        if p.kind is p.VAR_KEYWORD:
            keywords.update({n: inputs[n] for n in names.parameters if n not in taken})
        elif p.kind is p.VAR_POSITIONAL:
            positional.extend(inputs[n] for n in (*names.data, *names.parameters) if n not in taken)
        else:
            value = _argument(p, inputs, names, out, cache, taken)
            if value is _LEFT:
                continue
            if p.kind is p.KEYWORD_ONLY:
                keywords[p.name] = value
            else:
                positional.append(value)
    return function(*positional, **keywords)


class Bundle(dict[str, Any]):
    """All parameters: a dictionary that can be read as an object with attributes too."""

    def __getattr__(self, name: str) -> Any:
        if name not in self:
            raise AttributeError(f"the parameters have no {name!r}, but {', '.join(self)}")
        return self[name]


_LEFT = object()
_TAKEN: dict[int, tuple[Any, tuple[inspect.Parameter, ...]]] = {}  # what a function's code takes, by its identity


def _parameters(function: Callable[..., Any]) -> tuple[inspect.Parameter, ...]:
    """What a function takes; one that is called a thousand times is asked once."""
    own = (getattr(function, "__code__", function), type(function) is MethodType)
    known = _TAKEN.get(id(own[0]))
    if known is None or known[0] != own:
        if len(_TAKEN) > 100:
            _TAKEN.clear()
        known = _TAKEN[id(own[0])] = own, tuple(inspect.signature(function).parameters.values())
    return known[1]


def _argument(
    p: inspect.Parameter, inputs: Mapping[str, Any], names: Names, out: Any, cache: Any, taken: set[str]
) -> Any:
    mapped = names.mapped.get(p.name, p.name)
    if mapped in inputs:
        taken.add(mapped)
        return inputs[mapped]
    if p.name in BUNDLES:
        taken.update(names.parameters)
        return Bundle({n: inputs[n] for n in names.parameters})
    if p.name in MODES:
        return MODES[p.name]
    alike = [n for n in inputs if n.lower() == p.name.lower() and n not in taken]
    if len(alike) == 1:
        taken.add(alike[0])
        return inputs[alike[0]]
    if cache is not None and (p.name in CACHES or "cache" in p.name):
        return cache
    if out is not None and COTANGENT not in inputs and p.name.lower() in OUTPUTS:
        return out
    if out is not None and (p.name in COTANGENTS or is_pair(p.name, "out") or p.name.startswith("d")):
        return inputs.get(COTANGENT, 1.0)
    if p.default is not p.empty:
        return _LEFT
    if cache is not None:
        return cache
    raise Unmatched(f"nothing is known of {p.name!r}, which it takes; --map {p.name}=NAME says what it is")
