"""Known sums: what a fact about the data or a definition of the network says of a sum is used where that sum occurs.

A fact `sum(y[n, k] for k in K) == 1` and an equation `mu[n] = sum(x[n, h] for h in H) / H` say the same kind of thing.
"""

from __future__ import annotations

from dataclasses import dataclass

from symbp.calculus.branches import branches, map_under
from symbp.calculus.match import match_under
from symbp.calculus.single import Conds
from symbp.core import build
from symbp.core.expr import Compare, Expr, Read, Sum, Where
from symbp.core.guards import holds
from symbp.core.network import Network
from symbp.core.traverse import free_indices, substitute
from symbp.core.views import among, factors_of


@dataclass(frozen=True, slots=True)
class SumFact:
    """That a sum is what it is, for all values of its free indices for which `when` holds; `label` is a fact's or the
    name of an equation.
    """

    label: str
    sum: Sum
    value: Expr
    when: Conds = ()


def sum_facts(network: Network) -> tuple[SumFact, ...]:
    """The facts of a network that state a sum or a mean."""
    found = []
    for fact in network.facts:
        match fact.statement:
            case Compare("==", a, b) if (known := _as_sum(a, b) or _as_sum(b, a)) is not None:
                found.append(SumFact(fact.label, *known))
    return tuple(found)


def sum_definitions(network: Network) -> tuple[SumFact, ...]:
    """The equations that define a sum or a multiple of one without another product in it: means, row sums."""
    found = []
    for equation in network.equations:
        for branch in branches(equation):
            known = _as_sum(branch.body, branch.entry)
            if known is not None and is_entry(known[0].body):
                found.append(SumFact(equation.name, *known, branch.when))
    return tuple(found)


def is_entry(expr: Expr) -> bool:
    """Is it an entry, or one of two by the indices: what a recurrence reads of the step before?"""
    match expr:
        case Where(_, then, other):
            return is_entry(then) and is_entry(other)
        case Read():
            return True
    return False


def _as_sum(a: Expr, value: Expr) -> tuple[Sum, Expr] | None:
    """The one sum in a product, and what it is where the product is that value."""
    factors = factors_of(a)
    sums = among(factors, Sum)
    if len(sums) != 1:
        return None
    return sums[0], build.div(value, build.mul(*(f for f in factors if f is not sums[0])))


def use_facts(expr: Expr, facts: tuple[SumFact, ...]) -> tuple[Expr, tuple[str, ...]]:
    """The expression with every known sum replaced, and the labels of the facts that were used."""
    used: dict[str, None] = {}

    def replace(node: Expr, given: Conds) -> Expr:
        for fact in facts:
            binding = match_under(fact.sum, node, free_indices(fact.sum), given)
            if binding is not None and all(holds(substitute(c, binding), given) for c in fact.when):
                used[fact.label] = None
                return substitute(fact.value, binding)
        return map_under(node, given, replace)

    return (replace(expr, ()), tuple(used)) if facts else (expr, ())
