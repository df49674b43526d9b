"""How far the emitted modules are from float64 PyTorch autograd: `python -m tests.benchmarks.agreement`.

Every built-in network against a model written by hand, at random sizes; the largest error of a tensor, relative, in its
norm. `--quick` takes one seed for each network.
"""

from __future__ import annotations

import sys

from tests.autograd.compare import by_hand, errors
from tests.autograd.models import MODELS
from tests.autograd.modules import built_in_module, draw_inputs
from tests.benchmarks.timing import row


def worst(name: str, seed: int) -> float:
    """The largest error of a network's loss and gradients."""
    module, model = built_in_module(name), MODELS[name]
    inputs = draw_inputs(module, model.draws, seed, model.sizes)
    return max(errors(module, inputs, by_hand(model.loss, module.PARAMETERS, inputs), model.unknown).values())


def main(quick: bool) -> None:
    """Print the row, in units of 1e-12."""
    seeds = range(1 if quick else 20)
    value = max(worst(name, seed) for name in MODELS for seed in seeds)
    print(row(f"{len(MODELS)} networks to float64 autograd, largest relative error, in 1e-12", value * 1e12, 1))


if __name__ == "__main__":
    main("--quick" in sys.argv)
