"""A network evaluated by its definition, entry by entry as one is asked for, in numbers of many digits.

An entry is computed when it is first read, so a recurrence needs no order and a branch not taken is never looked at. It
shares nothing with the interpreter, the calculus and the lowering.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from typing import Any

import numpy as np

from symbp.core.expr import (
    Add,
    And,
    Compare,
    Cond,
    Delta,
    Expr,
    Extreme,
    First,
    Fn,
    Int,
    Mul,
    Not,
    Num,
    Or,
    Pi,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Atom, Dim, DimAt, Index, Poly, Quotient
from symbp.core.network import LABELS, Network
from tests.accuracy.tape import Digits, Value, gradients, total
from tests.autograd.modules import Array
from tests.autograd.witness import Numbers

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
Env = dict[Index, int]
Unknown = Mapping[str, Callable[..., Value]]


class Definition:
    """The entries of a network's tensors at these inputs."""

    def __init__(self, network: Network, inputs: Mapping[str, Array], digits: Digits, unknown: Unknown) -> None:
        self.network, self.inputs, self.digits, self.unknown = network, inputs, digits, unknown
        self.sizes = Numbers.of(network, inputs)
        self.known: dict[tuple[str, tuple[int, ...]], Value] = {}

    def read(self, name: str, at: tuple[int, ...]) -> Value:
        """An entry of a tensor, computed once."""
        if (name, at) not in self.known:
            self.known[name, at] = self._entry(name, at)
        return self.known[name, at]

    def _entry(self, name: str, at: tuple[int, ...]) -> Value:
        equation = self.network.equation(name)
        if equation is None:
            return self.digits.constant(float(self._given(name, at)))
        return self.value(equation.body, dict(zip(equation.indices, at, strict=True)))

    def _given(self, name: str, at: tuple[int, ...]) -> Any:
        value: Any = self.inputs[name]
        if any(k < 0 for k in at):
            raise IndexError(f"{name}{list(at)} is outside of it")
        for k in at if isinstance(value, list) else (at,):
            value = value[k]
        return value

    def label(self, read: Read, env: Env) -> int:
        return int(self._given(read.tensor, tuple(self.integer(s, env) for s in read.subs)))

    def integer(self, poly: Poly, env: Env) -> int:
        found = 0
        for monomial, coefficient in poly.terms:
            for atom in monomial:
                coefficient *= self.atom(atom, env)
            found += coefficient
        return found

    def atom(self, atom: Atom, env: Env) -> int:
        match atom:
            case Index():
                return env[atom]
            case Dim():
                return self.sizes[atom]
            case DimAt(name, at):
                return self.sizes.widths[name, self.integer(at, env)]
            case Quotient(top, bottom):
                return self.integer(top, env) // self.integer(bottom, env)
            case Read():
                return self.label(atom, env)
        raise TypeError(f"tests/accuracy/definition.py has no rule for {type(atom).__name__}")

    def over(self, indices: tuple[Index, ...], env: Env) -> Iterator[Env]:
        """Every choice of values of the indices, the last the fastest."""
        if not indices:
            yield env
            return
        first, *rest = indices
        for k in range(self.integer(first.start, env), self.integer(first.stop, env)):
            yield from self.over(tuple(rest), {**env, first: k})

    def value(self, e: Expr, env: Env) -> Value:
        match e:
            case Num(number):
                return self.digits.constant(number.numerator, number.denominator)
            case Pi():
                return self.digits.pi
            case Int(poly):
                return self.digits.constant(self.integer(poly, env))
            case Read(name, subs):
                tensor = self.network.tensor(name)
                if tensor is not None and tensor.kind == LABELS:
                    return self.digits.constant(self.label(e, env))
                return self.read(name, tuple(self.integer(s, env) for s in subs))
            case Add(args):
                return total(self.digits, [self.value(a, env) for a in args])
            case Mul(args):
                return self.multiplied(args, env)
            case Pow(base, exponent):
                return self.value(base, env).power(self.value(exponent, env))
            case Fn(name, args):
                values = [self.value(a, env) for a in args]
                return self.unknown[name](*values) if name in self.unknown else values[0].apply(name)
            case Where(cond, then, other):
                return self.value(then if self.holds(cond, env) else other, env)
            case Delta(a, b):
                return self.digits.constant(int(self.integer(a, env) == self.integer(b, env)))
            case Sum(indices, body):
                return total(self.digits, [self.value(body, at) for at in self.over(indices, env)])
            case Extreme(kind, indices, body, cond):
                found = [self.value(body, at) for at in self.over(indices, env) if self.holds(cond, at)]
                return (max if kind == "max" else min)(found, key=lambda v: v.x)  # the first hit of equal ones
        raise TypeError(f"tests/accuracy/definition.py has no rule for {type(e).__name__}")

    def multiplied(self, args: tuple[Expr, ...], env: Env) -> Value:
        """Where a delta is 0 the product is, and the rest need not exist."""
        if any(isinstance(a, Delta) and self.integer(a.a, env) != self.integer(a.b, env) for a in args):
            return self.digits.constant(0)
        first, *rest = (a for a in args if not isinstance(a, Delta))
        found = self.value(first, env)
        for a in rest:
            found = found * self.value(a, env)
        return found

    def holds(self, c: Cond, env: Env) -> bool:
        match c:
            case Compare(op, a, b):
                return COMPARE[op](self.value(a, env).x, self.value(b, env).x)
            case And(args):
                return all(self.holds(a, env) for a in args)
            case Or(args):
                return any(self.holds(a, env) for a in args)
            case Not(arg):
                return not self.holds(arg, env)
            case First(kind, indices, body, cond, at):
                found = [i for i in self.over(indices, env) if self.holds(cond, i)]
                hit = (max if kind == "max" else min)(found, key=lambda i: self.value(body, i).x)
                return [hit[i] for i in indices] == [self.integer(p, env) for p in at]
        raise TypeError(f"tests/accuracy/definition.py has no rule for {type(c).__name__}")


Differentiated = tuple[float, dict[str, Array], dict[str, Array]]


def differentiated(network: Network, inputs: Mapping[str, Array], digits: Digits, unknown: Unknown) -> Differentiated:
    """The loss, its gradient by each parameter, and the sizes of what these are sums of, rounded to float64."""
    definition = Definition(network, inputs, digits, unknown)
    with _deep():
        loss = definition.read(network.outputs[0], ())
        places = {n: _places(inputs[n]) for n in network.parameters}
        leaves = [definition.read(n, at) for n, found in places.items() for at in found]
        slopes, sizes = gradients(loss, leaves)
    return float(loss.x), *(_arranged(inputs, places, iter(v)) for v in (slopes, sizes))


@contextmanager
def _deep() -> Iterator[None]:
    """Room for entries that read one another step by step; others are left the room that they had."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _places(value: Array) -> list[tuple[int, ...]]:
    """The subscripts of every entry, in order; of a list of arrays the place in the list comes first."""
    if isinstance(value, list):
        return [(k, *at) for k, a in enumerate(value) for at in _places(a)]
    return list(product(*map(range, value.shape)))


def _arranged(
    inputs: Mapping[str, Array], places: Mapping[str, list[tuple[int, ...]]], numbers: Iterator[Any]
) -> dict[str, Array]:
    found: dict[str, Array] = {}
    for name, subscripts in places.items():
        value = inputs[name]
        made: Array = [np.zeros(a.shape) for a in value] if isinstance(value, list) else np.zeros(value.shape)
        for at in subscripts:
            if isinstance(made, list):
                made[at[0]][at[1:]] = float(next(numbers))
            else:
                made[at] = float(next(numbers))
        found[name] = made
    return found
