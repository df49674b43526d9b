"""Emitted Hessian-vector products to PyTorch's and to the module's own gradient: `python -m tests.benchmarks.hessian`.

One thread, float32, medians of ratios. `vhp` is PyTorch's faster one, a backward pass through the backward pass; `hvp`
differentiates that once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.autograd.functional import hvp, vhp
from torch.nn.attention import SDPBackend, sdpa_kernel

from symbp.pipeline import Build
from symbp.sources import find_source
from tests.autograd.models import MODELS
from tests.autograd.modules import distribution, module_of
from tests.benchmarks.timing import ratios, unbounded

Arrays = dict[str, Any]
SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "sigmoid_softmax": {"x": (256, 784), "y": (256, 10), "W1": (784, 256), "b1": (256,), "W2": (256, 10), "b2": (10,)},
    "lstm": {"x": (50, 32, 64), "h0": (32, 128), "c0": (32, 128), "Wx": (64, 512), "Wh": (128, 512), "b": (512,)},
    "attention_head": {"X": (8, 128, 64), "Y": (8, 128, 64), **dict.fromkeys(("Wq", "Wk", "Wv", "Wo"), (64, 64))},
}


def draw(name: str, rng: np.random.Generator) -> Arrays:
    """Inputs of a size at which no activation saturates."""
    return {
        n: (distribution(rng, s) if n == "y" else rng.normal(size=s) / np.sqrt(s[0])).astype(np.float32)
        for n, s in SHAPES[name].items()
    }


def steps(name: str) -> dict[str, Callable[[], object]]:
    """The product and the gradient by the module, the product by PyTorch in two ways."""
    rng = np.random.default_rng(0)
    module = module_of(Build(find_source(name), hvp=True).module[0], name)
    inputs, vector = draw(name, rng), draw(name, rng)
    data, parameters = [inputs[n] for n in module.DATA], {n: inputs[n] for n in module.PARAMETERS}
    vector = {n: vector[n] for n in parameters}
    given = {n: torch.tensor(inputs[n]) for n in module.DATA}
    at, along = (tuple(torch.tensor(a) for a in d.values()) for d in (parameters, vector))

    def loss(*values: torch.Tensor) -> torch.Tensor:
        return MODELS[name].loss(**given, **dict(zip(parameters, values, strict=True)))

    out: Arrays = {}
    work: Arrays = {}
    return {
        "product": lambda: module.hessian_vector_product(*data, vector, **parameters, out=out, work=work),
        "gradient": lambda: module.loss_and_gradients(*data, **parameters, work=work),
        "vhp": lambda: vhp(loss, at, along),
        "hvp": lambda: hvp(loss, at, along),
    }


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    with sdpa_kernel(SDPBackend.MATH):
        for name in SHAPES:
            found = ratios(steps(name), dict.fromkeys(("vhp", "hvp", "gradient"), "product"))
            for other, what in (("vhp", "PyTorch's vhp"), ("hvp", "PyTorch's hvp"), ("gradient", "a gradient")):
                print(unbounded(f"Hessian-vector product of {name}, to {what}", 1 / found[other, "product"], ""))


if __name__ == "__main__":
    main()
