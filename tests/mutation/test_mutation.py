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


PARTS = 8  # of the networks, so that several processes can share them and none plants what another checks


def planted(part: int) -> tuple[Mutant, ...]:
    """At least 200 in all parts, a dozen for each derivation and a few for each module."""
    names, layers = NAMES[part::PARTS], LAYERS[part::PARTS]
    chosen = [m for n in names for m in some(in_derivation(n), IN_EACH_DERIVATION, 2)]
    chosen += [m for n in names for m in some(in_module(n), IN_EACH_MODULE, 2)]
    chosen += [m for n in layers for m in some(in_derivation(n), OF_LAYERS, 2)]
    return (*chosen, *(m for n in layers for m in some(in_module(n), OF_LAYERS, 2)))


@pytest.mark.parametrize("part", range(PARTS))
def test_each_that_changes_a_value_is_caught(part: int) -> None:
    """And four of five do: at least 200 in all."""
    outcomes = [(m, outcome(m)) for m in planted(part)]
    assert [(m.network, m.where, m.kind) for m, found in outcomes if found == MISSED] == []
    changing = [m for m, found in outcomes if found != SAME]
    assert len(changing) >= 0.8 * len(outcomes)
    assert len(changing) * PARTS >= 200
