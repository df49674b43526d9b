"""Conditions on integers as they are best read: a letter alone in the middle, `H \\le j < 2H`."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.core import build
from symbp.core.expr import Compare, Cond, Int, Num
from symbp.core.integers import Dim, Index, Poly, Quotient
from symbp.core.views import integers_compared

UP = {"<": "<", "<=": "<=", ">": "<", ">=": "<="}


def alone(cond: Compare) -> Compare:
    """The same comparison with its letter alone on a side, where it stands beside a size: 0 <= j - H is H <= j."""
    if cond.op not in UP:
        return cond
    a, b = _integer(cond.a), _integer(cond.b)
    if a is None or b is None or not (_mixed(a) or _mixed(b)):
        return cond
    small, large = (a, b) if cond.op in ("<", "<=") else (b, a)
    letter = next((x for x in (small - large).atoms() if isinstance(x, Index)), None)
    if letter is None:
        return cond
    distance = large - small
    coefficient = distance.coefficient(letter)
    if coefficient == Poly.of(1):
        return Compare(UP[cond.op], Int(-(distance - letter)), Int(Poly.of(letter)))
    if coefficient == Poly.of(-1):
        return Compare(UP[cond.op], Int(Poly.of(letter)), Int(distance + letter))
    return cond


def chained(conds: Sequence[Cond]) -> list[tuple[Cond, ...]]:
    """Comparisons that go on where the one before ends, together: a <= j and j < b is a <= j < b."""
    found: list[tuple[Cond, ...]] = []
    for cond in (alone(c) if isinstance(c, Compare) else c for c in conds):
        last = found[-1][-1] if found else None
        if isinstance(last, Compare) and isinstance(cond, Compare) and _goes_on(last, cond) and len(found[-1]) == 1:
            found[-1] = (last, cond)
        else:
            found.append((cond,))
    return found


def _goes_on(first: Compare, second: Compare) -> bool:
    return first.op in ("<", "<=") and second.op in ("<", "<=") and first.b == second.a


def _integer(e: object) -> Poly | None:
    if isinstance(e, Int):
        return e.value
    return build.as_integer(e) if isinstance(e, Num) else None


def _mixed(p: Poly) -> bool:
    """A letter and a size in one sum."""
    atoms = p.atoms()
    return any(isinstance(a, Index) for a in atoms) and any(isinstance(a, Dim) for a in atoms)


def division(node: Compare) -> Quotient | None:
    """That a division comes out even, 2 (a // 2) = a: the quotient."""
    sides = integers_compared(node)
    if node.op != "==" or sides is None:
        return None
    a, b = sides
    return next((q for q in a.atoms_of(Quotient) if b - a == q.top - q.bottom * q), None)
