"""The third witness's verdict on a derivation, as a check for the report; how much work it is, counted beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from symbp.core.equality import SYMPY, Check, Equality
from symbp.core.expr import Int
from symbp.core.integers import Dim
from symbp.core.network import Network
from symbp.core.traverse import dims_of, free_indices, nodes
from symbp.symbolic.prove import EVALUATED, OPEN, PROVED, WRONG, Finding, Patience, Witness
from symbp.symbolic.sizes import Sizes, count, least_sizes, work

# How much work is gladly done so that sizes can be distinct and windows move; in `build`, how much is done at all.
COMFORT, IN_BUILD = 6_000, 6_000
# How many cases are gone through and how many nodes written out where the proof was asked for, and in `build`: there it
# is about two seconds' worth.
PATIENT, IMPATIENT = (100_000, 10_000_000), (1_500, 40_000)
ROOM = 2


@dataclass(frozen=True)
class Subject:
    """What is to be proved: a definition, its backward network (forward equations first), local derivatives.

    `adjoints` pairs every quantity with its adjoint's name; `gradients` are the quantities whose adjoints are wanted.
    """

    definition: Network
    backward: Network
    loss: str
    adjoints: Mapping[str, str]
    gradients: tuple[str, ...]
    locals: tuple[Equality, ...]
    patience: tuple[int, int] = PATIENT

    @cached_property
    def forward(self) -> Network:
        """The equations that are no adjoints, under the definition's facts."""
        bars = set(self.adjoints.values())
        equations = tuple(e for e in self.backward.equations if e.name not in bars)
        return replace(self.backward, equations=equations, facts=self.definition.facts, outputs=(self.loss,))

    @cached_property
    def witness(self) -> Witness:
        """The witness at the sizes that suit."""
        names = {e.name for e in self.forward.equations}
        derived = tuple(e for e in self.backward.equations if e.name not in names)
        return Witness(self.forward, self.loss, self.adjoints, derived, self.sizes, Patience(*self.patience))

    @cached_property
    def sizes(self) -> Sizes:
        """Those that are numbers in a formula distinct, and room for windows to move; less where that is much work."""
        *better, least = candidates(self.forward, numbers_in(self.backward))
        return next((s for s in better if self.cost(s) <= COMFORT), least)

    def cost(self, sizes: Sizes | None = None) -> int:
        """How much work the proof is: the terms of all equations in scalars, and the claims."""
        at = sizes or self.sizes
        pairs = sum(count(free_indices(e.lhs), at) for e in self.locals)
        return work(self.backward, at) + pairs


def candidates(network: Network, numbers: tuple[str, ...]) -> Iterator[Sizes]:
    """Sizes, the best first, the least last.

    Those that are numbers are at least 3, so that N - 1, N and 2 differ, or else at least 2.
    """
    for room in (ROOM, 1):
        for least in (3, 2):
            yield least_sizes(network, room, {name: least + place for place, name in enumerate(numbers)})
        yield least_sizes(network, room)


def numbers_in(network: Network) -> tuple[str, ...]:
    """The sizes that stand as numbers in formulas: the N of 1/N."""
    parts = (n for e in network.equations for n in nodes(e.body, Int))
    return tuple(dict.fromkeys(d.name for n in parts if isinstance(n.value.atom, Dim) for d in dims_of(n.value)))


def check_symbolic(subject: Subject) -> Check:
    """Every adjoint, and every local derivative, proved or, where no proof is found, evaluated to fifty digits."""
    witness = subject.witness
    chain = witness.chain
    claims = [
        *chain.definitions(subject.definition),
        *chain.claims(subject.locals),
        *chain.unreached(subject.gradients),
    ]
    findings = [witness.find(c) for c in claims]
    outcomes = Counter(f.outcome for f in findings)
    worst = max((f.error for f in findings), default=0.0)
    bound = 0.0 if not outcomes[EVALUATED] else 1e-45
    return Check("derivation", SYMPY, len(findings), worst, bound, _note(subject.sizes, findings))


def _note(sizes: Sizes, findings: Sequence[Finding]) -> str:
    outcomes = Counter(f.outcome for f in findings)
    at = f" at {sizes}" if sizes.values else ""
    parts = [f"{outcomes[PROVED]} proved{at}"]
    if outcomes[EVALUATED]:
        parts.append(f"{outcomes[EVALUATED]} evaluated to fifty digits ({_names(findings, EVALUATED)})")
    for outcome, said in ((WRONG, "wrong"), (OPEN, "neither proved nor evaluated")):
        if outcomes[outcome]:
            parts.append(
                f"{outcomes[outcome]} {said}, the first {next(f.entry for f in findings if f.outcome == outcome)}"
            )
    return ", ".join(parts)


def _names(findings: Sequence[Finding], outcome: str) -> str:
    return ", ".join(dict.fromkeys(f.what for f in findings if f.outcome == outcome))
