"""What the calculus tests share: networks and expected forms from texts in the network language."""

import re

from symbp.calculus.steps import Chain, Derivation, Local, Variant
from symbp.core.equality import Check, Equality
from symbp.core.expr import Expr
from symbp.core.network import Network
from symbp.notation.read import read_network
from symbp.verify.equalities import check_equalities

HEAD = """
from symbp import Data, Param, dims, function, network

N, D, H, K, T = dims("N D H K T")
f = function("f")
g = function("g")


@network
def net({arguments}):
    {body}
"""


def network_of(arguments: str, *lines: str) -> Network:
    """The network with these arguments and statements."""
    return read_network(HEAD.format(arguments=arguments, body="\n    ".join(lines)))


def expression(arguments: str, equation: str) -> Expr:
    """The right side of one equation, `r[n, k] = ...`, in the letters it is written in."""
    found = network_of(arguments, equation, "return r").equation("r")
    assert found is not None
    return found.body


def chains(derivation: Derivation) -> tuple[Chain, ...]:
    """All chains of a derivation."""
    return tuple(c for s in derivation.sections for c in (*s.locals, s.main, *s.variants))


def check_steps(derivation: Derivation) -> Check:
    """Every step of every chain, by the interpreter."""
    found = [Equality(c.lhs, s.value, f"{c.key}: {s.rule.name}") for c in chains(derivation) for s in c.steps]
    return check_equalities(derivation.backward, derivation.loss, derivation.adjoints, tuple(found))


def chain(derivation: Derivation, key: str) -> Chain:
    """The chain of a local derivative `of|by`, of an adjoint, or of the adjoint in another way, `x_bar|solved1`."""
    of, _, by = key.partition("|")
    place = by.removeprefix("solved")
    wanted = of if not by else Variant(of, int(place)) if place.isdigit() else Local(of, by)
    return next(c for c in chains(derivation) if c.key == wanted)


def unbroken(text: str) -> str:
    """The text of a network with no statement over several lines."""
    spaced = re.sub(r"\s+", " ", text)
    return spaced.replace("( ", "(").replace(" )", ")")
