"""A second opinion on a network's loss and gradients: mpmath with thousands of digits, by the definition.

Loops over every index, differentiates by a difference quotient with so small a step that it is exact. Shares no code
with symbp beyond the types of expressions.
"""

from __future__ import annotations

import itertools
import operator
from typing import Any

import mpmath
import numpy as np

from symbp.core.expr import (
    Add,
    And,
    Compare,
    Delta,
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
from symbp.core.integers import Dim, Poly
from symbp.core.network import Network

OPS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class Reference:
    """A network at given sizes; `functions` are the unknown functions on mpmath numbers."""

    def __init__(
        self, network: Network, sizes: dict[str, int], digits: int = 50, functions: dict[str, Any] | None = None
    ):
        self.network, self.digits, self.functions = network, digits, functions or {}
        self.sizes = {Dim(n): v for n, v in sizes.items()}

    def shape(self, name: str) -> tuple[int, ...]:
        return tuple(e.value(self.sizes) for e in self.network.shape(name))

    def loss_and_gradients(self, arrays: dict[str, np.ndarray]) -> tuple[Any, dict[str, np.ndarray]]:
        """The loss and the gradients as arrays of mpmath numbers."""
        with mpmath.workdps(self.digits):
            tables = {n: self._table(a) for n, a in arrays.items()}
            step = mpmath.mpf(10) ** -min(self.digits * 4 // 9, 150)
            gradients = {}
            for name in self.network.parameters:
                gradient = np.empty(self.shape(name), object)
                for entry in itertools.product(*map(range, self.shape(name))):
                    gradient[entry] = self._slope(tables, name, entry, step)
                gradients[name] = gradient
            return self.loss(tables), gradients

    def _table(self, array: np.ndarray) -> dict[tuple[int, ...], Any]:
        array = np.asarray(array)
        return {e: mpmath.mpf(float(array[e])) for e in itertools.product(*map(range, array.shape))}

    def _slope(self, tables: dict[str, Any], name: str, entry: tuple[int, ...], step: Any) -> Any:
        at = tables[name][entry]
        ends = [self.loss({**tables, name: {**tables[name], entry: at + s}}) for s in (step, -step)]
        return (ends[0] - ends[1]) / (2 * step)

    def loss(self, tables: dict[str, Any]) -> Any:
        """The loss for tables of entries."""
        tables = dict(tables)
        for e in self.network.equations:
            ranges = [range(i.start.value(self.sizes), i.stop.value(self.sizes)) for i in e.indices]
            table = {}
            for entry in itertools.product(*ranges):
                table[entry] = self.value(e.body, {**self.sizes, **dict(zip(e.indices, entry, strict=True))}, tables)
            tables[e.name] = table
        return tables[self.network.outputs[0]][()]

    def value(self, e: Any, at: dict[Any, int], tables: dict[str, Any]) -> Any:
        def go(x: Any) -> Any:
            return self.value(x, at, tables)

        match e:
            case Num(v):
                return mpmath.mpf(v.numerator) / v.denominator
            case Pi():
                return +mpmath.pi
            case Int(p):
                return mpmath.mpf(self.integer(p, at, tables))
            case Read(name, subs):
                return tables[name][tuple(self.integer(s, at, tables) for s in subs)]
            case Add(args):
                return sum(go(a) for a in args)
            case Mul(args):
                return mpmath.fprod(go(a) for a in args)
            case Pow(a, b):
                return go(a) ** go(b)
            case Fn(name, args, orders):
                return self.functions[name, orders](*map(go, args)) if orders else FUNCTIONS[name](*map(go, args))
            case Where(c, a, b):
                return go(a) if go(c) else go(b)
            case Delta(a, b):
                return mpmath.mpf(self.integer(a, at, tables) == self.integer(b, at, tables))
            case Compare(op, a, b):
                return OPS[op](go(a), go(b))
            case And(args):
                return all(go(a) for a in args)
            case Or(args):
                return any(go(a) for a in args)
            case Not(a):
                return not go(a)
            case Sum(indices, body):
                return mpmath.fsum(self.value(body, inner, tables) for inner in self.points(indices, at))
            case Extreme(kind, indices, body, cond):
                inside = [i for i in self.points(indices, at) if self.value(cond, i, tables)]
                return {"max": max, "min": min}[kind](self.value(body, i, tables) for i in inside)
            case First(kind, indices, body, cond, places):
                inside = [i for i in self.points(indices, at) if self.value(cond, i, tables)]
                hit = {"max": max, "min": min}[kind](inside, key=lambda i: self.value(body, i, tables))
                return [hit[i] for i in indices] == [self.integer(p, at, tables) for p in places]
        raise TypeError(type(e))

    def integer(self, p: Poly, at: dict[Any, int], tables: dict[str, Any]) -> int:
        labels = {a: int(self.value(a, at, tables)) for a in p.atoms() if isinstance(a, Read)}
        return p.value({**at, **labels})

    def points(self, indices: tuple[Any, ...], at: dict[Any, int]) -> Any:
        if not indices:
            yield at
            return
        i, *rest = indices
        for v in range(i.start.value(at), i.stop.value(at)):
            yield from self.points(tuple(rest), {**at, i: v})


FUNCTIONS = {
    **{n: getattr(mpmath, n) for n in ("exp", "log", "log1p", "expm1", "sin", "cos", "tanh", "erf", "sign")},
    **{n: getattr(mpmath, n) for n in ("erfc", "sinh", "cosh", "tan", "atan", "digamma")},
    "abs": abs,
    "log2": lambda x: mpmath.log(x, 2),
    "lgamma": mpmath.loggamma,
    "trigamma": lambda x: mpmath.psi(1, x),
    "tetragamma": lambda x: mpmath.psi(2, x),
}
