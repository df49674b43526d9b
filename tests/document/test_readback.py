"""What is checked is the page: the printed LaTeX is read back, evaluated, and no equals sign is left out."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from symbp.calculus.steps import Derivation, HessianProduct
from symbp.core.equality import Check, Equality
from symbp.core.integers import Dim, DimAt, Poly
from symbp.core.network import Network
from symbp.core.traverse import free_indices, reads
from symbp.document.compose import compose, equalities
from symbp.document.tex.write import write_latex
from symbp.notation.read import list_networks
from symbp.verify.equalities import check_equalities
from symbp.verify.sizes import WIDTHS, choose_sizes
from tests.document.readback import Misread, read_page
from tests.shared import build_of, derivation_of, in_turns

STRANGE = Path(__file__).with_name("strange.py")
ODD = list_networks(STRANGE.read_text(), str(STRANGE))


COUNTED_ONLY: tuple[str, ...] = ()
MOST_ENTRIES = 20_000  # an entry of a convolution by an entry of another has more: left to `symbp build`


def entries_of(equality: Equality, network: Network) -> int:
    """For how many values of its indices an equality is claimed, at the sizes of the check."""
    sizes = {Dim(name): value for name, value in choose_sizes(network).values.items()}
    found = dict.fromkeys((*free_indices(equality.lhs), *free_indices(equality.rhs)))
    stops = (i.stop.replace(lambda a: Poly.of(max(WIDTHS)) if isinstance(a, DimAt) else None) for i in found)
    return math.prod(stop.value(sizes) for stop in stops)


@cache
def written(name: str) -> tuple[Derivation, str, int]:
    derivation = derivation_of(f"{STRANGE}:{name}" if name in ODD else name)
    document = compose(derivation, {})
    return derivation, write_latex(document), len(equalities(document))


def read_and_check(derivation: Derivation, tex: str) -> tuple[Check, int, int]:
    adjoints = {**dict(derivation.gradients), **dict(derivation.adjoints)}
    page = read_page(tex, derivation.network, adjoints)
    if derivation.network.name in COUNTED_ONLY:
        return Check("equalities", "counted", 0, 0.0, 0.0), len(page.equalities) + len(page.by_name), page.signs
    affordable = [e for e in page.equalities if entries_of(e, derivation.network) <= MOST_ENTRIES]
    check = check_equalities(derivation.backward, derivation.loss, derivation.adjoints, affordable, seeds=1)
    assert all("operatorname" in side for side in page.by_name)
    return check, len(page.equalities) + len(page.by_name), page.signs


@pytest.mark.parametrize("name", [*in_turns(gpt2=7), *ODD])
def test_every_equality_of_the_page_holds(name: str) -> None:
    derivation, tex, count = written(name)
    check, found, signs = read_and_check(derivation, tex)
    assert found == signs == count
    assert check.passed, check.note


@cache
def written_with_product(name: str) -> tuple[HessianProduct, str, int]:
    product = build_of(name, hvp=True).product
    assert product is not None
    document = compose(product.gradient, {}, product=product)
    return product, write_latex(document), len(equalities(document))


def read_and_check_product(product: HessianProduct, tex: str) -> tuple[Check, int]:
    """Every equality of the page with a tangent in it, and how many were read altogether."""
    d = product.gradient
    tangents = dict(product.tangents)
    page = read_page(tex, d.network, {**dict(d.gradients), **dict(d.adjoints)}, tangents)
    new = [e for e in page.equalities if {r.tensor for r in (*reads(e.lhs), *reads(e.rhs))} & set(tangents.values())]
    network = replace(d.backward, inputs=product.network.inputs)
    check = check_equalities(network, d.loss, d.adjoints, new, seeds=1, tangents=product.tangents)
    return check, len(page.equalities) + len(page.by_name)


WITH_PRODUCT = ["two_paths", "sigmoid_softmax", "threshold_mlp", "layer_norm_mlp", "attention_head", "char_mlp", "lstm"]


@pytest.mark.parametrize("name", WITH_PRODUCT)
def test_every_equality_of_the_hessian_times_a_vector_holds(name: str) -> None:
    product, tex, count = written_with_product(name)
    check, found = read_and_check_product(product, tex)
    assert found == count
    assert check.count > len(product.chains)
    assert check.passed, check.note


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (r"\dot{z}^{(1)}_{nh}\,\bigl(1 - a", r"\adj{z}^{(1)}_{nh}\,\bigl(1 - a"),
        (
            r"\adj{\mathbf{Z}}^{(2)}\,\dot{\mathbf{W}}^{(2)\top}",
            r"\dot{\adj{\mathbf{Z}}}^{(2)}\,\dot{\mathbf{W}}^{(2)\top}",
        ),
        (r"1 - 2\,a", r"1 - a"),
    ],
)
def test_a_misprint_of_a_tangent_is_caught(right: str, wrong: str) -> None:
    product, tex, _ = written_with_product("sigmoid_softmax")
    at = tex.rindex(right)
    check, _ = read_and_check_product(product, tex[:at] + wrong + tex[at + len(right) :])
    assert not check.passed


MISPRINTS = [
    ("sigmoid_softmax", r"\frac{1}{N}\,(p_{nk} - y_{nk})", r"\frac{1}{N}\,p_{nk} - y_{nk}"),
    ("sigmoid_softmax", r"p_{nk}\,(\delta_{kj} - p_{nj})", r"p_{nk}\,(\delta_{kj} - p_{nk})"),
    ("sigmoid_softmax", r"\mathbf{A}^{(1)\top}\,\adj{\mathbf{Z}}^{(2)}", r"\adj{\mathbf{Z}}^{(2)}\,\mathbf{A}^{(1)}"),
    ("sigmoid_softmax", r"\bigl(1 - \mathbf{A}^{(1)}\bigr)", r"\bigl(1 + \mathbf{A}^{(1)}\bigr)"),
    ("sigmoid_softmax", r"\sum_{d} x_{nd}\,W^{(1)}_{dh} +", r"\sum_{d} x_{nd}\,W^{(1)}_{dh} -"),
    ("threshold_mlp", r"= -\adj{\mathbf{z}}^{(3)}", r"= \adj{\mathbf{z}}^{(3)}"),
    ("lstm", r"stands for $h^{(0)}_{nk}$", r"stands for $c^{(0)}_{nk}$"),
    ("lstm", r"$h_{-1,n,k}$", r"$h_{-2,n,k}$"),
    ("lstm", r"$\adj{c}_{Tnk}$ stands for $0$", r"$\adj{c}_{Tnk}$ stands for $h^{(0)}_{nk}$"),
    ("lstm", r"$\adj{\mathbf{Z}}_{T}$ stands for $0$", r"$\mathbf{Z}_{T}$ stands for $0$"),
    ("rnn", r"\adj{\mathbf{Z}}_{t + 1}\,", r"\adj{\mathbf{Z}}_{t}\,"),
    ("two_paths", r"\partial_{1} f(u, v)\,c", r"\partial_{1} f(u, v)\,d"),
    ("deep_mlp", r"\adj{\mathbf{W}}^{(5)} &= \mathbf{A}^{(4)\top}", r"\adj{\mathbf{W}}^{(5)} &= \mathbf{A}^{(5)\top}"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "right", "wrong"), MISPRINTS)
def test_a_misprint_is_caught(name: str, right: str, wrong: str) -> None:
    derivation, tex, _ = written(name)
    at = tex.rindex(right)
    spoilt = tex[:at] + wrong + tex[at + len(right) :]
    try:
        check, _, _ = read_and_check(derivation, spoilt)
    except Misread:
        return
    assert not check.passed
