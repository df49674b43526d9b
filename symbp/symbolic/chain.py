"""What the chain rule gives at small sizes, and what is claimed to be the same.

A network is a graph of scalars. The adjoint of one is the sum over its readers of their adjoints times their partial
derivatives, which SymPy takes equation by equation; those adjoints that the derivation has no equation for are worked
out in the same way, the others are free symbols, each proved by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import sympy as sp

from symbp.core.build import NIL
from symbp.core.equality import Equality
from symbp.core.expr import Add, Expr, Mul, Partial, Read, Sum, Where
from symbp.core.integers import Node
from symbp.core.network import Equation, Network
from symbp.core.traverse import children, free_indices
from symbp.symbolic.cases import Case
from symbp.symbolic.graph import Graph
from symbp.symbolic.scalars import Entry
from symbp.symbolic.sizes import NOWHERE, At, Outside, Sizes, keys

# Which adjoints are free symbols: all, none, or one; the others are 0.
Free = Entry | None
NONE: Entry = ("", ())
Levels = tuple[frozenset[Entry], ...]  # what is written out, in the order in which that is tried


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
class Chain:
    """The definition as a graph of scalars, and the adjoints that are free symbols beside it."""

    network: Network  # the definition: forward equations, the loss among them
    loss: str
    adjoints: Mapping[str, str]  # the adjoint's name for each quantity
    derived: tuple[Equation, ...]  # the equations of adjoints
    sizes: Sizes
    graph: Graph = field(init=False)
    bars: Mapping[str, str] = field(init=False)  # of those that are free symbols

    def __post_init__(self) -> None:
        self.graph = Graph(self.network, self.sizes, self.derived)
        own = {e.name for e in self.derived}
        self.bars = {quantity: bar for quantity, bar in self.adjoints.items() if bar in own}

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

    # What is read where.

    def bars_of(self, claim: Claim) -> tuple[Entry, ...]:
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
