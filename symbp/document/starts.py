"""Where a recurrence starts: entries that no equation defines, `h[-1, n, k]`, each with what it stands for.

What the derivation writes as a choice, h[t - 1] from the second step on and h0 before, is shown as h[t - 1] alone, as
on the board; the document says once what h[-1] is. So it is where a recurrence ends: what comes back to the last step
from a later one, which is not there, is 0, and a product with it needs no condition.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from symbp.core.build import NIL
from symbp.core.expr import Expr, Mul, Read, Sum, Where
from symbp.core.integers import Atom, Index, Poly
from symbp.core.traverse import indices_of, walk
from symbp.core.views import is_guarded
from symbp.matrix import Matrix
from symbp.matrix.guards import missed
from symbp.matrix.nodes import Added, Guard, Hadamard, Named, Product, Scalar, Scale, Transpose, shape

Starts = tuple[tuple[Read, Expr], ...]


@dataclass(frozen=True, slots=True)
class Border:
    """What a choice reads where its condition fails: an entry outside, and what is there instead."""

    outside: Read
    given: Expr


def border_of(choice: Where) -> Border | None:
    """The border of a choice between a step before, or after, and what is given; else nothing."""
    table = missed(choice.cond)
    if not table or not isinstance(choice.then, Read) or not isinstance(choice.other, Read):
        return None
    outside, given = _at(choice.then, table), _at(choice.other, table)
    changed = [k for k, (a, b) in enumerate(zip(outside.subs, choice.then.subs, strict=True)) if a != b]
    if len(changed) != 1 or any(True for _ in indices_of(outside.subs[changed[0]])):
        return None
    return Border(outside, given)


def ends_of(choice: Where) -> Iterator[Border]:
    """What makes a value under a condition 0 where that fails: a factor of it that would be read behind the last step,
    or before the first.
    """
    table = missed(choice.cond) if is_guarded(choice) else {}
    for read in _factors(choice.then) if table else ():
        outside = _at(read, table)
        if _is_outside(read.subs, outside.subs, table):
            yield Border(outside, NIL)


def _factors(e: Expr) -> Iterator[Read]:
    """The entries that make all of it 0."""
    match e:
        case Read():
            yield e
        case Mul(args):
            for a in args:
                yield from _factors(a)
        case Sum(_, body):
            yield from _factors(body)


def _is_outside(subs: Sequence[Poly], there: Sequence[Poly], table: dict[Atom, Poly]) -> bool:
    """Is one subscript the step next to the one that a condition leaves out, on the side where there are no steps?"""
    ((letter, last),) = table.items()
    assert isinstance(letter, Index)
    side = 1 if last == letter.stop - 1 else -1
    moved = [s for s, t in zip(subs, there, strict=True) if s != t]
    return moved == [Poly.of(letter) + side]


def _at(read: Read, table: dict[Atom, Poly]) -> Read:
    """The entry at the step where the condition fails; the ranges of the other letters stay."""
    return Read(read.tensor, tuple(s.replace(table.get) for s in read.subs))


def starts_of(expressions: Iterable[Expr], tensors: Iterable[str], adjoints: Iterable[str] = ()) -> Starts:
    """The entries outside that stand for one thing in all the expressions, of the given tensors; those of adjoints
    stand for 0.
    """
    names, ends = set(tensors), set(adjoints)
    borders = [b for b in _borders(expressions) if b.outside.tensor in (ends if b.given == NIL else names)]
    found: dict[Read, Expr] = {}
    for b in sorted(borders, key=lambda b: len(str(b.outside))):  # letters without primes first
        if _is_general(b) and _meaning(b.outside, found.items()) is None:
            found[b.outside] = b.given
    wrong = {r.outside.tensor for r in borders if _meaning(r.outside, found.items()) != r.given}
    return tuple((read, given) for read, given in found.items() if read.tensor not in wrong)


def _borders(expressions: Iterable[Expr]) -> Iterator[Border]:
    for e in expressions:
        for node in walk(e):
            if isinstance(node, Where):
                yield from ends_of(node)
                if border := border_of(node):
                    yield border


def _is_general(b: Border) -> bool:
    """Is it said of all entries: a different letter for each dimension but one, and no others in what is given?"""
    letters = [s.index for s in b.outside.subs if s.index]
    fixed = [s for s in b.outside.subs if not s.index]
    known = not isinstance(b.given, Read) or all(i in letters for s in b.given.subs for i in indices_of(s))
    return len(fixed) == 1 and len(set(letters)) == len(letters) and known


def stands_for(choice: Where, starts: Starts) -> bool:
    """Does the entry outside that a choice avoids stand for what the choice reads there?"""
    border = border_of(choice)
    if border is not None:
        return _meaning(border.outside, starts) == border.given
    return any(_meaning(end.outside, starts) == NIL for end in ends_of(choice))


def _meaning(read: Read, starts: Iterable[tuple[Read, Expr]]) -> Expr | None:
    """What an entry outside stands for."""
    for outside, given in starts:
        table = _match(outside, read)
        if table is not None:
            return _at(given, table) if isinstance(given, Read) else given
    return None


def _match(outside: Read, read: Read) -> dict[Atom, Poly] | None:
    """What the letters of a general entry are in another."""
    if outside.tensor != read.tensor:
        return None
    table: dict[Atom, Poly] = {}
    for a, b in zip(outside.subs, read.subs, strict=True):
        i: Index | None = a.index
        if i is None and a != b:
            return None
        if i is not None:
            table[i] = b
    return table


def slice_border(m: Guard) -> tuple[Named, Matrix]:
    """The slice that only the border reads, H[-1], and what is there instead."""
    then, other = (a.arg if isinstance(a, Transpose) else a for a in (m.then, m.other))
    assert isinstance(then, Named)
    return Named(then.name, shape(other)[: len(then.dims)], m.border), other


def slice_ends(m: Guard) -> Iterator[tuple[Named, Matrix]]:
    """The slices outside, C_T, that make a matrix under a condition 0 where that fails."""
    table = missed(m.cond) if m.other == Scalar(NIL) else {}
    for named in _matrix_factors(m.then) if table else ():
        lead = tuple(s.replace(table.get) for s in named.lead)
        if _is_outside(named.lead, lead, table):
            yield Named(named.name, named.dims, lead), Scalar(NIL)


def _matrix_factors(m: Matrix) -> Iterator[Named]:
    """The slices that make all of it 0."""
    match m:
        case Named():
            yield m
        case Product(args) | Hadamard(args):
            for a in args:
                yield from _matrix_factors(a)
        case Scale(_, arg) | Transpose(arg) | Added(_, arg):
            yield from _matrix_factors(arg)
