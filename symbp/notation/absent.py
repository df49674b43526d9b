"""Labels that may name no class, `t: Labels[N, K, -100]`: subscripts only where a condition leaves that out."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from symbp.core import build
from symbp.core.expr import FALSE, TRUE, And, Compare, Cond, Not, Or, Read, Where
from symbp.core.integers import Node, Poly
from symbp.core.traverse import children, labels_of
from symbp.notation.context import Context


def demand_absence(context: Context, node: ast.FunctionDef) -> None:
    """Raise NotationError, at the argument, where labels are read without a condition."""
    absent = {t.name: t.absent for t in context.work.inputs.values() if t.absent is not None}
    if not absent:
        return
    for equation in context.work.equations:
        for label in _bare(equation.body, absent, ()):
            value = absent[label.tensor]
            text = f"`{label.tensor}` may be {value} in `{equation.name}`, which is no class; read it where it is not"
            raise context.error(_argument(node, label), f"{text}: `... if {label.tensor}[n] != {value} else 0`")


def _argument(node: ast.FunctionDef, label: Read) -> ast.arg | ast.stmt:
    every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    return next((a for a in every if a.arg == label.tensor), node)


def _bare(node: Node, absent: dict[str, int], known: tuple[Cond, ...]) -> Iterator[Read]:
    """The labels in subscripts that no condition around them keeps from being absent."""
    if isinstance(node, Read):
        for sub in node.subs:
            yield from (a for a in labels_of(sub) if a.tensor in absent and not _left_out(a, absent[a.tensor], known))
    if isinstance(node, Where):
        yield from _bare(node.cond, absent, known)
        yield from _bare(node.then, absent, (*known, node.cond))
        yield from _bare(node.other, absent, (*known, build.negate(node.cond)))
        return
    for child in children(node):
        yield from _bare(child, absent, known)


def _left_out(label: Read, value: int, known: tuple[Cond, ...]) -> bool:
    return any(_holds(c, label, value) is False for c in known)


def _holds(cond: Node, label: Read, value: int) -> bool | None:
    """Whether a condition holds where the label is that; None where other things decide."""
    if isinstance(cond, Not):
        inner = _holds(cond.arg, label, value)
        return None if inner is None else not inner
    if isinstance(cond, (And, Or)):
        decisive, found = isinstance(cond, Or), [_holds(c, label, value) for c in cond.args]
        return decisive if decisive in found else None if None in found else not decisive
    if not isinstance(cond, Compare):
        return None
    a, b = (build.as_integer(side) for side in (cond.a, cond.b))
    if a is None or b is None:
        return None
    there = [build.integer(p.replace(lambda x: Poly.of(value) if x == label else None)) for p in (a, b)]
    return {TRUE: True, FALSE: False}.get(build.compare(cond.op, *there))


__all__ = ["demand_absence"]
