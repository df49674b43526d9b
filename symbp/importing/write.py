"""From a Draft to the text of a network file: its head, its signature, its lines.

What a module is called is user text and goes into the docstring through an escape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from symbp.core.integers import Poly
from symbp.escape import DOCSTRING, in_python
from symbp.importing.draft import Define, Draft, Input, Loop, Start, Statement
from symbp.importing.helpers import HELPERS
from symbp.importing.names import RESERVED, Names, word
from symbp.importing.plan import Plan
from symbp.importing.sizes import Sizes
from symbp.notation.library import names as library_names
from symbp.notation.words import fresh

WIDEST = 118  # of a line


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


def _pin(plan: Plan, sizes: Sizes, shapes: Sequence[Poly]) -> None:
    """A size that follows from no input is a number."""
    known = {a for s in shapes for a in sizes.now(s).atoms()}
    for body in (*plan.placed.values(), *(body for body, _ in plan.made.values())):
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
