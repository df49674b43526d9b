"""Random networks through the whole chain: no failure, and gradients that are those of PyTorch's autograd."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp.notation.read import list_networks
from tests.autograd.fuzz import check, run
from tests.autograd.random_networks import RandomNetwork, write

COUNT, PARTS = 200, 4
# Every network is held against autograd at all three choices of sizes; one in so many goes through every check as well.
CHECKED = 3
FOUND, LANGUAGE, SHAPES = (
    (Path(__file__).parent / f"{name}_networks.py").read_text() for name in ("found", "language", "shape")
)
Turn = Callable[[int, int], bool]


def problem(text: str, name: str, seed: int, its_turn: Turn) -> str:
    """What is wrong with a network of a file."""
    thorough = its_turn(list_networks(text).index(name), CHECKED)
    return check(RandomNetwork(text, {}, name), seed, thorough, all_sizes=True).problem


@pytest.mark.parametrize("name", list_networks(FOUND, "found_networks.py"))
def test_network_that_once_came_out_wrong(name: str, its_turn: Turn) -> None:
    assert problem(FOUND, name, 1, its_turn) == ""


@pytest.mark.parametrize("name", list_networks(LANGUAGE, "language_networks.py"))
def test_network_in_every_part_of_the_language(name: str, its_turn: Turn) -> None:
    assert problem(LANGUAGE, name, 2, its_turn) == ""


@pytest.mark.parametrize("name", list_networks(SHAPES, "shape_networks.py"))
def test_network_in_words_for_shapes(name: str, its_turn: Turn) -> None:
    assert problem(SHAPES, name, 3, its_turn) == ""


@pytest.mark.share(PARTS)
@pytest.mark.parametrize("seed", range(COUNT))
def test_random_network(seed: int) -> None:
    assert run(seed).problem == "", write(seed)
