"""Hessian-vector products of emitted modules against PyTorch's double backward in float64."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from symbp.notation.read import read_network
from tests.autograd import witness
from tests.autograd.compare import Given, arrays, keywords, tensors
from tests.autograd.models import MODELS, f
from tests.autograd.modules import BOUND, Array, draw_inputs, module_of, norm, relative_error
from tests.shared import build_of

OWN_FILE = Path(__file__).parent / "hessian_networks.py"
OWN = OWN_FILE.read_text()
UNKNOWN = {"f": lambda u: torch.tanh(u) + torch.sin(u) / 3, "g": f}
# A part that is nearly 0 beside the others is measured against so much of the largest.
FLOOR = 1e-3
Vector = Mapping[str, Array]


@cache
def module(name: str) -> ModuleType:
    return module_of(build_of(name if name in MODELS else f"{OWN_FILE}:{name}", hvp=True).module[0], name)


def random_like(value: Array, rng: np.random.Generator) -> Array:
    if isinstance(value, list):
        return [random_like(part, rng) for part in value]
    return rng.normal(size=np.shape(value))


def vector_for(inputs: Mapping[str, Array], names: tuple[str, ...], seed: int) -> Vector:
    rng = np.random.default_rng(1000 + seed)
    return {n: random_like(inputs[n], rng) for n in names}


def parts(value: Given) -> list[torch.Tensor]:
    return value if isinstance(value, list) else [value]


def double_backward(loss: Callable[..., torch.Tensor], inputs: Mapping[str, Array], vector: Vector) -> dict[str, Array]:
    """The Hessian of a loss written in PyTorch times a vector, by the gradient of gradient . vector."""
    given, along = tensors(inputs), tensors(vector)
    flat = [leaf.requires_grad_() for n in vector for leaf in parts(given[n])]
    with sdpa_kernel(SDPBackend.MATH):  # the other kernels have no second derivative
        first = torch.autograd.grad(loss(**given).reshape(()), flat, create_graph=True, allow_unused=True)
    directions = [d for n in vector for d in parts(along[n])]
    slopes = [(g * d).sum() for g, d in zip(first, directions, strict=True) if g is not None]
    slope = torch.stack([s for s in slopes if s.requires_grad] or [sum(p.sum() for p in flat) * 0]).sum()
    second = torch.autograd.grad(slope, flat, allow_unused=True)
    found = iter(torch.zeros_like(p) if h is None else h for p, h in zip(flat, second, strict=True))
    return {n: arrays([next(found) for _ in v] if isinstance(v, list) else next(found)) for n, v in vector.items()}


def product(name: str, inputs: Mapping[str, Array], vector: Vector, unknown: Mapping[str, Callable], **options):  # type: ignore[no-untyped-def, type-arg]
    """What the module says, any warning an error."""
    m = module(name)
    functions = {n: g for n, g in keywords(unknown).items() if n in m.FUNCTIONS}
    parameters = {n: inputs[n] for n in m.PARAMETERS}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return m.hessian_vector_product(*(inputs[n] for n in m.DATA), vector, **parameters, **functions, **options)


def worst(found: Vector, expected: Vector) -> float:
    floor = FLOOR * max(norm(e) for e in expected.values())
    return max(relative_error(found[n], e, floor) for n, e in expected.items())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_built_in_network(name: str, seed: int) -> None:
    model = MODELS[name]
    inputs = draw_inputs(module(name), model.draws, seed, model.sizes)
    vector = vector_for(inputs, module(name).PARAMETERS, seed)
    found = product(name, inputs, vector, model.unknown)
    assert tuple(found) == module(name).PARAMETERS
    assert worst(found, double_backward(model.loss, inputs, vector)) <= BOUND


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", ["unknown_walk", "kinked", "labelled"])
def test_network_of_ones_own(name: str, seed: int) -> None:
    network = read_network(OWN, "hessian_networks.py", name)
    inputs = draw_inputs(module(name), {}, seed)
    vector = vector_for(inputs, network.parameters, seed)
    found = product(name, inputs, vector, UNKNOWN)
    expected = double_backward(lambda **given: witness.evaluate(network, given, UNKNOWN), inputs, vector)
    assert worst(found, expected) <= BOUND


def inner(a: Vector, b: Vector) -> float:
    flat = ([np.ravel(p) for n in a for p in (v[n] if isinstance(v[n], list) else [v[n]])] for v in (a, b))
    return float(np.dot(*map(np.concatenate, flat)))


@pytest.mark.parametrize("name", ["sigmoid_softmax", "lstm", "mlp", "layer_norm_mlp", "attention_head", "kinked"])
def test_the_hessian_is_symmetric(name: str) -> None:
    model = MODELS.get(name)
    inputs = draw_inputs(module(name), model.draws if model else {}, 7, model.sizes if model else None)
    u, v = (vector_for(inputs, module(name).PARAMETERS, seed) for seed in (7, 8))
    left, right = inner(u, product(name, inputs, v, UNKNOWN)), inner(v, product(name, inputs, u, UNKNOWN))
    assert left == pytest.approx(right, rel=1e-10)


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_loud_logits_stay_finite_and_right(scale: float) -> None:
    inputs = draw_inputs(module("labelled"), {}, 3)
    inputs["W2"] *= scale
    vector = vector_for(inputs, ("W1", "s", "W2"), 3)
    found = product("labelled", inputs, vector, {})
    network = read_network(OWN, "hessian_networks.py", "labelled")

    def loss(x, t, W1, s, W2):  # type: ignore[no-untyped-def]
        return torch.nn.functional.cross_entropy(s * torch.sigmoid(x @ W1) @ W2, t)

    assert network.parameters == tuple(vector)
    assert worst(found, double_backward(loss, inputs, vector)) <= 1e-9


@pytest.mark.parametrize("scale", [1.0, 1e4, -1e4])
def test_saturated_sigmoids_have_no_nan(scale: float) -> None:
    inputs = draw_inputs(module("binary_logistic"), MODELS["binary_logistic"].draws, 3)
    inputs["w"] = inputs["w"] * scale
    vector = vector_for(inputs, ("w", "b"), 3)
    found = product("binary_logistic", inputs, vector, {})
    z = inputs["x"] @ inputs["w"] + inputs["b"]
    e = np.exp(-np.abs(z))
    weight = e / (1 + e) ** 2 / len(z) * (inputs["x"] @ vector["w"] + vector["b"])  # H = X^T diag(p (1 - p)) X / N
    assert worst(found, {"w": inputs["x"].T @ weight, "b": np.asarray(weight.sum())}) <= BOUND
