"""Mistakes planted in derivations and modules: which the checks catch, which change no value at all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from symbp import networks
from symbp.calculus.steps import Derivation
from symbp.core.equality import Equality
from symbp.core.expr import Expr
from symbp.core.integers import Index
from symbp.core.network import PARAM
from symbp.core.traverse import free_indices
from symbp.document.compose import compose, equalities
from symbp.errors import CheckFailed
from symbp.pipeline import Build
from symbp.verify.arrays import to_parts
from symbp.verify.draw import draw
from symbp.verify.equalities import check_equalities
from symbp.verify.extents import value_of
from symbp.verify.interpret import compile_at, entries
from symbp.verify.module import check_module
from symbp.verify.sizes import Sizes, choose_sizes, limits_of
from symbp.verify.subject import Subject, Wrong, load
from symbp.verify.systems import DOMAIN_ERRORS
from symbp.verify.witness import Witness
from symbp.verify.world import World
from tests import shared
from tests.mutation import expressions, texts

OWN = Path(__file__).parent / "own_networks.py"
BUILT_IN = (
    *(
        "two_paths",
        "linear_2_2_2",
        "affine_pair",
        "linear_perceptron",
        "neuron_chain",
        "generic_neuron",
        "dense_layers",
    ),
    *("sigmoid_softmax", "two_layer_net", "binary_logistic", "multi_loss", "tied_autoencoder"),
)
LAYERS = (
    *("conv_layer", "max_pool_layer", "mlp", "threshold_layers", "rnn", "lstm"),
    *("batch_norm_mlp", "layer_norm_mlp", "attention_head", "char_mlp"),
)
# Those of which a check takes seconds: for the report alone.
LARGE = ("conv_net", "stacked_lstm", "transformer_block")
OWN_NETWORKS = ("normed", "attended", "chosen", "stochastic")
CAUGHT, SAME, MISSED = "caught", "same value", "missed"
# How far apart two values count as different when no check has said so.
DIFFERENT = 1e-9
SEEDS = range(100, 106)
MOST_COMPARED = 20_000


@dataclass(frozen=True)
class Mutant:
    """One mistake: in which network, of which kind, where, and what stands there now."""

    network: str
    kind: str
    where: str
    planted: Equality | str
    original: Equality | str


def build_of(name: str) -> Build:
    """The derivation and the module in which the mistakes are planted."""
    return shared.build_of(name if name in networks.names() else f"{OWN}:{name}")


def in_derivation(name: str) -> Iterator[Mutant]:
    """Every mistake in every displayed equality of a network's document."""
    d = build_of(name).derivation
    shapes = {
        n: d.network.shape(n) for n in (*(t.name for t in d.network.inputs), *(e.name for e in d.network.equations))
    }
    shapes |= {adjoint: shapes[quantity] for quantity, adjoint in d.adjoints}
    for equality in equalities(compose(d, {})):
        for kind, changed in expressions.mutants(equality.rhs, shapes):
            yield Mutant(name, kind, equality.where, replace(equality, rhs=changed), equality)


def in_module(name: str) -> Iterator[Mutant]:
    """Every mistake in a network's module."""
    text = build_of(name).module[0]
    for kind, changed in texts.mutants(text):
        yield Mutant(name, kind, "module", changed, text)


def some(mutants: Iterator[Mutant], count: int, seed: int) -> list[Mutant]:
    """A selection in which every kind of mistake has about the same share."""
    by_kind: dict[str, list[Mutant]] = {}
    for m in mutants:
        by_kind.setdefault(m.kind, []).append(m)
    rng = random.Random(seed)
    for group in by_kind.values():
        rng.shuffle(group)
    chosen: list[Mutant] = []
    while len(chosen) < count and any(by_kind.values()):
        chosen += [group.pop() for group in by_kind.values() if group]
    return chosen[:count]


def outcome(mutant: Mutant) -> str:
    """Caught by a check; or, where none objects, whether the value is the same at other sizes and other data."""
    if isinstance(mutant.planted, str):
        found = _module_caught(mutant)
        differs = _module_differs
    else:
        found, differs = _equality_caught(mutant), _equality_differs  # type: ignore[assignment]
    return CAUGHT if found else MISSED if differs(mutant) else SAME


def _equality_caught(mutant: Mutant) -> bool:
    d = build_of(mutant.network).derivation
    assert isinstance(mutant.planted, Equality)
    return not check_equalities(d.backward, d.loss, d.adjoints, [mutant.planted]).passed


def _module_caught(mutant: Mutant) -> bool:
    build = build_of(mutant.network)
    d = build.derivation
    assert isinstance(mutant.planted, str)
    return not all(
        c.passed for c in check_module(build.network, mutant.planted, backward=d.backward, adjoints=d.gradients)
    )


def _equality_differs(mutant: Mutant) -> bool:
    """Do the right sides before and after differ anywhere, at other data and other sizes?"""
    d = build_of(mutant.network).derivation
    assert isinstance(mutant.planted, Equality)
    assert isinstance(mutant.original, Equality)
    for seed in SEEDS:
        witness = Witness(World(_forward(d), _other_sizes(d, seed)), d.loss, dict(d.adjoints))
        witness.fill(draw(witness.world, d.loss, seed).inputs)
        if _apart(witness, mutant.original.rhs, mutant.planted.rhs):
            return True
    return False


def _forward(d: Derivation) -> Any:
    adjoints = dict(d.adjoints).values()
    return replace(d.backward, equations=tuple(e for e in d.backward.equations if e.name not in adjoints))


def _other_sizes(d: Derivation, seed: int) -> Sizes:
    """The usual sizes dealt out in another order, some of them larger, as long as they fit."""
    usual = choose_sizes(d.backward).values
    generator = random.Random(seed)
    for _ in range(100):
        values = [generator.choice((v, v, v + 1)) for v in usual.values()]
        generator.shuffle(values)
        sizes = dict(zip(usual, values, strict=True))
        if all(value_of(p, sizes) >= 2 for p in limits_of(d.backward)):
            return Sizes(sizes)
    return Sizes(usual)


def _apart(witness: Witness, one: Expr, other: Expr) -> bool:
    scope = replace(witness.world.scope, partials=witness.partials)
    indices: tuple[Index, ...] = tuple(dict.fromkeys((*free_indices(one), *free_indices(other))))
    keys = entries(indices, scope)
    some = random.Random(0).sample(keys, min(len(keys), MOST_COMPARED))
    before, after = (compile_at(e, indices, scope) for e in (one, other))
    for key in some:
        try:
            a, b = before(key), after(key)
        except (CheckFailed, *DOMAIN_ERRORS):
            return True
        if not abs(a - b) <= DIFFERENT * max(1, abs(a), abs(b)):
            return True
    return False


def _module_differs(mutant: Mutant) -> bool:
    """Do the modules before and after give anything different, at other data and other sizes?"""
    d = build_of(mutant.network).derivation
    before, after = (load(t, d.network) for t in (mutant.original, mutant.planted))  # type: ignore[arg-type]
    for seed in SEEDS:
        world = World(d.network, _other_sizes(d, seed))
        drawn = draw(world, d.loss, seed).inputs
        parts = {t.name: to_parts(t, drawn[t.name]) for t in d.network.inputs}
        try:
            if not all(
                np.allclose(a, b, DIFFERENT, DIFFERENT)
                for a, b in zip(_all(before, parts), _all(after, parts), strict=True)
            ):
                return True
        except Wrong:
            return True
    return False


def _all(subject: Subject, parts: Any) -> list[Any]:
    loss, gradients = subject.run(parts)
    names = [t.name for t in subject.network.inputs if t.kind == PARAM]
    return [loss, subject.loss(parts), *(gradients[n] for n in names)]


__all__ = ["CAUGHT", "MISSED", "SAME", "Mutant", "in_derivation", "in_module", "outcome", "some"]
