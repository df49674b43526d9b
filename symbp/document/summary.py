"""The last pages: all gradients in a box, the update, where each equation stands in the module, what was checked."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from symbp.calculus.steps import Derivation, HessianProduct
from symbp.core.equality import PRODUCT, ROUNDING, SYMPY, Check
from symbp.core.expr import Read
from symbp.core.integers import Index, Poly
from symbp.core.matrix.nodes import Named
from symbp.core.network import Equation
from symbp.document.looks import whole_form
from symbp.document.model import (
    Bound,
    Box,
    BoxRow,
    Chain,
    Code,
    Document,
    Entry,
    Paragraph,
    Part,
    Ref,
    Row,
    Section,
    Table,
    Updates,
    Whole,
    Words,
)
from symbp.document.wholes import whole_chain

Lines = Mapping[int, tuple[int, int]]
FORM, ALONG = "u . H v", "H v: "  # names of checks of the Hessian times a vector


def closing(d: Derivation, lines: Lines) -> tuple[Section, ...]:
    """All gradients and the update rule."""
    forward = {e.name for e in d.network.equations}
    marked = dict(d.gradients).values()
    rows = tuple(box_row(d, e, lines, marked) for e in d.backward.equations if e.name not in forward)
    box = Section(("All gradients",), (Paragraph(_box_words(d)), Box(rows)))
    learn = Section(
        ("The update",), (Paragraph(_update_words()), Updates(tuple(_update(d, p, g) for p, g in d.gradients)))
    )
    return (box, *((learn,) if d.gradients else ()))


def module(d: Derivation, lines: Lines, product: HessianProduct | None) -> tuple[Section, ...]:
    """Where each equation stands in the module."""
    numbers = (*d.numbers, *(product.numbers if product else ()))
    return (Section(("In the module",), _module(d, lines, numbers)),) if lines else ()


def _box_words(d: Derivation) -> Words:
    inserted = [s for s in d.sections if s.inserted]
    words: list[Part] = ["The whole backward pass, in the order in which it is computed; the gradients are marked."]
    if inserted:
        words.append(" Adjoints that were inserted into others do not appear.")
    return tuple(words)


def box_row(d: Derivation | HessianProduct, e: Equation, lines: Lines, marked: Collection[str]) -> BoxRow:
    """The matrix form of an equation that is not a forward one, or its index form where it has none."""
    number = d.number(e.name)
    form = whole_form(d, e)
    where = f"the box, {e.name}"
    if form is None:
        chain = Chain(Entry(Read(e.name, tuple(Poly.of(i) for i in e.indices))), (Row(Entry(e.body)),), where)
    else:
        chain = whole_chain(e, form, where)
    place = lines.get(number) if number is not None else None
    return BoxRow(chain, e.shape, number, place, e.name in marked)


def _update(d: Derivation, parameter: str, gradient: str) -> tuple[Named, Named, Index | None]:
    """What is moved against what; slice by slice where its slices differ in shape."""
    tensor, equation = d.network.tensor(parameter), d.backward.equation(gradient)
    assert tensor is not None
    if tensor.each is None or equation is None:
        return Named(parameter, tensor.shape), Named(gradient, tensor.shape), None
    layer, dims = equation.indices[0], tensor.shape[1:]
    lead = (Poly.of(layer),)
    return Named(parameter, dims, lead), Named(gradient, dims, lead), layer


def _update_words() -> Words:
    return ("A step of gradient descent moves every parameter against its gradient, by a learning rate of choice:",)


def _module(d: Derivation, lines: Lines, numbers: tuple[tuple[str, int], ...]) -> tuple[Paragraph | Table, ...]:
    words: Words = (
        *("In ", Code("gradients.py"), " the number of an equation stands in brackets above the lines that "),
        "compute it. Those of the backward pass are in the box above, the forward ones here:",
    )
    quantity = {number: key for key, number in numbers}
    rows = tuple(_place(d, n, key, lines[n]) for n in sorted(lines) if d.network.equation(key := quantity.get(n, "")))
    return Paragraph(words), Table((("equation",), ("quantity",), ("lines",)), rows, "rll", columns=3)


def _place(d: Derivation, number: int, key: str, place: tuple[int, int]) -> tuple[Words, ...]:
    return (Ref(number),), (Whole(key),), (line_range(place),)


def line_range(place: tuple[int, int]) -> str:
    """46-50, or 46."""
    first, last = place
    return str(first) if first == last else f"{first}--{last}"


# --- checks


def with_checks(document: Document, count: int, checks: tuple[Check, ...]) -> Document:
    """The document with the table of checks, which says which bounds were met and never by how much."""
    if not checks:
        return document
    equal = next((c for c in checks if c.name == "equalities"), None)
    symbolic = next((c for c in checks if c.witness == SYMPY), None)
    others = [c for c in checks if c not in (equal, symbolic)]
    blocks: list[Paragraph | Table] = []
    if equal:
        blocks.append(Paragraph(_equal_words(equal, count, bool(document.look.tangents))))
    if symbolic:
        blocks.append(Paragraph(_symbolic_words(symbolic)))
    if others:
        blocks.append(Paragraph(_table_words(others)))
        blocks.append(_check_table(others, {name for name, _ in document.look.ranks} - {document.look.loss}))
    return replace(document, sections=(*document.sections, Section(("Checks",), tuple(blocks))))


def _equal_words(check: Check, count: int, tangents: bool) -> Words:
    along = ", a dot by a step along the vector" if tangents else ""
    return (
        f"Each of the {count} equalities displayed above has been evaluated on both sides by an interpreter that ",
        "knows only what sums, products and functions are, at small sizes, as a rule no two alike, and random values. ",
        f"A bar was evaluated by perturbing its quantity{along}. The two sides agree within ",
        *(Bound(check.bound), ", relative to the larger of 1 and their terms, in double precision, and in fifty "),
        "digits where that loses too many.",
    )


def _symbolic_words(check: Check) -> Words:
    """The counts stand in the check's note; the names there belong to the report."""
    proved, *evaluated = (int(n) for n in re.findall(r"(\d+) (?:proved|evaluated)", check.note))
    digits = (f", {evaluated[0]} are in fifty digits at several points",) if evaluated else ()
    return (
        "SymPy has differentiated the network by itself, written out in scalars at small sizes, and compared each ",
        "entry of the adjoints and of the local derivatives with the result above: ",
        f"{'all' if proved == check.count else f'{proved} of'} {check.count} differences are 0 exactly",
        *digits,
        ".",
    )


def _table_words(checks: Iterable[Check]) -> Words:
    scaled = [c for c in checks if c.witness == ROUNDING]
    return (
        "The module was run on the same kind of data and compared with these witnesses. A number says how many values ",
        "were compared; each agrees within the bound at the head of its column, or within the one beside it.",
        *((_ROUNDING_WORDS, *_bound(scaled[0].bound), " times that error.") if scaled else ()),
    )


_ROUNDING_WORDS = (
    " It was run in single and in double precision as well, on data from a thousandth to a thousand, with zeros and "
    "masks among them. The definition differentiated operation by operation has an error from rounding there; under "
    "rounding, that of the module is at most "
)


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
    header: tuple[Words, ...] = (("checked",), *((f"{w}, ", *_bound(bound)) for w, bound in bounds.items()))
    return Table(header, rows, "l" + "l" * len(bounds))


def _usual(bounds: Iterable[float]) -> float:
    """The bound that occurs most often, the first of several."""
    return Counter(bounds).most_common(1)[0][0]


def _name(name: str, tensors: Collection[str]) -> Words:
    if name.startswith(PRODUCT):
        return ("Hessian times vector, ", Whole(name.removeprefix(PRODUCT)))
    if name == FORM:
        return ("the Hessian is symmetric",)
    return ("gradient by ", Whole(name)) if name in tensors else (name.replace(ALONG, "Hessian times vector: "),)


def _cell(check: Check | None, usual: float) -> Words:
    if check is None:
        return ("",)
    return (str(check.count), *((", ", *_bound(check.bound)) if check.bound != usual else ()))


def _bound(value: float) -> Words:
    return (Bound(value),) if value else ("exact",)


def decade(value: float) -> int:
    """The exponent of the power of ten that a bound is, rounded up."""
    return math.ceil(math.log10(value) - 1e-9)
