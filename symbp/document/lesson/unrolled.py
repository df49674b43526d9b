"""A recurrence unrolled: its first steps side by side, what is handed on from each to the next, and what comes back.

What comes in are the equations and their derivation; what goes out are frames and arrows with places in millimetres,
which any format can draw. The graph has the same recurrence rolled up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from symbp.calculus.steps import Derivation
from symbp.core import build
from symbp.core.expr import Expr, Read, Where
from symbp.core.integers import Dim, Index, Poly
from symbp.core.network import Equation
from symbp.core.recurrence import Part, components, is_recurrent
from symbp.core.traverse import free_indices, indices_of, reads, substitute, walk
from symbp.core.views import terms_of
from symbp.document.drawn import Arrow, Drawing, Frame
from symbp.document.lesson.lattice import lattice
from symbp.document.lesson.order import step_of
from symbp.document.looks import whole_form
from symbp.document.model import Block, Paragraph
from symbp.document.said import Count, Figure, Letter, Said, Slice, Whole, listed, said
from symbp.document.said import Part as Phrase
from symbp.matrix.guards import missed
from symbp.matrix.nodes import Named

STEPS = 3
WIDE, GAP, LANE, BAR = 20.0, 26.0, 12.0, 7.0  # of a step, between two, for what is handed on, of what reads them
REACH = 11.0  # how far an arrow leads out of a step
SIDE = 2.5  # between a value's arrow and that of its derivative


@dataclass(frozen=True, slots=True)
class _Loop:
    """A recurrence: its equations, the letter of its steps, and how far away the step is that each reads, 1 or -1."""

    part: Part
    step: Index
    away: int
    handed: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset(e.name for e in self.part)


def unrolled(d: Derivation) -> tuple[Block, ...]:
    """The recurrences of a network, each with a sentence on what is drawn."""
    recurrent = (part for part in components(d.network.equations) if is_recurrent(part))
    return tuple(block for part in recurrent for block in _blocks(d, part))


def _blocks(d: Derivation, part: Part) -> tuple[Block, ...]:
    loop = _loop(d, part)
    return lattice(d, part) if loop is None else (_drawing(d, loop), _words(d, loop))


def _loop(d: Derivation, part: Part) -> _Loop | None:
    """A recurrence with a single letter for its steps, each of which reads the one before, or the one behind."""
    names = {e.name for e in part}
    own = [r for e in part for r in reads(e.body) if r.tensor in names]
    other = [(r.tensor, step) for r in own if (step := step_of(r)) is not None]
    found = {step for _, step in other}
    if len(found) != 1:
        return None
    ((letter, away),) = found
    known = letter.extent.constant
    if abs(away) != 1 or (known is not None and known < STEPS) or any(letter not in e.indices for e in part):
        return None
    return _Loop(part, letter, away, tuple(dict.fromkeys(name for name, _ in other)))


# --- the drawing


def _drawing(d: Derivation, loop: _Loop) -> Drawing:
    """Time runs to the right, whichever way the steps are counted."""
    active = {s.quantity for s in d.sections}
    high = LANE * len(loop.handed) + 4.0
    lefts = [k * (WIDE + GAP) for k in range(STEPS)]
    shown = _steps(loop)
    letter = Letter("index", loop.step.name)
    titles = (said("unrolled.step", letter=letter, step=Figure(k)) for k in shown)
    frames = [Frame(x, 0.0, WIDE, high, title) for x, title in zip(lefts, titles, strict=True)]
    arrows: list[Arrow] = []
    for lane, name in enumerate(loop.handed):
        y = high - 2.0 - LANE * (lane + 0.5) + 2.0
        arrows += _before(d, loop, name, y, active)
        for left, k, later in zip(lefts, shown, shown[1:], strict=False):
            ends = left + WIDE, left + WIDE + GAP
            arrows.append(Arrow(((ends[0], y), (ends[1], y)), False, _slice(d, name, loop, k)))
            if name in active:
                back = _sent_back(d, loop, name, k, later)
                arrows.append(Arrow(((ends[1], y - 3.5), (ends[0], y - 3.5)), True, back, below=True))
    for left, k in zip(lefts, shown, strict=True):
        arrows += _inputs(d, loop, left + WIDE / 2, k)
    top = high + REACH
    readers = said("unrolled.list", parts=listed(map(Whole, _readers(d, loop))))
    frames.append(Frame(0.0, top, lefts[-1] + WIDE, BAR, readers, "loss"))
    for left, k in zip(lefts, shown, strict=True):
        arrows += _outputs(d, loop, left + WIDE / 2, high, k, active)
    return Drawing(tuple(frames), tuple(arrows))


def _steps(loop: _Loop) -> tuple[int, ...]:
    """The steps from left to right."""
    return tuple(range(STEPS)) if loop.away < 0 else tuple(range(STEPS - 1, -1, -1))


def _slice(d: Derivation, name: str, loop: _Loop, k: int) -> Slice:
    """A quantity at a step: C_1, or x_{n1} where other letters stand before that of the step."""
    equation = d.network.equation(name)
    if equation is not None and loop.step in equation.indices:
        subs = tuple(Poly.of(i) for i in equation.indices)
    else:
        found = (r.subs for e in loop.part for r in reads(e.body) if r.tensor == name)
        subs = next(subs for subs in found if any(loop.step in indices_of(s) for s in subs))
    place = next(j for j, s in enumerate(subs) if loop.step in indices_of(s))
    return Slice(Named(name, d.network.shape(name)[place + 1 :], (*subs[:place], Poly.of(k))))


def _before(d: Derivation, loop: _Loop, name: str, y: float, active: set[str]) -> Iterator[Arrow]:
    """What the first step reads, where that is something."""
    given = _given(loop, name)
    if given is not None:
        yield Arrow(((-REACH, y), (0.0, y)), False, Whole(given), beside=True)
        if given in active:
            yield Arrow(((0.0, y - 3.5), (-REACH, y - 3.5)), True, None)


def _given(loop: _Loop, name: str) -> str | None:
    """What the first step reads of a quantity that is handed on: the other branch of the choice."""
    for e in loop.part:
        for node in walk(e.body):
            if isinstance(node, Where) and isinstance(node.then, Read) and node.then.tensor == name:
                other = node.other
                if isinstance(other, Read) and other.tensor not in loop.names:
                    return other.tensor
    return None


def _sent_back(d: Derivation, loop: _Loop, name: str, k: int, later: int) -> Phrase | None:
    """What the later step sends back: the terms of the adjoint that read it."""
    section = next(s for s in d.sections if s.quantity == name)
    assert isinstance(section.main.lhs, Read)
    letters = [i for s in section.main.lhs.subs if (i := s.index) is not None]
    step = next((i for i in letters if i.extent == loop.step.extent), None)
    if step is None:
        return None
    choices = (t for t in terms_of(section.main.result) if isinstance(t, Where) and missed(t.cond))
    terms = [t.then for t in choices if step in free_indices(t.cond)]
    if not terms:
        return None
    body: Expr = substitute(build.add(*terms), {step: Poly.of(k)})
    kept = tuple(i for i in letters if i is not step)
    form = whole_form(d, Equation(section.main.lhs.tensor, kept, body))
    return None if form is None else Slice(form.matrix)


def _inputs(d: Derivation, loop: _Loop, x: float, k: int) -> Iterator[Arrow]:
    """What comes in at each step from outside."""
    names = [n for n in _outside(d, loop) if n not in _shared(d, loop)]
    if names:
        label = listed(_slice(d, n, loop, k) for n in names)
        yield Arrow(((x, -REACH + 3.0), (x, 0.0)), False, said("unrolled.list", parts=label), below=True)


def _outside(d: Derivation, loop: _Loop) -> tuple[str, ...]:
    given = {_given(loop, n) for n in loop.handed}
    names = (r.tensor for e in loop.part for r in reads(e.body) if r.tensor not in loop.names)
    return tuple(n for n in dict.fromkeys(names) if n not in given)


def _shared(d: Derivation, loop: _Loop) -> tuple[str, ...]:
    """What every step reads, the same each time."""
    by_step = {r.tensor for e in loop.part for r in reads(e.body) if any(loop.step in indices_of(s) for s in r.subs)}
    return tuple(n for n in _outside(d, loop) if n not in by_step)


def _readers(d: Derivation, loop: _Loop) -> tuple[str, ...]:
    """What reads the steps from outside."""
    return tuple(e.name for e in d.network.equations if e.name not in loop.names and _read_by(loop, e))


def _read_by(loop: _Loop, e: Equation) -> list[Read]:
    return [r for r in reads(e.body) if r.tensor in loop.names]


def _outputs(d: Derivation, loop: _Loop, x: float, high: float, k: int, active: set[str]) -> Iterator[Arrow]:
    """What is read of a step: of every one, or of the last alone."""
    names = dict.fromkeys(r.tensor for e in d.network.equations if e.name not in loop.names for r in _at(d, loop, e, k))
    shown = list(names)
    if shown:
        label = listed(_slice(d, n, loop, k) for n in shown)
        up = ((x - SIDE, high), (x - SIDE, high + REACH))
        yield Arrow(up, False, said("unrolled.list", parts=label), beside=True)
        if any(n in active for n in shown):
            yield Arrow(((x + SIDE, high + REACH), (x + SIDE, high)), True, None)


def _at(d: Derivation, loop: _Loop, e: Equation, k: int) -> Iterator[Read]:
    """The reads of a step: with a letter where it stands, or with its own number, the last being T - 1."""
    for r in _read_by(loop, e):
        equation = d.network.equation(r.tensor)
        assert equation is not None
        sub = r.subs[equation.indices.index(loop.step)]
        fixed = not any(True for _ in indices_of(sub))
        if not fixed or (k == STEPS - 1 and sub == loop.step.stop - 1) or sub == Poly.of(k):
            yield r


# --- what is said of it


def _words(d: Derivation, loop: _Loop) -> Paragraph:
    handed = listed(map(Whole, loop.handed))
    size = loop.step.extent.constant
    name = Letter("size", dim.name) if size is None and (dim := _dim(loop.step.extent)) is not None else None
    head: Said
    if name is not None:
        head = said("unrolled.size", size=name, steps=Figure(STEPS), handed=handed)
    else:
        head = said("unrolled", steps=Count(STEPS), handed=handed)
    shared = _shared(d, loop)
    words = (head, said("unrolled.shared", len(shared), shared=listed(map(Whole, shared)))) if shared else (head,)
    return Paragraph((*words, said("unrolled.back")))


def _dim(extent: Poly) -> Dim | None:
    atoms = list(extent.atoms())
    return atoms[0] if len(atoms) == 1 and isinstance(atoms[0], Dim) and extent == Poly.of(atoms[0]) else None
