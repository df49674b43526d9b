"""Plant mistakes in derivations and modules and print how many the checks catch.

python tests/mutation/report.py [--each 60] [--only NET]... [--show]

So many are planted in each network's derivation, half as many in its module.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.mutation.survey import (
    BUILT_IN,
    CAUGHT,
    LARGE,
    LAYERS,
    MISSED,
    OWN_NETWORKS,
    SAME,
    in_derivation,
    in_module,
    outcome,
    some,
)


def main() -> int:
    """Print a line for the derivations, one for the modules and one for both; 1 where one was missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--each", type=int, default=60)
    parser.add_argument("--only", action="append", help="a network; without it all")
    parser.add_argument("--show", action="store_true", help="print every mistake that was missed or changed no value")
    options = parser.parse_args()
    counts = {"derivations": Counter[str](), "modules": Counter[str]()}
    for name in options.only or (*BUILT_IN, *LAYERS, *LARGE, *OWN_NETWORKS):
        for what, plant, share in (("derivations", in_derivation, 1), ("modules", in_module, 2)):
            for mutant in some(plant(name), options.each // share, 1):
                found = outcome(mutant)
                counts[what][found] += 1
                if found == MISSED or (options.show and found == SAME):
                    print(f"{found}: {name}, {mutant.where}: {mutant.kind}", flush=True)
    total = counts["derivations"] + counts["modules"]
    for what, found in (*counts.items(), ("all", total)):
        print(
            f"{what}: {found.total()} planted, {found[SAME]} change no value, "
            f"{found.total() - found[SAME]} change one, {found[CAUGHT]} of these caught"
        )
    return int(total[MISSED] > 0)


if __name__ == "__main__":
    sys.exit(main())
