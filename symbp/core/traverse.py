"""Going through an expression: its parts, the same tree with other parts, its reads and free indices, substitution.

Substitution is free of capture: a bound index that would catch a free one is renamed first. Renaming reaches into the
ranges of indices, so `sum(... for j in range(k))` follows when k is renamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter, is_
from typing import Any, TypeVar

from symbp.core import build
from symbp.core.expr import (
    BINDERS,
    Add,
    And,
    Binder,
    Compare,
    Cond,
    Delta,
    Expr,
    Extreme,
    First,
    Fn,
    Int,
    Mul,
    Not,
    Num,
    Or,
    Partial,
    Pi,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Atom, Dim, DimAt, Index, Node, Poly, Quotient, quotient

Term = Expr | Cond
T = TypeVar("T", bound=Node)


# What stands directly below a node of each type; a type that is not here has nothing below it.
_BELOW: dict[type[Node], Callable[[Any], tuple[Node, ...]]] = {
    **dict.fromkeys((Add, Mul, And, Or, Fn), attrgetter("args")),
    Pow: attrgetter("base", "exponent"),
    Compare: attrgetter("a", "b"),
    Partial: attrgetter("of", "by"),
    Where: attrgetter("cond", "then", "other"),
    Sum: lambda node: (node.body,),
    Not: lambda node: (node.arg,),
    **dict.fromkeys((Extreme, First), attrgetter("body", "cond")),
}


def children(node: Node) -> tuple[Node, ...]:
    """The expressions and conditions directly below a node (not the integers)."""
    below = _BELOW.get(type(node))
    return below(node) if below else ()


def map_children(node: T, function: Callable[[Node], Node]) -> T:
    """The node with `function(child)` for each child, built anew by `core.build` if any changed."""
    old = children(node)
    new = tuple([function(c) for c in old])
    if all(map(is_, old, new)):
        return node
    return _rebuild(node, new)  # type: ignore[return-value]


def map_values(node: T, function: Callable[[Expr], Node]) -> T:
    """The same for each child that is a value; conditions stay as they are."""
    old = children(node)
    new = tuple([function(c) if isinstance(c, Expr) else c for c in old])
    if all(map(is_, old, new)):
        return node
    return _rebuild(node, new)  # type: ignore[return-value]


def _rebuild(node: Node, new: tuple) -> Node:  # type: ignore[type-arg]
    rule = _MADE_OF.get(type(node))
    if rule is None:
        raise TypeError(f"core/traverse.py has no rule to rebuild {type(node).__name__}")
    return rule(node, *new)


# A node of each type with other children.
_MADE_OF: dict[type[Node], Callable[..., Node]] = {
    Add: lambda node, *new: build.add(*new),
    Mul: lambda node, *new: build.mul(*new),
    And: lambda node, *new: build.both(*new),
    Or: lambda node, *new: build.either(*new),
    Not: lambda node, *new: build.negate(*new),
    Pow: lambda node, *new: build.power(*new),
    Where: lambda node, *new: build.where(*new),
    Fn: lambda node, *new: Fn(node.name, new, node.orders),
    Compare: lambda node, *new: build.compare(node.op, *new),
    Sum: lambda node, *new: build.total(node.indices, *new),
    Extreme: lambda node, *new: Extreme(node.kind, node.indices, *new),
    First: lambda node, body, cond: First(node.kind, node.indices, body, cond, node.at),
    Partial: lambda node, *new: Partial(*new),
}


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, from left to right, parents first."""
    yield node
    for child in children(node):
        yield from walk(child)


def nodes(node: Node, *kinds: type[T]) -> Iterator[T]:
    """The node and all below it that are of these kinds, in the order of `walk`."""
    return (part for part in walk(node) if isinstance(part, kinds))


def polys(node: Node) -> tuple[Poly, ...]:
    """The integer expressions that stand directly in a node (a binder's ranges are not among them)."""
    match node:
        case Read(_, subs):
            return subs
        case Delta(a, b):
            return (a, b)
        case Int(value):
            return (value,)
        case First():
            return node.at
    return ()


def reads(node: Node) -> tuple[Read, ...]:
    """The different reads in it, in order of appearance, those inside subscripts included."""
    found: dict[Read, None] = {}
    for part in walk(node):
        if isinstance(part, Read):
            found[part] = None
        for poly in polys(part):
            for label in labels_of(poly):
                found.update(dict.fromkeys(reads(label)))
    return tuple(found)


def labels_of(poly: Poly) -> Iterator[Read]:
    """The entries of integer tensors in an integer expression, those in quotients included."""
    for atom in poly.atoms():
        match atom:
            case Read():
                yield atom
            case Quotient():
                yield from labels_of(atom.top)
                yield from labels_of(atom.bottom)


def indices_of(poly: Poly) -> Iterator[Index]:
    """The indices in an integer expression, those in `D[l]` and in labels' subscripts included."""
    for atom in poly.atoms():
        match atom:
            case Index():
                yield atom
            case DimAt():
                yield from indices_of(atom.at)
            case Quotient():
                yield from indices_of(atom.top)
                yield from indices_of(atom.bottom)
            case Read():
                for s in atom.subs:
                    yield from indices_of(s)


def with_ranges(indices: Iterable[Index]) -> Iterator[Index]:
    """The indices and those that their ranges depend on."""
    for i in indices:
        yield i
        yield from with_ranges((*indices_of(i.start), *indices_of(i.stop)))


def free_indices(node: Node) -> tuple[Index, ...]:
    """The indices that no binder in it binds, in order of appearance."""
    if node.free is None:
        object.__setattr__(node, "free", _free(node))
    assert node.free is not None
    return node.free


def _free(node: Node) -> tuple[Index, ...]:
    found = dict.fromkeys(i for poly in polys(node) for i in indices_of(poly))
    bound: dict[Index, None] = {}
    if isinstance(node, Binder):
        for i in node.indices:
            for poly in (i.start, i.stop):
                found.update(dict.fromkeys(j for j in indices_of(poly) if j not in bound))
            bound[i] = None
    for child in children(node):
        for j in free_indices(child):
            if j not in bound:
                found[j] = None
    return tuple(found)


def all_index_names(node: Node) -> set[str]:
    """The names of every index in it, bound or free. Only for membership tests."""
    names = {i.name for i in free_indices(node)}
    for part in nodes(node, *BINDERS):
        names.update(i.name for i in part.indices)
        names.update(i.name for c in children(part) for i in free_indices(c))
    return names


def fresh_name(base: str, taken: set[str]) -> str:
    """`base`, or `base` with the first number that makes it new."""
    name, count = base, 1
    while name in taken:
        name, count = f"{base}{count}", count + 1
    return name


def substitute_poly(poly: Poly, table: Mapping[Atom, Poly]) -> Poly:
    """The integer expression with the atoms in `table` replaced, inside `D[l]` and labels' subscripts too."""

    def new(atom: Atom) -> Poly | None:
        if atom in table:
            return table[atom]
        match atom:
            case DimAt(name, at):
                return Poly.of(DimAt(name, substitute_poly(at, table)))
            case Quotient(top, bottom):
                return quotient(substitute_poly(top, table), substitute_poly(bottom, table))
            case Read(name, subs):
                return Poly.of(Read(name, tuple(substitute_poly(s, table) for s in subs)))
            case Index(name, stop, start) if stop.constant is None or start.constant is None:
                return Poly.of(Index(name, substitute_poly(stop, table), substitute_poly(start, table)))
        return None

    return poly.replace(new) if table else poly


def substitute(node: T, table: Mapping[Atom, Poly]) -> T:
    """The expression with indices (or sizes) replaced by integer expressions, without capture."""
    if not table:
        return node
    match node:
        case Read(name, subs):
            return Read(name, tuple(substitute_poly(s, table) for s in subs))  # type: ignore[return-value]
        case Delta(a, b):
            return build.delta(substitute_poly(a, table), substitute_poly(b, table))  # type: ignore[return-value]
        case Int(value):
            return build.integer(substitute_poly(value, table))  # type: ignore[return-value]
        case Num() | Pi():
            return node
        case Sum() | Extreme() | First():
            return _substitute_binder(node, table)  # type: ignore[return-value]
    return map_children(node, lambda c: substitute(c, table))


def _substitute_binder(node: Binder, table: Mapping[Atom, Poly]) -> Term:
    inner = {a: p for a, p in table.items() if a not in node.indices}
    incoming = {i.name for p in inner.values() for i in indices_of(p)}
    taken = incoming | all_index_names(node) | {a.name for a in inner if isinstance(a, Index)}
    bound = _bound_anew(node.indices, inner, incoming, taken)
    parts = tuple(substitute(c, inner) for c in children(node))
    match node:
        case Sum():
            return build.total(bound, *parts)  # type: ignore[arg-type]
        case First(kind, indices, body, cond, at):
            node = First(kind, indices, body, cond, tuple(substitute_poly(p, table) for p in at))
    return with_bound(node, bound, parts)


def _bound_anew(
    indices: tuple[Index, ...], table: dict[Atom, Poly], avoid: set[str], taken: set[str]
) -> tuple[Index, ...]:
    """The indices of a binder with new ranges, and new names for those to avoid; the table learns what each is now."""
    bound: list[Index] = []
    for old in indices:
        name = fresh_name(old.name, taken) if old.name in avoid else old.name
        taken.add(name)
        new = Index(name, substitute_poly(old.stop, table), substitute_poly(old.start, table))
        bound.append(new)
        if new != old:
            table[old] = Poly.of(new)
    return tuple(bound)


def with_bound(node: Binder, indices: Sequence[Index], parts: Sequence[Node]) -> Term:
    """A binder like `node` of these indices and children."""
    match node:
        case Sum():
            return Sum(tuple(indices), *parts)  # type: ignore[arg-type]
        case Extreme(kind):
            return Extreme(kind, tuple(indices), *parts)  # type: ignore[arg-type]
        case First(kind):
            return First(kind, tuple(indices), parts[0], parts[1], node.at)  # type: ignore[arg-type]


def replace_reads(node: T, function: Callable[[Read], Expr | None]) -> T:
    """The expression with `function(read)` in the place of each read for which that is not None.

    The caller must rename bound indices first where the new expression has free indices that a binder could catch; see
    `inline`.
    """
    match node:
        case Read():
            new = function(node)
            return node if new is None else new  # type: ignore[return-value]
    return map_children(node, lambda c: replace_reads(c, function))


def inline(node: T, name: str, indices: tuple[Index, ...], body: Expr) -> T:
    """The expression with every read of `name` replaced by its definition `name[indices] = body`, without capture."""
    taken = all_index_names(node)
    return replace_reads(
        node, lambda r: apply(rename_bound(body, taken), indices, r.subs) if r.tensor == name else None
    )


def apply(body: Expr, indices: tuple[Index, ...], subs: tuple[Poly, ...]) -> Expr:
    """The body of `name[indices] = body` at the entry `subs`."""
    return substitute(body, {i: s for i, s in zip(indices, subs, strict=True) if s.index != i})


def rename_bound(node: T, taken: set[str]) -> T:
    """The same expression with bound indices that have none of the names in `taken`."""
    match node:
        case Sum() | Extreme() | First():
            table: dict[Atom, Poly] = {}
            bound = _bound_anew(node.indices, table, taken, taken | all_index_names(node))
            parts = tuple(rename_bound(substitute(c, table), taken | {i.name for i in bound}) for c in children(node))
            return with_bound(node, bound, parts)  # type: ignore[return-value]
    return map_children(node, lambda c: rename_bound(c, taken))


def dims_of(poly: Poly) -> Iterator[Dim]:
    """The named sizes in an integer expression."""
    for atom in poly.atoms():
        match atom:
            case Dim():
                yield atom
            case DimAt():
                yield from dims_of(atom.at)
            case Quotient():
                yield from dims_of(atom.top)
                yield from dims_of(atom.bottom)


def normal(node: T) -> T:
    """The expression built anew from the leaves, so that like factors and like terms of nested products meet."""
    old = children(node)
    return _rebuild(node, tuple(normal(c) for c in old)) if old else node  # type: ignore[return-value]
