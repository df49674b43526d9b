"""A module and its witness at one draw after the other: the calls of the one, the values of the other."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from symbp.core.network import Network
from symbp.verify.again import Again
from symbp.verify.arrays import Parts, arguments
from symbp.verify.diagnose import Case, Look
from symbp.verify.draw import Draw
from symbp.verify.kinks import Branches
from symbp.verify.subject import Subject
from symbp.verify.tally import Tally, Terms
from symbp.verify.tape.network import slopes
from symbp.verify.witness import Witness
from symbp.verify.world import plain


@dataclass(slots=True)
class Trial:
    """A module and its witness at one draw after the other."""

    network: Network
    loss: str
    subject: Subject
    witness: Witness
    again: Again
    branches: Branches | None
    backward: Mapping[str, str] = field(default_factory=dict)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    manner: str = ""
    terms: Terms = field(default_factory=lambda: Terms())
    looks: dict[object, tuple[Look, ...]] = field(default_factory=dict)  # those of this draw, by the gradient
    given: bool = False  # a module of someone's own, of which the mathematics is asked

    def tally(self, name: str, witness: str, bound: float) -> Tally:
        """The check of that name against that witness."""
        return self.tallies.setdefault((name, witness), Tally(name, witness, bound))


def arguments_of(trial: Trial, drawn: Draw, dtype: str = "float64") -> dict[str, Parts]:
    return arguments(trial.network, trial.witness.world.scope.sizes, drawn.inputs, dtype)


def terms_of(trial: Trial, drawn: Draw) -> Terms:
    network, sizes = trial.network, trial.witness.world.scope.sizes
    return Terms(lambda: slopes(network, trial.loss, sizes, drawn.inputs))


def run(subject: Subject, parts: Mapping[str, Parts], **options: Any) -> tuple[Any, dict[str, Any]]:
    """A call in which a warning is an error: the interface promises none."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return subject.run(parts, **options)


def case_of(trial: Trial) -> Case:
    world = trial.witness.world
    names = [t.name for t in trial.network.inputs] + [e.name for e in trial.network.equations]
    values = {name: {key: plain(world.tables[name][key]) for key in world.keys(name)} for name in names}
    return Case(trial.network, trial.loss, world.scope.sizes, values)
