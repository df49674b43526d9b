"""A recurrence over steps and layers as a lattice: steps side by side, layers above each other.

What comes in are the equations and their derivation; what goes out are frames and arrows with places in millimetres, as
for a recurrence with a single letter (`unrolled`). The letter by which more is handed on runs to the right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from symbp.calculus.steps import Derivation
from symbp.core import build
from symbp.core.expr import Expr, Read, Where
from symbp.core.integers import Atom, Index, Poly
from symbp.core.network import Equation
from symbp.core.recurrence import Part
from symbp.core.traverse import free_indices, indices_of, reads, substitute, walk
from symbp.core.views import among, terms_of
from symbp.document.drawn import Arrow, Drawing, Frame
from symbp.document.lesson.order import Way, steps_of
from symbp.document.looks import whole_form
from symbp.document.model import Block, Paragraph
from symbp.document.said import Figure, Letter, Listed, Said, Slice, Whole, listed, said
from symbp.document.said import Part as Phrase
from symbp.matrix.guards import missed
from symbp.matrix.nodes import Named

STEPS, LAYERS = 3, 2
WIDE, GAP, LANE, RISE, BAR = 24.0, 26.0, 12.0, 13.0, 7.0  # of a step, to the next, for what is handed on, up, readers
REACH = 11.0  # how far an arrow leads out of the lattice
SIDE = 2.5  # between a value's arrow and that of its derivative


@dataclass(frozen=True, slots=True)
class Direction:
    """A letter of the lattice: where its steps come from, what is handed on along it, and how many are drawn."""

    way: Way
    handed: tuple[str, ...]
    count: int

    @property
    def letter(self) -> Index:
        return self.way[0]

    @property
    def steps(self) -> tuple[int, ...]:
        """In the order in which they are computed."""
        return tuple(range(self.count)) if self.way[1] < 0 else tuple(range(self.count - 1, -1, -1))


@dataclass(frozen=True, slots=True)
class Lattice:
    """A recurrence with two letters."""

    d: Derivation
    part: Part
    across: Direction
    up: Direction

    @property
    def names(self) -> frozenset[str]:
        return frozenset(e.name for e in self.part)

    @property
    def high(self) -> float:
        return LANE * len(self.across.handed) + 4.0

    def corner(self, column: int, row: int) -> tuple[float, float]:
        """The lower left corner of a step's frame."""
        return column * (WIDE + GAP), row * (self.high + RISE)

    def at(self, column: int, row: int) -> dict[Index, int]:
        """The numbers of the letters there."""
        return {self.across.letter: self.across.steps[column], self.up.letter: self.up.steps[row]}

    def cells(self) -> Iterator[tuple[int, int]]:
        return ((column, row) for row in range(LAYERS) for column in range(STEPS))


def lattice(d: Derivation, part: Part) -> tuple[Block, ...]:
    """The drawing of a recurrence with two letters, with a sentence on it; nothing of another."""
    found = _lattice(d, part)
    return () if found is None else (_drawing(found), _words(found))


def _lattice(d: Derivation, part: Part) -> Lattice | None:
    names = {e.name for e in part}
    handed: dict[Way, dict[str, None]] = {}
    for r in (r for e in part for r in reads(e.body) if r.tensor in names):
        ways = steps_of(r)
        if len(ways) > 1:
            return None
        for way in ways:
            handed.setdefault(way, {})[r.tensor] = None
    if len(handed) != 2 or len({letter for letter, _ in handed}) < 2:
        return None
    up, across = sorted(handed, key=lambda way: len(handed[way]))
    made = Lattice(d, part, Direction(across, tuple(handed[across]), STEPS), Direction(up, tuple(handed[up]), LAYERS))
    return made if _can_be_drawn(made) else None


def _can_be_drawn(x: Lattice) -> bool:
    """Is each step next to that which it reads, and do others read the upper row alone?"""
    for direction in (x.across, x.up):
        known = direction.letter.extent.constant
        if abs(direction.way[1]) != 1 or (known is not None and known < direction.count):
            return False
    if any(direction.letter not in e.indices for direction in (x.across, x.up) for e in x.part):
        return False
    return all(x.up.way[1] < 0 and _sub(x, r, x.up.letter) == x.up.letter.stop - 1 for r in _reads_of_it(x))


def _reads_of_it(x: Lattice) -> list[Read]:
    return [r for e in x.d.network.equations if e.name not in x.names for r in reads(e.body) if r.tensor in x.names]


def _sub(x: Lattice, r: Read, letter: Index) -> Poly:
    equation = x.d.network.equation(r.tensor)
    assert equation is not None
    return r.subs[equation.indices.index(letter)]


# --- the drawing


def _drawing(x: Lattice) -> Drawing:
    frames = [Frame(*x.corner(*cell), WIDE, x.high, _title(x, x.at(*cell))) for cell in x.cells()]
    arrows = [a for cell in x.cells() for side in (_sideways, _upwards, _inputs) for a in side(x, *cell)]
    top = x.corner(0, LAYERS)[1] - RISE + REACH
    readers = dict.fromkeys(e.name for e in x.d.network.equations if e.name not in x.names and _reads_it(x, e))
    bar = said("unrolled.list", parts=listed(map(Whole, readers)))
    frames.append(Frame(0.0, top, x.corner(STEPS - 1, 0)[0] + WIDE, BAR, bar, "loss"))
    arrows += (a for column in range(STEPS) for a in _outputs(x, column))
    return Drawing(tuple(frames), tuple(arrows))


def _title(x: Lattice, at: Mapping[Index, int]) -> Said:
    steps = (
        said("unrolled.step", letter=Letter("index", letter.name), step=Figure(at[letter]))
        for letter in (x.up.letter, x.across.letter)
    )
    return said("unrolled.list", parts=Listed("comma", tuple(steps)))


def _sideways(x: Lattice, column: int, row: int) -> Iterator[Arrow]:
    """What a step hands on to the right; what the first one is given."""
    left, low = x.corner(column, row)
    for lane, name in enumerate(x.across.handed):
        y = low + x.high - LANE * (lane + 0.5)
        if not column:
            yield from _given(x, x.across, name, ((left - REACH, y), (left, y)), x.at(column, row))
        if column + 1 < STEPS:
            start, end = left + WIDE, left + WIDE + GAP
            yield Arrow(((start, y), (end, y)), False, _slice(x, name, x.at(column, row)))
            if name in _active(x):
                back = _sent_back(x, x.across.letter, name, x.at(column, row))
                yield Arrow(((end, y - 3.0), (start, y - 3.0)), True, back, below=True)


def _upwards(x: Lattice, column: int, row: int) -> Iterator[Arrow]:
    """What a step hands on to the one above it; what the lowest is given."""
    left, low = x.corner(column, row)
    middle = left + WIDE / 2
    for lane, name in enumerate(x.up.handed):
        at = middle + lane * 4 * SIDE
        if not row:
            yield from _given(x, x.up, name, ((at, low - REACH + 3.0), (at, low)), x.at(column, row))
        if row + 1 < LAYERS:
            start, end = low + x.high, low + x.high + RISE
            word = _slice(x, name, x.at(column, row))
            yield Arrow(((at - SIDE, start), (at - SIDE, end)), False, word, beside=True)
            if name in _active(x):
                back = _sent_back(x, x.up.letter, name, x.at(column, row))
                yield Arrow(((at + SIDE, end), (at + SIDE, start)), True, back, beside=True)


def _given(
    x: Lattice, along: Direction, name: str, way: tuple[tuple[float, float], ...], at: Mapping[Index, int]
) -> Iterator[Arrow]:
    """What is read where no step is: the other branch of the choice."""
    other = next(_starts(x, along.letter, name), None)
    if other is not None:
        upright = along is x.up
        yield Arrow(way, False, _slice_of(x, other, at), beside=not upright, below=upright)


def _starts(x: Lattice, letter: Index, name: str) -> Iterator[Read]:
    for node in among((n for e in x.part for n in walk(e.body)), Where):
        match node:
            case Where(cond, Read(tensor), Read(other) as given) if tensor == name and other not in x.names:
                if letter in missed(cond):
                    yield given


def _inputs(x: Lattice, column: int, row: int) -> Iterator[Arrow]:
    """What else comes into a step from outside, of its own."""
    left, low = x.corner(column, row)
    given = {r.tensor for along in (x.across, x.up) for name in along.handed for r in _starts(x, along.letter, name)}
    own = (r for e in x.part for r in reads(e.body) if r.tensor not in x.names | given)
    words = tuple(_slice_of(x, r, x.at(column, row)) for r in dict.fromkeys(own) if x.across.letter in _letters(r))
    if words:
        at = left + WIDE - 2 * SIDE
        word = said("unrolled.list", parts=listed(words))
        yield Arrow(((at, low - REACH + 3.0), (at, low)), False, word, below=True)


def _outputs(x: Lattice, column: int) -> Iterator[Arrow]:
    """What others read of the upper row."""
    left, low = x.corner(column, LAYERS - 1)
    letter, last = x.across.letter, STEPS - 1 if x.across.way[1] < 0 else 0
    read = dict.fromkeys(r.tensor for r in _reads_of_it(x) if _sub(x, r, letter).index is not None or column == last)
    if read:
        words = listed(_slice(x, name, x.at(column, LAYERS - 1)) for name in read)
        start, end, middle = low + x.high, low + x.high + REACH, left + WIDE / 2
        yield Arrow(
            ((middle - SIDE, start), (middle - SIDE, end)), False, said("unrolled.list", parts=words), beside=True
        )
        if _active(x) & set(read):
            yield Arrow(((middle + SIDE, end), (middle + SIDE, start)), True, None)


def _reads_it(x: Lattice, e: Equation) -> bool:
    return any(r.tensor in x.names for r in reads(e.body))


def _active(x: Lattice) -> set[str]:
    return {s.quantity for s in x.d.sections}


def _letters(r: Read) -> set[Index]:
    return {i for s in r.subs for i in indices_of(s)}


def _slice(x: Lattice, name: str, at: Mapping[Index, int]) -> Slice:
    equation = x.d.network.equation(name)
    assert equation is not None
    return _slice_of(x, Read(name, tuple(map(Poly.of, equation.indices))), at)


def _slice_of(x: Lattice, r: Read, at: Mapping[Index, int]) -> Slice:
    """What is read there: of the dimensions behind the last letter that is known, all."""
    known = [k for k, s in enumerate(r.subs) if any(i in at for i in indices_of(s))]
    table: dict[Atom, Poly] = {i: Poly.of(k) for i, k in at.items()}
    lead = tuple(s.replace(table.get) for s in r.subs[: max(known, default=-1) + 1])
    return Slice(Named(r.tensor, x.d.network.shape(r.tensor)[len(lead) :], lead))


def _sent_back(x: Lattice, letter: Index, name: str, at: Mapping[Index, int]) -> Phrase | None:
    """What the step behind sends back: the terms of the adjoint that read it."""
    section = next(s for s in x.d.sections if s.quantity == name)
    assert isinstance(section.main.lhs, Read)
    letters = [i for s in section.main.lhs.subs if (i := s.index) is not None]
    known = {i: at[j] for i in letters for j in at if i.name == j.name}
    own = next((i for i in known if i.name == letter.name), None)
    choices = (t for t in among(terms_of(section.main.result), Where) if missed(t.cond))
    terms = [t.then for t in choices if own in free_indices(t.cond)]
    if not terms:
        return None
    body: Expr = substitute(build.add(*terms), {i: Poly.of(k) for i, k in known.items()})
    form = whole_form(x.d, Equation(section.main.lhs.tensor, tuple(i for i in letters if i not in known), body))
    return None if form is None else Slice(form.matrix)


# --- what is said of it


def _words(x: Lattice) -> Paragraph:
    handed = (listed(map(Whole, along.handed)) for along in (x.across, x.up))
    letters = [Letter("index", along.letter.name) for along in (x.across, x.up)]
    head = said("lattice", across=letters[0], up=letters[1], sideways=next(handed), upwards=next(handed))
    given = {r.tensor for along in (x.across, x.up) for n in along.handed for r in _starts(x, along.letter, n)}
    own = [r for e in x.part for r in reads(e.body) if r.tensor not in x.names | given]
    by_step = {r.tensor for r in own if x.across.letter in _letters(r)}
    shared = tuple(dict.fromkeys(r.tensor for r in own if r.tensor not in by_step))
    words = [head]
    if shared:
        words.append(said("lattice.shared", len(shared), shared=listed(map(Whole, shared)), letter=letters[0]))
    return Paragraph((*words, said("lattice.back")))
