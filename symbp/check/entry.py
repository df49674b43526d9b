"""How someone's code is called, and which of what it returns is the loss and which the gradient of what.

It may be a function of data and parameters that returns the loss and gradients, a pair `..._forward` and `..._backward`
with a cache, or a class with `forward` and `backward`. Names decide, then shapes and order; what cannot be told is
asked for.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbp.check.names import is_pair, quantities

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


@dataclass(frozen=True, slots=True)
class Names:
    """The names of what a network takes; `mapped` are the user's own names of gradients."""

    data: tuple[str, ...]
    parameters: tuple[str, ...]
    mapped: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Result:
    """What a call gave: the loss, where it gives one, and gradients by the parameter."""

    loss: Any = None
    gradients: dict[str, Any] = field(default_factory=dict)
    only_loss: bool = False  # is a backward pass that stands by itself left out?


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
    best = [e for e in chosen if e.kind != FUNCTION] or sorted(
        chosen, key=lambda e: -_covered(functions[e.names[0]], names)
    )
    return best[0]


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


def _covered(node: ast.FunctionDef, names: Names) -> int:
    """How many of the network's inputs a function takes."""
    a = node.args
    taken = {x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs)}
    score = len(taken & {*names.data, *names.parameters})
    return score + len(names.parameters) * (bool(taken & set(BUNDLES)) or a.kwarg is not None)


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


def _class(entry: Entry, namespace: Mapping[str, Any], inputs: dict[str, Any], names: Names, result: Result) -> None:
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
    for p in inspect.signature(function).parameters.values():
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


_LEFT = object()


def _argument(
    p: inspect.Parameter, inputs: Mapping[str, Any], names: Names, out: Any, cache: Any, taken: set[str]
) -> Any:
    mapped = names.mapped.get(p.name, p.name)
    if mapped in inputs:
        taken.add(mapped)
        return inputs[mapped]
    if p.name in BUNDLES:
        taken.update(names.parameters)
        return {n: inputs[n] for n in names.parameters}
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


def returned_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names in the last `return` of a function, those of what is in its tuples too."""
    return returned_names_of(getattr(function, "__qualname__", ""))


def returned_names_of(name: str) -> tuple[str, ...]:
    """The same of a function by its name."""
    return RETURNS.get(name, ())


RETURNS: dict[str, tuple[str, ...]] = {}


def learn_returns(tree: ast.AST, within: str = "") -> None:
    """Note what every function of a text returns by name."""
    for node in getattr(tree, "body", ()):
        if isinstance(node, ast.ClassDef):
            learn_returns(node, f"{within}{node.name}.")
        if isinstance(node, ast.FunctionDef):
            last = [n for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
            RETURNS[f"{within}{node.name}"] = tuple(_flat(last[-1].value)) if last else ()


def _flat(node: ast.expr | None) -> Iterator[str]:
    if isinstance(node, (ast.Tuple, ast.List)):
        for part in node.elts:
            yield from _flat(part)
    elif node is not None:
        yield ast.unparse(node)


def sort_out(
    result: Result, returned: Any, inputs: Mapping[str, Any], names: Names, written: Sequence[str] = (),
    loss: bool = True,
) -> None:  # fmt: skip
    """Note the loss and the gradients in what a call has returned."""
    unnamed: list[tuple[str, Any]] = []
    flat = list(_parts(returned))
    labels: list[str] = list(written) if len(written) == sum(1 for k, _ in flat if not k) else []
    plain = iter(labels)
    for key, value in flat:
        label = key or next(plain, "")
        if loss and result.loss is None and not key and np.ndim(value) == 0:
            result.loss = value
        elif not _named(result, label, value, names, bool(key)):
            unnamed.append((key, value))
    _by_order(result, unnamed, inputs, names)


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What is in it, each with its key where a dictionary has it."""
    if isinstance(value, Mapping):
        yield from ((str(k), v) for k, v in value.items())
    elif isinstance(value, tuple) or (isinstance(value, list) and _is_several(value)):
        for part in value:
            yield from _parts(part)
    elif value is not None:
        yield "", value


def _is_several(value: list[Any]) -> bool:
    """Is a list one of arrays, and not an array written as a list?"""
    if any(isinstance(v, (np.ndarray, Mapping)) for v in value):
        return True
    try:
        np.array(value, dtype=float)
    except (TypeError, ValueError):
        return True
    return False


def _named(result: Result, label: str, value: Any, names: Names, is_key: bool) -> bool:
    """Note a gradient whose name says what of."""
    label = names.mapped.get(label, label)
    if not re.fullmatch(r"[\w.\[\]\"']+", label):
        return False
    own = [label] if is_key and label in names.parameters else []
    for quantity in (*own, *quantities(label)):
        if quantity in names.parameters and quantity not in result.gradients:
            result.gradients[quantity] = value
            return True
    return False


def _by_order(result: Result, unnamed: Sequence[tuple[str, Any]], inputs: Mapping[str, Any], names: Names) -> None:
    """What has no name of a gradient, in the order of the parameters where as many are left, else by its shape."""
    left = [n for n in names.parameters if n not in result.gradients]
    if len(unnamed) == len(left) and not any(key for key, _ in unnamed):
        result.gradients.update({n: v for n, (_, v) in zip(left, unnamed, strict=True)})
        return
    for name in left:
        fits = [v for _, v in unnamed if np.shape(v) == np.shape(inputs[name])]
        if len(fits) == 1:
            result.gradients[name] = fits[0]
