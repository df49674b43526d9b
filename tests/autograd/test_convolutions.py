"""Convolutions and pooling in many spellings, the emitted modules against PyTorch's autograd, at sizes where a swapped
axis, a stride or a rest that no window covers would show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs torch")

import torch
from torch.nn import functional as F

from symbp.calculus.derive import derive
from symbp.emit.write import write_module
from symbp.lowering.lower import lower
from symbp.notation.read import read_network
from tests.autograd.modules import module_of, relative_error

HEAD = "from symbp import Data, Param, dims, network\nN, C, F, G, H, I, J, U, V = dims('N C F G H I J U V')\n@network\n"
Shapes = dict[str, tuple[int, ...]]
LAYER: Shapes = {"x": (3, 2, 11, 12), "w": (4, 2, 3, 2), "b": (4,)}
LINE: Shapes = {"x": (3, 2, 11), "w": (4, 2, 3), "b": (4,)}
IMAGES: Shapes = {"x": (2, 3, 8, 11)}


@dataclass(frozen=True)
class Case:
    """A network's signature and statements, the shapes of its parameters, and the same in PyTorch."""

    signature: str
    statements: tuple[str, ...]
    shapes: Shapes
    torch: Callable[..., Any]


def layer(shapes: Shapes = LAYER, **options: int) -> Case:
    """conv2d with these options."""
    written = "".join(f", {n}={v}" for n, v in options.items())
    channels = f"{options.get('groups', 1)} * C"
    signature = f"x: Param[N, {channels}, I, J], w: Param[{shapes['w'][0]}, C, U, V], b: Param[{shapes['w'][0]}]"
    return Case(
        signature, (f"return conv2d(x, w, bias=b{written})",), shapes, lambda x, w, b: F.conv2d(x, w, b, **options)
    )


def line(**options: int) -> Case:
    """conv1d with these options."""
    written = "".join(f", {n}={v}" for n, v in options.items())
    signature = "x: Param[N, C, I], w: Param[F, C, U], b: Param[F]"
    return Case(
        signature, (f"return conv1d(x, w, bias=b{written})",), LINE, lambda x, w, b: F.conv1d(x, w, b, **options)
    )


def pool(kind: str, window: int, stride: int) -> Case:
    """A pooling that leaves a rest of 8 by 11."""
    other = F.max_pool2d if kind == "max" else F.avg_pool2d
    statement = f"return {kind}_pool2d(x, {window}, stride={stride})"
    return Case("x: Param[N, C, I, J]", (statement,), IMAGES, lambda x: other(x, window, stride))


def pooled(x: tuple[int, ...], w: tuple[int, ...]) -> Case:
    """Convolution, ReLU and max pool."""
    signature = "x: Param[N, C, I, J], w: Param[F, C, U, V], b: Param[F]"
    statement = "return max_pool2d(relu(conv2d(x, w, bias=b)), 2)"
    shapes = {"x": x, "w": w, "b": w[:1]}
    return Case(signature, (statement,), shapes, lambda x, w, b: F.max_pool2d(F.relu(F.conv2d(x, w, b)), 2))


def causal(x: Any, w: Any, b: Any) -> Any:
    """A convolution over time that sees the past alone."""
    padded = F.pad(x.transpose(1, 2), (w.shape[0] - 1, 0))
    return torch.tanh(F.conv1d(padded, w.permute(2, 1, 0), b).transpose(1, 2))


def three(x: Any, w1: Any, b1: Any, w2: Any, b2: Any, w3: Any, b3: Any) -> Any:
    """Three convolutions with a padding, a stride and a pool."""
    a2 = torch.tanh(F.conv2d(F.relu(F.conv2d(x, w1, b1, padding=1)), w2, b2, stride=2))
    return (torch.sigmoid(F.conv2d(F.max_pool2d(a2, 2), w3, b3)) ** 2).sum()


CASES = {
    "plain": layer(),
    "stride": layer(stride=2),
    "padding": layer(padding=1),
    "stride and padding": layer(stride=3, padding=2),
    "dilation": layer(dilation=2),
    "stride, padding, dilation": layer(stride=2, padding=2, dilation=2),
    "groups": layer({"x": (3, 6, 9, 8), "w": (6, 2, 3, 2), "b": (6,)}, stride=2, padding=1, groups=3),
    "line": line(),
    "line, stride and padding": line(stride=2, padding=1),
    "line, padding and dilation": line(padding=2, dilation=2),
    "max": pool("max", 2, 2),
    "max, overlapping": pool("max", 3, 2),
    "max, windows apart": pool("max", 2, 3),
    "mean": pool("avg", 2, 2),
    "mean, overlapping": pool("avg", 3, 2),
    "one channel": pooled((3, 1, 8, 9), (4, 1, 3, 2)),
    "kernel of one entry": pooled((3, 2, 8, 9), (4, 2, 1, 1)),
    "one example, one feature": pooled((1, 2, 8, 9), (1, 2, 3, 3)),
    "equal sizes": pooled((5, 5, 5, 5), (5, 5, 2, 2)),
    "kernel of one column": Case(
        "x: Param[N, 2, I, J], w: Param[4, 2, 3, 1]",
        ("return conv2d(x, w, padding=(1, 0))",),
        {"x": (3, 2, 8, 9), "w": (4, 2, 3, 1)},
        lambda x, w: F.conv2d(x, w, padding=(1, 0)),
    ),
    "kernel as large as the image": layer({"x": (3, 2, 4, 5), "w": (4, 2, 4, 5), "b": (4,)}),
    "three layers": Case(
        "x: Param[N, C, I, J], w1: Param[F, C, U, V], b1: Param[F], w2: Param[G, F, U, V], b2: Param[G], "
        "w3: Param[H, G, U, V], b3: Param[H]",
        (
            "a1 = relu(conv2d(x, w1, bias=b1, padding=1))",
            "p2 = max_pool2d(tanh(conv2d(a1, w2, bias=b2, stride=2)), 2)",
            "return sum(sigmoid(conv2d(p2, w3, bias=b3)) ** 2)",
        ),
        {
            "x": (3, 2, 21, 19),
            "w1": (4, 2, 3, 2),
            "b1": (4,),
            "w2": (3, 4, 3, 2),
            "b2": (3,),
            "w3": (2, 3, 3, 2),
            "b3": (2,),
        },
        three,
    ),
    "residual": Case(
        "x: Param[N, C, I, J], w: Param[C, C, 3, 3], v: Param[C, C, 3, 3]",
        ("a = relu(conv2d(x, w, padding=1))", "return relu(conv2d(a, v, padding=1) + x)"),
        {"x": (3, 2, 6, 7), "w": (2, 2, 3, 3), "v": (2, 2, 3, 3)},
        lambda x, w, v: F.relu(F.conv2d(F.relu(F.conv2d(x, w, padding=1)), v, padding=1) + x),
    ),
    "other order of axes": Case(
        "x: Param[I, J, N, C], w: Param[U, V, C, F]",
        ("y[j, f, i, n] = sum(w[u, v, c, f] * x[i + u, j + v, n, c] for v in V for c in C for u in U)", "return y"),
        {"x": (8, 9, 3, 2), "w": (3, 2, 2, 4)},
        lambda x, w: F.conv2d(x.permute(2, 3, 0, 1), w.permute(3, 2, 0, 1)).permute(3, 1, 2, 0),
    ),
    "causal": Case(
        "x: Param[N, I, C], w: Param[U, C, F], b: Param[F]",
        (
            "p[n, i: I + U - 1, c] = x[n, i - U + 1, c] if i >= U - 1 else 0",
            "y[n, i, f] = sum(p[n, i + u, c] * w[u, c, f] for u in U for c in C) + b[f]",
            "return tanh(y)",
        ),
        {"x": (3, 9, 2), "w": (3, 2, 4), "b": (4,)},
        causal,
    ),
    "no batch": Case(
        "x: Param[C, I, J], w: Param[F, C, U, V]",
        ("y[f, i, j] = sum(w[f, c, u, v] * x[c, i + u, j + v] for c in C for u in U for v in V)", "return y"),
        {"x": (2, 8, 9), "w": (4, 2, 3, 2)},
        lambda x, w: F.conv2d(x[None], w)[0],
    ),
    "one image, one kernel": Case(
        "x: Param[I, J], w: Param[U, V]",
        ("y[i, j] = sum(w[u, v] * x[i + u, j + v] for u in U for v in V)", "return y"),
        {"x": (8, 9), "w": (3, 2)},
        lambda x, w: F.conv2d(x[None, None], w[None, None])[0, 0],
    ),
    "channel by channel": Case(
        "x: Param[N, C, I, J], w: Param[C, U, V]",
        ("y[n, c, i, j] = sum(w[c, u, v] * x[n, c, i + u, j + v] for u in U for v in V)", "return y"),
        {"x": (3, 2, 8, 9), "w": (2, 3, 2)},
        lambda x, w: F.conv2d(x, w[:, None], groups=2),
    ),
}


@cache
def text_of(name: str) -> str:
    case = CASES[name]
    body = "".join(f"    {s}\n" for s in case.statements)
    return write_module(lower(derive(read_network(f"{HEAD}def net({case.signature}):\n{body}", "net.py"))))[0]


@pytest.mark.parametrize("whole", [False, True], ids=["", "ties"])
@pytest.mark.parametrize("name", CASES)
def test_convolutions(name: str, whole: bool) -> None:
    """In float64, the second time with the arrays of the first; whole numbers, so that the largest is not alone."""
    case, text = CASES[name], text_of(name)
    assert "np.add.at" not in text
    rng, made = np.random.default_rng(0), module_of(text, "net")
    draw = (lambda s: rng.integers(-1, 2, size=s).astype(float)) if whole else (lambda s: rng.normal(size=s))
    parameters = {n: draw(s) for n, s in case.shapes.items()}
    tensors = {n: torch.tensor(p, requires_grad=True) for n, p in parameters.items()}
    value = case.torch(**tensors)
    cotangent = rng.normal(size=tuple(value.shape))
    loss = (value * torch.tensor(cotangent)).sum() if value.dim() else value
    loss.backward()
    given = [cotangent] if value.dim() else []
    out, work = {}, {}  # type: ignore[var-annotated]
    for _ in range(2):
        found, gradients = made.loss_and_gradients(*given, **parameters, out=out, work=work)
        assert relative_error(found, loss.item()) <= 1e-10
        wrong = {n: e for n, t in tensors.items() if not (e := relative_error(gradients[n], t.grad.numpy())) <= 1e-10}
        assert wrong == {}
