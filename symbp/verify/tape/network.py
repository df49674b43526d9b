"""A network's loss and its derivatives, each with what rounding makes of it where it is computed plainly.

In floats, and in more digits where an exponential leaves their range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from symbp.core.network import LABELS, PARAM, Network
from symbp.verify.interpret import compile_at, entries
from symbp.verify.scope import Key, Scope
from symbp.verify.sizes import Sizes
from symbp.verify.systems import DOMAIN_ERRORS, OutsideDomain
from symbp.verify.tape.arithmetic import DIGITS, IN_FLOATS, Arithmetic, in_digits
from symbp.verify.tape.errors import DOUBLE, LARGEST, UNIT, Error, Number, largest
from symbp.verify.tape.operations import Tape
from symbp.verify.tape.roundings import NoRoom, Unclear
from symbp.verify.unknown import Smooth
from symbp.verify.world import Inputs, axes


class _Table(dict[Key, Any]):
    """The entries of a tensor, each computed when first read."""

    def __init__(self, inside: list[Key], compute: Callable[[Key], Any] | None = None):
        super().__init__()
        self.inside, self.compute = frozenset(inside), compute

    def __missing__(self, key: Key) -> Any:
        if self.compute is None or key not in self.inside:
            raise OutsideDomain("a read outside")
        self[key] = value = self.compute(key)
        return value


class Slope(NamedTuple):
    """A value, with what rounding makes of it in float32 and in float64."""

    value: float
    single: float
    double: float


@dataclass(frozen=True, slots=True)
class Slopes:
    """The loss and its derivatives by every entry of each parameter."""

    loss: Slope
    gradients: Mapping[str, Mapping[Key, Slope]]


def _always() -> None:
    """No objection."""


def slopes(network: Network, loss: str, sizes: Sizes, inputs: Inputs, again: Callable[[], None] = _always) -> Slopes:
    """In floats, and in more digits where an exponential leaves their range; `again` is told, and may object.

    Unclear, or another of DOMAIN_ERRORS, where the definition has no value or no derivative at these data.
    """
    try:
        return _slopes(network, loss, sizes, inputs, IN_FLOATS)
    except (NoRoom, *DOMAIN_ERRORS):
        few, many = DIGITS
    again()
    try:
        return _slopes(network, loss, sizes, inputs, in_digits(few))
    except DOMAIN_ERRORS:
        return _slopes(network, loss, sizes, inputs, in_digits(many))


def _slopes(network: Network, loss: str, sizes: Sizes, inputs: Inputs, arithmetic: Arithmetic) -> Slopes:
    tape = Tape(arithmetic)
    tables: dict[str, _Table] = {}
    functions = {name: Smooth(place, arity) for place, (name, arity) in enumerate(network.functions)}
    scope = Scope(sizes, tables, tape.numbers, functions)
    for tensor in network.inputs:
        tables[tensor.name] = table = _Table(entries(axes(tensor), scope))
        make = tape.variable if tensor.kind == PARAM else tape.constant
        number = arithmetic.numbers.number
        exact = {k: v if tensor.kind == LABELS else make(number(Fraction(v))) for k, v in inputs[tensor.name].items()}
        table.update(exact)
    for equation in network.equations:
        keys = entries(equation.indices, scope)
        tables[equation.name] = _Table(keys, _lazily(equation, scope))
    try:
        with np.errstate(all="ignore"):
            last = tables[loss][()]
            tape.differentiate(last)
        return Slopes(
            _floats(last.value, last.error),
            {p: {k: _floats(e.slope, e.slope_error) for k, e in tables[p].items()} for p in network.parameters},
        )
    finally:
        tape.known.clear()
        tape.entries.clear()  # entries and tape hold one another


def _lazily(equation: Any, scope: Scope) -> Callable[[Key], Any]:
    compiled: list[Callable[[Key], Any]] = []

    def compute(key: Key) -> Any:
        if not compiled:
            compiled.append(compile_at(equation.body, equation.indices, scope))
        return compiled[0](key)

    return compute


def _floats(value: Number, error: Error) -> Slope:
    """All as floats; a value that float32 has no room for is none that can be asked for."""
    single, double = largest(error) * UNIT, largest(error, double=True) * DOUBLE
    if isinstance(value, float) and not (math.isfinite(value) and single < math.inf):
        raise NoRoom
    if not abs(value) < LARGEST:
        raise Unclear("a result beyond float32")
    return Slope(float(value), float(single), float(double))
