"""The cheapest sizes: found as they are by trying all, and nearly so where the search is cut off."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import permutations

import pytest

from symbp.core.integers import Dim, Poly
from symbp.verify import search
from symbp.verify.search import Problem, cheapest

NAMES = ("N", "A", "B", "C")
N, A, B, C = (Poly.of(Dim(n)) for n in NAMES)
PRIMES = (2, 3, 5, 7, 11)
OTHERS = {n: tuple(m for m in NAMES if m != n) for n in NAMES}
LOOPS = (((N, A, A, B), 2), ((B, B, B, C), 1), ((A * 2, C), 3))


def problem(limits: tuple[Poly, ...] = (), apart: tuple[tuple[Poly, Poly], ...] = ()) -> Problem:
    """Four sizes that are all different."""
    return Problem(NAMES, PRIMES, limits, apart, OTHERS, LOOPS)


def costs(asked: Problem) -> Iterator[tuple[int, dict[str, int]]]:
    """What every assignment that is allowed costs."""
    for values in permutations(PRIMES, len(NAMES)):
        sizes = dict(zip(NAMES, values, strict=True))
        at = {Dim(n): v for n, v in sizes.items()}
        fits = all(p.value(at) >= 2 for p in asked.limits) and all(p.value(at) != q.value(at) for p, q in asked.apart)
        if fits and sizes["N"] > 2:
            yield sum(k * math.prod(p.value(at) for p in loop) for loop, k in asked.loops), sizes


CASES = [problem(), problem(limits=(B - A - 1,)), problem(apart=((N - A, C - B), (A + B, N)))]


@pytest.mark.parametrize("asked", CASES)
def test_the_cheapest_of_all(asked: Problem) -> None:
    assert cheapest(asked) in [sizes for cost, sizes in costs(asked) if cost == min(c for c, _ in costs(asked))]


@pytest.mark.parametrize("asked", CASES[:2])
def test_a_search_that_is_cut_off_is_improved(asked: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    allowed = {tuple(sizes.values()): cost for cost, sizes in costs(asked)}
    monkeypatch.setattr(search, "MOST_NODES", 12)
    found = cheapest(asked)
    assert found is not None
    monkeypatch.setattr(search, "_improve", lambda *_: None)
    first = cheapest(asked)
    assert first is not None
    assert allowed[tuple(found.values())] < allowed[tuple(first.values())]
    assert allowed[tuple(found.values())] <= 1.2 * min(allowed.values())
