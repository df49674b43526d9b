"""What is claimed and what a check found: the types that the rooms exchange."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.core.expr import Expr

# What stands before a parameter in the name of the check of its part of a Hessian-vector product.
PRODUCT = "H v by "
# The witness of a module's exactness: what rounding makes of the definition.
ROUNDING = "rounding"
# The witness that differentiates by itself and proves the derived results.
SYMPY = "SymPy"


@dataclass(frozen=True, slots=True)
class Equality:
    """A displayed `lhs = rhs`, for all values of their free indices; `where` says where it stands."""

    lhs: Expr
    rhs: Expr
    where: str


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check: `error` is the worst that was seen, `bound` what it had to meet.

    `name` says what was checked (a tensor, "equalities"), `witness` against what (interpreter, central difference,
    complex step), `count` how many entries or equalities, `note` what else there is to say (the worst entry, a
    diagnosis, how many were skipped at kinks).
    """

    name: str
    witness: str
    count: int
    error: float
    bound: float
    note: str = ""

    @property
    def passed(self) -> bool:
        return self.error <= self.bound
