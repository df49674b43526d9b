"""What everything in a network file is called: values, sizes, which of a loop's arrays one is.

Names that come from a module are user text: what is no name of the language is made one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from symbp.core.integers import Atom, Poly, write_poly
from symbp.importing.draft import AFTER, ATOM, BEFORE, FIRST, HERE, LAST, PLUS, TIMES, WHOLE, Expr, Hole, Loop, Value
from symbp.importing.sizes import Sizes
from symbp.notation.words import BUILTINS, IMPORTS, fresh

# Further words of the language that a file may use, so that no tensor can be called so.
SHAPES = (
    "reshape flatten concatenate stack transpose swapaxes repeat pad roll zeros ones arange eye einsum cumsum cumprod"
)
LETTERS = ("t", "l")  # of loops
RESERVED = frozenset((*BUILTINS, *IMPORTS, *SHAPES.split(), "prod", "argmax", "argmin", "stop_gradient", *LETTERS))


@dataclass(slots=True)
class Names:
    """What everything is called. `rough` names are for measuring alone."""

    sizes: Sizes
    taken: set[str]
    placed: Mapping[Value, Expr]
    rough: bool = False
    values: dict[Value, str] = field(default_factory=dict)
    dims: dict[Atom, str] = field(default_factory=dict)

    def name_sizes(self, shapes: Sequence[Poly]) -> None:
        """Each by its role: N, D, H, H1, ..."""
        for atom in dict.fromkeys(a for s in shapes for a in self.sizes.now(s).atoms()):
            self.dims[atom] = self.fresh(self.sizes.letter(atom) or "D")

    def fresh(self, hint: str) -> str:
        name = fresh(word(hint), self.taken)
        self.taken.add(name)
        return name

    def size(self, size: Poly) -> str:
        return write_poly(self.sizes.now(size), lambda a: self.dims.get(a, "D"), " * ")

    def base(self, value: Value) -> str:
        if self.rough:
            return word(value.hint)
        if value not in self.values:
            self.values[value] = self.fresh(value.hint)
        return self.values[value]

    def text(self, body: Expr) -> str:
        return "".join(map(self._part, body.parts))

    def _part(self, part: str | Poly | Hole | Loop) -> str:
        match part:
            case Hole():
                return self._read(part)
            case Poly():
                return self.size(part)
            case Loop():
                return part.letter
        return part

    def _read(self, hole: Hole) -> str:
        body = self.placed.get(hole.value)
        if body is None:
            return self.name(hole.value)
        text = self.text(body)
        level = body.level
        if level == TIMES and len(body.parts) == 1 and isinstance(body.parts[0], Poly):
            level = _level(text)
        return f"({text})" if level < hole.needs else text

    def name(self, value: Value) -> str:
        """Its name, and which of a loop's arrays it is."""
        if value.source is not None:
            return self._turn(value.source, value.turn)
        return self._turn(value, HERE) if value.loop is not None else self.base(value)

    def _turn(self, value: Value, turn: str) -> str:
        base = self.base(value)
        if turn == WHOLE:
            return base
        if value.loop is None:
            return f"{base}[{LETTERS[1]}]"  # one of a stack of parameters
        letter = value.loop.letter
        turns = self.size(value.loop.size)
        last = str(int(turns) - 1) if turns.isdigit() else f"{turns} - 1"
        places = {HERE: letter, BEFORE: f"{letter} - 1", AFTER: f"{letter} + 1", FIRST: "0", LAST: last}
        return f"{base}[{places[turn]}]"


def _level(text: str) -> int:
    """How tightly a size binds."""
    return PLUS if " + " in text or " - " in text else TIMES if " * " in text else ATOM


def word(hint: str) -> str:
    """The nearest thing to a hint that can be a name."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", hint).strip("_")
    return f"layer{name}" if name[:1].isdigit() else name or "h"
