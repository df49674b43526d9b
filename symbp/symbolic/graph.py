"""A network as a graph of scalars: each entry with the scalars that it reads, and its partial derivatives by them.

The chain rule is SymPy's, equation by equation: the right side of an entry is differentiated by what it reads directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import sympy as sp

from symbp.core.expr import Cond, Expr
from symbp.core.network import Equation, Network
from symbp.symbolic.cases import Case
from symbp.symbolic.scalars import Entry, Scalars, has_choices
from symbp.symbolic.sizes import At, Key, Outside, Sizes, Undefined, axes, keys

NO_VALUES = (sp.zoo, sp.nan)  # what SymPy makes of a division by 0 and of a logarithm of 0


def written(entry: Entry) -> str:
    """An entry as it is written in the language."""
    name, key = entry
    return f"{name}[{', '.join(map(str, key))}]" if key else name


@dataclass
class Graph:
    """The scalars of a network's inputs and equations at given sizes, and of `further` tensors beside them."""

    network: Network
    sizes: Sizes
    further: tuple[Equation, ...] = ()
    _bodies: dict[Entry, sp.Expr] = field(default_factory=dict)
    _depths: dict[Entry, int] = field(default_factory=dict)
    _slopes: dict[tuple[sp.Expr, sp.Symbol], sp.Expr] = field(default_factory=dict)
    _downstream: dict[Entry, frozenset[Entry]] = field(default_factory=dict)

    @cached_property
    def symbols(self) -> dict[Entry, sp.Symbol]:
        """A symbol for each entry."""
        owners = [(t.name, axes(t)) for t in self.network.inputs]
        owners += [(e.name, e.indices) for e in (*self.network.equations, *self.further)]
        entries = [(name, key) for name, indices in owners for key in keys(indices, self.sizes)]
        return {entry: sp.Symbol(written(entry), real=True) for entry in entries}

    @cached_property
    def entries(self) -> dict[sp.Symbol, Entry]:
        """The entry of each symbol."""
        return {symbol: entry for entry, symbol in self.symbols.items()}

    @cached_property
    def reads(self) -> dict[Entry, tuple[Entry, ...]]:
        """What each entry of an equation may read, whatever the case."""
        scalars = self.scalars(Case())
        found = {}
        for equation in self.network.equations:
            for key in keys(equation.indices, self.sizes):
                touched = dict.fromkeys(scalars.touched(equation.body, self.at(equation, key)))
                found[equation.name, key] = tuple(e for e in touched if e in self.symbols)
        return found

    @cached_property
    def readers(self) -> dict[Entry, tuple[Entry, ...]]:
        """The entries that may read an entry."""
        found: dict[Entry, list[Entry]] = {entry: [] for entry in self.symbols}
        for entry, read in self.reads.items():
            for other in read:
                found[other].append(entry)
        return {entry: tuple(others) for entry, others in found.items()}

    def equation(self, name: str) -> Equation | None:
        """The equation of a tensor, of those beside the network too."""
        own = self.network.equation(name)
        return own or next((e for e in self.further if e.name == name), None)

    def is_defined(self, entry: Entry) -> bool:
        """Is it no input?"""
        return self.network.tensor(entry[0]) is None

    def depth(self, entry: Entry) -> int:
        """How late an entry can be computed: after all that it reads."""
        if entry not in self._depths:
            self._depths[entry] = 0  # as long as it is being found
            self._depths[entry] = 1 + max((self.depth(e) for e in self._read(entry)), default=0)
        if not self._depths[entry]:
            raise Outside(f"{written(entry)} is read by what it reads")
        return self._depths[entry]

    def _read(self, entry: Entry) -> tuple[Entry, ...]:
        if entry in self.reads or not self.is_defined(entry):
            return self.reads.get(entry, ())
        equation = self.equation(entry[0])
        assert equation is not None
        touched = dict.fromkeys(self.scalars(Case()).touched(equation.body, self.at(equation, entry[1])))
        return tuple(e for e in touched if e in self.symbols)

    def downstream(self, entry: Entry) -> frozenset[Entry]:
        """What depends on an entry."""
        if entry not in self._downstream:
            found: dict[Entry, None] = {}
            waiting = list(self.readers[entry])
            while waiting:
                here = waiting.pop()
                if here not in found:
                    found[here] = None
                    waiting += self.readers[here]
            self._downstream[entry] = frozenset(found)
        return self._downstream[entry]

    def at(self, equation: Equation, key: Key) -> At:
        """The values of an equation's indices."""
        return dict(zip(equation.indices, key, strict=True))

    def scalars(self, case: Case, entry: Callable[[str, Key], sp.Expr] | None = None) -> Scalars:
        """What expressions are evaluated in under a case."""
        return Scalars(self.sizes, case, entry or self.symbol, self.classes)

    def symbol(self, name: str, key: Key) -> sp.Symbol:
        """The symbol of an entry."""
        if (name, key) not in self.symbols:
            raise Outside(f"{written((name, key))} is read, which is outside")
        return self.symbols[name, key]

    def classes(self, name: str) -> int:
        """How many values a label has."""
        tensor = self.network.tensor(name)
        assert tensor is not None
        assert tensor.classes is not None
        return self.sizes.integer(tensor.classes)

    def body(self, entry: Entry, case: Case) -> sp.Expr:
        """The right side of an entry's equation, in the scalars that it reads."""
        if entry not in self._bodies:
            equation = self.equation(entry[0])
            assert equation is not None
            asked = case.asked
            value = self.value(equation.body, self.at(equation, entry[1]), case)
            if case.asked != asked:
                return value
            self._bodies[entry] = value
        return self._bodies[entry]

    def value(self, body: Expr, at: At, case: Case) -> sp.Expr:
        """An expression in scalars."""
        return self.scalars(case).value(body, at)

    def truth(self, cond: Cond, at: At, case: Case) -> bool:
        """Does a condition hold?"""
        return self.scalars(case).truth(cond, at)

    def slope(self, of: Entry, by: Entry, case: Case) -> sp.Expr:
        """The partial derivative of an entry's right side by what it reads directly."""
        if by not in self.reads[of]:
            return sp.S.Zero
        equation = self.network.equation(of[0])
        assert equation is not None
        if has_choices(equation.body):
            body = self.scalars(case).about(equation.body, self.at(equation, of[1]), by)
            if body.has(*NO_VALUES):
                raise Undefined(f"{written(of)} has no value")
        else:
            body = self.body(of, case)
        symbol = self.symbols[by]
        if (body, symbol) not in self._slopes:
            self._slopes[body, symbol] = derivative(body, symbol)
        return self._slopes[body, symbol]


def derivative(value: sp.Expr, by: sp.Symbol) -> sp.Expr:
    """SymPy's derivative: the rules of its classes, asked directly, for the general way to them takes twice as long."""
    if by not in value.free_symbols:
        return sp.S.Zero
    if isinstance(value, sp.Add):
        return sp.Add(*[derivative(a, by) for a in value.args])
    found = value._eval_derivative(by)
    return sp.diff(value, by) if found is None else found
