"""Networks whose value floats have no room for on the way: the witness takes mpmath's numbers."""

import numpy as np
import pytest

from symbp.notation.read import read_network
from symbp.pipeline import Build
from symbp.sources import Source
from symbp.verify.draw import NoData, numbers_with_values
from symbp.verify.sizes import choose_sizes

SHUT = """
from symbp import Param, dims, network

N, K = dims("N K")


@network
def shut(z: Param[N, K]):
    return sum(log(sum(exp(z[n, k] - 5000) for k in K)) for n in N)
"""


def test_a_logarithm_of_what_underflows_is_checked_and_right() -> None:
    build = Build(Source(SHUT, "shut.py", "shut"))
    assert [c.note for c in build.checks if not c.passed] == []
    module: dict[str, object] = {}
    exec(build.module[0], module)
    z = np.array([[0.0, 1.0, 2.0], [0.5, 0.5, 0.5]])
    loss, gradients = module["loss_and_gradients"](z=z)  # type: ignore[operator]
    weights = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert loss == pytest.approx(np.log(np.exp(z).sum(axis=1)).sum() - 10000, rel=1e-14)
    assert np.allclose(gradients["z"], weights, rtol=1e-14, atol=0)


def test_floats_are_taken_where_they_do() -> None:
    network = read_network(SHUT.replace("- 5000", "- 5"), "shut.py", "shut")
    numbers, _ = numbers_with_values(network, choose_sizes(network), network.outputs[0])
    assert numbers.name != "mpmath"


def test_what_has_no_value_at_all_is_told_as_floats_tell_it() -> None:
    text = SHUT.replace("log(sum(exp(z[n, k] - 5000) for k in K))", "log(0 * z[n, 0])")
    network = read_network(text, "shut.py", "shut")
    with pytest.raises(NoData, match=r"log\(0"):
        numbers_with_values(network, choose_sizes(network), network.outputs[0])


MASKED = """
from symbp import Data, Param, dims, network

N, K = dims("N K")


@network
def masked(z: Param[N, K], {m}: Data[N, K]):
    e = exp(z - {shut})
    return sum((e / sum(e, axis=1, keepdims=True)) ** 2)
"""


@pytest.mark.parametrize(("m", "shut"), [("m", "1e30 * (1 - m)"), ("closed", "1e12 * closed")])
def test_what_has_a_value_under_masks_alone_is_checked_under_masks(m: str, shut: str) -> None:
    build = Build(Source(MASKED.format(m=m, shut=shut), "masked.py", "masked"))
    assert {c.note for c in build.checks if c.name == "equalities"} == {"data drawn 0 or 1"}
    assert [c.note for c in build.checks if not c.passed] == []
