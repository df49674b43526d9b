"""The third witness: every adjoint and every local derivative proved equal to what SymPy's chain rule gives.

What remains of the difference to the derived right side is brought to normal form: 0, and the derived result is proved
under that case. In come networks and expressions alone, of the definition and of what was derived; it knows no rule of
the calculus.

Where a normal form is too much work, or not 0, the difference is evaluated to fifty digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial

import sympy as sp

from symbp.core.network import Equation, Network
from symbp.symbolic.cases import Case, TooMany, Undecided, cases
from symbp.symbolic.chain import NONE, Chain, Levels
from symbp.symbolic.chain import Claim as Claim  # for whoever makes claims of its own
from symbp.symbolic.chain import Free as Free
from symbp.symbolic.digits import DIGITS, POINTS, TIES, NoNumber, Point, points
from symbp.symbolic.facts import Given, given
from symbp.symbolic.fractions import Fractions, TooLarge, is_zero
from symbp.symbolic.graph import Graph, written
from symbp.symbolic.kernels import Kernels
from symbp.symbolic.scalars import Entry, has_choices
from symbp.symbolic.sizes import Key, Outside, Sizes, Undefined

PROVED, EVALUATED, WRONG, OPEN = "proved", "evaluated", "wrong", "open"
FEW = 3  # entries of a tensor without a proof; of the others none is looked for
MOST_AT_ONCE = 20_000  # nodes that one expression has with definitions written out, as a tree
MANY = 4  # rounds of points at which values tie
BOUND = sp.Float(10, DIGITS) ** (5 - DIGITS)


@dataclass(slots=True)
class Patience:
    """How many cases are gone through in all, and how many nodes of expressions written out."""

    cases: int
    nodes: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one claim: its entry, and where it is wrong by how much; `count` of its cases were looked at."""

    what: str
    entry: str
    outcome: str
    count: int
    error: float = 0.0


@dataclass
class Witness:
    """What proves claims: the definition's chain rule, the facts, and how much work is left."""

    network: Network  # the definition: forward equations, the loss among them
    loss: str
    adjoints: Mapping[str, str]  # the adjoint's name for each quantity
    derived: tuple[Equation, ...]  # the equations of adjoints
    sizes: Sizes
    patience: Patience  # what is left without a proof once that is at its end is evaluated
    chain: Chain = field(init=False)
    graph: Graph = field(init=False)
    given: Given = field(init=False)
    kernels: Kernels = field(default_factory=Kernels)
    hard: Counter[str] = field(default_factory=Counter)  # of how many entries no proof was found

    def __post_init__(self) -> None:
        self.chain = Chain(self.network, self.loss, self.adjoints, self.derived, self.sizes)
        self.graph = self.chain.graph
        self.given = given(self.graph)

    def find(self, claim: Claim) -> Finding:
        """What comes of a claim: the cheap proofs first, then numbers, which tell at once what is wrong."""
        name = written((claim.what, claim.entry[1]))
        if self._is_easy(claim) and (count := self._proof(claim, self._near(claim))) is not None:
            return Finding(claim.what, name, PROVED, count)
        error, count = self._evaluated(claim)
        if not count:
            return Finding(claim.what, name, OPEN, 0)
        if error > BOUND:
            return Finding(claim.what, name, WRONG, count, float(error))
        if self._is_easy(claim) and (proved := self._by_cases(claim, None, self._far(claim))) is not None:
            return Finding(claim.what, name, PROVED, proved)
        self.hard[claim.what] += 1
        return Finding(claim.what, name, EVALUATED, count)

    def _is_easy(self, claim: Claim) -> bool:
        return self.hard[claim.what] < FEW

    def _near(self, claim: Claim) -> Levels:
        """What is replaced by its definition: nothing, then what depends on the entry."""
        return claim.near or (frozenset(), self.graph.downstream(claim.entry))

    def _far(self, claim: Claim) -> Levels:
        """At last the adjoints of what reads it, as theirs may have been inserted, and everything."""
        below = self.graph.downstream(claim.entry)
        bars, everything = frozenset(self.chain.bars_of(claim)), frozenset(self.graph.reads)
        return bars, below | bars, everything, everything | bars

    def _proof(self, claim: Claim, levels: Levels) -> int | None:
        """In how many cases a claim was proved; None where it was not.

        What is linear in adjoints is looked at as a whole where no case is needed, and else adjoint by adjoint.
        """
        if not claim.linear:
            return self._by_cases(claim, None, levels)
        with suppress(Undecided, TooLarge, RecursionError, Outside, ZeroDivisionError):
            for level in levels:
                difference = claim.own(self.given.case, None) - self._derived(claim, self.given.case, None, level)
                if self._is_nought(difference, self.given.case, level):
                    return 1
        return self._in_parts(claim, levels)

    def _in_parts(self, claim: Claim, levels: Levels) -> int | None:
        total = 0
        for free in (NONE, *self.chain.bars_of(claim)):
            count = self._by_cases(claim, free, levels)
            if count is None:
                return None
            total += count
        return total

    def _by_cases(self, claim: Claim, free: Free, levels: Levels) -> int | None:
        for level in levels:
            count = 0
            try:
                for _, found in cases(partial(self._case, claim, free, level), self.given.case):
                    if not found:
                        break
                    count += 1
                else:
                    return count
            except (TooMany, RecursionError, TooLarge, Outside, ZeroDivisionError):
                continue
        return None

    def _case(self, claim: Claim, free: Free, level: frozenset[Entry], case: Case) -> bool:
        """Is a claim proved in a case? Where the definition has no value there is nothing to prove."""
        self.patience.cases -= case is not self.given.case
        if self.patience.cases < 0:
            raise TooMany
        try:
            own = claim.own(case, free)
        except Undefined:
            return True
        return self._is_nought(own - self._derived(claim, case, free, level), case, level)

    def _derived(self, claim: Claim, case: Case, free: Free, level: frozenset[Entry]) -> sp.Expr:
        scalars = self.graph.scalars(case, self._reader(free))
        scalars.decide = lambda value: self._expanded(value, case, level)
        return scalars.value(claim.body, claim.at)

    def _reader(self, free: Free) -> Callable[[str, Key], sp.Expr]:
        if free is None:
            return self.graph.symbol
        bars = set(self.chain.bars.values())

        def entry(name: str, key: Key) -> sp.Expr:
            symbol = self.graph.symbol(name, key)
            return symbol if name not in bars or (name, key) == free else sp.S.Zero

        return entry

    def _expanded(self, value: sp.Expr, case: Case, level: frozenset[Entry]) -> sp.Expr:
        """With the definitions of what the level writes out, the latest first, and with what the facts say."""
        while level:
            entries = {s: self.graph.entries[s] for s in value.free_symbols if self.graph.entries.get(s) in level}
            if not entries:
                break
            last = max(map(self.graph.depth, entries.values()))
            table = {s: self.graph.body(e, case) for s, e in entries.items() if self.graph.depth(e) == last}
            self._spend(_size_with(value, table))
            value = value.xreplace(table)
        return value.xreplace(self.given.values) if self.given.values else value

    def _spend(self, nodes: int) -> None:
        """So many nodes are about to be written out."""
        if nodes > min(MOST_AT_ONCE, self.patience.nodes):
            raise TooLarge
        self.patience.nodes -= nodes

    def _is_nought(self, difference: sp.Expr, case: Case, level: frozenset[Entry]) -> bool:
        if difference == 0:
            return True
        value = self._expanded(difference, case, level).xreplace(case.equal())
        return value == 0 or self.is_zero(value) or (value.has(sp.tanh) and self.is_zero(_by_exponentials(value)))

    def is_zero(self, value: sp.Expr) -> bool:
        """Is it 0 in normal form?"""
        plain = self.kernels.rational(value)
        return is_zero(Fractions(self.kernels.radicands, self.kernels.squares).ratio(plain))

    def _evaluated(self, claim: Claim) -> tuple[sp.Expr, int]:
        """The largest difference at some points, and at how many there is one."""
        worst, count = sp.S.Zero, 0
        for some in self.points:
            before = count
            for point in some:
                with suppress(NoNumber, RecursionError, ZeroDivisionError):
                    worst = max(worst, self._error(claim, point))
                    count += 1
                if count - before == POINTS:
                    break
        return worst, count

    @cached_property
    def points(self) -> tuple[tuple[Point, ...], ...]:
        """Some points that obey the facts; where values decide, also some at which many are alike."""
        chooses = any(has_choices(e.body) for e in (*self.network.equations, *self.derived))
        ties = [tuple(points(self.graph, self.given, TIES, seed)) for seed in range(MANY if chooses else 0)]
        return tuple(points(self.graph, self.given)), *ties

    def _error(self, claim: Claim, point: Point) -> sp.Expr:
        """How far both sides are apart at a point; a derived side that reads outside a tensor is wrong altogether."""
        try:
            own = claim.own(point, None)
            point.number(own)
        except Outside as outside:
            raise NoNumber from outside
        try:
            return abs(point.number(own - self.graph.scalars(point).value(claim.body, claim.at)))
        except Outside:
            return sp.oo


def _size_with(value: sp.Expr, table: Mapping[sp.Symbol, sp.Expr]) -> int:
    """How many nodes an expression has as a tree, with these definitions written out."""
    known: dict[sp.Basic, int] = {symbol: _size(body) for symbol, body in table.items()}

    def size(node: sp.Basic) -> int:
        if node not in known:
            known[node] = 1 + sum(map(size, node.args))
        return known[node]

    return size(value)


@lru_cache(maxsize=1 << 16)
def _size(node: sp.Basic) -> int:
    return 1 + sum(map(_size, node.args))


def _by_exponentials(value: sp.Expr) -> sp.Expr:
    return value.replace(sp.tanh, lambda u: (sp.exp(2 * u) - 1) / (sp.exp(2 * u) + 1))
