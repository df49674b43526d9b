"""`--sizes`, `--data` and `--view`: a user's own numbers are those of the page, and what does not fit is a message."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from symbp.document.model import SCALAR, VIEWS
from symbp.document.tex.write import write_latex
from symbp.pipeline import Build
from symbp.sources import find_source
from symbp.verify import given
from tests.test_cli import Result, run

__all__ = ["run"]  # a fixture

GOOD = {"x": np.array([[0.5, 2.0]]), "y": np.array([[1.0, 0.0]]), "b1": np.array([0.1, -0.2, 0.3])}


def saved(**arrays: object) -> str:
    np.savez("own.npz", **arrays)  # type: ignore[arg-type]
    return "own.npz"


def test_the_users_numbers_are_those_of_the_page(tmp_path: Path) -> None:
    np.savez(tmp_path / "own.npz", **GOOD)  # type: ignore[arg-type]
    build = Build(find_source("sigmoid_softmax"), data=tmp_path / "own.npz")
    assert build.example is not None
    assert dict(build.example.sizes) == {"N": 1, "D": 2, "K": 2, "H": 3}
    assert build.example.values["x"] == {(0, 0): 0.5, (0, 1): 2.0}
    tex = write_latex(build.shown)
    assert r"$\mathbf{X} = \values{.5 &\: 2}$" in tex
    assert r"$\mathbf{b}^{(1)} = \values{.1 &\: -.2 &\: .3}^{\top}$" in tex
    weights = build.example.values["W2"]
    p = build.example.values["p"]
    logits = [
        sum(build.example.values["a1"][0, h] * weights[h, k] for h in range(3)) + build.example.values["b2"][k,]
        for k in range(2)
    ]
    assert p[0, 0] == pytest.approx(np.exp(logits[0]) / sum(np.exp(logits)))


def test_the_sizes_are_those_of_the_page() -> None:
    build = Build(find_source("sigmoid_softmax"), sizes=(("N", 1), ("K", 4)))
    assert build.example is not None
    assert {**dict(build.example.sizes), "D": 0, "H": 0} == {"N": 1, "K": 4, "D": 0, "H": 0}
    assert "$N$~= $1$" in write_latex(build.document)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.zeros(3)}, "x has 1 dimensions, expected 2"),
        ({"q": np.zeros(3)}, "has no input 'q'"),
        ({"x": np.zeros((1, 2)), "W1": np.zeros((3, 2))}, "dimension 0 of W1 is 3, expected D = 2"),
        ({"x": np.full((1, 2), np.nan)}, r"x\[0, 0\] is not finite"),
        ({"x": np.array([["a", "b"]])}, "x holds <U1, which are no real numbers"),
        ({"x": np.array([[object(), 1]], dtype=object)}, "is no .npz file of numbers"),
        ({"x": np.zeros((1, 2), complex)}, "no real numbers"),
        ({"x": np.zeros((100, 2))}, "dimension 0 of x is 100, not from 1 to 64"),
        ({"x": np.zeros((0, 2))}, "dimension 0 of x is 0, not from 1 to 64"),
        ({"x": np.zeros((100, 100))}, "an example has at most 1500"),
        ({"x": np.zeros(200_000)}, "which is no example"),
        ({"y": np.array([[0.5, 0.2]])}, "do not obey fact F1"),
        ({"W1": np.full((2, 2), 1e300), "x": np.full((1, 2), 1e300), "W2": np.zeros((2, 2))}, "has no"),
    ],
)
def test_what_does_not_fit_is_a_message(run, arrays: dict[str, object], message: str) -> None:
    result: Result = run("derive", "sigmoid_softmax", "--data", saved(**arrays))
    assert (result.status, result.out) == (2, "")
    assert re.search(message, result.err), result.err
    assert result.err.count("\n") == 1
    assert not Path("generated").exists()


def test_labels_are_labels(run) -> None:
    for array, message in ((np.array([[0.0]]), "labels, which are integers"), (np.array([[7]]), "labels from 0 to 2")):
        result: Result = run("derive", "char_mlp", "--data", saved(x=array), "--sizes", "V=3")
        assert result.status == 2
        assert message in result.err


def test_a_file_that_is_none(run) -> None:
    Path("own.npz").write_text("nothing")
    assert "is no .npz file" in run("derive", "mlp", "--data", "own.npz").err
    with zipfile.ZipFile("own.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("x.npy", b"\0" * (given.MOST_BYTES + 1))
    result: Result = run("derive", "sigmoid_softmax", "--data", "own.npz")
    assert result.status == 2
    assert "unpacks to more than" in result.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--sizes", "Z=2"), "has no size 'Z'; it has D, H, K, N"),
        (("--sizes", "N=0"), "N = 0 is not from 1 to 64"),
        (("--sizes", "N=99999"), "N = 99999 is not from 1 to 64"),
        (("--sizes", "N=60,D=60,H=60,K=60"), "too many for an example"),
        (("--sizes", "N"), "expected sizes with commas between them"),
        (("--sizes", "N=-1"), "expected sizes"),
        (("--sizes", "N=1,N=2"), "given twice"),
        (("--view", "sideways"), "cannot be shown; what can: scalar, index, matrix"),
    ],
)
def test_options_that_do_not_go_with_the_network(run, options: tuple[str, ...], message: str) -> None:
    result: Result = run("derive", "sigmoid_softmax", *options)
    assert result.status == 2
    assert message in result.err


def test_of_many_entries_those_are_shown_for_which_there_is_room() -> None:
    build = Build(find_source("sigmoid_softmax"), views=(SCALAR,), sizes=tuple((n, 8) for n in "NDHK"))
    tex = write_latex(build.shown)
    assert r"Too many entries to be shown one by one: $\adj{\mathbf{W}}^{(2)}$" in tex
    titles = [s.title.slots for s in build.document.sections if s.title.name == "heading.weights.of"]
    shown = [part.name for ((_, parts),) in titles for part in parts.parts]
    assert shown == ["P_bar", "Z2_bar", "b2_bar", "b1_bar"] or shown == ["p_bar", "z2_bar", "b2_bar", "b1_bar"]


def test_layers_of_any_widths_have_no_entries_to_be_shown(run) -> None:
    result: Result = run("derive", "mlp", "--view", "scalar")
    assert result.status == 2
    assert "sizes that differ by layer; write its layers one by one" in result.err


def test_the_views_show_what_they_say() -> None:
    shown = {view: write_latex(Build(find_source("sigmoid_softmax"), views=(view,)).shown) for view in VIEWS}
    matrix, entry, weights = r"\mathbf{A}^{(1)\top}\,\adj{\mathbf{Z}}^{(2)}", r"\sum_{n} \adj{z}", "Weight by weight"
    inside = {view: tex[: tex.index(r"\section{The backward pass}")] for view, tex in shown.items()}
    assert {view for view, tex in inside.items() if matrix in tex} == {"matrix"}
    assert {view for view, tex in inside.items() if entry in tex} == {"index"}
    assert {view for view, tex in inside.items() if weights in tex} == {"scalar"}
    assert weights not in write_latex(Build(find_source("sigmoid_softmax")).shown)
    assert weights in write_latex(Build(find_source("linear_2_2_2")).shown)


@pytest.mark.parametrize("view", VIEWS)
def test_every_number_that_is_referred_to_is_there(view: str) -> None:
    tex = write_latex(Build(find_source("attention_head"), views=(view,), sizes=tuple((n, 1) for n in "T")).shown)
    labels = re.findall(r"\\label\{(.*?)\}", tex)
    assert set(re.findall(r"\\eqref\{(.*?)\}", tex)) <= set(labels)
