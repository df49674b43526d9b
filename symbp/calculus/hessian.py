"""The Hessian-vector product as one more gradient: the derivative of the slope of the loss along a direction.

Comes in: a Derivation. Goes out: the network with the loss sum_p <v_p, dL/dp>, which is the backward network and one
equation more; its gradient by p is (H v)_p (B. Pearlmutter, Fast exact multiplication by the Hessian, 1994).
"""

from __future__ import annotations

from dataclasses import replace

from symbp.calculus.steps import Derivation
from symbp.core import build
from symbp.core.expr import Expr, Read
from symbp.core.integers import Poly
from symbp.core.network import DATA, Equation, Network, Tensor
from symbp.core.traverse import fresh_name


def slope_network(derivation: Derivation) -> Network:
    """The network of the slope of the loss along `v_NAME` for each parameter NAME."""
    backward, network = derivation.backward, derivation.network
    taken = {t.name for t in backward.inputs} | {e.name for e in backward.equations} | {d.name for d in network.dims}
    directions: list[Tensor] = []
    terms: list[Expr] = []
    for parameter, gradient in derivation.gradients:
        name = fresh_name(f"v_{parameter}", taken)
        taken.add(name)
        directions.append(Tensor(name, DATA, network.shape(parameter)))
        terms.append(_inner(name, gradient, backward))
    slope = Equation(fresh_name("slope", taken), (), build.add(*terms))
    return replace(
        network,
        name=f"{network.name}_slope",
        inputs=(*network.inputs, *directions),
        equations=(*backward.equations, slope),
        outputs=(slope.name,),
    )


def _inner(direction: str, gradient: str, backward: Network) -> Expr:
    """<v, dL/dp>, with the letters of the gradient's own equation."""
    equation = backward.equation(gradient)
    assert equation is not None
    subs = tuple(Poly.of(i) for i in equation.indices)
    return build.total(equation.indices, build.mul(Read(direction, subs), Read(gradient, subs)))
