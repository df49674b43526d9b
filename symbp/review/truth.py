"""Data for a network and the truth there: the loss, the gradients by complex steps, every tensor of the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from symbp.core.network import PARAM, Network
from symbp.errors import NoTrial, SymbpError
from symbp.review.pages import Numbered, Pages
from symbp.verify.arrays import as_argument, to_parts
from symbp.verify.draw import draw, numbers_with_values
from symbp.verify.equal_entries import can_tie
from symbp.verify.needs import needs
from symbp.verify.sizes import Sizes, choose_sizes, other_sizes, without_two
from symbp.verify.witness import Witness
from symbp.verify.world import World, is_list, plain


class NoShape(SymbpError):
    """What stands for a shape and is none."""


SEEDS, TIED = (0, 2, 3), 1  # that between is drawn where entries tie, of which conventions differ


class NotYet(SymbpError):
    """A network whose hand-written passes are not checked."""


def draws(network: Network, pages: Pages | None = None) -> list[dict[str, Any]]:
    """Draws at up to three choices of sizes; with the values of the pages' equations, where there are pages."""
    for tensor in network.inputs:
        if is_list(tensor):
            raise NotYet(f"{tensor.name} is a list of layers, which check does not take; try verify --module")
    if network.functions:
        raise NotYet(
            f"{network.functions[0][0]} is an unknown function, which check does not take; try verify --module"
        )
    needed = needs(network, network.outputs[0])
    usual = choose_sizes(network, needed)
    others = other_sizes(network, usual, 6, True, needed)
    larger, largest = (_larger(network, usual, number) for number in (4, 6))
    others = largest if others == usual else others
    return [_one(network, sizes, seed, pages) for sizes, seed in zip((larger, others, largest), SEEDS, strict=True)]


def tied(network: Network) -> dict[str, Any] | None:
    """A draw on a grid, where entries tie and some are 0, for a network to which that makes a difference."""
    if not can_tie(network):
        return None
    needed = needs(network, network.outputs[0])
    with suppress(NoTrial):
        return _one(network, _larger(network, choose_sizes(network, needed), 4), TIED)
    return None


def _larger(network: Network, sizes: Sizes, number: int) -> Sizes:
    """Another number in the place of 2: where 2 entries are normalised next to nothing is left of a gradient, and 2
    steps tell little. Primes that are left are large, and make loops long.
    """
    return without_two(network, sizes, number)


def _one(network: Network, sizes: Sizes, seed: int, pages: Pages | None = None) -> dict[str, Any]:
    loss = network.outputs[0]
    numbers, steps = numbers_with_values(network, sizes, loss)
    by = {p: f"{p} by steps" for p in network.parameters}
    by |= {q: f"{q} by steps" for q, _ in (pages.adjoints if pages else ())}
    witness = Witness(World(pages.network if pages else network, sizes, numbers), loss, by, None, steps)
    drawn = draw(witness.world, loss, seed)
    witness.fill(drawn.inputs)
    inputs = {t.name: as_argument(t, to_parts(t, drawn.inputs[t.name])) for t in network.inputs}
    inputs = {n: v if isinstance(v, list) or v.ndim else v[()] for n, v in inputs.items()}
    inputs |= {d.name: sizes[d.name] for d in network.given}
    gradients = {
        t.name: as_argument(t, to_parts(t, _entries(witness.adjoints[by[t.name]])))
        for t in network.inputs
        if t.kind == PARAM
    }
    return {
        "inputs": inputs,
        "loss": plain(witness.world.value(loss)),
        "gradients": gradients,
        "tensors": _tensors(witness, [e.name for e in network.equations]),
        "sizes": ", ".join(f"{n} = {v}" for n, v in sizes.values.items()),
        "pages": _pages(witness, pages, by) if pages else [],
    }


def _pages(witness: Witness, pages: Pages, by: Mapping[str, str]) -> list[tuple[int, str, bool, Any]]:
    """The values of the numbered equations."""
    forward = _tensors(witness, [e.name for e in pages.network.equations])
    return [(e.number, e.quantity, e.is_adjoint, _value(witness, by, forward, e)) for e in pages.equations]


def _value(witness: Witness, by: Mapping[str, str], forward: Mapping[str, Any], e: Numbered) -> Any:
    return _array(_inside(_entries(witness.adjoints[by[e.quantity]]))) if e.is_adjoint else forward[e.quantity]


def _inside(entries: dict[Any, Any]) -> dict[Any, Any]:
    """Without the start of a recurrence, which stands at -1."""
    return {k: v for k, v in entries.items() if all(i >= 0 for i in k)}


def _entries(table: Any) -> dict[Any, Any]:
    return {key: plain(table[key]) for key in table.keys_in_order}


def _tensors(witness: Witness, names: Sequence[str]) -> dict[str, Any]:
    world = witness.world
    found = {}
    for name in names:
        table = world.tables[name]
        found[name] = _array(_inside({k: plain(table[k]) for k in world.keys(name)}))
    return found


def _array(entries: dict[Any, Any]) -> Any:
    shape = tuple(1 + max(k[a] for k in entries) for a in range(len(next(iter(entries)))))
    array = np.zeros(shape)
    for key, value in entries.items():
        array[key] = value
    return array


def names(network: Network) -> tuple[list[str], list[str]]:
    """The names of data and of parameters."""
    data = [t.name for t in network.inputs if t.kind != PARAM]
    return data, [t.name for t in network.inputs if t.kind == PARAM]


def own_draws(shapes: Mapping[str, str]) -> list[dict[str, Any]]:
    """Draws for arguments of these shapes, as `5,3` or, for labels, `5:4`; the truth is then the user's own loss."""
    if not shapes:
        raise NoShape("without a network --shape says what the code takes, as in --shape x=5,3 --shape W=3,4")
    return [
        {"inputs": {n: _drawn(n, s, np.random.default_rng([seed, k])) for k, (n, s) in enumerate(shapes.items())}}
        | {"loss": None, "gradients": {}, "tensors": {}, "sizes": _shapes(shapes), "pages": []}
        for seed in SEEDS
    ]


def _shapes(shapes: Mapping[str, str]) -> str:
    return ", ".join(f"{n} = {s}" for n, s in shapes.items())


def _drawn(name: str, text: str, generator: np.random.Generator) -> Any:
    sizes, _, classes = text.partition(":")
    try:
        shape = tuple(int(s) for s in sizes.replace("x", ",").split(",") if s.strip())
        most = int(classes) if classes else 0
    except ValueError:
        raise NoShape(f"{name}={text}: expected sizes with commas between them, as in x=5,3") from None
    return generator.integers(0, most, shape) if most else generator.normal(0, 0.8, shape)
