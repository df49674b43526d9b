"""An index expression as arrays: one rule for each type of node, all entries at once.

The general rules are right for any expression of the language (an index as a number is an `arange`, a delta a
comparison of two of them, a read with unusual subscripts a gather); what is common is written as a careful person
would.
"""

from __future__ import annotations

from fractions import Fraction

from symbp.core import build
from symbp.core.expr import (
    TRUE,
    Add,
    And,
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
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.guards import within
from symbp.core.integers import Dim, DimAt, Index, Node, Poly
from symbp.core.traverse import free_indices, polys, walk
from symbp.core.views import among, value_of
from symbp.errors import MissingRule
from symbp.lowering.boxes import boxes_of, covers, in_order, pieces_of
from symbp.lowering.builder import extent, is_mask
from symbp.lowering.digits import side_by_side
from symbp.lowering.labelled import Entries, Labelled
from symbp.lowering.multiply import is_scalar, multiply
from symbp.lowering.onehot import changed_entries
from symbp.lowering.pieces import array_of_pieces, array_with_margins
from symbp.lowering.pooling import hit_of, window_extreme
from symbp.lowering.products import contract
from symbp.lowering.program import BOOL, INT, array_of
from symbp.lowering.subscripts import integers, read


def entries(at: Entries, node: Node) -> Labelled:
    """The value of an expression or condition."""
    if is_scalar(node):
        return at.scalar(node)
    rule = _RULES.get(type(node))
    if rule is None:
        raise MissingRule(f"lowering/entries.py has no rule for {type(node).__name__}")
    return rule(at, node)  # type: ignore[no-any-return]


def _int(at: Entries, node: Int) -> Labelled:
    return at.apply("float", integers(at, node.value))


def _read(at: Entries, node: Read) -> Labelled:
    return read(at, node)


def _add(at: Entries, node: Add) -> Labelled:
    """Slices of one array beside one another where that is what the terms are, else one term after the other."""
    found = [pieces_of(t) for t in among(node.args, Where)]
    pieces = tuple(p[0] for p in found if p is not None and len(p) == 1)
    if len(pieces) == len(node.args) and covers(pieces):
        return array_of_pieces(at, in_order(pieces))
    beside = side_by_side(at, node.args, contract)
    return _one_by_one(at, _in_turn(node.args)) if beside is None else beside


def _in_turn(terms: tuple[Expr, ...]) -> list[Expr]:
    """Terms from left to right, the first one that is added before those that are taken away.

    A number that stands first comes last where others are added and taken away: they may cancel but for much less than
    it. Elsewhere it stays: in sqrt(1 + x**2) - 1 - y it cancels first.
    """
    first, *others = terms
    if value_of(first) is not None and len(set(map(_is_negative, others))) == 2:
        return [*sorted(others, key=_is_negative), first]
    return sorted(terms, key=_is_negative)


def _one_by_one(at: Entries, terms: list[Expr]) -> Labelled:
    """The first term, and each of the others added to what there is or taken from it."""
    if _is_negative(terms[0]):
        return at.apply("neg", at.value(build.add(*(build.neg(t) for t in terms))))
    result = at.number(at.value(terms[0]))
    for term in terms[1:]:
        changed = changed_entries(at, result, term)
        if changed is not None:
            result = changed
        elif _is_negative(term):
            result = at.apply("sub", result, at.number(at.value(build.neg(term))))
        else:
            result = at.apply("add", result, at.number(at.value(term)))
    return result


def _is_negative(term: Expr) -> bool:
    return build.split_number(term)[0] < 0


def _mul(at: Entries, node: Mul) -> Labelled:
    return multiply(at, node.args)


def _pow(at: Entries, node: Pow) -> Labelled:
    base, exponent = at.number(at.value(node.base)), value_of(node.exponent)
    if exponent is None:
        return at.apply("power", base, at.number(at.value(node.exponent)))
    return _power(at, base, exponent)


def _power(at: Entries, base: Labelled, exponent: Fraction) -> Labelled:
    """Small powers by products and roots, as one writes them; the rest by `power`."""
    if exponent < 0:
        return at.apply("div", at.scalar(build.UNIT), _power(at, base, -exponent))
    if exponent == 1:
        return base
    if exponent == Fraction(1, 2):
        return at.apply("sqrt", base)
    if exponent == 2:
        return at.apply("square", base)
    if exponent.denominator == 1 and exponent <= 8:
        half = _power(at, base, Fraction(exponent // 2))
        whole = at.apply("square", half)
        return at.apply("mul", whole, base) if exponent % 2 else whole
    if exponent.denominator == 2 and exponent <= 8:
        return at.apply("mul", _power(at, base, exponent - Fraction(1, 2)), at.apply("sqrt", base))
    return at.apply("power", base, at.scalar(Num(exponent)))


def _fn(at: Entries, node: Fn) -> Labelled:
    args = [at.number(at.value(a)) for a in node.args]
    if node.orders:
        return at.apply("call", *args, detail=(node.name, node.orders))
    return at.apply(node.name, *args)


def _where(at: Entries, node: Where) -> Labelled:
    """A choice; of one by sizes each branch is computed for all of them."""
    outer, at.unsure = at.unsure, at.unsure or _is_by_sizes(at, node.cond)
    result = _choice(at, node)
    at.unsure = outer
    return result


def _is_by_sizes(at: Entries, cond: Cond) -> bool:
    """Is it a condition on sizes alone, that says nothing of an entry or a step?"""
    held = {a for n in walk(cond) for p in polys(n) for a in p.atoms()}
    return bool(held) and among(held, Dim, DimAt) == tuple(held) and not any(a in at.counts for a in held)


def _choice(at: Entries, node: Where) -> Labelled:
    """A larger or smaller of two, a mask times a value, or both branches and a selection."""
    extreme = _extreme_by(node)
    if extreme:
        return at.apply(extreme, at.number(at.value(node.then)), at.number(at.value(node.other)))
    pieces = pieces_of(node)
    if pieces is not None and (node.then != build.UNIT or node.other != build.NIL):
        return array_of_pieces(at, pieces)
    boxes = boxes_of(node.cond) if node.other == build.NIL and node.then != build.UNIT else None
    if boxes is not None:
        return array_with_margins(at, boxes, node.then)
    cond = at.value(node.cond)
    if node.other == build.NIL:
        return _masked(at, cond, node.then)
    if node.then == build.NIL:
        return _masked(at, at.apply("not", cond, kind=BOOL), node.other)
    return at.apply("where", cond, at.number(at.value(node.then)), at.number(at.value(node.other)))


def _first(at: Entries, node: First) -> Labelled:
    """Where the extreme is first attained: at the position that `argmax` says, counted as if its axes were one."""
    position, axis = _position(at, node)
    hit = hit_of(node, free_indices(node))
    if hit is not None and not set(hit[1]) & set(position.axes):
        return _mask(at, position, axis, hit[1])
    place, stride, inside = Poly(), Poly.of(1), []
    for i, p in reversed(list(zip(node.indices, node.at, strict=True))):
        place, stride = place + stride * (p - i.start), stride * i.extent
        inside += [within(p, i)] if len(node.indices) > 1 else []
    found = at.apply("==", position, integers(at, place), kind=BOOL)
    cond = build.both(*(c for group in inside for c in group))
    return found if cond == TRUE else at.apply("and", at.value(cond), found, kind=BOOL)


def _position(at: Entries, node: First) -> tuple[Labelled, int]:
    """The position of the extreme along its axes, which are counted as one, and where among the others that one was."""
    body = _within(at, node)
    own = tuple(i for i in node.indices if i in body.axes)
    if len(own) < len(node.indices):  # it is the same all along an axis: the first of them
        raise MissingRule("lowering/entries.py expects the entries of an argmax to differ along each of its indices")
    kept = tuple(i for i in body.axes if i not in own)
    value, axis = body.array, body.axes.index(own[0])
    if len(own) > 1:
        ordered = at.ordered(body, (*kept, *own)).array
        axis = len(kept)
        value = at.builder.reshape(ordered, (*(i.extent for i in kept), extent(tuple(i.extent for i in own))))
    shape = tuple(i.extent for i in kept)
    return Labelled(at.builder.emit(f"arg{node.kind}", (value,), shape, INT, (axis,)), kept), axis


def _mask(at: Entries, position: Labelled, axis: int, own: tuple[Index, ...]) -> Labelled:
    """1 at a position along an axis, 0 at the others."""
    count, after = extent(tuple(i.extent for i in own)), len(position.axes) - axis
    numbers = at.builder.emit("arange", (build.NIL, build.integer(count)), (count,), INT)
    place = at.builder.expand(position.value, (axis,) if axis else ())
    mask = at.builder.elementwise("==", at.builder.expand(numbers, tuple(range(1, after + 1))), place, kind=BOOL)
    axes = (*position.axes[:axis], *own, *position.axes[axis:])
    return Labelled(at.builder.reshape(array_of(mask), tuple(i.extent for i in axes)), axes)


def _within(at: Entries, node: Extreme | First) -> Labelled:
    """What an extreme is taken of; where a condition leaves entries out they count as minus infinity."""
    body = at.number(at.value(node.body))
    if node.cond == TRUE:
        return body
    infinity = at.apply("float", Labelled(build.num(0)), detail=("-inf" if node.kind == "max" else "inf",))
    return at.apply("where", at.value(node.cond), body, infinity)


def _masked(at: Entries, mask: Labelled, then: Expr) -> Labelled:
    if then == build.UNIT:
        return mask
    value = at.value(then)
    if is_mask(value.value):
        return at.apply("and", mask, value, kind=BOOL)
    return at.apply("mul", value, mask if value.is_array else at.number(mask))


def _extreme_by(node: Where) -> str:
    """The operation that takes the larger or the smaller of the sides of a comparison, as where(a > b, a, b) does."""
    match node.cond:
        case Compare(op, a, b) if (node.then, node.other) == (a, b):
            return _EXTREMES.get(op, "")
        case Compare(op, a, b) if (node.then, node.other) == (b, a):
            return _EXTREMES.get(_TURNED.get(op, ""), "")
    return ""


_EXTREMES = {">": "maximum", ">=": "maximum", "<": "minimum", "<=": "minimum"}
_TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def _delta(at: Entries, node: Delta) -> Labelled:
    return at.apply("==", integers(at, node.a), integers(at, node.b), kind=BOOL)


def _sum(at: Entries, node: Sum) -> Labelled:
    return contract(at, node.indices, node.body)


def _extreme(at: Entries, node: Extreme) -> Labelled:
    """The largest over some axes."""
    chain = window_extreme(at, node)
    if chain is not None:
        return chain
    body = _within(at, node)
    summed = tuple(k for k, i in enumerate(body.axes) if i in node.indices)
    if not summed:
        return body
    kept = tuple(i for i in body.axes if i not in node.indices)
    return Labelled(at.builder.reduce(node.kind, body.array, summed), kept)


def _compare(at: Entries, node: Compare) -> Labelled:
    return at.apply(node.op, *(_side(at, c) for c in (node.a, node.b)), kind=BOOL)


def _side(at: Entries, node: Expr) -> Labelled:
    """Integer expressions are compared as integers."""
    whole = build.as_integer(node)
    if whole is None or is_scalar(node):
        return at.number(at.value(node))
    return integers(at, whole)


def _logical(op: str):  # type: ignore[no-untyped-def]
    def rule(at: Entries, node: And | Or) -> Labelled:
        if not node.args:
            raise MissingRule("lowering/entries.py expects constant conditions to be decided by core.build")
        result = at.value(node.args[0])
        for arg in node.args[1:]:
            result = at.apply(op, result, at.value(arg), kind=BOOL)
        return result

    return rule


def _not(at: Entries, node: Not) -> Labelled:
    return at.apply("not", at.value(node.arg), kind=BOOL)


_RULES = {
    Int: _int,
    Read: _read,
    Add: _add,
    Mul: _mul,
    Pow: _pow,
    Fn: _fn,
    Where: _where,
    Delta: _delta,
    Sum: _sum,
    Extreme: _extreme,
    First: _first,
    Compare: _compare,
    And: _logical("and"),
    Or: _logical("or"),
    Not: _not,
}
