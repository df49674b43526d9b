"""The module's outside: signatures, shapes as they were written, the keywords of unknown functions."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.core.integers import Poly
from symbp.core.network import Tensor
from symbp.emit.words import VECTOR
from symbp.lowering.program import FILLING, Program, Routine, every_statement, function_name


def written_shape(tensor: Tensor) -> str:
    """The shape as in the network: names of sizes as texts, literal sizes as numbers."""
    extents = [_extent(e) for e in tensor.shape]
    if tensor.each is not None:
        extents[0] = f'"{tensor.each}: {tensor.shape[0]}"'
    return f"({extents[0]},)" if len(extents) == 1 else f"({', '.join(extents)})"


def _extent(extent: Poly) -> str:
    return str(extent.constant) if extent.constant is not None else f'"{extent}"'


def keyword_names(program: Program) -> tuple[str, ...]:
    """The keywords of the unknown functions: f, then those of its partial derivatives that are needed."""
    used = dict.fromkeys(call for r in program.routines for call in _calls(r))
    names: list[str] = []
    for name, _ in program.functions:
        orders = sorted((o for n, o in used if n == name and any(o)), key=_order)
        names += [name, *(function_name(name, o) for o in orders)]
    return tuple(names)


def _calls(routine: Routine) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The unknown functions that a routine calls, each with how often it is differentiated by each argument."""
    for s in every_statement(routine.statements):
        if s.op == "call":
            name, orders = s.detail
            yield name, orders  # type: ignore[misc]


def _order(orders: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """First derivatives before second ones, by the first argument before the second."""
    return sum(orders), tuple(-k for k in orders)


def signature(program: Program, routine: Routine) -> str:
    """Data by position, then a vector where one is taken, the rest by keyword.

    Partial derivatives of unknown functions that this routine does without need not be given.
    """
    data = [n for n in routine.inputs if n in program.data]
    keywords = [*(n for n in routine.inputs if n in program.parameters), *program.given]
    data += [VECTOR] if routine.vector else []
    needed = {name for name, _ in program.functions}
    if routine.name in FILLING:
        needed |= {function_name(name, orders) for name, orders in _calls(routine)}
    keywords += [n if n in needed else f"{n}=None" for n in keyword_names(program)]
    if routine.name in FILLING:
        keywords += ["out=None", "work=None"]
    return ", ".join([*data, "*", *keywords] if keywords else data)
