"""A module's Hessian-vector product against its witnesses.

The interpreter evaluates the derived equations of H v; a complex step of all parameters along v through the equations
of the gradient gives it once more, and so does the central difference of the module's own gradient. H is symmetric:
u . H v is v . H u.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from symbp.core.equality import PRODUCT, Check
from symbp.core.network import Network, Tensor
from symbp.errors import CheckFailed
from symbp.verify import gradients
from symbp.verify.arrays import Parts, arguments, flat, to_parts
from symbp.verify.draw import Draw, Drawn, draw
from symbp.verify.interpret import Key
from symbp.verify.kinks import Branches, has_kinks, has_stops
from symbp.verify.needs import needs
from symbp.verify.rounding import ROUNDING, SIZED, exact
from symbp.verify.sizes import choose_sizes
from symbp.verify.subject import HESSIAN, OPTIONAL, Subject, Wrong, load
from symbp.verify.systems import DOMAIN_ERRORS, Value
from symbp.verify.tally import (
    CENTRAL,
    COMPLEX,
    GRADIENT_BOUND,
    INTERFACE,
    INTERPRETER,
    LOSS_BOUND,
    SINGLE_BOUND,
    SMALLEST_SCALE,
    Tally,
)
from symbp.verify.tangents import Moved
from symbp.verify.world import World

SYMMETRY = "symmetry"
Values = Mapping[Key, float]


@dataclass(frozen=True, slots=True)
class Trial:
    """A module, the equations of its product, and what has been found so far.

    `vector` pairs each parameter with the name of its part of the vector, `gradients` with that of its gradient, and
    `products` with that of its part of the product.
    """

    network: Network
    subject: Subject
    derived: World
    moved: Moved
    branches: Branches | None
    vector: Mapping[str, str]
    gradients: Mapping[str, str]
    products: Mapping[str, str]
    tallies: dict[tuple[str, str], Tally]

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        return tuple(t for t in self.network.inputs if t.name in self.network.parameters)

    def tally(self, name: str, witness: str, bound: float) -> Tally:
        """The check of that name against that witness."""
        return self.tallies.setdefault((name, witness), Tally(name, witness, bound))


def check_hessian(
    network: Network,
    module: str | Path,
    backward: Network,
    product: Network,
    gradients: Sequence[tuple[str, str]],
    tangents: Sequence[tuple[str, str]],
    products: Sequence[tuple[str, str]],
    seeds: int = 3,
) -> tuple[Check, ...]:
    """The `hessian_vector_product` of a module, given as its text or as a file, against all witnesses.

    `backward` has the equations of the gradient, `product` those of the product; both have the parts of
    the vector as inputs.
    """
    sizes = choose_sizes(network, needs(network, network.outputs[0]))
    tallies: dict[tuple[str, str], Tally] = {}
    wrong: tuple[Check, ...] = ()
    try:
        subject = load(module, network)
    except Wrong as error:
        return (Check(HESSIAN, INTERFACE, 1, math.inf, 0.0, str(error)),)
    try:
        trial = Trial(
            network=network,
            subject=subject,
            derived=World(product, sizes),
            moved=Moved(backward, sizes, tangents),
            branches=Branches(network, network.outputs[0], sizes) if has_kinks(network) else None,
            vector={p: name for p, name in tangents if p in network.parameters},
            gradients=dict(gradients),
            products=dict(products),
            tallies=tallies,
        )
        world = World(replace(network, inputs=product.inputs), sizes)
        draws = [draw(world, network.outputs[0], seed) for seed in range(seeds)]
        for drawn in draws:
            _one_draw(trial, drawn)
        _interface(trial, draws[0], draws[1])
    except (Wrong, CheckFailed, *DOMAIN_ERRORS) as error:
        wrong = (Check(HESSIAN, INTERFACE, 1, math.inf, 0.0, str(error)),)
    finally:
        subject.close()
    return (*(t.check("") for t in tallies.values()), *wrong)


# --- the numbers


def _one_draw(trial: Trial, drawn: Draw) -> None:
    trial.derived.fill(drawn.inputs)
    trial.moved.fill(drawn.inputs)
    found = _product(trial, drawn.inputs)
    numeric = _central(trial, drawn.inputs, found)
    terms = Terms(trial, drawn.inputs)
    for t in trial.parameters:
        keys = trial.derived.keys(t.name)
        derived = {key: float(trial.derived.value(trial.products[t.name], key)) for key in keys}
        _compare(trial, t.name, INTERPRETER, found, derived, terms)
        stepped = {key: trial.moved.slope(trial.gradients[t.name], key) for key in keys}
        _compare(trial, t.name, COMPLEX, found, stepped, terms)
        if numeric is not None:
            _compare(trial, t.name, CENTRAL, found, numeric[t.name], terms)
        else:
            trial.tally(PRODUCT + t.name, CENTRAL, gradients.BOUND).skipped += len(keys)
    _symmetric(trial, drawn.inputs, found)


class Terms:
    """How large the terms are that an entry of H v, or of a gradient, is the difference of; worked out when asked."""

    def __init__(self, trial: Trial, inputs: Drawn):
        self.trial, self.inputs = trial, inputs
        self.worlds: dict[str, World] = {}

    def size(self, name: str, witness: str, key: Key) -> float:
        """The terms that round in what a witness says of one entry."""
        trial, central = self.trial, witness == CENTRAL
        source = trial.moved.world if central else trial.derived
        if source.network.name not in self.worlds:
            self.worlds[source.network.name] = world = World(source.network, source.scope.sizes, SIZED)
            world.fill(
                {n: {k: v if isinstance(v, int) else exact(v) for k, v in e.items()} for n, e in self.inputs.items()}
            )
        quantity = trial.gradients[name] if central else trial.products[name]
        try:
            size = float(self.worlds[source.network.name].value(quantity, key).size)
        except DOMAIN_ERRORS:
            return 0.0
        return size / gradients.STEP if central else size


def _sized(value: Value) -> Value:
    return value if isinstance(value, int) else exact(value)


def _compare(trial: Trial, name: str, witness: str, found: Mapping[str, Values], right: Values, terms: Terms) -> None:
    """Entry by entry, to the largest entry of the part; where that is too far off, to what rounding may have left."""
    tally = trial.tally(PRODUCT + name, witness, gradients.BOUND if witness == CENTRAL else GRADIENT_BOUND)
    tally.count += len(right)
    tally.vacuous = tally.vacuous and not any(right.values())
    scale = _scale(found, right, name)
    for key, value in right.items():
        at = f"[{', '.join(map(str, key))}]" if key else ""
        got = found[name][key]
        error = abs(got - value) / scale
        if not error <= tally.bound:
            error = abs(got - value) / max(scale, ROUNDING / tally.bound * terms.size(name, witness, key))
        tally.add(error, f"H v at {name}{at} is {got:.9g}, the {witness} gives {value:.9g}")


def _scale(found: Mapping[str, Values], right: Values, name: str) -> float:
    """The largest entry of a part, or a small one of the whole where that is larger."""
    return max(_largest(right), _largest(found[name]), SMALLEST_SCALE * max(1.0, *map(_largest, found.values())))


def _largest(values: Values) -> float:
    return max((abs(v) for v in values.values() if math.isfinite(v)), default=0.0)


def _central(trial: Trial, inputs: Drawn, found: Mapping[str, Values]) -> Mapping[str, Values] | None:
    """The central difference of the module's gradient along the vector; None where every step crosses a kink, or moves
    what counts as a constant.
    """
    if has_stops(trial.network):
        return None
    for factor in gradients.SHRUNK:
        h = gradients.STEP * factor
        ahead, behind = (_moved(trial, inputs, step) for step in (h, -h))
        if trial.branches is None or _decisions(trial, ahead) == _decisions(trial, behind):
            slope = _difference(trial, inputs, h)
            return slope if _agrees(found, slope) else _extrapolated(slope, _difference(trial, inputs, h / 2))
    return None


def _difference(trial: Trial, inputs: Drawn, h: float) -> Mapping[str, Values]:
    more, less = (_gradients(trial, _moved(trial, inputs, step)) for step in (h, -h))
    return {n: {k: (more[n][k] - less[n][k]) / (2 * h) for k in part} for n, part in more.items()}


def _agrees(found: Mapping[str, Values], slope: Mapping[str, Values]) -> bool:
    bounds = {n: gradients.BOUND * _scale(found, part, n) for n, part in slope.items()}
    return all(abs(found[n][k] - v) <= bounds[n] for n, part in slope.items() for k, v in part.items())


def _extrapolated(one: Mapping[str, Values], half: Mapping[str, Values]) -> Mapping[str, Values]:
    """Both are off by a multiple of h^2, which their difference tells."""
    return {n: {k: (4 * half[n][k] - v) / 3 for k, v in part.items()} for n, part in one.items()}


def _moved(trial: Trial, inputs: Drawn, step: float) -> Drawn:
    """The data with the parameters moved so far along the vector."""
    moved = {p: {k: v + step * inputs[name][k] for k, v in inputs[p].items()} for p, name in trial.vector.items()}
    return {**inputs, **moved}


def _decisions(trial: Trial, inputs: Drawn) -> list[object]:
    assert trial.branches is not None
    return trial.branches.at(inputs, trial.network.inputs[0].name, {})


def _gradients(trial: Trial, inputs: Drawn) -> Mapping[str, Values]:
    _, found = trial.subject.run(_parts(trial, inputs))
    return {t.name: flat(trial.subject.gradient(t, found)) for t in trial.parameters}


def _symmetric(trial: Trial, inputs: Drawn, found: Mapping[str, Values]) -> None:
    """u . H v = v . H u for another vector u."""
    generator = random.Random(1)
    other = {n: {k: generator.gauss(0, 0.8) for k in inputs[n]} for n in trial.vector.values()}
    back = _product(trial, {**inputs, **other})
    left = sum(other[n][k] * found[p][k] for p, n in trial.vector.items() for k in found[p])
    right = sum(inputs[n][k] * back[p][k] for p, n in trial.vector.items() for k in found[p])
    tally = trial.tally("u . H v", SYMMETRY, GRADIENT_BOUND)
    tally.count, tally.vacuous = tally.count + 1, tally.vacuous and left == right == 0
    tally.add(abs(left - right) / max(1.0, abs(left)), f"u . H v is {left:.9g} and v . H u is {right:.9g}")


# --- what the interface promises besides right numbers


def _interface(trial: Trial, one: Draw, two: Draw) -> None:
    fresh = _product(trial, two.inputs)
    kept: dict[str, Any] = {option: {} for option in OPTIONAL}
    _product(trial, one.inputs, **kept)
    trial.subject.run(_parts(trial, one.inputs), work=kept["work"])
    again = _product(trial, two.inputs, **kept)
    _near(trial, "H v: out and work reused", LOSS_BOUND, again, fresh)
    _near(trial, "H v: float32", SINGLE_BOUND, _product(trial, two.inputs, "float32"), fresh)
    tally = trial.tally("H v: inputs unchanged", INTERFACE, 0.0)
    tally.vacuous, tally.count = False, len(trial.network.inputs) + len(trial.vector)
    if trial.subject.changed:
        tally.add(math.inf, f"a call changes {', '.join(trial.subject.changed)}")


def _near(trial: Trial, name: str, bound: float, found: Mapping[str, Values], right: Mapping[str, Values]) -> None:
    """The same product made in another way."""
    tally = trial.tally(name, INTERFACE, bound)
    tally.vacuous = False
    scale = max(1.0, *map(_largest, right.values()))
    for p, part in right.items():
        tally.count += 1
        errors = [abs(found[p][k] - v) / scale for k, v in part.items()]
        worst = max(errors, key=lambda e: math.inf if math.isnan(e) else e)
        tally.add(worst, f"{name} differs in its part for {p}")


# --- calls


def _product(trial: Trial, inputs: Drawn, dtype: str = "float64", **options: Any) -> Mapping[str, Values]:
    """H v as the module gives it, by entries."""
    parts = _parts(trial, inputs, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = trial.subject.product(parts, _vector(trial, inputs, dtype), **options)
    extra = [str(name) for name in found if name not in trial.vector]
    if extra:
        raise Wrong(f"{HESSIAN} returns something for {', '.join(extra)}, which is no parameter")
    return {t.name: _entries(trial, t, found, parts[t.name]) for t in trial.parameters}


def _entries(trial: Trial, tensor: Tensor, found: Mapping[str, Any], like: Parts) -> Values:
    """The entries for one parameter, which are to have its shape and dtype."""
    got = trial.subject.gradient(tensor, found, HESSIAN)
    if [(a.shape, a.dtype) for _, a in got] != [(a.shape, a.dtype) for _, a in like]:
        has = ", ".join(f"{a.shape} {a.dtype}" for _, a in got)
        raise Wrong(f"{HESSIAN} returns {has} for {tensor.name}, expected its shape and dtype", tensor.name)
    return flat(got)


def _parts(trial: Trial, inputs: Drawn, dtype: str = "float64") -> dict[str, Parts]:
    return arguments(trial.network, trial.derived.scope.sizes, inputs, dtype)


def _vector(trial: Trial, inputs: Drawn, dtype: str) -> dict[str, Parts]:
    return {t.name: to_parts(t, inputs[trial.vector[t.name]], dtype) for t in trial.parameters}
