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
from symbp.document.model import Box, Display, Paragraph, Part, Section, Whole, Words
from symbp.document.rules import listed
from symbp.document.summary import box_row

Lines = Mapping[int, tuple[int, int]]


def hessian_sections(p: HessianProduct, lines: Lines) -> tuple[Section, ...]:
    """The part of the document."""
    forward = {e.name for e in p.gradient.network.equations}
    quantity = {tangent: q for q, tangent in p.tangents}
    before = tuple(c for c in p.chains if quantity[c.name] in forward)
    after = tuple(c for c in p.chains if quantity[c.name] not in forward)
    start = Section(("The Hessian times a vector",), (Paragraph(_opening(p)),))
    parts = (("Forward, along the vector", before), ("From the loss back, along the vector", after))
    passes = (_pass(p, title, chains) for title, chains in parts if chains)
    marked = dict(p.products).values()
    rows = tuple(box_row(p, e, lines, marked) for e in p.network.equations if e.name in quantity)
    box = Section(("The whole product",), (Paragraph(_box_words()), Box(rows)))
    return (start, *passes, box)


def _pass(p: HessianProduct, title: str, chains: tuple[Steps, ...]) -> Section:
    shown = (s for c in chains for s in with_matrix_form(p, chain_of(p, c), _equation(p, c)))
    return Section((title,), (Display(tuple(shown)),), level=2)


def _equation(p: HessianProduct, chain: Steps) -> Equation:
    equation = p.network.equation(chain.name)
    assert equation is not None
    return equation


def _opening(p: HessianProduct) -> Words:
    tangents = dict(p.tangents)
    parameters = p.gradient.network.parameters
    vector: tuple[Part, ...] = tuple(Whole(tangents[q]) for q in parameters)
    products: tuple[Part, ...] = tuple(Whole(name) for _, name in p.products)
    words: list[Part] = [
        "Let the parameters move along a vector whose parts are ",
        *(*listed(vector), ". A dot stands for how fast what is below it changes then: for its derivative along the "),
        "vector. The gradients change as the second derivatives say, so ",
        *(*listed(products), " are the parts of the Hessian times the vector. Each equation is differentiated as it "),
        "stands, forward ones and those of adjoints; what does not depend on the parameters has no dot.",
    ]
    if p.gradient.kinks:
        words.append(
            " A condition or an argmax stays as it is while the parameters move a little, so at a kink, where it does "
            "not, the second derivatives are those of the branch that is taken."
        )
    return tuple(words)


def _box_words() -> Words:
    return ("All that the product needs beside the equations above, in the order in which it is computed:",)
