"""The same once more in mpmath: what a witness says of an entry where floats cannot tell.

The data are the very floats that were drawn, everything else is worked out anew, derivatives too. That takes a
thousand times as long, so it is done for the entries on which something depends, and no more once one of them has been
found wrong in all digits. What terms of 1e40 leave of one another takes more digits than the usual ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from symbp.errors import CheckFailed
from symbp.verify.precise import DIGITS, precise_with_steps
from symbp.verify.steps import Steps
from symbp.verify.systems import DOMAIN_ERRORS, Numbers, Value
from symbp.verify.witness import Witness
from symbp.verify.world import Inputs

# As many entries of tensors may be computed for the steps in all: seconds.
MOST_ENTRIES = 60_000
# In the first nearly everything is told; the second is asked where that fails.
EVER_MORE_DIGITS = (DIGITS, 4 * DIGITS)


@dataclass(slots=True)
class Again:
    """`build` makes the witness with the numbers and steps that it is given."""

    build: Callable[[Numbers, Steps, float], Witness]
    inputs: Inputs = field(default_factory=dict)
    witnesses: dict[int, Witness] = field(default_factory=dict)
    filled: set[int] = field(default_factory=set)
    hopeless: bool = False

    def fill(self, inputs: Inputs) -> None:
        """New data."""
        self.inputs = inputs
        self.filled.clear()

    def error(self, difference: Callable[[Witness], Value], bound: float, otherwise: float) -> float:
        """An error worked out again; `otherwise` is what floats said, which stands where this is not to be done."""
        if self.hopeless:
            return otherwise
        found = math.nan
        for digits in EVER_MORE_DIGITS:
            try:
                found = abs(float(difference(self._ready(digits))))
            except (CheckFailed, *DOMAIN_ERRORS):
                break
            if found <= bound:
                return found
        self.hopeless = True
        return otherwise if math.isnan(found) else found

    def _ready(self, digits: int) -> Witness:
        if digits not in self.witnesses:
            self.witnesses[digits] = self.build(*precise_with_steps(digits), MOST_ENTRIES)
        witness = self.witnesses[digits]
        if digits not in self.filled:
            number = witness.world.scope.numbers.number
            witness.fill(
                {
                    name: {k: v if isinstance(v, int) else number(Fraction(v)) for k, v in table.items()}
                    for name, table in self.inputs.items()
                }
            )
            self.filled.add(digits)
        return witness
