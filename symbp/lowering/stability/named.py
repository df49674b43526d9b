"""Exponents and the largest of them as tensors of their own: what is subtracted is what the largest was taken of.

Two formulas for one exponent round differently, and what is off by 1e-4 in an exponent is off by 1e-4 of the value. So
an exponent that is more than a named tensor gets a tensor, its largest entry another, and wherever the largest stands
beside the exponent's terms, these are read from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice

from symbp.core.canonical import key
from symbp.core.expr import TRUE, Cond, Expr, Extreme, Int, Num, Read, Where
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.network import Equation
from symbp.core.ranges import is_nonnegative
from symbp.core.traverse import (
    apply,
    free_indices,
    indices_of,
    nodes,
    reads,
    replace_reads,
    substitute,
    walk,
)
from symbp.core.views import among, argument_of, base_of
from symbp.lowering.guard import is_positive
from symbp.lowering.linear import NOTHING, Linear, base_of_positive, is_nonpositive, parts
from symbp.lowering.stability.below import Below, entries_below
from symbp.lowering.stability.known import Known, branch, holds, nonpositives, ordered
from symbp.lowering.stability.work import Work

# What stands between the name of an equation and the number of a tensor that it gets beside it; in no name of a user's.
BESIDE = "~"


# What has more parts than this is read by its name.
LONGEST = 500
# So often the larger of two is taken for one of them.
STEPS = 3
# An exponential outgrows so many times its exponent before it matters.
MOST = 16


class Named(Work):
    """Tensors beside the equation at hand, and what is known of the largest of them."""

    __slots__ = ()

    def named(self, what: Expr, known: Known, order: tuple[Index, ...] = ()) -> Expr:
        """A read of a tensor that is this expression, or the expression where it is one or can be none."""
        match what:
            case Read() | Num():
                return what
        free = free_indices(what)
        if not self.owner or not self._may_stand_alone(what, free, known):
            return what
        if self.loop and any(r.tensor in self.loop for r in reads(what)):
            return what
        order = _order(what, free, order)
        there = self.has_name(what, order)
        if there is not None:
            return there
        found = Equation(f"{self.owner}{BESIDE}{len(self.beside)}", order, what)
        self.beside[spelling(what, order)] = self.besides[found.name] = found
        self.added.append(found)
        return Read(found.name, tuple(Poly.of(i) for i in order))

    def _may_stand_alone(self, what: Expr, free: tuple[Index, ...], known: Known) -> bool:
        """Is it an array of its own: plain ranges, and no read that is only inside where a known condition holds?"""
        if any(i.start.terms or any(True for _ in indices_of(i.stop)) for i in free):
            return False
        if any(_is_of_sizes(c) for c, _ in known) and any(s.constant is not None for s in _subscripts(what)):
            return False
        bound = any(i in free for c, _ in known for i in free_indices(c))
        return not bound or all(map(self._is_inside, reads(what)))

    def _is_inside(self, read: Read) -> bool:
        """Is every subscript a place, or an index that goes no further than its dimension?"""
        made = self.besides.get(read.tensor)
        extents = made.shape if made else self.network.extents(read) if self.network else ()
        reaching = [
            s for s, e in zip(read.subs, extents, strict=True) if s.index and not is_nonnegative(e - s.index.stop)
        ]
        return not reaching and all(s.atom is not None or s.constant is not None for s in read.subs)

    def has_name(self, what: Expr, order: tuple[Index, ...]) -> Read | None:
        """A read of a tensor that has been given this value, its free indices in that order; None where none has."""
        spelt = spelling(what, order)
        known_largest = self.own_largest.get(spelt)
        if known_largest is not None and known_largest.name != self.owner:
            own = dict(zip(free_indices(known_largest.body), order, strict=True))
            return Read(
                known_largest.name, tuple(Poly.of(own[i]) if i in own else Poly() for i in known_largest.indices)
            )
        found = self.beside.get(spelt)
        return None if found is None else Read(found.name, tuple(Poly.of(i) for i in order))

    def spelt(self, expr: Expr) -> Expr:
        """The expression with the definitions of the tensors beside equations in their place, but for long ones: each
        may stand in the next several times, and a text twice as long at each is never done."""

        def definition(read: Read) -> Expr | None:
            found = self.besides.get(read.tensor)
            body = None if found is None else self._spelt_body(found)
            return None if found is None or body is None else apply(body, found.indices, read.subs)

        return replace_reads(expr, definition)

    def _spelt_body(self, beside: Equation) -> Expr | None:
        if beside.name not in self.spellings:
            body = self.spelt(beside.body)
            long = sum(1 for _ in islice(walk(body), LONGEST + 1)) > LONGEST
            self.spellings[beside.name] = None if long else body
        return self.spellings[beside.name]

    def largest_of(self, largest: Expr, below: tuple[Below, ...], known: Known) -> Expr:
        """A read of a largest value, of which it is known what it is the largest of; itself where it has no name."""
        found = self.named(largest, known)
        match found:
            case Read(name, subs) if name not in self.largest and BESIDE in name:
                self.largest[name] = (tuple(i for s in subs if (i := s.index) is not None), below)
        return found

    def below(self, largest: Expr) -> tuple[Below, ...]:
        """What is never more than this expression."""
        match largest:
            case Extreme("max", indices, body, cond) if cond == TRUE:
                return (Below(parts(body), indices, TRUE, next(iter(among((body,), Read)), None)),)
            case Read(name, subs):
                own, below = self._below_tensor(name)
                if below:
                    table: dict[Atom, Poly] = {i: s for i, s in zip(own, subs, strict=True) if s.index != i}
                    used = {i.name for s in subs for i in free_indices(Int(s))}
                    return tuple(b.beside(used).at(table) for b in below)
            case Where() if (larger := base_of_positive(largest)) is not None:
                return self.below(larger)
        return ()

    def _below_tensor(self, name: str) -> tuple[tuple[Index, ...], tuple[Below, ...]]:
        """The letters of a tensor that is the largest of something, and what is never more than its entry at them."""
        if name not in self.largest:
            match self.equations.get(name):
                case Equation(indices=indices, body=Extreme() as largest):
                    self.largest[name] = indices, self.below(largest)
                case _:
                    self.largest[name] = (), ()
        return self.largest[name]

    def folded(self, m: Linear, known: Known) -> Linear:
        """The exponent with the tensors that largest values were taken of in the place of their terms."""
        for largest, c in m.terms:
            for below in self.below(largest) if c < 0 else ():
                if below.read is not None:
                    m = self._folded(m, below, -c, known)
        return m

    def _folded(self, m: Linear, below: Below, times: Fraction, known: Known) -> Linear:
        for own in entries_below(m, below):
            read = Linear.of(own.read)  # type: ignore[arg-type]
            left = times - max(m.coefficient(own.read), Fraction(0))  # type: ignore[arg-type]
            often = min(left, _times(own.terms, m))  # of two entries of which one largest is taken twice, each once
            if own.terms != read and often > 0 and (own.cond == TRUE or holds(own.cond, known)):
                m, times = m + (read - own.terms) * often, times - often
        return m

    def is_nonpositive(self, m: Linear, known: Known = ()) -> bool:
        """Is it certain to be 0 or less, or no more than a few: by its form, or x where x > 0 is known not to hold?"""
        left = self._without_positive(self.remainder(m))
        if is_nonpositive(left):
            return True
        if all(self.stands(e, known) for e, _ in left.terms) and is_nonpositive(left, STEPS):
            return True
        for less in (*nonpositives(known), *self._exponents_below(known)):
            times = [m.coefficient(e) / c for e, c in less.terms]
            if times and min(times) > 0 and self.is_nonpositive(m - less * min(times)):
                return True
        return False

    def is_below_nought(self, m: Linear) -> bool:
        """Is it certain to be 0 or less, or a few at most, as what the tensors beside equations in it are?"""
        found = NOTHING
        for e, c in m.terms:
            match e:
                case Read(name, subs) if (own := self.besides.get(name)) is not None:
                    found = found + parts(apply(own.body, own.indices, subs)) * c
                case _:
                    found = found + Linear(((e, c),))
        return self.is_nonpositive(m) or self.is_nonpositive(found)

    def _without_positive(self, m: Linear) -> Linear:
        """The exponent without what is taken from it and is positive by its definition, as a rate that is exp(z)."""
        return Linear(tuple((e, c) for e, c in m.terms if c > 0 or not self._is_positive(e)))

    def _is_positive(self, e: Expr) -> bool:
        body = self.defined(e, ())
        return body is not None and is_positive(body)

    def is_sure(self, factor: Expr) -> bool:
        """Is it certain to be positive, by its form or by that of the tensor beside an equation that it reads?"""
        match base_of(factor):
            case Read(name) if name in self.besides:
                return is_positive(self.besides[name].body)
        return is_positive(factor)

    def _exponents_below(self, known: Known) -> Iterator[Linear]:
        """Exponents of exponentials that are known to be no more than something ordinary: of exp(u) <= c it is u."""
        for smaller, larger, others in ordered(known):
            value = self.form(branch(smaller, others), others)
            if not value.plain and is_positive(value.rest) and self.form(branch(larger, others), others).plain:
                yield self.lifted(value, others)[0]

    def remainder(self, m: Linear) -> Linear:
        """The exponent without what is certain to be 0 or less, or a few at most: values less the largest of them."""
        for less in self.less(m):
            m = m - less
        return m

    def less(self, m: Linear, some: bool = False) -> Iterator[Linear]:
        """Parts of an exponent, each certain to be 0 or less, or a few at most.

        With `some` a largest value may stand there more often than what it is the largest of, as it does beside others
        that are among its own: then a part of it is left.
        """
        found = self._less(m, some)
        while found is not None:
            yield found
            m = m - found
            found = self._less(m, some)

    def _less(self, m: Linear, some: bool) -> Linear | None:
        for largest, c in m.terms:
            if c >= 0:
                continue
            for below in self.below(largest):
                for own in entries_below(m, below):
                    read = NOTHING if own.read is None else Linear.of(own.read)
                    for terms in (read, own.terms):
                        often = min(-c, _times(terms, m))
                        if (often == -c or (some and often > 0)) and (own.cond == TRUE or terms == read):
                            return (terms - Linear.of(largest)) * often
            for e, d in m.terms:
                if d > 0 and self._is_largest_of_some(e, largest):
                    return (Linear.of(e) - Linear.of(largest)) * min(d, -c)
        for e, c in m.terms:
            exponent = argument_of(e, "exp") if c < 0 else None
            inside = NOTHING if exponent is None else parts(exponent)
            times = [m.coefficient(a) / d for a, d in inside.terms]
            if times and 0 < min(times) <= MOST * -c:  # t x - c exp(x) has its largest value where exp(x) = t / c
                return inside * min(times) + Linear(((e, c),))
        return None

    def _is_largest_of_some(self, e: Expr, largest: Expr) -> bool:
        """Is it the largest of values that are among those of which another is the largest: of all but one?"""
        mine = self.below(e) if e != largest else ()
        others = self.below(largest) if mine else ()

        def is_among_others(b: Below) -> bool:
            same = (own for o in others for own in entries_below(b.terms, o) if own.terms == b.terms)
            return any(own.cond == TRUE or holds(own.cond, ((b.cond, True),)) for own in same)

        return bool(mine) and all(map(is_among_others, mine))

    def is_attained(self, m: Linear, indices: tuple[Index, ...]) -> bool:
        """Is it 0 for some value of these indices and never more: z minus the largest z over them?"""
        for largest, c in m.terms:
            for below in self.below(largest) if c == -1 else ():
                for own in entries_below(m, below):
                    bound = {i for i in indices if i in free_indices(own.read or _first(own.terms))}
                    over = len(own.over) == len(indices) == len(bound) and own.cond == TRUE
                    reads = own.read is not None and m == Linear.of(own.read) - Linear.of(largest)
                    if over and (reads or not (m - own.terms + Linear.of(largest)).terms):
                        return not any(i in indices for i in free_indices(largest))
        return False


def spelling(what: Expr, order: tuple[Index, ...] | None = None) -> str:
    """A text that is the same whatever the letters of its free indices, taken in that order."""
    order = free_indices(what) if order is None else order
    return key(substitute(what, {i: Poly.of(replace(i, name=f"#{k}")) for k, i in enumerate(order)}))


def _times(terms: Linear, m: Linear) -> Fraction:
    """How often these terms are in the exponent, in parts too; 0 where there are none."""
    return min((m.coefficient(e) / d for e, d in terms.terms), default=Fraction(0))


def _first(m: Linear) -> Expr:
    return m.terms[0][0]


def _is_of_sizes(cond: Cond) -> bool:
    """Does it say nothing of an entry, so that a position may be outside for all of them: `2 < T`?"""
    return not free_indices(cond) and not any(True for _ in reads(cond))


def _subscripts(what: Expr) -> Iterator[Poly]:
    return (s for r in nodes(what, Read) for s in r.subs)


def _order(what: Node, free: tuple[Index, ...], last: tuple[Index, ...]) -> tuple[Index, ...]:
    """The indices as a tensor in it has them, else those that are summed last."""
    for r in nodes(what, Read):
        own = tuple(i for s in r.subs if (i := s.index) is not None)
        if len(own) == len(r.subs) and set(own) == set(free) and len(own) == len(free):
            return own
    return (*(i for i in free if i not in last), *(i for i in free if i in last))
