"""Elementary functions as SymPy has them, and unknown ones, whose partial derivatives are functions again."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import sympy as sp

from symbp.core.functions import FUNCTIONS

BY_CASES = ("abs", "sign")  # which a case decides
ELEMENTARY = {row.name: row.sympy for row in FUNCTIONS.values() if row.name not in BY_CASES}


@lru_cache(maxsize=1 << 10)
def unknown(name: str, orders: tuple[int, ...]) -> Any:
    """The class of an unknown function, or of a partial derivative of it: SymPy's chain rule asks for `fdiff`."""

    def fdiff(self: Any, argindex: int = 1) -> sp.Expr:
        raised = tuple(k + (place == argindex - 1) for place, k in enumerate(orders))
        return unknown(name, raised)(*self.args)

    written = name + "".join(f".d{place + 1}" * k for place, k in enumerate(orders))
    return type(sp.Function)(
        written, (sp.Function,), {"fdiff": fdiff, "nargs": len(orders), "known_as": (name, orders)}
    )
