"""What a person would say before a derivation: what a nudge of a quantity moves, and so what is added up.

All of it is read off the chain rule's own line: over which letters it sums, and which stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from symbp.calculus.steps import Derivation, Local, Section
from symbp.core.build import NIL
from symbp.core.example import Example
from symbp.core.expr import Add, Delta, Expr, Mul, Partial, Read, Sum, Where
from symbp.core.integers import Index, Poly
from symbp.core.traverse import free_indices, nodes, reads
from symbp.core.views import terms_of
from symbp.document.lesson.costs import factors_of_extent
from symbp.document.lesson.order import known_first
from symbp.document.said import Letter, Listed, Math, Product, Ref, Said, Whole, Words, listed, said


def happens(d: Derivation, part: Section, example: Example | None) -> Words:
    """What a nudge of an entry moves; `part` has what rides along fixed. What is said of all holds in the example."""
    assert isinstance(part.main.lhs, Read)
    entry = Math(Read(part.quantity, part.main.lhs.subs))
    if not part.locals:
        return (said("happens.loss", entry=entry, equation=_ref(d, d.loss)),)
    ways = [_way(d, part, entry, term, example) for term in terms_of(part.main.steps[0].value)]
    said_of = [w for w in ways if w is not None]
    if len(part.used_by) == 1:
        return (*said_of, *_later(d, part))
    head = said("happens.several", entry=entry, equations=listed(_ref(d, name) for name in part.used_by))
    return (head, *_later(d, part))


def together(words: Sequence[Words]) -> tuple[Words, ...]:
    """What is said of each of several quantities; where it is the same of some in a row, of all these at the first."""
    made: list[Words] = []
    for _, run in groupby(words, key=_of_any):
        same = tuple(run)
        made += [_of_all(same), *((),) * (len(same) - 1)] if len(same) > 1 and same[0] else same
    return tuple(made)


def _of_any(words: Words) -> tuple[object, ...]:
    """A sentence but for the entry it speaks of."""
    match words:
        case (Said(name, slots, count),) if "entry" in dict(slots):
            return name, tuple(s for s in slots if s[0] != "entry"), count
    return (words,)


def _of_all(same: Sequence[Words]) -> Words:
    """The sentence of all the entries."""
    sentences = [w for words in same for w in words if isinstance(w, Said)]
    entries = tuple(part for w in sentences if not isinstance(part := dict(w.slots)["entry"], Listed))
    slots = tuple((name, Listed("either", entries) if name == "entry" else part) for name, part in sentences[0].slots)
    return (replace(sentences[0], slots=slots),)


def _ref(d: Derivation, name: str) -> Ref:
    number = d.number(name)
    assert number is not None
    return Ref(number)


def _way(d: Derivation, part: Section, entry: Math, term: Expr, example: Example | None) -> Said | None:
    """What one equation makes of the nudge."""
    partial = next(nodes(term, Partial), None)
    if partial is None:
        return None
    moved, equation = Math(partial.of), _ref(d, partial.of.tensor)
    own = [c for c in part.locals if isinstance(c.key, Local) and c.key.of == partial.of.tensor]
    if own and all(c.result == NIL for c in own):
        return said("happens.none", entry=entry, moved=moved, equation=equation)
    conditional, vanishes = _by_conditions(part, partial.of.tensor), _vanishes(partial, example)
    if (conditional or vanishes) and not isinstance(term, Sum):
        return said("happens.most", entry=entry, moved=moved, equation=equation)
    if conditional:
        return said("happens.some", entry=entry, moved=Whole(partial.of.tensor), equation=equation)
    if not isinstance(term, Sum):
        return said("happens.one", entry=entry, moved=moved, equation=equation)
    count = _count(term.indices)
    if count == Product(()):
        return said("happens.one", entry=entry, moved=moved, equation=equation)
    letters = Listed("tied", tuple(Letter("index", i.name) for i in term.indices))
    stay = [i for i in free_indices(partial.of) if i in free_indices(partial.by) and i not in term.indices]
    if not stay:
        return said(
            "happens.sum.some" if vanishes else "happens.sum",
            entry=entry,
            moved=moved,
            equation=equation,
            letters=letters,
            count=count,
        )
    kept = Listed("tied", tuple(Letter("index", i.name) for i in stay))
    return said(
        "happens.sum.fixed.some" if vanishes else "happens.sum.fixed",
        len(stay),
        entry=entry,
        moved=moved,
        equation=equation,
        letters=letters,
        count=count,
        kept=kept,
    )


def _by_conditions(part: Section, user: str) -> bool:
    """Does it depend on subscripts or on values whether an entry of the user follows?"""
    chains = [c for c in part.locals if c.key == Local(user, part.quantity)]
    return any(_may_vanish(c.result) for c in chains)


def _vanishes(partial: Partial, example: Example | None) -> bool:
    """Is it 0 at some entries of the example?"""
    values = example.everywhere(partial, free_indices(partial)) if example is not None else None
    return values is not None and not all(values)


def _may_vanish(e: Expr) -> bool:
    """Is it 0 wherever a delta or a condition fails? A sum is where all its terms are: delta - p is not."""
    match e:
        case Delta():
            return True
        case Where(_, then, other):
            return NIL in (then, other) or _may_vanish(then) or _may_vanish(other)
        case Sum(_, body):
            return _may_vanish(body)
        case Add(args):
            return all(map(_may_vanish, args))
        case Mul(args):
            return any(map(_may_vanish, args))
    return False


def _count(indices: tuple[Index, ...]) -> Product:
    number, extents = 1, list[Poly]()
    for coefficient, factors in (factors_of_extent(i.extent) for i in indices):
        number *= coefficient
        extents += factors
    return Product(tuple(extents), number)


def _later(d: Derivation, part: Section) -> tuple[Said, ...]:
    """Where what comes back comes from another step of a recurrence, in which order the steps are run."""
    adjoints = {adjoint for _, adjoint in d.adjoints}
    return known_first(r for r in reads(part.main.result) if r.tensor in adjoints)
