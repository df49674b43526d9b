"""Loss and gradients of emitted modules against PyTorch's autograd in float64, at random sizes and seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs torch")

from symbp import networks
from symbp.notation.read import read_network
from tests.autograd import witness
from tests.autograd.compare import arrays, by_hand, call, errors, keywords, tensors, worst_error
from tests.autograd.models import MODELS
from tests.autograd.modules import BOUND, Draw, built_in_module, draw_inputs, relative_error, unit
from tests.shared import in_turns

SEEDS = (1, 2, 3)
# The witness lays every index along an axis: it has no arrays whose widths differ by layer.
OF_ANY_WIDTHS = ("mlp", "threshold_layers")
OWN = (Path(__file__).parent / "own_networks.py").read_text()
OWN_NETWORKS: dict[str, dict[str, Draw]] = {"mish_net": {}, "own_normalisation": {}, "clipped_pairs": {"mask": unit}}


def test_every_built_in_network_has_a_model() -> None:
    assert sorted(MODELS) == sorted(networks.names())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", MODELS)
def test_built_in_network(name: str, seed: int) -> None:
    module, model = built_in_module(name), MODELS[name]
    inputs = draw_inputs(module, model.draws, seed, model.sizes)
    expected = by_hand(model.loss, module.PARAMETERS, inputs)
    found = errors(module, inputs, expected, model.unknown)
    assert {n: e for n, e in found.items() if not e <= BOUND} == {}


@pytest.mark.parametrize("name", MODELS)
def test_loss_and_forward_alone(name: str) -> None:
    module, model = built_in_module(name), MODELS[name]
    inputs = draw_inputs(module, model.draws, 5, model.sizes)
    unknown = keywords(model.unknown)
    assert relative_error(call(module.loss, inputs, unknown), model.loss(**tensors(inputs)).item()) <= BOUND
    expected = {n: arrays(v) for n, v in model.named(**tensors(inputs)).items()}
    found = call(module.forward, inputs, unknown) if expected else {}
    assert [n for n, v in expected.items() if not relative_error(found[n], v) <= BOUND] == []


@pytest.mark.parametrize("name", [n for n in in_turns(gpt2=7) if n not in OF_ANY_WIDTHS])
def test_the_equations_say_what_the_model_by_hand_says(name: str) -> None:
    module, model = built_in_module(name), MODELS[name]
    inputs = draw_inputs(module, model.draws, 4, model.sizes)
    loss, _ = by_hand(model.loss, module.PARAMETERS, inputs)
    network = read_network(*networks.source(name), name)
    assert relative_error(witness.evaluate(network, tensors(inputs), model.unknown).item(), loss) <= BOUND


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", OWN_NETWORKS)
def test_network_with_functions_of_its_own(name: str, seed: int) -> None:
    assert worst_error(OWN, name, seed, OWN_NETWORKS[name]) <= BOUND
