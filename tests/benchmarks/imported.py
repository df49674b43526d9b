"""Modules of PyTorch's as they are imported: a step of the emitted module to a step of PyTorch eager, single precision.

The batch of a test is taken eight times where the module and what was made of it bear it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
import torch

from symbp.imported import Imported, import_module
from symbp.importing.traced import LOSSES
from symbp.pipeline import Build
from symbp.sources import Source
from tests.benchmarks.timing import Step, ratios, row
from tests.importing.modules import REFUSED, ROWS

TIMES, BOUND = 8, 1.0


def larger(module: torch.nn.Module, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """The inputs with a larger batch, if the module takes it."""
    more = tuple(x.repeat(TIMES, *(1,) * (x.ndim - 1)) for x in inputs)
    try:
        module(*more)
    except RuntimeError:
        return tuple(inputs)
    return more


def steps(name: str) -> dict[str, Step]:
    """Of one module: the emitted step and PyTorch's."""
    torch.manual_seed(0)
    module, inputs, loss = ROWS[name]()
    made = import_module(module, inputs, loss, name)
    for given in (larger(module, inputs), tuple(inputs)):
        both = _both(made, module, given, loss)
        try:
            both["ours"]()
        except ValueError:  # a batch that is a number in the network
            continue
        break
    return both


def _both(made: Imported, module: torch.nn.Module, inputs: Sequence[Any], loss: str) -> dict[str, Step]:
    output = module(*inputs)
    output = output[0] if isinstance(output, tuple) else output
    labels = loss in ("cross_entropy", "nll")
    target = torch.randint(0, output.shape[-1], output.shape[:-1]) if labels else torch.rand(output.shape)
    return {"ours": _ours(made, inputs, target), "torch": _torch(module, inputs, loss, target)}


def _ours(made: Imported, inputs: Sequence[Any], target: torch.Tensor) -> Step:
    exec(Build(Source(made.source, "net.py", made.name)).module[0], module := {})
    weights = {n: np.asarray(w, np.float32) for n, w in made.weights.items()}
    given = [x.numpy() for x in inputs]
    left = [n for n in module["DATA"] if n not in weights]
    given += [target.numpy()] * (len(left) - len(given))
    data = {**dict(zip(left, given, strict=True)), **weights}
    arguments = [data[n] for n in module["DATA"]]
    parameters = {n: weights[n] for n in module["PARAMETERS"]}
    out: dict[str, Any] = {}
    work: dict[str, Any] = {}

    def step() -> object:
        nonlocal out
        value, out = module["loss_and_gradients"](*arguments, **parameters, out=out, work=work)
        return value

    return step


def _torch(module: torch.nn.Module, inputs: Sequence[Any], loss: str, target: torch.Tensor) -> Step:
    def step() -> object:
        module.zero_grad(set_to_none=False)
        output = module(*inputs)
        output = output[0] if isinstance(output, tuple) else output
        if output.ndim == 0:
            total = output
        elif loss in ("cross_entropy", "nll"):
            total = LOSSES[loss](output.reshape(-1, output.shape[-1]), target.reshape(-1))
        else:
            total = LOSSES[loss](output, target)
        total.backward()
        return float(total)

    return step


def main(quick: bool) -> None:
    """A line for each module, then the median."""
    torch.set_num_threads(1)
    found = []
    for name in [n for n in ROWS if n not in REFUSED]:
        ratio = ratios(steps(name), {"ours": "torch"}, 0.2 if quick else 1.0)["ours", "torch"]
        found.append(ratio)
        print(f"    {name:<40} {ratio:8.3f}", flush=True)
    print(row("imported modules: a step to PyTorch eager, median", median(found), BOUND), flush=True)


if __name__ == "__main__":
    main(quick=False)
