"""Random networks through the whole chain, against float64 autograd.

    python -m tests.autograd.fuzz 2000 [--start 0] [--each] [--thorough 1] [--single]

Each is read, written back and read again, derived, its backward network too written and read, lowered and emitted;
then the module's loss and gradients are compared with PyTorch's autograd, one network at sizes that differ, the next at
equal ones, the third at some that are 1. Of every fifth, or as many as `--thorough` says, the document is made too,
every equality of it evaluated, the module held against the interpreter, complex steps and central differences, in
float32 too, and all three choices of sizes are taken. With `--single` every module is run in float32 as well, with its
data and parameters at three scales, and held against PyTorch in float32 by the rule of tests/accuracy. What is not
finite is a miss at once. A finite error that breaks the rule is one where it does so for more than half of several
draws of data, so that the median breaks it: where nothing is left of a gradient in float32, or a sum of four numbers
happens to be exact, one draw says nothing. The last line counts the runs that broke it for one draw only.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from symbp.core.check import check_network
from symbp.core.integers import Dim, DimAt, Poly
from symbp.core.network import Network, Tensor
from symbp.findings import describe
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.pipeline import Build
from symbp.sources import Source
from symbp.verify.sizes import room_for_reads
from tests.accuracy.draws import Setting, at_setting
from tests.accuracy.measure import Outcome as SingleOutcome
from tests.accuracy.measure import Run, Subject
from tests.accuracy.tape import total
from tests.autograd import witness
from tests.autograd.compare import Given, arrays, errors, tensors
from tests.autograd.modules import MOST_LAYERS, Array, Draw, module_of, norm, relative_error, small
from tests.autograd.random_networks import RandomNetwork, make

BOUND = 1e-10
# A gradient that is zero only because its terms cancel is measured against so much of the largest one.
FLOOR = 1e-3
MOST_DRAWS = 20
Expected = tuple[float, Mapping[str, Given]]
# What stands for unknown functions.
UNKNOWN = {"f": lambda u: torch.sin(u) + u / 2, "g": lambda u, v: u * torch.tanh(v)}
# The same in many digits.
PRECISE_UNKNOWN = {
    "f": lambda u: total(u.digits, [u.apply("sin"), u * u.digits.constant(1, 2)]),
    "g": lambda u, v: u * v.apply("tanh"),
}
SINGLE_SCALES = (1e-2, 1.0, 1e2)
SINGLE_DRAWS = 7
MOST_SECONDS = 60
THOROUGH = 5


@dataclass(frozen=True)
class Outcome:
    """What became of one network: how far it is from autograd, and what went wrong, if anything.

    `redrawn` says how often its data were drawn again because PyTorch's own result was too uncertain.
    """

    seed: int
    error: float
    equalities: int
    problem: str = ""
    redrawn: int = 0
    single: tuple[SingleOutcome, ...] = ()


def run(seed: int, thorough: int = THOROUGH, single: bool = False) -> Outcome:
    """The network of that seed through the chain, every so many through all of it. One that is too slow has failed."""
    before = signal.signal(signal.SIGPROF, _too_long)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)  # of work: others may be busy too
    try:
        return check(make(seed), seed, seed % thorough == 0, single)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _too_long(number: int, frame: object) -> None:
    raise TimeoutError(f"more than {MOST_SECONDS} s")


def check(
    made: RandomNetwork, seed: int, thorough: bool = True, single: bool = False, all_sizes: bool = False
) -> Outcome:
    """A network through the chain; with `single`, in float32 too, with `all_sizes` at all three choices of them."""
    build = Build(Source(made.text, "net.py", made.name))
    try:
        problem = "; ".join(problems(build, thorough))
        found = tuple(far_from_autograd(build, made, seed, thorough or all_sizes))
        error = max(e for e, _ in found)
        in_float32 = tuple(beside_float32(build, made, seed)) if single else ()
    except Exception as error_:
        return Outcome(seed, float("nan"), 0, f"{type(error_).__name__}: {error_} {_where(error_)}")
    if not error <= BOUND:
        problem = f"{error:.1e} from autograd; {problem}"
    problem = "; ".join([*filter(None, [problem]), *(f"float32 {m}" for o in in_float32 for m in o.misses)])
    equalities = build.equality_check.count if thorough else 0
    return Outcome(seed, error, equalities, problem, sum(again for _, again in found), in_float32)


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"({frames[-1].filename.rpartition('symbp/')[2]}:{frames[-1].lineno})"


def problems(build: Build, thorough: bool) -> Iterator[str]:
    """What is wrong with a network's derivation, module or files, in words."""
    for network in (build.network, build.derivation.backward):
        check_network(network)
        text = write_network(network)
        again = read_network(text)
        if again != network:
            yield f"{network.name} is not what its text says"
    if thorough:
        yield from (describe(c) for c in build.checks if not c.passed)
    if thorough and all(c.passed for c in build.checks):
        assert len(build.files) == 4


def far_from_autograd(build: Build, made: RandomNetwork, seed: int, all_sizes: bool) -> Iterator[tuple[float, int]]:
    """The largest error at each choice of sizes, or at one of them, and how often data were drawn again.

    Where the data are such that PyTorch's own result is as uncertain, because it moves as much when the last digits of
    the data do, there is nothing to compare with, and other data are drawn.
    """
    module = module_of(build.module[0], "net")
    for place, sizes in enumerate(some_sizes(build.network, seed)):
        if all_sizes or place == seed % 3:
            for again in range(MOST_DRAWS):
                inputs, expected = drawn(build.network, made.draws, sizes, 10 * seed + place + 10**6 * again)
                error = max(errors(module, inputs, expected, UNKNOWN, FLOOR).values())
                if not BOUND < error < 10 * uncertainty(build.network, inputs, expected, seed):
                    break
            yield error, again


def beside_float32(build: Build, made: RandomNetwork, seed: int) -> Iterator[SingleOutcome]:
    """The module in float32 beside PyTorch in float32, at one choice of sizes and several scales."""
    subject = Subject(str(seed), build.source, None, made.draws, {}, UNKNOWN, PRECISE_UNKNOWN)
    module = module_of(build.module[0], "net")

    def outcome(setting: Setting, draw: int) -> SingleOutcome:
        inputs = at_setting(_drawn_once(build.network, made, seed, draw), made.draws, setting, seed)
        return Run(subject, build.network, module, setting, seed, inputs).outcome()

    for scale in SINGLE_SCALES:
        setting = Setting(f"{scale:g}", scale)
        first = outcome(setting, 0)
        yield confirmed(first, (outcome(setting, draw) for draw in range(1, SINGLE_DRAWS))) if first.misses else first


def _drawn_once(network: Network, made: RandomNetwork, seed: int, draw: int) -> dict[str, Array]:
    """The inputs of one draw, all at the same choice of sizes."""
    sizes, rng = some_sizes(network, seed)[seed % 3], np.random.default_rng(seed + 10**6 * draw)
    widths = rng.integers(1, 6, MOST_LAYERS)
    return {t.name: _input(t, made.draws.get(t.name, small), sizes, widths, rng, 1.0) for t in network.inputs}


def confirmed(first: SingleOutcome, others: Iterable[SingleOutcome]) -> SingleOutcome:
    """An outcome with those of its misses that are ones for more than half of the draws that can be compared, and with
    whatever is not finite in any of them."""
    compared = [o for o in (first, *others) if o.source not in ("", "too large")]
    count = Counter(m.tensor for o in compared for m in o.misses)
    often = [m for m in first.misses if np.isfinite(m.ours) and 2 * count[m.tensor] > len(compared)]
    broken = {(m.tensor, m.problem): m for o in compared for m in o.misses if not np.isfinite(m.ours)}
    return replace(first, misses=(*often, *broken.values()))


def uncertainty(network: Network, inputs: Mapping[str, Array], expected: Expected, seed: int) -> float:
    """How far PyTorch's gradients move, as an error is measured, when the last digit of each number does."""
    rng = np.random.default_rng(seed)

    def moved(a: np.ndarray) -> np.ndarray:
        return a if a.dtype.kind == "i" else a * (1 + np.finfo(np.float64).eps * rng.choice((-1, 1), a.shape))

    near = {n: [moved(a) for a in v] if isinstance(v, list) else moved(v) for n, v in inputs.items()}
    loss, gradients = witness.gradients(network, tensors(near), UNKNOWN)
    least = FLOOR * max(1.0, *(norm(arrays(g)) for g in expected[1].values()))
    parts = [relative_error(arrays(gradients[n]), arrays(g), least) for n, g in expected[1].items()]
    return max(relative_error(loss, expected[0], least), *parts)


def some_sizes(network: Network, seed: int) -> tuple[dict[Dim, int], ...]:
    """Sizes that differ, sizes that are all equal, sizes some of which are 1."""
    rng = np.random.default_rng(seed)
    count = len(network.dims)
    choices = (rng.permutation(np.arange(2, 9))[:count], np.full(count, rng.integers(2, 5)), rng.integers(1, 4, count))
    return tuple(_large_enough(network, dict(zip(network.dims, map(int, c), strict=True))) for c in choices)


def _large_enough(network: Network, sizes: dict[Dim, int]) -> dict[Dim, int]:
    """The sizes, those larger of which an extent is made until nothing is empty and every window fits."""
    while short := [p for p, least in _least(network) if p.value(dict(sizes)) < least]:  # type: ignore[arg-type]
        grown = [d for d in sizes if short[0].value({**sizes, d: sizes[d] + 4}) > short[0].value(dict(sizes))]
        sizes = sizes | {d: sizes[d] + 1 for d in grown}
    return sizes


def _least(network: Network) -> Iterator[tuple[Poly, int]]:
    shapes = (network.shape(n) for n in (*(t.name for t in network.inputs), *(e.name for e in network.equations)))
    yield from ((p, 1) for shape in shapes for p in shape if not any(isinstance(a, DimAt) for a in p.atoms()))
    yield from ((p, 2) for p in room_for_reads(network))


def drawn(
    network: Network, draws: Mapping[str, Draw], sizes: Mapping[Dim, int], seed: int
) -> tuple[dict[str, Array], Expected]:
    """Inputs at which PyTorch finds finite numbers, and these; smaller ones where larger ones overflow."""
    rng, scale = np.random.default_rng(seed), 1.0
    widths = rng.integers(1, 6, MOST_LAYERS)
    for _ in range(MOST_DRAWS):
        inputs = {t.name: _input(t, draws.get(t.name, small), sizes, widths, rng, scale) for t in network.inputs}
        loss, gradients = witness.gradients(network, tensors(inputs), UNKNOWN)
        if np.isfinite(loss) and all(np.isfinite(norm(arrays(g))) for g in gradients.values()):
            return inputs, (loss, gradients)
        scale *= 0.7
    raise ArithmeticError("no data found at which PyTorch has finite numbers")


def _input(
    t: Tensor, draw: Draw, sizes: Mapping[Dim, int], widths: np.ndarray, rng: np.random.Generator, scale: float
) -> Array:
    """An input at random; a list of arrays has one for each layer."""

    def extent(p: Poly, layer: int = 0) -> int:
        given = {**sizes, t.each: layer} if t.each is not None else sizes
        return p.replace(lambda a: Poly.of(int(widths[a.at.value(given)])) if isinstance(a, DimAt) else None).value(
            given
        )

    def array(shape: tuple[int, ...]) -> np.ndarray:
        if t.classes is not None:
            return rng.integers(0, extent(t.classes), shape)
        return np.asarray(draw(rng, shape)) * (scale if draw is small else 1)

    if t.each is None:
        return array(tuple(extent(p) for p in t.shape))
    return [array(tuple(extent(p, k) for p in t.shape[1:])) for k in range(extent(t.shape[0]))]


def main() -> int:
    """Print how many networks there were, the worst error, and each that failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, nargs="?", default=200)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--each", action="store_true", help="print a line for each network")
    parser.add_argument("--thorough", type=int, default=THOROUGH, help="every so many networks are checked in full")
    parser.add_argument("--single", action="store_true", help="run each in float32 too, at several scales")
    options = parser.parse_args()
    torch.set_num_threads(1)
    began, outcomes = time.monotonic(), []
    for seed in range(options.start, options.start + options.count):
        outcome = run(seed, options.thorough, options.single)
        outcomes.append(outcome)
        if outcome.problem or options.each:
            print(f"seed {seed}: {outcome.error:.1e}  {outcome.problem[:600]}", flush=True)
        elif (seed + 1) % 100 == 0:
            print(summary(tuple(outcomes)), f"{time.monotonic() - began:.0f} s", sep="; ", flush=True)
    print(summary(tuple(outcomes)), f"{time.monotonic() - began:.0f} s", sep="; ")
    return int(any(o.problem for o in outcomes))


def summary(outcomes: tuple[Outcome, ...]) -> str:
    """One line: how many, how many failed, how many equalities, the worst error of those that did not fail."""
    good = [o for o in outcomes if not o.problem]
    worst = max(good, key=lambda o: o.error, default=Outcome(-1, 0.0, 0))
    return (
        f"{len(outcomes)} random networks, {len(good)} passed, {len(outcomes) - len(good)} failed; "
        f"{sum(o.equalities for o in good)} equalities hold; "
        f"{sum(o.redrawn for o in good)} draws repeated where autograd itself is as uncertain; "
        f"largest relative error to autograd {worst.error:.1e} (seed {worst.seed})"
        + _summary_in_float32([s for o in outcomes for s in o.single])
    )


def _summary_in_float32(runs: list[SingleOutcome]) -> str:
    if not runs:
        return ""
    held = [r for r in runs if r.source not in ("", "too large")]
    missed = sum(bool(r.misses) for r in held)
    once = sum(r.ratio > 1 and not r.misses for r in held)
    return f"; in float32 {len(held)} of {len(runs)} runs compared, {missed} missed, {once} more for one draw only"


if __name__ == "__main__":
    sys.exit(main())
