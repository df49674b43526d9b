"""The equations of a loop as the equations of one step.

In come equations whose first index is the loop's, out go equations without it: what is read at the same step bears a
mark, what comes from a step before is a carried value (`lowering.carried`). What reads nothing of the loop is taken out
and computed for all steps at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbp.core import build
from symbp.core.expr import Add, And, Cond, Delta, Expr, Extreme, First, Mul, Read, Sum, Where
from symbp.core.guards import holds as is_known
from symbp.core.guards import opposite, told
from symbp.core.integers import Atom, Dim, Node, Poly
from symbp.core.network import Equation
from symbp.core.traverse import (
    children,
    map_children,
    nodes,
    reads,
    substitute,
)
from symbp.core.views import among, conjuncts, factors_of
from symbp.errors import MissingRule
from symbp.lowering.carried import at_step, carry, each_carried
from symbp.lowering.depends import mentions
from symbp.lowering.step import (
    MARK,
    Step,
    first_step,
    is_start_choice,
    looks_back,
    loop_reads,
    moved_to,
    steps_before,
    steps_behind,
)

Conds = tuple[Cond, ...]


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
    carried: Expr = carry(lifted, step)
    return at_step(each_carried(carried, step), step)  # type: ignore[no-any-return]


def _fixed(equation: Equation, variable: Dim) -> Equation:
    """The equation at the step `variable`, which is a size like any other there."""
    first, *rest = equation.indices
    table: dict[Atom, Poly] = {first: Poly.of(variable)}
    body = substitute(equation.body, table)
    return Equation(equation.name, tuple(moved_to(i, table) for i in rest), body)


def _runs_backward(equations: tuple[Equation, ...], step: Step) -> bool:
    """Does it read the step after, or, where it reads no other step of its own, look ahead at what there was before?"""
    aheads = [ahead for e in equations for _, ahead in loop_reads(e.body, step) if ahead]
    aheads += [ahead for e in equations for ahead in _far(e.body, (), step)]
    if aheads:
        return any(ahead > 0 for ahead in aheads)
    choices = [n for e in equations for n in nodes(e.body, Where)]
    if any(looks_back(n, replace(step, backward=False)) for n in choices):
        return False
    return any(looks_back(n, replace(step, backward=True)) for n in choices)


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
    match node:
        case Read(name, (first, *_)) if name in step.names:
            ahead = first - Poly.of(step.variable)
            return ahead if ahead.constant is None else None
    return None


def _under(node: Node) -> Iterator[tuple[Node, Conds]]:
    """The expressions directly below a node, each with the conditions under which it counts."""
    match node:
        case Where(cond, then, other):
            yield from ((cond, ()), (then, told(cond)), (other, (opposite(cond),)))
        case Extreme(cond=cond) | First(cond=cond):
            yield from ((child, conjuncts(cond) if child is not cond else ()) for child in children(node))
        case Mul(args):
            equal = [d.a - d.b for d in among(args, Delta)]
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
    match node:
        case Read(name, (_, *others)) if (ahead := _far_ahead(node, step)) is not None:
            behind = ahead if step.backward else -ahead
            own = Read(name + MARK, tuple(others))
            return node if _is_at_least(behind, 1, given) else Where(_at_least(behind, 1), node, own)
    below = dict(_under(node))
    return map_children(node, lambda c: _with_own_row(c, (*given, *below[c]), step))


def _lifted(node: Node, step: Step):  # type: ignore[no-untyped-def]
    """Guards moved out of sums and of other conditions, and what only the first step adds into the choice there."""
    match done := map_children(node, lambda c: _lifted(c, step)):
        case Where(And(conds)):
            return _guard_apart(done, conds, step)
        case Sum(indices, Where(cond, then, build.NIL) as body) if looks_back(body, step):
            return Where(cond, build.total(indices, then), build.NIL)
        case Add(terms):
            choice = next((a for a in among(terms, Where) if is_start_choice(a, step)), None)
            firsts = {a: rest for a in terms if (rest := _at_first(a, step)) is not None}
            if choice is not None and firsts:
                joined = Where(choice.cond, choice.then, build.add(choice.other, *firsts.values()))
                return build.add(*(joined if a is choice else a for a in terms if a not in firsts))
    return done


def _guard_apart(node: Where, conds: tuple[Cond, ...], step: Step) -> Where:
    """`x if 1 <= t and c else y` as two choices, one inside the other; of several guards the strictest says it all."""
    guards = [c for c in conds if steps_before(c, step)]
    if not guards:
        return node
    guard = max(guards, key=lambda c: steps_before(c, step))
    rest = build.both(*(c for c in conds if c not in guards))
    return Where(guard, build.where(rest, node.then, node.other), node.other)


def _at_first(term: Expr, step: Step) -> Expr | None:
    """What a term is a delta of the first step times, or None where it is no such term."""
    factors, away = factors_of(term), first_step(step) - step.variable
    delta = next((d for d in among(factors, Delta) if d.a - d.b in (away, -away)), None)
    return None if delta is None else build.mul(*(f for f in factors if f is not delta))


def _own_apart(node: Node, step: Step):  # type: ignore[no-untyped-def]
    """Where extents differ by step, factors of this step's own are not carried: the last step has none to hand on."""
    match node:
        case Where(cond, then, other) if is_start_choice(node, step):
            start, outside, inside = list(factors_of(other)), [], []
            for factor in factors_of(then):
                if not _is_own(factor, step):
                    inside.append(factor)
                    continue
                same = (factor, substitute(factor, {step.variable: first_step(step)}))
                there = next((g for g in start if g in same), None)
                outside.append(factor if there is not None else Where(cond, factor, build.UNIT))
                if there is not None:
                    start.remove(there)
            return build.mul(*outside, Where(cond, build.mul(*inside), build.mul(*start))) if outside else node
    return map_children(node, lambda c: _own_apart(c, step))


def _is_own(factor: Expr, step: Step) -> bool:
    """Does it read, of what differs by step, that of this one alone?"""
    subs = [(r.tensor, s) for r in reads(factor) for s in r.subs[:1] if mentions(s, step.variable)]
    return bool(subs) and all(name not in step.names and steps_behind(s, step) == 0 for name, s in subs)
