"""Each kind of mistake in passes through many networks, and in further styles: told at its line, and as what it is."""

import random
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from symbp.calculus.derive import derive
from symbp.core.network import Network
from symbp.notation.read import read_network
from symbp.review import explain, inside, mending
from symbp.review.check import Report, check_text
from symbp.review.pages import Pages, pages_of
from tests.review import other_passes, passes, planting
from tests.review.kinds import KINDS
from tests.review.lecture_styles import LECTURE_NETWORKS, LECTURES
from tests.review.more_styles import STYLE_NETWORKS, STYLES

PASSES = {row[0]: (text, *row[1:3]) for text, rows in
          ((passes.NETWORKS, passes.PASSES), (other_passes.NETWORKS, other_passes.OTHERS)) for row in rows}  # fmt: skip
ROWS = [(kind, *row) for kind, rows in KINDS.items() for row in rows]
IN_THE_MODULE = "\n\nKEPT = {}\n"  # where a row says that something is kept there


@cache
def known(text: str, name: str) -> tuple[Network, Pages]:
    network = read_network(text, "networks.py", name)
    return network, pages_of(derive(network))


def check(text: str, name: str, code: str) -> Report:
    network, pages = known(text, name)
    return check_text(code, "mine.py", Path(), network, "", {}, {}, pages)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is tested here, and not how soon: on a busy machine a search has its usual time six times."""
    for module, name in ((explain, "SECONDS"), (explain, "APART"), (mending, "EACH"), (inside, "SECONDS")):
        monkeypatch.setattr(module, name, 6 * getattr(module, name))


def line_of(code: str, right: str) -> int:
    """The line that says so, or the last that is new."""
    lines = code.splitlines()
    marked = [k for k, line in enumerate(lines, 1) if line.endswith("# <-")]
    return marked[0] if marked else [k for k, line in enumerate(lines, 1) if line not in right.splitlines()][-1]


@pytest.mark.share(16)
@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}, {row[1]}" for row in ROWS])
def test_a_mistake_of_each_kind(row: tuple[str, str, str, str, str]) -> None:
    _, name, old, new, kinds = row
    text, network, code = PASSES[name]
    assert code.count(old) == 1
    wrong = code.replace(old, new)
    found = check(text, network, wrong + IN_THE_MODULE * ("KEPT" in new)).findings
    assert [f.line for f in found if f.kind != "unknown"] == [line_of(wrong, code)]
    assert found[0].kind in kinds.split()


@pytest.mark.share(5)
@pytest.mark.parametrize("style", STYLES)
def test_a_style_right_and_wrong(style: str) -> None:
    name, code, old, new, kinds = STYLES[style]
    assert check(STYLE_NETWORKS, name, code).findings == ()
    assert code.count(old) == 1
    wrong = code.replace(old, new)
    assert [(f.line, f.kind in kinds.split()) for f in check(STYLE_NETWORKS, name, wrong).findings] == [
        (line_of(wrong, code), True)
    ]


@pytest.mark.share(6)
@pytest.mark.parametrize("row", other_passes.OTHERS, ids=lambda row: row[0])
def test_a_right_pass_through_another_network(row: tuple[str, str, str, str]) -> None:
    assert check(other_passes.NETWORKS, row[1], row[2]).findings == ()


@pytest.mark.share(len(other_passes.OTHERS))
@pytest.mark.parametrize("name", [row[0] for row in other_passes.OTHERS])
def test_mistakes_that_are_planted_in_other_networks(name: str) -> None:
    (one,) = planting.passes(name, others=True)
    counts = Counter[str]()
    for planted in one.chosen(random.Random(2), alone=3, in_twos=0):
        counts += planting.told(one, planted)[0]
    assert counts["mistakes"] == 3
    assert counts["line"] >= 2
    assert counts["misleading"] == 0


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        (
            "LSTM",
            (
                ("dc = dc + dh * o * (1 - tc ** 2)", "dc = 2 * (dc + dh * o * (1 - tc ** 2))"),
                ("dh = dz @ Wh.T", "dh = np.zeros_like(dh)"),
            ),
            [
                ("dc = dc + dh * o * (1 - tc ** 2)", "factor"),
                ("dh = dz @ Wh.T", "step"),
            ],
        ),
        (
            "LSTM",
            (("tc = np.tanh(cs[t + 1])", "tc = np.tanh(cs[t - 1])"), ("df = dc * cs[t]", "df = dc")),
            [("tc = np.tanh(cs[t + 1])", "step"), ("df = dc * cs[t]", "term")],
        ),
        (
            "GRU",
            (("dn = dh * (1 - z)", "dn = dh * z"), ("dv = np.concatenate([dar, daz", "dv = np.concatenate([daz, dar")),
            [("dn = dh * (1 - z)", "derivative"), ("dv = np.concatenate([dar, daz, dan * r], axis=1)", "order")],
        ),
        (
            "ReLU",
            (("delta3 = 2.0 * diff / batch", "delta3 = diff"),),
            [("delta3 = 2 / batch * diff", "factor")],
        ),
        (
            "attention",
            (
                ("dout = 2 * (out - y) / n", "dout = 2 * (out - y) / width"),
                ("dctx = dout @ Wo.T", "dctx = 2 * (dout @ Wo.T)"),
            ),
            [("dout = 2 * (out - y) / n", "factor"), ("dctx = dout @ Wo.T", "factor")],
        ),
    ],
)
def test_mistakes_that_flow_into_each_other_are_told_apart(
    name: str, changes: tuple[tuple[str, str], ...], told: list[tuple[str, str]]
) -> None:
    """Two in one step of a recurrence, two constants in one line: each with its corrected line."""
    text, network, code = PASSES[name]
    for right, wrong in changes:
        assert code.count(right) == 1
        code = code.replace(right, wrong)
    assert [(f.expected, f.kind) for f in check(text, network, code).findings] == told


MISTAKES_OF_LECTURES = [(style, k) for style, row in LECTURES.items() for k in range(len(row[2]))]


@pytest.mark.share(3)
@pytest.mark.parametrize("style", LECTURES)
def test_a_right_pass_of_a_lecture(style: str) -> None:
    assert check(LECTURE_NETWORKS, *LECTURES[style][:2]).findings == ()


@pytest.mark.share(8)
@pytest.mark.parametrize(("style", "number"), MISTAKES_OF_LECTURES)
def test_a_mistake_in_the_pass_of_a_lecture(style: str, number: int) -> None:
    name, code, rows = LECTURES[style]
    old, new, kinds = rows[number]
    assert code.count(old) == 1
    wrong = code.replace(old, new)
    found = check(LECTURE_NETWORKS, name, wrong).findings
    assert [(f.line, f.kind in kinds.split()) for f in found] == [(line_of(wrong, code), True)]


def test_a_factor_in_what_is_added_to_a_gradient_is_told_at_its_line() -> None:
    """The gradient is right but for the penalty's part, which is added to it in place."""
    text = (
        "from symbp import Data, Labels, Param, dims, network\nN, D, C = dims('N D C')\n@network\n"
        "def svm(X: Data[N, D], y: Labels[N, C], reg: Data, W: Param[D, C]):\n"
        "    s = X @ W\n"
        "    return sum(max(0, s[n, c] - s[n, y[n]] + 1) for n in N for c in C if c != y[n]) / N + reg * sum(W**2)\n"
    )
    code = (
        "import numpy as np\n\n\ndef svm(X, y, reg, W):\n    rows = np.arange(len(X))\n    scores = X @ W\n"
        "    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)\n    margins[rows, y] = 0\n"
        "    loss = margins.sum() / len(X) + reg * np.sum(W * W)\n"
        "    dscores = (margins > 0).astype(X.dtype)\n    dscores[rows, y] = -dscores.sum(axis=1)\n"
        "    dW = X.T @ dscores / len(X)\n    dW += reg * W\n    return loss, dW\n"
    )
    assert [(f.line, f.kind) for f in check(text, "svm", code).findings] == [(13, "factor")]
    assert check(text, "svm", code.replace("dW += reg", "dW += 2 * reg")).findings == ()
