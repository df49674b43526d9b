"""Networks with equations of indices, whose every detour would cost a multiple: `python -m tests.benchmarks.places`.

One thread, float32, medians of ratios. A reshape, a slice and a scatter cost that, written as equations or not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from tests.benchmarks.emitted import Arrays, emitted
from tests.benchmarks.layers import Row, compare, normal, single
from tests.benchmarks.timing import ratios, row

NETWORKS = Path(__file__).parent / "place_networks.py"


def groups(y, x, gamma, beta):  # type: ignore[no-untyped-def]
    """Eight groups of channels."""
    return ((F.group_norm(x, 8, gamma, beta) - y) ** 2).sum() / 2


def draw_groups(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """N = 16, 32 channels, 16x16."""
    shape = (16, 32, 16, 16)
    return {"y": rng.normal(size=shape)}, normal(rng, {"x": shape, "gamma": (32,), "beta": (32,)}, 1.0)


def transposed(y, x, w, b):  # type: ignore[no-untyped-def]
    """Stride 2."""
    return ((F.conv_transpose2d(x, w, b, stride=2) - y) ** 2).sum() / 2


def draw_transposed(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """N = 4, 28x28, 3x3, 8 channels to 4."""
    shapes = {"x": (4, 8, 28, 28), "w": (8, 4, 3, 3), "b": (4,)}
    return {"y": rng.normal(size=(4, 4, 57, 57))}, normal(rng, shapes, 1.0)


def upsampled(x, y, w, b):  # type: ignore[no-untyped-def]
    """Nearest neighbours."""
    return F.mse_loss(F.conv2d(F.interpolate(x, scale_factor=2), w, b, padding=1), y)


def draw_upsampled(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """N = 4, 8 channels to 8, 32x32 to 64x64."""
    data = {"x": rng.normal(size=(4, 8, 32, 32)), "y": rng.normal(size=(4, 8, 64, 64))}
    return data, normal(rng, {"w": (8, 8, 3, 3), "b": (8,)}, 0.1)


def mean_of_embeddings(words, t, E, W, b):  # type: ignore[no-untyped-def]
    """A bag of words."""
    return F.cross_entropy(torch.addmm(b, F.embedding(words, E).mean(1), W), t)


def draw_words(V: int) -> Callable[[np.random.Generator], tuple[Arrays, Arrays]]:
    """64 texts of 50 words of V, 64 features."""

    def draw(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
        data = {"words": rng.integers(V, size=(64, 50)), "t": rng.integers(10, size=64)}
        return data, normal(rng, {"E": (V, 64), "W": (64, 10), "b": (10,)}, 0.1)

    return draw


def largest(x, W):  # type: ignore[no-untyped-def]
    """Of the last axis."""
    return (torch.max(x * W, 2).values ** 2).sum() / 2


def draw_largest(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """64 examples, 32 rows of 128."""
    return {"x": rng.normal(size=(64, 32, 128))}, normal(rng, {"W": (32, 128)}, 1.0)


ROWS = (
    Row("groups", "group norm, 16 x 32 x 16 x 16", 0.9, draw_groups, groups),
    Row("transposed", "stride 2, 3x3, 8 to 4 channels, 28x28", 1.1, draw_transposed, transposed),
    Row("upsampled", "nearest to 64x64, then 3x3, 8 channels", 1.0, draw_upsampled, upsampled),
    Row("mean_of_embeddings", "64 texts of 50 words, V = 5000", 1.2, draw_words(5000), mean_of_embeddings),
    Row("mean_of_embeddings", "64 texts of 50 words, V = 20000", 1.1, draw_words(20000), mean_of_embeddings),
    Row("largest", "of the last axis, 64 x 32 x 128", 1.0, draw_largest, largest),
)


def flatten(quick: bool) -> str:
    """The emitted step to the same with NumPy's reshape, its two products and the square."""
    rng = np.random.default_rng(0)
    data, parameters = single({"x": rng.normal(size=(64, 54, 54))}), single({"w": rng.normal(size=(54 * 54, 10))})
    x, w = data["x"], parameters["w"]
    p, g = np.empty((64, 10), np.float32), np.empty_like(w)

    def reshaped() -> float:
        f = x.reshape(64, 54 * 54)
        np.matmul(f, w, out=p)
        np.matmul(f.T, p, out=g)
        np.multiply(g, 2, out=g)
        return float(np.vdot(p, p))

    steps = {"ours": emitted(f"{NETWORKS}:flatten", data, parameters), "numpy": reshaped}
    ratio = ratios(steps, {"ours": "numpy"}, 0.05 if quick else 3.0)["ours", "numpy"]
    return row("flatten, 64 x 54 x 54, to NumPy's reshape", ratio, 1.1)


def main(quick: bool) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(flatten(quick), flush=True)
    for r in ROWS:
        in_file = Row(f"{NETWORKS}:{r.network}", r.what, r.bound, r.draw, r.torch)
        print(*compare(in_file, quick), sep="\n", flush=True)


if __name__ == "__main__":
    main("--quick" in sys.argv)
