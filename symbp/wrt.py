"""The same network with other parameters: what `--wrt` names is differentiated by, and everything else is data."""

from __future__ import annotations

from dataclasses import replace

from symbp.core.expr import Compare
from symbp.core.network import DATA, LABELS, PARAM, Fact, Network, Tensor
from symbp.core.traverse import reads
from symbp.sources import SourceError


def with_respect_to(network: Network, names: tuple[str, ...]) -> Network:
    """The same network with `names` as what the loss is differentiated by, and everything else as data.

    An equation that data obey (`sum(y[n, k] for k in K) == 1`) is no fact about what is differentiated by: a partial
    derivative moves one entry alone.
    """
    for name in names:
        _demand_differentiable(network, name)

    def kind(tensor: Tensor) -> str:
        return PARAM if tensor.name in names else DATA if tensor.kind == PARAM else tensor.kind

    inputs = tuple(replace(t, kind=kind(t)) for t in network.inputs)
    return replace(network, inputs=inputs, facts=tuple(f for f in network.facts if not _ties(f, names)))


def _demand_differentiable(network: Network, name: str) -> None:
    tensor = network.tensor(name)
    if tensor is None:
        have = ", ".join(t.name for t in network.inputs)
        raise SourceError(f"--wrt: {network.name} has no argument {name!r}; it has {have}")
    if tensor.kind == LABELS:
        raise SourceError(f"--wrt: {name} holds labels, which are integers; there is no derivative by them")


def _ties(fact: Fact, names: tuple[str, ...]) -> bool:
    statement = fact.statement
    tied = any(r.tensor in names for r in reads(statement))
    return tied and not (isinstance(statement, Compare) and statement.op not in ("==", "!="))
