"""The part on the Hessian times a vector: every equation once more, differentiated along the vector.

What is said of it comes after the gradients: what a dot means, the tangents in the order in which they are computed,
each line by line and in matrix form, and all of the product in a box.
"""

from __future__ import annotations

from collections.abc import Mapping

from symbp.calculus.steps import Chain as Steps
from symbp.calculus.steps import HessianProduct
from symbp.core.network import Equation
from symbp.document.chains import chain_of, with_matrix_form
from symbp.document.model import Box, Display, Paragraph, Section
from symbp.document.said import Said, Whole, Words, listed, said
from symbp.document.summary import box_row

Lines = Mapping[int, tuple[int, int]]


def hessian_sections(p: HessianProduct, lines: Lines) -> tuple[Section, ...]:
    """The part of the document."""
    forward = {e.name for e in p.gradient.network.equations}
    quantity = {tangent: q for q, tangent in p.tangents}
    before = tuple(c for c in p.chains if quantity[c.name] in forward)
    after = tuple(c for c in p.chains if quantity[c.name] not in forward)
    start = Section(said("heading.hessian"), (Paragraph(_opening(p)),))
    parts = ((said("heading.hessian.forward"), before), (said("heading.hessian.backward"), after))
    passes = (_pass(p, title, chains) for title, chains in parts if chains)
    marked = dict(p.products).values()
    rows = tuple(box_row(p, e, lines, marked) for e in p.network.equations if e.name in quantity)
    box = Section(said("heading.hessian.box"), (Paragraph((said("hessian.order"),)), Box(rows)))
    return (start, *passes, box)


def _pass(p: HessianProduct, title: Said, chains: tuple[Steps, ...]) -> Section:
    shown = (s for c in chains for s in with_matrix_form(p, chain_of(p, c), _equation(p, c)))
    return Section(title, (Display(tuple(shown)),), level=2)


def _equation(p: HessianProduct, chain: Steps) -> Equation:
    equation = p.network.equation(chain.name)
    assert equation is not None
    return equation


def _opening(p: HessianProduct) -> Words:
    tangents = dict(p.tangents)
    vector = listed(Whole(tangents[q]) for q in p.gradient.network.parameters)
    products = listed(Whole(name) for _, name in p.products)
    return (
        said("hessian.vector", vector=vector),
        said("hessian.dot"),
        said("hessian.products", products=products),
        said("hessian.equations"),
        *((said("hessian.kinks"),) if p.gradient.kinks else ()),
    )
