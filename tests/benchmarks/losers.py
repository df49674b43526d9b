"""Where the emitted modules are slower than PyTorch eager, and why: `python -m tests.benchmarks.losers`.

Nothing is promised here. One thread, float32, medians of ratios.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from tests.benchmarks.emitted import Arrays, deep_mlp_torch, draw_deep_mlp, eager, emitted
from tests.benchmarks.layers import single
from tests.benchmarks.timing import ratios, unbounded

Loss = Callable[..., Any]


def conv_layer(x: Any, w: Any, b: Any, cotangent: Any) -> Any:
    """Stride 2, a border of zeros."""
    return (cotangent * F.conv2d(x, w, b, stride=2, padding=1)).sum()


def draw_conv_layer(channels: int, N: int = 16, I: int = 32) -> tuple[Arrays, Arrays]:
    """3x3 kernels, as many channels out as in."""
    rng = np.random.default_rng(0)
    parameters = {"x": (N, channels, I, I), "w": (channels, channels, 3, 3), "b": (channels,)}
    data = {"cotangent": rng.normal(size=(N, channels, I // 2, I // 2))}
    return single(data), single({n: rng.normal(size=s) for n, s in parameters.items()})


def draw_small_lstm() -> tuple[Arrays, Arrays]:
    """One example at a time."""
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(50, 1, 16)), "h0": np.zeros((1, 16)), "c0": np.zeros((1, 16))}
    parameters = {"Wx": (16, 64), "Wh": (16, 64), "b": (64,)}
    return single(data), single({n: rng.normal(size=s) / 4 for n, s in parameters.items()})


def step_ratio(network: str, data: Arrays, parameters: Arrays, loss: Loss, seconds: float) -> float:
    """The emitted step to PyTorch's."""
    steps = {"emitted": emitted(network, data, parameters), "torch": eager(loss, data, parameters)}
    return ratios(steps, {"emitted": "torch"}, seconds)["emitted", "torch"]


def products(data: Arrays, parameters: Arrays) -> Callable[[], None]:
    """The matrix products of deep_mlp and nothing else: three for each layer, the first layer's input needs none."""
    W = [parameters[f"W{k}"] for k in range(1, 10)]
    rows = [data["x"], *(np.empty((len(data["x"]), w.shape[1]), w.dtype) for w in W)]
    bars = [np.ones_like(r) for r in rows]
    out = [np.empty_like(w) for w in W]

    def step() -> None:
        for k, w in enumerate(W):
            np.matmul(rows[k], w, out=rows[k + 1])
            np.matmul(rows[k].T, bars[k + 1], out=out[k])
            if k:
                np.matmul(bars[k + 1], w.T, out=bars[k])
                np.clip(bars[k], -1, 1, out=bars[k])

    return step


def scores() -> dict[str, Callable[[], Any]]:
    """The product Q K^T of attention_head, in NumPy and in PyTorch."""
    rng = np.random.default_rng(0)
    Q, K = (rng.normal(size=(8, 128, 64)).astype(np.float32) for _ in range(2))
    S, q, k = np.empty((8, 128, 128), np.float32), torch.from_numpy(Q), torch.from_numpy(K)
    return {"numpy": lambda: np.matmul(Q, K.transpose(0, 2, 1), out=S), "torch": lambda: q @ k.transpose(1, 2)}


def main(quick: bool) -> None:
    """Print the figures."""
    torch.set_num_threads(1)
    seconds = 0.05 if quick else 3.0
    for channels in (8, 32, 64):
        ratio = step_ratio("conv_layer", *draw_conv_layer(channels), conv_layer, seconds)
        what = f"conv_layer, 3x3, stride 2, padding 1, {channels} channels to as many, to PyTorch"
        print(unbounded(what, ratio, CONVOLUTION), flush=True)
    ratio = ratios(scores(), {"numpy": "torch"}, seconds)["numpy", "torch"]
    print(
        unbounded("attention_head, batch 8, T = 128: its product Q K^T alone, to PyTorch's", ratio, SCORES), flush=True
    )
    data, parameters = draw_deep_mlp(np.float32, 50 if quick else 1000)
    theirs = eager(deep_mlp_torch, data, parameters)
    steps = {"emitted": emitted("deep_mlp", data, parameters), "products": products(data, parameters), "torch": theirs}
    found = ratios(steps, {"emitted": "torch", "products": "torch"}, seconds * 3)
    print(unbounded("deep_mlp, 1000 wide, N = 128, to PyTorch", found["emitted", "torch"], DEEP), flush=True)
    print(unbounded("  its matrix products alone, to PyTorch's whole step", found["products", "torch"], PRODUCTS))


CONVOLUTION = "a large product over copied columns; PyTorch's kernels copy none"
SCORES = "there are two that large, which hand-written NumPy pays for too"
DEEP = "bound by its matrix products, see the next line"
PRODUCTS = "what NumPy's library takes for them; PyTorch's step has its own products and all else"


if __name__ == "__main__":
    main("--quick" in sys.argv)
