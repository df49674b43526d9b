"""Numeric gradients: central differences, and how a gradient is compared with them.

The step is h = cbrt(eps) * max(1, |x|), and the difference is divided by the step that the floats really took. A
tensor is compared by itself: the worst |a - n| to the largest |a| + |n| of the tensor, with a floor for the rounding
noise eps |f| / h. A step that crosses a kink is shrunk; an entry that sits on one is skipped and counted. A small
tensor is compared entry by entry, of a large one some entries and several random projections.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from symbp.verify.scope import Key

BOUND = 1e-6
EPS = float(np.finfo(np.float64).eps)
STEP = EPS ** (1 / 3)
# Rounding adds up over a network: so many times eps |f| / h is still noise.
NOISE = 16
# A loss near 0 may be a difference of terms of the data's size, and rounds as they do.
SCALE = 1.0
SMALL = 64
SAMPLED = 24
PROJECTIONS = 3
SHRUNK = (1.0, 0.1, 0.01)

Entries = Mapping[Key, float]
Steps = Mapping[Key, float]
# The loss where these entries have these values, and all others those that they had.
Loss = Callable[[Entries], float]
# The same at many points.
Losses = Callable[[Sequence[Entries]], Sequence[float]]
# Does a branch or an argmax change between these two steps from where the data are?
Flips = Callable[[Steps, Steps], bool]


@dataclass(frozen=True, slots=True)
class Slope:
    """A numeric derivative and the noise that it may hold."""

    value: float
    noise: float


@dataclass(slots=True)
class Compared:
    """One tensor's gradient against central differences: two slopes for each direction; what was skipped at kinks."""

    pairs: list[tuple[str, Key | None, float, Slope]] = field(default_factory=list)
    skipped: int = 0

    def error(self) -> tuple[float, str, Key | None]:
        """The worst relative error, in which direction in words, and at which entry."""
        sums = (abs(a) + abs(n.value) for _, _, a, n in self.pairs)
        largest = max((s for s in sums if math.isfinite(s)), default=0.0)
        worst: tuple[float, str, Key | None] = (0.0, "", None)
        for label, key, a, n in self.pairs:
            error = abs(a - n.value) / (largest + n.noise / BOUND or 1.0)
            error = math.inf if math.isnan(error) else error
            if error > worst[0]:
                worst = error, f"{label}: {a:.9g}, central difference {n.value:.9g}", key
        return worst

    @property
    def vacuous(self) -> bool:
        """Is everything 0 on both sides?"""
        return all(a == 0 and abs(n.value) <= n.noise for _, _, a, n in self.pairs)


def slope_along(loss: Loss, where: Entries, direction: Steps, h: float) -> Slope:
    """The central difference of the loss along a direction (steps by entry) from where the entries are."""
    ahead, behind = _ends(where, direction, h)
    return _slope(direction, h, ahead, behind, loss(ahead), loss(behind))


def _ends(where: Entries, direction: Steps, h: float) -> tuple[Entries, Entries]:
    """The entries a step ahead, and a step behind."""
    ahead, behind = ({k: where[k] + step * by for k, step in direction.items()} for by in (h, -h))
    return ahead, behind


def _slope(direction: Steps, h: float, ahead: Entries, behind: Entries, f_ahead: float, f_behind: float) -> Slope:
    only = next(iter(direction))
    taken = (ahead[only] - behind[only]) if len(direction) == 1 else 2 * h
    noise = NOISE * EPS * max(SCALE, abs(f_ahead), abs(f_behind)) / h
    return Slope((f_ahead - f_behind) / taken, noise)


def compare_central(
    loss: Loss, where: Entries, gradient: Entries, flips: Flips | None, losses: Losses | None = None
) -> Compared:
    """A gradient against central differences of `loss` from where the entries are.

    `flips` is asked only where the two disagree; None says that the loss is smooth. `losses`, where it is given, is
    asked for what is needed in any case.
    """
    compared = Compared()
    largest = max((abs(a) for a in gradient.values() if math.isfinite(a)), default=0.0)
    broken = [k for k in where if not math.isfinite(gradient[k])]
    directions = list(_directions(where, broken[:1]))
    steps = [STEP * max(1.0, *(abs(where[k]) for k in direction)) for _, _, direction in directions]
    points = [p for (_, _, direction), h in zip(directions, steps, strict=True) for p in _ends(where, direction, h)]
    values = iter(losses(points) if losses else map(loss, points))
    for (label, key, direction), h in zip(directions, steps, strict=True):
        a = sum(gradient[k] * step for k, step in direction.items())
        first = _slope(direction, h, *_ends(where, direction, h), next(values), next(values))
        slope = _between_kinks(loss, where, direction, h, first, a, largest, flips)
        if slope is None:
            compared.skipped += 1
        else:
            compared.pairs.append((label, key, a, slope))
    return compared


def _directions(where: Entries, broken: Sequence[Key]) -> Iterator[tuple[str, Key | None, Steps]]:
    """Every entry of a small tensor; of a large one a sample, with what is `broken` in any case, and projections."""
    keys = list(where)
    generator = random.Random(len(keys))
    for key in keys if len(keys) <= SMALL else sorted({*generator.sample(keys, SAMPLED), *broken}):
        yield f"[{', '.join(map(str, key))}]" if key else "", key, {key: 1.0}
    for count in range(PROJECTIONS if len(keys) > SMALL else 0):
        scale = 1 / math.sqrt(len(keys))
        yield f" along random direction {count + 1}", None, {key: generator.choice((-scale, scale)) for key in keys}


def _between_kinks(
    loss: Loss, where: Entries, direction: Steps, h: float, first: Slope, a: float, largest: float, flips: Flips | None
) -> Slope | None:
    """The slope at the largest step that crosses no kink, `first` that at all of h; None where every step does."""
    for factor in SHRUNK:
        slope = first if factor == 1 else slope_along(loss, where, direction, h * factor)
        agrees = abs(a - slope.value) <= BOUND * max(abs(a) + abs(slope.value), largest) + slope.noise
        if agrees:
            return slope
        if flips is None or not flips(*_both_ways(direction, h * factor)):
            return _extrapolated(slope, slope_along(loss, where, direction, h * factor / 2))
    return None


def _extrapolated(one: Slope, half: Slope) -> Slope:
    """Both slopes are off by a multiple of h^2, which their difference tells: a steep function's truncation is gone."""
    return Slope((4 * half.value - one.value) / 3, 4 * half.noise)


def _both_ways(direction: Steps, h: float) -> tuple[Steps, Steps]:
    return {k: s * h for k, s in direction.items()}, {k: -s * h for k, s in direction.items()}


def sweep(loss: Loss, where: Entries, key: Key, a: float) -> str:
    """How an entry's error goes with h: falling as h^2 is truncation, rising as 1/h is noise, flat is a bug."""
    steps = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
    slopes = [slope_along(loss, where, {key: 1.0}, h) for h in steps]
    errors = [abs(a - s.value) for s in slopes]
    if errors[-1] > 0.5 * errors[1] > 0 and errors[-1] > slopes[-1].noise:
        return "the error does not depend on h, so it is neither truncation nor noise"
    if errors[1] < 0.1 * errors[0]:
        return "the error falls with h, so it is the truncation of the difference"
    return "the error rises as h falls, so it is rounding noise"
