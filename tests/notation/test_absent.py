"""Labels of which some name no class: what is ignored, and that they are subscripts only under a condition."""

from __future__ import annotations

import numpy as np
import pytest

from symbp.errors import NotationError
from symbp.findings import demand_passed
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.pipeline import Build
from symbp.sources import Source

HEAD = """from symbp import Data, Labels, Param, dims, network

N, K = dims("N K")


@network
def net(z: Param[N, K], t: Labels[N, K{absent}]):
    return {body}
"""


def source(body: str, absent: str = ", -100") -> str:
    return HEAD.format(body=body, absent=absent)


def module_of(body: str, absent: str = ", -100") -> dict[str, object]:
    build = Build(Source(source(body, absent), "net.py", "net"))
    demand_passed(build.checks)
    exec(build.module[0], made := {})
    return made


def test_what_is_ignored_has_no_loss_and_no_gradient() -> None:
    """Two rows of four count: the mean is that of these, the gradient of the others 0."""
    made = module_of("cross_entropy(z, t)")
    z = np.array([[0.0, 1.0, 2.0], [3.0, 1.0, 0.0], [0.5, 0.5, 0.0], [1.0, 1.0, 1.0]])
    loss, gradients = made["loss_and_gradients"](np.array([2, -100, -100, 0]), z=z)  # type: ignore[operator]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert loss == pytest.approx(-(np.log(p[0, 2]) + np.log(p[3, 0])) / 2, rel=1e-14)
    wanted = np.zeros((4, 3))
    wanted[0], wanted[3] = (p[0] - [0, 0, 1]) / 2, (p[3] - [1, 0, 0]) / 2
    assert gradients["z"] == pytest.approx(wanted, rel=1e-13, abs=1e-16)


@pytest.mark.parametrize("label", [-1, 3])
def test_another_number_is_no_label(label: int) -> None:
    made = module_of("cross_entropy(z, t)")
    with pytest.raises(ValueError, match=rf"t\[1\] is {label}, expected a label from 0 to K - 1 = 2"):
        made["loss_and_gradients"](np.array([-100, label]), z=np.ones((2, 3)))  # type: ignore[operator]


def test_what_is_written_reads_back() -> None:
    network = read_network(source("sum(z[n, t[n]] if t[n] != -100 else 0 for n in N)"), "net.py", "net")
    assert network.inputs[1].absent == -100
    assert "t: Labels[N, K, -100]" in write_network(network)
    assert read_network(write_network(network), "net.py", "net") == network


@pytest.mark.parametrize(
    "body",
    [
        "sum(z[n, t[n]] for n in N)",
        "sum(z[n, t[n]] if t[n] < 2 else 0 for n in N)",
        "sum(z[n, t[n]] if t[n] != -1 else 0 for n in N)",
        "sum(z[n, t[n]] if t[n] == -100 else 0 for n in N)",
        "cross_entropy(z, t, ignore_index=-1)",
    ],
)
def test_a_subscript_without_a_condition_is_refused(body: str) -> None:
    with pytest.raises(NotationError, match=r"`t` may be -100 in `L\w*`, which is no class; read it where it is not"):
        read_network(source(body), "net.py", "net")


@pytest.mark.parametrize("test", ["t[n] >= 0", "t[n] != -100", "0 <= t[n] < 2", "t[n] > 0 and z[n, 0] > 0"])
def test_a_condition_that_leaves_it_out_is_enough(test: str) -> None:
    read_network(source(f"sum(z[n, t[n]] if {test} else 0 for n in N)"), "net.py", "net")


def test_a_number_that_no_label_is_ignores_nothing() -> None:
    """PyTorch's -100 is the default, and labels that are all classes are as they were."""
    plain, named = (
        read_network(source(f"cross_entropy(z, t{option})", ""), "net.py", "net")
        for option in ("", ", ignore_index=-7")
    )
    assert plain == named
