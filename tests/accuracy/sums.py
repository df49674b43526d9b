"""Sums over a million examples: gradients of biases, losses, means, in float32 beside PyTorch's, against float64."""

from __future__ import annotations

from functools import partial
from types import ModuleType

import numpy as np
import torch
from torch.nn import functional as F

from symbp.sources import Source
from tests.accuracy.measure import Miss, Outcome, Subject, failed, ratio, run_module
from tests.accuracy.rule import Errors, errors, missed
from tests.accuracy.table import Entry, entry
from tests.accuracy.truth import Truth, by_torch
from tests.autograd.modules import draw_inputs
from tests.autograd.random_data import bits

COUNT, SEEDS = 1_000_000, (1, 2, 3)
# A single rounding in float32: an error below it is none.
FLOOR = float(np.finfo(np.float32).eps)
TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
@network
def bias_of_a_million(x: Data[N, 2], y: Data[N, 3], W: Param[2, 3], b: Param[3]):
    return sum((x @ W + b - y) ** 2) / N
""")
def bias_of_a_million(x, y, W, b):
    return ((x @ W + b - y) ** 2).sum() / len(x)


@network("""
@network
def shared_shift(x: Data[N], b: Param):
    return mean((x + b) ** 2 / 2)
""", x=lambda rng, shape: rng.uniform(0.5, 1.5, shape))  # fmt: skip
def shared_shift(x, b):
    return ((x + b) ** 2 / 2).mean()


@network("""
@network
def logistic_of_a_million(x: Data[N, 3], y: Data[N], w: Param[3], b: Param):
    p = sigmoid(x @ w + b)
    return -mean(y * log(p) + (1 - y) * log(1 - p))
""", y=bits)  # fmt: skip
def logistic_of_a_million(x, y, w, b):
    return F.binary_cross_entropy_with_logits(x @ w + b, y)


@network("""
@network
def classes_of_a_million(x: Data[N, 2], y: Labels[N, 4], W: Param[2, 4], b: Param[4]):
    return cross_entropy(x @ W + b, y)
""")
def classes_of_a_million(x, y, W, b):
    return F.cross_entropy(x @ W + b, y)


@network("""
@network
def layer_of_a_million(x: Data[N, 2], y: Data[N, 1], W: Param[2, 4], b: Param[4], v: Param[4, 1], c: Param[1]):
    return sum((relu(x @ W + b) @ v + c - y) ** 2) / N
""")
def layer_of_a_million(x, y, W, b, v, c):
    return ((F.relu(x @ W + b) @ v + c - y) ** 2).sum() / len(x)


@network("""
@network
def spread_of_a_million(x: Data[N, 2], g: Param[2], b: Param[2], t: Data[N, 2]):
    z = g * (x - mean(x, axis=0)) / sqrt(mean((x - mean(x, axis=0)) ** 2, axis=0) + 1e-5) + b
    return mean((z - t) ** 2)
""")
def spread_of_a_million(x, g, b, t):
    return ((F.batch_norm(x, None, None, g, b, training=True, eps=1e-5) - t) ** 2).mean()


@network("""
@network
def pooled_in_indices(x: Data[N, 2], w: Param[2], b: Param):
    s = sum(tanh(sum(x[n, d] * w[d] for d in range(2)) + b) for n in N)
    return (s / N - 1) ** 2
""")  # fmt: skip
def pooled_in_indices(x, w, b):
    return (torch.tanh(x @ w + b).mean() - 1) ** 2


def measure(e: Entry, seeds: tuple[int, ...] = SEEDS) -> Outcome:
    """A network at a million examples: the largest errors over some draws, by the rule."""
    label = "N = 1e6"
    try:
        network, module = Subject(e.name, Source(e.text, f"{e.name}.py", e.name), e.model).built()
        pairs = [_errors(module, network.parameters, e, seed) for seed in seeds]
    except Exception as error:
        return Outcome(e.name, label, (failed(e.name, label, 0, error),))
    ours, theirs = (_worst([p[k] for p in pairs]) for k in (0, 1))
    wrong = missed(ours, theirs, FLOOR)
    return Outcome(
        e.name, label, tuple(Miss(e.name, label, 0, n, *pair) for n, pair in wrong.items()),
        ratio(ours, theirs, FLOOR), "float64",
    )  # fmt: skip


def _errors(module: ModuleType, parameters: tuple[str, ...], e: Entry, seed: int) -> tuple[Errors, Errors]:
    inputs = draw_inputs(module, e.draws, seed, {"N": (COUNT, COUNT + 1)})
    given = {n: v if v.dtype.kind == "i" else v.astype(np.float32) for n, v in inputs.items()}
    truth = Truth(*by_torch(e.model, parameters, given, torch.float64), "float64")
    return (
        errors(run_module(module, given, {}), truth),
        errors(by_torch(e.model, parameters, given, torch.float32), truth),
    )


def _worst(found: list[Errors]) -> Errors:
    worst = found[0]
    for other in found[1:]:
        worst = worst.worst(other)
    return worst
