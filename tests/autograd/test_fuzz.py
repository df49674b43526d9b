"""Random networks through the whole chain: no failure, and gradients that are those of PyTorch's autograd."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp.notation.read import list_networks
from tests.autograd.fuzz import check, run
from tests.autograd.random_networks import RandomNetwork, write

COUNT = 200
FOUND, LANGUAGE, SHAPES = (
    (Path(__file__).parent / f"{name}_networks.py").read_text() for name in ("found", "language", "shape")
)


@pytest.mark.parametrize("name", list_networks(FOUND, "found_networks.py"))
def test_network_that_once_came_out_wrong(name: str) -> None:
    assert check(RandomNetwork(FOUND, {}, name), 1).problem == ""


@pytest.mark.parametrize("name", list_networks(LANGUAGE, "language_networks.py"))
def test_network_in_every_part_of_the_language(name: str) -> None:
    assert check(RandomNetwork(LANGUAGE, {}, name), 2).problem == ""


@pytest.mark.parametrize("name", list_networks(SHAPES, "shape_networks.py"))
def test_network_in_words_for_shapes(name: str) -> None:
    assert check(RandomNetwork(SHAPES, {}, name), 3).problem == ""


@pytest.mark.parametrize("seed", range(COUNT))
def test_random_network(seed: int) -> None:
    assert run(seed).problem == "", write(seed)
