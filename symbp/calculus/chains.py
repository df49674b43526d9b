"""Chains of equalities: a local derivative from its definition, and what follows the insertion of local derivatives.

Each function takes an expression and returns steps, each the same value in another form with the rule that made it. A
form that says nothing new is left out.
"""

from __future__ import annotations

from dataclasses import replace

from symbp.calculus.brackets import opens
from symbp.calculus.contract import Style, contract, contract_apart, count_free_sums
from symbp.calculus.cost import cost
from symbp.calculus.equal import use_equal
from symbp.calculus.facts import use_facts
from symbp.calculus.guards import cases, sheltered
from symbp.calculus.known import Known, counted, use_products, use_sums
from symbp.calculus.letters import Letters, alike, freshen
from symbp.calculus.local import differentiate, differentiation, entries_to_deltas
from symbp.calculus.reexpress import reexpress
from symbp.calculus.simplify import (
    arrange,
    cancel,
    cheapest,
    divide_through,
    factor,
    factor_deep,
    gather,
    group,
    open_fractions,
    split_sums,
    tidy,
    under_deltas,
)
from symbp.calculus.steps import Chain, Rule, Step
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import Expr, Read, Sum, Where
from symbp.core.integers import Index
from symbp.core.network import Equation
from symbp.core.traverse import all_index_names, indices_of, normal, walk


def local_steps(equation: Equation, body: Expr, by: Read, known: Known, recursive: bool) -> list[Step]:
    """The derivative of an equation's right side by an entry; the bound letters of `body` are already apart from it.

    Where a quantity is `recursive`, or sums stand under a condition, an entry by an entry is written as deltas at once:
    of a recursion the other way of writing it means the local derivative.
    """
    raw = differentiate(body, by)
    deltas = entries_to_deltas(raw, by.tensor)
    guarded = _guards_sums(raw)
    at_once = recursive or guarded
    rule = differentiation("derive", equation.name, body, (by.tensor,))
    if at_once and not same(raw, deltas):
        rule = replace(rule, also=(*rule.also, "entry"))
    steps = [Step(sheltered(deltas if at_once else raw), rule)]
    append(steps, deltas, Rule("entry"))
    contracted, renamed = contract(steps[-1].value, known.style)
    append(steps, contracted, Rule("contract", renamed=renamed))
    _take_single_terms(steps, known.style)
    append(steps, count_free_sums(steps[-1].value), Rule("copies"))
    if not guarded:
        append(steps, tidy(factor_deep(steps[-1].value)), Rule("factor"))
    form, values = reexpress(equation, steps[-1].value)
    append(steps, form, Rule("re-express", (equation.name,), values=values))
    append(steps, divide_through(steps[-1].value), Rule("divide"))
    if _use_guards(steps, known) or guarded:
        append(steps, tidy(factor_deep(steps[-1].value)), Rule("factor"))
    _use_equal(steps, known)
    _use_sums(steps, known)
    return steps


def _guards_sums(expr: Expr) -> bool:
    """Are there sums under a condition? Such lines are long, and only the shortest way through them is shown."""
    guards = (n for n in walk(expr) if isinstance(n, Where) and n.other == build.NIL)
    return any(isinstance(n, Sum) for g in guards for n in walk(g.then))


def finish(steps: list[Step], known: Known, order: tuple[Index, ...], recursive: bool = False) -> None:
    """Go on from the last step to the result: cancel, contract, count idle sums, multiply out, use facts, factor.

    `order` are the indices of the result, in which its products are arranged; `recursive` says that it is one of a
    recurrence, which is read a number of steps away.
    """
    start = steps[-1].value
    plain = normal(start)
    if cost(plain) < cost(start):
        append(steps, plain, Rule("cancel"))
    _contract(steps, plain, replace(known.style, steps=order) if recursive else known.style)
    _take_single_terms(steps, known.style)
    append(steps, under_deltas(steps[-1].value), Rule("delta"))
    append(steps, alike(steps[-1].value), steps[-1].rule)
    _use_guards(steps, known)
    for _ in range(2):
        append(steps, count_free_sums(steps[-1].value), Rule("copies"))
        _cheaper(steps)
        stated, labels = use_facts(steps[-1].value, known.facts)
        append(steps, stated, Rule("fact", facts=labels))
        _use_equal(steps, known)
        _use_sums(steps, known)
        for name, product, factored in use_products(steps[-1].value, known.products):
            append(steps, arrange(product, order), Rule("re-express", (name,)))
            append(steps, factored, Rule("factor"))
    _arrange(steps, order)
    chosen = cases(steps[-1].value)
    append(steps, arrange(chosen, order), Rule("cases"))
    if not same(gather(chosen), chosen):
        _arrange(steps, order)


def _contract(steps: list[Step], plain: Expr, style: Style) -> None:
    """First the deltas that stand by themselves, whereupon factors may cancel; then those within brackets."""
    apart, renamed = contract_apart(plain, style)
    if renamed:
        append(steps, apart, Rule("contract", renamed=renamed))
        append(steps, normal(apart), Rule("cancel"))
        plain = normal(apart)
    contracted, more = contract(plain, style)
    if not more:
        append(steps, contracted, Rule("pull"))
        return
    common = factor_deep(contracted)
    also = () if same(common, contracted) else ("factor",)
    append(steps, common, Rule("contract", renamed=more, also=also))


def _take_single_terms(steps: list[Step], style: Style) -> None:
    """Of a sum under a condition that one value of its index meets, the one term."""
    value, renamed = contract(steps[-1].value, replace(style, single=True))
    if renamed:
        append(steps, value, Rule("single", renamed=renamed))


def _arrange(steps: list[Step], order: tuple[Index, ...]) -> None:
    """The factors that terms share taken out of them, and a sign that is left over into a bracket."""
    gathered = gather(steps[-1].value)
    append(steps, gathered, Rule("factor"))
    append(steps, arrange(gathered, order), Rule("sign"))


def _use_guards(steps: list[Step], known: Known) -> bool:
    """Join guards and drop those that say nothing; whether there were any."""
    before = len(steps)
    simple, names = known.guards.simplified(steps[-1].value)
    append(steps, simple, Rule("zero", names) if names else Rule("guard"))
    return len(steps) > before


def tidy_tangent(steps: list[Step], style: Style, order: tuple[Index, ...]) -> None:
    """Go on from the last step to a tangent: contract, count idle sums, take out what several terms share.

    Nothing is multiplied out: sum (x - mu) x' is what it is, and not sum x x' - mu sum x', which would lose digits.
    """
    contracted, renamed = contract(steps[-1].value, style)
    append(steps, contracted, Rule("contract", renamed=renamed) if renamed else Rule("pull"))
    append(steps, count_free_sums(steps[-1].value), Rule("copies"))
    append(steps, arrange(group(steps[-1].value), order), Rule("factor"))


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


def _use_sums(steps: list[Step], known: Known) -> None:
    """Use the sums that equations define, split or multiplied out where they hide in a bracket."""
    opened, result, names = use_sums(steps[-1].value, known.sums)
    if not names:
        return
    split = split_sums(steps[-1].value)
    used, same_names = use_facts(split, known.sums)
    if same_names and result == build.NIL == normal(count_free_sums(used)):
        append(steps, split, Rule("split"))
        append(steps, counted(used), Rule("re-express", same_names, also=("copies",)))
        append(steps, result, Rule("collect"))
        return
    append(steps, opened, Rule("expand"))
    append(steps, result, Rule("re-express", names))


def _use_equal(steps: list[Step], known: Known) -> None:
    """Write entries that facts equate alike, and the sums that this makes equal."""
    form, labels, names = use_equal(steps[-1].value, known.same)
    append(steps, form, Rule("fact", names, facts=labels))


def _cheaper(steps: list[Step]) -> None:
    """Multiply out and factor where that pays; where denominators cancel on the way, that is a step of its own.

    A difference is not multiplied out to stand apart: z_n sum(d) - sum(d z_m) has fewer digits than sum(d (z_n - z_m)).
    """
    start = steps[-1].value
    form = cancel(start)
    if opens(start, form):
        form = cheapest(start, factor(start))
    if same(form, factor(start)):
        append(steps, form, Rule("factor"))
    elif not same(form, start):
        append(steps, open_fractions(start), Rule("expand"))
        append(steps, form, Rule("collect"))


def append(steps: list[Step], value: Expr, rule: Rule) -> None:
    """Add a step; where it only arranges the last one anew, it takes that one's place."""
    last, value = steps[-1], sheltered(value)
    if same(last.value, value):
        steps[-1] = Step(value, last.rule)
    else:
        steps.append(Step(value, rule))
