"""Names for exponents that share a parameter: p = softmax(g z) becomes a = g z, p = softmax(a).

Comes in: a network. Goes out: the same network, in which the exponents of an equation have one of their own where they
stand in a sum of exponentials and beside it, and all that the sum runs over read one entry of something that is
differentiated by. The derivative by that entry would be p_k (z_k - sum_j p_j z_j), a difference that is lost where one
exponential outweighs the others although the adjoints beside it may be exact there. By way of the exponents it is the
adjoints whose difference is taken, as plain differentiation does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from symbp.calculus.match import match
from symbp.core import build
from symbp.core.canonical import same
from symbp.core.expr import BINDERS, Add, Expr, Fn, Read, Sum, Where
from symbp.core.integers import Index, Poly
from symbp.core.network import Call, Equation, Network
from symbp.core.traverse import (
    free_indices,
    fresh_name,
    map_values,
    nodes,
    reads,
    substitute,
    substitute_poly,
    walk,
)
from symbp.core.views import applied, operands, terms_of


def name_exponents(network: Network, active: Collection[str]) -> Network:
    """The network with such exponents named; `active` is what depends on what the loss is differentiated by."""
    taken = {t.name for t in network.inputs} | {e.name for e in network.equations} | {d.name for d in network.dims}
    taken |= {f for f, _ in network.functions}
    equations: list[Equation] = []
    for equation in network.equations:
        exponent = next(_shared(equation, active), None) if equation.name in active else None
        if exponent is not None:
            held = tuple(i for i in equation.letters if i in free_indices(exponent))
            own = Equation(fresh_name(f"{equation.name}_in", taken), held, exponent)
            taken.add(own.name)
            equations.append(own)
            equation = _through(equation, own)
        equations.append(equation)
    return network if len(equations) == len(network.equations) else replace(network, equations=tuple(equations))


def _shared(equation: Equation, active: Collection[str]) -> Iterator[Expr]:
    """The exponents beside a sum that has others of them, which share something active."""
    outside = tuple(_outside(equation.body))
    for total in (n for n in outside if isinstance(n, Sum) and len(n.indices) == 1):
        (j,) = total.indices
        for k in (i for i in equation.letters if (i.start, i.stop) == (j.start, j.stop)):
            for other in (n.args[0] for n in nodes(total.body, Fn) if applied(n) == "exp"):
                own = substitute(other, {j: Poly.of(k)})
                if _is_plain(own) and _share(own, k, active) and any(_has(n, own) for n in outside):
                    yield own


def _outside(node: Expr) -> Iterator[Expr]:
    """The expression and what it is made of, but for what is under a condition or in a sum."""
    yield node
    for part in node.args if isinstance(node, Fn) else operands(node):
        yield from _outside(part)


def _is_plain(exponent: Expr) -> bool:
    return not any(nodes(exponent, *BINDERS, Where))


def _share(exponent: Expr, k: Index, active: Collection[str]) -> bool:
    """Does something active have the same entry in all exponents, and each a derivative of its own by it?"""
    terms = (t for t in terms_of(exponent) if k in free_indices(t))
    return any(r.tensor in active and k not in free_indices(r) for t in terms for r in reads(t))


def _has(node: Expr, exponent: Expr) -> bool:
    """Is it the exponential of that, or a sum with the logarithm of a sum of them beside it?"""
    match node:
        case Fn("exp", (own,)):
            return same(own, exponent)
        case Add(terms) if any(applied(n) == "log" for n in walk(node)):
            return all(t in terms for t in terms_of(exponent))
    return False


def _through(equation: Equation, own: Equation) -> Equation:
    """The equation with its exponents by their name, at these and other indices."""

    def put(node: Expr) -> Expr:
        binding = match(own.body, node, own.indices)
        if binding is not None:
            return Read(own.name, tuple(substitute_poly(s, binding) for s in own.entry.subs))
        if isinstance(node, Add) and isinstance(own.body, Add) and all(t in node.args for t in own.body.args):
            return build.add(own.entry, *(put(t) for t in node.args if t not in own.body.args))
        return map_values(node, put)

    call = equation.call
    if call is not None:
        args = tuple(own.entry if same(a, own.body) else a for a in call.args)
        call = Call(call.function, args) if args != call.args else None
    return replace(equation, body=put(equation.body), call=call)
