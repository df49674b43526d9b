"""Habits of print that need no printer: what is a letter, what fits above a line, how an opposite is written."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.core.expr import (
    FALSE,
    TRUE,
    Add,
    Compare,
    Cond,
    Expr,
    Int,
    Mul,
    Not,
    Num,
    Pi,
    Pow,
    Read,
)

OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def unknown_head(name: str, orders: Sequence[int]) -> str:
    r"""f, f', \partial_1 f: an unknown function with how often it is differentiated by each argument."""
    if len(orders) == 1:
        return name + ("'" * orders[0] if orders[0] < 4 else f"^{{({orders[0]})}}")
    marks = (f"\\partial_{{{k}}}" + (f"^{{{n}}}" if n > 1 else "") for k, n in enumerate(orders, 1) if n)
    return "".join(marks) + (" " if any(orders) else "") + name


def is_letter(tex: str) -> bool:
    tex = tex.rstrip("'")
    return len(tex) == 1 or (tex.startswith("\\") and tex[1:].isalpha())


def spaced(parts: Sequence[str]) -> list[str]:
    """A command needs a space behind it where a letter follows."""
    last = len(parts) - 1
    return [
        p + " " if p.startswith("\\") and k < last and parts[k + 1][:1].isalpha() else p for k, p in enumerate(parts)
    ]


def fits_above(argument: Expr) -> bool:
    """Is it short enough for an exponent?"""
    match argument:
        case Read() | Num() | Int() | Pi():
            return True
        case Mul(args) | Add(args):
            return len(args) <= 3 and all(fits_above(a) for a in args)
        case Pow(base, Num(value)):
            return value > 0 and fits_above(base)
    return False


def negated(cond: Cond) -> Cond:
    """The opposite condition."""
    match cond:
        case Compare(op, a, b):
            return Compare(OPPOSITE[op], a, b)
        case Not(arg):
            return arg
    if cond in (TRUE, FALSE):
        return FALSE if cond == TRUE else TRUE
    return Not(cond)
