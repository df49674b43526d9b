"""A recurrence is drawn unrolled: what each step is handed, what it reads, what comes back to it."""

from __future__ import annotations

import pytest

from symbp.calculus.derive import derive
from symbp.calculus.steps import Derivation
from symbp.document.compose import compose
from symbp.document.drawn import Arrow, Drawing
from symbp.document.lesson.unrolled import unrolled
from symbp.document.ranged import one_range
from symbp.document.tex.words import WordWriter
from symbp.document.tex.write import printer_of
from symbp.notation.read import read_network
from tests.shared import derivation_of

HEAD = "from symbp import Data, Param, dims, network\n\nT, N, D = dims('T N D')\n\n\n@network\n"
LAST = (
    HEAD
    + '''def last(x: Data[T, N, D], h0: Param[N, D], W: Param[D, D]):
    """The last step alone is read."""
    h[-1] = h0
    for t in T:
        z[t] = h[t - 1] @ W
        h[t] = tanh(z[t]) + x[t]
    return sum(h[T - 1] ** 2)
'''
)
DOWN = (
    HEAD
    + '''def down(x: Data[T, N, D], h0: Data[N, D], W: Param[D, D]):
    """From the last step to the first."""
    h[T] = h0
    for t in T:
        h[t] = h[t + 1] @ W + x[t]
    return sum(h**2)
'''
)
STACK = (
    HEAD
    + '''def stack(x: Data[T, N, D], h0: Data[N, D], W: Param[D, D]):
    """Nothing recurs."""
    return sum((x @ W + h0) ** 2)
'''
)


def drawn(d: Derivation) -> tuple[Drawing, WordWriter]:
    d = one_range(d)[0]
    (drawing,) = (b for b in unrolled(d) if isinstance(b, Drawing))
    return drawing, WordWriter(printer_of(compose(d, {})))


def arrows(d: Derivation, *, backward: bool) -> list[str]:
    drawing, words = drawn(d)
    return [words.tex(a.word) for a in drawing.arrows if a.backward == backward and a.word is not None]


def of(text: str) -> Derivation:
    return derive(read_network(text, "file.py"))


def test_an_lstm_hands_on_two_quantities_and_two_come_back() -> None:
    d = derivation_of("lstm")
    forward = arrows(d, backward=False)
    for k in (0, 1):
        assert forward.count(f"$\\mathbf{{C}}_{{{k}}}$") == 1
    assert forward.count("$\\mathbf{H}_{0}$") == 2  # to the next step and to the loss
    assert [forward.count(f"$\\mathbf{{X}}_{{{k}}}$") for k in range(4)] == [1, 1, 1, 0]
    assert arrows(d, backward=True) == [
        *(f"$\\adj{{\\mathbf{{Z}}}}_{{{k}}}\\,\\mathbf{{W}}^{{\\mathrm{{h}}\\top}}$" for k in (1, 2)),
        *(f"$\\adj{{\\mathbf{{C}}}}_{{{k}}} \\odot \\mathbf{{F}}_{{{k}}}$" for k in (1, 2)),
    ]


def test_no_derivative_comes_into_the_last_step_from_a_later_one() -> None:
    drawing, _ = drawn(derivation_of("lstm"))
    right = max(f.x + f.wide for f in drawing.frames)
    assert all(x <= right for a in drawing.arrows for x, _ in a.points)


def test_what_is_read_of_the_last_step_alone_leaves_it_alone() -> None:
    d = of(LAST)
    drawing, words = drawn(d)
    up = [a for a in drawing.arrows if _is_upright(a) and a.beside]
    assert [words.tex(a.word) for a in up if a.word] == ["$\\mathbf{H}_{2}$"]
    assert sum(a.backward for a in drawing.arrows if _is_upright(a)) == 1
    start = [a for a in drawing.arrows if min(x for x, _ in a.points) < 0]
    assert [a.backward for a in start] == [False, True]  # a parameter gets something back


def _is_upright(a: Arrow) -> bool:
    return a.points[0][0] == a.points[-1][0]


def test_steps_that_run_down_are_drawn_from_the_last() -> None:
    drawing, words = drawn(of(DOWN))
    titles = [words.tex(f.word) for f in drawing.frames if f.kind == "value"]
    assert titles == [f"$t$~=~{k}" for k in (2, 1, 0)]
    assert "$\\adj{\\mathbf{H}}_{0}\\,\\mathbf{W}^{\\top}$" in arrows(of(DOWN), backward=True)


@pytest.mark.parametrize("name", ["two_layer_net", "conv_layer"])
def test_where_nothing_recurs_nothing_is_drawn(name: str) -> None:
    assert unrolled(derivation_of(name)) == ()
    assert unrolled(of(STACK)) == ()
