"""What `forward` takes and gives: the named tensors that need no target.

A target is data that the loss compares with, so the rest of the network, all its parameters included, does without it; data
that an equation before the loss puts together with a parameter are no target.
"""

from __future__ import annotations

from symbp.core.network import Equation, Network
from symbp.core.traverse import reads


def predictions(network: Network, loss: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The data that predictions need, and the names of the predictions, both in the network's order."""
    targets: tuple[str, ...] = ()
    for name in network.data:
        if _is_target(network, loss, name, (*targets, name)):
            targets += (name,)
    kept = tuple(e.name for e in network.equations if e.name != loss and not needs(network, e, targets))
    return tuple(d for d in network.data if d not in targets), kept


def _is_target(network: Network, loss: str, name: str, targets: tuple[str, ...]) -> bool:
    meets = [e for e in network.equations if e.name != loss and _mentions(e, name)]
    if any(_mentions(e, p) for e in meets for p in network.parameters):
        return False
    free = [e for e in network.equations if e.name != loss and not needs(network, e, targets)]
    covered = {p for p in network.parameters if any(needs(network, e, (p,)) for e in free)}
    reached = {p for p in network.parameters if any(_reaches(network, e, p, loss) for e in network.equations)}
    return bool(free) and covered == reached


def _reaches(network: Network, equation: Equation, parameter: str, loss: str) -> bool:
    """Does an equation before the loss depend on it?"""
    return equation.name != loss and needs(network, equation, (parameter,))


def _mentions(equation: Equation, name: str) -> bool:
    return any(r.tensor == name for r in reads(equation.body))


def needs(network: Network, equation: Equation, names: tuple[str, ...]) -> bool:
    """Does an equation depend on one of the inputs, directly or through other equations?"""
    seen: set[str] = set()
    todo = [equation]
    while todo:
        for r in reads(todo.pop().body):
            if r.tensor in names:
                return True
            inner = network.equation(r.tensor)
            if inner and r.tensor not in seen:
                seen.add(r.tensor)
                todo.append(inner)
    return False
