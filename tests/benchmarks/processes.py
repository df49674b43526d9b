"""What a whole process costs, as a ratio to the bare imports it cannot do without.

    python tests/benchmarks/processes.py            21 rounds, exit 1 where a ratio is above its bound
    python tests/benchmarks/processes.py --smoke    2 rounds, only to see that it runs

The two commands of a row take turns, so that a busy moment meets both; a row's figure is the median of the ratios of
the rounds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

PYTHON = sys.executable
SYMBP = str(Path(sys.executable).with_name("symbp"))
IMPORTS = (PYTHON, "-c", "import sympy, numpy, jinja2, click, rich")


def rows(folder: str) -> tuple[tuple[str, Sequence[str], Sequence[str], float], ...]:
    """What is measured, by its command, against which other command, and at most how many times that."""
    build = (SYMBP, "build", "sigmoid_softmax", "-o", folder)
    return (
        ("symbp build sigmoid_softmax / import sympy, numpy, jinja2, click, rich", build, IMPORTS, 3.0),
        ("symbp --help / import click", (SYMBP, "--help"), (PYTHON, "-c", "import click"), 3.0),
    )


def seconds(command: Sequence[str]) -> float:
    """How long a process takes from start to end."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start


def measure(command: Sequence[str], base: Sequence[str], rounds: int) -> tuple[float, float, float]:
    """The median ratio of two commands and the median time of each, after a first run that fills the caches."""
    seconds(command), seconds(base)
    pairs = [(seconds(command), seconds(base)) for _ in range(rounds)]
    ours, theirs = zip(*pairs, strict=True)
    return statistics.median(a / b for a, b in pairs), statistics.median(ours), statistics.median(theirs)


def main(rounds: int) -> bool:
    """Print a line for each row; whether all of them hold."""
    good = True
    with tempfile.TemporaryDirectory() as folder:
        for title, command, base, bound in rows(folder):
            ratio, ours, theirs = measure(command, base, rounds)
            good &= ratio <= bound
            print(f"{title}: {ratio:.2f} times (at most {bound:g}); {ours * 1e3:.0f} ms / {theirs * 1e3:.0f} ms")
    return good


if __name__ == "__main__":
    smoke = "--smoke" in sys.argv[1:]
    sys.exit(0 if main(2 if smoke else 21) or smoke else 1)
