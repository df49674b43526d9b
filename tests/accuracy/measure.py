"""One network at every scale and with all kinds of zeros: module and PyTorch in float32, both against the truth."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType

import numpy as np
import torch

from symbp.core.network import Network
from symbp.sources import Source
from tests.accuracy.definition import Unknown
from tests.accuracy.draws import Setting, float32_inputs, nearby, settings
from tests.accuracy.rule import Errors, errors, missed, ratio
from tests.accuracy.truth import Function, Question, Result, Truth, find_exact_truth, find_truth
from tests.autograd.compare import keywords
from tests.autograd.modules import Array, Draw, Ranges, module_of
from tests.shared import built

SEEDS = (1, 2)
# A miss counts when it is one of the larger errors over so many inputs that differ in their last digits: one small
# error of PyTorch's by luck is not its accuracy.
NEIGHBOURS = 5
# The model in float64 is of another convention where it is so far from the truth: at a kink, at a tie.
CONVENTION = 1e-3


@dataclass(frozen=True)
class Subject:
    """A network as text, the same in PyTorch as a person writes it, how its inputs are drawn."""

    name: str
    source: Source
    model: Function | None
    draws: Mapping[str, Draw] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=dict)
    unknown: Mapping[str, Function] = field(default_factory=dict)
    precise_unknown: Unknown = field(default_factory=dict)

    def built(self) -> tuple[Network, ModuleType]:
        build = built(self.source)
        return build.network, module_of(build.module[0], self.name)


@dataclass(frozen=True)
class Miss:
    """A tensor that breaks the rule, or what went wrong instead of it."""

    network: str
    setting: str
    seed: int
    tensor: str
    ours: float = float("inf")
    theirs: float = float("nan")
    problem: str = ""

    def __str__(self) -> str:
        figures = f"{self.ours:9.1e} {self.theirs:9.1e}" if not self.problem else self.problem
        return f"{self.network:28} {self.setting:12} {self.seed:4} {self.tensor:10} {figures}"


@dataclass(frozen=True)
class Outcome:
    """A network at one setting: what it misses, by how much the rest, and where its truth is from ("" for none)."""

    network: str
    setting: str
    misses: tuple[Miss, ...]
    ratio: float = 0.0
    source: str = ""


def measure(subject: Subject, seeds: tuple[int, ...] = SEEDS, only: str = "") -> Iterator[Outcome]:
    """Every setting at every seed; those with zeros at the first seed alone."""
    try:
        network, module = subject.built()
    except Exception as error:
        yield Outcome(subject.name, "build", (failed(subject.name, "build", 0, error),))
        return
    for setting in settings(module, subject.draws):
        if only in ("", setting.label):
            for seed in seeds if setting.change is None and setting.masks is None else seeds[:1]:
                inputs = float32_inputs(module, subject.draws, subject.ranges, setting, seed)
                yield Run(subject, network, module, setting, seed, inputs).outcome()


def failed(network: str, setting: str, seed: int, error: BaseException) -> Miss:
    """The miss that an exception is."""
    lines = str(error).splitlines() or [""]
    return Miss(network, setting, seed, "", problem=f"{type(error).__name__}: {lines[0][:90]}")


@dataclass(frozen=True)
class Run:
    """A network at one setting and seed."""

    subject: Subject
    network: Network
    module: ModuleType
    setting: Setting
    seed: int
    inputs: Mapping[str, Array]

    def outcome(self) -> Outcome:
        name, label, question = self.subject.name, self.setting.label, self.question(self.inputs)
        truth = find_truth(question)
        if truth is None or not truth.representable:
            return Outcome(name, label, (), source="" if truth is None else "too large")
        try:
            found = run_module(self.module, self.inputs, self._keywords)
        except Exception as error:
            return Outcome(name, label, (failed(name, label, self.seed, error),), source=truth.source)
        ours, theirs = errors(found, truth), of_torch(question, truth)
        if missed(ours, theirs) and (exact := find_exact_truth(question)) is not None:
            ours, theirs, truth = errors(found, exact), of_torch(question, exact), exact
        wrong = missed(ours, theirs)
        if wrong and all(np.isfinite(a) for a, _ in wrong.values()):
            ours, theirs = self.over_neighbours(ours, theirs)
            wrong = missed(ours, theirs)
        misses = tuple(Miss(name, label, self.seed, n, *pair) for n, pair in wrong.items())
        return Outcome(name, label, misses, ratio(ours, theirs), truth.source)

    def question(self, inputs: Mapping[str, Array]) -> Question:
        s = self.subject
        return Question(self.network, inputs, s.model, s.unknown, s.precise_unknown)

    @cached_property
    def _keywords(self) -> dict[str, Callable[..., np.ndarray]]:
        needed = getattr(self.module, "FUNCTIONS", ())
        return {n: _in_float32(f) for n, f in keywords(self.subject.unknown).items() if n in needed}

    def over_neighbours(self, ours: Errors, theirs: Errors) -> tuple[Errors, Errors]:
        """The largest errors over inputs close by, each against its own truth."""
        for k in range(NEIGHBOURS):
            question = self.question(nearby(self.inputs, self.subject.draws, k))
            truth = find_exact_truth(question)
            if truth is not None and truth.representable:
                try:
                    found = run_module(self.module, question.inputs, self._keywords)
                except Exception:
                    return Errors(dict.fromkeys(ours.by_name, float("inf"))), theirs
                ours, theirs = ours.worst(errors(found, truth)), theirs.worst(of_torch(question, truth))
        return ours, theirs


def of_torch(question: Question, truth: Truth) -> Errors:
    """PyTorch's own errors: of the person's function, or of the equations where that has another convention."""
    exact = errors(question.by_person(torch.float64), truth).by_name
    if any(CONVENTION < e < np.inf for e in exact.values()):
        return errors(question.by_equations(torch.float32), truth)
    return errors(question.by_person(torch.float32), truth)


def _in_float32(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda *args: function(*args).astype(np.result_type(*args))


def run_module(
    module: ModuleType, inputs: Mapping[str, Array], functions: Mapping[str, Callable[..., np.ndarray]]
) -> Result:
    """A module's loss and gradients; a warning is an error. Numbers too small for float32 may become 0 on the way."""
    with np.errstate(all="raise", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        given = {n: inputs[n] for n in module.PARAMETERS}
        loss, gradients = module.loss_and_gradients(*(inputs[n] for n in module.DATA), **given, **functions)
    return loss, gradients
