"""What the symbolic witness is shown: the derivations of networks, and mistakes in their results."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbp.core.equality import Equality
from symbp.core.expr import Read
from symbp.core.integers import Poly
from symbp.derived import symbolic_subject
from symbp.pipeline import Build
from symbp.sources import Source
from symbp.symbolic.check import PATIENT, Subject
from symbp.symbolic.prove import WRONG, Patience, Witness
from symbp.verify.equalities import check_equalities
from tests.mutation import expressions

HEAD = "from symbp import Data, Labels, Param, dims, function, network\n"


def build_of(text: str, name: str = "net") -> Build:
    """A network by its text."""
    return Build(Source(HEAD + text, f"{name}.py", name))


def subject_of(build: Build) -> Subject:
    """What is to be proved of a network's derivation."""
    return symbolic_subject(build.network, build.derivation, PATIENT)


@dataclass(frozen=True)
class Planted:
    """A mistake in a derived result: an adjoint's right side or a local derivative."""

    kind: str
    equality: Equality
    adjoint: str = ""


def planted(build: Build, count: int, seed: int) -> list[Planted]:
    """So many mistakes, each kind with about the same share."""
    by_kind: dict[str, list[Planted]] = {}
    for mistake in _all(build):
        by_kind.setdefault(mistake.kind, []).append(mistake)
    generator = random.Random(seed)
    for group in by_kind.values():
        generator.shuffle(group)
    chosen: list[Planted] = []
    while len(chosen) < count and any(by_kind.values()):
        chosen += [group.pop() for group in by_kind.values() if group]
    return chosen[:count]


def _all(build: Build) -> Iterator[Planted]:
    d = build.derivation
    names = (*(t.name for t in d.network.inputs), *(e.name for e in d.network.equations))
    shapes = {n: d.network.shape(n) for n in names}
    shapes |= {adjoint: shapes[quantity] for quantity, adjoint in d.adjoints}
    for e in subject_of(build).witness.derived:
        left = Read(e.name, tuple(Poly.of(i) for i in e.indices))
        for kind, body in expressions.mutants(e.body, shapes):
            yield Planted(kind, Equality(left, body, e.name), e.name)
    for local in subject_of(build).locals:
        for kind, body in expressions.mutants(local.rhs, shapes):
            yield Planted(kind, replace(local, rhs=body))


def found_by_interpreter(build: Build, mistake: Planted) -> bool:
    d = build.derivation
    return not check_equalities(d.backward, d.loss, d.adjoints, [mistake.equality]).passed


def found_by_symbols(build: Build, mistake: Planted) -> bool:
    """Does the witness call one of the claims on it wrong?"""
    w = subject_of(build).witness
    body = mistake.equality.rhs
    derived = tuple(replace(e, body=body) if e.name == mistake.adjoint else e for e in w.derived)
    witness = Witness(w.network, w.loss, w.adjoints, derived, w.sizes, Patience(*PATIENT))
    if mistake.adjoint:
        claims = (c for c in witness.chain.claims(()) if c.what == mistake.adjoint)
    else:
        claims = (c for c in witness.chain.claims((mistake.equality,)) if c.body is mistake.equality.rhs)
    return any(witness.find(c).outcome == WRONG for c in claims)
