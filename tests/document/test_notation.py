"""The derivative of the loss in three notations: what is printed is read back in each, and said to be the same."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from symbp.document.claims import equalities
from symbp.document.compose import compose
from symbp.document.model import DELTA, NOTATIONS, PARTIAL, Document
from symbp.document.tex.write import printer_of, write_latex
from tests.document.readback import balanced, read_page
from tests.document.test_readback import read_and_check
from tests.shared import derivation_of

NAMES = ["sigmoid_softmax", "lstm", "linear_2_2_2", "layer_norm_mlp"]


def document(name: str, notation: str) -> Document:
    made = compose(derivation_of(name), {})
    return replace(made, look=replace(made.look, notation=notation))


def with_bars(tex: str, shown: Document) -> str:
    """The page with a bar for each derivative of the loss, as the reader knows it."""
    if shown.look.notation == DELTA:
        tex = without_deltas(tex, shown)
    head, at = r"\frac{\partial L}{\partial ", 0
    while (at := tex.find(head, at)) >= 0:
        start, stop = at + len(head), balanced(tex, at + len(r"\frac{\partial L}")) - 1
        if tex.startswith((r"\biggr|", "\\biggr|"), stop + 1):  # a local one
            at = stop
        else:
            tex = tex[:at] + over(tex[start:stop]) + tex[stop + 1 :]
    said = r"\$\\partial L/\\partial ([^$]*)\$ (?=stands for)"
    return re.sub(said, lambda found: f"${over(found[1])}$ ", tex)


def over(look: str) -> str:
    letter = re.match(
        r"\\(?:mathbf|mathit|boldsymbol)\{[^{}]*\}|\\(?:hat|tilde)\{(?:[^{}]|\{[^{}]*\})*\}|\\[a-zA-Z]+|[a-zA-Z]", look
    )
    assert letter
    return f"\\adj{{{letter[0]}}}{look[letter.end() :]}"


def without_deltas(tex: str, shown: Document) -> str:
    names = printer_of(shown).names
    bars = replace(names, notation="bar")
    looks = {
        written(names): written(bars)
        for adjoint in names.adjoints
        for written in (
            lambda n, a=adjoint: n.whole(a, True),
            lambda n, a=adjoint: n.whole(a),
            lambda n, a=adjoint: n.entry(a, ""),
        )
        if "delta" in written(names)
    }
    for look in sorted(looks, key=len, reverse=True):
        tex = tex.replace(look, looks[look])
    return tex


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("notation", [PARTIAL, DELTA])
def test_every_equality_holds_in_each_notation(name: str, notation: str) -> None:
    shown = document(name, notation)
    tex = write_latex(shown)
    body = tex[tex.index("\\begin{document}") :]
    pages = body[: body.index("\\section{")] + body[body.index("\\begin{flalign*}") :]
    assert "\\adj{" not in re.sub(r"\$[^$]*\$", "", pages)
    check, found, signs = read_and_check(derivation_of(name), with_bars(tex, shown))
    assert found == signs == len(equalities(shown))
    assert check.passed, check.note


def test_the_signs_are_introduced_as_the_same() -> None:
    said = {n: write_latex(document("sigmoid_softmax", n)) for n in NOTATIONS}
    assert r"over all paths; $\adj{p}$ is $\partial L/\partial p$." in said["bar"]
    assert r"$\partial L/\partial p$ is the derivative of the loss $L$ over all paths" in said["partial"]
    assert r"also written $\adj{p}$." in said["partial"]
    assert r"$\delta^{p}$ is the error that comes back to $\mathbf{P}$" in said["delta"]
    assert r"also written $\adj{p}$ or $\partial L/\partial p$." in said["delta"]
    for tex in said.values():
        assert len(re.findall("also written|over all paths; ", tex)) == 1


def test_a_gradient_is_no_error_and_kroneckers_delta_makes_room() -> None:
    tex = write_latex(document("sigmoid_softmax", DELTA))
    assert r"\frac{\partial L}{\partial W^{(2)}_{hk}}" in tex
    assert r"\delta^{z^{(2)}}_{nk}" in tex
    assert "[k = j]" in tex
    assert r"\delta_{" not in tex


def test_a_wrong_sign_is_caught() -> None:
    shown = document("sigmoid_softmax", PARTIAL)
    tex = with_bars(write_latex(shown), shown)
    at = tex.rindex(r"\adj{z}^{(2)}_{nk}")
    check, *_ = read_and_check(derivation_of("sigmoid_softmax"), tex[:at] + tex[at:].replace(r"\adj{z}", "z", 1))
    assert not check.passed
    assert read_page(tex, derivation_of("sigmoid_softmax").network, dict(derivation_of("sigmoid_softmax").adjoints))
