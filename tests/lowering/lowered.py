"""What the tests of this room share: a network's text to its program, its values by `run` and by the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath
import numpy as np

from symbp.calculus.derive import derive
from symbp.core.network import Network
from symbp.lowering.lower import lower, pure
from symbp.lowering.program import Program, Routine
from symbp.lowering.run import run
from symbp.notation.read import read_network
from tests.lowering.reference import Reference

SIZES = {"N": 3, "D": 5, "H": 2, "K": 4, "T": 6}
HEAD = "from symbp import Data, Labels, Param, dims, network\nN, D, H, K, T = dims('N D H K T')\n"


def network(signature: str, *lines: str, before: str = "") -> Network:
    """A network of that signature and those statements."""
    body = "".join(f"    {line}\n" for line in lines)
    return read_network(f"{HEAD}{before}@network\ndef f({signature}):\n{body}")


def program(net: Network) -> Program:
    """The program with its places."""
    return lower(derive(net))


def gradient_routine(net: Network) -> Routine:
    """The pure statements of loss and gradients."""
    return pure(derive(net)).routine("loss_and_gradients")


def draw(
    net: Network, seed: int = 0, positive: bool = False, sizes: Mapping[str, int] = SIZES
) -> dict[str, np.ndarray]:
    """Random inputs, at sizes that are all different if no others are given."""
    rng = np.random.default_rng(seed)
    reference = Reference(net, dict(sizes))
    arrays = {t.name: rng.normal(size=reference.shape(t.name)) for t in net.inputs}
    return {n: np.abs(a) + 0.1 if positive else a for n, a in arrays.items()}


def check_values(
    net: Network, arrays: dict[str, np.ndarray], bound: float = 1e-12, sizes: Mapping[str, int] = SIZES
) -> None:
    """The pure program gives the loss and the gradients of the reference."""
    expected = Reference(net, dict(sizes)).loss_and_gradients(arrays)
    found = run(gradient_routine(net), arrays, dict(sizes))
    loss, gradients = expected
    assert relative(found[net.outputs[0]], np.array(loss)) <= bound
    for name, gradient in gradients.items():
        assert np.shape(found[name]) == np.shape(gradient), name
        assert relative(found[name], gradient) <= bound, name


def relative(found: Any, expected: np.ndarray) -> float:
    """The largest difference to the largest entry expected; 0 where both underflow."""
    found, expected = np.ravel(np.asarray(found)), np.ravel(expected)
    if not np.all(np.isfinite(found)):
        return float("inf")
    apart = max(abs(mpmath.mpf(float(a)) - b) for a, b in zip(found, expected, strict=True))
    return float(apart / max(mpmath.mpf(10) ** -290, *(abs(b) for b in expected)))
