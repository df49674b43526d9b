"""What `forward` takes and gives: the named tensors that need no target.

A target is data that the loss compares with, so the rest of the network, all its parameters included, does without it;
data that an equation before the loss puts together with a parameter are no target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from symbp.core.integers import Dim
from symbp.core.network import Equation, Network
from symbp.core.solve import solve_sizes
from symbp.core.traverse import dims_of, polys, reads, walk
from symbp.core.views import bound_by

Needs = Mapping[str, frozenset[str]]


def predictions(network: Network, loss: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The data that predictions need, and the names of the predictions, both in the network's order."""
    before = tuple(e for e in network.equations if e.name != loss)
    needs = inputs_of(network)
    targets: frozenset[str] = frozenset()
    for name in network.data:
        if _is_target(network, before, needs, name, targets | {name}):
            targets |= {name}
    targets = _beyond_sizes(network, targets)
    given = {d for t in network.inputs if t.name not in targets for p in t.shape for d in dims_of(p)}
    given |= set(network.given)
    sizes = sizes_of(network)
    kept = tuple(e.name for e in before if not needs[e.name] & targets and sizes[e.name] <= given)
    return tuple(d for d in network.data if d not in targets), kept


def _beyond_sizes(network: Network, targets: frozenset[str]) -> frozenset[str]:
    """The targets but for those whose shapes are needed to know the sizes of the other inputs: of S + M those of S."""
    while True:
        shapes = [p for t in network.inputs if t.name not in targets for p in t.shape]
        known = {s.dim for s in solve_sizes(shapes, network.given)}.union(network.given)
        short = {d for p in shapes for d in dims_of(p)} - known
        helpful = (t for t in network.inputs if t.name in targets and any(short & {*dims_of(p)} for p in t.shape))
        found = next(helpful, None)
        if found is None:
            return targets
        targets -= {found.name}


def sizes_of(network: Network) -> Mapping[str, frozenset[Dim]]:
    """The sizes that each equation needs for itself and for what it reads."""
    own = {e.name: frozenset(_sizes(e)) for e in network.equations}
    needs = {e.name: {r.tensor for r in reads(e.body)} for e in network.equations}
    found = dict(own)
    while True:
        before = dict(found)
        for name in own:
            found[name] = own[name].union(*(found.get(r, frozenset()) for r in needs[name]))
        if found == before:
            return found


def _sizes(equation: Equation) -> Iterator[Dim]:
    for node in walk(equation.body):
        for p in (*polys(node), *(i.extent for i in equation.indices)):
            yield from dims_of(p)
        for i in bound_by(node):
            yield from dims_of(i.extent)


def inputs_of(network: Network) -> Needs:
    """The inputs that each equation depends on, directly or not; once around suffices but for recurrences."""
    direct = {e.name: tuple(dict.fromkeys(r.tensor for r in reads(e.body))) for e in network.equations}
    found = {t.name: frozenset((t.name,)) for t in network.inputs}
    while True:
        before = dict(found)
        for name, read in direct.items():
            found[name] = frozenset().union(*(found.get(r, frozenset()) for r in read))
        if found == before:
            return found


def _is_target(
    network: Network, before: tuple[Equation, ...], needs: Needs, name: str, targets: frozenset[str]
) -> bool:
    """Is everything that the parameters reach before the loss reached without the targets too?"""
    parameters = frozenset(network.parameters)
    meets = [{r.tensor for r in reads(e.body)} for e in before]
    if any(name in tensors and tensors & parameters for tensors in meets):
        return False
    free = [needs[e.name] & parameters for e in before if not needs[e.name] & targets]
    reached = frozenset().union(*(needs[e.name] & parameters for e in before))
    return bool(free) and frozenset().union(*free) == reached
