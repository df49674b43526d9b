"""The hand-written steps of the benchmarks compute what the emitted modules compute: else their times mean nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

from tests.autograd.modules import built_in_module, relative_error
from tests.benchmarks.emitted import step_of
from tests.benchmarks.layers import ROWS, Row, by_hand

WRITTEN = {Path(r.network).stem: r for r in ROWS if by_hand(r.network) is not None}


@pytest.mark.parametrize("r", WRITTEN.values(), ids=WRITTEN)
def test_hand_written_step(r: Row) -> None:
    """In float64, and a second time with the scratch arrays of the first."""
    made, hand = built_in_module(r.network), by_hand(r.network)
    assert hand is not None
    draws = [r.draw(np.random.default_rng(seed)) for seed in (0, 1)]
    data, parameters = draws[0]
    step = step_of(hand, data, parameters)
    for other_data, other_parameters in draws:
        for held, new in ((data, other_data), (parameters, other_parameters)):
            for name, array in new.items():
                held[name][...] = array
        loss, gradients = made.loss_and_gradients(*(data[n] for n in made.DATA), **parameters)
        found, bars = step()
        assert relative_error(found, loss) <= 1e-10
        assert {n: e for n, g in gradients.items() if not (e := relative_error(bars[n], g)) <= 1e-10} == {}
