"""An MLP unrolled to 128 layers, derived and lowered, to one of 32 layers: `python -m tests.benchmarks.depth`.

`--quick` takes 8 layers and 2, only to see that the program works.
"""

from __future__ import annotations

import sys
import time
from statistics import median

from symbp.calculus.derive import derive
from symbp.core.network import Network
from symbp.lowering.lower import lower
from symbp.notation.read import read_network
from tests.benchmarks.timing import row


def mlp(layers: int) -> str:
    """An MLP of that many sigmoid layers, each written out, under softmax and cross-entropy."""
    numbers = range(1, layers + 1)
    parameters = "".join(f", W{k}: Param[D, D], b{k}: Param[D]" for k in numbers)
    lines = [f"    a{k} = sigmoid(a{k - 1} @ W{k} + b{k})" for k in numbers]
    return "\n".join(
        [
            "from symbp import Data, Param, dims, network",
            'N, D = dims("N D")',
            "@network",
            f"def mlp(x: Data[N, D], y: Data[N, D]{parameters}):",
            "    assert sum(y[n, d] for d in D) == 1",
            "    a0 = x @ W1",
            *lines,
            f"    return cross_entropy(a{layers}, y)",
        ]
    )


def seconds(network: Network) -> float:
    """How long it takes to derive and lower a network."""
    start = time.perf_counter()
    lower(derive(network))
    return time.perf_counter() - start


def main(quick: bool) -> None:
    """Print the row. Reading the text is not in it."""
    deep, shallow, rounds = (8, 2, 1) if quick else (128, 32, 3)
    networks = [read_network(mlp(k), "mlp.py") for k in (deep, shallow)]
    ratio = median(seconds(networks[0]) / seconds(networks[1]) for _ in range(rounds))
    print(row(f"derive and lower an MLP of {deep} layers, to one of {shallow}", ratio, 4.5))


if __name__ == "__main__":
    main("--quick" in sys.argv)
