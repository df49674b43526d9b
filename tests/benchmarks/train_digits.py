"""Train the emitted `two_layer_net` on scikit-learn's bundled digits with minibatches; save the loss curve.

    python tests/benchmarks/train_digits.py [PICTURE]           exit 1 below 96 % on the held-out fifth
    python tests/benchmarks/train_digits.py --smoke [PICTURE]   one epoch, only to see that it runs

It needs scikit-learn and, for the picture (loss.png unless named), matplotlib: `pip install '.[examples]'`. The module
is the committed generated/two_layer_net/gradients.py, which needs NumPy alone.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

GENERATED = Path(__file__).parents[2] / "generated" / "two_layer_net" / "gradients.py"
HIDDEN, BATCH, RATE, EPOCHS, GOAL = 50, 50, 0.2, 60, 0.96


def load(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images in [0, 1] and one-hot digits, shuffled: four fifths to learn from, a fifth held out."""
    digits = load_digits()
    order = rng.permutation(len(digits.target))
    x, t = digits.data[order] / 16, np.eye(10)[digits.target[order]]
    cut = len(x) * 4 // 5
    return x[:cut], t[:cut], x[cut:], t[cut:]


def start(rng: np.random.Generator, inputs: int, outputs: int) -> dict[str, np.ndarray]:
    """Weights for ReLU layers (He), biases at zero."""
    return {
        "W1": rng.normal(size=(inputs, HIDDEN)) * np.sqrt(2 / inputs),
        "b1": np.zeros(HIDDEN),
        "W2": rng.normal(size=(HIDDEN, outputs)) * np.sqrt(2 / HIDDEN),
        "b2": np.zeros(outputs),
    }


def train(module: SimpleNamespace, x: np.ndarray, t: np.ndarray, parameters: dict, rng, epochs: int) -> list[float]:
    """Change the parameters by minibatches; the loss of every step."""
    losses, gradients, work = [], {}, {}
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(len(x)), len(x) // BATCH):
            loss, gradients = module.loss_and_gradients(x[batch], t[batch], **parameters, out=gradients, work=work)
            module.sgd_step(parameters, gradients, RATE)
            losses.append(loss)
    return losses


def accuracy(module: SimpleNamespace, x: np.ndarray, t: np.ndarray, parameters: dict) -> float:
    """The part of the examples whose most probable class is the right one."""
    named = module.forward(x, **parameters)
    scores = next(v for v in reversed(named.values()) if v.shape == t.shape)
    return float((scores.argmax(axis=1) == t.argmax(axis=1)).mean())


def draw(losses: list[float], path: str) -> None:
    """The loss of every step and its running mean as a picture."""
    figure = Figure(figsize=(6, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.semilogy(losses, color="0.8", label="minibatch")
    axes.semilogy(np.convolve(losses, np.ones(50) / 50, "valid"), label="mean of 50")
    axes.set(xlabel="step", ylabel="loss", title="two_layer_net on handwritten digits")
    axes.legend()
    figure.savefig(path, dpi=150)


def main(picture: str, epochs: int) -> bool:
    """Print the accuracy; whether it reaches the goal."""
    rng = np.random.default_rng(0)
    module = SimpleNamespace(**runpy.run_path(str(GENERATED)))
    x, t, held_x, held_t = load(rng)
    parameters = start(rng, x.shape[1], t.shape[1])
    losses = train(module, x, t, parameters, rng, epochs)
    draw(losses, picture)
    found = accuracy(module, held_x, held_t, parameters)
    print(
        f"{found:.2%} of {len(held_x)} held-out digits (at least {GOAL:.0%}) after {len(losses)} steps; see {picture}"
    )
    return found >= GOAL


if __name__ == "__main__":
    arguments = [a for a in sys.argv[1:] if a != "--smoke"]
    smoke = len(arguments) < len(sys.argv) - 1
    good = main(arguments[0] if arguments else "loss.png", 1 if smoke else EPOCHS)
    sys.exit(0 if good or smoke else 1)
