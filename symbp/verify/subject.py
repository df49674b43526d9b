"""A gradient module under test: loaded from a text or a file, called with drawn data, held to the interface.

Whatever goes wrong inside it becomes a `Wrong` with a sentence, never a traceback. A module needs no more than
`loss_and_gradients`; it may be anyone's, and loading it runs it.
"""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from symbp.core.network import PARAM, Network, Tensor
from symbp.errors import SymbpError
from symbp.verify.arrays import Array, Parts, as_argument, result_parts
from symbp.verify.unknown import Smooth, for_module

CALL, HESSIAN = "loss_and_gradients", "hessian_vector_product"
WHAT = {CALL: "gradient for", HESSIAN: "product for"}  # what each returns of each parameter
OPTIONAL = ("out", "work")
# How NumPy says that two arrays cannot be multiplied as matrices.
MISMATCH = ("matmul: ", "not aligned", "operand mismatch")


class Unloadable(SymbpError):
    """A file that cannot be read, or not be run at all: bad input, as a missing one is."""


class Wrong(Exception):
    """What is wrong with a module, in a sentence; `tensor` is the parameter that it is about, if one."""

    def __init__(self, message: str, tensor: str = ""):
        super().__init__(message)
        self.tensor = tensor


@dataclass(frozen=True, slots=True)
class Subject:
    """A loaded module."""

    module: ModuleType
    network: Network
    text: str = ""
    changed: dict[str, None] = field(default_factory=dict)  # the inputs that a call has changed

    def accepts(self, option: str) -> bool:
        """Does `loss_and_gradients` take this keyword?"""
        return option in _parameters(self._function(CALL))

    def run(self, parts: Mapping[str, Parts], **options: Any) -> tuple[Any, dict[str, Any]]:
        """The loss and the dictionary of gradients, as the module returned them."""
        result = self._call(CALL, parts, options)
        if not (isinstance(result, tuple) and len(result) == 2):
            raise Wrong(
                f"{CALL} returns {type(result).__name__}, where a loss and a dictionary of gradients were expected"
            )
        if not isinstance(result[1], Mapping):
            kind = type(result[1]).__name__
            raise Wrong(f"the second part of what {CALL} returns is of type {kind}, expected a dictionary of gradients")
        return self._scalar(result[0], CALL), dict(result[1])

    def loss(self, parts: Mapping[str, Parts]) -> float:
        """The loss alone, by `loss` where the module has it."""
        if hasattr(self.module, "loss"):
            return self._scalar(self._call("loss", parts, {}), "loss")
        return self._scalar(self._call(CALL, parts, {})[0], CALL)

    def product(self, parts: Mapping[str, Parts], vector: Mapping[str, Parts], **options: Any) -> dict[str, Any]:
        """The Hessian times a vector, as the module returned it."""
        result = self._call(HESSIAN, parts, options, vector)
        if not isinstance(result, Mapping):
            raise Wrong(f"{HESSIAN} returns {type(result).__name__}, where a dictionary was expected")
        return dict(result)

    def gradient(self, tensor: Tensor, gradients: Mapping[str, Any], of: str = CALL) -> Parts:
        """One gradient as arrays, or what else a function returns for each parameter."""
        if tensor.name not in gradients:
            raise Wrong(f"{of} returns no {WHAT[of]} {tensor.name}", tensor.name)
        try:
            return result_parts(tensor, gradients[tensor.name])
        except (TypeError, ValueError) as error:
            raise Wrong(f"the {WHAT[of]} {tensor.name} is no array: {error}", tensor.name) from error

    def _function(self, name: str) -> Callable[..., Any]:
        function = getattr(self.module, name, None)
        if not callable(function):
            raise Wrong(f"the module has no function {name}")
        return function  # type: ignore[no-any-return]

    def _call(
        self,
        name: str,
        parts: Mapping[str, Parts],
        options: Mapping[str, Any],
        vector: Mapping[str, Parts] | None = None,
    ) -> Any:
        function = self._function(name)
        own, along = _copied(parts), _copied(vector or {})
        positional = [as_argument(t, own[t.name]) for t in self.network.inputs if t.kind != PARAM]
        if vector is not None:
            positional.append({t.name: as_argument(t, along[t.name]) for t in self.network.inputs if t.kind == PARAM})
        keywords = {t.name: as_argument(t, own[t.name]) for t in self.network.inputs if t.kind == PARAM}
        keywords |= self._functions(function)
        try:
            _signature(function).bind(*positional, **keywords, **options)
        except TypeError as error:
            raise Wrong(f"{name} cannot be called: {error}; it is called as {self._shown(name, keywords)}") from error
        try:
            result = function(*positional, **keywords, **options)
        except (Exception, SystemExit) as error:
            raise Wrong(f"{name} raises {type(error).__name__}: {error} ({self._where(error)})") from error
        self.changed.update(dict.fromkeys(n for n in parts if _differ(own[n], parts[n])))
        self.changed.update(dict.fromkeys(f"vector[{n!r}]" for n, p in (vector or {}).items() if _differ(along[n], p)))
        return result

    def _where(self, error: BaseException) -> str:
        """The line of the module at which it was raised; where shapes do not fit, what it says and a hint."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [f.lineno for f in frames if f.filename == self.module.__file__ and f.lineno]
        if not lines:
            return "where it is called"
        if isinstance(error, ValueError) and any(words in str(error) for words in MISMATCH):
            return f"line {lines[-1]}, {self.text.splitlines()[lines[-1] - 1].strip()!r}: a .T may be missing"
        return f"line {lines[-1]}"

    def _functions(self, function: Callable[..., Any]) -> dict[str, Callable[..., Any]]:
        """The unknown functions and their derivatives that the module asks for."""
        known = {name: Smooth(place, arity) for place, (name, arity) in enumerate(self.network.functions)}
        asked = [p for p in _parameters(function) if p not in {t.name for t in self.network.inputs}]
        given = {name: for_module(name, known) for name in asked}
        return {name: f for name, f in given.items() if f is not None}

    def _shown(self, name: str, keywords: Mapping[str, Any]) -> str:
        data = [t.name for t in self.network.inputs if t.kind != PARAM]
        return f"{name}({', '.join([*data, *(f'{k}=...' for k in keywords)])})"

    def _scalar(self, value: Any, name: str) -> float:
        if value is None or isinstance(value, str):
            raise Wrong(f"the loss that {name} returns is {value!r}, where a number was expected")
        try:
            number = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise Wrong(f"the loss that {name} returns is no number") from error
        if number.shape != ():
            raise Wrong(f"the loss that {name} returns has the shape {_shape(number)}, where a number was expected")
        return float(number)


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise Wrong(f"{CALL} is no Python function") from error


def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    return tuple(_signature(function).parameters)


def _copied(parts: Mapping[str, Parts]) -> dict[str, Parts]:
    return {name: [(head, array.copy()) for head, array in part] for name, part in parts.items()}


def _differ(one: Parts, two: Parts) -> bool:
    return not all(np.array_equal(a, b) for (_, a), (_, b) in zip(one, two, strict=True))


def load(source: str | Path, network: Network) -> Subject:
    """Run the module's text, or the file's. Where that fails: Wrong, or Unloadable for a file."""
    name, failure = (str(source), Unloadable) if isinstance(source, Path) else ("gradients.py", Wrong)
    try:
        text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    except (OSError, UnicodeDecodeError) as error:
        raise failure(f"{name} cannot be read: {error}") from error
    module = ModuleType("module_under_test")
    module.__file__ = name
    beside = str(source.resolve().parent) if isinstance(source, Path) else None
    if beside is not None:
        sys.path.insert(0, beside)
    try:
        exec(compile(text, name, "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise failure(f"{name} cannot be loaded: {type(error).__name__}: {error}") from error
    finally:
        if beside in sys.path and beside is not None:
            sys.path.remove(beside)
    subject = Subject(module, network, text)
    subject.accepts("out")
    return subject


def demand_shape(tensor: Tensor, got: Parts, expected: Parts, hint: Callable[[Array, Array], str]) -> None:
    """Wrong where the arrays of a gradient have not the shapes of the parameter's; `hint` says what it looks like."""
    if len(got) != len(expected):
        raise Wrong(
            f"the gradient of {tensor.name} has {len(got)} arrays, where {len(expected)} were expected", tensor.name
        )
    for (head, array), (_, right) in zip(got, expected, strict=True):
        if array.shape != right.shape:
            where = f"{tensor.name}{list(head)}" if head else tensor.name
            said = f"the gradient of {where} has the shape {_shape(array)}, expected was {_shape(right)}"
            more = hint(array, right)
            raise Wrong(f"{said}: {more}" if more else said, tensor.name)
        if array.dtype.kind != "f":
            raise Wrong(f"the gradient of {tensor.name} is of dtype {array.dtype}", tensor.name)


def _shape(array: Array) -> str:
    return f"({', '.join(map(str, array.shape))}{',' if array.ndim == 1 else ''})"
