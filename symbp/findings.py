"""What checks say together: one of two, a line for each thing that is wrong, and the exception of those that failed.

A tensor is called what its user calls it in the network's file too.
"""

from __future__ import annotations

import math
from dataclasses import replace

from symbp.core.equality import ROUNDING, Check
from symbp.core.network import Network
from symbp.errors import CheckFailed
from symbp.escape import Prose, on_terminal


def together(a: Check, b: Check) -> Check:
    """One check of what two were made of."""
    worse = a if a.error >= b.error else b
    notes = dict.fromkeys(note for note in (a.note, b.note) if note)
    return replace(worse, count=a.count + b.count, note="; ".join(notes))


def demand_passed(checks: tuple[Check, ...], network: Network | None = None) -> None:
    """Raise CheckFailed, with a line for each thing that is wrong, unless all have passed."""
    if found := findings(checks, network):
        raise CheckFailed("\n".join(found))


def findings(checks: tuple[Check, ...], network: Network | None = None) -> tuple[str, ...]:
    """A line for each tensor that is wrong, and for what else is: witnesses that agree on it are one finding. A tensor
    is called what its user calls it in the network's file too.
    """
    failed: dict[str, list[Check]] = {}
    for check in checks:
        if not check.passed:
            failed.setdefault(check.name, []).append(check)
    return tuple(describe(*(_with_words(c, network) for c in found)) for found in failed.values())


def _with_words(check: Check, network: Network | None) -> Check:
    words = Prose() if network is None else network.called(check.name)
    return replace(check, name=f"{check.name} ({on_terminal(words.part(han=False))})") if words else check


def describe(first: Check, *others: Check) -> str:
    """One line on checks of one thing that failed, in the words of the first."""
    against = [first.witness, *(c.witness for c in others)]
    said = " and ".join(filter(None, (", ".join(against[:-1]), against[-1])))
    error = f"error {first.error:.3g} exceeds the bound {first.bound:g}" if math.isfinite(first.error) else ""
    if error and first.witness == ROUNDING:
        error = f"{first.error:.3g} times what rounding makes of the definition, where {first.bound:g} times may be"
    return f"{first.name} against {said}: {'; '.join(filter(None, (error, first.note)))}"
