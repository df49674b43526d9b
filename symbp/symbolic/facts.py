"""What facts say of scalars: which entry is what others make it, and which orders hold from the start.

An equation is solved for the last entry that it is linear in: y_01 = 1 - y_00. What cannot be put so is not used, and
data drawn at random must obey it all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import sympy as sp

from symbp.core.expr import Compare, Cond
from symbp.core.traverse import free_indices, reads
from symbp.core.views import conjuncts
from symbp.symbolic.cases import Case, Order, ends
from symbp.symbolic.graph import Graph
from symbp.symbolic.sizes import At, places

FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(slots=True)
class Given:
    """Of some entries what they are in others, and a case to start from. `statements` are all facts, entry by entry."""

    values: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    case: Case = field(default_factory=Case)
    statements: tuple[tuple[Cond, At], ...] = ()


def given(graph: Graph) -> Given:
    """What the facts of a network say of its scalars."""
    found = Given(statements=tuple(_statements(graph)))
    for statement, at in found.statements:
        match statement:
            case Compare(op, left, right) if reads(statement):
                a, b = (graph.value(side, at, Case()) for side in (left, right))
                if op == "==":
                    _solve(a - b, found.values)
                elif op in FLIPPED:
                    _assume(op, a, b, found)
    return found


def _statements(graph: Graph) -> Iterator[tuple[Cond, At]]:
    for fact in graph.network.facts:
        for part in conjuncts(fact.statement):
            yield from ((part, at) for at in places(free_indices(part), graph.sizes))


def _solve(difference: sp.Expr, values: dict[sp.Symbol, sp.Expr]) -> None:
    """Adds what a sum that is 0 says of its last entry."""
    difference = sp.expand(difference.xreplace(values))
    for term in reversed(sp.Add.make_args(difference)):
        number, symbol = term.as_coeff_Mul()
        rest = difference - term
        if symbol.is_Symbol and symbol not in rest.free_symbols:
            value = sp.expand(-rest / number)
            for other in values:
                values[other] = sp.expand(values[other].xreplace({symbol: value}))
            values[symbol] = value
            return


def _assume(op: str, a: sp.Expr, b: sp.Expr, found: Given) -> None:
    low, high, turned = ends(a, b)
    op = FLIPPED[op] if turned else op
    low, high = (low, high) if op in ("<", "<=") else (high, low)
    found.case = Case((*found.case.orders, Order(low, high, op in ("<", ">"))))
