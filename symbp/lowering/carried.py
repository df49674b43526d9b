"""Values that a step hands to the next one, in the place of what an expression reads of the steps before.

A carried value is any expression that depends on the loop's index through one other step alone, such as `h[t - 1]` or
`c_bar[t + 1] * f[t + 1]`; it is worked out at the end of the step that it belongs to. One from two steps before is
handed on twice: each step passes on what the last one passed to it.
"""

from __future__ import annotations

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Cond, Expr, Read, Where
from symbp.core.guards import settle
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.traverse import (
    free_indices,
    map_children,
    polys,
    reads,
    replace_reads,
    substitute,
    walk,
)
from symbp.errors import MissingRule
from symbp.lowering.depends import holds, mentions
from symbp.lowering.guard import guarded
from symbp.lowering.step import (
    MARK,
    Carried,
    Step,
    first_step,
    later,
    looks_back,
    loop_reads,
    moved_to,
    reaches_back,
    steps_before,
    steps_behind,
)

MOST_STEPS = 64  # how far a loop may look back: each step on the way is a value of its own


def carry(node: Node, step: Step):  # type: ignore[no-untyped-def]
    """The expression with each guarded look at a step before replaced by a carried value."""
    match node:
        case Where(cond, then, other) if looks_back(node, step):
            found = _carried(node, step)
            return Where(cond, each_carried(then, step), carry(other, step)) if found is None else found
    return map_children(node, lambda c: carry(c, step))


def each_carried(node: Expr, step: Step) -> Expr:
    """What mixes several steps: the entries of those before are carried, each by itself."""

    def new(r: Read) -> Expr | None:
        behind = steps_behind(r.subs[0], step) if r.tensor in step.names else None
        if behind is None or behind < 1:
            return None
        return _carried(Where(reaches_back(behind, step), r, build.NIL), step)

    return replace_reads(node, new)


def at_step(node, step: Step):  # type: ignore[no-untyped-def]
    """The expression with reads at the step itself as reads of the step's own tensors."""

    def new(r: Read) -> Expr | None:
        if r.tensor not in step.names:
            return None
        ahead = (r.subs[0] - Poly.of(step.variable)).constant
        if ahead == 0:
            return Read(r.tensor + MARK, r.subs[1:])
        step.used[r.tensor] = None
        if ahead is None:
            step.ranged[r.tensor] = None
        return None

    return replace_reads(node, new)


def _carried(node: Where, step: Step) -> Expr | None:
    """The read of the value carried for this choice, or None where it is no such value."""
    made, strictest = _under_guards(node, step)
    behind = {steps_behind(r.subs[0], step) for r in reads(made) if r.tensor in step.names} or {1}
    if behind != {strictest}:
        return None
    starts = [s for after in range(strictest) if (s := _start(node, step, after)) is not None]
    if len(starts) < strictest or not _is_known(substitute(made, later(step, strictest)), step):
        return None
    return _handed_on(made, starts, step)


def _handed_on(made: Expr, starts: list[Expr], step: Step) -> Expr:
    """The read of a value of as many steps before as it has starts, each step handing on what it was handed itself.

    The j-th value handed on, of j steps before, is what will be read `away` steps later.
    """
    count, indices = len(starts), _ordered(made, *starts)
    if count > MOST_STEPS:
        raise MissingRule(
            f"lowering/carried.py carries values over {MOST_STEPS} steps, and this loop reads {count} back"
        )
    value = _where_read(substitute(made, later(step, count)), count, step)
    made = at_step(value, step)
    following: Expr = made
    for away in reversed(range(count)):
        name = _name(value, starts[away:], indices)
        first: dict[Atom, Poly] = {step.variable: first_step(step, away)}
        own, last = (_moved(indices, later(step, k)) for k in (away, away + 1))
        start = substitute(starts[away], first)
        step.carried.setdefault(name, Carried(name, own, _moved(indices, first), start, last, following, made))
        following = Read(name, tuple(map(Poly.of, own)))
    return following


def _where_read(value: Expr, away: int, step: Step) -> Expr:
    """A value that reads beside its own step, as `x[t + 1]`, or divides by its number, may do so in vain at the last
    ones, which hand it on to nobody: nothing in it may overflow there, or be nan.
    """
    own = Poly.of(step.variable)
    moving = [(n, p) for n in walk(value) for p in polys(n) if mentions(p, step.variable)]
    if all(isinstance(n, Read) and p == own for n, p in moving):
        return value
    index = Index(f"{MARK}step", step.count)
    settled = substitute(settle(substitute(value, {step.variable: Poly.of(index)})), {index: own})
    return guarded(settled, _is_followed(away, step))


def _is_followed(away: int, step: Step) -> Cond:
    """That there are so many steps after this one."""
    t = Poly.of(step.variable)
    if step.backward:
        return build.compare("<=", build.integer(Poly.of(away)), build.integer(t))
    return build.compare("<", build.integer(t + away), build.integer(step.count))


def _moved(indices: tuple[Index, ...], table: dict[Atom, Poly]) -> tuple[Index, ...]:
    return tuple(moved_to(i, table) for i in indices)


def _name(value: Expr, starts: list[Expr], indices: tuple[Index, ...]) -> str:
    """One name for all values that are the same at every step."""
    return f"{MARK}{key(value)} {[key(s) for s in starts]} {','.join(i.name for i in indices)}"


def _under_guards(node: Expr, step: Step) -> tuple[Expr, int]:
    """What a choice takes where there are steps enough before, and how many that are."""
    match node:
        case Where(cond, then) if before := steps_before(cond, step):
            made, strictest = _under_guards(then, step)
            return made, max(strictest, before)
    return node, 0


def _start(node: Expr, step: Step, after: int) -> Expr | None:
    """What a choice is so many steps after the first one; None where that is not known before the loop."""
    match node:
        case Where(cond, then, other) if before := steps_before(cond, step):
            return _start(then if before <= after else other, step, after)
    if any(r.tensor in step.names for r in reads(node)):
        return None
    return None if after and holds(node, step.variable) else node  # there may be no such step


def _is_known(value: Node, step: Step) -> bool:
    """Does it read the loop at the step itself, and all else there or one before it (its guard says when it counts)?"""
    if any(ahead != 0 for _, ahead in loop_reads(value, step)):
        return False
    firsts = [s for r in reads(value) for s in r.subs[:1] if mentions(s, step.variable)]
    return all((s - Poly.of(step.variable)).constant in (0, -1) for s in firsts)


def _ordered(*nodes: Expr) -> tuple[Index, ...]:
    """The free indices, in the order in which the reads have them."""
    return tuple(dict.fromkeys(i for node in nodes for i in free_indices(node)))
