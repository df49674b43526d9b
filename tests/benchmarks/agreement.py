"""How far the emitted modules are from float64 PyTorch autograd: `python -m tests.benchmarks.agreement`.

Every built-in network against a model written by hand, at random sizes; the largest error of a tensor, relative, in its
norm. `--quick` takes one seed for each network. Random networks are a program of their own, for they take an hour.
"""

from __future__ import annotations

import sys

from tests.autograd.compare import by_hand, errors
from tests.autograd.models import MODELS
from tests.autograd.models_layers import LAYERS
from tests.autograd.modules import built_in_module, draw_inputs
from tests.benchmarks.timing import row


def worst(name: str, seed: int) -> float:
    """The largest error of a network's loss and gradients."""
    module, model = built_in_module(name), MODELS[name]
    inputs = draw_inputs(module, model.draws, seed, model.sizes)
    return max(errors(module, inputs, by_hand(model.loss, module.PARAMETERS, inputs), model.unknown).values())


RANDOM = "2,000 random networks to float64 autograd, at most 1e-10: python -m tests.autograd.fuzz 2000"


def main(quick: bool) -> None:
    """Print the rows: the fully-connected networks, whose bound is tighter, and all of them."""
    seeds = range(1 if quick else 20)
    found = {name: max(worst(name, seed) for seed in seeds) for name in MODELS}
    connected = [e for name, e in found.items() if name not in LAYERS]
    most = max(found, key=found.__getitem__)
    print(row(f"{len(connected)} fully-connected networks to float64 autograd, in 1e-12", max(connected) * 1e12, 1))
    print(row(f"all {len(found)} networks to float64 autograd (most: {most}), in 1e-10", found[most] * 1e10, 1))
    print(RANDOM)


if __name__ == "__main__":
    main("--quick" in sys.argv)
