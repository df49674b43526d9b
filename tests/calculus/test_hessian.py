"""The Hessian times a vector: tangents in closed form, every step by the interpreter, what does not change left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbp.calculus.derive import derive
from symbp.calculus.hessian import differentiate_along
from symbp.calculus.steps import HessianProduct
from symbp.core.build import NIL
from symbp.core.canonical import same
from symbp.core.check import check_network
from symbp.core.equality import Check, Equality
from symbp.core.expr import Expr
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.verify.equalities import check_equalities
from tests.calculus.forms import expression, network_of
from tests.shared import build_of


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


LAYER = "x: Data[N, D], W: Param[D, H], y: Data[N, H]"
GIVEN = "x: Data[N, D], W_dot: Data[D, H], z: Data[N, H], z_dot: Data[N, H], a: Data[N, H]"
# (the definition of a, whose tangent, the tangent)
FORMS = [
    ("tanh(z)", "a", "z_dot[n, h] * (1 - a[n, h] ** 2)"),
    ("sigmoid(z)", "a", "a[n, h] * z_dot[n, h] * (1 - a[n, h])"),
    ("softmax(z)", "a", "a[n, h] * (z_dot[n, h] - sum(a[n, k] * z_dot[n, k] for k in H))"),
    ("relu(z)", "a", "z_dot[n, h] if z[n, h] > 0 else 0"),
    ("f(z)", "a", "z_dot[n, h] * f.d1(z[n, h])"),
    ("z ** 3", "z", "sum(x[n, d] * W_dot[d, h] for d in D)"),
]


@pytest.mark.parametrize(("activation", "quantity", "expected"), FORMS)
def test_tangent_of_an_activation(activation: str, quantity: str, expected: str) -> None:
    product = product_of(LAYER, "z = x @ W", f"a = {activation}", "return sum((a - y) ** 2) / 2")
    assert same(tangent(product, quantity), expression(GIVEN, f"r[n, h] = {expected}"))
    assert check_steps(product).passed


def test_what_cancels_is_not_multiplied_out() -> None:
    lines = ("z = x @ W", "mu = mean(z, axis=1)", "v[n] = sum((z[n, h] - mu[n]) ** 2 for h in H) / H")
    product = product_of("x: Data[N, D], W: Param[D, H]", *lines, "return sum(v ** 2)")
    given = "z: Data[N, H], z_dot: Data[N, H], mu: Data[N], mu_dot: Data[N]"
    form = "r[n] = 2 * sum((z[n, h] - mu[n]) * (z_dot[n, h] - mu_dot[n]) for h in H) / H"
    assert same(tangent(product, "v"), expression(given, form))


def test_a_loss_that_is_linear_by_pieces_has_no_hessian() -> None:
    product = product_of("x: Param[N, H], c: Data[N]", "m[n] = max(x[n, h] for h in H)", "return sum(c * relu(m))")
    assert [e.body for e in product.network.equations] == [NIL]
    assert product.network.outputs == ("x_bar_dot",)


def test_a_parameter_that_the_loss_does_not_reach_has_zeros() -> None:
    product = product_of("x: Data[N], w: Param, b: Param[N]", "return sum(exp(w * x))")
    assert tangent(product, "b_bar") == NIL
    assert dict(product.products) == {"w": "w_bar_dot", "b": "b_bar_dot"}


def test_names_step_aside_and_numbers_go_on() -> None:
    product = product_of("x: Data[N], w: Param, w_dot: Param", "return sum(sin(w * x + w_dot))")
    assert product.tangents[:2] == (("w", "w_dot1"), ("w_dot", "w_dot_dot"))
    last = max(n for _, n in product.gradient.numbers)
    assert [n for _, n in product.numbers] == list(range(last + 1, last + 1 + len(product.chains)))
    assert product.number("w_bar") == product.gradient.number("w_bar")


@pytest.mark.parametrize("name", ["sigmoid_softmax", "lstm", "mlp", "layer_norm_mlp", "conv_layer", "two_paths"])
def test_it_is_a_network_and_reads_back(name: str) -> None:
    product = build_of(name, hvp=True).product
    assert product is not None
    check_network(product.network)
    assert read_network(write_network(product.network)) == product.network


@pytest.mark.parametrize("factor", ["1", "2", "-1"])
def test_a_wrong_tangent_is_caught(factor: str) -> None:
    product = product_of("x: Data[N], w: Param", "return sum(exp(w * x))")
    right = expression(
        "x: Data[N], w: Data, w_dot: Data", f"r = {factor} * w_dot * sum(x[n]**2 * exp(w * x[n]) for n in N)"
    )
    assert check_steps(product, right).passed == (factor == "1")
