"""A claim proved at every entry, or the smallest numbers at which it is false, and what would be right.

Both sides are written out in scalars, derivatives as the chain rule gives them, and what remains of their difference is
brought to normal form. Where that is not 0 small sizes and small whole numbers are looked for at which it is another.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

import numpy as np
import sympy as sp

from symbp.calculus.steps import Derivation
from symbp.claims.claim import KINDS, LEFT, LOSS, RIGHT, SLOPE, Claim, read_claim, sides
from symbp.claims.steps import steps_to
from symbp.core.build import NIL
from symbp.core.network import Network
from symbp.errors import NotationError, SymbpError
from symbp.review.parts import PARTS
from symbp.review.scope import Scope
from symbp.review.trees import clone
from symbp.review.wholes import times_a_number
from symbp.symbolic import prove as symbolic
from symbp.symbolic.cases import Case
from symbp.symbolic.check import candidates, numbers_in
from symbp.symbolic.digits import NoNumber, Point, points
from symbp.symbolic.facts import given
from symbp.symbolic.graph import written
from symbp.symbolic.prove import EVALUATED, PROVED, WRONG, Free, Patience, Witness
from symbp.symbolic.scalars import Entry
from symbp.symbolic.sizes import NOWHERE, Outside, Sizes, keys, least_sizes, work

PATIENCE, COMFORT = (2_000, 1_000_000), 6_000
SMALL = ((-2, 3, 1), (-4, 5, 2), (1, 4, 1))  # whole numbers, halves, positive ones
SECONDS, MOST_TRIED = 8.0, 80  # for what would be right
MOST_SIZES, MOST_POINTS = 16, 4
MOST_SHOWN = 40  # operations of a side that is shown in normal form


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a claim: proved, held wherever it was evaluated, or false, with the numbers that show it."""

    outcome: str
    claim: str
    sizes: str = ""
    entries: int = 0
    entry: str = ""
    left: str = ""
    right: str = ""
    at: tuple[tuple[str, str], ...] = ()
    instead: str = ""
    why: str = ""
    steps: tuple[str, ...] = ()  # of the derivation, to what is claimed
    forms: tuple[str, ...] = ()  # of both sides; one where they meet

    @property
    def is_false(self) -> bool:
        """Is it false?"""
        return self.outcome == WRONG


def prove(text: str, definition: tuple[str, Network] | None = None, derivation: Derivation | None = None) -> Verdict:
    """The verdict on a claim about a network, given as its text and itself, or about functions alone.

    A derivation of the network's lends its steps to the proof.
    """
    claim = _read(text, definition)
    shapes = [tuple(map(str, claim.network.shape(n))) for n in (LEFT, RIGHT)]
    if shapes[0] != shapes[1]:
        said = [f"({', '.join(s)})" for s in shapes]
        return Verdict(WRONG, _said(claim), why=f"the left side has the shape {said[0]}, the right side {said[1]}")
    subject = _Subject(claim, _sizes(claim.network))
    findings = [subject.find(key) for key in subject.keys]
    outcomes = {f.outcome for f in findings}
    sizes = str(subject.witness.sizes) if subject.witness.sizes.values else ""
    if WRONG not in outcomes and _holds_at(_Subject(claim, _other_sizes(claim.network))):
        outcome = PROVED if outcomes == {PROVED} else EVALUATED if outcomes <= {PROVED, EVALUATED} else symbolic.OPEN
        steps = _steps(claim, derivation) if derivation else ()
        return Verdict(outcome, _said(claim), sizes, len(findings), steps=steps, forms=subject.forms())
    return _false(claim, subject, definition)


def _steps(claim: Claim, derivation: Derivation) -> tuple[str, ...]:
    """The derivation's own steps, where one side is an adjoint by its name."""
    for side in (claim.left, claim.right):
        of, by = claim.by.get(side, ("", ""))
        if of == LOSS and (steps := steps_to(derivation, by)):
            return steps
    return ()


def _read(text: str, definition: tuple[str, Network] | None) -> Claim:
    """Free names are numbers if that can be read, else vectors or matrices.

    Two things beside each other are a product of matrices if that can be read and has the other side's shape, else of
    entries.
    """
    errors: list[SymbpError] = []
    found: list[Claim] = []
    for kind in KINDS if definition is None else KINDS[:1]:
        for sign in ("@", "*"):
            try:
                claim = read_claim(*sides(text, sign, definition[1] if definition else None), definition, kind)
            except SymbpError as error:
                errors.append(error)
                continue
            found.append(claim)
            if claim.network.shape(LEFT) == claim.network.shape(RIGHT):
                return claim
    if not found:
        raise errors[0]
    return found[0]


def _said(claim: Claim) -> str:
    return re.sub(rf"{SLOPE}\((.*?), (\w+)\)(?= =|$)", r"d/d\2 \1", f"{claim.left} = {claim.right}")


def _sizes(network: Network) -> Sizes:
    """Sizes that are numbers in a formula are 3 and more, each another, so that N is not taken for 2."""
    found = [s for s in candidates(network, numbers_in(network)) if work(network, s) <= COMFORT]
    return found[0] if found else least_sizes(network, 1)


def _other_sizes(network: Network) -> Sizes:
    """Others, at which the claim is evaluated too."""
    return least_sizes(network, 2, {d.name: 3 + k for k, d in enumerate(reversed(network.dims))})


class _Subject:
    """A claim at some sizes: the scalars of its network, and the difference of the two sides."""

    def __init__(self, claim: Claim, sizes: Sizes):
        self.claim = claim
        self.witness = Witness(claim.network, "", {}, (), sizes, Patience(*PATIENCE))
        self.graph = self.witness.graph
        left = claim.network.equation(LEFT)
        self.keys = keys(left.indices, sizes) if left else []
        self.forward = frozenset(e for e in self.graph.reads if claim.is_own(e[0]))
        self.sides = frozenset(e for e in self.graph.reads if not claim.is_own(e[0]))
        self.adjoints: dict[object, sp.Expr] = {}
        self.last: tuple[sp.Expr, sp.Expr] | None = None  # the sides of the entry that was looked at last

    def find(self, key: tuple[int, ...]) -> symbolic.Finding:
        """What comes of an entry."""

        def own(case: Case, _free: Free) -> sp.Expr:
            sides = self.side(LEFT, key, case), self.side(RIGHT, key, case)
            self.last = self._spelt(sides[0], case), self._spelt(sides[1], case)
            return sides[0] - sides[1]

        near = (frozenset[Entry](), self.forward)
        return self.witness.find(symbolic.Claim(LEFT, (LEFT, key), NIL, NOWHERE, own, near=near))

    def _spelt(self, value: sp.Expr, case: Case) -> sp.Expr:
        """In the claim's own names: what a function is called with has one for the proof alone."""
        while inner := [s for s in value.free_symbols if self.graph.entries[s][0].endswith("_")]:
            value = value.xreplace({s: self.graph.body(self.graph.entries[s], case) for s in inner})
        return value

    def forms(self) -> tuple[str, ...]:
        """The normal form in which both sides of the last entry meet, or each side's; nothing where they are long."""
        if self.last is None or max(sp.count_ops(s) for s in self.last) > MOST_SHOWN:
            return ()
        shown = {s: sp.Symbol(written(self.graph.entries[s])) for side in self.last for s in side.free_symbols}
        found = [str(sp.factor(sp.together(side)).xreplace(shown)) for side in self.last]
        return tuple(dict.fromkeys(found))

    def side(self, name: str, key: tuple[int, ...], case: Case) -> sp.Expr:
        """An entry of a side in the network's own scalars."""
        value = self.graph.symbols[name, key]
        while inner := [s for s in value.free_symbols if self.graph.entries.get(s) in self.sides]:
            value = value.xreplace({s: self.graph.body(self.graph.entries[s], case) for s in inner})
        bars = {s: self.graph.entries[s] for s in value.free_symbols if self.graph.entries[s][0] in self.claim.by}
        return value.xreplace({s: self._adjoint(*e, case) for s, e in bars.items()})

    def _adjoint(self, bar: str, key: tuple[int, ...], case: Case) -> sp.Expr:
        of, by = self.claim.by[bar]
        value = self.claim.network.equation(of)
        return self._slope((of, key if value and value.indices else ()), (by, key), case)

    def _slope(self, of: Entry, entry: Entry, case: Case) -> sp.Expr:
        """The derivative of a scalar by an entry: over all that reads it, its derivative times the local one."""
        if entry[0] == of[0]:
            if entry != of:
                raise NotationError("of a function the derivative can be claimed that is taken entry by entry")
            return sp.S.One
        known = (of, entry)
        if known in self.adjoints:
            return self.adjoints[known]
        if known in case.known:
            case.asked += 1
            return case.known[known]
        asked, terms = case.asked, []
        for reader in self.graph.readers[entry]:
            if self.claim.is_own(reader[0]):
                slope = self._slope(of, reader, case)
                if slope != 0:
                    terms.append(slope * self.graph.slope(reader, entry, case))
        table = self.adjoints if case.asked == asked else case.known  # what the case decided holds in it alone
        table[known] = sp.Add(*terms)
        return table[known]

    def points(self) -> Iterator[Point]:
        """Small numbers, the smallest first, that obey the facts."""
        for seed in range(3):
            yield from points(self.graph, given(self.graph), SMALL, seed)

    def differs(self, point: Point) -> tuple[tuple[int, ...], sp.Expr, sp.Expr] | None:
        """The first entry in which the sides differ at a point."""
        for key in self.keys:
            with suppress(NoNumber, Outside, ZeroDivisionError):
                left, right = (point.number(self.side(n, key, point)) for n in (LEFT, RIGHT))
                if abs(left - right) > 1e-9 * (1 + abs(left)):
                    return key, left, right
        return None


def _false(claim: Claim, subject: _Subject, definition: tuple[str, Network] | None) -> Verdict:
    instead = _right(claim, definition)
    for sizes in (*_small(claim.network), subject.witness.sizes, _other_sizes(claim.network)):
        small = _Subject(claim, sizes)
        for point, _ in zip(small.points(), range(MOST_POINTS), strict=False):
            found = small.differs(point)
            if found:
                key, left, right = found
                return Verdict(
                    WRONG, _said(claim), str(sizes) if sizes.values else "", 1, written(("", key)),
                    _digits(left), _digits(right), tuple(_inputs(small, point)), instead,
                )  # fmt: skip
    return Verdict(WRONG, _said(claim), instead=instead)


def _small(network: Network) -> Iterator[Sizes]:
    """Sizes of 1 and 2, the smallest first."""
    names = [d.name for d in network.dims]
    choices = sorted(product((1, 2), repeat=len(names)), key=sum)
    for values in choices[:MOST_SIZES]:
        with suppress(SymbpError):
            yield least_sizes(network, 1, dict(zip(names, values, strict=True)))


def _inputs(subject: _Subject, point: Point) -> Iterator[tuple[str, str]]:
    shown = [t.name for t in subject.claim.network.inputs if t.name not in subject.claim.by]
    for symbol, value in point.values.items():
        entry = subject.graph.entries.get(symbol)
        if entry and entry[0] in shown:
            yield written(entry), _digits(value)


def _digits(value: sp.Expr) -> str:
    return f"{float(value):.6g}"


def _right(claim: Claim, definition: tuple[str, Network] | None) -> str:
    """The right side with one usual mistake taken out, where that makes it true."""
    end = time.monotonic() + SECONDS
    for text, _ in zip(_otherwise(claim), range(MOST_TRIED), strict=False):
        if time.monotonic() > end:
            break
        if _holds(claim.left, text, definition, claim.kind):
            return f"{claim.left} = {text}"
    return ""


def _otherwise(claim: Claim) -> Iterator[str]:
    """The right side written otherwise, by what it has names for besides the left side's."""
    tree = ast.parse(claim.right, mode="eval").body
    scope = _scope(claim)
    texts: list[str] = []
    sums = [c for c in ast.walk(tree) if isinstance(c, ast.comprehension)]
    indices = [n.slice for n in ast.walk(tree) if isinstance(n, ast.Subscript)]
    fixed = {id(n) for over in [*(p for c in sums for p in (c.target, c.iter)), *indices] for n in ast.walk(over)}
    for _, rule in PARTS:
        for part in [n for n in ast.walk(tree) if isinstance(n, ast.expr) and id(n) not in fixed]:
            texts += [ast.unparse(clone(tree, {id(part): new})) for _, new in rule(part, scope)]
    texts[:0] = [ast.unparse(new) for kind, new in times_a_number(tree, "", scope) if kind == "sign"]
    texts += [ast.unparse(new) for _, new in times_a_number(tree, "", scope)]
    proper = _names(claim.left) - _names(claim.right)  # what is claimed of a quantity is not that it is itself
    yield from dict.fromkeys(t.replace("np.", "") for t in texts if not _names(t) & proper)


def _names(text: str) -> set[str]:
    """The quantities in it, no functions."""
    tree = ast.parse(text, mode="eval")
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called}


def _holds_at(subject: _Subject) -> bool:
    """Are both sides equal at some points?"""
    return not any(subject.differs(p) for p, _ in zip(subject.points(), range(2), strict=False))


def _scope(claim: Claim) -> Scope:
    """Names with arrays of distinct small sizes, for the rewritings to know their shapes."""
    sizes = least_sizes(claim.network, 2, {d.name: 3 + k for k, d in enumerate(claim.network.dims)})
    values = {str(d.name): np.array(sizes.values[d.name]) for d in claim.network.dims}
    names = [t.name for t in claim.network.inputs] + [e.name for e in claim.network.equations]
    for name in sorted(n for n in names if claim.is_own(n) and not n.startswith("claimed_") and not n.endswith("_")):
        with suppress(SymbpError):
            values[name] = np.zeros([sizes.integer(p) for p in claim.network.shape(name)])
    return Scope(values)


def _holds(left: str, right: str, definition: tuple[str, Network] | None, kind: str) -> bool:
    try:
        claim = read_claim(left, right, definition, kind)
        if claim.network.shape(LEFT) != claim.network.shape(RIGHT):
            return False
        subject = _Subject(claim, _sizes(claim.network))
        if not _holds_at(subject) or not _holds_at(_Subject(claim, _other_sizes(claim.network))):
            return False
        return all(subject.find(k).outcome in (PROVED, EVALUATED) for k in subject.keys)
    except (NotationError, SymbpError):
        return False
