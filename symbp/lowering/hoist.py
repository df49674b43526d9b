"""What a loop need not compute step by step: whatever reads nothing of the loop is computed for all steps at once.

The input's product becomes one matrix product before the loop, and what a backward loop needs of forward values alone
is ready when it starts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from symbp.core import build
from symbp.core.expr import Add, Expr, Mul, Read, Where
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.network import Equation
from symbp.core.traverse import free_indices, map_children, reads, substitute
from symbp.lowering.boxes import Box, box_of


@dataclass(slots=True)
class _Hoist:
    """The loop's tensors and index, and the equations taken out so far."""

    names: frozenset[str]
    own: tuple[Index, ...]
    prefix: str
    may: Callable[[Expr], bool]
    taken: list[Equation] = field(default_factory=list)

    def free(self, node: Node) -> bool:
        """Does it read nothing of the loop?"""
        return not any(r.tensor in self.names for r in reads(node))

    def out(self, node: Any) -> Any:
        """The expression with what can be taken out as reads of tensors of their own."""
        if not isinstance(node, Expr) or isinstance(node, Read):
            return node
        if self.free(node):
            return self._alone(node)
        box = box_of(node.cond) if isinstance(node, Where) and node.other == build.NIL else None
        if isinstance(node, Where) and box is not None and box.index in self.own[1:]:
            return self._in_box(node, box)
        if isinstance(node, (Add, Mul)):
            join = build.add if isinstance(node, Add) else build.mul
            apart = [a for a in node.args if self.free(a) and self._fits(a)]
            rest = [self.out(a) for a in node.args if a not in apart]
            return join(*([self._alone(join(*apart))] if apart else []), *rest)
        return map_children(node, self.out)

    def _in_box(self, node: Where, box: Box) -> Expr:
        """A choice by the range of an index: what stands there is taken out for that range alone."""
        before = self.own
        self.own = tuple(box.inner if i == box.index else i for i in self.own)
        then = self.out(box.inside(node.then))
        self.own = before
        back: dict[Atom, Poly] = {box.inner: Poly.of(box.index) - box.low}
        return Where(node.cond, substitute(then, back), node.other)

    def _fits(self, node: Expr) -> bool:
        return all(i in self.own for i in free_indices(node))

    def _alone(self, node: Expr) -> Expr:
        held = free_indices(node)
        if isinstance(node, Read) or self.own[0] not in held or not self._fits(node) or not self.may(node):
            return node
        indices = tuple(i for i in self.own if i in held)
        name = f"{self.prefix}.{len(self.taken)}"
        self.taken.append(Equation(name, indices, node))
        return Read(name, tuple(Poly.of(i) for i in indices))


def hoisted(
    equations: tuple[Equation, ...], may: Callable[[Expr], bool]
) -> tuple[tuple[Equation, ...], tuple[Equation, ...]]:
    """Equations to be computed before the loop, and the loop's equations that read them."""
    names = frozenset(e.name for e in equations)
    before: list[Equation] = []
    rest: list[Equation] = []
    for e in equations:
        work = _Hoist(names, e.indices, e.name, may)
        rest.append(replace(e, body=work.out(e.body)))
        before += work.taken
    return tuple(before), tuple(rest)
