"""What a wrong gradient looks like: the usual mistakes, each tried on what it should be.

In come the wrong gradient and the witness, out go the looks that fit. `agreed` makes a phrase of those of several
draws: at one of them a factor of 2 may be one of K, and a sum that lost all terms but one may be 0. A mistake in the
chain rule is tried on the network itself: a read is held still, so that nothing flows through it, and the loss is
differentiated again by complex steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from symbp.core import build
from symbp.core.expr import Compare, Expr, Int, Read
from symbp.core.integers import Poly
from symbp.core.network import DATA, Equation, Network, Tensor
from symbp.core.traverse import indices_of, reads, replace_reads
from symbp.errors import CheckFailed
from symbp.verify.arrays import Array
from symbp.verify.scope import Key
from symbp.verify.sizes import Sizes
from symbp.verify.systems import DOMAIN_ERRORS, Value
from symbp.verify.witness import Witness
from symbp.verify.world import World

ALIKE = 1e-6
HELD = " held"
# Beyond this is what float32 rounds to, and less than double what it is about.
SINGLE = 1e-8
Gradient = Mapping[Key, float]
# A phrase with a gap, and what fills it: ("a factor of {} too many", "N").
Look = tuple[str, str]
NOUGHT: Look = ("it is 0 everywhere", "")


@dataclass(frozen=True, slots=True)
class Case:
    """A network at the data where a gradient is wrong; `values` has every entry of every tensor."""

    network: Network
    loss: str
    sizes: Sizes
    values: Mapping[str, Mapping[Key, Value]]


def diagnose(case: Case, name: str, wrong: Gradient, right: Gradient) -> tuple[Look, ...]:
    """The first usual mistake that explains all entries, else which entries are off. Of factors all that fit."""
    if not all(math.isfinite(v) for v in wrong.values()):
        return (("not a finite number", ""),)
    if not any(wrong.values()):
        return (NOUGHT,)
    near = _near(wrong, right)
    factors = () if near else _factor(case, wrong, right)
    return factors or ((near or next(_guesses(case, name, wrong, right)), ""),)


def _guesses(case: Case, name: str, wrong: Gradient, right: Gradient) -> Iterator[str]:
    yield from filter(None, (_transposed(wrong, right), _moved(wrong, right)))
    yield from _in_the_chain(case, name, wrong)
    yield from _overwritten(case, name, wrong)
    yield _some_factor(wrong, right) or _entries_off(wrong, right)


def agreed(draws: Sequence[tuple[Look, ...]]) -> str:
    """What fits at all draws, in words; else what fits at the first."""
    looks = _common(draws)
    return looks[0][0].replace("{}", " or ".join(what for _, what in looks)) if looks else ""


def undecided(draws: Sequence[tuple[Look, ...]]) -> bool:
    """Does more than one factor fit at all draws?"""
    return len(_common(draws)) > 1


def _common(draws: Sequence[tuple[Look, ...]]) -> tuple[Look, ...]:
    """A draw at which all is 0 tells less than the others."""
    first, *others = [looks for looks in draws if looks and looks != (NOUGHT,)] or draws or [()]
    return tuple(look for look in first if all(look in looks for looks in others)) or first


def diagnose_shape(case: Case, wrong: Array, right: Array) -> str:
    """What a gradient of the wrong shape looks like."""
    if wrong.ndim == 2 and wrong.T.shape == right.shape:
        return "it is the transpose" if _close(wrong.T, right) else "its shape is that of the transpose"
    for axis in range(wrong.ndim):
        if wrong.ndim == right.ndim + 1 and _matches(wrong.sum(axis=axis), right):
            if wrong.shape[axis] == 1:
                return f"dimension {axis}, of size 1, was kept"
            return f"a sum over {_size_named(case, wrong.shape[axis])} is missing"
    return ""


def diagnose_number(case: Case, wrong: float, right: float) -> tuple[Look, ...]:
    """What a wrong loss looks like."""
    if not (wrong and right and math.isfinite(wrong)):
        return ()
    near = _near({(): wrong}, {(): right})
    return ((near, ""),) if near else _factor(case, {(): wrong}, {(): right})


def _close(a: Array, b: Array) -> bool:
    return bool(np.max(np.abs(a - b), initial=0.0) <= ALIKE * max(np.max(np.abs(b), initial=0.0), 1e-12))


def _matches(a: Array, b: Array) -> bool:
    return a.shape == b.shape and _close(a, b)


def _same(wrong: Gradient, guess: Gradient) -> bool:
    scale = max(abs(v) for v in wrong.values())
    return all(abs(wrong[key] - guess.get(key, math.inf)) <= ALIKE * scale for key in wrong)


def _near(wrong: Gradient, right: Gradient) -> str:
    """Where hardly anything is wrong: by how much."""
    scale = max(abs(v) for v in right.values())
    off = max(abs(wrong[key] - v) for key, v in right.items())
    if not 0 < off <= ALIKE * scale:
        return ""
    single = all(float(np.float32(v)) == v for v in wrong.values()) or off > SINGLE * scale
    of = " of its largest entry" if len(right) > 1 else " of it"
    return f"it differs by about {off / scale:.0e}{of}" + (", as float32 does" if single else "")


# A number that everything was multiplied by.


def _factor(case: Case, wrong: Gradient, right: Gradient) -> tuple[Look, ...]:
    square = sum(v * v for v in right.values())
    c = sum(wrong[key] * right[key] for key in right) / square if square else 0.0
    if not c or not _same(wrong, {key: c * v for key, v in right.items()}):
        return ()
    if abs(c + 1) < ALIKE:
        return (("the sign is wrong", ""),)
    phrase = f"a factor of {{}}{' too many' if abs(c) > 1 else ''}{' and the sign is wrong' if c < 0 else ''}"
    return tuple((phrase, name) for value, name in _factors(case) if abs(abs(c) / value - 1) < ALIKE)


def _some_factor(wrong: Gradient, right: Gradient) -> str:
    square = sum(v * v for v in right.values())
    c = sum(wrong[key] * right[key] for key in right) / square if square else 0.0
    scaled = {key: c * v for key, v in right.items()}
    return f"every entry is {c:.6g} times what it should be" if len(right) > 1 and _same(wrong, scaled) else ""


def _factors(case: Case) -> Iterator[tuple[float, str]]:
    yield from ((2.0, "2"), (0.5, "1/2"))
    sizes = list(case.sizes.values.items())
    for name, value in sizes:
        yield float(value), name
        yield 1.0 / value, f"1/{name}"
    for place, (name, value) in enumerate(sizes):
        yield 2.0 * value, f"2 {name}"
        yield 0.5 / value, f"1/(2 {name})"
        for other, more in sizes[place:]:
            yield float(value * more), f"{name} {other}"
            yield 1.0 / (value * more), f"1/({name} {other})"


def _size_named(case: Case, value: int) -> str:
    return next((name for name, v in case.sizes.values.items() if v == value), str(value))


def _transposed(wrong: Gradient, right: Gradient) -> str:
    turned = {(*key[:-2], *key[:-3:-1]): v for key, v in right.items()}
    return "it is the transpose" if turned.keys() == wrong.keys() and turned != right and _same(wrong, turned) else ""


def _moved(wrong: Gradient, right: Gradient) -> str:
    """Every entry stands elsewhere: dimensions are run through backwards, or are off by one."""
    rank = len(next(iter(right)))
    ends = [max(key[axis] for key in right) for axis in range(rank)]
    axes = [axis for axis in range(rank) if ends[axis]]
    for turned in (*combinations(axes, 1), *combinations(axes, 2)):
        where = " and ".join(f"dimension {a}" for a in turned)
        back = {tuple(ends[a] - k if a in turned else k for a, k in enumerate(key)): v for key, v in right.items()}
        if back.keys() == wrong.keys() and _same(wrong, back):
            return f"it is flipped along {where}"
        if any(_is_beside(wrong, right, turned, step) for step in (1, -1)):
            return f"it is off by one along {where}"
    return ""


def _is_beside(wrong: Gradient, right: Gradient, axes: tuple[int, ...], step: int) -> bool:
    """Is each entry, as far as there is one, that of its neighbour?"""
    pairs = {key: _beside(key, axes, step) for key in wrong}
    known = {key: right[other] for key, other in pairs.items() if other in right}
    return len(known) > len(wrong) // 4 and _same({key: wrong[key] for key in known}, known)


def _beside(key: Key, axes: tuple[int, ...], step: int) -> Key:
    return tuple(k + step if axis in axes else k for axis, k in enumerate(key))


# A mistake in the chain rule, made on purpose.


@dataclass(frozen=True, slots=True)
class Mistake:
    """The network with one equation changed, in words."""

    words: str
    equation: Equation


def _in_the_chain(case: Case, name: str, wrong: Gradient) -> Iterator[str]:
    for mistake in _mistakes(case, name):
        guess = _derivative(case, mistake.equation, name)
        if guess is not None and any(guess.values()) and _same(wrong, guess):
            yield mistake.words


def _mistakes(case: Case, name: str) -> Iterator[Mistake]:
    reached = {name, *World(case.network, case.sizes).downstream[name]}
    for equation in case.network.equations:
        for q in dict.fromkeys(r.tensor for r in reads(equation.body)):
            if q in reached:
                yield from _missing_path(equation, q)
                yield from _missing_slope(equation, q)
                if q == name:
                    yield from _missing_sum(case, equation, q)


def _missing_path(equation: Equation, q: str) -> Iterator[Mistake]:
    count = sum(1 for r in _occurrences(equation.body) if r.tensor == q)
    words = f"the path through {equation.name} is missing, which reads {q}"
    yield Mistake(words, replace(equation, body=_hold(equation.body, q)))
    for place in range(count if count > 1 else 0):
        words = f"a path through {equation.name} is missing, which reads {q} {count} times: number {place + 1}"
        yield Mistake(words, replace(equation, body=_hold(equation.body, q, place)))


def _missing_slope(equation: Equation, q: str) -> Iterator[Mistake]:
    """u = f(q), entry by entry, differentiated as if it were u = q."""
    own = tuple(Poly.of(i) for i in equation.indices)
    read = Read(q, own)
    if all(r.subs == own for r in reads(equation.body)):
        body = build.add(Read(equation.name + HELD, own), read, build.neg(Read(q + HELD, own)))
        yield Mistake(f"the derivative of {equation.name} by {q} is missing", replace(equation, body=body))


def _missing_sum(case: Case, equation: Equation, q: str) -> Iterator[Mistake]:
    """Of a sum over an index of the equation that the tensor has not, a single term was kept, or left out."""
    used = {i for r in reads(equation.body) if r.tensor == q for s in r.subs for i in indices_of(s)}
    for index in equation.indices:
        if index in used:
            continue
        size = World(case.network, case.sizes).size(index.extent)
        held = _hold(equation.body, q)
        for at in dict.fromkeys((0, size - 1)):
            here = Compare("==", Int(Poly.of(index)), build.num(at))
            kept, dropped = build.where(here, equation.body, held), build.where(here, held, equation.body)
            words = f"the sum over {index.extent} is missing, only {index.name} = {at} is counted"
            yield Mistake(words, replace(equation, body=kept))
            words = f"the sum over {index.extent} leaves out {index.name} = {at}"
            yield Mistake(words, replace(equation, body=dropped))


def _occurrences(body: Expr) -> list[Read]:
    found: list[Read] = []
    replace_reads(body, found.append)
    return found


def _hold(body: Expr, q: str, place: int | None = None) -> Expr:
    """The body with the reads of q (or just one of them) held still."""
    count = [-1]

    def hold(read: Read) -> Expr | None:
        if read.tensor != q:
            return None
        count[0] += 1
        return Read(q + HELD, read.subs) if place in (None, count[0]) else None

    return replace_reads(body, hold)


def _derivative(case: Case, changed: Equation, name: str) -> Gradient | None:
    """The derivative of the loss by `name` with that equation in the place of its own."""
    network = case.network
    equations = tuple(changed if e.name == changed.name else e for e in network.equations)
    names = dict.fromkeys(r.tensor for r in reads(changed.body) if r.tensor.endswith(HELD))
    held = tuple(Tensor(n, DATA, network.shape(n.removesuffix(HELD))) for n in names)
    mistaken = replace(network, inputs=(*network.inputs, *held), equations=equations, facts=())
    adjoint = f"{name} adjoint"
    witness = Witness(World(mistaken, case.sizes), case.loss, {name: adjoint})
    try:
        witness.fill({**case.values, **{n: case.values[n.removesuffix(HELD)] for n in names}})
        table = witness.adjoints[adjoint]
        return {key: table[key] for key in table.keys_in_order}
    except (CheckFailed, *DOMAIN_ERRORS):
        return None


def _overwritten(case: Case, name: str, wrong: Gradient) -> Iterator[str]:
    """Of the entries that read the same one a single one counts: the others were written over instead of added."""
    for equation in case.network.equations:
        if name not in {r.tensor for r in reads(equation.body)}:
            continue
        witness = Witness(World(case.network, case.sizes), case.loss, {equation.name: "adjoint"})
        witness.fill({t.name: case.values[t.name] for t in case.network.inputs})
        table, adjoint = witness.partials(equation.name, name), witness.adjoints["adjoint"]
        for place, words in ((-1, "last"), (0, "first")):
            found = {by: table.readers(by)[place : place + 1 or None] for by in wrong}
            if _same(wrong, {by: sum(adjoint[of] * table[of, by] for of in ofs) for by, ofs in found.items()}):
                yield f"of the entries of {equation.name} that read it only the {words} counts"


def _entries_off(wrong: Gradient, right: Gradient) -> str:
    scale = max(max(abs(v) for v in wrong.values()), max(abs(v) for v in right.values()))
    off = [key for key in right if abs(wrong[key] - right[key]) > ALIKE * scale]
    if 0 < len(off) <= max(1, len(right) // 3):
        shown = ", ".join(f"[{', '.join(map(str, key))}]" for key in off[:4])
        return f"only {len(off)} of {len(right)} entries are off: {shown}{', ...' if len(off) > 4 else ''}"
    return "no single usual mistake explains it"
