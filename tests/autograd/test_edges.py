"""Networks that read at the edge of what they may, against PyTorch's autograd at sizes from 1 on, and their values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp.findings import describe
from symbp.notation.read import list_networks
from symbp.pipeline import Build
from symbp.sources import Source
from tests.autograd.compare import errors
from tests.autograd.fuzz import BOUND, FLOOR, _large_enough, drawn, problems, some_sizes
from tests.autograd.modules import module_from, module_of

EDGES = (Path(__file__).parent / "edge_networks.py").read_text()
CHECKED = ("added_step", "nested_steps", "divided_by_step", "padded_thresholds", "doubled", "rest_of_rows")
NAMES = list_networks(EDGES, "edge_networks.py")


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_those_of_autograd(name: str) -> None:
    build = Build(Source(EDGES, "net.py", name))
    assert list(problems(build, thorough=False)) == []
    module = module_of(build.module[0], "net")
    sizes = [dict.fromkeys(build.network.dims, k) for k in (1, 2)]
    for place, some in enumerate((*sizes, *some_sizes(build.network, 1))):
        inputs, expected = drawn(build.network, {}, _large_enough(build.network, some), place)
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            found = errors(module, inputs, expected, floor=FLOOR)
        assert {n: e for n, e in found.items() if not e <= BOUND} == {}


@pytest.mark.parametrize("name", CHECKED)
def test_every_check_passes_with_the_hessian_times_a_vector(name: str) -> None:
    build = Build(Source(EDGES, "net.py", name), hvp=True)
    assert [describe(c) for c in build.checks if not c.passed] == []


@pytest.mark.parametrize(
    ("name", "gradient"), [("added_step", [1878, 968, 514, 288]), ("taken_step", [-6, -4, -2, 12])]
)
def test_a_state_read_at_its_own_step(name: str, gradient: list[float]) -> None:
    module = module_from(EDGES, name)
    (p,) = module.PARAMETERS
    _, found = module.loss_and_gradients(**{p: np.array([1.0, 2.0, 3.0, 4.0])})
    assert found[p] == pytest.approx(gradient)


def test_every_label_of_a_padded_array() -> None:
    module = module_from(EDGES, "padded_thresholds")
    z, theta = np.array([0.5, 1.0, 2.0]), np.array([3.0, 5.0])
    loss, found = module.loss_and_gradients(np.array([0, 1, 2]), z=z, theta=theta)
    assert loss == pytest.approx(2.5**2 + 4**2 + 1)
    assert found["z"] == pytest.approx([-5, -8, 0])
    assert found["theta"] == pytest.approx([5, 8])


def test_an_entry_taken_twice_has_the_sum_of_both() -> None:
    y = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    _, found = module_from(EDGES, "doubled").loss_and_gradients(y, x=np.ones(3))
    assert found["x"] == pytest.approx([3, 12, 48])


@pytest.mark.parametrize("name", ["chain_of_labels", "chain_from_the_end"])
def test_a_long_chain_raises_no_warning(name: str) -> None:
    module, rng = module_from(EDGES, name), np.random.default_rng(0)
    shapes = {"T": 500, "K": 9}
    given = {p: rng.normal(size=[shapes[s] for s in module.SHAPES[p]]) for p in module.PARAMETERS}
    data = [rng.integers(0, 9, 500) for _ in module.DATA]
    with np.errstate(all="raise"):
        loss, gradients = module.loss_and_gradients(*data, **given)
    assert 1000 < loss < 2000
    # Of each step its probabilities, less its label.
    assert gradients["e"].sum(axis=1) == pytest.approx(np.zeros(500) if data else np.ones(500), abs=1e-9)


def test_the_larger_of_two_is_a_hinge() -> None:
    x, y, w, b = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, -1.0]), np.array([0.5, -1.0]), 0.25
    loss, found = module_from(EDGES, "support_vectors").loss_and_gradients(x, y, w=w, b=b)
    assert loss == pytest.approx(0.25 / 2 + 0 + 1.25 / 2)
    assert found["w"] == pytest.approx([-0.5 + 0.5, -1.0])
    assert found["b"] == pytest.approx(-0.5)


def test_a_size_is_what_another_leaves_of_an_extent() -> None:
    module, z = module_from(EDGES, "rest_of_rows"), np.ones((5, 2))
    assert module.loss_and_gradients(np.ones(3), z=z)[0] == pytest.approx(60)
    assert module.forward(np.ones(3), z=z)["d"].shape == (5,)
    with pytest.raises(ValueError, match="M = 0, expected 1 or more"):
        module.loss_and_gradients(np.ones(5), z=z)
    module = module_from(EDGES, "sum_and_difference")
    with pytest.raises(ValueError, match=r"b has shape \(2,\), expected \(S - M,\)"):
        module.loss_and_gradients(np.ones(5), a=np.ones(5), b=np.ones(2))
