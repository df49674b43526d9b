"""Cases: what is assumed where a value decides, and all cases one after the other.

A claim is worked out under a case. Where it meets a comparison that the case leaves open, it stops with `Undecided`,
which says what can be assumed in addition, and each of these is tried: a < b, a = b, a > b. So every point lies in
one of the cases. Labels are cases too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import sympy as sp

from symbp.symbolic.sizes import Key

T = TypeVar("T")
Label = tuple[str, Key]
MOST_CASES = 300
HOLDS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "==": "=", "!=": "<>"}
TURNED = str.maketrans("<>", "><")


@dataclass(frozen=True, slots=True)
class Order:
    """That `low` is at most `high`, or less where it is `strict`."""

    low: sp.Expr
    high: sp.Expr
    strict: bool


@dataclass(frozen=True, slots=True)
class More:
    """What a case may assume in addition: orders, and the value of a label."""

    orders: tuple[Order, ...] = ()
    labels: tuple[tuple[Label, int], ...] = ()


class Undecided(Exception):
    """A case says too little; `options` are what it may assume in addition, one of which is true."""

    def __init__(self, options: tuple[More, ...]):
        super().__init__("undecided")
        self.options = options


class TooMany(Exception):
    """More cases than are gone through."""


@dataclass(slots=True)
class Case:
    """What is assumed. `asked` counts how often it was asked, so that what does not depend on it can be told."""

    orders: tuple[Order, ...] = ()
    labels: Mapping[Label, int] = field(default_factory=dict)
    asked: int = 0
    known: dict[object, Any] = field(default_factory=dict)  # what was found before

    def label(self, name: str, key: Key, classes: int) -> int:
        """The value of a label."""
        self.asked += 1
        if (name, key) in self.labels:
            return self.labels[name, key]
        raise Undecided(tuple(More(labels=(((name, key), value),)) for value in range(classes)))

    def holds(self, op: str, a: sp.Expr, b: sp.Expr) -> bool:
        """Is a < b, say?"""
        a, b, turned = ends(a, b)
        if a.is_Number and b.is_Number:
            sign = "<" if a < b else ">" if a > b else "="
            return (sign.translate(TURNED) if turned else sign) in HOLDS[op]
        self.asked += 1
        possible = self.possible(a, b)
        wanted = HOLDS[op].translate(TURNED) if turned else HOLDS[op]
        if all(sign in wanted for sign in possible):
            return True
        if not any(sign in wanted for sign in possible):
            return False
        raise Undecided(tuple(More(_orders(sign, a, b)) for sign in possible))

    def first(self, kind: str, values: tuple[sp.Expr, ...]) -> int:
        """Where the first of the largest values is, or of the smallest."""
        self.asked += 1
        if (kind, values) not in self.known:
            self.known[kind, values] = self._first(kind, values)
        return int(self.known[kind, values])

    def _first(self, kind: str, values: tuple[sp.Expr, ...]) -> int:
        sign = "<" if kind == "max" else ">"
        options = {}
        for k, value in enumerate(values):
            orders: list[Order] = []
            for j, other in enumerate(values):
                if j == k:
                    continue
                a, b, turned = ends(other, value)
                wanted = sign if j < k else sign + "="
                wanted = wanted.translate(TURNED) if turned else wanted
                possible = self.possible(a, b)
                if not any(s in wanted for s in possible):
                    break
                if not all(s in wanted for s in possible):
                    orders.append(_order(wanted, a, b))
            else:
                options[k] = tuple(orders)
        if len(options) == 1:
            return next(iter(options))
        raise Undecided(tuple(More(orders) for orders in options.values()))

    def possible(self, a: sp.Expr, b: sp.Expr) -> str:
        """Which of < = > may hold between two ends."""
        if (a, b) not in self.known:
            self.known[a, b] = self._possible(a, b)
        return str(self.known[a, b])

    def _possible(self, a: sp.Expr, b: sp.Expr) -> str:
        if a == b:
            return "="
        if a.is_Number and b.is_Number:
            return "<" if a < b else ">"
        up, down = self._path(a, b), self._path(b, a)
        found = "<=>"
        if up is not None:
            found = found.replace(">", "") if up is False else "<"
        if down is not None:
            found = found.replace("<", "") if down is False else ">"
        return found

    def _path(self, low: sp.Expr, high: sp.Expr) -> bool | None:
        """Is low < high assumed (True), low <= high (False), or neither (None)?"""
        best: dict[sp.Expr, bool] = {low: False}
        waiting = [low]
        while waiting:
            here = waiting.pop()
            for node, strict in self._above(here):
                reached = best[here] or strict
                if node not in best or (reached and not best[node]):
                    best[node] = reached
                    waiting.append(node)
        if high in best:
            return best[high]
        return None

    def _above(self, node: sp.Expr) -> Iterator[tuple[sp.Expr, bool]]:
        for order in self.orders:
            if order.low == node:
                yield order.high, order.strict
            if node.is_Number:
                for end in (order.low, order.high):
                    if end.is_Number and end > node:
                        yield end, True

    def equal(self) -> dict[sp.Expr, sp.Expr]:
        """Symbols that the case makes equal to others, or to a number: what stands for each."""
        table: dict[sp.Expr, sp.Expr] = {}
        for order in self.orders:
            a, b = order.low, order.high
            if not order.strict and self.possible(a, b) == "=":
                a, b = table.get(a, a), table.get(b, b)
                if not a.is_Symbol:
                    a, b = b, a
                if a.is_Symbol and a != b and (b.is_Symbol or b.is_Number):
                    table = {k: b if v == a else v for k, v in table.items()} | {a: b}
        return table

    def assuming(self, more: More) -> Case:
        """With more assumed."""
        return Case((*self.orders, *more.orders), {**self.labels, **dict(more.labels)})


def _orders(sign: str, a: sp.Expr, b: sp.Expr) -> tuple[Order, ...]:
    return (Order(a, b, False), Order(b, a, False)) if sign == "=" else (_order(sign, a, b),)


def _order(signs: str, a: sp.Expr, b: sp.Expr) -> Order:
    return Order(a, b, signs == "<") if "<" in signs else Order(b, a, signs == ">")


@lru_cache(maxsize=1 << 16)
def ends(a: sp.Expr, b: sp.Expr) -> tuple[sp.Expr, sp.Expr, bool]:
    """Two expressions that compare as a and b do, or as b and a do (True): what varies, and a number if there is one.

    3 x < 6 is x < 2, and x + 1 > y + 1 is x > y: what is the same is written in the same way.
    """
    if a.is_Number and b.is_Number:
        return a, b, False
    difference = sp.expand(a - b)
    number, rest = difference.as_coeff_Add()
    if rest == 0:
        return number, sp.Integer(0), False
    content, rest = rest.as_coeff_Mul()
    terms = sp.Add.make_args(rest)
    if len(terms) > 1:
        lead = min(terms, key=sp.default_sort_key).as_coeff_Mul()[0]
        content, rest = content * lead, sp.expand(rest / lead)
    terms = sp.Add.make_args(rest)
    if number == 0 and len(terms) == 2 and rest.coeff(-1) != 0:
        plus = next(t for t in terms if t.as_coeff_Mul()[0] == 1)
        return plus, -(rest - plus), bool(content < 0)
    return rest, -number / content, bool(content < 0)


def cases(claim: Callable[[Case], T], start: Case) -> Iterator[tuple[Case, T]]:
    """A claim under every case, with what it gives; TooMany where there are more than are gone through."""
    waiting, seen = [start], 0
    while waiting:
        case = waiting.pop()
        seen += 1
        if seen > MOST_CASES:
            raise TooMany
        try:
            found = claim(case)
        except Undecided as undecided:
            waiting.extend(case.assuming(more) for more in reversed(undecided.options))
            continue
        yield case, found
