"""What may be used of a network beside its derivatives: facts, and its definitions read from right to left.

A sum that defines a mean is the mean times the count; a product that an equation defines is that equation's value: with
mu = sum(x)/D the sum of x - mu is 0, and with h = (x - mu) r a product r (x - mu) is h.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain

from symbp.calculus.arrange import tidy
from symbp.calculus.brackets import opens
from symbp.calculus.branches import Branch, branches, map_under
from symbp.calculus.contract import Style
from symbp.calculus.cost import cost
from symbp.calculus.equal import Same, same_entries
from symbp.calculus.facts import SumFact, is_entry, sum_definitions, sum_facts, use_facts
from symbp.calculus.guards import NOTHING, Early, Guards, early_in, zeros_of
from symbp.calculus.match import match_under
from symbp.calculus.simplify import expand, factor_deep, join
from symbp.calculus.single import Conds
from symbp.calculus.sums import count_free_sums
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import Add, Expr, Mul, Num, Read, Sum
from symbp.core.guards import holds
from symbp.core.integers import Index
from symbp.core.network import Network
from symbp.core.traverse import free_indices, normal, substitute
from symbp.core.views import among, factors_of, value_of

Powers = tuple[tuple[Expr, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """That a product of powers is the entry `value` where `when` holds; `anchor` is the factor that tells which."""

    name: str
    indices: tuple[Index, ...]
    anchor: Expr
    others: Powers
    value: Read
    when: Conds = ()


@dataclass(frozen=True, slots=True)
class Known:
    """The facts, sums, products, zeros and equal entries that are known of a network, and how its deltas are solved."""

    facts: tuple[SumFact, ...]
    sums: tuple[SumFact, ...]
    products: tuple[Product, ...]
    style: Style
    guards: Guards
    same: Same
    early: Early = NOTHING


def known_of(network: Network) -> Known:
    """What may be used of a network."""
    products = tuple(p for e in network.equations for b in branches(e) if (p := _product(b)) is not None)
    classes = tuple((t.name, t.counted) for t in network.inputs if t.counted is not None)
    guards = Guards(network, zeros_of(network))
    style = Style(classes=classes)
    return Known(
        sum_facts(network), sum_definitions(network), products, style, guards, same_entries(network), early_in(network)
    )


def _product(branch: Branch) -> Product | None:
    """The equation read as a product, if it is one of a bracket, or an entry for each of its own, and more factors."""
    powers = tuple(build.split_power(f) for f in factors_of(branch.body))
    held = set(branch.indices)
    plain = [b for b, e in powers if e == 1]
    entries = (b for b in plain if is_entry(b) and held <= set(free_indices(b)))
    anchor = next(chain(among(plain, Add), entries), None)
    others = tuple(p for p in powers if p[0] is not anchor)
    if anchor is None or not others or any(value_of(b) is not None for b, _ in others):
        return None
    return Product(branch.entry.tensor, branch.indices, anchor, others, branch.entry, branch.when)


def use_sums(expr: Expr, sums: tuple[SumFact, ...]) -> tuple[Expr, Expr, tuple[str, ...]]:
    """The expression multiplied out, the same with defined sums replaced, and the equations used (none: no gain, or a
    difference would be left multiplied out).
    """
    opened = join(expand(expr))
    used, labels = use_facts(opened, sums)
    result = join(expand(normal(count_free_sums(used))))
    gains = labels and cost(result) < cost(expr) and not opens(expr, result)
    return (opened, result, labels) if gains else (expr, expr, ())


def counted(expr: Expr) -> Expr:
    """Idle sums counted, and nothing joined: (sum_n mu) - N mu as N mu - N mu."""
    match expr:
        case Add(terms):
            return Add(tuple(map(counted, terms)))
        case Mul(factors) if among(factors, Add):
            return Mul(tuple(map(counted, factors)))
    return tidy(count_free_sums(expr))


def use_products(expr: Expr, products: tuple[Product, ...]) -> Iterator[tuple[str, Expr, Expr]]:
    """Each product whose value makes the expression cheaper, in its place, and then with common factors outside; as
    often as it does.
    """
    waiting = list(products)
    while waiting:
        product = waiting.pop(0)
        trial = normal(_replace(expr, product))
        factored = factor_deep(trial)
        if cost(factored) < cost(factor_deep(expr)):
            yield product.name, trial, factored
            expr, waiting = factored, list(products)


def _replace(expr: Expr, product: Product, given: Conds = ()) -> Expr:
    match done := map_under(expr, given, lambda c, inner: _replace(c, product, inner)):
        case Mul():
            return _in_product(done, product, given)
    return done


def _in_product(expr: Mul, product: Product, given: Conds) -> Expr:
    """One product with the factors replaced; what stands outside of a sum may go into it to complete the product."""
    for place, factor in enumerate(expr.args):
        rest = expr.args[:place] + expr.args[place + 1 :]
        found = _completed_inside(factor, rest, product, given) or _complete(factor, rest, product, given)
        if found is not None:
            value, left = found
            return build.mul(*left, value)
    return expr


def _completed_inside(
    factor: Expr, rest: tuple[Expr, ...], product: Product, given: Conds
) -> tuple[Expr, list[Expr]] | None:
    """A sum with the value for one of its factors and some of the rest, and what is left of the rest."""
    match factor:
        case Sum(indices, body):
            inner = factors_of(body)
            for k, f in enumerate(inner):
                found = _complete(f, rest, product, given)
                if found is not None:
                    return build.total(indices, build.mul(*inner[:k], found[0], *inner[k + 1 :])), found[1]
    return None


def _complete(factor: Expr, rest: tuple[Expr, ...], product: Product, given: Conds) -> tuple[Expr, list[Expr]] | None:
    """The value that `factor` and some of the rest make together, and what is left of the rest."""
    binding = match_under(product.anchor, factor, product.indices, given)
    if binding is None or any(i not in binding for i in product.indices):
        return None
    if not all(holds(substitute(c, binding), given) for c in product.when):
        return None
    powers = dict(build.split_power(f) for f in rest)
    for base, exponent in product.others:
        there = substitute(base, binding)
        there = next((b for b in powers if same(b, there)), there)
        has = powers.get(there, Fraction(0))
        if not (has >= exponent if exponent > 0 else has <= exponent):
            return None
        powers[there] -= exponent
    return substitute(product.value, binding), [build.power(b, Num(e)) for b, e in powers.items()]
