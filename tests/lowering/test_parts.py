"""What is for one slice of an array is computed there; the modules are right by every witness."""

from __future__ import annotations

import re

import pytest

from symbp.calculus.derive import derive
from symbp.emit.write import write_module
from symbp.lowering.lower import lower
from symbp.notation.read import read_network
from symbp.pipeline import Build
from symbp.sources import Source
from symbp.verify.module import check_module
from tests.shared import build_of

HEAD = "from symbp import Array, Data, Labels, Param, dims, network\nT, N, D, H = dims('T N D H')\n@network\n"

# What is joined, and whether its parts are computed in place in `loss_and_gradients`.
NETWORKS = {
    "side by side": (
        """
def net(x: Param[N, H], w: Param[N, D]):
    y[n, k:H + D] = tanh(x[n, k]) if k < H else exp(w[n, k - H])
    return sum(y**3) / 3
""",
        True,
    ),
    "of another length": (
        """
def net(x: Param[N, H], w: Param[N]):
    y[n, k:H + 1] = tanh(x[n, k]) if k < H else exp(w[n])
    return sum(y**3) / 3
""",
        True,
    ),
    "needed by others too": (
        """
def net(x: Param[N, H], w: Param[N, D]):
    u[n, k] = tanh(x[n, k])
    y[n, k:H + D] = u[n, k] if k < H else w[n, k - H]
    return sum(y**3) / 3 + sum(u**2)
""",
        False,
    ),
    "beside zeros": (
        """
def net(x: Param[N, H]):
    y[n, k:H + 1] = tanh(x[n, k]) if k < H else 0
    return sum(y**3) / 3
""",
        False,
    ),
    "a slice of a slice": (
        """
def net(x: Param[N, H], w: Param[N, D]):
    u[n, k:H + 1] = tanh(x[n, k]) * x[n, k] if k < H else exp(x[n, 0])
    v[n, k:H + 1] = u[n, k] * u[n, k] + 1
    y[n, k:H + 1 + D] = v[n, k] * sin(u[n, k]) if k < H + 1 else w[n, k - H - 1]
    return sum(y**3) / 3
""",
        True,
    ),
    "all steps of a loop beside others": (
        """
def net(x: Data[T, H], h0: Data[H], W: Param[H, H], V: Param[2 * H, D], v: Param[T, H]):
    h[-1] = h0
    for t in T:
        h[t] = tanh(x[t] + h[t - 1] @ W)
    y[t, k:2 * H] = h[t, k] * h[t, k] * v[t, k] if k < H else exp(v[t, k - H])
    return sum((y @ V)**2) / 2
""",
        True,
    ),
    "carried on": (
        """
def net(x: Data[T, N, H], h0: Data[N, 2 * H], W: Param[2 * H, H], V: Param[2 * H, H]):
    h[-1] = h0
    for t in T:
        a[t] = x[t] + h[t - 1] @ W
        b[t] = h[t - 1] @ V
        h[t, n, k:2 * H] = tanh(a[t, n, k]) if k < H else sigmoid(b[t, n, k - H])
    return sum(h**2) / 2
""",
        True,
    ),
}


def in_place(module: str) -> list[str]:
    """Results of `loss_and_gradients` that are written into a slice."""
    body = module[module.index("def loss_and_gradients") :]
    return re.findall(r"out=(\w+\S*\[[^\]]*:[^\]]*\])\)", body[: body.index("\ndef ", 1)])


@pytest.mark.parametrize("name", NETWORKS)
def test_a_slice_is_computed_in_its_place(name: str) -> None:
    text, some = NETWORKS[name]
    network = read_network(HEAD + text.strip(), "net.py")
    derivation = derive(network)
    module = write_module(lower(derivation))[0]
    assert bool(in_place(module)) == some
    checks = check_module(network, module, backward=derivation.backward, adjoints=derivation.gradients)
    assert [c for c in checks if not c.passed] == []


def test_the_gates_of_an_lstm_are_computed_side_by_side() -> None:
    module = build_of("lstm").module[0]
    gates = [": H", "H : 2 * H", "2 * H : 3 * H", "3 * H : 4 * H"]
    assert sorted(in_place(module)) == sorted(f"z_bar[t][{span}]" for span in gates)


def test_what_replaces_a_value_in_its_slice_under_one_name_twice_is_named() -> None:
    """In the Hessian times a vector a part is computed over another, in several statements of one name."""
    text = """
def net(x: Param[N, H], y: Param[N, D], w: Data[N, H + D]):
    p = tanh(x)
    q = exp(y / 3)
    c[n, i:H + D] = p[n, i] if i < H else q[n, i - H]
    return sum((c - w)**2) + sum(p**3) + sum(q)
"""
    build = Build(Source(HEAD + text.strip() + "\n", "net.py", "net"), hvp=True)
    assert [c for c in build.checks if not c.passed] == []
