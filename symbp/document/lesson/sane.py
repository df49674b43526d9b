"""What can be seen of a result without deriving it again, and what it becomes by a usual mistake.

Nothing here is believed: sums that vanish were found by trying, and a mistake is named where its value at the example
is another than the right one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product as every

from symbp.calculus.steps import Derivation, Section
from symbp.core import build
from symbp.core.example import DIGITS, Example
from symbp.core.expr import Delta, Expr, Partial, Read, Sum
from symbp.core.integers import Poly
from symbp.core.traverse import free_indices, nodes, substitute
from symbp.core.views import terms_of
from symbp.document.lesson.numbers import entry_at
from symbp.document.model import Remark
from symbp.document.said import Count, Figure, Letter, Math, Number, Ref, Said, Whole, said

FAR = 0.002  # from the right value: less does not show
SINGLE = 7  # digits of single precision


def sane(example: Example | None, part: Section) -> Iterator[Said]:
    """What sums to 0, and what to another number whatever the values are."""
    if example is None:
        return
    assert isinstance(part.main.lhs, Read)
    letters = [s.index for s in part.main.lhs.subs]
    adjoint, quantity = Whole(part.adjoint), Whole(part.quantity)
    for axis in (axis for name, axis in example.zero_sums if name == part.adjoint):
        letter = letters[axis]
        match len(letters), axis:
            case 1, _:
                yield said("sane.entries", adjoint=adjoint, quantity=quantity)
            case 2, 1:
                yield said("sane.rows", adjoint=adjoint, quantity=quantity)
            case 2, 0:
                yield said("sane.columns", adjoint=adjoint, quantity=quantity)
            case _ if letter is not None:
                yield said("sane.letter", adjoint=adjoint, quantity=quantity, letter=Letter("index", letter.name))
    for axis, total in ((axis, Math(total)) for name, axis, total in example.unit_sums if name == part.adjoint):
        letter = letters[axis]
        match len(letters), axis:
            case 1, _:
                yield said("sane.unit.entries", adjoint=adjoint, quantity=quantity, total=total)
            case 2, 1:
                yield said("sane.unit.rows", adjoint=adjoint, quantity=quantity, total=total)
            case 2, 0:
                yield said("sane.unit.columns", adjoint=adjoint, quantity=quantity, total=total)
            case _ if letter is not None:
                over = Letter("index", letter.name)
                yield said("sane.unit.letter", adjoint=adjoint, quantity=quantity, letter=over, total=total)


def careful(d: Derivation, example: Example | None, part: Section) -> tuple[Remark, ...]:
    """The usual mistakes, with what they give; `part` has what rides along fixed."""
    if example is None or not part.locals:
        return ()
    words = (
        *_own_alone(example, part),
        *_without_one(d, example, part),
        *_one_step_alone(d, example, part),
        *_rounded(d, example, part),
    )
    return (Remark(said("head.careful"), words),) if words else ()


def _own_alone(example: Example, part: Section) -> Iterator[Said]:
    """A function of several entries taken for one of its own entry: only the diagonal is kept."""
    (term, *others) = terms_of(part.main.steps[0].value)
    partial = next(nodes(term, Partial), None)
    if others or partial is None or not isinstance(term, Sum):
        return
    for above, below in _coupled(part):
        summed, own = partial.of.subs[above].index, partial.by.subs[below].index
        if summed is None or own is None or summed not in term.indices:
            continue
        rest = tuple(j for j in term.indices if j != summed)
        slip = _slip(example, part, substitute(build.total(rest, term.body), {summed: Poly.of(own)}))
        if slip:
            entry, wrong, right = slip
            letter, itself = Letter("index", summed.name), Letter("index", own.name)
            yield said("careful.own", letter=letter, own=itself, entry=entry, wrong=wrong, right=right)
            return


def _coupled(part: Section) -> Iterator[tuple[int, int]]:
    """Where those letters stand, above and below, by which a local derivative tells its own entry from others."""
    for chain in part.locals:
        if isinstance(chain.lhs, Partial):
            above, below = ([s.index for s in r.subs] for r in (chain.lhs.of, chain.lhs.by))
            for delta in nodes(chain.result, Delta):
                for a, b in ((delta.a.index, delta.b.index), (delta.b.index, delta.a.index)):
                    if a in above and b in below and a is not None and b is not None:
                        yield above.index(a), below.index(b)


def _without_one(d: Derivation, example: Example, part: Section) -> Iterator[Said]:
    """Of several paths one alone, which is not nothing; of more than two, that which leads entry by entry."""
    terms = terms_of(part.main.steps[0].value)
    direct = sorted(terms, key=_gathers) if len(terms) > 2 else terms
    for term in direct if len(terms) > 1 else ():
        partial = next(nodes(term, Partial), None)
        number = None if partial is None else d.number(partial.of.tensor)
        slip = _slip(example, part, term)
        if number is not None and slip and abs(slip[1].value) > FAR:
            entry, kept, right = slip
            alone = Ref(number)
            if len(terms) == 2:
                yield said("careful.path", equation=alone, entry=entry, wrong=kept, right=right)
            else:
                count = Count(len(terms))
                yield said("careful.paths", count=count, equation=alone, entry=entry, wrong=kept, right=right)
            return


def _gathers(term: Expr) -> bool:
    """Does the path lead through fewer entries than it starts from, as through a mean?"""
    partials = list(nodes(term, Partial))
    return any(not set(free_indices(p.by)) <= set(free_indices(p.of)) for p in partials)


def _one_step_alone(d: Derivation, example: Example, part: Section) -> Iterator[Said]:
    """Of what every step of a recurrence reads, the last step alone."""
    (term, *others) = terms_of(part.main.steps[0].value)
    if others or not isinstance(term, Sum):
        return
    step = next((i for i in term.indices if i.stop in d.network.steps), None)
    if step is None:
        return
    rest = tuple(i for i in term.indices if i != step)
    slip = _slip(example, part, substitute(build.total(rest, term.body), {step: step.stop - 1}))
    if slip:
        entry, wrong, right = slip
        yield said("careful.step", letter=Letter("index", step.name), entry=entry, wrong=wrong, right=right)


def _rounded(d: Derivation, example: Example, part: Section) -> Iterator[Said]:
    """A difference that loses digits where its sides come close."""
    number = d.number(part.main.key)
    for c in example.cancelled:
        if c.adjoint == part.adjoint and number is not None:
            decimals = SINGLE - 1 - math.floor(math.log10(max(c.more, c.less)))
            sides = Number(c.more, decimals), Number(c.less, decimals)
            left = abs(round(c.more * 10**decimals) - round(c.less * 10**decimals))
            yield said(
                "careful.rounding",
                equation=Ref(number),
                scale=Figure(c.scale),
                entry=Math(entry_at(c.adjoint, c.key)),
                more=sides[0],
                less=sides[1],
                digits=Count(SINGLE),
                left=Count(len(str(left))),
            )


def _slip(example: Example, part: Section, wrong: Expr) -> tuple[Math, Number, Number] | None:
    """The entry at which a wrong expression is furthest from the right value, and both."""
    assert isinstance(part.main.lhs, Read)
    letters = [i for s in part.main.lhs.subs if (i := s.index) is not None]
    values = example.values[part.adjoint]
    found: list[tuple[float, Read, float, float]] = []
    keys = list(every(*(sorted({key[place] for key in values}) for place in range(len(letters)))))
    at_once = example.everywhere(wrong, letters) or ()
    one_by_one = len(at_once) != len(keys)
    for place, key in enumerate(keys):
        right = values.get(key)
        value = example.evaluate(wrong, dict(zip(letters, key, strict=True))) if one_by_one else at_once[place]
        if right is not None and value is not None and abs(value - right) > FAR:
            found.append((abs(value - right), entry_at(part.adjoint, key), value, right))
    if not found:
        return None
    _, entry, value, right = max(found, key=lambda f: round(f[0], DIGITS))
    return Math(entry), Number(value), Number(right)
