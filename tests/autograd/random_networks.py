"""Networks made up at random, in both notations, with shared weights; the same seed gives the same text.

python -m tests.autograd.random_networks 2000    compare so many with autograd; print the count and the worst error
"""

from __future__ import annotations

import random
import sys
from dataclasses import dataclass, field

from tests.autograd.compare import worst_error
from tests.autograd.modules import distribution, small

ROWS, WIDTHS = "N", ("D", "H", "K")
ACTIVATIONS = (
    *("sigmoid", "tanh", "relu", "leaky_relu", "softplus", "elu", "swish", "gelu", "softmax", "log_softmax"),
    *("sin", "cos", "soft_abs", "bump", "normalised"),
)
HEAD = """from symbp import Data, Param, dims, network

N, D, H, K = dims("N D H K")


def soft_abs(z):
    return sqrt(z * z + 1) - 1


def bump(z):
    return exp(-(z**2) / 2) * (1 + z)


def normalised(z):
    c = z - mean(z, axis=-1, keepdims=True)
    return c / sqrt(mean(c * c, axis=-1, keepdims=True) + 0.1)


@network
"""


@dataclass
class Draft:
    """A network being written: its lines, its parameters with their shapes, its matrices of N rows with their widths."""

    rng: random.Random
    lines: list[str] = field(default_factory=list)
    parameters: dict[str, tuple[str, ...]] = field(default_factory=dict)
    matrices: dict[str, str] = field(default_factory=lambda: {"x": "D"})

    def pick(self) -> tuple[str, str]:
        """One of the last matrices, and its width."""
        return self.rng.choice(list(self.matrices.items())[-3:])

    def parameter(self, *shape: str) -> str:
        """A new parameter, or now and then one of that shape that is already there."""
        fitting = [n for n, s in self.parameters.items() if s == shape]
        if fitting and self.rng.random() < 0.4:
            return self.rng.choice(fitting)
        name = f"w{len(self.parameters)}"
        self.parameters[name] = shape
        return name

    def define(self, width: str, text: str) -> None:
        """One more matrix; `{v}` in the text stands for its name."""
        name = f"v{len(self.matrices)}"
        self.lines.append(text.format(v=name) if "{v}" in text else f"{name} = {text}")
        self.matrices[name] = width


def affine(d: Draft) -> None:
    u, width = d.pick()
    new = d.rng.choice(WIDTHS)
    d.define(new, f"{u} @ {d.parameter(width, new)} + {d.parameter(new)}")


def affine_by_index(d: Draft) -> None:
    u, width = d.pick()
    new = d.rng.choice(WIDTHS)
    W, b, k, j = d.parameter(width, new), d.parameter(new), width.lower(), f"{new.lower()}1"
    d.define(new, f"{{v}}[n, {j}] = sum({u}[n, {k}] * {W}[{k}, {j}] for {k} in {width}) + {b}[{j}]")


def activation(d: Draft) -> None:
    u, width = d.pick()
    d.define(width, f"{d.rng.choice(ACTIVATIONS)}({u})")


def choice(d: Draft) -> None:
    u, width = d.pick()
    k, c = width.lower(), d.parameter(width)
    d.define(width, f"{{v}}[n, {k}] = {u}[n, {k}] ** 2 if {u}[n, {k}] > {c}[{k}] else {c}[{k}] * {u}[n, {k}]")


def pair(d: Draft) -> None:
    u, width = d.pick()
    v = d.rng.choice([n for n, w in d.matrices.items() if w == width])
    d.define(width, d.rng.choice([f"{u} * {v}", f"{u} - 0.5 * {v}", f"maximum({u}, {v} / 2)", f"{u} / (1 + {v} ** 2)"]))


def across(d: Draft) -> None:
    u, width = d.pick()
    forms = [
        f"softmax({u} @ {u}.T / sqrt({width})) @ {u}",
        f"{u} - max({u}, axis=-1, keepdims=True)",
        f"{u} - mean({u}, axis=0, keepdims=True)",
        f"{u} * {d.parameter(width)}",
    ]
    d.define(width, d.rng.choice(forms))


LOSSES = (
    "mean(({u} - {t}) ** 2)",
    "sum(({u} - {t}) ** 2) / 2 / N",
    "-sum({q}[n, {k}] * log(softmax({u})[n, {k}]) for n in N for {k} in {w}) / N",
    "cross_entropy({u}, {q})",
    "mean(soft_abs({u} - {t})) + 0.01 * sum({u} ** 2)",
)
MOVES = (affine, affine, affine_by_index, activation, activation, choice, pair, across)


def write(seed: int) -> str:
    """The text of a network called `net`; its data are x, targets t (any numbers) and q (each row sums to one)."""
    rng = random.Random(seed)
    d = Draft(rng)
    affine(d)
    for _ in range(rng.randint(1, 6)):
        rng.choice(MOVES)(d)
    u, w = list(d.matrices.items())[-1]
    loss = rng.choice(LOSSES).format(u=u, t="t", q="q", w=w, k=w.lower())
    data = {"x": (ROWS, "D"), **{n: (ROWS, w) for n in ("t", "q") if f"{n}[" in loss or f" {n})" in loss}}
    arguments = [f"{n}: Data[{', '.join(s)}]" for n, s in data.items()]
    arguments += [f"{n}: Param[{', '.join(s)}]" for n, s in d.parameters.items()]
    fact = [f"assert sum(q[n, {w.lower()}] for {w.lower()} in {w}) == 1"] if "q" in data and rng.random() < 0.7 else []
    body = "".join(f"    {line}\n" for line in [*fact, *d.lines, f"return {loss}"])
    return f"{HEAD}def net({', '.join(arguments)}):\n{body}"


def error(seed: int) -> float:
    """How far the module of a random network is from autograd."""
    text = write(seed)
    # small, for PyTorch evaluates the definitions as they stand, and exp(z) of a square of a square overflows there
    draws = {name: distribution if name == "q" else small for name in ("x", "t", "q", *(f"w{k}" for k in range(40)))}
    return worst_error(text, "net", seed, draws, floor=1e-3)


def main(count: int) -> None:
    """Compare networks 0 to count - 1 with autograd and print how far off the worst is."""
    errors = {seed: error(seed) for seed in range(count)}
    worst = max(errors, key=lambda seed: errors[seed])
    print(f"{count} random networks, largest relative error {errors[worst]:.1e} (seed {worst})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
