"""When two expressions are the same: up to the order of terms and factors and the names of bound indices.

`canonical` renames bound indices by depth and sorts what commutes. Two expressions with the same canonical form are
equal; rarely, two equal ones with several symmetric bound indices are not recognised.
"""

from __future__ import annotations

from functools import lru_cache

from symbp.core.expr import Add, And, Binder, Compare, Delta, Fn, Mul, Num, Or, Read, Sum
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.traverse import children, polys


def same(a: Node, b: Node) -> bool:
    """Are they the same up to order and the names of bound indices?"""
    return a == b or key(a) == key(b)


@lru_cache(maxsize=50_000)
def key(node: Node) -> str:
    """A text that is the same for the same expressions and orders them the same way in every run."""
    return _key(node, {}, 0)


def _key(node: Node, bound: dict[Atom, str], depth: int) -> str:
    if isinstance(node, Binder):
        return _binder(node, bound, depth)
    # Outside all binders a part says the same wherever it stands, and most expressions have parts in common.
    parts = [_key(c, bound, depth) if bound else key(c) for c in children(node)]
    integers = [_poly(p, bound) for p in polys(node)]
    match node:
        case Add() | Mul() | And() | Or() | Compare(op="==" | "!="):  # which commute
            parts.sort()
        case Delta():
            integers.sort()
    return f"{type(node).__name__}{_label(node)}({','.join(parts)}|{','.join(integers)})"


def _label(node: Node) -> str:
    match node:
        case Read(tensor, _):
            return f"<{tensor}>"
        case Fn(name, _, orders):
            return f"<{name}{orders}>"
        case Compare(op, _, _):
            return f"<{op}>"
        case Num(value):
            return f"<{value}>"
    return ""


def _poly(poly: Poly, bound: dict[Atom, str]) -> str:
    def atom(a: Atom) -> str:
        if a in bound:
            return bound[a]
        match a:
            case Index():
                return f"{a.key}<{_poly(a.start, bound)}:{_poly(a.stop, bound)}>"
            case Read(tensor, subs):
                return f"{tensor}[{','.join(_poly(s, bound) for s in subs)}]"
        return a.key

    return "+".join(sorted(f"{c}*{'*'.join(sorted(atom(a) for a in m))}" for m, c in poly.terms))


def _binder(node: Binder, bound: dict[Atom, str], depth: int) -> str:
    """Bound indices are told apart by their ranges, then numbered by where they stand in the sorted body."""
    blind = dict(bound)
    blind.update({i: f"?{_poly(i.extent, bound)}" for i in node.indices})
    order = sorted(node.indices, key=lambda i: _signature(node, i, blind, depth))
    inner = dict(bound)
    ranges = []
    for place, i in enumerate(order):
        inner[i] = f"#{depth + place}"
    for i in order:
        ranges.append(f"{_poly(i.start, inner)}:{_poly(i.stop, inner)}")
    parts = [_key(c, inner, depth + len(order)) for c in children(node)]
    kind = "" if isinstance(node, Sum) else node.kind
    places = [_poly(p, bound) for p in polys(node)]
    return f"{type(node).__name__}{kind}[{';'.join(ranges)}]({','.join(parts)}|{','.join(places)})"


def _signature(node: Binder, i: Index, blind: dict[Atom, str], depth: int) -> str:
    if len(node.indices) == 1:
        return ""
    marked = {**blind, i: "!"}
    return ",".join(_key(c, marked, depth + len(node.indices)) for c in children(node))
