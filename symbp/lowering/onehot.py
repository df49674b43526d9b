"""Deltas of labels without their zeros: rows added up where labels say, and one entry of each row changed.

`sum over n of delta(t[n], v) * g[n, d]`, the adjoint of a lookup, adds the rows of g to those of the result; and
`p[n, k] - delta(t[n], k)` takes 1 from the entry t[n] of each row. Neither makes the array of zeros and ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbp.core import build
from symbp.core.expr import Delta, Expr, Read, Sum
from symbp.core.integers import Index, Poly
from symbp.core.traverse import free_indices, indices_of, rename_bound
from symbp.core.views import among, factors_of
from symbp.lowering.builder import extent
from symbp.lowering.labelled import Contract, Entries, Labelled
from symbp.lowering.program import FLOAT
from symbp.lowering.subscripts import integers


@dataclass(frozen=True, slots=True)
class Hot:
    """`factor * delta(labels, place)`: each entry of the labels says one value of `place`."""

    labels: Read
    place: Index
    factor: Expr

    @property
    def own(self) -> tuple[Index, ...]:
        """The indices of the labels."""
        return tuple(dict.fromkeys(i for s in self.labels.subs if (i := s.index)))


def hot_of(at: Entries, factors: tuple[Expr, ...]) -> Hot | None:
    """A product with one such delta; None where the place is not one of all that the labels count."""
    for d in among(factors, Delta):
        rest = build.mul(*(g for g in factors if g is not d))
        for label, place in ((d.a, d.b), (d.b, d.a)):
            match label.atom, place.atom:
                case Read() as labels, Index() as index if index not in (*free_indices(rest), *indices_of(label)):
                    if (Poly(), at.classes.get(labels.tensor)) == (index.start, index.stop) and _is_plain(labels):
                        return Hot(labels, index, rest)
    return None


def _is_plain(read: Read) -> bool:
    """Are its subscripts indices, no two of them the same, or positions?"""
    found = [i for s in read.subs for i in indices_of(s)]
    return len(set(found)) == len(found) == sum(s.index is not None for s in read.subs)


def added_rows(at: Entries, indices: tuple[Index, ...], factors: list[Expr], contract: Contract) -> Labelled | None:
    """The sum of a product over the indices of its labels, rows added up; None where it is no such sum."""
    hot = hot_of(at, tuple(factors))
    if hot is None or not hot.own or hot.place in indices or not all(i in indices for i in hot.own):
        return None
    part = at.number(contract(at, tuple(i for i in indices if i not in hot.own), hot.factor))
    where = at.value(hot.labels)
    if not part.is_array:
        return None
    held = tuple(i for i in where.axes if i in part.axes)
    same = tuple(i for i in where.axes if i not in held)  # one row has as many labels
    rest = tuple(i for i in part.axes if i not in hot.own)
    rows, labels = at.ordered(part, (*held, *rest)).array, at.ordered(where, (*held, *same)).array
    count, times = (extent(tuple(i.extent for i in part)) for part in (held, same))
    shape = tuple(i.extent for i in rest)
    flat = at.builder.reshape(rows, (count, *shape)), at.builder.reshape(labels, (count * times,))
    at.place(hot.place)
    return Labelled(at.builder.emit("rows", flat, (hot.place.extent, *shape), detail=(times,)), (hot.place, *rest))


def scaled_rows(at: Entries, factors: tuple[Expr, ...]) -> tuple[Expr, ...]:
    """Factors of a sum that adds up rows where labels say, moved to the rows: there are fewer of them, as a rule, than
    there are labels to tell apart.
    """
    sums = among(factors, Sum)
    if len(sums) != 1 or len(factors) == 1:
        return factors
    others = tuple(f for f in factors if f is not sums[0])
    total = rename_bound(sums[0], {i.name for f in others for i in free_indices(f)})
    hot = hot_of(at, factors_of(total.body))
    if hot is None or not hot.own or not all(i in total.indices for i in hot.own) or hot.place in total.indices:
        return factors
    if any(hot.place in free_indices(f) for f in others):
        return factors
    return (build.total(total.indices, build.mul(*others, total.body)),)


def changed_entries(at: Entries, base: Labelled, term: Expr) -> Labelled | None:
    """The array with a term added to it that is 0 but for one entry of each row; None where it is no such term."""
    number, rest = build.split_number(term)
    hot = hot_of(at, factors_of(rest))
    if hot is None or set(base.axes) != {*hot.own, hot.place}:
        return None
    if not all(i in hot.own for i in free_indices(hot.factor)) or base.array.kind != FLOAT:
        return None
    own = tuple(i for i in base.axes if i != hot.place)
    amount = at.number(at.value(build.scale(number, hot.factor)))
    places = [at.value(hot.labels) if i == hot.place else integers(at, Poly.of(i)) for i in base.axes]
    args = (base.value, *(at.aligned(a, own) for a in (amount, *places)))
    return Labelled(at.builder.emit("plus", args, base.array.shape), base.axes)
