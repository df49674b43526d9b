"""From a Draft to the text of a network file: which values get names, what they and the sizes are called, the lines.

Names that come from a module are user text: what is no name of the language is made one, and what a module is called
goes into the docstring through an escape.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from symbp.core.integers import Atom, Poly, write_poly
from symbp.escape import DOCSTRING, in_python
from symbp.importing.draft import (
    AFTER,
    ATOM,
    BEFORE,
    FIRST,
    HERE,
    LAST,
    PLUS,
    TIMES,
    WHOLE,
    Define,
    Draft,
    Expr,
    Hole,
    Input,
    Loop,
    Start,
    Statement,
    Value,
)
from symbp.importing.helpers import HELPERS
from symbp.importing.sizes import Sizes
from symbp.notation.library import names as library_names
from symbp.notation.words import BUILTINS, IMPORTS, fresh

WIDTH = 88  # of what is written out in one line
WIDEST = 118  # of a line
# Further words of the language that a file may use, so that no tensor can be called so.
SHAPES = (
    "reshape flatten concatenate stack transpose swapaxes repeat pad roll zeros ones arange eye einsum cumsum cumprod"
)
LETTERS = ("t", "l")  # of loops
RESERVED = frozenset((*BUILTINS, *IMPORTS, *SHAPES.split(), "prod", "argmax", "argmin", "stop_gradient", *LETTERS))


@dataclass(frozen=True, slots=True)
class Written:
    """A network file, and which arrays of the module its arguments are: attribute paths, several where stacked."""

    source: str
    name: str
    data: tuple[str, ...]
    held: Mapping[str, tuple[str, ...]]
    classes: Mapping[str, int]


def write(draft: Draft, sizes: Sizes, name: str, doc: str) -> Written:
    """The text of a network file."""
    plan = Plan(draft, sizes)
    inputs = [i for i in draft.inputs if not i.path or i.value in plan.uses]
    taken = {*RESERVED, *library_names(), *draft.helpers}
    name = fresh(word(name), taken)
    taken.add(name)
    names = Names(sizes, taken, plan.placed)
    shapes = [s for i in inputs for s in (*i.value.shape, *([i.classes] if i.classes is not None else []))]
    _pin(plan, sizes, shapes)
    for a, b in draft.facts:
        if not sizes.now(a).atoms():
            sizes.literal(b)
    names.name_sizes(shapes)
    _name_inputs(names, inputs)
    body = list(_lines(names, plan, draft))
    signature = list(_signature(names, inputs))
    source = "\n".join([*_head(names, draft), "@network", f"def {name}(", *signature, "):"])
    source += f'\n    """{in_python(doc, DOCSTRING)}"""\n' + "".join(f"    {line}\n" for line in body)
    held = {names.base(i.value): i.paths or (i.path,) for i in inputs if i.path}
    classes = {names.base(i.value): sizes.value(i.classes) for i in inputs if i.classes is not None}
    return Written(source, name, tuple(names.base(i.value) for i in inputs if not i.path), held, classes)


# --- what gets a name


class Plan:
    """Which values are read, how often, and which of them are written out where they are read."""

    def __init__(self, draft: Draft, sizes: Sizes):
        self.uses: Counter[Value] = Counter()
        self.placed: dict[Value, Expr] = {}
        self._made = {v: (s.body, v.loop) for s in _defines(draft.statements) for v in s.values}
        self._rough = Names(sizes, set(), self.placed, rough=True)
        assert draft.result is not None
        self._count(draft.result, set())
        self._starts = {s.value: s.body for s in draft.statements if isinstance(s, Start)}
        self._count_loops(draft)
        for define in _defines(draft.statements):
            if any(v in self.uses for v in define.values):
                self._settle(define.body, define.values[0].loop)
        for start in self._starts.values():
            self._settle(start, None)
        self._settle(draft.result, None)

    def _count(self, body: Expr, seen: set[Expr]) -> None:
        """Count reads, of each expression once."""
        if body in seen:
            return
        seen.add(body)
        for hole in body.holes():
            value = hole.value.source or hole.value
            self.uses[value] += 1
            made = self._made.get(value, (value.definition, None))[0]
            if made is not None:
                self._count(made, seen)
        self._seen = seen

    def _count_loops(self, draft: Draft) -> None:
        """What a loop that is read starts with, and all that its states are made of."""
        counted: set[Value] = set()
        while fresh_ones := [v for v in self._starts if v in self.uses and v not in counted]:
            for value in fresh_ones:
                counted.add(value)
                self._count(self._starts[value], self._seen)

    def is_read(self, statement: Statement) -> bool:
        """Does the result depend on it?"""
        match statement:
            case Define(values):
                return any(v in self.uses and v not in self.placed for v in values)
            case Start(value):
                return value in self.uses
            case Loop(body=body):
                return any(self.is_read(d) for d in body)

    def _settle(self, body: Expr, loop: Loop | None) -> None:
        """Write out in an expression what it alone reads, as long as the line bears it."""
        for hole in body.holes():
            made = self._may_go(hole.value, loop)
            if made is not None:
                self.placed[hole.value] = made
                if hole.value not in self._made:
                    self._settle(made, loop)
        while len(self._rough.text(body)) > WIDTH and (movable := list(self._movable(body))):
            calls = [v for v in movable if self.placed[v].level == ATOM and isinstance(self.placed[v].parts[0], str)]
            longest = max(calls or movable, key=lambda v: len(self._rough.text(self.placed[v])))
            del self.placed[longest]

    def _movable(self, body: Expr) -> Iterator[Value]:
        """What is written out in an expression, at whatever depth, and could have a line of its own."""
        for hole in body.holes():
            made = self.placed.get(hole.value)
            if made is not None:
                if hole.value in self._made and not _is_plain(made):
                    yield hole.value
                yield from self._movable(made)

    def _may_go(self, value: Value, loop: Loop | None) -> Expr | None:
        """What can stand in a value's place."""
        if value.source is not None or value.named:
            return None
        if value not in self._made:
            return value.definition
        body, where = self._made[value]
        if value.definition is None:
            return None
        if _is_plain(body):
            return body
        return body if self.uses[value] == 1 and where is loop else None


def _is_plain(body: Expr) -> bool:
    """Is it a number, a size, or a weight transposed?"""
    if len(body.parts) == 1:
        return not isinstance(body.parts[0], Hole)
    return len(body.parts) == 2 and body.parts[1] == ".T" and _is_input(body.parts[0])


def _is_input(part: object) -> bool:
    return isinstance(part, Hole) and part.value.definition is None and part.value.loop is None


def _defines(statements: Iterable[Statement]) -> Iterator[Define]:
    for s in statements:
        if isinstance(s, Loop):
            yield from s.body
        elif isinstance(s, Define):
            yield s


# --- names


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


def _pin(plan: Plan, sizes: Sizes, shapes: Sequence[Poly]) -> None:
    """A size that follows from no input is a number."""
    known = {a for s in shapes for a in sizes.now(s).atoms()}
    for body in (*plan.placed.values(), *(body for body, _ in plan._made.values())):
        for part in body.parts:
            if isinstance(part, Poly) and not known.issuperset(sizes.now(part).atoms()):
                sizes.literal(part)


def _name_inputs(names: Names, inputs: Sequence[Input]) -> None:
    """Data by their own names; what is held by as much of its path as makes it distinct."""
    paths = [i.path for i in inputs if i.path]
    for i in inputs:
        names.values[i.value] = names.fresh(_short(i.path, paths) if i.path else i.value.hint)


def _short(path: str, paths: Sequence[str]) -> str:
    parts = path.split(".")
    for k in range(min(2, len(parts)), len(parts)):
        end = parts[-k:]
        if not end[0].isdigit() and sum(p.split(".")[-k:] == end for p in paths) == 1:
            return "_".join(end)
    return "_".join(parts)


# --- lines


def _head(names: Names, draft: Draft) -> Iterator[str]:
    forms = sorted({i.form for i in draft.inputs} | ({"Array"} if _needs_array(draft) else set()))
    yield f"from symbp import {', '.join([*forms, 'dims', 'network'])}"
    if names.dims:
        yield ""
        dims = list(names.dims.values())
        for k in range(0, len(dims), 24):
            part = dims[k : k + 24]
            yield f'{", ".join(part)} = dims("{" ".join(part)}")'
    for helper in draft.helpers:
        yield f"\n{HELPERS[helper].rstrip()}"
    yield "\n"


def _needs_array(draft: Draft) -> bool:
    return any("Array[" in HELPERS[h] for h in draft.helpers)


def _signature(names: Names, inputs: Sequence[Input]) -> Iterator[str]:
    line = "   "
    for form in ("", "Param"):
        for i in inputs:
            if (i.form == "Param") != (form == "Param"):
                continue
            part = f" {_argument(names, i)},"
            if len(line) + len(part) > WIDEST:
                yield line
                line = "   "
            line += part
        if line.strip():
            yield line
        line = "   "


def _argument(names: Names, i: Input) -> str:
    sizes = [*i.value.shape, *([i.classes] if i.classes is not None else [])]
    sizes += [Poly.of(i.absent)] if i.classes is not None and i.absent is not None else []
    inside = ", ".join(map(names.size, sizes))
    return f"{names.base(i.value)}: {i.form}[{inside or '()'}]"


def _lines(names: Names, plan: Plan, draft: Draft) -> Iterator[str]:
    yield from dict.fromkeys(_facts(names, draft))
    for statement in draft.statements:
        if plan.is_read(statement):
            yield from _statement(names, plan, statement)
    assert draft.result is not None
    yield from _wrapped(f"return {names.text(draft.result)}")


def _facts(names: Names, draft: Draft) -> Iterator[str]:
    for a, b in draft.facts:
        x, y = names.sizes.now(a), names.sizes.now(b)
        if x != y and (x.atoms() or y.atoms()):
            yield f"assert {names.size(x)} <= {names.size(y)}"


def _statement(names: Names, plan: Plan, statement: Statement) -> Iterator[str]:
    match statement:
        case Define(values, body):
            yield from _wrapped(f"{', '.join(map(names.name, values))} = {names.text(body)}")
        case Start(value, body):
            place = names.size(value.loop.size) if value.loop and value.loop.backward else "-1"
            yield from _wrapped(f"{names.base(value)}[{place}] = {names.text(body)}")
        case Loop(letter=letter, size=size, body=body):
            turns = names.size(size)
            yield f"for {letter} in {f'range({turns})' if turns.isdigit() else turns}:"
            for define in body:
                if plan.is_read(define):
                    yield from (f"    {line}" for line in _statement(names, plan, define))


def _wrapped(line: str) -> Iterator[str]:
    """A line too long for a screen is broken after commas within parentheses."""
    depth, last = 0, 0
    for k, c in enumerate(line):
        depth += (c in "([") - (c in ")]")
        if c == "," and depth and line[k + 1 : k + 2] == " " and k < WIDEST:
            last = k
    if len(line) <= WIDEST or not last:
        yield line
        return
    yield line[: last + 1]
    yield from (f"    {rest}" for rest in _wrapped(line[last + 2 :]))
