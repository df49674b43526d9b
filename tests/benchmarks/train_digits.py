"""Train the emitted two_layer_net on scikit-learn's digits: `python -m tests.benchmarks.train_digits [PICTURE]`.

Minibatches and plain gradient steps; the loss curve is saved as PICTURE, or else loss.png. The module is the committed
generated/two_layer_net/gradients.py, which needs NumPy alone; the data need scikit-learn and the picture matplotlib:
`pip install '.[examples]'`. `--quick` stops after one epoch, to see that the program works.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

from tests.benchmarks.timing import row

GENERATED = Path(__file__).parents[2] / "generated" / "two_layer_net" / "gradients.py"
HIDDEN, BATCH, RATE, EPOCHS = 50, 50, 0.2, 60


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


def main(quick: bool, picture: str = "loss.png") -> None:
    """Print the accuracy on what was held out."""
    rng = np.random.default_rng(0)
    module = SimpleNamespace(**runpy.run_path(str(GENERATED)))
    x, t, held_x, held_t = load(rng)
    parameters = start(rng, x.shape[1], t.shape[1])
    losses = train(module, x, t, parameters, rng, 1 if quick else EPOCHS)
    draw(losses, picture)
    wrong = 1 - accuracy(module, held_x, held_t, parameters)
    print(row(f"digits: held-out images that are taken for another digit, after {EPOCHS} epochs", wrong, 0.04))


if __name__ == "__main__":
    names = [a for a in sys.argv[1:] if a != "--quick"]
    main("--quick" in sys.argv, *names[:1])
