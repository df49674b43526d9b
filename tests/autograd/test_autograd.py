"""Loss and gradients of emitted modules against PyTorch's autograd in float64, at random sizes and seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch

from symbp import networks
from symbp.notation.read import read_network
from tests.autograd import witness
from tests.autograd.models import MODELS, Model
from tests.autograd.modules import BOUND, Draw, built_in_module, draw_inputs, module_from, relative_error, unit

SEEDS = (1, 2, 3)
OWN = (Path(__file__).parent / "own_networks.py").read_text()
ON_SIMPLEX = {name: model.draws for name, model in MODELS.items()}


def tensors(inputs: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    return {n: torch.tensor(v, dtype=torch.float64) for n, v in inputs.items()}


def numpy_function(function: Callable[..., torch.Tensor], order: tuple[int, ...]) -> Callable[..., np.ndarray]:
    """An unknown function, or its first derivative by the argument that `order` marks, on arrays."""

    def call(*args: np.ndarray) -> np.ndarray:
        values = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in np.broadcast_arrays(*args)]
        result = function(*values)
        if 1 not in order:
            return result.detach().numpy()
        return torch.autograd.grad(result.sum(), values[order.index(1)])[0].numpy()

    return call


def keywords(unknown: Mapping[str, Callable[..., torch.Tensor]]) -> dict[str, Callable[..., np.ndarray]]:
    """What a module takes for unknown functions: `f`, `f_d1`, `f_d2`, ..."""
    found = {}
    for name, function in unknown.items():
        count = function.__code__.co_argcount
        found[name] = numpy_function(function, (0,) * count)
        for k in range(count):
            found[f"{name}_d{k + 1}"] = numpy_function(function, tuple(int(j == k) for j in range(count)))
    return found


def check_against(module, loss: float, expected: Mapping[str, torch.Tensor], inputs: dict, extra: Mapping) -> None:
    """Loss and every gradient within BOUND, relative, in the norm of the tensor."""
    data = [inputs[n] for n in module.DATA]
    parameters = {n: inputs[n] for n in module.PARAMETERS}
    functions = {n: extra[n] for n in getattr(module, "FUNCTIONS", ())}
    found, gradients = module.loss_and_gradients(*data, **parameters, **functions)
    errors = {n: relative_error(gradients[n], expected[n].numpy()) for n in module.PARAMETERS}
    errors["loss"] = relative_error(found, loss)
    assert {n: e for n, e in errors.items() if not e <= BOUND} == {}
    assert tuple(gradients) == module.PARAMETERS


def torch_gradients(model: Model, module, inputs: dict[str, np.ndarray]) -> tuple[float, dict[str, torch.Tensor]]:
    leaves = {n: v.requires_grad_(n in module.PARAMETERS) for n, v in tensors(inputs).items()}
    loss = model.loss(**leaves)
    found = torch.autograd.grad(loss.reshape(()), [leaves[n] for n in module.PARAMETERS])
    return loss.item(), dict(zip(module.PARAMETERS, found, strict=True))


def test_every_built_in_network_has_a_model() -> None:
    assert sorted(MODELS) == sorted(networks.names())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", MODELS)
def test_built_in_network_agrees_with_a_model_by_hand(name: str, seed: int) -> None:
    module, model = built_in_module(name), MODELS[name]
    inputs = draw_inputs(module, model.draws, seed)
    loss, expected = torch_gradients(model, module, inputs)
    check_against(module, loss, expected, inputs, keywords(model.unknown))


@pytest.mark.parametrize("name", MODELS)
def test_the_model_by_hand_agrees_with_the_equations(name: str) -> None:
    model, module = MODELS[name], built_in_module(name)
    network = read_network(*networks.source(name), name)
    inputs = draw_inputs(module, model.draws, 4)
    loss, expected = torch_gradients(model, module, inputs)
    found, gradients = witness.gradients(network, tensors(inputs), model.unknown)
    assert relative_error(found, loss) <= BOUND
    assert {n: e for n in gradients if (e := relative_error(gradients[n].numpy(), expected[n].numpy())) > BOUND} == {}


OWN_NETWORKS: dict[str, dict[str, Draw]] = {
    "mish_net": {},
    "own_normalisation": {},
    "clipped_pairs": {"mask": unit},
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", OWN_NETWORKS)
def test_network_with_functions_of_its_own(name: str, seed: int) -> None:
    module = module_from(OWN, name)
    inputs = draw_inputs(module, OWN_NETWORKS[name], seed)
    network = read_network(OWN, "own_networks.py", name)
    loss, expected = witness.gradients(network, tensors(inputs))
    check_against(module, loss, expected, inputs, {})
