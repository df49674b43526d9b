"""Facts that equate entries of the data: `W[m, n] == W[n, m]`, `A == -A.T`, `w[i] == w[N - 1 - i]`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symbp.core import build
from symbp.core.expr import Add, Compare, Cond, Expr, Read
from symbp.core.integers import Atom, Poly
from symbp.core.traverse import indices_of, substitute_poly


@dataclass(frozen=True, slots=True)
class EqualEntries:
    """That the entry `one`, at plain subscripts that run over all of its tensor, is `sign` times the entry `other`."""

    one: Read
    other: Read
    sign: int

    def turned(self) -> EqualEntries:
        """The same seen from the other entry, whose subscripts become the plain ones."""
        table: dict[Atom, Poly] = {}
        subs = []
        for sub in self.other.subs:
            (i,) = indices_of(sub)
            step = sub.coefficient(i)  # 1 or -1
            table[i] = (Poly.of(i) - (sub - step * i)) * step
            subs.append(Poly.of(i))
        return EqualEntries(
            Read(self.other.tensor, tuple(subs)),
            Read(self.one.tensor, tuple(substitute_poly(s, table) for s in self.one.subs)),
            self.sign,
        )


def equal_entries(statement: Cond, shape: Callable[[str], tuple[Poly, ...]]) -> EqualEntries | None:
    """What a statement equates, where it is two entries, each running over all of its tensor once; else None.

    `shape` gives the shape of a tensor.
    """
    found = _two_entries(statement)
    if found is None:
        return None
    one, other, sign = found
    if any(s.index is None for s in one.subs):
        one, other = other, one
    letters = {s.index for s in one.subs}
    whole = (
        len(letters) == len(one.subs) == len(other.subs)
        and None not in letters
        and letters == {i for s in other.subs for i in indices_of(s)}
        and (one, sign) != (other, 1)
    )
    fit = all(_covers(s, e) for r in (one, other) for s, e in zip(r.subs, shape(r.tensor), strict=True))
    return EqualEntries(one, other, sign) if whole and fit else None


def _two_entries(statement: Cond) -> tuple[Read, Read, int] | None:
    """The two entries of `a == b`, `a == -b` or `a + b == 0`, and the sign between them."""
    match statement:
        case Compare("==", Add(args), build.NIL) | Compare("==", build.NIL, Add(args)):
            terms = [(t, 1) for t in args]
        case Compare("==", a, b):
            terms = [(a, 1), (b, -1)]
        case _:
            return None
    entries = [e for t, s in terms if (e := _signed(t, s)) is not None]
    if len(terms) != 2 or len(entries) != 2:
        return None
    (one, plus), (other, minus) = entries
    return one, other, -plus * minus


def _signed(term: Expr, sign: int) -> tuple[Read, int] | None:
    number, rest = build.split_number(term)
    if not isinstance(rest, Read) or abs(number) != 1 or not rest.subs:
        return None
    return rest, sign * int(number)


def _covers(sub: Poly, extent: Poly) -> bool:
    """Does a subscript take each value of a dimension once: as an index of that extent, or one counted from the end?"""
    found = tuple(indices_of(sub))
    if len(found) != 1 or found[0].start != Poly() or found[0].stop != extent:
        return False
    return sub in (Poly.of(found[0]), extent - 1 - found[0])
