"""The loss and gradients of a network at float32 inputs, as exactly as float64 can hold them.

PyTorch in float64 computes them twice, by the function that a person wrote and by the equations one entry at a time.
Where the two agree they are the truth, though both may have lost what is small, 1 - p of a p near 1. So before anything
is called wrong, and where they do not agree, the equations are evaluated in many digits, as many as the exponentials in
them call for; where more would be needed than can be had, the person's function is believed if it hardly moves with the
last digits of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from symbp.core.network import Network
from tests.accuracy.definition import Unknown, differentiated
from tests.accuracy.tape import Digits, NoValue
from tests.autograd import witness
from tests.autograd.compare import Given, arrays
from tests.autograd.modules import Array, norm

LARGEST = float(np.finfo(np.float32).max)
SMALLEST = float(np.finfo(np.float32).tiny)
AGREE = 1e-9
# How much a truth may move with the last digits of the inputs in float64.
STEADY = 1e-7
# With the most of them 1 - p is told from 0 wherever float32 can hold the difference, and far beyond.
DIGITS, MOST_DIGITS = 60, 400
Function = Callable[..., torch.Tensor]
Result = tuple[float, dict[str, Array]]


@dataclass(frozen=True)
class Truth:
    """What is right, and from what it is known; `sizes` are those of what each gradient is the sum of, if known."""

    loss: float
    gradients: Mapping[str, Array]
    source: str
    sizes: Mapping[str, Array] = field(default_factory=dict)

    @property
    def representable(self) -> bool:
        """Can float32 hold it?"""
        parts = [a for g in (self.loss, *self.gradients.values()) for a in (g if isinstance(g, list) else [g])]
        return all(bool(np.all(np.abs(a) < LARGEST)) for a in parts)


def by_torch(loss: Function, names: tuple[str, ...], inputs: Mapping[str, Array], dtype: torch.dtype) -> Result:
    """The value of a loss written in PyTorch and its gradients by `names`; zeros where it does not reach one."""
    given = {n: _tensors(v, dtype) for n, v in inputs.items()}
    leaves = {n: given[n] if isinstance(given[n], list) else [given[n]] for n in names}
    flat = [leaf.requires_grad_() for n in names for leaf in leaves[n]]
    value = loss(**given)
    found = (
        torch.autograd.grad(value.reshape(()), flat, allow_unused=True) if value.requires_grad else [None] * len(flat)
    )
    each = iter([torch.zeros_like(w) if g is None else g for w, g in zip(flat, found, strict=True)])
    gradients: dict[str, Given] = {n: [next(each) for _ in leaves[n]] for n in names}
    return value.item(), {n: arrays(g if isinstance(given[n], list) else g[0]) for n, g in gradients.items()}


def _tensors(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, list):
        return [_tensors(v, dtype) for v in value]
    return torch.tensor(value, dtype=torch.long if value.dtype.kind == "i" else dtype)


@dataclass(frozen=True)
class Question:
    """A network at inputs; `model` is the same in PyTorch by a person, if there is one."""

    network: Network
    inputs: Mapping[str, Array]
    model: Function | None = None
    unknown: Mapping[str, Function] = field(default_factory=dict)
    precise_unknown: Unknown = field(default_factory=dict)

    def by_person(self, dtype: torch.dtype) -> Result:
        """By the person's function, or by the equations where there is none."""
        if self.model is None:
            return self.by_equations(dtype)
        return by_torch(self.model, self.network.parameters, self.inputs, dtype)

    def by_equations(self, dtype: torch.dtype) -> Result:
        """By the equations, one entry at a time."""
        given = {n: _tensors(v, dtype) for n, v in self.inputs.items()}
        loss, gradients = witness.gradients(self.network, given, self.unknown, dtype)
        return loss, {n: arrays(g) for n, g in gradients.items()}

    @cached_property
    def moved(self) -> Question:
        """The same at inputs in float64, each moved by its last digit."""
        rng = np.random.default_rng(0)

        def one(a: np.ndarray) -> np.ndarray:
            if a.dtype.kind == "i":
                return a
            return a.astype(np.float64) * (1 + np.finfo(np.float64).eps * rng.choice((-1, 1), a.shape))

        near = {n: [one(a) for a in v] if isinstance(v, list) else one(v) for n, v in self.inputs.items()}
        return replace(self, inputs=near)


def find_truth(question: Question) -> Truth | None:
    """What is right at these inputs, or None where there is no number that is."""
    person = question.by_person(torch.float64)
    other = (question.moved if question.model is None else question).by_equations(torch.float64)
    if agree(person, other):
        return Truth(*person, "float64")
    return find_exact_truth(question)


def find_exact_truth(question: Question) -> Truth | None:
    """The same, by many digits wherever these can tell."""
    exact, sure = _in_digits(question)
    return exact if exact is not None or sure else _believed(question)


def agree(a: Result, b: Result) -> bool:
    """Are these the same numbers, to what float32 is compared by?"""
    if not all(np.isfinite([a[0], b[0]])):
        return False
    pairs = [(a[0], b[0]), *((a[1][n], b[1][n]) for n in a[1])]
    return all(_close(one, other) for one, other in pairs)


def _close(a: Array | float, b: Array | float, bound: float = AGREE, least: float = 0.0) -> bool:
    """|a - b| <= bound |b| + least; never where one is not finite."""
    listed, others = (v if isinstance(v, list) else [v] for v in (a, b))
    with np.errstate(over="ignore", invalid="ignore"):  # float64 may hold what the square of its norm cannot
        far = norm([np.asarray(x) - np.asarray(y) for x, y in zip(listed, others, strict=True)])
        return far <= bound * norm(b) + least < np.inf


def _in_digits(question: Question) -> tuple[Truth | None, bool]:
    """By the definition in many digits, None where it has no value; and whether these were enough to tell."""
    wanted = DIGITS
    while True:
        digits = Digits(wanted)
        try:
            found = differentiated(question.network, question.inputs, digits, question.precise_unknown)
        except (NoValue, ZeroDivisionError):
            truth = None
        else:
            truth = Truth(found[0], found[1], f"{wanted} digits", found[2])
        needed = DIGITS + int(digits.widest / np.log(10))
        if needed <= wanted or wanted == MOST_DIGITS:
            return truth, needed <= wanted
        wanted = min(needed, MOST_DIGITS)


def _believed(question: Question) -> Truth | None:
    """What the person's function says in float64, where it is finite and hardly moves with the inputs' last digits."""
    if question.model is None:
        return None
    found, near = (q.by_person(torch.float64) for q in (question, question.moved))
    close = [_close(found[1][n], g, STEADY, SMALLEST) for n, g in near[1].items()]
    return Truth(*found, "the model in float64") if all(close) and np.isfinite(found[0]) else None
