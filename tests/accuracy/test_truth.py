"""That the measure itself is right: the truth in many digits, the rule, and that a planted fault is found."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch

from symbp.notation.read import read_network
from tests.accuracy.draws import float32_inputs, settings
from tests.accuracy.measure import Run, Subject
from tests.accuracy.rule import Errors, error, missed
from tests.accuracy.subjects import built_in, further
from tests.accuracy.truth import Question, find_exact_truth
from tests.autograd.modules import relative_error

SUBJECTS = {s.name: s for s in (*built_in(), *further())}
# Recurrences, lists of arrays, windows, labels, conditions, an unknown function, the library.
EVALUATED = ("two_paths", "mlp", "conv_layer", "lstm", "char_mlp", "chain_of_tags", "causal_heads", "normalised_depth")
HEADER = "from symbp import Data, Param, dims, network\n\n(N,) = dims('N')\n\n\n@network\n"


def question(text: str, **inputs: float) -> Question:
    """A network of scalars at these numbers."""
    network = read_network(HEADER + text, "small.py", "small")
    return Question(network, {n: np.asarray(v, np.float32) for n, v in inputs.items()})


def run_at(subject: Subject, label: str) -> Run:
    """A network at the setting of that label."""
    network, module = subject.built()
    setting = next(s for s in settings(module, subject.draws) if s.label == label)
    return Run(subject, network, module, setting, 1, float32_inputs(module, subject.draws, subject.ranges, setting, 1))


@pytest.mark.parametrize("name", EVALUATED)
def test_many_digits_say_what_autograd_says(name: str) -> None:
    run = run_at(SUBJECTS[name], "1")
    asked = run.question(run.inputs)
    truth, (loss, gradients) = find_exact_truth(asked), asked.by_person(torch.float64)
    assert truth is not None
    assert truth.source.endswith("digits")
    assert relative_error(truth.loss, loss) < 1e-12
    assert [n for n, g in gradients.items() if not relative_error(truth.gradients[n], g) < 1e-11] == []


SIGMOID = "def small(z: Param):\n    return 1 / (1 + exp(-z))\n"


def test_many_digits_keep_what_float64_loses() -> None:
    truth = find_exact_truth(question(SIGMOID, z=72.0))
    assert truth is not None
    assert float(truth.gradients["z"]) == pytest.approx(math.exp(-72), rel=1e-12)


def test_many_digits_bear_a_sentinel() -> None:
    share = "exp(z - 1e30) / (exp(z - 1e30) + exp(y - 1e30))"
    truth = find_exact_truth(question(f"def small(y: Data, z: Param):\n    return {share}\n", y=0.0, z=1.0))
    assert truth is not None
    assert truth.loss == pytest.approx(1 / (1 + math.exp(-1)), rel=1e-12)


def test_a_gradient_that_is_zero_is_measured_by_its_terms() -> None:
    truth = find_exact_truth(
        question("def small(x: Data, b: Param):\n    return (x + b) - (2 * b - x) + b\n", x=3, b=5)
    )
    assert truth is not None
    assert float(truth.gradients["b"]) == 0
    assert float(truth.sizes["b"]) == 4


@pytest.mark.parametrize(
    "text",
    [
        "def small(w: Param):\n    return sqrt(w)\n",
        "def small(w: Param):\n    return log(w)\n",
        "def small(w: Param):\n    return 1 / w\n",
    ],
)
def test_where_the_definition_has_no_derivative_there_is_no_truth(text: str) -> None:
    assert find_exact_truth(question(text, w=0.0)) is None


def test_errors_are_relative_and_what_float32_cannot_hold_is_zero() -> None:
    assert error(np.array([3.0, 4.00001]), np.array([3.0, 4.0])) == pytest.approx(2e-6, rel=1e-3)
    assert error(np.array([0.0]), np.array([1e-40])) == 0
    assert error(np.array([1e-7]), np.array([1e-60]), 2.0) == pytest.approx(5e-8)
    assert error(np.array([np.nan]), np.array([1.0])) == math.inf


def test_the_rule() -> None:
    theirs = Errors({"a": 1e-6, "b": 0.0, "c": math.inf})
    assert missed(Errors({"a": 3.9e-6, "b": 9e-7, "c": 1.0}), theirs) == {}
    assert set(missed(Errors({"a": 4.1e-6, "b": 1.1e-6, "c": math.inf}), theirs)) == {"a", "b", "c"}


def faulty(module: ModuleType, factor: float) -> ModuleType:
    """The module with its first gradient multiplied."""
    found = ModuleType(module.__name__)
    found.__dict__.update(module.__dict__)

    def loss_and_gradients(*data: object, **given: object) -> object:
        loss, gradients = module.loss_and_gradients(*data, **given)
        name = module.PARAMETERS[0]
        return loss, {**gradients, name: gradients[name] * np.float32(factor)}

    found.loss_and_gradients = loss_and_gradients
    return found


@pytest.mark.parametrize("factor", [1 + 1e-5, 0.0, math.nan, math.inf])
def test_a_planted_fault_is_found(factor: float) -> None:
    run = run_at(SUBJECTS["sigmoid_softmax"], "1")
    assert run.outcome().misses == ()
    bad = Run(run.subject, run.network, faulty(run.module, factor), run.setting, run.seed, run.inputs)
    assert [m.tensor for m in bad.outcome().misses] in (["W1"], [""])
