"""Mistakes planted in right passes: how often line and kind are told. `python -m tests.review.planting` prints it.

Of each pass some mistakes are planted alone and some in twos, a fair share of every row of `mistakes`; only what
changes a gradient counts. A mistake's line is told if a finding is at it, its kind if that finding's kind is one that
names it; a finding at any other line that claims to know better misleads.
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from symbp.calculus.derive import derive
from symbp.core.network import Network
from symbp.notation.read import read_network
from symbp.review.check import CannotCheck, check_text
from symbp.review.entry import call, find
from symbp.review.pages import pages_of
from symbp.review.returned import Names, learn_returns
from symbp.review.truth import draws, names
from tests.review.mistakes import mistakes
from tests.review.other_passes import NETWORKS as OTHER_NETWORKS
from tests.review.other_passes import OTHERS
from tests.review.passes import NETWORKS, PASSES

ALONE, IN_TWOS = 10, 5  # of each pass


@dataclass(frozen=True)
class Planted:
    """A mistake: the row of it, the kinds that name it, its line and what stands there."""

    row: str
    kinds: str
    line: int
    text: str
    lines: tuple[int, ...]  # that line, and where in a loop a value that is spoilt for the next step is first read


@dataclass
class Pass:
    """A right pass, and what its gradients are."""

    name: str
    network: Network
    code: str
    start: str

    def __post_init__(self) -> None:
        lines = self.code.splitlines()
        self.first = next(k for k, line in enumerate(lines, 1) if line.strip().startswith(self.start))
        self.draws, self.pages = draws(self.network), pages_of(derive(self.network))
        self.names = Names(*map(tuple, names(self.network)))
        self.truth = [self.gradients(self.code, d) for d in self.draws]

    def gradients(self, code: str, draw: Mapping[str, Any]) -> dict[str, Any] | None:
        """What it gives at a draw; None if it raises."""
        try:
            namespace: dict[str, Any] = {}
            learn_returns(ast.parse(code))
            exec(compile(code, "mine.py", "exec"), namespace)
            inputs = {n: np.array(v) for n, v in draw["inputs"].items()}
            with np.errstate(all="ignore"):
                result = call(find(code, "", self.names), namespace, inputs, self.names)
        except ValueError:
            return None
        changed = any(not np.array_equal(v, draw["inputs"][n]) for n, v in inputs.items())
        return {
            **{n: np.array(g, dtype=float) for n, g in result.gradients.items()},
            " changed": np.array(float(changed)),
        }

    def is_wrong(self, code: str) -> bool:
        """Does it differ from the right pass? What raises must be about shapes; nobody reads what is not there yet."""
        try:
            return any(not _same(self.gradients(code, d), t) for d, t in zip(self.draws, self.truth, strict=True))
        except (NameError, TypeError, AttributeError, IndexError):
            return False

    def differ(self, code: str, other: str) -> bool:
        """Do two ways to write it give something else? What raises may hide that, and counts as other."""
        try:
            pairs = [(self.gradients(code, d), self.gradients(other, d)) for d in self.draws]
        except (NameError, TypeError, AttributeError, IndexError):
            return True
        return any(a is None or b is None or not _same(a, b) for a, b in pairs)

    def values(self) -> dict[str, np.ndarray]:
        """The values of names at the end of the function that mistakes are planted in."""
        found: dict[str, Any] = {}
        functions = [n for n in ast.walk(ast.parse(self.code)) if isinstance(n, ast.FunctionDef)]
        (name,) = (f.name for f in functions if f.lineno <= self.first <= (f.end_lineno or 0))

        def follow(frame: Any, event: str, _: Any) -> None:
            if event == "return" and frame.f_code.co_filename == "mine.py" and frame.f_code.co_name == name:
                found.update(frame.f_locals)
                held = vars(found["self"]) if "self" in found else {}
                found.update({f"self.{n}": v for n, v in held.items()})

        sys.setprofile(follow)
        try:
            self.gradients(self.code, self.draws[0])
        finally:
            sys.setprofile(None)
        return {n: np.asarray(v) for n, v in found.items() if isinstance(v, (np.ndarray, int, float))}

    def planted(self) -> list[Planted]:
        """All mistakes of one line."""
        lines = self.code.splitlines()
        values, found = self.values(), {}
        for node in ast.walk(ast.parse(self.code)):
            if isinstance(node, ast.stmt) and node.lineno >= self.first and node.lineno == node.end_lineno:
                indent = lines[node.lineno - 1][: node.col_offset]
                known = {n: v for n, v in values.items() if n.startswith("self.") == ("self." in self.code)}
                for row, kinds, new in mistakes(node, known):
                    text = indent + ast.unparse(ast.fix_missing_locations(new))
                    also = self._first_read(node) if row == "carry_lost" else ()
                    planted = Planted(row, kinds, node.lineno, text, (node.lineno, *also))
                    found.setdefault((node.lineno, text), planted)
        return list(found.values())

    def _first_read(self, node: ast.stmt) -> tuple[int, ...]:
        loops = [n for n in ast.walk(ast.parse(self.code)) if isinstance(n, ast.For)]
        body = next((loop.body for loop in loops if loop.lineno < node.lineno <= (loop.end_lineno or 0)), [])
        name = ast.unparse(node).partition(" ")[0]
        reads = [s.lineno for s in body for n in ast.walk(s) if isinstance(n, ast.Name) and n.id == name]
        return tuple(reads[:1])

    def spoilt(self, planted: tuple[Planted, ...]) -> str:
        """The code with mistakes."""
        lines = self.code.splitlines()
        for one in planted:
            lines[one.line - 1] = one.text
        return "\n".join(lines) + "\n"

    def chosen(self, generator: random.Random, alone: int, in_twos: int) -> Iterator[tuple[Planted, ...]]:
        """Some mistakes alone, some in twos; each row gets its turn."""
        rows: dict[str, list[Planted]] = defaultdict(list)
        for one in self.planted():
            rows[one.row].append(one)
        turns = self._turns(generator, rows)
        singles = [next(turns) for _ in range(alone)]
        yield from ((one,) for one in singles)
        for _ in range(in_twos):
            one = next(turns)
            other = next(o for o in turns if o.line != one.line and self.are_both_wrong(one, o))
            yield tuple(sorted((one, other), key=lambda p: p.line))

    def are_both_wrong(self, one: Planted, other: Planted) -> bool:
        """Does each spoil something beside the other too? Two signs turned round may be none."""
        both = self.spoilt((one, other))
        return self.is_wrong(both) and all(self.differ(both, self.spoilt((p,))) for p in (one, other))

    def _turns(self, generator: random.Random, rows: dict[str, list[Planted]]) -> Iterator[Planted]:
        while True:
            for row in generator.sample(sorted(rows), len(rows)):
                for one in generator.sample(rows[row], len(rows[row])):
                    if self.is_wrong(self.spoilt((one,))):
                        yield one
                        break


def _same(a: dict[str, Any] | None, b: dict[str, Any] | None) -> bool:
    if a is None or b is None:
        return a is b
    close = (np.shape(a[n]) == np.shape(b[n]) and np.max(np.abs(a[n] - b[n])) <= 1e-9 * np.max(np.abs(b[n])) for n in b)
    return a.keys() == b.keys() and all(close)


def passes(only: str = "", others: bool = False) -> Iterator[Pass]:
    """The right passes, of the ten networks or of the others."""
    text, rows = (OTHER_NETWORKS, OTHERS) if others else (NETWORKS, PASSES)
    for name, network, code, start in rows:
        if only in name:
            yield Pass(name, read_network(text, "networks.py", network), code, start)


def told(one: Pass, planted: tuple[Planted, ...]) -> tuple[Counter[str], str]:
    """How many mistakes of a pass are told, and what was said where not all is."""
    counts = Counter(mistakes=len(planted))
    try:
        report = check_text(one.spoilt(planted), "mine.py", Path(), one.network, "", {}, {}, one.pages)
    except CannotCheck as error:
        return counts, str(error)
    found = {f.line: f.kind for f in report.findings}
    line = [p for p in planted if found.keys() & set(p.lines)]
    kind = [p for p in line if any(found.get(n) in p.kinds.split() for n in p.lines)]
    other = [n for n, k in found.items() if n not in {n for p in planted for n in p.lines} and k != "unknown"]
    counts.update(line=len(line), kind=len(kind), misleading=len(other))
    return counts, "" if len(kind) == len(planted) and not other else str(found)


def main() -> None:
    """A line for each that is not told in full, then the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="?", default="", help="passes whose name has this in it")
    parser.add_argument("--others", action="store_true", help="the passes through other networks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--alone", type=int, default=ALONE)
    parser.add_argument("--twos", type=int, default=IN_TWOS)
    options = parser.parse_args()
    total = Counter[str]()
    for one in passes(options.only, options.others):
        counts = Counter[str]()
        for planted in one.chosen(random.Random(options.seed), options.alone, options.twos):
            more, said = told(one, planted)
            counts += more
            if said:
                shown = "; ".join(f"{p.line} {p.row}: {p.text.strip()}" for p in planted)
                print(f"  {shown} -> {said}", flush=True)
        print(one.name, _shown(counts), flush=True)
        total += counts
    print("all", _shown(total))


def _shown(counts: Counter[str]) -> str:
    all_, line, kind = counts["mistakes"], counts["line"], counts["kind"]
    shares = f"line {line} ({line / all_:.1%}), kind {kind} ({kind / all_:.1%})"
    return f"{all_} mistakes, {shares}, misleading {counts['misleading']}"


if __name__ == "__main__":
    main()
