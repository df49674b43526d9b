"""A derivation as other rooms take it: with a vector as data, as what SymPy is to prove, as names in print."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from symbp.calculus.steps import Derivation, HessianProduct, Key, Local
from symbp.core.equality import Equality
from symbp.core.expr import Read
from symbp.core.integers import Poly
from symbp.core.network import Network
from symbp.document.compose import compose
from symbp.document.tex.write import printer_of
from symbp.symbolic.check import Subject


def with_vector(derivation: Derivation, product: HessianProduct) -> Network:
    """The equations of the gradient, with the parts of the vector as further inputs."""
    return replace(derivation.backward, inputs=product.network.inputs)


def symbolic_subject(network: Network, d: Derivation, patience: tuple[int, int]) -> Subject:
    """What SymPy is to prove of a derivation: its adjoints and its local derivatives."""
    chains = tuple(Equality(c.lhs, c.result, _key_text(c.key)) for s in d.sections for c in s.locals)
    parameters = tuple(parameter for parameter, _ in d.gradients)
    return Subject(network, d.backward, d.loss, dict(d.adjoints), parameters, chains, patience)


def _key_text(key: Key) -> str:
    return f"{key.of} by {key.by}" if isinstance(key, Local) else str(key)


def names_in_print(derivation: Derivation) -> Callable[[str, tuple[int, ...]], str]:
    """How each entry is called on the page, W^{(1)}_{01}."""
    printer = printer_of(compose(derivation, {}))

    def name(tensor: str, key: tuple[int, ...]) -> str:
        entry = printer.tex(Read(tensor, tuple(Poly.of(k) for k in key)))
        return entry.replace("\\adj{", "\\overline{")

    return name
