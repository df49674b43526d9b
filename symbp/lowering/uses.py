"""Who needs a value, and what a value shows: its users, the array in another shape, the owner of its memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symbp.lowering.program import VIEWS, Operand, Routine, Statement, by_name


def users_of(statements: Iterable[Statement]) -> dict[str, list[Statement]]:
    """The statements that need each array, in their order."""
    users: dict[str, list[Statement]] = {}
    for s in statements:
        for name in dict.fromkeys([a.name for a in s.arrays]):
            users.setdefault(name, []).append(s)
    return users


def base_of(operand: Operand, made: Mapping[str, Statement]) -> Operand:
    """The value that an operand shows in another shape, or itself."""
    while (maker := by_name(operand, made)) is not None and maker.op == "reshape":
        operand = maker.args[0]
    return operand


def view_roots(routine: Routine) -> dict[str, str]:
    """Of each view the value whose memory it shows."""
    roots: dict[str, str] = {}
    for s in routine.statements:
        if s.op in VIEWS and s.arrays:
            (shown, *_) = s.arrays
            roots[s.target.name] = roots.get(shown.name, shown.name)
    return roots
