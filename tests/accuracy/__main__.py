"""The errors in float32 beside PyTorch's: `python -m tests.accuracy [--networks a,b] [--quick]`.

A line for each tensor that breaks the rule: network, setting, seed, tensor, our error, PyTorch's. The last line counts.
"""

from __future__ import annotations

import argparse
import sys
import time

import torch

from tests.accuracy import sums
from tests.accuracy.measure import SEEDS, Outcome, measure
from tests.accuracy.subjects import built_in, further


def main() -> int:
    """Print what misses the rule and a summary; 1 if anything does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", default="", help="names, with commas between them; all by default")
    parser.add_argument("--setting", default="", help="one scale or kind of zeros, as it is printed")
    parser.add_argument("--quick", action="store_true", help="one draw at each setting")
    parser.add_argument("--each", action="store_true", help="print every run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began, outcomes = time.monotonic(), []
    wanted = [n for n in options.networks.split(",") if n]
    subjects = [s for s in (*built_in(), *further()) if not wanted or s.name in wanted]
    for subject in subjects:
        for outcome in measure(subject, SEEDS[:1] if options.quick else SEEDS, options.setting):
            outcomes.append(outcome)
            show(outcome, options.each)
    million = [] if options.setting else [e for e in sums.TABLE if not wanted or e.name in wanted]
    for e in million:
        outcomes.append(outcome := sums.measure(e, sums.SEEDS[:1] if options.quick else sums.SEEDS))
        show(outcome, options.each)
    print(summary(tuple(outcomes)), f"{time.monotonic() - began:.0f} s", sep="; ")
    return int(any(o.misses for o in outcomes))


def show(outcome: Outcome, each: bool) -> None:
    """Print what an outcome misses, or whatever it is."""
    for miss in outcome.misses:
        print(miss, flush=True)
    if each:
        print(f"{outcome.network} {outcome.setting}: {outcome.ratio:.2f} {outcome.source}", flush=True)


def summary(outcomes: tuple[Outcome, ...]) -> str:
    """One line: how many networks and runs, how many miss the rule, the largest error to what it may be."""
    known = [o for o in outcomes if o.source not in ("", "too large")]
    bad = [o for o in outcomes if o.misses]
    worst = max((o.ratio for o in outcomes if not o.misses), default=0.0)
    return (
        f"{len({o.network for o in outcomes})} networks, {len(known)} runs with a truth that float32 can hold, "
        f"{len(outcomes) - len(known)} others; {len(bad)} missed in {len({o.network for o in bad})} networks; "
        f"largest error of the rest {worst:.2f} of what it may be"
    )


if __name__ == "__main__":
    sys.exit(main())
