"""The pass: a network to the same network, each equation written so that it is computed well."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

from symbp.core.expr import Extreme, Fn
from symbp.core.functions import elementary
from symbp.core.integers import Node
from symbp.core.network import Equation, Network
from symbp.core.recurrence import components, is_recurrent
from symbp.core.traverse import nodes, rename_bound, walk
from symbp.lowering.stability.masks import masks_around
from symbp.lowering.stability.named import spelling
from symbp.lowering.stability.plain import Stable
from symbp.lowering.stability.related import related_exponents

LONGEST_EQUATION = 2_000


def stabilise(network: Network) -> Network:
    """The same network, every equation written so that it is computed well."""
    if not any(_has_exponential(e.body) for e in network.equations):
        return network
    parts = components(network.equations)
    alone = {part[0].name: part[0] for part in parts if not is_recurrent(part)}
    loops = {e.name: frozenset(other.name for other in part) for part in parts if is_recurrent(part) for e in part}
    classes = {t.name: t.counted for t in network.inputs if t.counted is not None}
    work = Stable(alone, network, classes)  # what a recurrence defines is never looked into: there is no end to it
    work.related = related_exponents(network, alone)
    work.own_largest = {spelling(e.body): e for e in alone.values() if isinstance(e.body, Extreme)}
    equations = (new for e in network.equations for new in _computed_well(e, work, loops.get(e.name, frozenset())))
    tensors = {t.name for t in network.inputs} | {e.name for e in network.equations}
    return replace(network, equations=tuple(_apart(e, tensors) for e in equations))


def _apart(equation: Equation, tensors: set[str]) -> Equation:
    """The equation with no letter bound within the range of another of its name or called as a tensor, and no read
    outside."""
    body = masks_around(equation.body)
    return replace(equation, body=rename_bound(body, tensors | {i.name for i in equation.indices}))


def _computed_well(equation: Equation, work: Stable, loop: frozenset[str]) -> tuple[Equation, ...]:
    """The equation as it is best computed, after the tensors that it needs beside it; of a recurrence what does not
    depend on its steps.

    It stays as it stands where it has become too long to be any good.
    """
    work.owner, work.loop, work.added = equation.name, loop, []
    body = work.plain(work.with_joined_sums(equation.body), ())
    long = sum(1 for _ in islice(walk(body), LONGEST_EQUATION + 1)) > LONGEST_EQUATION
    return (*work.added, equation if long else replace(equation, body=body))


def _has_exponential(node: Node) -> bool:
    return any(not f.orders and _is_of_exponentials(f.name) for f in nodes(node, Fn))


def _is_of_exponentials(name: str) -> bool:
    """Is the function made of exponentials, or does it undo them?"""
    return name in ("exp", "log", "expm1", "log1p", "log2") or bool(elementary(name).exponentials)
