"""What an expression is looked at as: one meaning each, so each is held to values here."""

from __future__ import annotations

from fractions import Fraction

import pytest

from symbp.core import build
from symbp.core.expr import BINDERS, TRUE, Add, Compare, Delta, Extreme, Int, Num, Pow, Read, Sum, Where
from symbp.core.integers import Dim, DimAt, Index, Poly, Quotient, quotient
from symbp.core.traverse import map_values, nodes
from symbp.core.views import conjuncts, factors_of, integers_compared, is_bracket, is_divisor, is_guarded, terms_of

N = Poly.of(Dim("N"))
I, J = Index("i", N), Index("j", Poly.of(Index("i", N)))
X, Y = Read("x", (Poly.of(I),)), Read("y", (Poly.of(J),))
LESS = build.compare("<", build.integer(J), build.integer(I))


def test_nodes_are_found_parents_first_and_of_all_kinds_asked_for() -> None:
    inner = Sum((J,), Y)
    expr = build.add(X, build.mul(X, Extreme("max", (I,), inner, TRUE)))
    assert list(nodes(expr, Read)) == [X, X, Y]
    assert [type(n) for n in nodes(expr, *BINDERS)] == [Extreme, Sum]
    assert list(nodes(expr, Add, Sum)) == [expr, inner]
    assert list(nodes(expr, Pow)) == []


def test_values_are_mapped_and_conditions_stay() -> None:
    data = build.compare(">", X, build.NIL)
    choice = Where(data, X, Y)
    assert map_values(choice, lambda e: build.mul(e, Num(Fraction(2)))) == Where(
        data, build.mul(Num(Fraction(2)), X), build.mul(Num(Fraction(2)), Y)
    )
    assert map_values(choice, lambda e: e) is choice


def test_atoms_of_a_kind_are_those_that_stand_in_it_themselves() -> None:
    width, half = Poly.of(DimAt("D", Poly.of(I))), quotient(Poly.of(J), Poly.of(2))
    poly = Poly.of(I) * 2 + width * N + half
    assert poly.atoms_of(Index) == (I,)
    assert poly.atoms_of(Dim, DimAt) == (Dim("N"), DimAt("D", Poly.of(I)))
    assert [type(a) for a in poly.atoms_of(Quotient)] == [Quotient]
    assert (I.is_nested, J.is_nested) == (False, True)


@pytest.mark.parametrize(
    ("node", "sides"),
    [
        (LESS, (Poly.of(J), Poly.of(I))),
        (Delta(Poly.of(I), N), (Poly.of(I), N)),
        (Compare("<", Int(N), Add((Int(N), Num(Fraction(1))))), (N, N + 1)),
        (Compare("<", Int(Poly.of(I)), X), None),
        (Compare("<", Int(N), Num(Fraction(1, 2))), None),
        (build.both(LESS, LESS, Compare(">", X, Y)), None),
        (X, None),
    ],
)
def test_integers_compared(node: Compare, sides: tuple[Poly, Poly] | None) -> None:
    assert integers_compared(node) == sides


def test_whatever_is_none_has_itself_alone() -> None:
    total, product = build.add(X, Y), build.mul(X, Y)
    assert (terms_of(total), terms_of(product)) == ((X, Y), (product,))
    assert (factors_of(product), factors_of(total)) == ((X, Y), (total,))
    both = build.both(LESS, Compare(">", X, Y))
    assert (conjuncts(both), conjuncts(LESS)) == ((LESS, Compare(">", X, Y)), (LESS,))


def test_a_bracket_is_guarded_and_not_the_other_way_round() -> None:
    bracket, guarded, choice = (Where(LESS, *b) for b in ((build.UNIT, build.NIL), (X, build.NIL), (X, Y)))
    assert [is_bracket(w) for w in (bracket, guarded, choice)] == [True, False, False]
    assert [is_guarded(w) for w in (bracket, guarded, choice)] == [True, True, False]
    assert [is_divisor(build.power(X, Num(Fraction(e)))) for e in (2, -1)] == [False, True]
