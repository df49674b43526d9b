"""The rules by which an expression is evaluated by arrays, one for each node (see `dense`)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

import numpy as np

from symbp.core.expr import (
    TRUE,
    Add,
    And,
    Binder,
    Compare,
    Delta,
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
from symbp.core.integers import DimAt, Index, Node, Poly, Quotient
from symbp.core.network import Network
from symbp.core.traverse import children, free_indices, polys
from symbp.core.views import integers_compared
from symbp.errors import MissingRule
from symbp.verify import elementwise
from symbp.verify.dense import NO, ONE, YES, ZERO, Dense, Waiting, holds, rule, value
from symbp.verify.elementwise import real
from symbp.verify.extents import is_plain
from symbp.verify.frame import Frame, is_nowhere
from symbp.verify.grid import Array
from symbp.verify.moving import DEEPER, NOWHERE, depth_of, standing_still, steps_of_terms
from symbp.verify.places import integer, slots
from symbp.verify.steps import step_of
from symbp.verify.sums import bound, total_of


@rule.register
def _number(node: Num, frame: Frame, d: Dense) -> Array:
    return np.float64(float(node.value))


@rule.register
def _pi(node: Pi, frame: Frame, d: Dense) -> Array:
    return np.float64(np.pi)


@rule.register
def _integer(node: Int, frame: Frame, d: Dense) -> Array:
    return np.float64(1.0) * integer(node.value, frame, d)


@rule.register
def _read(node: Read, frame: Frame, d: Dense) -> Array:
    held = d.table(node.tensor)
    places = slots(node, frame, d)
    if d.record is not None:
        d.record(node.tensor, places, frame.mask)
    if d.waiting is not None and node.tensor in d.waiting.known:
        _await(node.tensor, places, frame, d.waiting)
    if held.values.ndim == 2:  # a row of lanes for each place
        return held.values[places[..., 0] if np.ndim(places) else places]
    found = held.values[places]
    if d.moved is not None and d.moved.tensor == node.tensor:
        hit = places == d.moved.at
        if hit.any():
            stepped = np.empty(hit.shape, complex)
            stepped.real = found
            np.multiply(step_of(held.values[d.moved.at]), hit, out=stepped.imag)
            return stepped
    return found


def _await(tensor: str, places: Array, frame: Frame, waiting: Waiting) -> None:
    """Note which of the entries asked for read what is not known yet."""
    missing = ~waiting.known[tensor][places]
    if frame.mask is not None:
        missing = missing & frame.mask
    if not missing.any():
        return
    keys = len(waiting.dead)
    missing, places = np.broadcast_arrays(missing, places, np.empty((keys,)))[:2]
    missing, places = missing.reshape(-1, keys), places.reshape(-1, keys)
    fresh = missing.any(axis=0) & ~waiting.dead
    waiting.place[fresh] = np.take_along_axis(places, missing.argmax(axis=0)[None], 0)[0][fresh]
    waiting.on[fresh] = waiting.number[tensor]
    waiting.dead |= fresh


@rule.register
def _add(node: Add, frame: Frame, d: Dense) -> Array:
    total = value(node.args[0], frame, d)
    for arg in node.args[1:]:
        total = total + value(arg, frame, d)
    return total


@rule.register
def _multiply(node: Mul, frame: Frame, d: Dense) -> Array:
    """Deltas come first: where one is 0 the product is, and the rest need not exist."""
    guards = [alike(a, frame, d) for a in node.args if isinstance(a, Delta)]
    inner = frame
    for guard in guards:
        inner = inner.where(guard)
    if guards and is_nowhere(inner.mask):
        return ZERO
    product = ONE
    for place, arg in enumerate(a for a in node.args if not isinstance(a, Delta)):
        factor = value(arg, inner, d)
        product = elementwise.times(product, factor) if place else factor
    return product if not guards else np.where(np.logical_and.reduce(np.broadcast_arrays(*guards)), product, ZERO)


@rule.register
def _power(node: Pow, frame: Frame, d: Dense) -> Array:
    base = value(node.base, frame, d)
    if isinstance(node.exponent, Num) and node.exponent.value.denominator == 1:
        n, x = int(node.exponent.value), real(base)
        if n < 0:
            d.refuse(x == 0, frame)
        result = elementwise.inverse(base) if n == -1 else elementwise.whole_power(base, n)
        if abs(n) > 1:
            d.refuse(np.isinf(real(result)) & np.isfinite(x), frame)
        return result
    result, none = elementwise.power(base, value(node.exponent, frame, d))
    d.refuse(none, frame)
    return result


@rule.register
def _function(node: Fn, frame: Frame, d: Dense) -> Array:
    args = [value(a, frame, d) for a in node.args]
    if node.orders:
        return np.asarray(d.functions[node.name].value(node.orders, args, elementwise.ARRAYS))[()]
    (arg,) = args
    if node.name in ("abs", "sign"):
        d.decide(real(arg) > 0, frame)
    result = elementwise.function(node.name, arg)
    none = elementwise.no_value(node.name, real(arg), real(result))
    if none is not None:
        d.refuse(none, frame)
    return result


@rule.register
def _choose(node: Where, frame: Frame, d: Dense) -> Array:
    cond = holds(node.cond, frame, d)
    yes, no = frame.where(cond), frame.where(~cond)
    if is_nowhere(no.mask):
        return value(node.then, frame, d)
    if is_nowhere(yes.mask):
        return value(node.other, frame, d)
    return np.where(cond, value(node.then, yes, d), value(node.other, no, d))


@rule.register
def _delta(node: Delta, frame: Frame, d: Dense) -> Array:
    return np.float64(1.0) * alike(node, frame, d)


def alike(node: Delta, frame: Frame, d: Dense) -> Array:
    """Where a delta is 1."""
    return np.equal(integer(node.a, frame, d), integer(node.b, frame, d))


# Sums and extremes.


@rule.register
def _sum(node: Sum, frame: Frame, d: Dense) -> Array:
    if d.moved is not None and (depth := depth_of(node, d.moved.tensor, d)) != DEEPER:
        still = standing_still(node, frame, d, d.moved)
        return still if depth == NOWHERE else still + 1j * steps_of_terms(node, frame, d, d.moved)
    return total_of(node, frame, d)


@rule.register
def _extreme(node: Extreme, frame: Frame, d: Dense) -> Array:
    """The first of the largest (or smallest), by the real part."""
    return _search(node, lambda inner: [value(node.body, inner, d)], frame, d)[0]


@rule.register
def _first(node: First, frame: Frame, d: Dense) -> Array:
    """Whether a place is the one where the extreme is first attained."""
    found = _search(node, lambda inner: [inner.values[i] for i in node.indices], frame, d)
    hits = [np.equal(integer(p, frame, d), place) for p, place in zip(node.at, found, strict=True)]
    return np.logical_and.reduce(np.broadcast_arrays(YES, *hits))


def _search(node: Extreme | First, wanted: Callable[[Frame], list[Array]], frame: Frame, d: Dense) -> list[Array]:
    """What is `wanted` where the extreme is first attained, in row-major order."""
    found: list[Array] = [ZERO]
    best, first = None, None
    seen, before = NO, 0
    sign = 1.0 if node.kind == "max" else -1.0
    for inner, lengths in bound(node.indices, (*free_indices(node.body), *free_indices(node.cond)), frame, d):
        if node.cond != TRUE:
            inner = inner.where(holds(node.cond, inner, d))
        if is_nowhere(inner.mask):
            before += int(np.prod(lengths))
            continue
        body, *others = value(node.body, inner, d), *wanted(inner)
        narrowed = inner.mask if inner.mask is not frame.mask and inner.mask is not None else YES
        shape = np.broadcast_shapes(*map(np.shape, (body, narrowed, *others)), (*lengths, *(1,) * frame.rank))
        flat = (int(np.prod(lengths)), *shape[len(lengths) :])
        body, counts, *others = (np.broadcast_to(a, shape).reshape(flat) for a in (body, narrowed, *others))
        reals = np.where(counts, sign * real(body), -np.inf)
        where = reals.argmax(axis=0)[None]
        largest, *taken = (np.take_along_axis(a, where, 0)[0] for a in (reals, *others))
        counted = counts.any(axis=0)
        if best is None or first is None:
            found, best, first, seen = taken, largest, where[0] + before, counted
        else:
            better = counted & ((largest > best) | ~seen)
            found = [np.where(better, new, old) for new, old in zip(taken, found, strict=True)]
            best, first = np.where(better, largest, best), np.where(better, where[0] + before, first)
            seen = seen | counted
        before += flat[0]
    d.refuse(np.logical_not(seen), frame)
    if first is not None:
        d.decide(first, frame)
    return found if first is not None else [ZERO] * max(1, len(node.indices))


@rule.register
def _partial(node: Partial, frame: Frame, d: Dense) -> Array:
    """Looked up in the table of the equation's derivatives, which `partials` makes by steps."""
    if d.partials is None:
        raise MissingRule("verify/rules.py: a partial derivative needs `partials`")
    if node in frame.slopes:
        return frame.slopes[node]
    local = d.partials(node.of.tensor, node.by.tensor)
    found = local.at(slots(node.of, frame, d), slots(node.by, frame, d))
    d.refuse(np.isnan(found), frame)
    return found


# Conditions.

COMPARE: Mapping[str, Callable[[Array, Array], Array]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@rule.register
def _comparison(node: Compare, frame: Frame, d: Dense) -> Array:
    if (sides := integers_compared(node)) is not None:
        return np.bool_(True) & COMPARE[node.op](*(integer(side, frame, d) for side in sides))
    a, b = (real(value(side, frame, d)) for side in (node.a, node.b))
    decision = COMPARE[node.op](a, b)
    d.decide(decision, frame)
    return decision


@rule.register
def _and(node: And, frame: Frame, d: Dense) -> Array:
    """A part is looked at only where those before it hold."""
    found = YES
    for arg in node.args:
        found = found & holds(arg, frame, d)
        frame = frame.where(found)
        if is_nowhere(frame.mask):
            break
    return found


@rule.register
def _or(node: Or, frame: Frame, d: Dense) -> Array:
    """A part is looked at only where none before it holds."""
    found = NO
    for arg in node.args:
        found = found | holds(arg, frame, d)
        frame = frame.where(~found)
        if is_nowhere(frame.mask):
            break
    return found


@rule.register
def _not(node: Not, frame: Frame, d: Dense) -> Array:
    return ~holds(node.arg, frame, d)


# What there is a rule for.


@lru_cache(maxsize=1 << 14)  # the sides of a chain are asked about at every draw
def can_evaluate(node: Node) -> bool:
    """Is there a rule for each of its nodes and for what its subscripts are made of?"""
    return (
        rule.dispatch(type(node)) is not rule.dispatch(object)
        and all(map(_is_known, (*polys(node), *_ranges(node))))
        and all(map(can_evaluate, children(node)))
    )


def _ranges(node: Node) -> Iterator[Poly]:
    if isinstance(node, Binder):
        yield from (p for i in node.indices for p in (i.start, i.stop))


def _is_known(poly: Poly) -> bool:
    for atom in poly.atoms():
        parts: tuple[Poly, ...] = ()
        match atom:
            case DimAt(_, at):
                parts = (at,)
            case Quotient(top, bottom):
                parts = (top, bottom)
            case Read(_, subs):
                parts = subs
            case _ if not (isinstance(atom, Index) or is_plain(Poly.of(atom))):
                return False
        if not all(map(_is_known, parts)):
            return False
    return True


def supports(network: Network) -> bool:
    """Can all of a network's equations be evaluated by arrays?"""
    return all(
        can_evaluate(e.body) and all(_is_known(p) for i in e.indices for p in (i.start, i.stop))
        for e in network.equations
    )
