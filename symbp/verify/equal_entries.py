"""Whether data can be drawn at which entries tie: numbers on a grid, of which sums and products are exact in floats.

Where a maximum, a comparison or an `abs` sees nothing but such, a tie is one for the interpreter and for a module,
whatever the order in which they add. Where a root or an exponential comes before it, it is not.
"""

from __future__ import annotations

from symbp.core.expr import Add, And, Compare, Delta, Extreme, First, Fn, Int, Mul, Not, Num, Or, Pow, Read, Sum, Where
from symbp.core.integers import Node
from symbp.core.network import Equation, Network
from symbp.core.traverse import children, nodes, reads
from symbp.core.views import value_of

EXACT = (Add, And, Compare, Delta, Extreme, First, Int, Mul, Not, Or, Read, Sum, Where)


def can_tie(network: Network) -> bool:
    """Is there a choice between values, and does every such choice see exact numbers alone?"""
    inexact: set[str] = set()  # membership is all that is asked of it
    choices = False
    for equation in network.equations:
        if not _is_exact(equation.body) or any(r.tensor in inexact for r in reads(equation.body)):
            inexact.add(equation.name)
    for equation in network.equations:
        if chooses(equation):
            choices = True
            if equation.name in inexact:
                return False
    return choices


def _is_exact(node: Node) -> bool:
    match node:
        case Num(value):
            return value.denominator & (value.denominator - 1) == 0
        case Pow(base, exponent):
            number = value_of(exponent)
            return number is not None and number.denominator == 1 and number > 0 and _is_exact(base)
        case Fn(name, (argument, *_)):
            return name in ("abs", "sign") and _is_exact(argument)
    return isinstance(node, EXACT) and all(map(_is_exact, children(node)))


def chooses(equation: Equation) -> bool:
    """Does an equation compare values, or take what changes at once where they pass 0?"""
    compared = any(reads(n) for n in nodes(equation.body, Compare, Extreme, First))
    return compared or any(f.name in ("abs", "sign") for f in nodes(equation.body, Fn))
