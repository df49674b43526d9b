"""From a derivation to a document: what is said, in which order, with every formula as data.

The order is that of a lecture: the quantities, the equations forward, the graph; then the lesson, back through one
equation after the other; then all gradients, the update, and what was checked. The appendix has every line: each
quantity with who uses it, its local derivatives and its adjoint, one rule at a time; and where each equation stands in
the module. A document has all of it; `Document.at` says what is shown at a level of detail.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from symbp.calculus.steps import Derivation, HessianProduct
from symbp.calculus.steps import Section as Part
from symbp.core.equality import Check
from symbp.core.example import Example
from symbp.core.expr import Read
from symbp.core.integers import Poly
from symbp.core.network import Equation, Network
from symbp.core.traverse import free_indices, reads
from symbp.core.views import among
from symbp.document import conventions, summary
from symbp.document.chains import chain_of, with_matrix_form
from symbp.document.claims import equalities
from symbp.document.graph import picture
from symbp.document.hessian import hessian_sections
from symbp.document.lesson import numbers
from symbp.document.lesson.compose import lesson
from symbp.document.lesson.unrolled import unrolled
from symbp.document.lesson.weights import has_entries, is_scalar, weights
from symbp.document.lesson.windows import windows
from symbp.document.looks import adjoint_equation, look_of, whole_form
from symbp.document.model import (
    FULL,
    CallSide,
    Chain,
    Definition,
    Definitions,
    Display,
    Document,
    Entry,
    Paragraph,
    Remark,
    Row,
    Section,
)
from symbp.document.ranged import one_range
from symbp.document.said import Count, Figure, Letter, Quoted, Ref, Said, Whole, listed, said
from symbp.document.scatter import variants
from symbp.document.signs import signs
from symbp.document.symbols import symbols
from symbp.document.wholes import said_once, whole_chain, with_notation

__all__ = ["compose", "equalities"]

Lines = Mapping[int, tuple[int, int]]


def compose(
    derivation: Derivation,
    lines: Lines,
    checks: tuple[Check, ...] = (),
    product: HessianProduct | None = None,
    example: Example | None = None,
    stable: summary.Stable = summary.NOTHING,
    scalar: bool = False,
) -> Document:
    """The document of a derivation, and of the Hessian times a vector if that is asked for.

    `lines` says where each numbered equation stands in the module, `example` has the numbers that are shown,
    `stable` what overflows as it is defined. Each entry is shown by itself if `scalar` says so,
    and of a network of numbers.
    """
    derivation, product = one_range(derivation, product)
    network = derivation.network
    given = (*symbols(derivation, product), signs(derivation), _definitions(derivation), *_meanings(network))
    start = Section(said("heading.network"), (*given, *numbers.given(derivation, example)))
    by_entries = (scalar or is_scalar(derivation)) and has_entries(derivation, example)
    further = () if product is None else hessian_sections(product, lines)
    graph = Section(said("heading.graph"), (*picture(derivation), *unrolled(derivation), *windows(derivation, example)))
    document = Document(
        name=network.name,
        subtitle=network.doc,
        look=look_of(derivation, product),
        sections=(
            *(
                start,
                graph,
                *lesson(derivation, example),
                *(weights(derivation, example) if by_entries else ()),
                *summary.closing(derivation, lines, example, stable),
            ),
            *(*further, *_appendix(derivation, lines, product)),
        ),
        sizes=() if example is None or is_scalar(derivation) else example.sizes,
    )
    return with_notation(said_once(summary.with_checks(document, len(equalities(document)), checks)))


# --- forward


def _definitions(d: Derivation) -> Definitions:
    """What a function stands for is shown where it is called first."""
    shown: set[str] = set()
    rows: list[Definition] = []
    for e in d.network.equations:
        rows.append(_definition(d, e, shown))
        shown |= {e.call.function} if e.call is not None and _entrywise(e) else set()
    return Definitions(tuple(rows))


def _definition(d: Derivation, e: Equation, shown: Collection[str]) -> Definition:
    number = d.number(e.name)
    assert number is not None
    where = said("place.equation", number=Figure(number))
    left = Read(e.name, tuple(Poly.of(i) for i in e.indices))
    call = _entrywise(e)
    known = call is not None and call.function in shown
    rows = (*((Row(call),) if call else ()), *(() if known else (Row(Entry(e.body)),)))
    words = d.network.called(e.name)
    called = Quoted(words) if words else None
    form = whole_form(d, e) if e.indices else None
    whole = None if form is None else whole_chain(e, form, said("place.matrix", place=where))
    return Definition(Chain(Entry(left), rows, where), whole, e.shape, number, called)


def _meanings(network: Network) -> tuple[Remark, ...]:
    """What the user, or the library, says of the functions that are called and of quantities."""
    functions = (
        said("meaning", what=Letter("function", name), meaning=Quoted(doc, "line")) for name, doc in network.docs
    )
    quantities = (
        said("meaning.named", what=Whole(name), words=Quoted(words), meaning=Quoted(words, "meaning"))
        for name, words in network.words
        if words.meaning(han=False)
    )
    words = (*functions, *quantities)
    return (Remark(said("head.meanings"), words),) if words else ()


def _entrywise(e: Equation) -> CallSide | None:
    """The call that an equation was written as, where it acts entry by entry."""
    if e.call is None:
        return None
    args = among(e.call.args, Read)
    if len(args) < len(e.call.args) or any(i not in e.indices for a in args for i in free_indices(a)):
        return None
    if any(r not in args for r in reads(e.body)):
        return None
    return CallSide(e.call.function, e.call.args, e.body)


# --- backward


def _appendix(d: Derivation, lines: Lines, product: HessianProduct | None) -> tuple[Section, ...]:
    """Every line, and where it is computed."""
    opening = Section(said("heading.appendix"), (Paragraph((said("appendix"),)),))
    every = (opening, *(_quantity(d, part) for part in d.sections), *summary.module(d, lines, product))
    return tuple(replace(s, details=(FULL,)) for s in every)


def _quantity(d: Derivation, part: Part) -> Section:
    """All that is said of one quantity."""
    parameter = part.quantity in d.network.parameters
    title = said("heading.gradient" if parameter else "heading.adjoint", quantity=Whole(part.quantity))
    display = Display((*(chain_of(d, c) for c in part.locals), *_main(d, part)))
    blocks = (Paragraph((_users(d, part),)), display, *variants(d, part), *conventions.remarks(d, part))
    return Section(title, blocks, level=2)


def _users(d: Derivation, part: Part) -> Said:
    """Who uses the quantity: over how many equations the chain rule sums."""
    refs = [Ref(n) for name in part.used_by if (n := d.number(name)) is not None]
    quantity = Whole(part.quantity)
    if len(refs) == 1:
        return said("users.one", quantity=quantity, equation=refs[0])
    return said("users.several", len(refs), quantity=quantity, equations=listed(refs), count=Count(len(refs)))


def _main(d: Derivation, part: Part) -> tuple[Chain, ...]:
    """The adjoint, line by line, and its matrix form."""
    return with_matrix_form(d, chain_of(d, part.main), adjoint_equation(part.adjoint, part.main))
