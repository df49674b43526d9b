"""Conditions: which follow from which, choices that they decide, and how they are arranged."""

import pytest

from symbp.core import build
from symbp.core.expr import Compare, Cond, Read, Where
from symbp.core.guards import arranged, at_most, below, follows, opposite, settle_condition, under
from symbp.core.integers import Dim, Index, Poly

T = Dim("T")
s, t = Index("s", Poly.of(T)), Index("t", Poly.of(T))
S, U = Poly.of(s), Poly.of(t)


def order(op: str, a: Poly | int, b: Poly | int) -> Cond:
    return build.compare(op, build.integer(Poly.of(a)), build.integer(Poly.of(b)))


POSITIVE = Compare(">", Read("x", (S,)), build.NIL)

# (what holds, of what is asked, the answer)
FOLLOWS = [
    (order("<=", S, U), order("<", S, U + 1), True),
    (order("<=", S, U), order(">=", U, S), True),
    (order("<", S, U), order("<=", S, U), True),
    (order("<=", S, U), order("<", S, U), None),
    (order("<=", S, U), order(">", S, U), False),
    (order("<", U + 1, Poly.of(T)), order("<", U + 2, Poly.of(T)), None),
    (POSITIVE, POSITIVE, True),
    (POSITIVE, build.negate(POSITIVE), False),
    (POSITIVE, order("<=", S, U), None),
]


@pytest.mark.parametrize(("given", "asked", "answer"), FOLLOWS)
def test_follows(given: Cond, asked: Cond, answer: bool | None) -> None:
    assert follows(asked, (given,)) is answer


def test_a_choice_is_made_where_its_condition_is_known() -> None:
    a, b = Read("a", (S,)), Read("b", (S,))
    choice = Where(order("<=", S, U), a, b)
    assert under(choice, (order("<", S, U),)) == a
    assert under(choice, (order(">", S, U),)) == b
    assert under(choice, (POSITIVE,)) == choice


def test_what_holds_outside_says_nothing_of_a_bound_letter() -> None:
    total = build.total((s,), Where(order("<=", S, U), Read("a", (S,)), build.NIL))
    assert under(total, (order("<=", S, U),)) == total


def test_inequalities_are_arranged() -> None:
    assert at_most(Poly(), U - 1) == order("<=", 1, U)
    assert below(S - T, U) == order("<", S, U + T)
    assert arranged(order("<=", S - 1, U - 1)) == order("<=", S, U)


def test_the_opposite_of_an_order_is_an_order() -> None:
    assert opposite(order("<=", S, U)) == order(">", S, U)
    assert opposite(POSITIVE) == build.negate(POSITIVE)


def test_ranges_decide() -> None:
    assert settle_condition(order("<=", 0, U)) == build.both()
    assert settle_condition(order("<", U, 0)) == build.either()
