"""What a loop need not compute step by step: whatever reads nothing of the loop is computed for all steps at once.

The input's product becomes one matrix product before the loop, and what a backward loop needs of forward values alone
is ready when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from symbp.core import build
from symbp.core.expr import TRUE, Add, Cond, Expr, Mul, Read, Sum, Where
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.network import Equation
from symbp.core.ranges import is_nonnegative
from symbp.core.traverse import free_indices, map_values, polys, reads, substitute, walk
from symbp.lowering.boxes import Box, box_of
from symbp.lowering.depends import mentions
from symbp.lowering.innermost import Order, in_order


@dataclass(slots=True)
class _Hoist:
    """The loop's tensors and index, and the equations taken out so far."""

    names: frozenset[str]
    own: tuple[Index, ...]
    prefix: str
    may: Callable[[Expr], bool]
    extent: Callable[[str, int], Poly | None]
    taken: list[Equation] = field(default_factory=list)
    cond: Cond = TRUE  # where what is taken out counts; elsewhere it is 0

    def free(self, node: Node) -> bool:
        """Does it read nothing of the loop?"""
        return not any(r.tensor in self.names for r in reads(node))

    def out(self, node: Expr) -> Expr:
        """The expression with what can be taken out as reads of tensors of their own."""
        if self.free(node):
            return self._alone(node)
        match node:
            case Where(cond, _, build.NIL) if (box := box_of(cond)) is not None and box.index in self.own[1:]:
                return self._in_box(node, box)
            case Sum(_, Add() as body):
                return self._split(node, body)
            case Add(args):
                return self._apart(build.add, args)
            case Mul(args):
                return self._apart(build.mul, args)
        return map_values(node, self.out)

    def _apart(self, join: Callable[..., Expr], args: tuple[Expr, ...]) -> Expr:
        """A sum or a product with all that reads nothing of the loop taken out together."""
        apart = [a for a in args if self.free(a) and self._fits(a)]
        rest = [self.out(a) for a in args if a not in apart]
        return join(*([self._alone(join(*apart))] if apart else []), *rest)

    def _in_box(self, node: Where, box: Box) -> Expr:
        """A choice by the range of an index: what stands there is taken out for that range alone.

        A range that may be empty, as that of all steps but one, is none to be read from at any place: there it is taken
        out for all values of the index, and is 0 outside of the range.
        """
        if not is_nonnegative(box.inner.extent - 1):
            outer, self.cond = self.cond, build.both(self.cond, node.cond)
            inside = self.out(node.then)
            self.cond = outer
            return Where(node.cond, inside, node.other)
        before = self.own
        self.own = tuple(box.inner if i == box.index else i for i in self.own)
        then = self.out(box.inside(node.then))
        self.own = before
        back: dict[Atom, Poly] = {box.inner: Poly.of(box.index) - box.low}
        return Where(node.cond, substitute(then, back), node.other)

    def _split(self, node: Sum, body: Add) -> Expr:
        """A sum of terms that read the loop and of terms that do not as two sums."""
        apart = build.total(node.indices, build.add(*(a for a in body.args if self.free(a))))
        if apart == build.NIL or not self._fits(apart):
            return map_values(node, self.out)
        rest = build.total(node.indices, build.add(*(a for a in body.args if not self.free(a))))
        return build.add(self._alone(apart), map_values(rest, self.out))

    def _fits(self, node: Expr) -> bool:
        return all(i in self.own for i in free_indices(node))

    def _alone(self, node: Expr) -> Expr:
        held = free_indices(node)
        if isinstance(node, Read) or self.own[0] not in held or not self._fits(node) or not self.may(node):
            return node
        indices = tuple(i for i in self.own if i in held)
        name = f"{self.prefix}.{len(self.taken)}"
        first, ahead = self.own[0], self._ahead(node)
        there = substitute(node, {first: Poly.of(first) - ahead})
        self.taken.append(Equation(name, indices, build.where(self.cond, there, build.NIL)))
        return Read(name, tuple(Poly.of(i) + (ahead if i == first else 0) for i in indices))

    def _ahead(self, node: Expr) -> int:
        """How many steps ahead everything is that it reads of the loop's index: it is computed for its own step."""
        first = self.own[0]
        found: set[int | None] = set()
        for part in walk(node):
            at = [(k, p) for k, p in enumerate(polys(part)) if mentions(p, first)]
            match part:
                case Read(name) if all(self.extent(name, k) == first.stop for k, _ in at):
                    found |= {(p - first).constant for _, p in at}
                case _ if at:
                    return 0
        ahead = found.pop() if len(found) == 1 else None
        return ahead or 0


def hoisted(
    equations: tuple[Equation, ...],
    may: Callable[[Expr], bool],
    extent: Callable[[str, int], Poly | None],
    orders: Mapping[str, Order],
) -> tuple[tuple[Equation, ...], tuple[Equation, ...]]:
    """Equations to be computed before the loop, in its order of axes, and the loop's equations that read them.

    `may` says what is worth it, `extent` how far a subscript of a tensor goes that was computed before.
    """
    names = frozenset(e.name for e in equations)
    before: list[Equation] = []
    rest: list[Equation] = []
    for e in equations:
        work = _Hoist(names, in_order(e.indices, orders.get(e.name)), e.name, may, extent)
        rest.append(replace(e, body=work.out(e.body)))
        before += work.taken
    return tuple(before), tuple(rest)
