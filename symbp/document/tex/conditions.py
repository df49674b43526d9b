"""Conditions as LaTeX: comparisons, chained where they share a side, joined by words; the place of an extreme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from symbp.core.expr import TRUE, And, Compare, Cond, First, Not, Or
from symbp.core.integers import Index, Node, Poly
from symbp.document.ranges import alone, chained, division
from symbp.document.tex.pieces import ADD, MUL, Piece, Text, group

RELATION = {"<": "<", "<=": "\\le", ">": ">", ">=": "\\ge", "==": "=", "!=": "\\ne"}


class Prints(Protocol):
    """What a condition asks of the printer of its sides."""

    def text(self, node: Node, small: bool = False) -> Text: ...

    def at(self, node: Node, level: int, small: bool = False, last: bool = True) -> Text: ...

    def tex(self, node: Node, level: int = ADD, small: bool = False) -> str: ...

    def poly(self, poly: Poly) -> str: ...

    def limits(self, indices: Sequence[Index], conditions: Sequence[str]) -> str: ...

    def said(self, name: str, /, **slots: str) -> str: ...

    def joined(self, kind: str, count: int) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class Conditions:
    """Sets conditions; `small` for a limit or an exponent."""

    printer: Prints
    small: bool

    def of(self, node: Compare | First | And | Or | Not) -> Text:
        """The text of a condition."""
        match node:
            case Compare():
                return self._compare(node)
            case First():
                return self._first(node)
            case And(args):
                return self._joined("all", chained(args), self.printer.said("condition.true"))
            case Or(args):
                return self._joined("any", [(a,) for a in args], self.printer.said("condition.false"))
            case Not(arg):
                inner = group(self.printer.text(arg, self.small))
                return replace(inner, pieces=(Piece(self.printer.said("condition.not", condition=inner.tex)),))

    def _compare(self, node: Compare) -> Text:
        divided = division(node)
        if divided is not None:
            return Text((Piece(f"{self.printer.poly(divided.bottom)} \\mid {self.printer.poly(divided.top)}"),), ADD)
        shown = alone(node)
        a, b = self.printer.text(shown.a, self.small), self.printer.text(shown.b, self.small)
        return Text((Piece(f"{a.tex} {RELATION[shown.op]} {b.tex}"),), ADD, height=max(a.height, b.height))

    def _first(self, node: First) -> Text:
        r"""(u', v') = argmax_{u,v} x: the first place where the extreme is attained."""
        at = ",".join(self.printer.poly(p) for p in node.at)
        at = f"({at})" if len(node.at) > 1 else at
        conditions = [] if node.cond == TRUE else [self.printer.tex(node.cond, small=True)]
        inner = self.printer.at(node.body, MUL)
        tex = f"{at} = \\operatorname*{{arg{node.kind}}}{self.printer.limits(node.indices, conditions)} {inner.tex}"
        return Text((Piece(tex),), ADD, height=max(1, inner.height))

    def _chain(self, group: tuple[Cond, ...]) -> Text:
        """A condition, or a \\le j < b for two that share their middle."""
        texts = [self.printer.text(c, self.small) for c in group]
        if len(group) == 1:
            return texts[0]
        second = group[1]
        assert isinstance(second, Compare)
        tex = f"{texts[0].tex} {RELATION[second.op]} {self.printer.text(second.b, self.small).tex}"
        return Text((Piece(tex),), ADD, height=max(t.height for t in texts))

    def _joined(self, kind: str, groups: Sequence[tuple[Cond, ...]], empty: str) -> Text:
        texts = [self._chain(group) for group in groups]
        nested = [isinstance(first, (And, Or)) for first, *_ in groups]
        parts = [group(t).tex if inside else t.tex for inside, t in zip(nested, texts, strict=True)]
        before = self.printer.joined(kind, len(parts))
        pieces = tuple(Piece(words + part) for words, part in zip(before, parts, strict=True)) or (Piece(empty),)
        return Text(pieces, ADD, height=max((t.height for t in texts), default=0))
