"""Differences of adjoints that lose digits: a value less a sum over its kind, where the two come close.

So it is in a row of a saturated softmax, a (abar - sum abar a). What is derived is searched for such differences, and
each is evaluated by the definitions at parameters that are larger than those of an example, until an entry shows it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from symbp.core.example import DIGITS, Cancelled
from symbp.core.expr import Add, Expr, Read, Sum
from symbp.core.integers import Index
from symbp.core.network import Network
from symbp.core.traverse import nodes
from symbp.core.views import among, factors_of, terms_of
from symbp.errors import CheckFailed
from symbp.verify.draw import Drawn
from symbp.verify.sample import combinations
from symbp.verify.systems import DOMAIN_ERRORS
from symbp.verify.witness import Witness

SCALES = 2, 3, 5, 10, 30
LOST = 3, 5  # digits that an entry may lose: fewer are no matter, of more too few are left to be shown
MOST_ROWS = 400
LEAST = 1e-3  # of the larger side, so that its digits can be written

Difference = tuple[str, tuple[Index, ...], tuple[Expr, ...]]


def cancelling(witness: Witness, backward: Network, names: Mapping[str, str], inputs: Drawn) -> tuple[Cancelled, ...]:
    """Of each adjoint with such a difference an entry that shows it; the witness is left at other data."""
    open_ = [d for name in names.values() for d in _differences(backward, name)]
    found: list[Cancelled] = []
    for scale in SCALES if open_ else ():
        try:
            witness.fill(_larger(witness.world.network, inputs, scale))
            shown = [c for d in open_ if (c := _shown(witness, d, scale))]
        except (CheckFailed, *DOMAIN_ERRORS):
            return tuple(found)
        found += shown
        open_ = [d for d in open_ if d[0] not in {c.adjoint for c in shown}]
    return tuple(found)


def _differences(backward: Network, name: str) -> Iterator[Difference]:
    """The factors of an adjoint that are an entry less a sum."""
    equation = backward.equation(name)
    for factor in factors_of(equation.body) if equation is not None else ():
        terms = terms_of(factor)
        entries = [t for t in terms if any(True for _ in nodes(t, Sum))]
        if equation is not None and isinstance(factor, Add) and entries and among(terms, Read):
            yield name, equation.indices, terms


def _larger(network: Network, inputs: Drawn, scale: int) -> Drawn:
    own = set(network.parameters)
    return {
        name: {key: scale * v for key, v in values.items()} if name in own else values
        for name, values in inputs.items()
    }


def _shown(witness: Witness, difference: Difference, scale: int) -> Cancelled | None:
    """The entry that loses most, within bounds."""
    name, indices, terms = difference
    rows = combinations(indices, witness.scope)
    if len(rows) > MOST_ROWS:
        return None
    keys = rows.all()
    values = np.array([[float(v) for v in witness.values(t, indices, keys)] for t in terms])
    sides = np.where(values > 0, values, 0.0).sum(axis=0), -np.where(values < 0, values, 0.0).sum(axis=0)
    found = [
        (round(lost, DIGITS), -k, c)
        for k, (key, more, less) in enumerate(zip(keys.tolist(), *(s.tolist() for s in sides), strict=True))
        if LOST[0] <= (lost := _lost(more, less)) < LOST[1]
        for c in (Cancelled(name, tuple(key), scale, more, less, int(lost)),)
    ]
    return max(found, key=lambda f: f[:2])[2] if found else None


def _lost(more: float, less: float) -> float:
    """How many decimal digits the difference of two numbers has fewer than they have."""
    larger, rest = max(more, less), abs(more - less)
    if not math.isfinite(larger) or larger < LEAST or rest <= 1e-12 * larger:
        return 0.0
    return math.log10(larger / rest)
