"""What else a right pass is tried at: data on which entries tie, and float32. Neither makes it wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symbp.review.runs import ROUGH
from symbp.review.trial import Draw, Outcome, Trial, close

SINGLE = 1e-3  # of a gradient's largest entry, as for the modules that symbp writes


def at_kinks(trial: Trial, tied: Draw) -> str:
    """At a tie several derivatives are as good as each other; what is none is told."""
    outcome = trial.run(trial.program.variant({}), tied)
    if bad := _not_finite(outcome, trial):
        return f"at ties {bad}"
    same = all(close(outcome.gradients.get(n), g, ROUGH) for n, g in tied.gradients.items())
    return "at ties as on the pages" if same else "at ties another choice than the pages', as good"


def in_float32(trial: Trial, draw: Draw) -> str:
    """How many digits are left in float32."""
    inputs = {n: _single(v) for n, v in draw.inputs.items()}
    outcome = trial.run(trial.program.variant({}), replace(draw, inputs=inputs))
    if bad := _not_finite(outcome, trial):
        return f"in float32 {bad}"
    lost = [n for n, g in draw.gradients.items() if not close(outcome.gradients.get(n), g, SINGLE)]
    return f"in float32, where the gradient of {' and of '.join(lost)} loses digits" if lost else "in float32"


def _single(value: object) -> object:
    return value.astype(np.float32) if isinstance(value, np.ndarray) and value.dtype == np.float64 else value


def _not_finite(outcome: Outcome, trial: Trial) -> str:
    if outcome.error is not None:
        return f"it raises {type(outcome.error).__name__}: {outcome.error}"
    bad = [n for n in trial.names.parameters if not _is_finite(outcome.gradients.get(n))]
    return f"the gradient of {bad[0]} is not finite" if bad else ""


def _is_finite(value: object) -> bool:
    try:
        return bool(np.all(np.isfinite(np.asarray(value, dtype=float))))
    except (TypeError, ValueError):
        return False
