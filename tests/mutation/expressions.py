"""Mistakes in one right-hand side of a derivation: what a slip of the pen would make of it, a row for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations

from symbp.core import build
from symbp.core.expr import (
    TRUE,
    Add,
    And,
    Binder,
    Compare,
    Delta,
    Expr,
    Extreme,
    First,
    Fn,
    Int,
    Mul,
    Num,
    Partial,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Index, Node, Poly
from symbp.core.traverse import free_indices, map_children, substitute, walk

Shapes = Mapping[str, tuple[Poly, ...]]
Mutant = tuple[str, Expr]
Rule = Callable[[Node, Shapes, tuple[Index, ...]], Iterator[tuple[str, Node]]]

WRONG_FUNCTION = {
    "exp": "expm1", "expm1": "exp", "log": "log1p", "log1p": "log", "tanh": "sin", "sin": "cos", "cos": "sin",
    "erf": "tanh", "erfc": "erf", "sinh": "cosh", "cosh": "sinh", "tan": "tanh", "atan": "tanh", "log2": "log",
    "lgamma": "digamma", "digamma": "trigamma", "trigamma": "tetragamma", "tetragamma": "trigamma",
}  # fmt: skip
WRONG_COMPARISON = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}


def mutants(expr: Expr, shapes: Shapes) -> Iterator[Mutant]:
    """Every single mistake of `RULES` at every place of an expression; those that leave it as it was are left out."""
    letters = _letters(expr)
    for place, node in enumerate(walk(expr)):
        for rule in RULES:
            for kind, new in rule(node, shapes, letters):
                changed = _put(expr, place, new)
                if changed is not None and changed != expr:
                    yield kind, changed
    yield "a factor of 2", build.mul(build.num(2), expr)
    yield "the sign of all", build.neg(expr)


def _letters(expr: Expr) -> tuple[Index, ...]:
    bound = (i for n in walk(expr) if isinstance(n, Binder) for i in n.indices)
    return tuple(dict.fromkeys((*free_indices(expr), *bound)))


def _put(expr: Expr, place: int, new: Node) -> Expr | None:
    """The expression with another node at that place of `walk`; None where that cannot be built."""
    counter = [-1]

    def go(node: Node) -> Node:
        counter[0] += 1
        if counter[0] == place:
            counter[0] += sum(1 for _ in walk(node)) - 1
            return new
        return map_children(node, go)

    try:
        return go(expr)  # type: ignore[return-value]
    except ZeroDivisionError:
        return None


def _add(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Add):
        for k, term in enumerate(node.args):
            rest = (*node.args[:k], *node.args[k + 1 :])
            yield "a term is dropped", build.add(*rest)
            yield "the sign of a term", build.add(*rest, build.neg(term))


def _mul(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Mul):
        for k, factor in enumerate(node.args):
            rest = (*node.args[:k], *node.args[k + 1 :])
            kind = "a delta is dropped" if isinstance(factor, Delta) else "a factor is dropped"
            yield kind, build.mul(*rest)
            if not isinstance(factor, (Num, Delta)):
                yield "a factor is doubled", build.mul(*rest, Mul((factor, factor)))


def _num(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Num):
        yield "a number is one more", Num(node.value + 1)
        if node.value:
            yield "the sign of a number", Num(-node.value)


def _pow(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Pow) and isinstance(node.exponent, Num):
        yield "an exponent is one more", build.power(node.base, Num(node.exponent.value + 1))
        yield "an exponent is dropped", node.base


def _fn(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Fn) and node.name in WRONG_FUNCTION:
        yield "another function", Fn(WRONG_FUNCTION[node.name], node.args)
    if isinstance(node, Fn) and node.orders:
        yield "a derivative of another order", Fn(node.name, node.args, (node.orders[0] + 1, *node.orders[1:]))


def _sum(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if not isinstance(node, Sum):
        return
    for k, old in enumerate(node.indices):
        rest = (*node.indices[:k], *node.indices[k + 1 :])
        yield "a sum is dropped", build.total(rest, substitute(node.body, {old: old.start}))
        for kind, new in (
            ("a sum starts one later", Index(old.name, old.stop, old.start + 1)),
            ("a sum ends one earlier", Index(old.name, old.stop - 1, old.start)),
        ):
            indices = (*node.indices[:k], new, *node.indices[k + 1 :])
            yield kind, Sum(indices, substitute(node.body, {old: Poly.of(new)}))


def _read(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if not isinstance(node, Read):
        return
    for a, b in combinations(range(len(node.subs)), 2):
        subs = list(node.subs)
        subs[a], subs[b] = subs[b], subs[a]
        yield "two subscripts change places", Read(node.tensor, tuple(subs))
    for k, sub in enumerate(node.subs):
        for letter in letters:
            if sub.index is not None and letter != sub.index and letter.stop == sub.index.stop:
                yield "another index", Read(node.tensor, (*node.subs[:k], Poly.of(letter), *node.subs[k + 1 :]))
                break
    for name, shape in shapes.items():
        if name != node.tensor and shape == shapes.get(node.tensor):
            yield "another tensor", Read(name, node.subs)
            break


def _delta(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Delta):
        yield "a delta is dropped", build.UNIT
        yield "a delta is shifted", build.delta(node.a + 1, node.b)


def _where(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Where):
        yield "the branches change places", build.where(node.cond, node.other, node.then)
        yield "the first branch alone", node.then
        yield "the second branch alone", node.other


def _compare(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Compare):
        yield "another comparison", build.compare(WRONG_COMPARISON[node.op], node.a, node.b)
    if isinstance(node, And) and node.args:
        yield "a condition is dropped", build.both(*node.args[1:])


def _extreme(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Extreme):
        yield "least for largest", Extreme({"max": "min", "min": "max"}[node.kind], node.indices, node.body, node.cond)
        if node.cond != TRUE:
            yield "a condition is dropped", Extreme(node.kind, node.indices, node.body, TRUE)


def _first(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, First):
        other = {"max": "min", "min": "max"}[node.kind]
        yield "the place of the least", First(other, node.indices, node.body, node.cond, node.at)
        yield "the place before", First(node.kind, node.indices, node.body, node.cond, (node.at[0] - 1, *node.at[1:]))


def _int(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Int):
        yield "a size is one less", build.integer(node.value - 1)


def _partial(node: Node, shapes: Shapes, letters: tuple[Index, ...]) -> Iterator[tuple[str, Node]]:
    if isinstance(node, Partial) and len(node.by.subs) > 1:
        yield "two subscripts change places", Partial(node.of, Read(node.by.tensor, node.by.subs[::-1]))


RULES: tuple[Rule, ...] = (
    _add, _mul, _num, _pow, _fn, _sum, _read, _delta, _where, _compare, _extreme, _first, _int, _partial
)  # fmt: skip
