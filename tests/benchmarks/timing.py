"""Ratios of running times that mean something on a busy machine: interleaved in one process, their median."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

Step = Callable[[], object]


def ratios(steps: dict[str, Step], to: dict[str, str], seconds: float = 3.0) -> dict[tuple[str, str], float]:
    """The median over rounds of the time of one step to another's in the same round, for each pair in `to`."""
    for step in steps.values():
        step()
    once = max(_timed(step, 1) for step in steps.values())
    batch = max(1, int(2e-3 / once))
    rounds = max(15, min(400, int(seconds / (batch * once * len(steps)))))
    times: list[dict[str, float]] = []
    for k in range(rounds):
        names = list(steps) if k % 2 else list(reversed(steps))
        times.append({name: _timed(steps[name], batch) for name in names})
    return {(a, b): median(t[a] / t[b] for t in times) for a, b in to.items()} | {
        (name, "seconds"): median(t[name] for t in times) for name in steps
    }


def _timed(step: Step, times: int) -> float:
    start = perf_counter()
    for _ in range(times):
        step()
    return (perf_counter() - start) / times


def row(what: str, value: float, bound: float) -> str:
    """A line of the table of figures."""
    return f"{what:<82} {value:8.3f}  at most {bound:<6g} {'ok' if value <= bound else 'MISSED'}"


def unbounded(what: str, value: float, why: str) -> str:
    """A line for a figure that nothing was promised of, and why it is what it is."""
    return f"{what:<82} {value:8.3f}  {why}"
