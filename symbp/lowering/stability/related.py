"""Exponents that are little apart: of two tensors the one as the other and what has always the same sign.

sigmoid((x - m + 1/2)/s) - sigmoid((x - m - 1/2)/s) is small where s is large, and of the two arguments, taken from each
other, nothing would be left but how they were rounded. That they are 1/s apart their definitions tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symbp.core import build
from symbp.core.expr import Add, Expr, Fn, Num, Pow, Read
from symbp.core.integers import Poly
from symbp.core.network import Equation, Network
from symbp.core.traverse import apply, nodes, reads
from symbp.core.views import among, factors_of, terms_of
from symbp.lowering.guard import is_positive
from symbp.lowering.linear import Linear, parts, write
from symbp.lowering.stability.quotients import ranges_of


def related_exponents(network: Network, alone: Mapping[str, Equation]) -> dict[str, tuple[Read, Linear]]:
    """For tensors in exponents, by name: an earlier one over the same indices, and what this one is more than that."""
    exponents = {r.tensor for f in _exponentials(network) for a in among(f.args, Expr) for r in reads(a)}
    found: dict[str, tuple[Read, Linear]] = {}
    earlier: list[Equation] = []
    for name, equation in alone.items():
        if name in exponents and _longest(equation.body) > 1:
            for other in earlier:
                apart = _apart(equation, other)
                if apart is not None:
                    found[name] = Read(other.name, tuple(Poly.of(i) for i in equation.indices)), apart
                    break
            else:
                earlier.append(equation)
    return found


def _exponentials(network: Network) -> Iterator[Fn]:
    for e in network.equations:
        yield from (f for f in nodes(e.body, Fn) if f.name == "exp")


def _apart(one: Equation, other: Equation) -> Linear | None:
    """What one is more than the other, if that is shorter than both and has always the same sign."""
    if ranges_of(one.indices) != ranges_of(other.indices):
        return None
    body = apply(other.body, other.indices, tuple(Poly.of(i) for i in one.indices))
    apart = parts(one.body) - parts(body)
    if not apart.terms or len(apart.terms) >= min(_longest(one.body), _longest(other.body)):
        return None
    apart = Linear.collect((_as_exponential(e), c) for e, c in apart.terms)
    return apart if is_positive(write(apart)) or is_positive(write(apart * -1)) else None


def _as_exponential(product: Expr) -> Expr:
    """A product of powers of exponentials as one exponential; any other as it is."""
    exponents = [_exponent(f) for f in factors_of(product)]
    known = [a for a in exponents if a is not None]
    return Fn("exp", (build.add(*known),)) if len(known) == len(exponents) else product


def _exponent(factor: Expr) -> Expr | None:
    match factor:
        case Fn("exp", (a,)):
            return a
        case Pow(Fn("exp", (a,)), Num(q)):
            return build.scale(q, a)
    return None


def _longest(body: Expr) -> int:
    """The number of terms of the sum that a body is or has as a factor."""
    return max(len(terms_of(body)), *(len(a.args) for a in among(factors_of(body), Add)), 0)
