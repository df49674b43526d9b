"""The sum of all shares of a whole is 1: sum over j of p_j u_j, where u_j = v_j / (sum over k of p_k v_k).

So it stands in the adjoint of softmax where the loss is the logarithm of a mixture. Computed as it is written its terms
may overflow and what is taken from it cancels; that it is 1 needs no computing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Expr, Num, Pow, Read, Sum
from symbp.core.integers import Index, Node
from symbp.core.network import Equation, Network
from symbp.core.recurrence import components, is_recurrent
from symbp.core.traverse import all_index_names, apply, free_indices, map_children, rename_bound
from symbp.core.views import among, factors_of

N = TypeVar("N", bound=Node)
Definitions = dict[str, Equation]


def sums_of_shares(network: Network) -> Network:
    """The network with such sums replaced by what they are."""
    parts = components(network.equations)
    alone = {part[0].name: part[0] for part in parts if not is_recurrent(part)}
    return replace(network, equations=tuple(replace(e, body=_settled(e.body, alone)) for e in network.equations))


def _settled(node: N, alone: Definitions) -> N:
    new = map_children(node, lambda c: _settled(c, alone))
    match new:
        case Sum(indices, body):
            return _sum_of_shares(indices, factors_of(body), alone) or new  # type: ignore[return-value]
    return new


def _sum_of_shares(indices: tuple[Index, ...], factors: tuple[Expr, ...], alone: Definitions) -> Expr | None:
    """A sum over indices of a product in which one factor is defined as a sum of quotients, as the sum of what the
    quotients add up to; None of any other."""
    for k, f in enumerate(factors):
        match f:
            case Read(tensor, subs) if tensor in alone:
                beside = (*factors[:k], *factors[k + 1 :])
                names = {i.name for i in indices} | {n for b in beside for n in all_index_names(b)}
                equation = alone[tensor]
                body = rename_bound(apply(equation.body, equation.indices, subs), names)
                found = _exchanged(indices, beside, body)
                if found is not None:
                    return found
    return None


def _exchanged(indices: tuple[Index, ...], beside: tuple[Expr, ...], body: Expr) -> Expr | None:
    """Their sum with the sum in `body` taken first, where what it adds up to is what it is divided by."""
    factors = factors_of(body)
    sums = among(factors, Sum)
    if len(sums) != 1:
        return None
    (inner,) = sums
    outside = [*beside, *(f for f in factors if f is not inner)]
    shares = [f for f in (*outside, *factors_of(inner.body)) if _holds(f, indices)]
    divisors = [f for f in factors_of(inner.body) if not _holds(f, indices)]
    number, rest = build.split_number(build.mul(*shares))
    whole = key(build.total(indices, rest))
    for k, d in enumerate(divisors):
        match d:
            case Pow(Sum() as base, Num(q)) if q == -1 and key(base) == whole:
                left = build.mul(Num(number), *divisors[:k], *divisors[k + 1 :])
                return build.mul(*(f for f in outside if not _holds(f, indices)), build.total(inner.indices, left))
    return None


def _holds(factor: Expr, indices: tuple[Index, ...]) -> bool:
    return any(i in indices for i in free_indices(factor))
