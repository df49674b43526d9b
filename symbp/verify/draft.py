"""The Python text that an expression becomes, in the making: names for values, letters for indices, integers.

Every name in the text is made here (`i0`, `t1`, `k2`), so nothing that a user wrote gets into it, and it has no
builtins: it can do no more than read the tables, loop over ranges and call the number system's functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType
from typing import Any

from symbp.core.expr import Read
from symbp.core.integers import Atom, DimAt, Index, Poly, Quotient
from symbp.errors import CheckFailed, MissingRule
from symbp.verify.extents import is_plain, value_of
from symbp.verify.scope import Scope

# Python reads brackets in brackets to a depth of 200: what lies deeper becomes a function of its own.
DEEP = 16


class Draft:
    """A text in the making: what its names stand for, which letter stands for which index, its functions."""

    def __init__(self, scope: Scope):
        self.scope = scope
        self.names: dict[str, Any] = {"__builtins__": {}, "add_up": scope.numbers.add_up, "range": range, "int": int}
        self.letters: Mapping[Index, str] = {}
        self.functions: list[str] = []
        self.depth, self.bound, self.tables = 0, 0, dict[str, str]()

    def keep(self, value: Any) -> str:
        """A name for a value."""
        name = f"k{len(self.names)}"
        self.names[name] = value
        return name

    def table(self, tensor: str) -> str:
        """The name of a tensor's table."""
        if tensor not in self.tables:
            self.tables[tensor] = self.keep(self.scope.table(tensor))
        return self.tables[tensor]

    @contextmanager
    def binding(self, *indices: Index) -> Iterator[list[str]]:
        """New letters for indices; an inner one may bear an outer one's name."""
        outer = self.letters
        fresh = [f"i{self.bound + k}" for k in range(len(indices))]
        self.bound += len(indices)
        self.letters = {**outer, **dict(zip(indices, fresh, strict=True))}
        try:
            yield fresh
        finally:
            self.letters = outer

    def apart(self, text: str) -> str:
        """The same as a call of a function of its own, of all letters."""
        name, letters = f"f{len(self.functions)}", ", ".join(self.letters.values())
        self.functions.append(f"def {name}({letters}):\n    return {text}\n")
        return f"{name}({letters})"

    def function(self, letters: list[str], text: str) -> Callable[[Any], Any]:
        """The finished function of a key."""
        unpacked = f"    {', '.join(letters)}, = key\n" if letters else ""
        whole = "".join(self.functions) + f"def run(key):\n{unpacked}    return {text}\n"
        exec(_compiled(whole), self.names)
        return self.names["run"]  # type: ignore[no-any-return]


@lru_cache(maxsize=4096)
def _compiled(text: str) -> CodeType:
    return compile(text, "expression", "exec")


# Integers: a size is a number here, an index a letter.


def whole(poly: Poly, draft: Draft) -> str:
    """An integer expression."""
    offset, moving = 0, []
    for monomial, coefficient in poly.terms:
        factors = []
        for atom in monomial:
            if is_plain(Poly.of(atom)):
                coefficient *= value_of(Poly.of(atom), draft.scope.sizes)
            else:
                factors.append(_atom(atom, draft))
        if not factors:
            offset += coefficient
        else:
            moving.append("*".join(factors if coefficient == 1 else (str(coefficient), *factors)))
    return " + ".join([*moving, str(offset)] if offset or not moving else moving)


def _atom(atom: Atom, draft: Draft) -> str:
    match atom:
        case Index():
            return letter(atom, draft)
        case DimAt(name, at):
            sizes = draft.scope.sizes
            return f"{draft.keep(lambda position: sizes.along(name, position))}({whole(at, draft)})"
        case Read():
            return f"int({entry(atom, draft)})"
        case Quotient(top, bottom):
            return f"(({whole(top, draft)}) // ({whole(bottom, draft)}))"
    raise MissingRule(f"verify/draft.py has no rule for {type(atom).__name__} as an integer")


def letter(index: Index, draft: Draft) -> str:
    """What stands for an index."""
    if index not in draft.letters:
        raise CheckFailed(f"nothing says what the index {index.name} is")
    return draft.letters[index]


def values(index: Index, draft: Draft) -> str:
    """The range of an index, which may depend on the indices around it."""
    if is_plain(index.start) and is_plain(index.stop):
        return draft.keep(range(*(value_of(p, draft.scope.sizes) for p in (index.start, index.stop))))
    return f"range({whole(index.start, draft)}, {whole(index.stop, draft)})"


def key(subs: tuple[Poly, ...], draft: Draft) -> str:
    """Subscripts as a tuple."""
    return f"({', '.join(whole(s, draft) for s in subs)}{',' if len(subs) == 1 else ''})"


def entry(read: Read, draft: Draft) -> str:
    """An entry of a tensor."""
    return f"{draft.table(read.tensor)}[{key(read.subs, draft)}]"
