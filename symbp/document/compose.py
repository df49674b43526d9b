"""From a derivation to a document: what is said, in which order, with every formula as data.

The order is that of a lecture: the quantities, the equations forward, the graph; then each quantity from the loss
back, with who uses it, its local derivatives, its adjoint line by line, in index form and in matrix form; then all
gradients, the update, where each equation stands in the module, and what was checked.
"""

from __future__ import annotations

from collections.abc import Mapping

from symbp.calculus.steps import Chain as Steps
from symbp.calculus.steps import Derivation
from symbp.calculus.steps import Section as Part
from symbp.core.equality import Check
from symbp.core.expr import Read
from symbp.core.integers import Poly
from symbp.core.network import Equation
from symbp.core.traverse import free_indices, reads
from symbp.document import conventions, summary
from symbp.document.graph import picture
from symbp.document.looks import adjoint_equation, look_of, whole_form
from symbp.document.model import (
    Block,
    CallSide,
    Chain,
    Definition,
    Definitions,
    Display,
    Document,
    Entry,
    Paragraph,
    Ref,
    Row,
    Section,
    Whole,
    Words,
    equalities,
)
from symbp.document.rules import listed, why
from symbp.document.symbols import symbols
from symbp.document.wholes import form_words, whole_chain, with_notation

__all__ = ["compose", "equalities"]

Lines = Mapping[int, tuple[int, int]]


def compose(derivation: Derivation, lines: Lines, checks: tuple[Check, ...] = ()) -> Document:
    """The document of a derivation; `lines` says where each numbered equation stands in the module."""
    network = derivation.network
    start = Section(("The network",), (*symbols(derivation), _definitions(derivation)))
    graph = Section(("The graph",), picture(derivation))
    document = Document(
        name=network.name,
        subtitle=network.doc.strip().split("\n", 1)[0].rstrip("."),
        look=look_of(derivation),
        sections=(start, graph, *_backward(derivation), *_paths(derivation), *summary.closing(derivation, lines)),
    )
    return with_notation(summary.with_checks(document, len(equalities(document)), checks))


# --- forward


def _definitions(d: Derivation) -> Definitions:
    return Definitions(tuple(_definition(d, e) for e in d.network.equations))


def _definition(d: Derivation, e: Equation) -> Definition:
    number = d.number(e.name)
    assert number is not None
    where = f"equation ({number})"
    left = Read(e.name, tuple(Poly.of(i) for i in e.indices))
    call = _entrywise(e)
    rows = (Row(call), Row(Entry(e.body))) if call else (Row(Entry(e.body)),)
    form = whole_form(d, e) if e.indices else None
    whole = None if form is None else whole_chain(e, form, f"{where}, matrix form")
    return Definition(Chain(Entry(left), rows, where), whole, e.shape, number)


def _entrywise(e: Equation) -> CallSide | None:
    """The call that an equation was written as, where it acts entry by entry."""
    if e.call is None:
        return None
    args = [a for a in e.call.args if isinstance(a, Read)]
    if len(args) < len(e.call.args) or any(i not in e.indices for a in args for i in free_indices(a)):
        return None
    if any(r not in args for r in reads(e.body)):
        return None
    return CallSide(e.call.function, e.call.args, e.body)


# --- backward


def _backward(d: Derivation) -> tuple[Section, ...]:
    opening = Section(("From the loss back",), (Paragraph(conventions.opening(d)),))
    return (opening, *(_quantity(d, part) for part in d.sections))


def _quantity(d: Derivation, part: Part) -> Section:
    """All that is said of one quantity."""
    parameter = part.quantity in d.network.parameters
    kind = "gradient by " if parameter else "adjoint of "
    title: Words = ("The ", kind, Whole(part.quantity))
    display = Display((*(_chain(d, c) for c in part.locals), *_main(d, part)))
    blocks: list[Block] = [Paragraph(_users(d, part)), display]
    blocks.extend(Paragraph(w) for w in conventions.remarks(d, part))
    return Section(title, tuple(blocks), level=2)


def _users(d: Derivation, part: Part) -> Words:
    """Who uses the quantity: over how many equations the chain rule sums."""
    refs = tuple(Ref(n) for name in part.used_by if (n := d.number(name)) is not None)
    if len(refs) == 1:
        return (Whole(part.quantity), " is used by ", refs[0], " alone, so all paths to the loss lead through it.")
    words = f": the chain rule sums over {_count(len(refs))} terms."
    return (Whole(part.quantity), " is used by ", *listed(refs), words)


def _count(n: int) -> str:
    return {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}.get(n, str(n))


def _chain(d: Derivation, steps: Steps) -> Chain:
    """A chain of steps, its number at the last."""
    number = d.number(steps.key)
    last = len(steps.steps) - 1
    before = (None, *(s.value for s in steps.steps))
    rows = (
        Row(Entry(s.value), why(s.rule, d, before[k]), number if k == last else None) for k, s in enumerate(steps.steps)
    )
    return Chain(Entry(steps.lhs), tuple(rows), f"equation ({number})" if number else _spelt(steps))


def _spelt(steps: Steps) -> str:
    return f"the paths of {steps.key.split('|')[0]}"


def _main(d: Derivation, part: Part) -> tuple[Chain, ...]:
    """The adjoint, line by line, and its matrix form."""
    chain = _chain(d, part.main)
    equation = adjoint_equation(part.adjoint, part.main)
    form = whole_form(d, equation)
    if form is None:
        return (chain,)
    return chain, whole_chain(equation, form, f"{chain.where}, matrix form", form_words(form))


def _paths(d: Derivation) -> tuple[Section, ...]:
    """Each partial of a network of scalars, a product for each path."""
    if not d.paths:
        return ()
    words: Words = (
        "The network is made of numbers, so each partial derivative can be written out by itself: every path from the ",
        "loss down to the parameter gives one product of local derivatives, and the products are added.",
    )
    display = Display(tuple(_chain(d, c) for c in d.paths))
    return (Section(("Path by path",), (Paragraph(words), display)),)
