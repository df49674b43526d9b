"""One check of a module in the making, over all draws, and what rounding excuses in it.

A tally is what every comparison goes into; what it says in the end is a Check.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from symbp.core.equality import Check
from symbp.verify.diagnose import Look, agreed
from symbp.verify.tape.network import Slopes

LOSS_BOUND = 1e-12
GRADIENT_BOUND = 1e-9
SINGLE_BOUND = 1e-3
# So many times what rounding makes of a definition that is differentiated plainly is no mistake.
PLAIN = 8
# Gradients smaller than this beside the loss are compared absolutely: rounding in them comes from terms of order 1.
SMALLEST_SCALE = 1e-3
INTERPRETER, COMPLEX, CENTRAL, INTERFACE = "interpreter", "complex step", "central difference", "interface"


@dataclass(slots=True)
class Tally:
    """One check in the making, over all seeds."""

    name: str
    witness: str
    bound: float
    count: int = 0
    error: float = 0.0
    note: str = ""
    vacuous: bool = True
    skipped: int = 0
    remark: str = ""  # what is worth saying of a check that passes
    looks: list[tuple[Look, ...]] = field(default_factory=list)  # what the mistake looks like at each draw

    def add(self, error: float, note: str = "") -> None:
        """One more comparison; the worst one's note is kept where it is beyond the bound."""
        error = math.inf if math.isnan(error) else error
        if error > self.error:
            self.error = error
            self.note = note if error > self.bound else ""

    def check(self, manner: str) -> Check:
        notes = [": ".join(filter(None, (self.note, agreed(self.looks))))] if self.note else []
        if self.error <= self.bound:
            notes = [manner] if manner else []
            notes += ["vacuous: 0 on both sides"] if self.vacuous and self.count else []
            notes += [f"{self.skipped} skipped at kinks"] if self.skipped else []
            notes += [self.remark] if self.remark else []
        return Check(self.name, self.witness, self.count, self.error, self.bound, "; ".join(notes))


@dataclass(slots=True)
class Terms:
    """What rounding makes of the loss and of each gradient at a draw, worked out when it is first asked for."""

    slopes: Callable[[], Slopes] | None = None
    found: Slopes | None = None

    def left(self, value: float, name: str = "", *, single: bool = False) -> float:
        """What may be left of terms that cancel, where a value is no larger than that; else 0: it has digits to ask."""
        rounding = PLAIN * self._rounding(name, single)
        return rounding if value <= rounding else 0.0

    def _rounding(self, name: str, single: bool) -> float:
        """That of a gradient, or of the loss, where it is computed plainly; 0 where nothing is known."""
        if self.slopes is not None:
            compute, self.slopes = self.slopes, None
            try:
                self.found = compute()
            except (ArithmeticError, ValueError):  # at a kink, or at a pole
                self.found = None
        if self.found is None:
            return 0.0
        found = self.found.gradients[name].values() if name else (self.found.loss,)
        return max(s.single if single else s.double for s in found)


def scale_of(values: Sequence[float], loss: float) -> float:
    """What the error of a gradient is divided by: its largest entry, which is no less than a part of the loss."""
    return max([abs(v) for v in values if math.isfinite(v)] + [SMALLEST_SCALE * max(1.0, abs(loss))])


def distance(a: float, b: float) -> float:
    return abs(a - b) if math.isfinite(a) and math.isfinite(b) else math.inf
