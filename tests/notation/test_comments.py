"""What a comment calls a quantity is said on the page, in the module, in messages and in backward.py, twice over."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from symbp.calculus.derive import derive
from symbp.core.equality import Check
from symbp.core.network import Network
from symbp.document.compose import compose
from symbp.document.tex.write import write_latex
from symbp.document.words import LANGUAGES
from symbp.emit.write import write_module
from symbp.escape import Prose, in_tex, same_code
from symbp.findings import findings
from symbp.lowering.lower import placed, pure
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from tests import hostile

TEXT = '''from symbp import Data, Param, dims, network
N, D = dims("N D")
@network
def net(
    x: Data[N, D],  # one row for each house | 每行一座房子
    w: Param[D], v: Param[D],  # of two
    b: Param,  # offset
):
    """Prices.
    房价。"""
    z = (
        x @ w  # inside
    )  # {words}
    a = z + b; c = a * 2  # of two
    r = c @ c  # noqa: E501
    q = r + v @ v  # (scalar)
    for_long = q * 2  # {long}
    return for_long
'''


def network_of(words: str = "price | 价格") -> Network:
    return read_network(TEXT.replace("{words}", words).replace("{long}", "x" * 81), "net.py", "net")


def tex_of(network: Network, lang: str = "en") -> str:
    return write_latex(compose(derive(network), {}), LANGUAGES[lang])


def module_of(network: Network) -> str:
    return write_module(placed(pure(derive(network), None)))[0]


CELL = '''from symbp import Array, Data, Param, dims, network
N, D = dims("N D")
def cell(x, w):
    """Half of x passes.
    通过一半。"""
    g = sigmoid(x @ w)  # gate: how much passes | 门：让多少通过
    return g * x
@network
def net(x: Data[N, D], w: Param[D, D]):
    """Gated."""
    y = cell(x, w)  # output: what is left | 输出：剩下的
    return sum(layer_norm(y, w[0], w[1]) ** 2)
'''


def test_what_stands_behind_a_colon_says_what_it_is_for() -> None:
    words = Prose("forget gate: how much stays | 遗忘门：保留多少")
    assert (words.part(False).raw, words.meaning(False).raw) == ("forget gate", "how much stays")
    assert (words.part(True).raw, words.meaning(True).raw) == ("遗忘门", "保留多少")
    assert Prose("12:30").part(False).raw == "12:30"
    assert not Prose("price").meaning(False)
    assert network_of("gate: " + "how much of it " * 8).called("z").part(False).raw == "gate"
    assert not network_of("g" * 81 + ": x").called("z")


def test_a_function_names_what_it_makes_and_says_what_it_is_for() -> None:
    network = read_network(CELL, "net.py", "net")
    words = {name: w.part(False).raw for name, w in network.words}
    assert words["y"] == "output"
    assert {"gate", "mean", "variance", "reciprocal deviation", "normalised"} <= set(words.values())
    assert [name for name, _ in network.docs] == ["sigmoid", "cell", "layer_norm"]
    tex = tex_of(network)
    assert "\\lead{In words.} $\\sigma$: A switch" in tex
    assert "$\\operatorname{cell}$: Half of x passes." in tex
    assert "the gate: how much passes." in tex
    assert "the output: what is left." in tex
    chinese = tex_of(network, "zh")
    assert "通过一半" in chinese
    assert "让多少通过" in chinese
    assert "Half of x" not in chinese


def test_a_comment_behind_what_it_defines_names_it() -> None:
    assert dict(network_of().words) == {
        "x": Prose("one row for each house | 每行一座房子"),
        "b": Prose("offset"),
        "z": Prose("price | 价格"),
    }
    assert network_of() == network_of("another")  # how it was written, not what it says


def test_each_place_says_it_in_its_language() -> None:
    network = network_of()
    english, chinese, module = tex_of(network), tex_of(network, "zh"), module_of(network)
    assert r"\text{price}\quad" in english
    assert "one row for each house; data" in english
    assert "bar} (price)" in english.replace("\\_", "_")
    assert "Prices\n" in english or "Prices}" in english
    assert "价格" not in english
    assert r"\text{价格}\quad" in chinese
    assert "每行一座房子；" in chinese
    assert "房价" in chinese
    assert "price" not in chinese.replace("\\_", "_")
    assert "(price)" in module
    assert "价格" not in module
    assert "Loss and gradients of net: Prices." in module
    assert findings((Check("b", "central difference", 1, 1.0, 1e-6),), network)[0].startswith("b (offset) against")


def test_backward_py_keeps_the_names() -> None:
    network = network_of()
    again = read_network(write_network(network), "again.py", "net")
    assert dict(again.words) == dict(network.words)
    backward = derive(network).backward
    assert dict(read_network(write_network(backward), "again.py", backward.name).words)["z"] == Prose("price | 价格")


@pytest.mark.parametrize("words", [w for w in (*hostile.PYTHON, *hostile.TEX, *hostile.HTML) if "\n" not in w])
def test_a_hostile_comment_stays_words(words: str) -> None:
    network = network_of(words)
    plain = replace(network, words=())
    assert same_code(ast.parse(module_of(network)), ast.parse(module_of(plain)))
    found = network.called("z")
    if found:
        assert f"\\text{{{in_tex(found.part(han=False))}}}" in tex_of(network)
        assert same_code(ast.parse(write_network(network)), ast.parse(write_network(plain)))
