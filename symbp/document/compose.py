"""From a derivation to a document: what is said, in which order, with every formula as data.

The order is that of a lecture: the quantities, the equations forward, the graph; then each quantity from the loss
back, with who uses it, its local derivatives, its adjoint line by line, in index form and in matrix form; then all
gradients, the update, where each equation stands in the module, and what was checked.
"""

from __future__ import annotations

from collections.abc import Mapping

from symbp.calculus.steps import Chain as Steps
from symbp.calculus.steps import Derivation, HessianProduct
from symbp.calculus.steps import Section as Part
from symbp.core.equality import Check
from symbp.core.expr import Compare, Read
from symbp.core.integers import Poly
from symbp.core.network import Equation
from symbp.core.traverse import free_indices, reads, walk
from symbp.document import conventions, summary
from symbp.document.chains import chain_of, with_matrix_form
from symbp.document.graph import picture
from symbp.document.hessian import hessian_sections
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
    Letter,
    Paragraph,
    Ref,
    Row,
    Section,
    Whole,
    Words,
    equalities,
)
from symbp.document.ranged import one_range
from symbp.document.ranges import division
from symbp.document.rules import listed
from symbp.document.signs import signs
from symbp.document.symbols import symbols
from symbp.document.wholes import said_once, whole_chain, with_notation

__all__ = ["compose", "equalities"]

Lines = Mapping[int, tuple[int, int]]


def compose(
    derivation: Derivation, lines: Lines, checks: tuple[Check, ...] = (), product: HessianProduct | None = None
) -> Document:
    """The document of a derivation, and of the Hessian times a vector if that is asked for.

    `lines` says where each numbered equation stands in the module.
    """
    derivation, product = one_range(derivation, product)
    network = derivation.network
    given = (*symbols(derivation, product), signs(derivation), _definitions(derivation))
    start = Section(("The network",), given)
    further = () if product is None else hessian_sections(product, lines)
    graph = Section(("The graph",), picture(derivation))
    document = Document(
        name=network.name,
        subtitle=network.doc.title,
        look=look_of(derivation, product),
        sections=(
            *(start, graph, *_backward(derivation), *_paths(derivation), *summary.closing(derivation, lines)),
            *(*further, *summary.module(derivation, lines, product)),
        ),
    )
    return with_notation(said_once(summary.with_checks(document, len(equalities(document)), checks)))


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
    display = Display((*(chain_of(d, c) for c in part.locals), *_main(d, part)))
    blocks: list[Block] = [Paragraph(_users(d, part)), display, *_variants(d, part)]
    blocks.extend(Paragraph(w) for w in conventions.remarks(d, part))
    return Section(title, tuple(blocks), level=2)


def _variants(d: Derivation, part: Part) -> tuple[Block, ...]:
    """The adjoint with its deltas solved, where it was left as the sum with deltas in it."""
    if not part.variants:
        return ()
    number = d.number(part.main.key)
    words: Words = (
        *((Ref(number),) if number is not None else ("It",)),
        " scatters what comes back over all places that were read. Solved for the places that it comes back from, it "
        "gathers",
        *_turned(part),
        *((" (", Letter("sign", "divides"), " says that a number divides another)") if _divides(part) else ()),
        ":",
    )
    shown = (chain_of(d, c, f"equation ({number}), solved") for c in part.variants)
    return Paragraph(words), Display(tuple(shown))


def _turned(part: Part) -> Words:
    """A window that is read from its other end: a kernel turned round."""
    turns = [len(s.rule.renamed) for c in part.variants for s in c.steps if s.rule.name == "turn"]
    if not turns:
        return ()
    return (", as a correlation with the kernel turned by 180 degrees" if max(turns) == 2 else ", from the other end",)


def _divides(part: Part) -> bool:
    """Is there a condition on a remainder in the solved forms?"""
    conditions = (n for c in part.variants for s in c.steps for n in walk(s.value) if isinstance(n, Compare))
    return any(division(c) is not None for c in conditions)


def _users(d: Derivation, part: Part) -> Words:
    """Who uses the quantity: over how many equations the chain rule sums."""
    refs = tuple(Ref(n) for name in part.used_by if (n := d.number(name)) is not None)
    if len(refs) == 1:
        return (Whole(part.quantity), " is used by ", refs[0], " alone, so all paths to the loss lead through it.")
    words = f": the chain rule sums over {_count(len(refs))} terms."
    return (Whole(part.quantity), " is used by ", *listed(refs), words)


def _count(n: int) -> str:
    return {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}.get(n, str(n))


def _main(d: Derivation, part: Part) -> tuple[Chain, ...]:
    """The adjoint, line by line, and its matrix form."""
    return with_matrix_form(d, chain_of(d, part.main), adjoint_equation(part.adjoint, part.main))


def _adjoint(paths: Steps) -> str:
    assert isinstance(paths.lhs, Read)
    return paths.lhs.tensor


def _paths(d: Derivation) -> tuple[Section, ...]:
    """Each partial of a network of scalars, a product for each path."""
    if not d.paths:
        return ()
    words: Words = (
        "The network is made of numbers, so each partial derivative can be written out by itself: every path from the ",
        "loss down to the parameter gives one product of local derivatives, and the products are added.",
    )
    display = Display(tuple(chain_of(d, c, f"the paths of {_adjoint(c)}") for c in d.paths))
    return (Section(("Path by path",), (Paragraph(words), display)),)
