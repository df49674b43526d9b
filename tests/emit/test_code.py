"""The text of the module: matrix products where there are products, nothing twice, each equation at its place."""

from __future__ import annotations

import re

import pytest

from symbp import networks
from symbp.calculus.derive import derive
from symbp.emit.write import write_module
from symbp.lowering.lower import lower
from symbp.notation.read import read_network
from tests.emit.emitted import body_of, text_of
from tests.emit.test_module import ISSUE_2
from tests.shared import build_of, derivation_of

# matrix products and sums of rows, exponentials and logarithms, scratch arrays at most
COUNTS = {
    "affine_pair": (3, 0, 3),
    "sigmoid_softmax": (8, 4, 9),
    "two_layer_net": (8, 2, 8),
    "binary_logistic": (2, 3, 5),
    "tied_autoencoder": (7, 2, 8),
    "deep_mlp": (28, 18, 30),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name: str) -> None:
    products, exponentials, scratch = COUNTS[name]
    code = body_of(text_of(name))
    assert len(re.findall(r"np\.matmul|_row_sum", code)) == products
    assert len(re.findall(r"np\.(?:exp|log|log1p|expm1)\(", code)) <= exponentials
    assert text_of(name).count("        _aligned(") + text_of(name).count("        np.ones(") <= scratch


@pytest.mark.parametrize("name", ISSUE_2)
def test_no_loop_and_no_einsum(name: str) -> None:
    code = body_of(text_of(name))
    assert not re.search(r"\bfor\b|\bwhile\b|einsum|np\.vectorize|np\.add\.at", code)


@pytest.mark.parametrize("name", [*ISSUE_2, "two_paths", "generic_neuron"])
def test_lines_are_short_and_the_text_is_python(name: str) -> None:
    text = text_of(name)
    compile(text, "gradients.py", "exec")
    assert max(map(len, text.splitlines())) <= 120
    assert "\t" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", ISSUE_2)
def test_every_gradient_and_forward_equation_has_its_lines(name: str) -> None:
    derivation, (text, places) = derivation_of(name), build_of(name).module
    lines = text.splitlines()
    numbers = dict(derivation.numbers)
    shown = [e.name for e in derivation.network.equations] + [g for _, g in derivation.gradients]
    for key in shown:
        number = numbers[key]
        first, last = places[number]
        assert any(re.search(rf"\[(?:[\d, ]*\b)?{number}\b", line) for line in lines[first - 1 : last]), key


@pytest.mark.parametrize("name", ISSUE_2)
def test_twice_the_same_text(name: str) -> None:
    network = read_network(*networks.source(name), name)
    assert write_module(lower(derive(network))) == write_module(lower(derive(network)))
