"""The third witness: every adjoint and every local derivative proved equal to what SymPy's chain rule gives.

At small sizes a network is a graph of scalars. The adjoint of one is the sum over its readers of their adjoints times
their partial derivatives, which SymPy takes equation by equation; those adjoints that the derivation has no equation
for are worked out in the same way, the others are free symbols, each proved by itself. What remains of the difference
to the derived right side is brought to normal form: 0, and the derived result is proved under that case. In come
networks and expressions alone, of the definition and of what was derived; it knows no rule of the calculus.

Where a normal form is too much work, or not 0, the difference is evaluated to fifty digits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial

import sympy as sp

from symbp.core.build import NIL
from symbp.core.equality import Equality
from symbp.core.expr import Add, Expr, Mul, Partial, Read, Sum, Where
from symbp.core.integers import Node
from symbp.core.network import Equation, Network
from symbp.core.traverse import children, free_indices
from symbp.symbolic.cases import Case, TooMany, Undecided, cases
from symbp.symbolic.digits import DIGITS, POINTS, TIES, NoNumber, Point, points
from symbp.symbolic.facts import Given, given
from symbp.symbolic.fractions import Fractions, TooLarge, is_zero
from symbp.symbolic.graph import Graph, written
from symbp.symbolic.kernels import Kernels
from symbp.symbolic.scalars import Entry, has_choices
from symbp.symbolic.sizes import NOWHERE, At, Key, Outside, Sizes, Undefined, keys

PROVED, EVALUATED, WRONG, OPEN = "proved", "evaluated", "wrong", "open"
FEW = 3  # entries of a tensor without a proof; of the others none is looked for
MOST_AT_ONCE = 20_000  # nodes that one expression has with definitions written out, as a tree
MANY = 4  # rounds of points at which values tie
BOUND = sp.Float(10, DIGITS) ** (5 - DIGITS)
# Which adjoints are free symbols: all, none, or one; the others are 0.
Free = Entry | None
NONE: Entry = ("", ())
Levels = tuple[frozenset[Entry], ...]  # what is written out, in the order in which that is tried


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


@dataclass(frozen=True, slots=True)
class Claim:
    """That an expression is what the chain rule gives: for the adjoint of an entry, or for an entry by another."""

    what: str
    entry: Entry
    body: Expr
    at: At
    own: Callable[[Case, Free], sp.Expr]
    linear: bool = False  # in adjoints, each of which can be looked at alone
    near: Levels | None = None  # what is written out first, where that is special


@dataclass
class Witness:
    """The definition as a graph of scalars, and the adjoints that are free symbols beside it."""

    network: Network  # the definition: forward equations, the loss among them
    loss: str
    adjoints: Mapping[str, str]  # the adjoint's name for each quantity
    derived: tuple[Equation, ...]  # the equations of adjoints
    sizes: Sizes
    graph: Graph = field(init=False)
    given: Given = field(init=False)
    patience: Patience  # what is left without a proof once that is at its end is evaluated
    kernels: Kernels = field(default_factory=Kernels)
    hard: Counter[str] = field(default_factory=Counter)  # of how many entries no proof was found

    def __post_init__(self) -> None:
        self.graph = Graph(self.network, self.sizes, self.derived)
        self.given = given(self.graph)
        self.bars = {quantity: bar for quantity, bar in self.adjoints.items() if self._is_derived(bar)}

    def _is_derived(self, name: str) -> bool:
        return any(e.name == name for e in self.derived)

    # What the chain rule gives.

    def adjoint(self, entry: Entry, case: Case, free: Free) -> sp.Expr:
        """The derivative of the loss by an entry, in free adjoints; of which those that are not free are 0."""
        terms = []
        for reader in self.graph.readers[entry]:
            bar = self._bar(reader, case, free)
            if bar != 0:
                terms.append(bar * self.graph.slope(reader, entry, case))
        return sp.Add(*terms)

    def _bar(self, entry: Entry, case: Case, free: Free) -> sp.Expr:
        name, key = entry
        if name == self.loss:
            return sp.S.One
        if name in self.bars:
            bar = (self.bars[name], key)
            return self.graph.symbol(*bar) if free in (None, bar) else sp.S.Zero
        return self.adjoint(entry, case, free)

    # Claims.

    def claims(self, locals: Sequence[Equality]) -> Iterator[Claim]:
        """A claim for each entry of each adjoint, and of each local derivative."""
        quantities = {bar: quantity for quantity, bar in self.adjoints.items()}
        for equation in self.derived:
            quantity = quantities[equation.name]
            linear = _degree(equation.body, set(self.adjoints.values())) <= 1
            for key in keys(equation.indices, self.sizes):
                entry = (quantity, key)
                at = self.graph.at(equation, key)
                yield Claim(equation.name, entry, equation.body, at, self._own_adjoint(entry), linear)
        for equality in locals:
            yield from self._local(equality)

    def _own_adjoint(self, entry: Entry) -> Callable[[Case, Free], sp.Expr]:
        return lambda case, free: self.adjoint(entry, case, free)

    def definitions(self, network: Network) -> Iterator[Claim]:
        """A claim for each entry of an equation that the derivation has in another form: kernels with names."""
        named = {e.name for e in self.network.equations if network.equation(e.name) is None}
        new = frozenset(e for e in self.graph.reads if e[0] in named)
        for equation in network.equations:
            derived = self.network.equation(equation.name)
            if derived is None or (derived.indices, derived.body) == (equation.indices, equation.body):
                continue
            for key in keys(derived.indices, self.sizes):
                own = self._defined(equation, self.graph.at(equation, key))
                at = self.graph.at(derived, key)
                yield Claim(equation.name, (equation.name, key), derived.body, at, own, near=(frozenset(), new))

    def _defined(self, equation: Equation, at: At) -> Callable[[Case, Free], sp.Expr]:
        return lambda case, free: self.graph.value(equation.body, at, case)

    def unreached(self, quantities: Sequence[str]) -> Iterator[Claim]:
        """That an adjoint is 0, for each entry of what has none."""
        for quantity, key in self.graph.symbols:
            if quantity in quantities and quantity not in self.bars:
                yield Claim(quantity, (quantity, key), NIL, NOWHERE, self._own_adjoint((quantity, key)))

    def _local(self, equality: Equality) -> Iterator[Claim]:
        lhs = equality.lhs
        assert isinstance(lhs, Partial)
        indices = tuple(dict.fromkeys((*free_indices(lhs), *free_indices(equality.rhs))))
        scalars = self.graph.scalars(Case())
        what = f"d {lhs.of.tensor} / d {lhs.by.tensor}"
        for key in keys(indices, self.sizes):
            at: At = dict(zip(indices, key, strict=True))
            of, by = ((r.tensor, scalars.key(r.subs, at)) for r in (lhs.of, lhs.by))
            if of in self.graph.symbols and by in self.graph.symbols:
                yield Claim(what, by, equality.rhs, at, self._own_slope(of, by))

    def _own_slope(self, of: Entry, by: Entry) -> Callable[[Case, Free], sp.Expr]:
        return lambda case, free: self.graph.slope(of, by, case)

    # Proofs.

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
        bars, everything = frozenset(self._bars_of(claim)), frozenset(self.graph.reads)
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
        for free in (NONE, *self._bars_of(claim)):
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
        bars = set(self.bars.values())

        def entry(name: str, key: Key) -> sp.Expr:
            symbol = self.graph.symbol(name, key)
            return symbol if name not in bars or (name, key) == free else sp.S.Zero

        return entry

    def _bars_of(self, claim: Claim) -> tuple[Entry, ...]:
        """The adjoints that either side may read."""
        own = [(self.bars[name], key) for name, key in self._users(claim) if name in self.bars]
        bars = set(self.bars.values())
        read: list[Entry] = []
        with suppress(Outside):  # what is read outside a tensor is found wrong by numbers
            read += [e for e in self.graph.scalars(Case()).touched(claim.body, claim.at) if e[0] in bars]
        return tuple(dict.fromkeys(e for e in (*own, *read) if e in self.graph.symbols))

    def _users(self, claim: Claim) -> Iterator[Entry]:
        """The entries that read the claim's, and those that read what has no adjoint of its own."""
        waiting, seen = [claim.entry], {claim.entry: None}
        while waiting:
            for reader in self.graph.readers[waiting.pop()]:
                if reader not in seen:
                    seen[reader] = None
                    yield reader
                    if reader[0] not in self.bars:
                        waiting.append(reader)

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


def _degree(node: Node, bars: Collection[str]) -> int:
    """How often adjoints stand in a product; 2 where they stand in anything that is no sum of products."""
    match node:
        case Read(name):
            return int(name in bars)
        case Mul(args):
            return sum(_degree(a, bars) for a in args)
        case Where(cond, then, other):
            return 2 if _degree(cond, bars) else max(_degree(then, bars), _degree(other, bars))
    below = max((_degree(c, bars) for c in children(node)), default=0)
    return below if isinstance(node, (Add, Sum)) else 2 * below
