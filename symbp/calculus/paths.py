"""Every partial of a network of scalars, spelt out path by path: one product of local derivatives for each path."""

from __future__ import annotations

from itertools import pairwise

from symbp.calculus.guards import sheltered
from symbp.calculus.steps import Chain, Key, Local, Paths, Rule, Section, Step
from symbp.core import build
from symbp.core.expr import Add, Expr, Partial, Read
from symbp.core.network import Network
from symbp.core.traverse import reads

MOST_PATHS = 16


def path_chains(
    network: Network, loss: str, active: dict[str, None], names: dict[str, str], sections: tuple[Section, ...]
) -> tuple[Chain, ...]:
    """A chain for each parameter of a network of scalars with few paths; none for any other network."""
    if any(t.shape for t in network.inputs) or any(e.shape for e in network.equations):
        return ()
    uses = _uses(network, active)
    paths = {p: _paths(p, loss, uses) for p in network.parameters}
    if any(len(found) > MOST_PATHS for found in paths.values()):
        return ()
    local = {c.key: c.result for s in sections for c in s.locals}
    return tuple(_chain(p, names[p], found, local, sections) for p, found in paths.items() if found)


def _uses(network: Network, active: dict[str, None]) -> dict[str, list[str]]:
    uses: dict[str, list[str]] = {}
    for equation in network.equations:
        for name in dict.fromkeys(r.tensor for r in reads(equation.body) if r.tensor in active):
            uses.setdefault(name, []).append(equation.name)
    return uses


def _paths(start: str, loss: str, uses: dict[str, list[str]]) -> list[tuple[str, ...]]:
    """The paths from a quantity to the loss, at most one more than are ever shown."""
    if start == loss:
        return [(loss,)]
    found: list[tuple[str, ...]] = []
    for user in uses.get(start, []):
        found.extend((start, *rest) for rest in _paths(user, loss, uses))
        if len(found) > MOST_PATHS:
            break
    return found


def _chain(
    parameter: str, adjoint: str, paths: list[tuple[str, ...]], local: dict[Key, Expr], sections: tuple[Section, ...]
) -> Chain:
    direct = {s.quantity: s.main.steps for s in sections if not s.locals}
    symbolic = [_product(p, lambda of, by: Partial(Read(of), Read(by))) for p in paths]
    values = [_product(p, lambda of, by: _value(of, by, local, direct)) for p in paths]
    keys = tuple(_keys(paths, local, {s.quantity: s.main.key for s in sections if not s.locals}))
    steps = (Step(_sum(symbolic), Rule("path")), Step(sheltered(_sum(values)), Rule("insert", keys)))
    return Chain(Paths(adjoint), Read(adjoint), steps)


def _value(of: str, by: str, local: dict[Key, Expr], direct: dict[str, tuple[Step, ...]]) -> Expr:
    found = local.get(Local(of, by))
    return direct[by][-1].value if found is None else found


def _keys(paths: list[tuple[str, ...]], local: dict[Key, Expr], direct: dict[str, Key]) -> dict[Key, None]:
    """The equations of all local derivatives on the paths: of what only the loss reads that is its adjoint's."""
    pairs = ((Local(of, by), by) for p in paths for by, of in pairwise(p))
    return dict.fromkeys(k if k in local else direct[by] for k, by in pairs)


def _product(path: tuple[str, ...], factor) -> Expr:  # type: ignore[no-untyped-def]
    """The product along a path, from the loss down: dL/dz3 dz3/dz1 dz1/dw1."""
    steps = list(pairwise(path))
    return build.mul(*(factor(of, by) for by, of in reversed(steps)))


def _sum(terms: list[Expr]) -> Expr:
    return Add(tuple(terms)) if len(terms) > 1 else terms[0]
