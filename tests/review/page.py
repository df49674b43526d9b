"""docs/mistakes.md, written by running the check: `python -m tests.review.page`. A test holds it to what is said."""

from __future__ import annotations

from pathlib import Path

from symbp.calculus.derive import derive
from symbp.document.lesson.numbering import numbered
from symbp.notation.read import read_network
from symbp.review.check import check_text
from symbp.review.pages import pages_of
from symbp.review.report import as_text
from tests.review.passes import ATTENTIVE, NAMED, NETWORKS, NORMED, NORMED_SHORT, PERCEPTRON, RECTIFIED, REMEMBERING

PAGE = Path(__file__).parents[2] / "docs" / "mistakes.md"

# what goes wrong, the network, the right pass, what is right there, what is often written instead
MISTAKES = (
    (
        "Softmax and cross-entropy, turned round",
        "The gradient at the logits is p - y, predicted less wanted; the other way round every step goes uphill.",
        *("perceptron", PERCEPTRON, "dz2 = (p - y) / N", "dz2 = (y - p) / N"),
    ),
    (
        "The sigmoid's derivative at the wrong place",
        "a (1 - a) is written with the sigmoid's value a; with z in one of the places it is no derivative of anything.",
        *("perceptron", PERCEPTRON, "da1 * a1 * (1 - a1)", "da1 * a1 * (1 - z1)"),
    ),
    (
        "No division by the number of examples",
        "If the loss is a mean over the examples, so is its gradient.",
        *("perceptron", PERCEPTRON, "dz2 = (p - y) / N", "dz2 = p - y"),
    ),
    (
        "A bias without its sum",
        "A bias is added to every example, so its gradient is a sum over the examples, not a mean.",
        *("perceptron", PERCEPTRON, "db1 = dz1.sum(axis=0)", "db1 = dz1.mean(axis=0)"),
    ),
    (
        "A square matrix not transposed",
        "Where a layer has as many inputs as outputs no shape gives it away.",
        *("rectified", RECTIFIED, "np.dot(delta2, W2.T)", "np.dot(delta2, W2)"),
    ),
    (
        "The mask of the wrong layer",
        "ReLU lets through where its own input was positive.",
        *("rectified", RECTIFIED, "(u1 > 0)", "(u2 > 0)"),
    ),
    (
        "A path left out",
        "What is read twice gets its gradient from both readers: here directly, and by way of the variance.",
        *("normed", NORMED, "dzc = dzc1 + dzc2", "dzc = dzc1"),
    ),
    (
        "Batch norm with its statistics held constant",
        "The mean and the variance depend on every example, so gradients flow through both.",
        *("normed", NORMED_SHORT, "(dzn - dzn.mean(0) - zn * (dzn * zn).mean(0)) / scale", "dzn / scale"),
    ),
    (
        "A recurrence that reads the step after",
        "Wh is multiplied by the state before, so its gradient is made with that.",
        *("remembering", REMEMBERING, "dWh += hs[t].T @ dz", "dWh += hs[t + 1].T @ dz"),
    ),
    (
        "A word that occurs twice counted once",
        "With `+=` NumPy adds a repeated row once; `np.add.at` adds it as often as it occurs.",
        *("named", NAMED, "np.add.at(dE, t, drows)", "dE[t] += drows"),
    ),
    (
        "Two at once",
        "Each is told by itself: what comes after the first is checked as if that were mended.",
        *("attentive", ATTENTIVE, "dscores = dscores / np.sqrt(width)", "dscores = dscores / width"),
        *("dk = dscores.transpose(0, 2, 1) @ q", "dk = dscores @ q"),
    ),
)
HEAD = """# Mistakes in backward passes, and what symbp says

Written by running `symbp check NET FILE` (`python -m tests.review.page`). Every network and every pass is in
[tests/review/passes.py](../tests/review/passes.py); each has one mistake here, the last one two.
"""


def section(number: int, row: tuple[str, ...]) -> str:
    """A mistake, why it is one, and what is said of it."""
    title, why, network, code, *changes = row
    for right, wrong in zip(changes[::2], changes[1::2], strict=True):
        assert code.count(right) == 1, (title, right)
        code = code.replace(right, wrong)
    read = read_network(NETWORKS, "networks.py", network)
    report = check_text(code.lstrip("\n"), "mine.py", Path(), read, "", {}, {}, pages_of(numbered(derive(read))))
    return f"## {number}. {title}\n\n{why}\n\n```\n{as_text(report)}\n```\n"


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(section(k, row) for k, row in enumerate(MISTAKES, 1))])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
