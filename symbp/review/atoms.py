"""Products of what is known where a statement stands: names, and formulas of the code's own, as `np.log(p)` is one.

A wanted array is looked for as a number times at most two of them, each to a power; logarithms turn that into sums.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from symbp.review.program import Program
from symbp.review.trees import parse
from symbp.review.trial import Array

POWERS = (1, -1, 2, -2, 3, -3)
MOST_ATOMS, MOST_ENTRIES = 120, 150
EXACT = 1e-7
SAFE = ("exp", "log", "sqrt", "tanh", "square", "abs", "sign", "where", "maximum", "log1p", "expm1", "sin", "cos")
PLAIN = (ast.Name, ast.Attribute, ast.Subscript, ast.BinOp, ast.UnaryOp, ast.Constant, ast.Compare, ast.Call)
GRAMMAR = (*PLAIN, ast.operator, ast.unaryop, ast.cmpop, ast.expr_context, ast.Slice, ast.Tuple, ast.keyword)


@dataclass(frozen=True, slots=True)
class Product:
    """A number, by what it is called, times powers of formulas."""

    number: str
    parts: tuple[tuple[str, int], ...]

    @property
    def worth(self) -> int:
        """How much there is to it: the less the better."""
        formulas = sum(not re.fullmatch(r"[\w.\[\]]+", t) for t, _ in self.parts)
        return 2 * len(self.parts) + formulas + sum(abs(k) - 1 for _, k in self.parts) + self._of_number

    @property
    def _of_number(self) -> int:
        return 0 if not self.number else 1 if len(self.number) < 3 else 2

    def _factors(self) -> tuple[list[str], list[str]]:
        above = [_power(t, k) for t, k in self.parts if k > 0]
        below = [_power(t, -k) for t, k in self.parts if k < 0]
        return above, below

    def times(self, node: ast.expr) -> ast.expr:
        """Something multiplied by it."""
        if self.number == "-1" and not self.parts:
            return ast.UnaryOp(ast.USub(), node)
        above, below = self._factors()
        made: ast.expr = node
        if self.number == "-1":
            made = ast.UnaryOp(ast.USub(), made)
        elif self.number and not self.number.startswith("1 / "):
            made = ast.BinOp(parse(self.number), ast.Mult(), made)
        if self.number.startswith("1 / "):
            below = [*below, self.number[4:]]
        for text in above:
            made = ast.BinOp(made, ast.Mult(), parse(text))
        for text in below:
            made = ast.BinOp(made, ast.Div(), parse(text))
        return made

    def formula(self) -> ast.expr:
        """The product by itself: `dmu / n`, not `1 / n * dmu`."""
        above, below = self._factors()
        number = self.number
        if above and number.removeprefix("-").startswith("1 / "):
            number, divisor = number.split("1 / ")
            below = [*below, divisor]
        made = parse(number) if number not in ("", "-") else parse(above.pop(0) if above else "1")
        if number == "-":
            made = ast.UnaryOp(ast.USub(), made)
        for text in above:
            made = ast.BinOp(made, ast.Mult(), parse(text))
        for text in below:
            made = ast.BinOp(made, ast.Div(), parse(text))
        return made


def _power(text: str, k: int) -> str:
    return text if k == 1 else f"({text}) ** {k}"


@dataclass(slots=True)
class Atoms:
    """What is known: arrays that go with a shape entry by entry, and numbers."""

    names: Mapping[str, Any]
    shape: tuple[int, ...]
    program: Program
    function: str
    arrays: dict[str, Array] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts: dict[str, None] = dict.fromkeys(n for n in self.names if n.isidentifier() and not n.startswith("_"))
        for s in self.program.statements.values():
            if not isinstance(s.node, (ast.FunctionDef, ast.For, ast.If, ast.While, ast.With, ast.Try)):
                inside = [n for n in ast.walk(s.node) if self._is_plain(n) or isinstance(n, ast.Constant)]
                texts |= dict.fromkeys(ast.unparse(n) for n in inside)
        texts |= dict.fromkeys(self.program.entries(self.function))
        texts |= dict.fromkeys(self._sizes())
        for text in texts:
            if len(self.arrays) < MOST_ATOMS:
                self._note(text)
        for text in [*self._matrix_products(), *self._spread_out(), *self._softmaxed()]:
            self._note(text)
        for name in [n for n, v in self.arrays.items() if v.shape == self.shape and re.fullmatch(r"[\w.\[\]]+", n)]:
            for text in (f"(1 - {name})", f"(1 - {name} ** 2)"):
                if len(self.arrays) < 3 * MOST_ATOMS // 2:
                    self._note(text)

    def _matrix_products(self) -> Iterator[str]:
        """What goes back through a matrix, of that shape: `dz @ W.T`."""
        values = {n: v for n in self.names if n.isidentifier() and isinstance(v := self.names[n], np.ndarray)}
        matrices = {n: v for n, v in values.items() if v.ndim == 2 and v.dtype.kind == "f"}
        rows = {n: v for n, v in values.items() if v.ndim > 1 and v.shape[:-1] == self.shape[:-1]}
        for b, matrix in matrices.items():
            for a, row in rows.items():
                if matrix.shape == (self.shape[-1], row.shape[-1]):
                    yield f"{a} @ {b}.T"
                if matrix.shape == (row.shape[-1], self.shape[-1]):
                    yield f"{a} @ {b}"

    def _spread_out(self) -> Iterator[str]:
        """An array of fewer dimensions along those that it has: `dm[:, :, None, :]`."""
        for name, value in self.names.items():
            if isinstance(value, np.ndarray) and name.isidentifier() and 0 < value.ndim < len(self.shape) <= 6:
                for kept in combinations(range(len(self.shape)), value.ndim):
                    if tuple(self.shape[k] for k in kept) == value.shape:
                        index = ", ".join(":" if k in kept else "None" for k in range(len(self.shape)))
                        yield f"{name}[{index}]"

    def _softmaxed(self) -> Iterator[str]:
        """What goes back through a softmax, but for its values: `(d - (d * p).sum(-1, keepdims=True))`."""
        alike = {n: v for n, v in self.arrays.items() if v.shape == self.shape and n.isidentifier()}
        for p in (n for n, v in alike.items() if v.ndim and np.allclose(v.sum(-1), 1)):
            yield from (f"({d} - ({d} * {p}).sum(-1, keepdims=True))" for d in alike if d != p)

    def _sizes(self) -> Iterator[str]:
        """How many entries there are, and along each dimension."""
        arrays = {n: v for n, v in self.names.items() if n.isidentifier() and isinstance(v, np.ndarray)}
        for name, value in arrays.items():
            if value.shape == self.shape and value.ndim > 1:
                yield f"{name}.size"
            yield from (f"{name}.shape[{k}]" for k in range(value.ndim))

    def _is_plain(self, node: ast.AST) -> bool:
        """Is it a formula that may be worked out again, with nothing else to it?"""
        if not isinstance(node, PLAIN) or isinstance(getattr(node, "ctx", None), ast.Store):
            return False
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
            return False  # that is a product of two
        inside = list(ast.walk(node))
        calls = [n.func for n in inside if isinstance(n, ast.Call)]
        plain = all(isinstance(f, ast.Attribute) and f.attr in SAFE for f in calls)
        names = [n.id for n in inside if isinstance(n, ast.Name)]
        known = bool(names) and all(n in self.names for n in names)
        return plain and known and all(isinstance(n, GRAMMAR) for n in inside)

    def _note(self, text: str) -> None:
        try:
            with np.errstate(all="ignore"):
                value = np.asarray(eval(text, dict(self.names)))
            if value.dtype.kind not in "fib" or not np.all(np.isfinite(value)):
                return
            if value.ndim == 0:
                self._note_number(text, float(value))
            elif value.ndim <= len(self.shape) and np.broadcast_shapes(value.shape, self.shape) == self.shape:
                self._note_array(text, value)
        except Exception:
            return

    def _note_number(self, text: str, number: float) -> None:
        if (
            1e-8 < abs(number) < 1e8
            and abs(number) != 1
            and all(abs(number - v) > 1e-12 for v in self.numbers.values())
        ):
            self.numbers[text] = number

    def _note_array(self, text: str, value: Array) -> None:
        if all(v.shape != value.shape or not np.array_equal(v, value) for v in self.arrays.values()):
            is_closed = text.isidentifier() or text.startswith("(") or text.endswith((")", "]"))
            self.arrays[text if is_closed else f"({text})"] = value.astype(float)

    # --- what a wanted array is

    def products(self, wanted: Array, known: Array) -> Iterator[Product]:
        """The products that a wanted array is, where it is known."""
        there = known & (np.abs(wanted) > EXACT * max(float(np.max(np.abs(wanted[known]), initial=0.0)), 1e-300))
        if not np.any(there):
            return
        zeros = known & ~there
        some = _some(there)
        found = [p for p in self._of(wanted[some], some, ()) if self._vanishes(p, zeros, there)]
        if not found and np.any(zeros):
            masks = [n for n, v in self._spread(known) if np.array_equal(v != 0, there[known])]
            found = [p for m in masks[:1] for p in self._of(wanted[some], some, ((m, 1),))]
        yield from found

    def _vanishes(self, product: Product, zeros: Array, there: Array) -> bool:
        """Is a product 0 where that is wanted, or next to it?"""
        if not np.any(zeros):
            return True
        with np.errstate(all="ignore"):
            value = np.ones(self.shape)
            for text, power in product.parts:
                value = value * np.broadcast_to(self.arrays[text], self.shape) ** power
        return bool(np.all(np.abs(value[zeros]) <= 10 * EXACT * np.max(np.abs(value[there]))))

    def _spread(self, known: Array) -> Iterator[tuple[str, Array]]:
        for name, value in self.arrays.items():
            yield name, np.broadcast_to(value, self.shape)[known]

    def _of(self, goal: Array, there: Array, given: tuple[tuple[str, int], ...]) -> Iterator[Product]:
        rows, options = [], []
        for text, _ in given:
            goal = goal / np.broadcast_to(self.arrays[text], self.shape)[there]
        for name, value in self._spread(there):
            if np.all(value != 0) and np.ptp(np.abs(value)) > 0:
                logs = np.log(np.abs(value))
                for k in POWERS:
                    rows.append(k * (logs - logs.mean()))
                    options.append((name, k, value))
        left = np.log(np.abs(goal))
        left = left - left.mean()
        if np.max(np.abs(left)) < EXACT:
            yield from self._named(goal, given, ())
        if not rows or len(goal) < 3:
            return
        table = np.array(rows)
        ones = np.max(np.abs(table - left), axis=1) < EXACT
        for one in map(int, np.flatnonzero(ones)):
            yield from self._named(goal, given, (options[one],))
        for j, k in _adding_up(table, left):
            if options[j][0] != options[k][0]:
                yield from self._named(goal, given, (options[j], options[k]))

    def _named(
        self, goal: Array, given: tuple[tuple[str, int], ...], parts: tuple[tuple[str, int, Array], ...]
    ) -> Iterator[Product]:
        """With the number that is left, if that has a name and is the same everywhere."""
        product = np.ones(goal.shape)
        for _, k, value in parts:
            product = product * value**k
        ratio = goal / product
        if np.ptp(ratio) > EXACT * abs(float(ratio[0])):
            return
        said = (*given, *((t, k) for t, k, _ in parts))
        number = float(np.median(ratio))
        if abs(number - 1) < EXACT:
            if said:
                yield Product("", said)
            return
        yield from (Product(text, said) for text in self._called(number))

    def _called(self, number: float) -> Iterator[str]:
        """What a number is called: a small one, a size, their powers, products and quotients of two."""
        plain = {t: float(t) for t in ("3", "4")}  # not in the place of a size that is as large
        named = {"2": 2.0} | {t: v for t, v in plain.items() if v not in self.numbers.values()} | dict(self.numbers)
        single = {**named}
        single |= {f"{t} ** 2": v**2 for t, v in self.numbers.items() if t.isidentifier()}
        single |= {f"np.sqrt({t})": v**0.5 for t, v in self.numbers.items() if v > 0}
        found: list[str] = []
        for sign in ("", "-"):
            value = -number if sign else number
            if abs(value - 1) < EXACT:
                found.append(f"{sign}1")
            found.extend(f"{sign}{t}" for t, v in single.items() if _same(value, v))
            found.extend(f"{sign}1 / {_closed(t)}" for t, v in single.items() if v and _same(value, 1 / v))
        for t, v in single.items():
            for u, w in named.items():
                if w and t != u:
                    for sign in ("", "-"):
                        value = -number if sign else number
                        if _same(value, v / w):
                            found.append(f"{sign}{t} / {_closed(u)}")
                        if v and _same(value, w / v):
                            found.append(f"{sign}{u} / {_closed(t)}")
                        if _same(value, v * w) and t < u:
                            found.append(f"{sign}{t} * {u}")
                        if v and _same(value, 1 / (v * w)) and t < u:
                            found.append(f"{sign}1 / ({t} * {u})")
        yield from sorted(found, key=len)[:3]


def _adding_up(table: Array, left: Array) -> Iterator[tuple[int, int]]:
    """The twos of rows whose sum is that: of each row those are looked at alone that are right in one column."""
    at = int(np.argmax(np.ptp(table, axis=0)))
    order = np.argsort(table[:, at], kind="stable")
    ranked, wanted = table[order, at], left[at] - table[:, at]
    low, high = np.searchsorted(ranked, wanted - EXACT), np.searchsorted(ranked, wanted + EXACT, side="right")
    for k in map(int, np.flatnonzero(high > low)):
        near = np.sort(order[low[k] : high[k]])
        near = near[near < k]
        fits = np.max(np.abs(table[near] + table[k] - left), axis=1, initial=0.0) < EXACT
        yield from ((int(j), k) for j in near[fits])


def _some(there: Array) -> Array:
    """A part of the entries, for what is found is tried anyway."""
    keys = np.flatnonzero(there)
    kept = np.zeros(there.size, dtype=bool)
    kept[keys[:: 1 + len(keys) // MOST_ENTRIES]] = True
    return kept.reshape(there.shape)


def _closed(text: str) -> str:
    return text if text.replace(".", "").replace("_", "").isalnum() or text.endswith(")") else f"({text})"


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= EXACT * abs(b)
