"""A gradient module under test: loaded from a text or a file, called with drawn data, held to the interface.

Whatever goes wrong inside it becomes a `Wrong` with a sentence, never a traceback. A module needs no more than
`loss_and_gradients`; it may be anyone's, and loading it runs it, in a process of its own (`worker`, `child`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from symbp.core.network import PARAM, Network, Tensor
from symbp.errors import SymbpError
from symbp.verify.arrays import Array, Parts, as_argument, result_parts
from symbp.verify.child import NO_FUNCTION, VECTOR
from symbp.verify.scope import Key
from symbp.verify.unknown import Smooth, for_module
from symbp.verify.wire import Opaque
from symbp.verify.worker import Gone, Worker
from symbp.verify.world import is_list

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
    """A loaded module: the process that runs it, and the names of what each of its functions takes.

    A dictionary that is given as an option is kept there from call to call; here it stays as it was.
    """

    worker: Worker
    network: Network
    functions: Mapping[str, Any]
    text: str = ""
    changed: dict[str, None] = field(default_factory=dict)  # the inputs that a call has changed
    kept: list[dict[Any, Any]] = field(default_factory=list)  # the dictionaries that were given, by their number

    def close(self) -> None:
        """End the process that it runs in."""
        self.worker.close()

    def accepts(self, option: str) -> bool:
        """Does `loss_and_gradients` take this keyword?"""
        return option in self._parameters(CALL)

    def run(self, parts: Mapping[str, Parts], **options: Any) -> tuple[Any, dict[str, Any]]:
        """The loss and the dictionary of gradients, as the module returned them."""
        result = self._call(CALL, parts, options)
        if not (isinstance(result, tuple) and len(result) == 2):
            raise Wrong(f"{CALL} returns {_kind(result)}, where a loss and a dictionary of gradients were expected")
        if not isinstance(result[1], Mapping):
            kind = _kind(result[1])
            raise Wrong(f"the second part of what {CALL} returns is of type {kind}, expected a dictionary of gradients")
        return self._scalar(result[0], CALL), dict(result[1])

    def loss(self, parts: Mapping[str, Parts]) -> float:
        """The loss alone, by `loss` where the module has it."""
        name = self._loss_function
        value = self._call(name, parts, {})
        return self._scalar(value if name == "loss" else value[0], name)

    def hold(self, parts: Mapping[str, Parts]) -> None:
        """Let its process keep these arguments for `loss_at`, which sends no more than what is moved."""
        self._ask(self._loss_function, {"do": "hold", **self._arguments(self._loss_function, parts)})

    def loss_at(self, tensor: Tensor, entries: Mapping[Key, float]) -> float:
        """The loss of the arguments that are held, where these entries of a parameter have these values."""
        name = self._loss_function
        moved = {"do": "move", "tensor": tensor.name, "places": _places(tensor, entries)}
        value = self._answer(name, {**moved, "values": list(entries.values()), **self._manner(name)})
        return self._scalar(value if name == "loss" else value[0], name)

    def losses_at(self, tensor: Tensor, points: Sequence[Mapping[Key, float]]) -> list[float]:
        """The same at many points, which takes few messages; what does not come out so is asked for by itself."""
        found: list[float] = []
        while len(found) < len(points):
            if self._loss_function == "loss":
                found += self._first_losses(tensor, points[len(found) :])
            if len(found) < len(points):
                found.append(self.loss_at(tensor, points[len(found)]))
        return found

    def _first_losses(self, tensor: Tensor, points: Sequence[Mapping[Key, float]]) -> list[float]:
        moves = [(_places(tensor, entries), list(entries.values())) for entries in points]
        request = {"do": "moves", "tensor": tensor.name, "moves": moves, **self._manner("loss")}
        return [self._scalar(value, "loss") for value in self._answer("loss", request)]

    @property
    def _loss_function(self) -> str:
        """What gives the loss: `loss` where the module has it."""
        return "loss" if "loss" in self.functions else CALL

    def product(self, parts: Mapping[str, Parts], vector: Mapping[str, Parts], **options: Any) -> dict[str, Any]:
        """The Hessian times a vector, as the module returned it."""
        result = self._call(HESSIAN, parts, options, vector)
        if not isinstance(result, Mapping):
            raise Wrong(f"{HESSIAN} returns {_kind(result)}, where a dictionary was expected")
        return dict(result)

    def gradient(self, tensor: Tensor, gradients: Mapping[str, Any], of: str = CALL) -> Parts:
        """One gradient as arrays, or what else a function returns for each parameter."""
        if tensor.name not in gradients:
            raise Wrong(f"{of} returns no {WHAT[of]} {tensor.name}", tensor.name)
        value = gradients[tensor.name]
        try:
            if isinstance(value, Opaque):
                raise TypeError(f"it is of type {value.name}")
            return result_parts(tensor, value)
        except (TypeError, ValueError) as error:
            raise Wrong(f"the {WHAT[of]} {tensor.name} is no array: {error}", tensor.name) from error

    def _parameters(self, name: str) -> tuple[str, ...]:
        if self.functions.get(name, NO_FUNCTION) == NO_FUNCTION:
            raise Wrong(f"the module has no function {name}")
        if not isinstance(self.functions[name], list):
            raise Wrong(f"{CALL} is no Python function")
        return tuple(self.functions[name])

    def _call(
        self,
        name: str,
        parts: Mapping[str, Parts],
        options: Mapping[str, Any],
        vector: Mapping[str, Parts] | None = None,
    ) -> Any:
        new: dict[int, Any] = {}
        request = {
            "do": "call",
            **self._arguments(name, parts, vector),
            **self._manner(name),
            "kept": {o: self._number(v, new) for o, v in options.items() if isinstance(v, dict)},
            "new": new,
            "options": {o: v for o, v in options.items() if not isinstance(v, dict)},
        }
        return self._answer(name, request)

    def _arguments(
        self, name: str, parts: Mapping[str, Parts], vector: Mapping[str, Parts] | None = None
    ) -> dict[str, Any]:
        """What a function is called with: arrays by position and by name, and the functions that it asks for."""
        data, parameters = (
            {t.name: as_argument(t, parts[t.name]) for t in self.network.inputs if (t.kind == PARAM) is param}
            for param in (False, True)
        )
        if vector is not None:
            data[VECTOR] = {t.name: as_argument(t, vector[t.name]) for t in self.network.inputs if t.kind == PARAM}
        taken = self._parameters(name)
        sizes = {d.name: int(parts[d.name][0][1]) for d in self.network.given if d.name in taken}
        return {"positional": data, "keywords": parameters, "sizes": sizes, "smooth": self._functions(taken)}

    def _manner(self, name: str) -> dict[str, Any]:
        """Which function is called, and what becomes of warnings meanwhile."""
        return {"function": name, "strict": warnings_are_errors(), "errors": np.geterr()}

    def _answer(self, name: str, request: dict[str, Any]) -> Any:
        """What a call returns; Wrong where it returns nothing."""
        reply = self._ask(name, request)
        if "unbound" in reply:
            parameters = [t.name for t in self.network.inputs if t.kind == PARAM]
            shown = self._shown(name, [*parameters, *self._functions(self._parameters(name))])
            raise Wrong(f"{name} cannot be called: {reply['unbound']}; it is called as {shown}")
        if "raised" in reply:
            raise Wrong(f"{name} raises {reply['raised']}: {reply['text']} ({self._where(reply)})")
        self.changed.update(dict.fromkeys(reply["changed"]))
        return reply["value"]

    def _ask(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.worker.ask(request)
        except Gone as gone:
            raise Wrong(f"{name} {gone}") from gone

    def _number(self, given: dict[Any, Any], new: dict[int, Any]) -> int:
        """The number of a dictionary that is kept in the process; one that is not there yet is sent."""
        for number, known in enumerate(self.kept):
            if known is given:
                return number
        self.kept.append(given)
        new[len(self.kept) - 1] = given
        return len(self.kept) - 1

    def _where(self, reply: Mapping[str, Any]) -> str:
        """The line of the module at which it was raised; where shapes do not fit, what it says and a hint."""
        line = reply["line"]
        if line is None:
            return "where it is called"
        written = dict(enumerate(self.text.splitlines(), 1)).get(line, "")
        if reply["value error"] and any(words in reply["text"] for words in MISMATCH):
            return f"line {line}, {written.strip()!r}: a .T may be missing"
        return f"line {line}"

    def _functions(self, taken: tuple[str, ...]) -> dict[str, dict[str, object]]:
        """The unknown functions and their derivatives that the module asks for."""
        known = {name: Smooth(place, arity) for place, (name, arity) in enumerate(self.network.functions)}
        inputs = {*(t.name for t in self.network.inputs), *(d.name for d in self.network.dims)}
        asked = [p for p in taken if p not in inputs]
        given = {name: for_module(name, known) for name in asked}
        return {name: terms for name, terms in given.items() if terms is not None}

    def _shown(self, name: str, keywords: Sequence[str]) -> str:
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


def _places(tensor: Tensor, entries: Mapping[Key, float]) -> list[tuple[int | None, Key]]:
    """Which array of a parameter each entry is in, and where there."""
    layers = is_list(tensor)
    return [(key[0], key[1:]) if layers else (None, key) for key in entries]


def _kind(value: object) -> str:
    return value.name if isinstance(value, Opaque) else type(value).__name__


def warnings_are_errors() -> bool:
    """Does a RuntimeWarning end a call, as things stand here?"""
    for action, message, category, module, _ in warnings.filters:
        if message is None and module is None and issubclass(RuntimeWarning, category):
            return action == "error"
    return False


def load(source: str | Path, network: Network) -> Subject:
    """Run the module's text, or the file's, in its process. Where that fails: Wrong, or Unloadable for a file."""
    name, failure = (str(source), Unloadable) if isinstance(source, Path) else ("gradients.py", Wrong)
    try:
        text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    except (OSError, UnicodeDecodeError) as error:
        raise failure(f"{name} cannot be read: {error}") from error
    worker = Worker()
    request: dict[str, Any] = {
        "do": "load",
        "text": text,
        "name": name,
        "beside": str(source.resolve().parent) if isinstance(source, Path) else None,
        "functions": [CALL, "loss", HESSIAN],
        "strict": isinstance(source, str),  # what symbp writes does not even warn
    }
    try:
        reply = worker.ask(request)
    except Gone as gone:
        raise failure(f"{name} cannot be loaded: it {gone}") from gone
    if "raised" in reply:
        raise failure(f"{name} cannot be loaded: {reply['raised']}: {reply['text']}")
    subject = Subject(worker, network, reply["functions"], text)
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
