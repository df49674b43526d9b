"""A network at given sizes and data: a table of entries for each tensor, computed when it is first read.

Reading computes, so equations may stand in any order and a recurrence may read itself. A table knows its range: a read
outside is an error and never another entry. Floats are computed by arrays, a whole tensor at once (`forward`), and any
other number by plain loops, entry by entry; so is what has no value in floats, for the loops say what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import numpy as np

from symbp.core.integers import Index, Poly
from symbp.core.network import Equation, Network, Tensor
from symbp.core.traverse import indices_of, reads
from symbp.errors import CheckFailed
from symbp.verify.dense import Dense, Held
from symbp.verify.elementwise import is_complex
from symbp.verify.forward import Forward, NoEntry
from symbp.verify.grid import Array, Grid
from symbp.verify.interpret import compile_at, entries, integer
from symbp.verify.rules import supports
from symbp.verify.scope import Entries, Key, Scope
from symbp.verify.sizes import Sizes
from symbp.verify.systems import DOMAIN_ERRORS, FLOATS, LANES, NoValue, Numbers, Value
from symbp.verify.unknown import Smooth

Inputs = Mapping[str, Mapping[Key, Value]]


def said(key: Key) -> str:
    """The subscripts of an entry."""
    return f"[{', '.join(map(str, key))}]" if key else ""


class Table(dict[Key, Value]):
    """The entries of one tensor; one that is missing is computed, and gets what `steps` adds to it.

    `array` gives all of them at once, in the places of the tensor's grid, where they are computed so.
    """

    def __init__(
        self,
        name: str,
        keys: list[Key],
        compute: Callable[[Key], Value] | None = None,
        array: Callable[[], Array] | None = None,
    ):
        super().__init__()
        self.name, self.keys_in_order, self.compute, self.array = name, keys, compute, array
        self.inside = frozenset(keys)
        self.steps: Mapping[Key, Value] = {}

    @cached_property
    def grid(self) -> Grid:
        """Where the entries lie in an array."""
        return Grid.of(self.keys_in_order)

    def held(self) -> Held:
        """All entries as an array."""
        return Held(self.grid, self._in_places() if self.array is None else self.array())

    def _in_places(self) -> Array:
        """Complex where an entry holds a step, which is the one lane then."""
        values = [self[key] for key in self.keys_in_order]
        stepped = any(isinstance(v, np.ndarray) for v in values)
        array = np.zeros(self.grid.size, complex if stepped else float)
        array[self.grid.slots] = [np.ravel(v)[0] for v in values] if stepped else values
        return array

    def __missing__(self, key: Key) -> Value:
        if key not in self.inside or (self.compute is None and self.array is None):
            raise CheckFailed(f"{self.name}{said(key)} is read, which is outside")
        if self.array is not None:
            self.update(zip(self.keys_in_order, _as_values(self.array()[self.grid.slots]), strict=True))
            return self[key]
        assert self.compute is not None
        try:
            value = self.compute(key)
        except NoValue:
            raise
        except DOMAIN_ERRORS as error:
            raise NoValue(f"{self.name}{said(key)} has none ({error})", self.name) from error
        if key in self.steps:
            value = value + self.steps[key]
        self[key] = value
        return value


class World:
    """The tables of a network. `fill` puts in the data; `scope` is what an expression about it is read in."""

    def __init__(
        self,
        network: Network,
        sizes: Sizes,
        numbers: Numbers = LANES,
        decisions: list[object] | None = None,
        by_arrays: bool = True,
        held: dict[object, Value] | None = None,
    ):
        self.network = network
        self.tables: dict[str, Table] = {}
        functions = {name: Smooth(place, arity) for place, (name, arity) in enumerate(network.functions)}
        self.scope = Scope(sizes, self.tables, numbers, functions, decisions=decisions, held=held)
        for tensor in network.inputs:
            self.tables[tensor.name] = Table(tensor.name, entries(axes(tensor), self.scope))
        for equation in network.equations:
            keys = entries(equation.indices, self.scope)
            self.tables[equation.name] = Table(equation.name, keys, self.formula(equation))
        self.downstream = _downstream(network)
        self.inputs: Inputs = {}
        self.forward: Forward | None = None
        self._twin: World | None = None
        if by_arrays and numbers in (LANES, FLOATS) and supports(network):
            self._compute_by_arrays()

    def _compute_by_arrays(self) -> None:
        """All but equations that read what others put beside the tables: an adjoint, say."""
        grids = {name: table.grid for name, table in self.tables.items()}
        strange = [e.name for e in self.network.equations if any(r.tensor not in grids for r in reads(e.body))]
        rest = tuple(
            e
            for e in self.network.equations
            if not any(e.name == name or e.name in self.downstream[name] for name in strange)
        )
        self.forward = Forward(replace(self.network, equations=rest), grids, self.downstream, self._dense)
        self.shared = Dense(self.scope.sizes, Known(self.forward), self.scope.functions)
        for equation in rest:
            self.tables[equation.name].array = lambda name=equation.name: self.array(name)

    def _dense(self) -> Dense:
        return replace(self.shared, decisions=self.scope.decisions)

    def array(self, name: str) -> Array:
        """All entries of a tensor, in the places of its grid."""
        assert self.forward is not None
        try:
            with np.errstate(all="ignore"):
                return self.forward.held(name).values
        except NoEntry as error:
            self.twin.value(error.name, error.key)
            raise NoValue(f"{error.name}{said(error.key)} has none") from error

    @property
    def twin(self) -> World:
        """The same at the same data by plain loops."""
        if self._twin is None:
            self._twin = World(self.network, self.scope.sizes, self.scope.numbers, by_arrays=False)
            self._twin.fill(self.inputs)
        return self._twin

    def formula(self, equation: Equation, tables: Mapping[str, Entries] | None = None) -> Callable[[Key], Value]:
        """What one equation says, as a function of the entry; compiled when first called, once all tables stand.

        It reads the world's own tables unless others are given.
        """
        compiled: list[Callable[[Key], Value]] = []

        def compute(key: Key) -> Value:
            if not compiled:
                scope = self.scope if tables is None else replace(self.scope, tables=tables)
                compiled.append(compile_at(equation.body, equation.indices, scope))
            return compiled[0](key)

        return compute

    def fill(self, inputs: Inputs) -> None:
        """New data; everything else is computed anew when read, and decided anew."""
        if self.scope.decisions is not None:
            self.scope.decisions.clear()
        self.inputs, self._twin = inputs, None
        for name, table in self.tables.items():
            table.clear()
            if name in inputs and table.array is None:
                table.update(inputs[name])
        if self.forward is not None:
            given = [self.tables[t.name] for t in self.network.inputs]
            self.forward.fill({t.name: t.held().values for t in given if len(t) == len(t.inside)})

    def size(self, poly: Poly) -> int:
        """The value of an extent."""
        return integer(poly, self.scope)

    def keys(self, name: str) -> list[Key]:
        """Every entry of a tensor, in row-major order."""
        return self.tables[name].keys_in_order

    def value(self, name: str, key: Key = ()) -> Value:
        """One entry."""
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            return self.tables[name][key]

    def force(self) -> None:
        """Compute every entry that is still missing."""
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            for equation in self.network.equations:
                table = self.tables[equation.name]
                if table.array is not None:
                    table.array()
                    continue
                for key in table.keys_in_order:
                    table[key]

    @contextmanager
    def stepped(self, name: str, steps: Mapping[Key, Value]) -> Iterator[None]:
        """Inside, each entry of `name` is larger by its step, and what depends on it is computed anew."""
        touched = [name, *(q for q in self.downstream[name] if q != name)]
        saved = {q: dict(self.tables[q]) for q in touched}
        table = self.tables[name]
        for q in touched:
            self.tables[q].clear()
        if table.compute is None:
            table.update({key: value + steps.get(key, 0.0) for key, value in saved[name].items()})
        table.steps = steps
        try:
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                yield
        finally:
            table.steps = {}
            for q in touched:
                self.tables[q].clear()
                self.tables[q].update(saved[q])


class Known(Mapping[str, Held]):
    """The tensors of a network by name, as arrays."""

    def __init__(self, forward: Forward):
        self.forward = forward

    def __getitem__(self, name: str) -> Held:
        return self.forward.held(name)

    def __contains__(self, name: object) -> bool:
        return name in self.forward.grids

    def __iter__(self) -> Iterator[str]:
        return iter(self.forward.grids)

    def __len__(self) -> int:
        return len(self.forward.grids)


def _as_values(array: Array) -> list[Value]:
    return list(array[:, None]) if is_complex(array) else array.tolist()


def plain(value: Value) -> Value:
    """A value as a float or an integer: where floats have no room on the way to it, it is one of mpmath's numbers."""
    return value if isinstance(value, (int, float, np.ndarray)) else float(value.real)


def is_finite(value: Value) -> bool:
    """Is it a number, neither infinite nor nan?"""
    return bool(np.all(np.isfinite(plain(value))))


def axes(tensor: Tensor) -> tuple[Index, ...]:
    """An index for each dimension of an input. In `Param[l: L, D[l]]` the first is the l that the others depend on."""
    outer = next((i for p in tensor.shape for i in indices_of(p)), None)
    named = [Index(f"_{place}", extent) for place, extent in enumerate(tensor.shape)]
    if outer is not None and tensor.shape:
        named[0] = outer
    return tuple(named)


def is_list(tensor: Tensor) -> bool:
    """Is it a list of arrays, one for each value of its first index?"""
    return tensor.each is not None


def _downstream(network: Network) -> dict[str, tuple[str, ...]]:
    """For each name all equations that depend on it, itself too where it reads itself."""
    users: dict[str, list[str]] = {name: [] for name in [t.name for t in network.inputs]}
    users.update({e.name: [] for e in network.equations})
    for equation in network.equations:
        for name in dict.fromkeys(r.tensor for r in reads(equation.body)):
            if name in users:
                users[name].append(equation.name)
    return {name: _reach(name, users) for name in users}


def _reach(name: str, users: Mapping[str, list[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    waiting = list(users[name])
    while waiting:
        q = waiting.pop(0)
        if q not in found:
            found[q] = None
            waiting.extend(users[q])
    return tuple(found)
