"""Lengths that are formulas of the sizes get names: with `I1 = I + 1 - U`, the rows of a pool are `I1 // 2`.

The last pass: it changes no statement but what stands for a length in it, in shapes, slices and numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from symbp.core import build
from symbp.core.expr import Expr, Int
from symbp.core.integers import Atom, Dim, Poly, Quotient
from symbp.core.shortener import Shortener, multiple
from symbp.core.traverse import dims_of, indices_of, map_children
from symbp.lowering.program import Program, Routine, every_statement

OFTEN = 3  # what is written fewer times stays a formula


def name_lengths(program: Program) -> Program:
    """The program with a name for each formula that is often a length; `Program.lengths` says what they stand for."""
    extents = [e for r in program.routines for s in every_statement(r.statements) for e in s.target.shape]
    fixed = Counter(e for e in extents if _is_formula(e) and _is_fixed(e, program))
    chosen = [p for p, count in fixed.items() if count >= OFTEN]
    names = _names([p for p in chosen if not any(multiple(p, q) for q in chosen if q != p)], program)
    short = Shortener(names)
    if not names:
        return program
    routines = tuple(_changed(r, short.of) for r in program.routines)
    return replace(program, routines=routines, lengths=tuple(names.items()))


def _is_formula(p: Poly) -> bool:
    return len(p.terms) > 1 or p.atom in p.atoms_of(Quotient)


def _is_fixed(p: Poly, program: Program) -> bool:
    return all(d in program.dims for d in dims_of(p)) and not any(indices_of(p))


def _names(formulas: list[Poly], program: Program) -> dict[Poly, Dim]:
    """Each formula's name: its first size with a number, simpler formulas first."""
    taken, order = set(program.names), [d.name for d in program.dims]
    names: dict[Poly, Dim] = {}
    for p in sorted(formulas, key=lambda p: (_depth(p), order.index(_first_size(p)))):
        base = _first_size(p)
        number = next(k for k in range(1, len(taken) + len(formulas) + 2) if f"{base}{k}" not in taken)
        names[p] = Dim(f"{base}{number}")
        taken.add(f"{base}{number}")
    return names


def _first_size(p: Poly) -> str:
    """The size that a formula begins with as it is written."""
    ordered = sorted(p.terms, key=lambda t: t[1] < 0)
    match next((a for monomial, _ in ordered for a in monomial), None):
        case Quotient(top):
            return _first_size(top)
        case atom:
            return str(atom)


def _depth(p: Poly) -> int:
    return max((1 + _depth(q.top) for q in p.atoms_of(Quotient)), default=0) + len(p.terms) // 2


def _changed(routine: Routine, new: Callable[[Poly], Poly]) -> Routine:
    return replace(routine, statements=rewritten(routine.statements, new), results=rewritten(routine.results, new))


def rewritten(node: Any, new: Callable[[Poly], Poly]) -> Any:
    """Anything that statements are made of, with `new(p)` for each integer expression in it."""
    match node:
        case Poly():
            return new(node)
        case Int(value):
            return build.integer(new(value))
        case Expr():
            return map_children(node, lambda e: rewritten(e, new))
        case Atom():
            return node
        case tuple():
            return tuple(rewritten(part, new) for part in node)
        case _ if is_dataclass(type(node)):
            return replace(node, **{f.name: rewritten(getattr(node, f.name), new) for f in fields(node)})
    return node
