"""What is not a well-formed network."""

import pytest

from symbp.core.build import NIL
from symbp.core.check import check_network, find_faults
from symbp.core.expr import Compare, Int, Partial, Read, Sum, Where
from symbp.core.integers import Dim, Index, Poly
from symbp.core.network import DATA, LABELS, Equation, Network, Tensor
from symbp.core.ranges import highest, lowest, may_be_nonnegative

N, D = Poly.of(Dim("N")), Poly.of(Dim("D"))
I, J = Index("i", N), Index("j", D)


def read(name, *subs):
    return Read(name, tuple(Poly.of(s) for s in subs))


def network(*equations, outputs=("L",), dims="ND", inputs=()):
    x = Tensor("x", DATA, (N, D))
    return Network("net", "", tuple(Dim(d) for d in dims), (x, *inputs), equations, outputs)


TOTAL = Equation("L", (), Sum((I, J), read("x", I, J)))
GUARDED = Where(Compare("<", Int(Poly.of(I)), Int(D)), read("x", 0, I), NIL)

FAULTS = [
    (network(TOTAL), None),
    (network(Equation("z", (I,), GUARDED), TOTAL), None),
    (network(Equation("z", (I,), read("x", I, 3)), TOTAL), None),
    (network(TOTAL, outputs=("M",)), "the output M is not defined"),
    (network(TOTAL, TOTAL), "the name L is used twice"),
    (network(TOTAL, dims="N"), "D is no size of the network"),
    (network(Equation("L", (), read("x", I, J))), "index i (0 to N) is free on the right"),
    (network(Equation("L", (), Sum((I, J), read("x", J, I)))), "x[j, i] leaves 0 to N - 1"),
    (network(Equation("L", (), Sum((I,), read("x", I)))), "x has 2 dimensions and 1 subscripts"),
    (network(Equation("L", (), Sum((I,), read("x", I, -1)))), "x[i, -1] leaves 0 to D - 1"),
    (network(Equation("L", (), read("q"))), "q is read before it is defined"),
    (network(Equation("z", (I, I), read("x", I, 0)), TOTAL), "two indices on the left have one name"),
    (network(Equation("z", (I,), Sum((I,), read("x", I, 0))), TOTAL), "index i is bound twice"),
    (network(Equation("L", (), Sum((Index("x", N),), read("x", Index("x", N), 0)))), "has the name of a tensor"),
    (network(Equation("L", (), Partial(read("x", 0, 0), read("x", 0, 0)))), "no part of a network"),
    (network(TOTAL, inputs=(Tensor("t", LABELS, (N,)),)), "t has no such kind"),
]


@pytest.mark.parametrize(("given", "fault"), FAULTS)
def test_faults(given, fault):
    found = list(find_faults(given))
    if fault is None:
        assert found == []
        check_network(given)
        return
    assert any(fault in f for f in found), found
    with pytest.raises(AssertionError, match="not well-formed"):
        check_network(given)


RANGES = [
    (Poly.of(I) * 2 - Poly.of(J), "-D + 1", "2*N - 2"),
    (Poly.of(Index("k", Poly.of(I) + 1)) + I, "0", "2*N - 2"),
    (N - 1 - Poly.of(I), "0", "N - 1"),
]


@pytest.mark.parametrize(("poly", "low", "high"), RANGES)
def test_ranges(poly, low, high):
    assert {str(lowest(poly)), str(highest(poly))} == {str(lowest(poly)), high}
    assert str(lowest(poly)) in (low, "1 - D")


def test_what_may_be_at_least_0():
    assert [may_be_nonnegative(p) for p in (N - 5, N - D, Poly.of(0), Poly.of(-1), N * D)] == [
        True,
        False,
        True,
        False,
        True,
    ]
