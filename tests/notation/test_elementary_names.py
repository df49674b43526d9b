"""The names of elementary functions: which of them a file may give to something of its own."""

from __future__ import annotations

import pytest

from symbp.core.expr import Fn
from symbp.core.traverse import walk
from symbp.notation.read import read_network

HEAD = 'from symbp import Param, dims, function, network\n\nN = dims("N")\n\n\n'


def called(text: str) -> set[tuple[str, bool]]:
    """The functions in a network's equations, and whether each is an unknown one."""
    network = read_network(HEAD + text)
    return {(n.name, bool(n.orders)) for e in network.equations for n in walk(e.body) if isinstance(n, Fn)}


@pytest.mark.parametrize(("text", "expected"), [
    ("@network\ndef tan(w: Param[N]):\n    return sum(tan(w))\n", {("tan", False)}),
    ("def tan(z):\n    return sin(z) / cos(z)\n\n\n@network\ndef net(w: Param[N]):\n    return sum(tan(w))\n",
     {("sin", False), ("cos", False)}),
    ("tan = function('tan')\n\n\n@network\ndef net(w: Param[N]):\n    return sum(tan(w))\n", {("tan", True)}),
    ("@network\ndef net(tan: Param[N], digamma: Param):\n    return sum(tan * digamma)\n", set()),
    ("@network\ndef net(w: Param[N]):\n    sinh = cosh(w)\n    return sum(sinh)\n", {("cosh", False)}),
])  # fmt: skip
def test_names(text: str, expected: set[tuple[str, bool]]) -> None:
    assert called(text) == expected
