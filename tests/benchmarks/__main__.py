"""All figures, one row each: `python -m tests.benchmarks [--quick]`. It needs PyTorch, scikit-learn and matplotlib."""

from __future__ import annotations

import sys

from tests.benchmarks import (
    agreement,
    depth,
    emitted,
    imported,
    layers,
    losers,
    memory,
    one_derivation,
    places,
    processes,
    train_digits,
)

PARTS = (
    (
        "Fully-connected networks",
        (processes.main, depth.main, emitted.main, train_digits.main),
    ),
    (
        "Networks of layers",
        (agreement.main, layers.main, places.main, processes.layers, one_derivation.main, memory.main),
    ),
    ("Modules of PyTorch's, as imported", (imported.main,)),
    ("Where the emitted modules lose, and why", (losers.main,)),
)

for title, programs in PARTS:
    print(f"\n{title}", flush=True)
    for program in programs:
        program("--quick" in sys.argv)
