"""Sizes from extents: what follows, and in which order."""

import pytest

from symbp.core.integers import Dim, Poly, quotient
from symbp.core.solve import solve_sizes

S, M, K, N = (Poly.of(Dim(name)) for name in "SMKN")
SIZES = {Dim("S"): 11, Dim("M"): 7, Dim("K"): 5, Dim("N"): 3}

SYSTEMS = [
    ([S, S + M], "SM"),
    ([S + M, S], "SM"),
    ([S + M, S - M], "MS"),
    ([S + M, M + K, S + K], "MSK"),
    ([S * 2 + M * 3 + 1, S * 3 - M * 2], "MS"),
    ([N * S + M, N, M + K, K * 2], "NKMS"),
    ([S * 4 - 3], "S"),
    ([S + M + K, S + M, K * 2 + S], "KSM"),
    ([S + M], ""),
    ([S + M, S * 2 + M * 2, K], "K"),
    ([S * M, S + M], ""),
    ([quotient(S, Poly.of(2)) + M, M], "M"),
]


@pytest.mark.parametrize(("extents", "order"), SYSTEMS)
def test_each_size_has_its_value_from_those_before(extents, order):
    known, counts = {}, [e.value(SIZES) for e in extents]
    for s in solve_sizes(extents):
        total = sum(factor * counts[place] for place, factor in s.terms)
        known[s.dim] = (total - s.rest.value(known)) // s.divisor.value(known)
    assert {d: SIZES[d] for d in known} == known
    assert sorted(d.name for d in known) == sorted(order)
