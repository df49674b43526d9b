"""The equations of a loop as the equations of one step.

In come equations whose first index is the loop's, out go equations without it: what is read at the same step bears a
mark, what comes from the step before is a carried value. A carried value is any expression that depends on the loop's
index through the neighbouring step alone, such as `h[t - 1]` or `c_bar[t + 1] * f[t + 1]`; it is worked out at the end
of the step that it belongs to. What reads nothing of the loop is taken out and computed for all steps at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TypeGuard

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Add, And, Compare, Cond, Delta, Expr, Mul, Read, Sum, Where
from symbp.core.integers import Atom, Dim, Index, Node, Poly
from symbp.core.network import Equation
from symbp.core.traverse import free_indices, map_children, reads, replace_reads, substitute, walk
from symbp.lowering.depends import mentions

MARK = "@"


@dataclass(frozen=True, slots=True)
class Carried:
    """A value from the step before: what it is at the first step, and how a step makes it for the next one.

    The three lists of indices are the same ones, as they stand where it is read, at the first step, and where it is
    made.
    """

    name: str
    indices: tuple[Index, ...]
    first: tuple[Index, ...]
    start: Expr
    last: tuple[Index, ...]
    next: Expr


@dataclass(slots=True)
class Step:
    """One step: `variable` counts from 0 to `count` - 1, downwards where `backward`."""

    variable: Dim
    count: Poly
    names: frozenset[str]
    backward: bool = False
    carried: dict[str, Carried] = field(default_factory=dict)
    used: dict[str, None] = field(default_factory=dict)  # loop tensors that are read at another step than this


def one_step(
    equations: tuple[Equation, ...], variable: Dim, backward: bool | None = None
) -> tuple[Step, tuple[Equation, ...]]:
    """The step and its equations, their names marked."""
    names = frozenset(e.name for e in equations)
    step = Step(variable, equations[0].indices[0].extent, names)
    own = tuple(_fixed(e, variable) for e in equations)
    step.backward = _runs_backward(own, step)
    done = tuple(replace(e, name=e.name + MARK, body=_at_step(_carry(_lifted(e.body, step), step), step)) for e in own)
    return step, done


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
    if aheads:
        return any(ahead > 0 for ahead in aheads)
    choices = [n for e in equations for n in walk(e.body) if isinstance(n, Where)]
    if any(_looks_back(n, replace(step, backward=False)) for n in choices):
        return False
    return any(_looks_back(n, replace(step, backward=True)) for n in choices)


def _is_guarded_step(node: Node, step: Step) -> TypeGuard[Where]:
    return isinstance(node, Where) and node.other == build.NIL and _looks_back(node, step)


def _lifted(node: Node, step: Step):  # type: ignore[no-untyped-def]
    """Guards moved out of sums and of other conditions, and what only the first step adds into the choice there."""
    node = map_children(node, lambda c: _lifted(c, step))
    if isinstance(node, Where) and isinstance(node.cond, And):
        return _guard_apart(node, node.cond.args, step)
    if isinstance(node, Sum) and _is_guarded_step(body := node.body, step):
        return Where(body.cond, build.total(node.indices, body.then), build.NIL)
    if isinstance(node, Add):
        choice = next((a for a in node.args if isinstance(a, Where) and _looks_back(a, step)), None)
        firsts = {a: rest for a in node.args if (rest := _at_first(a, step)) is not None}
        if choice is not None and firsts:
            joined = Where(choice.cond, choice.then, build.add(choice.other, *firsts.values()))
            return build.add(*(joined if a is choice else a for a in node.args if a not in firsts))
    return node


def _guard_apart(node: Where, conds: tuple[Cond, ...], step: Step) -> Where:
    """`x if 1 <= t and c else y` as two choices, one inside the other."""
    guard = next((c for c in conds if _is_guard(c, step)), None)
    if guard is None:
        return node
    rest = build.both(*(c for c in conds if c != guard))
    return Where(guard, build.where(rest, node.then, node.other), node.other)


def _at_first(term: Expr, step: Step) -> Expr | None:
    """What a term is a delta of the first step times, or None where it is no such term."""
    factors = term.args if isinstance(term, Mul) else (term,)
    for f in factors:
        if isinstance(f, Delta) and (
            f.a - f.b in (_first(step) - step.variable, Poly.of(step.variable) - _first(step))
        ):
            return build.mul(*(g for g in factors if g is not f))
    return None


def _first(step: Step) -> Poly:
    return step.count - 1 if step.backward else Poly()


def _looks_back(node: Where, step: Step) -> bool:
    """Is it a choice between the step before, of this loop or of what was computed earlier, and a start?"""
    if not _is_guard(node.cond, step):
        return False
    firsts = [r.subs[0] for r in reads(node.then) if r.subs]
    return any(s == Poly.of(step.variable) + (1 if step.backward else -1) for s in firsts)


def _carry(node: Node, step: Step):  # type: ignore[no-untyped-def]
    """The expression with each guarded look at the step before replaced by a carried value."""
    if isinstance(node, Where) and _looks_back(node, step):
        found = _carried(node, step)
        if found is not None:
            return found
        return Where(node.cond, _neighbours(node.then, node.cond, step), _carry(node.other, step))
    return map_children(node, lambda c: _carry(c, step))


def _neighbours(node: Expr, guard: Cond, step: Step) -> Expr:
    """What mixes this step and the one before: the entries of the one before are carried, each by itself."""

    def new(r: Read) -> Expr | None:
        if r.tensor not in step.names or r.subs[0] != Poly.of(step.variable) + (1 if step.backward else -1):
            return None
        return _carried(Where(guard, r, build.NIL), step)

    return replace_reads(node, new)


def _is_guard(cond: Cond, step: Step) -> bool:
    """1 <= t, or t + 1 < T: is there a step before this one?"""
    slack = _slack(cond)
    t = Poly.of(step.variable)
    return slack is not None and slack == (step.count - t - 2 if step.backward else t - 1)


def _slack(cond: Cond) -> Poly | None:
    """The integer that is at least 0 exactly where a comparison holds."""
    if not isinstance(cond, Compare):
        return None
    a, b = build.as_integer(cond.a), build.as_integer(cond.b)
    if a is None or b is None or cond.op not in ("<", "<=", ">", ">="):
        return None
    return b - a - (cond.op == "<") if cond.op in ("<", "<=") else a - b - (cond.op == ">")


def _carried(node: Where, step: Step) -> Expr | None:
    """The read of the value carried for this choice, or None where it is no such value."""
    now: dict[Atom, Poly] = {step.variable: Poly.of(step.variable) + (-1 if step.backward else 1)}
    value = substitute(node.then, now)
    if any(r.tensor in step.names for r in reads(node.other)):
        return None
    if any(ahead != 0 for _, ahead in _loop_reads(value, step)) or not _stays_inside(value, step):
        return None
    first: dict[Atom, Poly] = {step.variable: _first(step)}
    indices = _ordered(node.then, node.other)
    start, last = (tuple(_at(i, table) for i in indices) for table in (first, now))
    name = f"{MARK}{key(node)} {','.join(i.name for i in indices)}"
    step.carried.setdefault(
        name, Carried(name, indices, start, substitute(node.other, first), last, _at_step(value, step))
    )
    return Read(name, tuple(Poly.of(i) for i in indices))


def _at(index: Index, table: dict[Atom, Poly]) -> Index:
    return Index(index.name, _put(index.stop, table), _put(index.start, table))


def _stays_inside(node: Node, step: Step) -> bool:
    """Is everything read at the step itself, or at one before it, which is there (its guard says when it counts)?"""
    t = Poly.of(step.variable)
    firsts = [s for r in reads(node) for s in r.subs[:1] if mentions(s, step.variable)]
    aheads = [(s - t).constant for s in firsts]
    return all(ahead is not None and ahead <= 0 for ahead in aheads)


def _ordered(*nodes: Expr) -> tuple[Index, ...]:
    """The free indices, in the order in which the reads have them."""
    return tuple(dict.fromkeys(i for node in nodes for i in free_indices(node)))


def _at_step(node, step: Step):  # type: ignore[no-untyped-def]
    """The expression with reads at the step itself as reads of the step's own tensors."""

    def new(r: Read) -> Expr | None:
        if r.tensor not in step.names:
            return None
        if (r.subs[0] - Poly.of(step.variable)).constant == 0:
            return Read(r.tensor + MARK, r.subs[1:])
        step.used[r.tensor] = None
        return None

    return replace_reads(node, new)
