"""When two derivations are the same but for names: then one is shown, and the other says that it goes alike.

A derivation is written as a text in which every tensor, letter and size has a number for its name, in the order of
appearance. Letters that ride along are left out: one that every entry carries (the head, the step, the example of an
elementwise function), and one that stands behind another wherever that stands (n, t of a batch of sequences is as
good as one letter). A part of an array, z[n, H + k], is as good as an array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from symbp.calculus.steps import Chain
from symbp.core.expr import BINDERS, Binder, Compare, Delta, Expr, Fn, Num, Read
from symbp.core.integers import Atom, Dim, DimAt, Index, Node, Poly, Quotient
from symbp.core.traverse import children, nodes, polys, walk


@dataclass(frozen=True, slots=True)
class Form:
    """A text that is the same for derivations that are alike, and the tensors that its numbers stand for."""

    text: str
    tensors: tuple[str, ...]


def form_of(chains: Sequence[Chain]) -> Form:
    """The form of a derivation."""
    lines = [e for c in chains for e in (c.lhs, *(s.value for s in c.steps))]
    writer = _Writer(_riding(lines))
    text = "\n".join(writer.node(e) for e in lines)
    return Form(text, tuple(name for kind, name, _ in writer.numbers if kind == "T"))


def _riding(lines: Sequence[Expr]) -> frozenset[str]:
    """The letters that may be left out."""
    entries = [n for e in lines for n in nodes(e, Read)]
    plain = [[s.index.name if s.index else "" for s in r.subs] for r in entries if r.subs]
    elsewhere = {i.name for e in lines for p in _integers(e) for i in _letters(p)}
    bound = {i.name for e in lines for n in nodes(e, *BINDERS) for i in n.indices}
    names = dict.fromkeys(n for subs in plain for n in subs if n and n not in elsewhere)
    everywhere = {n for n in names if n not in bound and all(n in subs for subs in plain)}
    behind = {b for b in names for a in names if a != b and _pair(a, b, plain, bound)}
    return frozenset(everywhere | behind)


def _pair(a: str, b: str, plain: Iterable[Sequence[str]], bound: set[str]) -> bool:
    """Does b stand right behind a wherever one of the two stands, and are both summed or neither?"""
    if (a in bound) != (b in bound):
        return False
    for subs in plain:
        if a in subs or b in subs:
            if a not in subs or subs.index(a) + 1 >= len(subs) or subs[subs.index(a) + 1] != b:
                return False
            if subs.count(a) > 1 or subs.count(b) > 1:
                return False
    return True


def _integers(e: Expr) -> Iterable[Poly]:
    """The integers of an expression that are no plain subscripts."""
    for node in walk(e):
        yield from (p for p in polys(node) if not (isinstance(node, Read) and p.index))


def _letters(p: Poly) -> Iterable[Index]:
    return p.atoms_of(Index)


def _without_offset(p: Poly) -> Poly:
    """A letter for a letter behind sizes, H + k, which reads another part of an array as it would another array."""
    letters = p.atoms_of(Index)
    if len(letters) != 1 or p.index is not None:
        return p
    rest = p - letters[0]
    sizes = all(atoms and all(isinstance(a, Dim) for a in atoms) for atoms, _ in rest.terms)
    return Poly.of(letters[0]) if sizes else p


@dataclass(slots=True)
class _Writer:
    """Writes expressions with numbers for names."""

    riding: frozenset[str]
    numbers: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def _name(self, kind: str, name: str, part: str = "") -> str:
        return f"{kind}{self.numbers.setdefault((kind, name, part), len(self.numbers))}"

    def node(self, node: Node) -> str:
        """An expression or a condition."""
        label = type(node).__name__
        match node:
            case Read(tensor, subs):
                bare = [_without_offset(s) for s in subs]
                kept = (s for s in bare if not (s.index and s.index.name in self.riding))
                offsets = "".join(f"+{s - b}" for s, b in zip(subs, bare, strict=True) if s != b)
                return f"{self._name('T', tensor, offsets)}[{','.join(map(self._poly, kept))}]"
            case Delta(a, b):
                return f"Delta({self._poly(_without_offset(a))},{self._poly(_without_offset(b))})"
            case Num(value):
                label += str(value)
            case Fn(name, _, orders):
                label += f"{name}{orders}"
            case Compare(op, _, _):
                label += op
        inside = [self._index(i) for i in node.indices if i.name not in self.riding] if isinstance(node, Binder) else []
        inside += [self._poly(p) for p in polys(node)] + [self.node(c) for c in children(node)]
        return f"{label}({','.join(inside)})"

    def _poly(self, poly: Poly) -> str:
        if poly.index is not None:
            return self._index(poly.index)
        return "+".join(f"{c}*{'*'.join(map(self._atom, atoms))}" for atoms, c in poly.terms)

    def _index(self, i: Index) -> str:
        return self._name("I", i.name)

    def _atom(self, atom: Atom) -> str:
        match atom:
            case Index():
                return self._index(atom)
            case Dim(name):
                return self._name("D", name)
            case DimAt(name, at):
                return f"{self._name('D', name)}[{self._poly(at)}]"
            case Quotient(top, bottom):
                return f"({self._poly(top)}//{self._poly(bottom)})"
            case Read():
                return self.node(atom)
        return str(atom)
