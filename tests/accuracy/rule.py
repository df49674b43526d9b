"""The rule: in float32 a module is at most so many times as far from the truth as PyTorch, and always finite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tests.accuracy.truth import SMALLEST, Result, Truth
from tests.autograd.modules import Array, norm

TIMES = 4.0
FLOOR = 1e-6
# Below so much of what it is the sum of, a derivative in 60 digits is 0.
ZERO = 1e-25


@dataclass(frozen=True)
class Errors:
    """How far the loss and each gradient are from the truth: relative, in the norm; infinite where not finite."""

    by_name: Mapping[str, float]

    def worst(self, other: Errors) -> Errors:
        return Errors({n: max(e, other.by_name[n]) for n, e in self.by_name.items()})


def errors(found: Result, truth: Truth) -> Errors:
    """The errors of a loss and of gradients.

    A gradient that is 0 only because its terms cancel has no relative error. It is measured by the size of these, and
    no more than by the largest gradient: where a softmax is as good as a choice, nothing is left of any of its terms.
    """
    loss, gradients = found
    largest = max((norm(g) for g in truth.gradients.values()), default=0.0)
    by_name = {"loss": error(loss, truth.loss)}
    for name, right in truth.gradients.items():
        size = norm(truth.sizes[name]) if name in truth.sizes else 0.0
        zero = norm(right) <= ZERO * size
        by_name[name] = error(gradients[name], right, (min(size, largest) or size) if zero else 0.0)
    return Errors(by_name)


def error(found: Array | float, right: Array | float, scale: float = 0.0) -> float:
    """|found - right| / |right|, or by `scale` if there is one; infinite where `found` is not finite.

    A difference below the smallest normal number is none, and by no smaller one is divided.
    """
    listed, others = (v if isinstance(v, list) else [v] for v in (found, right))
    if not all(np.all(np.isfinite(a)) for a in listed):
        return float("inf")
    apart = [np.abs(np.asarray(a, np.float64) - np.asarray(b)) for a, b in zip(listed, others, strict=True)]
    far = norm([np.where(d <= SMALLEST, 0.0, d) for d in apart])
    scale = scale or norm(right)
    return far / (max(scale, SMALLEST) if scale else 1.0)


def missed(ours: Errors, theirs: Errors, floor: float = FLOOR) -> dict[str, tuple[float, float]]:
    """What breaks the rule: ours and PyTorch's, by name."""
    pairs = {n: (e, theirs.by_name[n]) for n, e in ours.by_name.items()}
    return {n: (a, b) for n, (a, b) in pairs.items() if not np.isfinite(a) or a > max(floor, TIMES * b)}


def ratio(ours: Errors, theirs: Errors, floor: float = FLOOR) -> float:
    """The largest error to what it may be."""
    return max(e / max(floor, TIMES * theirs.by_name[n]) for n, e in ours.by_name.items() if np.isfinite(e))
