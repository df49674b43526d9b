"""The last pages: the whole pass in a box, the update, where each equation stands in the module, what was checked."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from symbp.calculus.steps import Derivation, HessianProduct, Key
from symbp.core.equality import PRODUCT, ROUNDING, SYMPY, Check
from symbp.core.example import Example
from symbp.core.expr import Read
from symbp.core.integers import Index, Poly
from symbp.core.network import Equation
from symbp.core.recurrence import components, is_recurrent
from symbp.core.traverse import reads
from symbp.document.lesson.costs import kept, products
from symbp.document.lesson.numbers import moved
from symbp.document.lesson.order import loop_head, ways_of
from symbp.document.looks import whole_form
from symbp.document.model import (
    FULL,
    SHORT,
    STEPS,
    Block,
    Box,
    BoxRow,
    Chain,
    Document,
    Entry,
    Paragraph,
    Row,
    Section,
    Table,
    Updates,
)
from symbp.document.said import Bound, Code, Figure, LineRange, Part, Ref, Said, Whole, Words, listed, said
from symbp.document.wholes import whole_chain
from symbp.matrix.nodes import Named

Lines = Mapping[int, tuple[int, int]]
FORM, ALONG = "u . H v", "H v: "  # names of checks of the Hessian times a vector


@dataclass(frozen=True, slots=True)
class Stable:
    """What overflows as it is defined: what the module computes `otherwise`, and what it computes `as_defined`."""

    otherwise: tuple[str, ...] = ()
    as_defined: tuple[str, ...] = ()


NOTHING = Stable()


def closing(d: Derivation, lines: Lines, example: Example | None, stable: Stable = NOTHING) -> tuple[Section, ...]:
    """The whole pass in its order, what it costs and needs, and the update rule."""
    forward = {e.name for e in d.network.equations}
    marked = dict(d.gradients).values()
    own = tuple(e for e in d.backward.equations if e.name not in forward)
    units = [_in_loop(part, [box_row(d, e, lines, marked) for e in part]) for part in components(own)]
    rows = tuple(r for unit in _as_computed(units) for r in unit)
    blocks: list[Block] = [Paragraph(_box_words(d, rows, stable)), Box(rows), *moved(d, example)]
    if d.gradients:
        blocks.append(Updates((said("update.step"),), tuple(_update(d, p, g) for p, g in d.gradients)))
    return (Section(said("heading.gradients"), tuple(blocks)),)


def _as_computed(units: Sequence[list[BoxRow]]) -> list[list[BoxRow]]:
    """In the order of the module's lines, where it computes several in one loop before what is made of each; what has
    no lines of its own is computed with what follows.
    """
    starts: list[int] = []
    following = sys.maxsize
    for unit in reversed(units):
        following = min((r.lines.first for r in unit if r.lines), default=following)
        starts.insert(0, following)
    return [unit for _, unit in sorted(zip(starts, units, strict=True), key=lambda pair: pair[0])]


def _in_loop(part: tuple[Equation, ...], rows: list[BoxRow]) -> list[BoxRow]:
    """The lines of equations that need each other, as the inside of a loop that says which way it runs."""
    if not is_recurrent(part):
        return rows
    names = {e.name for e in part}
    head = loop_head(ways_of(r for e in part for r in reads(e.body) if r.tensor in names))
    if head is None:
        return rows
    return [replace(r, inside=True, head=head if r is rows[0] else None) for r in rows]


def module(d: Derivation, lines: Lines, product: HessianProduct | None) -> tuple[Section, ...]:
    """Where each equation stands in the module."""
    numbers = (*d.numbers, *(product.numbers if product else ()))
    return (Section(said("heading.module"), _module(d, lines, numbers)),) if lines else ()


def _box_words(d: Derivation, rows: tuple[BoxRow, ...], stable: Stable) -> Words:
    words = [said("gradients.order")]
    if any(s.inserted for s in d.sections):
        words.append(said("gradients.inserted"))
    if any(r.lines for r in rows):
        words.append(said("pass.lines", file=Code("gradients.py")))
    if any(r.cost for r in rows):
        words.append(said("pass.cost"))
    needed, others = (tuple(map(Whole, names)) for names in kept(d))
    if needed and others:
        words.append(said("pass.drop", kept=listed(needed), others=listed(others)))
    elif needed or others:
        words.append(said("pass.keep", kept=listed(needed)) if needed else said("pass.nothing"))
    if stable.otherwise:
        words.append(said("pass.stable", quantities=listed(map(Whole, stable.otherwise))))
    if stable.as_defined:
        words.append(said("pass.as_defined", quantities=listed(map(Whole, stable.as_defined))))
    return tuple(words)


def box_row(d: Derivation | HessianProduct, e: Equation, lines: Lines, marked: Collection[str]) -> BoxRow:
    """The matrix form of an equation that is not a forward one, or its index form where it has none."""
    number = d.number(e.name)
    form = whole_form(d, e)
    where = said("place.box", quantity=Code(e.name))
    if form is None:
        chain = Chain(Entry(Read(e.name, tuple(Poly.of(i) for i in e.indices))), (Row(Entry(e.body)),), where)
    else:
        chain = whole_chain(e, form, where)
    place = lines.get(number) if number is not None else None
    cost = products(e, d.network.dims)
    return BoxRow(chain, e.shape, number, LineRange(*place) if place else None, e.name in marked, cost)


def _update(d: Derivation, parameter: str, gradient: str) -> tuple[Named, Named, Index | None]:
    """What is moved against what; slice by slice where its slices differ in shape."""
    tensor, equation = d.network.tensor(parameter), d.backward.equation(gradient)
    assert tensor is not None
    if tensor.each is None or equation is None:
        return Named(parameter, tensor.shape), Named(gradient, tensor.shape), None
    layer, dims = equation.indices[0], tensor.shape[1:]
    lead = (Poly.of(layer),)
    return Named(parameter, dims, lead), Named(gradient, dims, lead), layer


def _module(d: Derivation, lines: Lines, numbers: tuple[tuple[Key, int], ...]) -> tuple[Paragraph | Table, ...]:
    words = (said("module.brackets", file=Code("gradients.py")),)
    quantity = {number: key for key, number in numbers if isinstance(key, str)}
    rows = tuple(_place(n, key, lines[n]) for n in sorted(lines) if d.network.equation(key := quantity.get(n, "")))
    header = (said("column.equation"), said("column.quantity"), said("column.lines"))
    return Paragraph(words), Table(header, rows, "rll", columns=3)


def _place(number: int, key: str, place: tuple[int, int]) -> Words:
    return Ref(number), Whole(key), LineRange(*place)


# --- checks


def with_checks(document: Document, count: int, checks: tuple[Check, ...]) -> Document:
    """The document with the table of checks, which says which bounds were met and never by how much."""
    if not checks:
        return document
    equal = next((c for c in checks if c.name == "equalities"), None)
    symbolic = next((c for c in checks if c.witness == SYMPY), None)
    others = [c for c in checks if c not in (equal, symbolic)]
    words = (
        *(_equal_words(equal, count, bool(document.look.tangents)) if equal else ()),
        *(_symbolic_words(symbolic) if symbolic else ()),
        *(_module_words(others) if others else ()),
    )
    brief = (
        *((_equal_briefly(equal, count),) if equal else ()),
        *((_symbolic_briefly(symbolic),) if symbolic else ()),
        *((said("checks.module"), said("checks.scales"))[: 1 + _at_scales(others)] if others else ()),
    )
    title = said("heading.checks")
    sections = [
        Section(title, (Paragraph(words),), details=(FULL,)),
        Section(title, (Paragraph(brief),), details=(SHORT, STEPS)),
    ]
    if others:
        table = _check_table(others, {name for name, _ in document.look.ranks} - {document.look.loss})
        every = Paragraph((said("checks.numbers"),)), table
        sections.append(Section(said("heading.checks.table"), every, level=2, details=(FULL,)))
    return replace(document, sections=(*document.sections, *sections))


def _at_scales(checks: Iterable[Check]) -> bool:
    return any(c.witness == ROUNDING for c in checks)


def _equal_briefly(check: Check, count: int) -> Said:
    return said("checks.brief", count, count=Figure(count), bound=Bound(check.bound))


def _symbolic_briefly(check: Check) -> Said:
    proved, evaluated = _proved(check)
    total = Figure(check.count)
    if not evaluated:
        return said("checks.sympy.brief", check.count, count=total)
    return said("checks.sympy.brief.some", count=total, proved=Figure(proved), evaluated=Figure(evaluated))


def _proved(check: Check) -> tuple[int, int]:
    """How many differences were proved to be 0 and how many evaluated: the check's note says it, for the report."""
    proved, *evaluated = (int(n) for n in re.findall(r"(\d+) (?:proved|evaluated)", check.note))
    return proved, evaluated[0] if evaluated else 0


def _equal_words(check: Check, count: int, tangents: bool) -> Words:
    return (
        said("checks.equalities", count, count=Figure(count)),
        said("checks.bar.dot" if tangents else "checks.bar"),
        said("checks.agree", bound=Bound(check.bound)),
    )


def _symbolic_words(check: Check) -> Words:
    proved, evaluated = _proved(check)
    total = Figure(check.count)
    if not evaluated:
        return said("checks.sympy"), said("checks.sympy.all", check.count, count=total)
    some = said("checks.sympy.some", proved=Figure(proved), count=total, evaluated=Figure(evaluated))
    return said("checks.sympy"), some


def _module_words(checks: Iterable[Check]) -> Words:
    words = (said("checks.module"),)
    scaled = next((c for c in checks if c.witness == ROUNDING), None)
    if scaled is None:
        return words
    return (*words, said("checks.scales"), said("checks.rounding", bound=_bound(scaled.bound)))


def _check_table(checks: list[Check], tensors: Collection[str]) -> Table:
    """A row for each thing checked, a column for each witness, with the bound that most of it had to meet."""
    bounds = {w: _usual(c.bound for c in checks if c.witness == w) for w in dict.fromkeys(c.witness for c in checks)}
    table: dict[str, dict[str, Check]] = {}
    for c in checks:
        table.setdefault(c.name, {})[c.witness] = c
    rows = tuple(
        (_name(name, tensors), *[_cell(row.get(w), bound) for w, bound in bounds.items()])
        for name, row in table.items()
    )
    witnesses = (said("column.witness", witness=said("witness." + w), bound=_bound(b)) for w, b in bounds.items())
    header = (said("column.checked"), *witnesses)
    return Table(header, rows, "l" + "l" * len(bounds))


def _usual(bounds: Iterable[float]) -> float:
    """The bound that occurs most often, the first of several."""
    return Counter(bounds).most_common(1)[0][0]


def _name(name: str, tensors: Collection[str]) -> Said:
    if name.startswith(PRODUCT):
        return said("checks.product", quantity=Whole(name.removeprefix(PRODUCT)))
    if name == FORM:
        return said("checks.symmetric")
    if name in tensors:
        return said("checks.gradient", quantity=Whole(name))
    what = said("checked." + name.removeprefix(ALONG))
    return said("checks.along", what=what) if name.startswith(ALONG) else what


def _cell(check: Check | None, usual: float) -> Part | None:
    if check is None:
        return None
    count = Figure(check.count)
    return count if check.bound == usual else said("checks.cell", count=count, bound=_bound(check.bound))


def _bound(value: float) -> Part:
    return Bound(value) if value else said("checks.exact")
