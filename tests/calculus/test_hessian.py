"""The Hessian times a vector: tangents in closed form, every step by the interpreter, what does not change left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbp import networks
from symbp.calculus.derive import derive
from symbp.calculus.hessian import differentiate_along
from symbp.calculus.steps import HessianProduct
from symbp.core.canonical import same
from symbp.core.check import check_network
from symbp.core.equality import Check, Equality
from symbp.core.expr import Expr
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.verify.equalities import check_equalities
from tests.calculus.forms import expression, network_of


def product_of(arguments: str, *lines: str) -> HessianProduct:
    return differentiate_along(derive(network_of(arguments, *lines)))


def tangent(product: HessianProduct, quantity: str) -> Expr:
    equation = product.network.equation(dict(product.tangents)[quantity])
    assert equation is not None
    return equation.body


def check_steps(product: HessianProduct, value: Expr | None = None) -> Check:
    """Every step of every chain, or, with a value, that the last chain says that."""
    found = [Equality(c.lhs, s.value, f"{c.key}: {s.rule.name}") for c in product.chains for s in c.steps]
    if value is not None:
        found = [Equality(product.chains[-1].lhs, value, "spoilt")]
    d = product.gradient
    network = replace(d.backward, inputs=product.network.inputs)
    return check_equalities(network, d.loss, d.adjoints, found, tangents=product.tangents)


LAYER = ("x: Data[N, D], W: Param[D, H], y: Data[N, H]", "z = x @ W", "a = {}", "return sum((a - y) ** 2) / 2")
ALL = "x: Data[N, D], W: Data[D, H], V: Data[D, H], z: Data[N, H], v: Data[N, H], a: Data[N, H], b: Data[N, H]"
FORMS = [
    ("tanh(z)", "a", "r[n, h] = v[n, h] * (1 - a[n, h] ** 2)"),
    ("sigmoid(z)", "a", "r[n, h] = a[n, h] * v[n, h] * (1 - a[n, h])"),
    ("softmax(z)", "a", "r[n, h] = a[n, h] * (v[n, h] - sum(a[n, k] * v[n, k] for k in H))"),
    ("relu(z)", "a", "r[n, h] = v[n, h] if z[n, h] > 0 else 0"),
    ("z ** 2", "z", "r[n, h] = sum(x[n, d] * V[d, h] for d in D)"),
]


@pytest.mark.parametrize(("activation", "quantity", "expected"), FORMS)
def test_tangent(activation: str, quantity: str, expected: str) -> None:
    arguments, *lines = LAYER
    product = product_of(arguments, *(line.format(activation) for line in lines))
    right = expression(ALL, expected)
    names = {"v": "z_dot", "V": "W_dot", "b": "a_dot"}
    assert same(tangent(product, quantity), renamed(right, names))


def renamed(expr: Expr, names: dict[str, str]) -> Expr:
    from symbp.core.expr import Read
    from symbp.core.traverse import replace_reads

    return replace_reads(expr, lambda r: Read(names[r.tensor], r.subs) if r.tensor in names else None)
