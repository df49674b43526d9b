"""Every planted mistake that changes a value is caught by the checks."""

from __future__ import annotations

import pytest

from tests.mutation.survey import (
    BUILT_IN,
    LAYERS,
    MISSED,
    OWN_NETWORKS,
    SAME,
    Mutant,
    in_derivation,
    in_module,
    outcome,
    some,
)

NAMES = (*BUILT_IN, *OWN_NETWORKS)
IN_EACH_DERIVATION, IN_EACH_MODULE, OF_LAYERS = 12, 5, 4


def planted() -> list[Mutant]:
    """At least 200, a dozen for each derivation and a few for each module."""
    chosen = [m for n in NAMES for m in some(in_derivation(n), IN_EACH_DERIVATION, 2)]
    chosen += [m for n in NAMES for m in some(in_module(n), IN_EACH_MODULE, 2)]
    chosen += [m for n in LAYERS for m in some(in_derivation(n), OF_LAYERS, 2)]
    return chosen + [m for n in LAYERS for m in some(in_module(n), OF_LAYERS, 2)]


@pytest.fixture(scope="module")
def outcomes() -> list[tuple[Mutant, str]]:
    return [(m, outcome(m)) for m in planted()]


def test_none_that_changes_a_value_is_missed(outcomes: list[tuple[Mutant, str]]) -> None:
    assert [(m.network, m.where, m.kind) for m, found in outcomes if found == MISSED] == []


def test_most_of_at_least_two_hundred_change_one(outcomes: list[tuple[Mutant, str]]) -> None:
    changing = [m for m, found in outcomes if found != SAME]
    assert len(changing) >= 200
    assert len(changing) >= 0.8 * len(outcomes)
