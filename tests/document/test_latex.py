"""The whole document: what must be in it, the same bytes each time, and that pdflatex sets it without a complaint."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from symbp import networks
from symbp.calculus.derive import derive
from symbp.calculus.local import differentiation
from symbp.calculus.steps import VARIABLE
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.equality import Check
from symbp.core.expr import Fn, Read
from symbp.core.network import Equation
from symbp.document.compose import compose
from symbp.document.tex.write import write_latex
from symbp.notation.read import list_networks, read_network
from tests.shared import derivation_of

STRANGE = Path(__file__).with_name("strange.py")
ODD = list_networks(STRANGE.read_text(), str(STRANGE))


@cache
def tex_of(name: str) -> str:
    derivation = derivation_of(f"{STRANGE}:{name}" if name in ODD else name)
    lines = {number: (40 + number, 42 + number) for _, number in derivation.numbers}
    checks = [Check("equalities", "interpreter", 99, 1e-15, 1e-12)]
    checks += [
        Check(p, w, 12, 1e-9, 1e-6)
        for p in ("loss", *derivation.network.parameters)
        for w in ("interpreter", "central difference")
    ]
    return write_latex(compose(derivation, lines, tuple(checks)))


NETWORKS = (*networks.names(), *ODD)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_reference_has_its_label_once(name: str) -> None:
    tex = tex_of(name)
    labels = re.findall(r"\\label\{(.*?)\}", tex)
    assert len(set(labels)) == len(labels)
    assert set(re.findall(r"\\eqref\{(.*?)\}", tex)) <= set(labels)


@pytest.mark.parametrize("name", NETWORKS)
def test_braces_and_environments_are_balanced(name: str) -> None:
    tex = re.sub(r"\\[{}%]", "", tex_of(name))
    assert tex.count("{") == tex.count("}")
    assert re.findall(r"\\begin\{(.*?)\}", tex).sort() == re.findall(r"\\end\{(.*?)\}", tex).sort()
    assert len(re.findall(r"(?<!\\)\$", tex)) % 2 == 0


def test_what_a_derivation_holds() -> None:
    tex = tex_of("sigmoid_softmax")
    for heading in ("network", "graph", "loss back", "backward pass", "every line", "module", "Checks"):
        assert re.search(rf"\\section\{{[^}}]*{heading}", tex), heading
    for formula in (
        r"p_{nk}\,(\delta_{kj} - p_{nj})\,\delta_{nm}",
        r"a^{(1)}_{nh}\,\bigl(1 - a^{(1)}_{nh}\bigr)",
        r"\adj{\mathbf{Z}}^{(2)} &= \frac{1}{N}\,(\mathbf{P} - \mathbf{Y})",
        r"\adj{\mathbf{W}}^{(2)} = \mathbf{A}^{(1)\top}\,\adj{\mathbf{Z}}^{(2)}",
        r"\mathbf{W}^{(1)} \leftarrow \mathbf{W}^{(1)} - \eta\,\adj{\mathbf{W}}^{(1)}",
        r"fact~\eqref{fact:F1}",
    ):
        assert formula in tex, formula
    assert "e-1" not in tex  # bounds, never errors


SAID = [
    ("char_mlp", r"the $1/N$ in \eqref{eq:3} and the $1/(N - 1)$ in \eqref{eq:4} are others."),
    ("batch_norm_mlp", r"the $1/N$ in \eqref{eq:2} and \eqref{eq:3} is another one."),
    ("attention_head", r"The factor $1/(2B)$ of \eqref{eq:8} enters here as $1/B$, for the 2 of the square"),
    ("neuron_chain", r"and no other division by $N$ is needed below."),
    ("binary_logistic", r"Fact \eqref{fact:F1} is not used by the derivation."),
    ("two_layer_net", r"Where $z^{(1)}_{nh}$ is $0$, \eqref{eq:2} has no derivative. The branch taken there is $0$"),
    ("attention_head", r"$\operatorname{softmax}$ acts on each row."),
    ("lstm", "Functions act entry by entry. "),
    ("threshold_layers", r"Layer $n$ subtracts its thresholds, $z = w\,x - b$, under"),
    ("conv_layer", "under a given cotangent"),
    ("lstm", "no output layer"),
    ("mlp", r"$\mathbf{W}_{l} \leftarrow \mathbf{W}_{l} - \eta\,\adj{\mathbf{W}}_{l}$ for each $l<L$"),
    ("mlp", r"$D_{l}\times D_{l + 1}\text{ for each }l<L$"),
    ("conv_net", r"N\times G\times I_{3}\times J_{3}"),
    ("conv_net", r"$I_{1}$ is $I + 1 - U$."),
    ("conv_net", r"$I_{2}$ is $\lfloor I_{1}/2\rfloor$."),
    ("mlp", "\nloss & 12 & "),
    ("mlp", "interpreter, $10^{-6}$ & "),
    ("lstm", "A bar behind one, with \\eqref{eq:9} below"),
    ("lstm", "$\\mathbf{H}^{\\mathrm{tanh}}$ has a name of its own, since its value is needed again below"),
]


@pytest.mark.parametrize(("name", "words"), SAID)
def test_what_is_said(name: str, words: str) -> None:
    assert words in tex_of(name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("batch_norm_mlp", "no other division"),
        ("attention_head", "Functions act entry by entry"),
        ("linear_2_2_2", "is a column of ones"),
        ("two_paths", "Bold letters"),
        ("sigmoid_softmax", "A condition in brackets"),
    ],
)
def test_what_is_not_said(name: str, words: str) -> None:
    assert words not in tex_of(name)


def of_matrices(name: str) -> bool:
    network = read_network(*networks.source(name), name)
    return all(len(network.shape(t.name)) <= 2 for t in (*network.inputs, *network.equations))


@pytest.mark.parametrize("name", networks.names())
def test_every_gradient_of_a_matrix_has_its_matrix_form(name: str) -> None:
    if not of_matrices(name):
        pytest.skip("not all of its tensors are matrices")
    network = read_network(*networks.source(name), name)
    tex = tex_of(name)
    for parameter in network.parameters:
        if network.shape(parameter):
            whole = re.search(rf"gradient with respect to \\texorpdfstring\{{\$(.*?)\$\}}\{{{parameter}\}}", tex)
            assert whole
            letter, label = re.fullmatch(r"(\\\w+\{.*?\})(.*)", whole[1]).groups()  # type: ignore[union-attr]
            assert f"\\adj{{{letter}}}{label} = " in tex


def test_same_bytes_again() -> None:
    first, second = (derive(read_network(*networks.source("multi_loss"))) for _ in range(2))
    assert write_latex(compose(first, {})) == write_latex(compose(second, {}))


def test_a_rule_holds_the_derivatives_that_it_uses() -> None:
    equation = Equation("a", (), Fn("tanh", (Read("z"),)))
    rule = differentiation("derive", "a", equation.body, ("z",))
    u = Read(VARIABLE)
    slope = build.sub(build.UNIT, build.power(Fn("tanh", (u,)), build.num(2)))
    assert [f for f, _ in rule.slopes] == [Fn("tanh", (u,))]
    assert same(rule.slopes[0][1], slope)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", ["sigmoid_softmax", "odd_names", "maxi", "everything"])
def test_pdflatex_sets_it_without_a_complaint(name: str, tmp_path: Path) -> None:
    """Of the built-in networks one: `.ci/latex` sets all of them."""
    (tmp_path / "derivation.tex").write_text(tex_of(name), encoding="utf-8")
    for _ in range(2):
        run = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "derivation.tex"]
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
    log = (tmp_path / "derivation.log").read_text(encoding="latin-1")
    assert not re.findall(r"Overfull.*|LaTeX Warning: .*(?:undefined|multiply).*|^! .*", log, re.M)
