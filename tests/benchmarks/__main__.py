"""All figures, one row each: `python -m tests.benchmarks [--quick]`. It needs PyTorch, scikit-learn and matplotlib."""

from __future__ import annotations

import sys

from tests.benchmarks import agreement, depth, emitted, processes, train_digits

for program in (processes, depth, agreement, emitted, train_digits):
    program.main("--quick" in sys.argv)
