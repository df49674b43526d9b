"""Chains of equalities: a local derivative from its definition, and what follows the insertion of local derivatives.

Here stands how each begins; how it goes on is said by rows (`calculus.rows`), which `calculus.phases` runs.
"""

from __future__ import annotations

from dataclasses import replace

from symbp.calculus.guards import sheltered
from symbp.calculus.known import Known
from symbp.calculus.letters import Letters, freshen
from symbp.calculus.local import differentiate, differentiation, entries_to_deltas
from symbp.calculus.phases import Context, run
from symbp.calculus.rows import LOCAL, RESULT, TANGENT
from symbp.calculus.steps import Chain, Rule, Step
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import Add, Expr, Mul, Read, Sum, Where
from symbp.core.integers import Index
from symbp.core.network import Equation
from symbp.core.traverse import all_index_names, indices_of, nodes, walk


def local_steps(equation: Equation, body: Expr, by: Read, known: Known, recursive: bool) -> list[Step]:
    """The derivative of an equation's right side by an entry; the bound letters of `body` are already apart from it.

    Where a quantity is `recursive`, or sums stand under a condition, an entry by an entry is written as deltas at once:
    of a recursion the other way of writing it means the local derivative.
    """
    raw = differentiate(body, by)
    deltas = entries_to_deltas(raw, by.tensor)
    brief = _guards_sums(raw)
    at_once = recursive or brief
    rule = differentiation("derive", equation.name, body, (by.tensor,))
    if at_once and not same(raw, deltas):
        rule = replace(rule, also=(*rule.also, "entry"))
    steps = [Step(sheltered(deltas if at_once else raw), rule)]
    run(LOCAL, steps, Context(known, equation=equation, by=by.tensor, brief=brief))
    return steps


def _guards_sums(expr: Expr) -> bool:
    """Are there sums under a condition? Such lines are long, and only the shortest way through them is shown."""
    guards = (n for n in nodes(expr, Where) if n.other == build.NIL)
    return any(isinstance(n, Sum) for g in guards for n in walk(g.then))


def finish(steps: list[Step], known: Known, order: tuple[Index, ...], recursive: bool = False) -> None:
    """Go on from the last step to the result.

    `order` are the indices of the result, in which its products are arranged; `recursive` says that it is one of a
    recurrence, which is read a number of steps away.
    """
    run(RESULT, steps, Context(known, order, recursive=recursive))


def finish_tangent(steps: list[Step], known: Known, order: tuple[Index, ...]) -> None:
    """Go on from the last step to a tangent."""
    run(TANGENT, steps, Context(known, order))


def raw_sum(terms: list[Expr]) -> Expr:
    """A sum whose terms stay apart, without those that are 0."""
    kept = tuple(t for t in terms if t != build.NIL)
    return Add(kept) if len(kept) > 1 else kept[0] if kept else build.NIL


def raw_product(a: Expr, b: Expr) -> Expr:
    """A product whose factors stay apart, so that a reader sees what was inserted."""
    if build.NIL in (a, b):
        return build.NIL
    if build.UNIT in (a, b):
        return b if a == build.UNIT else a
    return Mul((a, b))


def apart_from_names(chain: Chain, letters: Letters) -> Chain:
    """The chain without bound letters that are names of tensors or sizes: fresh ones with numbers may be."""
    names = set(letters.names)

    def new(value: Expr) -> Expr:
        return freshen(value, names, letters) if names & all_index_names(value) else value

    def shown(rule: Rule) -> Rule:
        kept = tuple(r for r in rule.renamed if not names & {i.name for p in r for i in indices_of(p)})
        values = tuple((new(a), new(b)) for a, b in rule.values)
        return rule if (kept, values) == (rule.renamed, rule.values) else replace(rule, renamed=kept, values=values)

    return replace(chain, steps=tuple(Step(new(s.value), shown(s.rule)) for s in chain.steps))
