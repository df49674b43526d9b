"""The equations of a loop as the equations of one step.

In come equations whose first index is the loop's, out go equations without it: what is read at the same step bears a
mark, what comes from a step before is a carried value. A carried value is any expression that depends on the loop's
index through one other step alone, such as `h[t - 1]` or `c_bar[t + 1] * f[t + 1]`; it is worked out at the end of the
step that it belongs to. One from two steps before is handed on twice: each step passes on what the last one passed to
it. What reads nothing of the loop is taken out and computed for all steps at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Add, And, Compare, Cond, Delta, Expr, Extreme, First, Mul, Read, Sum, Where
from symbp.core.guards import holds as is_known
from symbp.core.guards import opposite, settle, told
from symbp.core.integers import Atom, Dim, Index, Node, Poly
from symbp.core.network import Equation
from symbp.core.traverse import children, free_indices, map_children, polys, reads, replace_reads, substitute, walk
from symbp.core.views import conjuncts, factors_of, is_guarded
from symbp.errors import MissingRule
from symbp.lowering.depends import holds, mentions
from symbp.lowering.guard import guarded

MARK = "@"
Conds = tuple[Cond, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """A value from the step before: what it is at the first step, and how a step makes it for the next one.

    The three lists of indices are the same ones, as they stand where it is read, at the first step, and where it is
    made. `next` is `made`, what a step computes, or what it was handed itself.
    """

    name: str
    indices: tuple[Index, ...]
    first: tuple[Index, ...]
    start: Expr
    last: tuple[Index, ...]
    next: Expr
    made: Expr


@dataclass(slots=True)
class Step:
    """One step: `variable` counts from 0 to `count` - 1, downwards where `backward`."""

    variable: Dim
    count: Poly
    names: frozenset[str]
    backward: bool = False
    carried: dict[str, Carried] = field(default_factory=dict)
    used: dict[str, None] = field(default_factory=dict)  # loop tensors that are read at another step than this
    ranged: dict[str, None] = field(default_factory=dict)  # those that are read at any of the steps before it


def one_step(
    equations: tuple[Equation, ...], variable: Dim, backward: bool | None = None
) -> tuple[Step, tuple[Equation, ...]]:
    """The step and its equations, their names marked."""
    names = frozenset(e.name for e in equations)
    step = Step(variable, equations[0].indices[0].extent, names)
    own = tuple(_fixed(e, variable) for e in equations)
    step.backward = _runs_backward(own, step)
    done = tuple(replace(e, name=e.name + MARK, body=_body(e, step)) for e in own)
    return step, done


def _body(equation: Equation, step: Step) -> Expr:
    """A right side at one step. What looks back under no guard, or under one that holds anyway, finds 0 at the start:
    the entry before the first is no number, and no factor 0 makes it one."""
    lifted = _lifted(_with_own_row(equation.body, (), step), step)
    if any(mentions(i.extent, step.variable) for i in equation.indices):
        lifted = _own_apart(lifted, step)
    carried: Expr = _carry(lifted, step)
    return _at_step(_each_carried(carried, step), step)  # type: ignore[no-any-return]


def _fixed(equation: Equation, variable: Dim) -> Equation:
    """The equation at the step `variable`, which is a size like any other there."""
    first, *rest = equation.indices
    table: dict[Atom, Poly] = {first: Poly.of(variable)}
    body = substitute(equation.body, table)
    return Equation(equation.name, tuple(_at(i, table) for i in rest), body)


def _put(poly: Poly, table: dict[Atom, Poly]) -> Poly:
    return substitute(Read("", (poly,)), table).subs[0]


def _loop_reads(node: Node, step: Step) -> Iterator[tuple[Read, int | None]]:
    """The reads of the loop's tensors, each with how many steps ahead it is; None where that is no number."""
    for r in reads(node):
        if r.tensor in step.names:
            yield r, (r.subs[0] - Poly.of(step.variable)).constant


def _runs_backward(equations: tuple[Equation, ...], step: Step) -> bool:
    """Does it read the step after, or, where it reads no other step of its own, look ahead at what there was before?"""
    aheads = [ahead for e in equations for _, ahead in _loop_reads(e.body, step) if ahead]
    aheads += [ahead for e in equations for ahead in _far(e.body, (), step)]
    if aheads:
        return any(ahead > 0 for ahead in aheads)
    choices = [n for e in equations for n in walk(e.body) if isinstance(n, Where)]
    if any(_looks_back(n, replace(step, backward=False)) for n in choices):
        return False
    return any(_looks_back(n, replace(step, backward=True)) for n in choices)


def _far(node: Node, given: Conds, step: Step) -> Iterator[int]:
    """Of each read any number of steps away on which side that is, 1 or -1, by its subscript and the conditions on it.

    MissingRule where these do not say.
    """
    if (ahead := _far_ahead(node, step)) is not None:
        sign = next((s for s in (1, -1) if _is_at_least(ahead * s, 0, given)), None)
        if sign is None:
            raise MissingRule(
                f"lowering/steps.py reads {node} and cannot tell whether that is before this step or after"
            )
        yield sign
    for child, conds in _under(node):
        yield from _far(child, (*given, *conds), step)


def _far_ahead(node: Node, step: Step) -> Poly | None:
    """How far ahead a read of the loop is, where that is no number."""
    if not isinstance(node, Read) or node.tensor not in step.names:
        return None
    ahead = node.subs[0] - Poly.of(step.variable)
    return ahead if ahead.constant is None else None


def _under(node: Node) -> Iterator[tuple[Node, Conds]]:
    """The expressions directly below a node, each with the conditions under which it counts."""
    match node:
        case Where(cond, then, other):
            yield from ((cond, ()), (then, told(cond)), (other, (opposite(cond),)))
        case Extreme(cond=cond) | First(cond=cond):
            yield from ((child, conjuncts(cond) if child is not cond else ()) for child in children(node))
        case Mul(args):
            equal = [(f.a - f.b) for f in args if isinstance(f, Delta)]
            yield from ((a, tuple(c for e in equal for c in (_at_least(e), _at_least(-e)))) for a in args)
        case _:
            yield from ((child, ()) for child in children(node))


def _at_least(value: Poly, least: int = 0) -> Cond:
    return build.compare("<=", build.integer(least), build.integer(value))


def _is_at_least(value: Poly, least: int, given: Conds) -> bool:
    return is_known(_at_least(value, least), given)


def _with_own_row(node: Node, given: Conds, step: Step):  # type: ignore[no-untyped-def]
    """The expression with what is read of any step so far, this one among them, as a choice between the steps that are
    done and this one, whose row is not stored yet.
    """
    if (ahead := _far_ahead(node, step)) is not None:
        assert isinstance(node, Read)
        behind = ahead if step.backward else -ahead
        own = Read(node.tensor + MARK, node.subs[1:])
        return node if _is_at_least(behind, 1, given) else Where(_at_least(behind, 1), node, own)
    below = dict(_under(node))
    return map_children(node, lambda c: _with_own_row(c, (*given, *below[c]), step))


def _is_guarded_step(node: Node, step: Step) -> TypeGuard[Where]:
    return is_guarded(node) and _looks_back(node, step)


def _lifted(node: Node, step: Step):  # type: ignore[no-untyped-def]
    """Guards moved out of sums and of other conditions, and what only the first step adds into the choice there."""
    node = map_children(node, lambda c: _lifted(c, step))
    if isinstance(node, Where) and isinstance(node.cond, And):
        return _guard_apart(node, node.cond.args, step)
    if isinstance(node, Sum) and _is_guarded_step(body := node.body, step):
        return Where(body.cond, build.total(node.indices, body.then), build.NIL)
    if isinstance(node, Add):
        choice = next((a for a in node.args if isinstance(a, Where) and _is_start_choice(a, step)), None)
        firsts = {a: rest for a in node.args if (rest := _at_first(a, step)) is not None}
        if choice is not None and firsts:
            joined = Where(choice.cond, choice.then, build.add(choice.other, *firsts.values()))
            return build.add(*(joined if a is choice else a for a in node.args if a not in firsts))
    return node


def _guard_apart(node: Where, conds: tuple[Cond, ...], step: Step) -> Where:
    """`x if 1 <= t and c else y` as two choices, one inside the other; of several guards the strictest says it all."""
    guards = [c for c in conds if _steps_before(c, step)]
    if not guards:
        return node
    guard = max(guards, key=lambda c: _steps_before(c, step))
    rest = build.both(*(c for c in conds if c not in guards))
    return Where(guard, build.where(rest, node.then, node.other), node.other)


def _at_first(term: Expr, step: Step) -> Expr | None:
    """What a term is a delta of the first step times, or None where it is no such term."""
    factors = factors_of(term)
    for f in factors:
        if isinstance(f, Delta) and (
            f.a - f.b in (_first(step) - step.variable, Poly.of(step.variable) - _first(step))
        ):
            return build.mul(*(g for g in factors if g is not f))
    return None


def _own_apart(node: Node, step: Step):  # type: ignore[no-untyped-def]
    """Where extents differ by step, factors of this step's own are not carried: the last step has none to hand on."""
    if not isinstance(node, Where) or not _is_start_choice(node, step):
        return map_children(node, lambda c: _own_apart(c, step))
    start = list(node.other.args) if isinstance(node.other, Mul) else [node.other]
    outside, inside = [], []
    for factor in factors_of(node.then):
        if not _is_own(factor, step):
            inside.append(factor)
            continue
        there = next((g for g in start if g in (factor, substitute(factor, {step.variable: _first(step)}))), None)
        outside.append(factor if there is not None else Where(node.cond, factor, build.UNIT))
        if there is not None:
            start.remove(there)
    return build.mul(*outside, Where(node.cond, build.mul(*inside), build.mul(*start))) if outside else node


def _is_own(factor: Expr, step: Step) -> bool:
    """Does it read, of what differs by step, that of this one alone?"""
    subs = [(r.tensor, s) for r in reads(factor) for s in r.subs[:1] if mentions(s, step.variable)]
    return bool(subs) and all(name not in step.names and _behind(s, step) == 0 for name, s in subs)


def _first(step: Step, after: int = 0) -> Poly:
    """The first step, or the one so many steps after it."""
    return step.count - 1 - after if step.backward else Poly.of(after)


def _behind(poly: Poly, step: Step) -> int | None:
    """How many steps before this one a subscript is; None where that is no number."""
    t = Poly.of(step.variable)
    return (poly - t if step.backward else t - poly).constant


def _is_start_choice(node: Where, step: Step) -> bool:
    return _looks_back(node, step) and _steps_before(node.cond, step) == 1


def _looks_back(node: Where, step: Step) -> bool:
    """Is it a choice between a step before, of this loop or the last one of what was computed earlier, and a start?"""
    if not _steps_before(node.cond, step):
        return False
    behind = [(r.tensor, _behind(r.subs[0], step)) for r in reads(node.then) if r.subs]
    return any(k == 1 or (k is not None and k > 1 and name in step.names) for name, k in behind)


def _carry(node: Node, step: Step):  # type: ignore[no-untyped-def]
    """The expression with each guarded look at a step before replaced by a carried value."""
    if isinstance(node, Where) and _looks_back(node, step):
        found = _carried(node, step)
        if found is not None:
            return found
        return Where(node.cond, _each_carried(node.then, step), _carry(node.other, step))
    return map_children(node, lambda c: _carry(c, step))


def _each_carried(node: Expr, step: Step) -> Expr:
    """What mixes several steps: the entries of those before are carried, each by itself."""

    def new(r: Read) -> Expr | None:
        behind = _behind(r.subs[0], step) if r.tensor in step.names else None
        if behind is None or behind < 1:
            return None
        return _carried(Where(_reaches_back(behind, step), r, build.NIL), step)

    return replace_reads(node, new)


def _reaches_back(behind: int, step: Step) -> Cond:
    """That there are so many steps before this one: 1 <= t, or t + 1 < T."""
    t = Poly.of(step.variable)
    if step.backward:
        return build.compare("<", build.integer(t + behind), build.integer(step.count))
    return build.compare("<=", build.integer(behind), build.integer(t))


def _steps_before(cond: Cond, step: Step) -> int:
    """How many steps before this one a condition says that there are, k for k <= t or t + k < T; 0 if it does not."""
    slack = _slack(cond)
    here = step.count - step.variable - 1 if step.backward else Poly.of(step.variable)
    found = (here - slack).constant if slack is not None else None
    return max(found or 0, 0)


def _slack(cond: Cond) -> Poly | None:
    """The integer that is at least 0 exactly where a comparison holds."""
    if not isinstance(cond, Compare):
        return None
    a, b = build.as_integer(cond.a), build.as_integer(cond.b)
    if a is None or b is None or cond.op not in ("<", "<=", ">", ">="):
        return None
    return b - a - (cond.op == "<") if cond.op in ("<", "<=") else a - b - (cond.op == ">")


MOST_STEPS = 64  # how far a loop may look back: each step on the way is a value of its own


def _carried(node: Where, step: Step) -> Expr | None:
    """The read of the value carried for this choice, or None where it is no such value."""
    made, strictest = _under_guards(node, step)
    behind = {_behind(r.subs[0], step) for r in reads(made) if r.tensor in step.names} or {1}
    if behind != {strictest}:
        return None
    starts = [s for after in range(strictest) if (s := _start(node, step, after)) is not None]
    if len(starts) < strictest or not _is_known(substitute(made, _later(step, strictest)), step):
        return None
    return _handed_on(made, starts, step)


def _handed_on(made: Expr, starts: list[Expr], step: Step) -> Expr:
    """The read of a value of as many steps before as it has starts, each step handing on what it was handed itself.

    The j-th value handed on, of j steps before, is what will be read `away` steps later.
    """
    count, indices = len(starts), _ordered(made, *starts)
    if count > MOST_STEPS:
        raise MissingRule(f"lowering/steps.py carries values over {MOST_STEPS} steps, and this loop reads {count} back")
    value = _where_read(substitute(made, _later(step, count)), count, step)
    made = _at_step(value, step)
    following: Expr = made
    for away in reversed(range(count)):
        name = _name(value, starts[away:], indices)
        first: dict[Atom, Poly] = {step.variable: _first(step, away)}
        own, last = (_moved(indices, _later(step, k)) for k in (away, away + 1))
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


def _later(step: Step, steps: int) -> dict[Atom, Poly]:
    return {step.variable: Poly.of(step.variable) + (-steps if step.backward else steps)}


def _moved(indices: tuple[Index, ...], table: dict[Atom, Poly]) -> tuple[Index, ...]:
    return tuple(_at(i, table) for i in indices)


def _name(value: Expr, starts: list[Expr], indices: tuple[Index, ...]) -> str:
    """One name for all values that are the same at every step."""
    return f"{MARK}{key(value)} {[key(s) for s in starts]} {','.join(i.name for i in indices)}"


def _under_guards(node: Expr, step: Step) -> tuple[Expr, int]:
    """What a choice takes where there are steps enough before, and how many that are."""
    strictest = 0
    while isinstance(node, Where) and (before := _steps_before(node.cond, step)):
        node, strictest = node.then, max(strictest, before)
    return node, strictest


def _start(node: Expr, step: Step, after: int) -> Expr | None:
    """What a choice is so many steps after the first one; None where that is not known before the loop."""
    while isinstance(node, Where) and (before := _steps_before(node.cond, step)):
        node = node.then if before <= after else node.other
    if any(r.tensor in step.names for r in reads(node)):
        return None
    return None if after and holds(node, step.variable) else node  # there may be no such step


def _at(index: Index, table: dict[Atom, Poly]) -> Index:
    return Index(index.name, _put(index.stop, table), _put(index.start, table))


def _is_known(value: Node, step: Step) -> bool:
    """Does it read the loop at the step itself, and all else there or one before it (its guard says when it counts)?"""
    if any(ahead != 0 for _, ahead in _loop_reads(value, step)):
        return False
    firsts = [s for r in reads(value) for s in r.subs[:1] if mentions(s, step.variable)]
    return all((s - Poly.of(step.variable)).constant in (0, -1) for s in firsts)


def _ordered(*nodes: Expr) -> tuple[Index, ...]:
    """The free indices, in the order in which the reads have them."""
    return tuple(dict.fromkeys(i for node in nodes for i in free_indices(node)))


def _at_step(node, step: Step):  # type: ignore[no-untyped-def]
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
