"""Whether a network is well-formed. A pass that makes one ends here, so that its bugs are found where they are made."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from symbp.core.expr import And, Binder, Compare, Delta, Extreme, First, Mul, Or, Partial, Read, Where
from symbp.core.integers import DimAt, Index, Node, Poly
from symbp.core.network import DATA, LABELS, PARAM, Equation, Network
from symbp.core.ranges import highest, lowest, may_be_nonnegative
from symbp.core.traverse import children, dims_of, free_indices, indices_of, nodes, polys, reads, with_ranges
from symbp.core.views import integers_compared

Guards = frozenset[Index]


def check_network(network: Network) -> None:
    """AssertionError that says what is not well-formed."""
    faults = tuple(find_faults(network))
    assert not faults, f"{network.name} is not well-formed: {'; '.join(faults)}"


def find_faults(network: Network) -> Iterator[str]:
    """What is wrong with a network, a sentence each."""
    yield from _names(network)
    known = {t.name for t in network.inputs}
    for equation in network.equations:
        yield from (f"{equation.name}: {f}" for f in _equation(network, equation, known))
        known.add(equation.name)
    yield from (f"the output {o} is not defined" for o in network.outputs if o not in known)
    for fact in network.facts:
        yield from (f"fact {fact.label}: {f}" for f in _expression(network, fact.statement, frozenset()))


def _names(network: Network) -> Iterator[str]:
    names = [d.name for d in network.dims] + [t.name for t in network.inputs]
    names += [e.name for e in network.equations] + [f for f, _ in network.functions]
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):
        yield f"the name {name} is used twice"
    for tensor in network.inputs:
        if tensor.kind not in (DATA, PARAM, LABELS) or (tensor.kind == LABELS) != (tensor.classes is not None):
            yield f"{tensor.name} has no such kind: {tensor.kind}"
        yield from (f"{tensor.name}: {f}" for p in tensor.shape for f in _sizes(network, p))


def _sizes(network: Network, poly: Poly) -> Iterator[str]:
    for dim in dims_of(poly):
        if dim not in network.dims:
            yield f"{dim} is no size of the network"


def _equation(network: Network, equation: Equation, known: set[str]) -> Iterator[str]:
    letters = [i.name for i in equation.indices]
    if len(set(letters)) != len(letters):
        yield f"two indices on the left have one name: {letters}"
    if any(i.start.terms for i in equation.indices):
        yield "an index on the left does not start at 0"
    for index in free_indices(equation.body):
        if index not in equation.indices and index.name not in {i.name for i in equation.indices if _outer(i)}:
            yield f"index {index} ({index.start} to {index.stop}) is free on the right and not on the left"
    for read in reads(equation.body):
        if read.tensor not in known and not _depends(network, read.tensor, equation.name):
            yield f"{read.tensor} is read before it is defined"
    yield from _expression(network, equation.body, frozenset())
    yield from _binders(equation.body, frozenset(letters), _all_names(network))


def _depends(network: Network, name: str, on: str) -> bool:
    """Does a recurrence lead from an equation back to another (or itself)? Such may stand in any order."""
    waiting, seen = [name], {name}
    while waiting:
        found = waiting.pop()
        if found == on:
            return True
        equation = network.equation(found)
        more = [r.tensor for r in reads(equation.body)] if equation else []
        waiting += [m for m in dict.fromkeys(more) if m not in seen]
        seen.update(more)
    return False


def _outer(index: Index) -> bool:
    """An index whose range depends on another has several forms; its name is what counts."""
    return bool(index.stop.atoms_of(Index, DimAt))


def _all_names(network: Network) -> frozenset[str]:
    return frozenset(
        (*(t.name for t in network.inputs), *(e.name for e in network.equations), *(d.name for d in network.dims))
    )


def _binders(node: Node, bound: frozenset[str], taken: frozenset[str]) -> Iterator[str]:
    if isinstance(node, Binder):
        for index in node.indices:
            if index.name in bound:
                yield f"index {index} is bound twice"
            if index.name in taken:
                yield f"index {index} has the name of a tensor or a size"
            bound |= {index.name}
    for child in children(node):
        yield from _binders(child, bound, taken)


def _expression(network: Network, node: Node, guards: Guards) -> Iterator[str]:
    match node:
        case Read():
            yield from _read(network, node, guards)
        case Partial():
            yield "a local derivative is no part of a network"
    for poly in polys(node):
        yield from _sizes(network, poly)
        for atom in poly.atoms_of(Read):
            yield from _read(network, atom, guards)
    for child, more in _guarded(node):
        yield from _expression(network, child, guards | more)


def _guarded(node: Node) -> Iterator[tuple[Node, Guards]]:
    """What stands directly below a node, each with the indices that the node restricts there."""
    match node:
        case And(args) | Or(args):  # a part of it is looked at only where those before it do not decide
            for place, part in enumerate(args):
                yield part, frozenset().union(*map(_of_integers, args[:place]))
        case Where(cond) | Extreme(cond=cond) | First(cond=cond):
            for child in children(node):
                yield child, frozenset() if child is cond else _of_integers(cond)
        case Mul(args):
            deltas = [a for a in args if isinstance(a, Delta)]
            for factor in args:
                yield factor, frozenset() if factor in deltas else frozenset().union(*map(free_indices, deltas))
        case _:
            yield from ((child, frozenset()) for child in children(node))


def _of_integers(cond: Node) -> Guards:
    return frozenset(i for c in nodes(cond, Compare) if integers_compared(c) for i in free_indices(c))


def _read(network: Network, read: Read, guards: Guards) -> Iterator[str]:
    try:
        shape = network.extents(read)
    except KeyError:
        yield f"{read.tensor} is not defined"
        return
    if len(shape) != len(read.subs):
        yield f"{read.tensor} has {len(shape)} dimensions and {len(read.subs)} subscripts"
        return
    for sub, extent in zip(read.subs, shape, strict=True):
        told = sub.atoms_of(Read)  # where labels lie is a matter of the data
        if not told and guards.isdisjoint(with_ranges(indices_of(sub))) and not _inside(sub, extent):
            yield f"{read.tensor}[{', '.join(map(str, read.subs))}] leaves 0 to {extent - 1}"


@lru_cache(maxsize=1 << 12)  # most passes leave most equations as they are
def _inside(sub: Poly, extent: Poly) -> bool:
    low, high = lowest(sub), highest(sub)
    if low is None or high is None:
        return False
    return may_be_nonnegative(low) and may_be_nonnegative(extent - 1 - high)
