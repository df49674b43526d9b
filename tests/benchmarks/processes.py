"""What a whole process costs, to the bare imports it cannot do without: `python -m tests.benchmarks.processes`.

The two commands of a row take turns, so that a busy moment meets both; the figure is the median of the rounds' ratios.
`--quick` runs each twice only, to see that the program works.
"""

from __future__ import annotations

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
CLICK = (sys.executable, "-c", "import click")


def seconds(command: Sequence[str]) -> float:
    """How long a process takes from start to end."""
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    return time.perf_counter() - start


def ratio(command: Sequence[str], base: Sequence[str], rounds: int) -> float:
    """The median ratio of two commands, after a first run that fills the caches."""
    seconds(command), seconds(base)
    return median(seconds(command) / seconds(base) for _ in range(rounds))


def main(quick: bool) -> None:
    """Print the rows."""
    rounds = 2 if quick else 21
    with tempfile.TemporaryDirectory() as folder:
        build = (SYMBP, "build", "sigmoid_softmax", "-o", folder)
        print(row("symbp build sigmoid_softmax, to importing its five libraries", ratio(build, IMPORTS, rounds), 3))
        print(row("symbp --help, to importing click", ratio((SYMBP, "--help"), CLICK, rounds), 3))


if __name__ == "__main__":
    main("--quick" in sys.argv)
