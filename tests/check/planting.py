"""Mistakes planted in right passes, one at a time: how often the line is told. `python -m tests.check.planting`.

Each way to spoil a line is a pattern and what stands there instead; only what changes a gradient counts.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from symbp.check.check import CannotCheck, check_text
from symbp.core.network import Network
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


def twice(code: str, start: str, every: int) -> Iterator[tuple[dict[int, str], str]]:
    """Some of the pairs of mistakes in two lines: their kinds by the line, and the code with both."""
    lines, one = code.splitlines(), list(planted(code, start))
    pairs = [(a, b) for k, a in enumerate(one) for b in one[k + 1 :] if a[0] < b[0]]
    for a, b in pairs[::every]:
        both = list(lines)
        for where, _, spoilt in (a, b):
            both[where - 1] = spoilt.splitlines()[where - 1]
        yield {a[0]: a[1], b[0]: b[1]}, "\n".join(both) + "\n"


def main(only: str = "", every: str = "0") -> None:
    """A line for each that is not told in full, then the counts; with a number, pairs of mistakes, one in so many."""
    counts = Counter[str]()
    for name, code, start in PASSES:
        if only in ("", "all", name):
            network = read_network(NETWORKS, "networks.py", name)
            pairs = twice(code, start, int(every)) if int(every) else (({n: k}, c) for n, k, c in planted(code, start))
            for kinds, spoilt in pairs:
                counts.update(told(name, network, kinds, spoilt))
    print(dict(counts))


def told(name: str, network: Network, kinds: dict[int, str], spoilt: str) -> Counter[str]:
    """How many mistakes there are in a pass, of how many line and kind are told, and whether something else is."""
    try:
        report = check_text(spoilt, "mine.py", Path(), network, "", {}, {})
    except CannotCheck:
        return Counter(cannot=1)
    found = {f.line: f.kind for f in report.findings}
    if report.is_right:
        return Counter()
    line = [n for n in kinds if n in found]
    kind = [n for n in line if found[n] in kinds[n].split()]
    other = [n for n, k in found.items() if n not in kinds and k != "unknown"]
    if len(kind) < len(kinds) or other:
        print(name, [(n, spoilt.splitlines()[n - 1].strip()) for n in kinds], "->", found, flush=True)
    return Counter(mistakes=len(kinds), line=len(line), kind=len(kind), misleading=bool(other))


if __name__ == "__main__":
    main(*sys.argv[1:])
