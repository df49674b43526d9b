"""What a whole process costs, to the bare imports it cannot do without: `python -m tests.benchmarks.processes`.

The two commands of a row take turns, so that a busy moment meets both; the figure is the median of the rounds' ratios.
`--quick` runs each twice only, and no more than the first build, to see that the program works.

The transformer block is timed inside a process of its own each time: first the import of SymPy and NumPy, and then,
with symbp imported too, from the network to the text of its module. Neither holds the start of Python.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.timing import row

SYMBP = str(Path(sys.executable).with_name("symbp"))
IMPORTS = (sys.executable, "-c", "import sympy, numpy, jinja2, click, rich")
# Compiled modules are kept after the first run, as they are for a user; those of the libraries always are.
CACHING = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
# What is built, at most how many times as long as the imports take, and in how many rounds.
BUILDS = (
    ("sigmoid_softmax", 2.2, 21),
    ("lstm", 3, 7),
    ("transformer_block", 5, 5),
    ("conv_net", 7, 5),
    ("--all", 40, 1),
)
CLICK = (sys.executable, "-c", "import click")


TRANSFORMER = """
from time import perf_counter
start = perf_counter()
import sympy, numpy
imported = perf_counter()
from symbp.pipeline import Build
from symbp.sources import find_source
build = Build(find_source("transformer_block"))
build.network
read = perf_counter()
build.module
print((perf_counter() - read) / (imported - start))
"""


def inside(program: str, rounds: int) -> float:
    """The median of what a process prints."""
    command = (sys.executable, "-c", program)
    return median(
        float(subprocess.run(command, check=True, capture_output=True, env=CACHING).stdout) for _ in range(rounds)
    )


def seconds(command: Sequence[str]) -> float:
    """How long a process takes from start to end."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=CACHING)
    return time.perf_counter() - start


def ratio(command: Sequence[str], base: Sequence[str], rounds: int) -> float:
    """The median ratio of two commands, after a first run that fills the caches."""
    seconds(command), seconds(base)
    return median(seconds(command) / seconds(base) for _ in range(rounds))


def main(quick: bool) -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as folder:
        for what, bound, rounds in BUILDS[:1] if quick else BUILDS:
            found = ratio((SYMBP, "build", what, "-o", folder), IMPORTS, 2 if quick else rounds)
            print(row(f"symbp build {what}, to importing its five libraries", found, bound), flush=True)
        print(row("symbp --help, to importing click", ratio((SYMBP, "--help"), CLICK, 2 if quick else 21), 3))


def layers(quick: bool) -> None:
    """Print the row of the largest network of layers."""
    what = "derive, lower and write transformer_block, to importing sympy and numpy"
    print(row(what, inside(TRANSFORMER, 2 if quick else 11), 4))


if __name__ == "__main__":
    main("--quick" in sys.argv)
    layers("--quick" in sys.argv)
