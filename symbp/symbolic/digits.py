"""Numbers to fifty digits: a network at random data, which way choices go there, what an expression is worth."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sympy as sp

from symbp.symbolic.cases import Case
from symbp.symbolic.facts import Given
from symbp.symbolic.graph import Graph
from symbp.symbolic.sizes import Key, Outside

DIGITS, SPARE = 50, 30
POINTS, TRIES = 6, 20
Span = tuple[float, float, int]
# Between which numbers data are drawn, and in steps of which part of 1, from the widest to the tamest: a logarithm may
# need them positive.
RANGES = ((-1.5, 1.5, 10**6), (0.2, 1.6, 10**6), (0.05, 0.6, 10**6), (-0.2, 0.2, 10**6))
TIES = ((-1.0, 1.5, 2), (0.5, 2.0, 2))  # halves, so that values tie and are 0
OPERATIONS = {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge, "==": sp.Eq, "!=": sp.Ne}


class NoNumber(Exception):
    """An expression has no real value at a point."""


@dataclass(slots=True)
class Point(Case):
    """Data at which every comparison and every label is decided."""

    graph: Graph | None = None
    values: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    generator: random.Random = field(default_factory=random.Random)
    span: Span = RANGES[0]
    unfinished: dict[sp.Symbol, None] = field(default_factory=dict)  # what is being computed, or has no value

    def label(self, name: str, key: Key, classes: int) -> int:
        self.asked += 1
        table: Any = self.labels
        return int(table.setdefault((name, key), self.generator.randrange(classes)))

    def holds(self, op: str, a: sp.Expr, b: sp.Expr) -> bool:
        self.asked += 1
        return bool(OPERATIONS[op](self.number(a), self.number(b)))

    def first(self, kind: str, values: tuple[sp.Expr, ...]) -> int:
        self.asked += 1
        numbers = [self.number(v) for v in values]
        return numbers.index(max(numbers) if kind == "max" else min(numbers))

    def number(self, expr: sp.Expr) -> sp.Expr:
        """What an expression is worth here."""
        for symbol in sorted(expr.free_symbols, key=lambda s: s.name):
            self._know(symbol)
        value = _known(expr).xreplace(self.values)
        value = value if value.is_Float or value.is_Rational else sp.N(value, DIGITS + SPARE)
        if not value.is_real or not value.is_finite:
            raise NoNumber(str(value))
        return value

    def _know(self, symbol: sp.Symbol) -> None:
        if symbol in self.values:
            return
        assert self.graph is not None
        entry = self.graph.entries[symbol]
        if self.graph.is_defined(entry):
            if symbol in self.unfinished:
                raise Outside(f"{symbol} is read by what it reads")
            self.unfinished[symbol] = None
            self.values[symbol] = sp.Float(self.number(self.graph.body(entry, self)), DIGITS + SPARE)
        else:
            low, high, parts = self.span
            drawn = sp.Rational(self.generator.randrange(int(low * parts), int(high * parts)), parts)
            self.values[symbol] = sp.Float(drawn, DIGITS + SPARE)


def points(graph: Graph, given: Given, spans: Sequence[Span] = RANGES, seed: int = 0) -> Iterator[Point]:
    """Some points that obey the facts."""
    for span in spans:
        found = 0
        for attempt in range(TRIES):
            generator = random.Random(1000 * seed + attempt)
            point = Point(graph=graph, generator=generator, span=span)
            if _is_one(graph, given, point):
                yield point
                found += 1
            if found == POINTS:
                break


def _is_one(graph: Graph, given: Given, point: Point) -> bool:
    """Do the data of a point obey the facts?"""
    try:
        for symbol, value in given.values.items():
            point.values[symbol] = sp.Float(point.number(value), DIGITS + SPARE)
        return all(_obeys(graph, statement, at, point) for statement, at in given.statements)
    except (NoNumber, Outside):
        return False


def _obeys(graph: Graph, statement: Any, at: Any, point: Point) -> bool:
    loose = _Loose(graph=graph, values=point.values, labels=point.labels, generator=point.generator, span=point.span)
    return graph.truth(statement, at, loose)


class _Loose(Point):
    """A point where what differs by rounding alone is equal."""

    def holds(self, op: str, a: sp.Expr, b: sp.Expr) -> bool:
        one, other = self.number(a), self.number(b)
        if abs(one - other) < sp.Float(10, DIGITS) ** -DIGITS:
            return op in ("==", "<=", ">=")
        return bool(OPERATIONS[op](one, other))


def _known(expr: sp.Expr) -> sp.Expr:
    """With smooth functions in the place of unknown ones, different for each."""
    if not any(hasattr(f, "known_as") for f in expr.atoms(sp.Function)):
        return expr
    return expr.replace(lambda e: hasattr(e.func, "known_as"), lambda e: _smooth(*e.func.known_as)(*e.args))


@lru_cache(maxsize=256)
def _smooth(name: str, orders: tuple[int, ...]) -> sp.Lambda:
    """2/3 + sin(v u + r)/2 + exp(w u), differentiated so often by each argument."""
    seed = sum(map(ord, name))
    u = sp.symbols(f"u:{len(orders)}")
    wave = sum((sp.Rational(7 + 4 * k + seed % 5, 10) * x for k, x in enumerate(u)), sp.Rational(seed % 7, 7))
    rise = sum(sp.Rational((-1) ** k * (3 + 2 * k + seed % 3), 20) * x for k, x in enumerate(u))
    value = sp.Rational(2, 3) + sp.sin(wave) / 2 + sp.exp(rise)
    for x, count in zip(u, orders, strict=True):
        value = sp.diff(value, x, count)
    return sp.Lambda(u, value)
