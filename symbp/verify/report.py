"""What the checks found, as `report.json` holds it and as the terminal shows it.

The file states the bound that each check met and never the error itself, which differs between processors; the terminal
shows the errors.
"""

from __future__ import annotations

from collections.abc import Sequence

from symbp.core.equality import Check
from symbp.core.network import Network
from symbp.verify.needs import needs
from symbp.verify.sizes import choose_sizes

# Which equalities of a document need the second may differ between processors, so that it is not said of each.
ARITHMETIC = "float64, and mpmath where digits cancel"


def report(
    network: Network, checks: Sequence[Check], literals: Sequence[tuple[int, int]] = (), seeds: int = 3
) -> dict[str, object]:
    """The content of report.json: the same bytes on every machine.

    `network` is what was checked; `literals` are literal sizes as they were written and as they were taken for that.
    """
    taken = {"literal sizes": {str(a): b for a, b in literals}} if literals else {}
    return {
        "network": network.name,
        "passed": all(c.passed for c in checks),
        "sizes": dict(choose_sizes(network, needs(network, network.outputs[0])).values),
        **taken,
        "seeds": seeds,
        "arithmetic": ARITHMETIC,
        "checks": [_entry(c) for c in checks],
    }


def _entry(check: Check) -> dict[str, object]:
    entry: dict[str, object] = {
        "what": check.name,
        "against": check.witness,
        "count": check.count,
        "within": check.bound,
        "passed": check.passed,
    }
    return {**entry, "note": check.note} if check.note else entry


def rows(checks: Sequence[Check]) -> list[tuple[str, str, int, str, str, str]]:
    """For a table: what, against what, how many, the worst error, the bound, what else there is to say."""
    return [(c.name, c.witness, c.count, f"{c.error:.1e}", f"{c.bound:g}", c.note) for c in checks]
