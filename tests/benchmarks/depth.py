"""How the cost of deriving and lowering grows with depth: an MLP unrolled to 128 layers against one of 32.

python tests/benchmarks/depth.py            7 rounds, exit 1 where the ratio is above its bound
python tests/benchmarks/depth.py --smoke    1 round of 8 layers against 2, only to see that it runs
"""

from __future__ import annotations

import statistics
import sys
import time

from symbp.calculus.derive import derive
from symbp.core.network import Network
from symbp.lowering.lower import lower
from symbp.notation.read import read_network

BOUND = 4.5


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


def main(deep: int, shallow: int, rounds: int) -> bool:
    """Print the ratio; whether it holds. Reading the file is not in it."""
    networks = [read_network(mlp(k), "mlp.py") for k in (deep, shallow)]
    pairs = [(seconds(networks[0]), seconds(networks[1])) for _ in range(rounds)]
    ratio = statistics.median(a / b for a, b in pairs)
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"derive and lower, {deep} layers / {shallow}: {ratio:.2f} times (at most {BOUND})", end="; ")
    print(f"{ours:.2f} s / {theirs:.2f} s")
    return ratio <= BOUND


if __name__ == "__main__":
    smoke = "--smoke" in sys.argv[1:]
    good = main(8, 2, 1) if smoke else main(128, 32, 3)
    sys.exit(0 if good or smoke else 1)
