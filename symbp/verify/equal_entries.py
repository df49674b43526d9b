"""Whether data can be drawn at which entries tie: numbers on a grid, of which sums and products are exact in floats.

Where a maximum, a comparison or an `abs` sees nothing but such, a tie is one for the interpreter and for a module,
whatever the order in which they add. Where a root or an exponential comes before it, it is not.
"""

from __future__ import annotations

from symbp.core.expr import Add, And, Compare, Delta, Extreme, First, Fn, Int, Mul, Not, Num, Or, Pow, Read, Sum, Where
from symbp.core.integers import Node
from symbp.core.network import Equation, Network
from symbp.core.traverse import children, reads, walk

EXACT = (Add, And, Compare, Delta, Extreme, First, Int, Mul, Not, Or, Read, Sum, Where)


def can_tie(network: Network) -> bool:
    """Is there a choice between values, and does every such choice see exact numbers alone?"""
    inexact: set[str] = set()  # membership is all that is asked of it
    choices = False
    for equation in network.equations:
        if not _is_exact(equation.body) or any(r.tensor in inexact for r in reads(equation.body)):
            inexact.add(equation.name)
    for equation in network.equations:
        if _chooses(equation):
            choices = True
            if equation.name in inexact:
                return False
    return choices


def _is_exact(node: Node) -> bool:
    if isinstance(node, Num):
        return node.value.denominator & (node.value.denominator - 1) == 0
    if isinstance(node, Pow):
        whole = isinstance(node.exponent, Num) and node.exponent.value.denominator == 1 and node.exponent.value > 0
        return whole and _is_exact(node.base)
    if isinstance(node, Fn):
        return node.name in ("abs", "sign") and _is_exact(node.args[0])
    return isinstance(node, EXACT) and all(map(_is_exact, children(node)))


def _chooses(equation: Equation) -> bool:
    return any(
        (isinstance(n, (Extreme, First, Compare)) and bool(reads(n)))
        or (isinstance(n, Fn) and n.name in ("abs", "sign"))
        for n in walk(equation.body)
    )
