"""A recurrence over layers and time is drawn as a lattice, with what is handed on and what comes back."""

from __future__ import annotations

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

GRID = '''from symbp import Data, Param, dims, network

L, T, N, D = dims("L T N D")


@network
def grid(x: Data[T, N, D], h0: Data[L, N, D], W: Param[L, D, D], U: Param[L, D, D]):
    """Layers over time; {what} is read."""
    h[-1] = x
    for l in L:
        h[l, {start}] = h0[l]
        for t in T:
            h[l, t] = tanh(h[l - 1, t] @ W[l] + h[l, {before}] @ U[l])
    return sum(h[{read}] ** 2)
'''


def of(start: str, before: str, read: str) -> Derivation:
    return one_range(derive(read_network(GRID.format(what=read, start=start, before=before, read=read), "f.py")))[0]


def drawn(d: Derivation) -> tuple[Drawing, WordWriter]:
    (drawing,) = (b for b in unrolled(d) if isinstance(b, Drawing))
    return drawing, WordWriter(printer_of(compose(d, {})))


def labels(d: Derivation, *, backward: bool, upright: bool) -> list[str]:
    drawing, words = drawn(d)
    own = (a for a in drawing.arrows if a.backward == backward and is_upright(a) == upright and a.word is not None)
    return sorted(words.tex(a.word) for a in own if a.word is not None)


def is_upright(a: Arrow) -> bool:
    return a.points[0][0] == a.points[-1][0]


def bold(letter: str, sub: str) -> str:
    return f"$\\mathbf{{{letter}}}_{{{sub}}}$"


def test_layers_of_an_lstm() -> None:
    d = one_range(derivation_of("stacked_lstm"))[0]
    drawing, words = drawn(d)
    titles = [words.tex(f.word) for f in drawing.frames if f.kind == "value"]
    assert titles == [f"$l$~=~{row}, $t$~=~{k}" for row in (0, 1) for k in (0, 1, 2)]
    start = [f"$\\mathbf{{{a}}}^{{(0)}}_{{{row}}}$" for a in "CH" for row in (0, 1)]
    handed = [bold(a, f"{row}{k}") for a in "CH" for row in (0, 1) for k in (0, 1)]
    assert labels(d, backward=False, upright=False) == sorted(start + handed)
    up = [bold("H", f"{row}{k}") for row in (0, 1) for k in (0, 1, 2)]
    assert labels(d, backward=False, upright=True) == sorted([*up, *(bold("X", str(k)) for k in (0, 1, 2))])
    down = [f"$\\adj{{\\mathbf{{Z}}}}_{{1{k}}}\\,\\mathbf{{W}}^{{\\mathrm{{x}}\\top}}_{{1}}$" for k in (0, 1, 2)]
    assert labels(d, backward=True, upright=True) == down
    assert "$\\adj{\\mathbf{C}}_{02} \\odot \\mathbf{F}_{02}$" in labels(d, backward=True, upright=False)


def test_what_runs_from_the_end_is_drawn_from_there() -> None:
    drawing, words = drawn(of("T", "t + 1", "L - 1"))
    titles = [words.tex(f.word) for f in drawing.frames if f.kind == "value"]
    assert titles[:3] == [f"$l$~=~0, $t$~=~{k}" for k in (2, 1, 0)]


def test_of_a_last_step_alone_one_arrow_leads_on() -> None:
    d = of("-1", "t - 1", "L - 1, T - 1")
    top = max(f.y for f in drawn(d)[0].frames)
    assert [a.backward for a in drawn(d)[0].arrows if max(y for _, y in a.points) == top] == [False, True]


def test_where_every_layer_is_read_there_is_no_room_for_it() -> None:
    """Arrows from the lower rows would lead through the upper ones."""
    assert unrolled(of("-1", "t - 1", ":")) == ()
