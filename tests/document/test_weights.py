"""The scalar view: every path, every matrix and every number on the page, read back from the page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from symbp.core.equality import Check, Equality
from symbp.core.example import Example
from symbp.core.integers import Poly
from symbp.core.traverse import free_indices, substitute
from symbp.document.lesson.entries import Entries
from symbp.document.tex.write import write_latex
from symbp.pipeline import Build
from symbp.sources import find_source
from symbp.verify.equalities import check_equalities, instance_of
from tests.document.readback import chains, displays, learn_page, read_chain, split_top

PAGES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "linear_2_2_2": (),
    "sigmoid_softmax": (("N", 2), ("D", 2), ("H", 2), ("K", 2)),
    "neuron_chain": (("N", 2),),
    "char_mlp": (("N", 2), ("T", 1), ("V", 2), ("D", 1), ("H", 1)),
    "lstm": (("T", 2), ("N", 1), ("D", 1), ("H", 1)),
}
NUMBERS = re.compile(r"[-+.\d\s()]|\\cdot|\\(?:begin|end)\{bmatrix\}|\\\\\[\d+pt\]|&")
MATRIX = re.compile(r"\s*\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}\s*")
ROUNDED = 5.1e-4
START = "\\adj{w}_{1} &= \\frac"


@cache
def build_of(name: str) -> Build:
    return Build(find_source(name), sizes=PAGES[name], views=("scalar",))


@cache
def page(name: str) -> str:
    return write_latex(build_of(name).shown)


def weights_of(tex: str) -> str:
    """The part of the page that shows every weight by itself."""
    return tex[tex.index("\\section{Weight by weight}") : tex.index("\\section{The backward pass}")]


# --- numbers


def figures(side: str) -> list[list[str]]:
    """The cells of what holds nothing but numbers."""
    inner = MATRIX.fullmatch(side)
    rows = re.split(r"\\\\\[\d+pt\]", inner[1]) if inner else [side]
    return [row.split("&") for row in rows]


def value_of(cell: str) -> float:
    """A sum of products of numbers; a minus in parentheses is a factor's own."""
    own = re.sub(r"\((-[^()]*)\)", lambda m: m[1].replace("-", "~"), cell).strip()
    return sum(map(product, filter(None, re.sub(r"(?<!^)\s([-+])\s", r"|\1", own).split("|"))))


def product(term: str) -> float:
    bare = term.strip().lstrip("+- ")
    sign = -1.0 if term.strip().startswith("-") else 1.0
    return sign * math.prod(float(f.replace("~", "-")) for f in bare.split("\\cdot"))


def slack(cell: str) -> float:
    """By how much rounded numbers may miss: half a digit of each factor, times the others."""
    total = ROUNDED
    for term in re.split(r"(?<=[\d)])\s*[-+]\s", cell):
        factors = [abs(float(f.strip(" ()+").replace("- ", "-"))) for f in term.split("\\cdot")]
        total += ROUNDED * sum(math.prod(factors[:k] + factors[k + 1 :]) for k in range(len(factors)))
    return total


def test_numbers_are_read_as_they_stand() -> None:
    assert value_of(".3 \\cdot (-.14) - .2 \\cdot .5 + 1") == pytest.approx(0.858)
    assert value_of("-.4") == -0.4
    assert figures("\\begin{bmatrix}1 & 2 \\\\[2pt] 3 & 4\\end{bmatrix}") == [["1 ", " 2 "], [" 3 ", " 4"]]


def demand_near(left: Equality, side: str, example: Example) -> None:
    letters = {i.name: i for i in free_indices(left.lhs)}
    for k, row in enumerate(figures(side)):
        for j, cell in enumerate(row):
            at = {letters[n]: Poly.of(v) for n, v in (("row", k), ("col", j)) if n in letters}
            exact = example.evaluate(substitute(left.lhs, at), {})  # type: ignore[arg-type]
            assert exact is not None
            assert abs(value_of(cell) - exact) <= slack(cell), f"{cell} against {exact} in {left.where}"


# --- the page


def shown(tex: str) -> Iterator[list[str]]:
    for display in displays(weights_of(tex)):
        yield from chains(display)


def read(name: str, tex: str) -> tuple[Check, int]:
    """Evaluate the formulas at random data, at their sizes; hold the numbers against the example; count the signs."""
    build = build_of(name)
    d, example = build.derivation, build.example
    assert example is not None
    letters, _ = learn_page(tex, d.network, {**dict(d.gradients), **dict(d.adjoints)})
    claims, signs = list[Equality](), 0
    for sides in shown(tex):
        signs += len(sides) - 1
        formulas = [s for s in sides if NUMBERS.sub("", s)]
        assert sides[: len(formulas)] == formulas
        claims += read_chain(formulas, letters)
        (left,) = read_chain([sides[0], sides[0]], letters)
        for side in sides[len(formulas) :]:
            demand_near(left, side, example)
    at = instance_of(d.network, example)
    return check_equalities(d.backward, d.loss, d.adjoints, claims, seeds=2, at=at), signs


@pytest.mark.parametrize("name", PAGES)
def test_every_path_matrix_and_number_of_the_page_holds(name: str) -> None:
    check, signs = read(name, page(name))
    assert check.passed, check.note
    assert check.count > 3
    assert signs == len(
        re.findall("=", re.sub(r"\\begin\{gather\*\}.*?\\end\{gather\*\}", "", bare(page(name)), flags=re.S))
    )


def bare(tex: str) -> str:
    """The displays and the text, without what refers and labels."""
    return re.sub(r"\\(?:texorpdfstring)\{.*?\n", "\n", weights_of(tex))


def test_the_seeds_matrices_are_there() -> None:
    """The partials of the last layer by neuron and input, as products, and what a step makes of the weights."""
    tex = page("linear_2_2_2")
    assert r"\begin{bmatrix}\adj{w}_{5} & \adj{w}_{7} \\[2pt] \adj{w}_{6} & \adj{w}_{8}\end{bmatrix}" in tex
    assert r"\frac{\partial L}{\partial z_{3}}\,\frac{\partial z_{3}}{\partial w_{5}} & " in tex
    links = (("L", "z_{3}"), ("z_{3}", "z_{1}"), ("z_{1}", "w_{1}"))
    path = "\\,".join(f"\\frac{{\\partial {of}}}{{\\partial {by}}}" for of, by in links)
    other = path.replace("z_{3}", "z_{4}")
    assert (
        f"{path} + {other} = (z_{{3}} - y_{{1}})\\,w_{{5}}\\,x_{{1}} + (z_{{4}} - y_{{2}})\\,w_{{6}}\\,x_{{1}}" in tex
    )


@pytest.mark.parametrize("name", PAGES)
def test_a_step_is_what_the_numbers_say(name: str) -> None:
    build = build_of(name)
    example = build.example
    assert example is not None
    assert example.descent is not None
    rate, after = example.descent
    grids = re.search(r"\\begin\{gather\*\}\n(.*?)\n\\end\{gather\*\}", page(name), re.S)
    assert grids
    moved = 0
    for line in grids[1].replace("\\\\\n= ", "= ").split(" \\\\\n"):
        _, change, new = split_top(line, "=")
        before, _, slope = re.fullmatch(
            r"\s*(.*?) - (\.[0-9]+)\s*(?:\\cdot )?(\(?-?[.\d]+\)?|\\begin.*)\s*", change
        ).groups()  # type: ignore[union-attr]
        for old, down, now in zip(*map(flat, (before, slope, new)), strict=True):
            assert abs(old - rate * down - now) < 2e-4
            moved += 1
    weights = [w for p in build.network.parameters for w in example.values[p]]
    assert moved == len(weights)
    sentence = re.search(r"goes from \$(.*?)\$ to \$(.*?)\$", page(name))
    assert sentence
    assert float(sentence[1]) == pytest.approx(example.values[build.derivation.loss][()], abs=1e-6)
    assert float(sentence[2]) == pytest.approx(after, abs=1e-6)
    assert after < float(sentence[1])


def flat(text: str) -> list[float]:
    return [float(cell.strip(" ()")) for row in figures(text) for cell in row]


# --- what is caught


def test_a_path_that_is_left_out_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = Entries.paths
    monkeypatch.setattr(Entries, "paths", lambda self, entry, most: paths(self, entry, most)[-1:])
    build = Build(find_source("linear_2_2_2"))
    assert not build.equality_check.passed
    build = Build(find_source("sigmoid_softmax"), sizes=PAGES["sigmoid_softmax"])
    assert not build.equality_check.passed


@pytest.mark.parametrize(("right", "wrong"), [("\\cdot .2 - .4", "\\cdot .3 - .4"), (" = -.068", " = -.86")])
def test_a_wrong_number_is_caught(right: str, wrong: str) -> None:
    tex = page("linear_2_2_2")
    at = tex.index(right, tex.index(START))
    with pytest.raises(AssertionError, match="against"):
        read("linear_2_2_2", tex[:at] + wrong + tex[at + len(right) :])


def test_a_wrong_letter_is_caught() -> None:
    tex = page("linear_2_2_2")
    at = tex.index("w_{5}\\,x_{1} +", tex.index(START))
    check, _ = read("linear_2_2_2", tex[:at] + tex[at:].replace("w_{5}", "w_{7}", 1))
    assert not check.passed
