"""Random networks through the whole chain: no failure, and gradients that are those of PyTorch's autograd."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs torch")

from tests.autograd.fuzz import run
from tests.autograd.random_networks import write

COUNT = 200


@pytest.mark.parametrize("seed", range(COUNT))
def test_random_network(seed: int) -> None:
    assert run(seed).problem == "", write(seed)
