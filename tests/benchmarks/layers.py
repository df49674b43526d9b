"""Emitted networks of layers to PyTorch eager and to hand-written NumPy: `python -m tests.benchmarks.layers [NAMES]`.

One thread, float32, medians of ratios. A hand-written step is the file NETWORK_by_hand.py here, with the module's own
`loss_and_gradients`. `--quick` runs each a few times only, to see that the programs work.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from tests.benchmarks.emitted import Arrays, eager, emitted, step_of
from tests.benchmarks.timing import ratios, row


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table: a network at sizes, the same in PyTorch, and the bound of the ratio."""

    network: str
    what: str
    bound: float
    draw: Callable[[np.random.Generator], tuple[Arrays, Arrays]]
    torch: Callable[..., Any]


def conv_net(x, t, w1, b1, w2, b2, W3, b3):  # type: ignore[no-untyped-def]
    """Two convolutions, ReLU and max pool each, then an affine layer."""
    p1 = F.max_pool2d(torch.relu(F.conv2d(x, w1, b1)), 2)
    p2 = F.max_pool2d(torch.relu(F.conv2d(p1, w2, b2)), 2)
    return F.cross_entropy(p2.flatten(1) @ W3.reshape(-1, W3.shape[-1]) + b3, t)


def draw_conv_net(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """28x28 images, 5x5 kernels, 8 and 16 channels."""
    data = {"x": rng.normal(size=(64, 1, 28, 28)), "t": rng.integers(10, size=64)}
    shapes = {"w1": (8, 1, 5, 5), "b1": (8,), "w2": (16, 8, 5, 5), "b2": (16,), "W3": (16, 4, 4, 10), "b3": (10,)}
    return data, normal(rng, shapes, 0.1)


class Lstm:
    """torch.nn.LSTM with the parameters of the network: its gates stand in the order i, f, g, o too."""

    def __init__(self) -> None:
        self.cell: Any = None

    def __call__(self, x, h0, c0, Wx, Wh, b):  # type: ignore[no-untyped-def]
        """Half the sum of squares of every h."""
        if self.cell is None:
            self.cell = torch.nn.LSTM(x.shape[2], h0.shape[1])
            with torch.no_grad():
                self.cell.weight_ih_l0.copy_(Wx.T)
                self.cell.weight_hh_l0.copy_(Wh.T)
                self.cell.bias_ih_l0.copy_(b)
                self.cell.bias_hh_l0.zero_()
        for p in self.cell.parameters():
            p.grad = None
        h, _ = self.cell(x, (h0[None], c0[None]))
        return (h**2).sum() / 2


def draw_lstm(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """T = 50, N = 32, D = 64, H = 128."""
    data = {"x": rng.normal(size=(50, 32, 64)), "h0": np.zeros((32, 128)), "c0": np.zeros((32, 128))}
    return data, normal(rng, {"Wx": (64, 512), "Wh": (128, 512), "b": (512,)}, 0.1)


def attention_head(X, Y, Wq, Wk, Wv, Wo):  # type: ignore[no-untyped-def]
    """One head, no mask."""
    A = torch.softmax((X @ Wq) @ (X @ Wk).transpose(1, 2) / Wq.shape[1] ** 0.5, -1)
    return ((A @ (X @ Wv) @ Wo - Y) ** 2).sum() / (2 * X.shape[0])


def draw_attention_head(T: int) -> Callable[[np.random.Generator], tuple[Arrays, Arrays]]:
    """Batch 8, D = 64."""

    def draw(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
        data = {"X": rng.normal(size=(8, T, 64)), "Y": rng.normal(size=(8, T, 64))}
        return data, normal(rng, dict.fromkeys(("Wq", "Wk", "Wv", "Wo"), (64, 64)), 0.1)

    return draw


def batch_norm_mlp(x, t, W1, gamma, beta, W2, b2):  # type: ignore[no-untyped-def]
    """An affine layer, batch norm, ReLU, an affine layer."""
    a = torch.relu(F.batch_norm(x @ W1, None, None, gamma, beta, training=True))
    return F.cross_entropy(torch.addmm(b2, a, W2), t)


def layer_norm_mlp(x, t, W1, b1, gamma, beta, W2, b2):  # type: ignore[no-untyped-def]
    """An affine layer, layer norm, ReLU, an affine layer."""
    a = torch.relu(F.layer_norm(torch.addmm(b1, x, W1), (W1.shape[1],), gamma, beta))
    return F.cross_entropy(torch.addmm(b2, a, W2), t)


def draw_norm(bias: bool) -> Callable[[np.random.Generator], tuple[Arrays, Arrays]]:
    """784-256-10, 128 examples."""

    def draw(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
        data = {"x": rng.normal(size=(128, 784)), "t": rng.integers(10, size=128)}
        shapes = {"W1": (784, 256), **({"b1": (256,)} if bias else {}), "gamma": (256,), "beta": (256,)}
        return data, normal(rng, {**shapes, "W2": (256, 10), "b2": (10,)}, 0.1)

    return draw


def transformer_block(x, y, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2):  # type: ignore[no-untyped-def]
    """Causal attention and a GELU layer, pre-norm, with residuals."""
    n, t, d = x.shape
    h, _, e = Wq.shape
    u = F.layer_norm(x, (d,), g1, b1)
    q, k, v = ((u @ W.transpose(0, 1).reshape(d, h * e)).view(n, t, h, e).transpose(1, 2) for W in (Wq, Wk, Wv))
    mask = torch.ones(t, t, dtype=torch.bool).tril()
    A = torch.softmax((q @ k.transpose(2, 3) / e**0.5).masked_fill(~mask, -torch.inf), -1)
    r = x + (A @ v).transpose(1, 2).reshape(n, t, h * e) @ Wo.reshape(h * e, d)
    m = r + F.gelu(F.layer_norm(r, (d,), g2, b2) @ W1 + c1) @ W2 + c2
    return ((m - y) ** 2).sum() / (2 * n)


def draw_transformer_block(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """Batch 8, T = 64, 4 heads of 16, 256 hidden."""
    data = {"x": rng.normal(size=(8, 64, 64)), "y": rng.normal(size=(8, 64, 64))}
    heads = dict.fromkeys(("Wq", "Wk", "Wv"), (4, 64, 16))
    shapes = {"g1": (64,), "b1": (64,), **heads, "Wo": (4, 16, 64), "g2": (64,), "b2": (64,)}
    return data, normal(rng, {**shapes, "W1": (64, 256), "c1": (256,), "W2": (256, 64), "c2": (64,)}, 0.1)


def gpt2(tokens, targets, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf):  # type: ignore[no-untyped-def]
    """The same blocks, with the tanh form of GELU."""
    n, t = tokens.shape
    h, e, d = Wo.shape[1:]
    x = F.embedding(tokens, wte) + wpe
    mask = torch.ones(t, t, dtype=torch.bool).tril()
    for l in range(len(g1)):
        u = F.layer_norm(x, (d,), g1[l], c1[l])
        q, k, v = (y.view(n, t, h, e).transpose(1, 2) for y in (u @ Wqkv[l] + bqkv[l]).split(d, 2))
        A = torch.softmax((q @ k.transpose(2, 3) / e**0.5).masked_fill(~mask, -torch.inf), -1)
        x = x + (A @ v).transpose(1, 2).reshape(n, t, d) @ Wo[l].reshape(d, d) + bo[l]
        w = F.layer_norm(x, (d,), g2[l], c2[l])
        x = x + F.gelu(w @ Wf[l] + bf[l], approximate="tanh") @ Wp[l] + bp[l]
    logits = F.layer_norm(x, (d,), gf, cf) @ wte.T
    return F.cross_entropy(logits.reshape(n * t, -1), targets.reshape(-1))


def draw_gpt2(rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """Four blocks, batch 4, T = 64, 4 heads of 32, 1000 words."""
    L, T, C, V = 4, 64, 128, 1000
    data = {n: rng.integers(V, size=(4, T)) for n in ("tokens", "targets")}
    rows, wide = dict.fromkeys(("g1", "c1", "bo", "g2", "c2", "bp"), (L, C)), {"bqkv": (L, 3 * C), "bf": (L, 4 * C)}
    matrices = {"Wqkv": (L, C, 3 * C), "Wo": (L, 4, C // 4, C), "Wf": (L, C, 4 * C), "Wp": (L, 4 * C, C)}
    return data, normal(rng, {"wte": (V, C), "wpe": (T, C), **rows, **wide, **matrices, "gf": (C,), "cf": (C,)}, 0.1)


def normal(rng: np.random.Generator, shapes: dict[str, tuple[int, ...]], scale: float) -> Arrays:
    """Parameters."""
    return {n: rng.normal(size=s) * scale for n, s in shapes.items()}


GPT2 = Path(__file__).parent / "gpt2_networks.py"

ROWS = (
    Row("conv_net", "N = 64, 28x28, 5x5, 8 and 16 channels", 0.9, draw_conv_net, conv_net),
    Row("lstm", "T = 50, N = 32, D = 64, H = 128", 1.05, draw_lstm, Lstm()),
    Row("attention_head", "batch 8, T = 128, D = 64", 0.75, draw_attention_head(128), attention_head),
    Row("attention_head", "batch 8, T = 512, D = 64", 0.82, draw_attention_head(512), attention_head),
    Row("batch_norm_mlp", "784-256-10, N = 128", 1.0, draw_norm(False), batch_norm_mlp),
    Row("layer_norm_mlp", "784-256-10, N = 128", 1.0, draw_norm(True), layer_norm_mlp),
    Row("transformer_block", "batch 8, T = 64, 4 heads of 16", 1.0, draw_transformer_block, transformer_block),
    Row(f"{GPT2}:gpt2", "4 blocks, batch 4, T = 64, 4 heads of 32, 1000 words", 0.97, draw_gpt2, gpt2),
)


def single(arrays: Arrays) -> Arrays:
    """In float32; labels as they are."""
    return {n: a if a.dtype.kind == "i" else a.astype(np.float32) for n, a in arrays.items()}


def name_of(network: str) -> str:
    """The name of a network given by it, by its file or by its file and it."""
    return Path(network.rpartition(":")[2]).stem


def by_hand(network: str) -> ModuleType | None:
    """The hand-written module of a network, where there is one."""
    name = f"tests.benchmarks.{name_of(network)}_by_hand"
    return import_module(name) if find_spec(name) else None


def compare(r: Row, quick: bool) -> list[str]:
    """The ratios of a row: to PyTorch, and to the same written by hand."""
    data, parameters = map(single, r.draw(np.random.default_rng(0)))
    steps = {"ours": emitted(r.network, data, parameters), "torch": eager(r.torch, data, parameters)}
    hand = by_hand(r.network)
    if hand is not None:
        steps["hand"] = step_of(hand, data, parameters)
    _agree(r.network, steps)
    seconds = 0.05 if quick else 3.0
    found = [
        (other, ratios({n: steps[n] for n in ("ours", other)}, {"ours": other}, seconds)["ours", other])
        for other in steps
        if other != "ours"
    ]
    bounds = {"torch": r.bound, "hand": HAND_BOUND}
    return [row(f"{name_of(r.network)}, {r.what}, {TO[other]}", ratio, bounds[other]) for other, ratio in found]


HAND_BOUND = 1.1
TO = {"torch": "to PyTorch", "hand": "to hand-written NumPy"}


def _agree(network: str, steps: dict[str, Any]) -> None:
    """All of them compute the same loss."""
    mine, right = steps["ours"]()[0], float(steps["torch"]().detach())
    others = [steps["hand"]()[0]] if "hand" in steps else []
    for other in (right, *others):
        assert abs(mine - other) <= 1e-3 * max(1.0, abs(other)), (network, mine, other)


def main(quick: bool, names: tuple[str, ...] = ()) -> None:
    """Print the table, or the rows asked for."""
    torch.set_num_threads(1)
    for r in ROWS:
        if not names or name_of(r.network) in names:
            print(*compare(r, quick), sep="\n", flush=True)


if __name__ == "__main__":
    main("--quick" in sys.argv, tuple(a for a in sys.argv[1:] if not a.startswith("-")))
