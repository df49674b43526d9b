"""What a call has given: which of it is the loss, and which the gradient of what: by names, then order and shape."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from symbp.review.names import quantities


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
    fields = _fields(value)
    if fields is not None:
        yield from ((str(k), v) for k, v in fields.items())
    elif isinstance(value, tuple) or (isinstance(value, list) and _is_several(value)):
        for part in value:
            yield from _parts(part)
    elif value is not None:
        yield "", value


def _fields(value: Any) -> Mapping[Any, Any] | None:
    """What has names of its own: a dictionary, a named tuple, a dataclass or a namespace."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return dict(value._asdict())
    if is_dataclass(value) or isinstance(value, SimpleNamespace):
        return vars(value)
    return None


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
