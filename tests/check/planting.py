"""Mistakes planted in right passes, one at a time: how often the line is told. `python -m tests.check.planting`.

Each way to spoil a line is a pattern and what stands there instead; only what changes a gradient counts.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from symbp.check.check import CannotCheck, check_text
from symbp.notation.read import read_network
from tests.check.cases import CLASS, DEEP, FIT, LAYER, NETWORKS, STEPS, WORDS

# the network, the code, the first of the lines that are spoilt
PASSES = (
    ("fit", FIT, "grad_r ="),
    ("deep", DEEP, "ds ="),
    ("words", WORDS, "ds = p"),
    ("steps", STEPS, "dg = g"),
    ("layer", LAYER, "dgain ="),
    ("fit", CLASS, "back = self.e"),
)
# a pattern, what stands there instead, the kinds that name it
SPOILS = (
    (r" = (?!-)(.+)$", r" = -(\1)", "sign"),
    (r" = (.+)$", r" = 2 * (\1)", "factor"),
    (r" = (.+)$", r" = (\1) / len(\1)", "factor mean"),
    (r"\.T\b", "", "transpose"),
    (r"\.sum\(", ".mean(", "mean"),
    (r"\.sum\(axis=0\)", "", "sum"),
    (r" \* \(1 - ", " + (1 - ", "term"),
    (r" \* (\w+|\([^()]*\))$", "", "derivative term factor"),
    (r" / \w+$", "", "factor"),
    (r"\*\* 2", "", "derivative"),
    (r" \+= ", " = ", "overwrite"),
    (r" \+ .+$", "", "path"),
    (r" - dd\.mean.+$", "", "constant path"),
    (r"np\.add\.at\((\w+), (\w+), (.+)\)", r"\1[\2] += \3", "index_add"),
    (r"\[s \+ 1\]", "[s]", "step"),
    (r"g\[s\]", "g[s + 1]", "step"),
)


def planted(code: str, start: str) -> Iterator[tuple[int, str, str]]:
    """The number of a spoilt line, the kinds that name the mistake, and the code with it."""
    lines = code.splitlines()
    first = next(k for k, line in enumerate(lines) if line.strip().startswith(start))
    for k in range(first, len(lines)):
        for pattern, new, kinds in SPOILS:
            spoilt = re.sub(pattern, new, lines[k], count=1)
            if spoilt != lines[k] and "return" not in lines[k]:
                yield k + 1, kinds, "\n".join([*lines[:k], spoilt, *lines[k + 1 :]]) + "\n"


def main(only: str = "") -> None:
    """A line for each mistake that is not told by its line and kind, then the counts."""
    count = line = kind = misleading = 0
    for name, code, start in PASSES:
        network = read_network(NETWORKS, "networks.py", name)
        for where, kinds, spoilt in planted(code, start) if only in ("", name) else ():
            try:
                report = check_text(spoilt, "mine.py", Path(), network, "", {}, {})
            except CannotCheck as error:
                print(name, where, spoilt.splitlines()[where - 1].strip(), "->", error)
                continue
            if report.is_right:
                continue
            found = [(f.line, f.kind) for f in report.findings]
            count += 1
            at = [k for n, k in found if n == where]
            line += bool(at)
            kind += any(k in kinds.split() for k in at)
            misleading += any(n != where and k != "unknown" for n, k in found)
            if not any(k in kinds.split() for k in at) or len(found) > 1:
                print(name, where, spoilt.splitlines()[where - 1].strip(), "->", found, flush=True)
    print(f"{count} mistakes: line {line}, kind {kind}, misleading {misleading}")


if __name__ == "__main__":
    main(*sys.argv[1:])
