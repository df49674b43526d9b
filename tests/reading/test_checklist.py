"""What a reader looks for in six derivations, by sixteen points: the page has it, and what it says of numbers is so.

A point is left out where it has nothing to be said of: a convolution under a cotangent has no mean and no exponential.
What is here a pattern is checked as a formula elsewhere: every equality of the page is evaluated (`tests/document`).
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

from symbp.core.example import Example
from symbp.document.summary import with_checks
from symbp.document.tex.write import write_latex
from tests.shared import build_of

SUBJECTS = {
    "softmax": "sigmoid_softmax",
    "batch norm": "batch_norm_mlp",
    "layer norm": "layer_norm_mlp",
    "convolution": "conv_layer",
    "LSTM": "lstm",
    "attention": "attention_head",
}
# point: what shows that the page has it
POINTS = {
    "intuition": r"A nudge of \$[^$]*\$ moves",
    "notation and shapes": r"quantity & entry & in code & shape",
    "dimension check": r"\$\\blacktriangleright\$ & .*?\\color\{quiet\}\$[A-Z0-9]",
    "worked numbers": r"\\lead\{By numbers\.\} \$\\adj",
    "intermediates": r"\\why\{(?:by|insert|chain rule)",
    "closed form": "",  # see CLOSED
    "why the transpose": r"inner~?one|it gathers",
    "where 1/N goes": r"The factor \$.*?enters here",
    "why a sum": r"contributions are added",
    "common mistakes": r"\\lead\{Careful\.\}",
    "cost": r"\\color\{quiet\}\$\d+\\,",
    "what to keep": r"Of the forward pass these formulas read",
    "stability": r"in another form of the same value|its reciprocal is 0, as it should be",
    "picture": r"\\begin\{tikzpicture\}",
    "the rule at each line": "",  # see below
    "proved numerically": r"has been evaluated on both sides",
}
CLOSED = {
    "softmax": r"\adj{\mathbf{Z}}^{(2)} = \frac{1}{N}\,(\mathbf{P} - \mathbf{Y})",
    "batch norm": r"\adj{\boldsymbol{\gamma}} = ",
    "layer norm": r"\adj{\boldsymbol{\gamma}} = ",
    "convolution": r"\Gamma_{nfij}\,w_{f,c,r - 2i,s - 2j}",
    "LSTM": r"\adj{\mathbf{C}}_{t} = ",
    "attention": r"\mathbf{A}_{b} \odot \bigl(\adj{\mathbf{A}}_{b} - \operatorname{rowsum}(",
}
NOTHING_TO_SAY = {
    ("where 1/N goes", "convolution"),
    ("where 1/N goes", "LSTM"),
    ("stability", "convolution"),
    ("common mistakes", "convolution"),
}
CASES = [(point, subject) for point in POINTS for subject in SUBJECTS if (point, subject) not in NOTHING_TO_SAY]


@cache
def page(subject: str) -> str:
    build = build_of(SUBJECTS[subject])
    document = with_checks(build.shown, 1, (build.equality_check,)).at(build.detail)
    tex = write_latex(document)
    return tex[tex.index("\\begin{document}") :]


@pytest.mark.parametrize(("point", "subject"), CASES)
def test_the_page_has_the_point(point: str, subject: str) -> None:
    if point == "the rule at each line":
        lines = [row for display in lesson_displays(subject) for row in display if "=" in row]
        assert lines
        assert sum("\\why{" in row for row in lines) > 0.6 * len(lines)
    elif point == "closed form":
        assert CLOSED[subject] in page(subject)
    else:
        assert re.search(POINTS[point], page(subject), re.S)


def lesson_displays(subject: str) -> list[list[str]]:
    lesson = page(subject)
    lesson = lesson[lesson.index("\\section{From the loss back}") : lesson.index("\\section{The backward pass}")]
    return [d.split("\\\\") for d in re.findall(r"\\begin\{flalign\*\}(.*?)\\end\{flalign\*\}", lesson, re.S)]


# --- what the page says, by hand


@cache
def arrays(name: str) -> dict[str, np.ndarray]:
    """The numbers of the example."""
    example = build_of(name).example
    assert isinstance(example, Example)
    made = {}
    for tensor, values in example.values.items():
        shape = tuple(1 + max(key[k] for key in values) for k in range(len(next(iter(values)))))
        made[tensor] = np.zeros(shape)
        for key, value in values.items():
            made[tensor][key] = value
    return made


def warned(subject: str, look: str, sentence: str) -> tuple[tuple[int, ...], float, float]:
    """The entry of a mistake on the page, what it would be and what it is."""
    found = re.search(
        sentence + rf".*?\$\\adj\{{{look}_\{{(\d+)\}}\$ (?:would be|is) \$(.*?)\$, not \$(.*?)\$", page(subject)
    )
    assert found, sentence
    return tuple(map(int, found[1])), float(found[2]), float(found[3])


def test_statistics_held_constant_in_batch_norm() -> None:
    a = arrays("batch_norm_mlp")
    key, wrong, right = warned("batch norm", r"z\}\^\{\(1\)\}", "All three paths count")
    constant = a["xhat_bar"] * a["r"]
    centred = a["xhat_bar"] - a["xhat_bar"].mean(0) - a["xhat"] * (a["xhat_bar"] * a["xhat"]).mean(0)
    assert wrong == pytest.approx(constant[key], abs=6e-4)
    assert right == pytest.approx((a["r"] * centred)[key], abs=6e-4)
    assert right == pytest.approx(a["z1_bar"][key], abs=6e-4)


def test_a_step_alone_in_the_lstm() -> None:
    a = arrays("lstm")
    key, wrong, right = warned("LSTM", r"W\}\^\{\\mathrm\{x\}\}", r"Every \$t\$ counts")
    steps = np.einsum("tnd,tnj->tdj", a["x"], a["z_bar"])
    assert wrong == pytest.approx(steps[-1][key], abs=6e-4)
    assert right == pytest.approx(steps.sum(0)[key], abs=6e-4)


def test_a_key_bias_never_learns() -> None:
    a = arrays("attention_head")
    assert np.allclose(a["K_bar"].sum(1), 0)
    assert re.search(r"Every column of|Summed over", page("attention"))


def test_softmax_rows_sum_to_nothing() -> None:
    assert np.allclose(arrays("sigmoid_softmax")["z2_bar"].sum(1), 0)
    assert "Every row of $\\adj{\\mathbf{Z}}^{(2)}$ sums to 0" in page("softmax")
