"""Steps of the emitted modules to hand-written NumPy and to PyTorch eager: `python -m tests.benchmarks.emitted`.

One thread, float32 unless said, medians of ratios. `--quick` runs each a few times only, to see that the programs work.
"""

from __future__ import annotations

import sys
from inspect import signature
from types import ModuleType
from typing import Any

import numpy as np
import torch

from tests.autograd.modules import built_in_module
from tests.benchmarks import by_hand
from tests.benchmarks.timing import ratios, row

Arrays = dict[str, Any]


def emitted(name: str, data: Arrays, parameters: Arrays) -> Any:
    """A step of the emitted module."""
    return step_of(built_in_module(name), data, parameters)


def step_of(made: ModuleType, data: Arrays, parameters: Arrays) -> Any:
    """A step of a module, with an out and a work of its own. The data stand in the order of the signature."""
    out, work = {}, {}  # type: ignore[var-annotated]
    names = [n for n in signature(made.loss_and_gradients).parameters if n in data]
    args = [data[n] for n in names]
    return lambda: made.loss_and_gradients(*args, **parameters, out=out, work=work)


def eager(loss: Any, data: Arrays, parameters: Arrays) -> Any:
    """A forward and a backward pass of PyTorch on the same numbers."""
    d = {n: torch.from_numpy(np.asarray(a)) for n, a in data.items()}
    p = {n: torch.from_numpy(np.asarray(a)).requires_grad_() for n, a in parameters.items()}

    def step() -> Any:
        for q in p.values():
            q.grad = None
        value = loss(**d, **p)
        value.backward()
        return value

    step.parameters = tuple(p.values())  # type: ignore[attr-defined]
    step.gradients = lambda: {n: q.grad.numpy() for n, q in p.items()}  # type: ignore[attr-defined]
    return step


def two_layer_net_torch(x: Any, t: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """784-50-10 as one writes it in PyTorch."""
    hidden = torch.relu(torch.addmm(b1, x, W1))
    return torch.nn.functional.cross_entropy(torch.addmm(b2, hidden, W2), t)


def deep_mlp_torch(x: Any, y: Any, b9: Any, **W: Any) -> Any:
    """Eight sigmoid layers and an affine one."""
    a = x
    for k in range(1, 9):
        a = torch.sigmoid(a @ W[f"W{k}"])
    return torch.nn.functional.cross_entropy(torch.addmm(b9, a, W["W9"]), y)


def linear_2_2_2_torch(x1, x2, y1, y2, w1, w2, w3, w4, w5, w6, w7, w8):  # type: ignore[no-untyped-def]
    """The same eight scalars."""
    z1, z2 = w1 * x1 + w3 * x2, w2 * x1 + w4 * x2
    z3, z4 = w5 * z1 + w7 * z2, w6 * z1 + w8 * z2
    return ((z3 - y1) ** 2 + (z4 - y2) ** 2) / 2


def draw_two_layer_net(dtype: Any, N: int = 100) -> tuple[Arrays, Arrays]:
    """784-50-10, one-hot targets."""
    rng = np.random.default_rng(0)
    t = np.eye(10)[rng.integers(10, size=N)]
    data = {"x": rng.normal(size=(N, 784)), "t": t}
    shapes = {"W1": (784, 50), "b1": (50,), "W2": (50, 10), "b2": (10,)}
    return _typed(data, dtype), _typed({n: rng.normal(size=s) * 0.1 for n, s in shapes.items()}, dtype)


def draw_deep_mlp(dtype: Any, width: int = 1000, N: int = 128) -> tuple[Arrays, Arrays]:
    """Every layer `width` wide, ten classes."""
    rng = np.random.default_rng(0)
    data = {"x": rng.normal(size=(N, width)), "y": np.eye(10)[rng.integers(10, size=N)]}
    shapes = {f"W{k}": (width, width) for k in range(1, 9)} | {"W9": (width, 10)}
    parameters = {n: rng.normal(size=s) / np.sqrt(s[0]) for n, s in shapes.items()} | {"b9": np.zeros(10)}
    return _typed(data, dtype), _typed(parameters, dtype)


def _typed(arrays: Arrays, dtype: Any) -> Arrays:
    return {n: np.ascontiguousarray(a, dtype) for n, a in arrays.items()}


def two_layer_net(dtype: Any, seconds: float) -> list[str]:
    """The rows of the two-layer net."""
    data, parameters = draw_two_layer_net(dtype)
    steps = {
        "emitted": emitted("two_layer_net", data, parameters),
        "by hand": by_hand.two_layer_net(data, parameters),
        "torch": eager(two_layer_net_torch, data, parameters),
    }
    _agree(steps)
    r = ratios(steps, {"emitted": "torch", "by hand": "torch"}, seconds)
    direct = ratios({n: steps[n] for n in ("emitted", "by hand")}, {"emitted": "by hand"}, seconds)
    name = f"two_layer_net {np.dtype(dtype).name}"
    return [
        row(f"{name}: hand-written NumPy to PyTorch", r["by hand", "torch"], 0.70 if dtype is np.float32 else 0.80),
        row(f"{name}: emitted to hand-written NumPy", direct["emitted", "by hand"], 1.10),
        row(f"{name}: emitted to PyTorch", r["emitted", "torch"], 0.70 if dtype is np.float32 else 0.80),
    ]


def one_example(seconds: float) -> str:
    """The row of the two-layer net with a single example, where checking the arguments costs most."""
    data, parameters = draw_two_layer_net(np.float32, 1)
    steps = {"emitted": emitted("two_layer_net", data, parameters), "by hand": by_hand.two_layer_net(data, parameters)}
    ratio = ratios(steps, {"emitted": "by hand"}, seconds)["emitted", "by hand"]
    return row("two_layer_net float32, N = 1: emitted to hand-written NumPy", ratio, 1.3)


def deep_mlp(width: int, seconds: float) -> list[str]:
    """The rows of the deep net."""
    data, parameters = draw_deep_mlp(np.float32, width)
    steps = {
        "emitted": emitted("deep_mlp", data, parameters),
        "by hand": by_hand.deep_mlp(data, parameters),
        "torch": eager(deep_mlp_torch, data, parameters),
    }
    _agree(steps)
    r = ratios(steps, {"emitted": "torch", "by hand": "torch"}, seconds)
    direct = ratios({n: steps[n] for n in ("emitted", "by hand")}, {"emitted": "by hand"}, seconds)
    return [
        row("deep_mlp: emitted to hand-written NumPy", direct["emitted", "by hand"], 1.10),
        row("deep_mlp: emitted to PyTorch", r["emitted", "torch"], 0.95),
    ]


def linear_2_2_2(seconds: float) -> list[str]:
    """The row of the eight scalars, as 0-dimensional arrays and as floats."""
    rng = np.random.default_rng(0)
    names = ("x1", "x2", "y1", "y2", *(f"w{k}" for k in range(1, 9)))
    values = {n: np.array(rng.normal()) for n in names}
    data, parameters = {n: values[n] for n in names[:4]}, {n: values[n] for n in names[4:]}
    floats = [{n: float(v) for n, v in part.items()} for part in (data, parameters)]
    steps = {
        "arrays": emitted("linear_2_2_2", data, parameters),
        "floats": emitted("linear_2_2_2", *floats),
        "torch": eager(linear_2_2_2_torch, data, parameters),
    }
    r = ratios(steps, {"arrays": "torch", "floats": "torch"}, seconds)
    return [
        row("linear_2_2_2: emitted to PyTorch, 0-dimensional arrays", r["arrays", "torch"], 0.35),
        row("linear_2_2_2: emitted to PyTorch, floats", r["floats", "torch"], 0.35),
    ]


def central_differences(seconds: float) -> list[str]:
    """One gradient to central differences by the emitted loss, two evaluations for each parameter."""
    data, parameters = draw_two_layer_net(np.float64)
    made = built_in_module("two_layer_net")
    args = [data[n] for n in made.DATA]
    count = sum(p.size for p in parameters.values())
    steps = {
        "gradient": emitted("two_layer_net", data, parameters),
        "loss": lambda: made.loss(*args, **parameters),
    }
    r = ratios(steps, {"gradient": "loss"}, seconds)
    return [
        row(
            "two_layer_net: gradient to central differences, times 10,000", 1e4 * r["gradient", "loss"] / (2 * count), 1
        )
    ]


def _agree(steps: dict[str, Any]) -> None:
    """All of them compute the same thing."""
    loss, gradients = steps["by hand"]()
    other, emitted_gradients = steps["emitted"]()
    third = float(steps["torch"]().item())
    assert abs(loss - other) + abs(loss - third) < 1e-3 * abs(loss)
    for name, g in gradients.items():
        for h in (emitted_gradients[name], steps["torch"].gradients()[name]):
            assert np.linalg.norm(g - h) <= 1e-3 * np.linalg.norm(g), name


def main(quick: bool) -> None:
    """Print the rows."""
    torch.set_num_threads(1)
    seconds = 0.05 if quick else 4.0
    for dtype in (np.float32, np.float64):
        print(*two_layer_net(dtype, seconds), sep="\n", flush=True)
    print(one_example(seconds), flush=True)
    print(*deep_mlp(50 if quick else 1000, seconds * 3), sep="\n", flush=True)
    print(*linear_2_2_2(seconds), sep="\n", flush=True)
    print(*central_differences(seconds), sep="\n", flush=True)


if __name__ == "__main__":
    main("--quick" in sys.argv)
