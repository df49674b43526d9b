"""Names on the left of a definition: which may stand there, and what they are called in the network.

In a network a name is a tensor's own; in a function that is inlined it is made of what the call defines, `h_gate` for
`gate`, unless the function returns it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from symbp.core.integers import Index, Poly
from symbp.notation import library
from symbp.notation.context import Context, letter_of
from symbp.notation.recurrence import Recurrent
from symbp.notation.syntax import base_of
from symbp.notation.words import why_not


def check_name(context: Context, node: ast.expr, name: str) -> None:
    """Refuses a reserved name and a redefinition."""
    if reason := why_not(name):
        context.fail(node, reason)
    match context.scope.get(name):
        case Poly() if name in context.file.sizes:
            context.fail(node, f"`{name}` is a size and cannot be a tensor too")
        case None | Recurrent(defined=False):
            pass
        case _:
            context.fail(node, f"`{name}` is defined twice; a name is assigned once")
    if context.file.declared(name):
        context.fail(node, f"`{name}` is already a function or a network of this file")
    if context.results is None and name in context.work.called and library.find(name):
        context.fail(node, f"`{name}` is a library function that this network calls; the tensor needs another name")


def check_carried(context: Context, target: ast.expr, parts: Sequence[Index | None]) -> None:
    """What a loop defines carries the indices of the loops first."""
    if not all(i in parts[: len(context.loops)] for i in context.loops):
        letters = ", ".join(letter_of(i) for i in context.loops)
        expected = f"`{ast.unparse(base_of(target))}[{letters}] = ...`"
        context.fail(target, f"what a loop defines carries its index: expected {expected}")


def local_name(context: Context, name: str) -> str:
    """What a name in a function is called in the network."""
    assert context.results is not None
    return context.results.get(name) or context.work.name(f"{context.target}_{name}")


def full_name(context: Context, name: str) -> str:
    """What a name on the left is called in the network."""
    match context.scope.get(name):
        case Recurrent(own):
            return own
    return name if context.results is None else local_name(context, name)


def defining(context: Context, name: str) -> Context:
    """The context of the right-hand side of `name = ...`."""
    full = name if context.results is None else (context.results.get(name) or f"{context.target}_{name}")
    return replace(context, target=full)
