"""What labels say: rows added up, and one entry of each row changed."""

from __future__ import annotations

from symbp.core.expr import Num
from symbp.core.integers import ONE
from symbp.emit.formula import ATOM, Text, scalar, size
from symbp.lowering.program import Statement


def rows_line(s: Statement, args: tuple[Text, ...], target: str) -> tuple[str, ...]:
    """`_add_rows(target, labels, rows)`, with how many labels each row has where that is not one."""
    (times,) = s.detail
    several = "" if times == ONE else f", {size(times).code}"  # type: ignore[arg-type]
    return (f"_add_rows({target}, {args[1].code}, {args[0].code}{several})",)


def plus_lines(s: Statement, args: tuple[Text, ...], target: str) -> tuple[str, ...]:
    """`target[rows, labels] -= 1`, after a copy where the array is still needed as it was."""
    base, amount, *places = args
    match s.args[1]:
        case Num(number) if number < 0:
            sign, text = "-=", scalar(Num(-number)).code
        case _:
            sign, text = "+=", amount.code
    where = ", ".join(p.code for p in places)
    copied = () if base.within(ATOM) == target else (f"{target}[...] = {base.code}",)
    return (*copied, f"{target}[{where}] {sign} {text}")
