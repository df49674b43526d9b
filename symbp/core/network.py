"""A network: named tensors, the equations between them, the facts about its data. The derivative of one is another.

Equations stand in an order in which each reads only what stands before it (a recurrence reads itself). Shapes are
polynomials in sizes. `core.check.check_network` says what a well-formed network is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from symbp.core.expr import Compare, Cond, Expr, Read
from symbp.core.integers import Atom, Dim, DimAt, Index, Poly
from symbp.core.solve import sizes_to_give
from symbp.core.traverse import free_indices, reads, substitute_poly
from symbp.core.views import conjuncts, integers_compared
from symbp.escape import Prose

DATA, PARAM, LABELS = "data", "param", "labels"


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input: its kind (data, param or labels), its shape, and what its entries count where it holds labels.

    `each` is the index l of `Param[l: L, D[l]]`, a list of arrays, one for each l; the shape is then (L, D[l]).
    """

    name: str
    kind: str
    shape: tuple[Poly, ...] = ()
    classes: Poly | None = None
    each: Index | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """That an equation was written as one call, `a1 = sigmoid(z1)`: the function, its tensor arguments as written."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """`name[indices] = body`. Its shape is its indices' extents. `call` is how it was written, not what it says."""

    name: str
    indices: tuple[Index, ...]
    body: Expr
    call: Call | None = field(default=None, compare=False)

    @property
    def shape(self) -> tuple[Poly, ...]:
        return tuple(i.extent for i in self.indices)

    @property
    def letters(self) -> tuple[Index, ...]:
        """Its indices without those that have a single value, as that of a dimension kept after a sum."""
        return tuple(i for i in self.indices if i.extent.constant != 1)

    @property
    def entry(self) -> Read:
        """The entry that it defines, in its letters: m[n, 0] for m[n, i] with i from 0 to 0."""
        return Read(self.name, tuple(Poly.of(i) if i.extent.constant != 1 else i.start for i in self.indices))


@dataclass(frozen=True, slots=True)
class Fact:
    """What an `assert` states of the data, for all values of its free indices."""

    label: str
    statement: Cond

    @property
    def differences(self) -> tuple[Poly, ...]:
        """What is at least 0 where the fact holds, if it compares sizes alone."""
        found: list[Poly] = []
        for part in conjuncts(self.statement):
            sides = integers_compared(part)
            if not isinstance(part, Compare) or sides is None or free_indices(part) or reads(part):
                return ()
            a, b = sides
            found += [d for op, d in (("<", b - a), (">", a - b)) if part.op in (op, f"{op}=", "==")]
            if part.op in ("<", ">"):
                found[-1] -= 1
        return tuple(found)


def widths_of(tensors: Iterable[Tensor]) -> tuple[str, ...]:
    """The names of the sizes in their shapes that differ by layer."""
    shapes = (e for t in tensors for e in t.shape)
    return tuple(dict.fromkeys(a.name for e in shapes for a in e.atoms_of(DimAt)))


def given_sizes(dims: tuple[Dim, ...], inputs: Iterable[Tensor]) -> tuple[Dim, ...]:
    """The sizes that no shape of an input tells, so that whoever calls the module says them."""
    return sizes_to_give(dims, [p for t in inputs for p in t.shape])


@dataclass(frozen=True, slots=True)
class Network:
    """A network: `outputs` are names of equations or inputs; a loss is a single scalar output.

    `functions` are the unknown functions with their number of arguments. `dims` are the sizes in order of declaration.
    `doc` is the user's own text; a plain one becomes a Prose. `words` are what the user calls tensors: how it was
    written, not what it says.
    """

    name: str
    doc: Prose
    dims: tuple[Dim, ...]
    inputs: tuple[Tensor, ...]
    equations: tuple[Equation, ...]
    outputs: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    functions: tuple[tuple[str, int], ...] = ()
    words: tuple[tuple[str, Prose], ...] = field(default=(), compare=False)
    _tensors: dict[str, Tensor] = field(default_factory=dict, init=False, repr=False, compare=False)
    _equations: dict[str, Equation] = field(default_factory=dict, init=False, repr=False, compare=False)
    _steps: list[tuple[Poly, ...]] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.doc, str):
            object.__setattr__(self, "doc", Prose(self.doc))
        self._tensors.update({t.name: t for t in self.inputs})
        self._equations.update({e.name: e for e in self.equations})

    def shape(self, name: str) -> tuple[Poly, ...]:
        """The shape of an input or of what an equation defines."""
        return self._tensors[name].shape if name in self._tensors else self._equations[name].shape

    def extents(self, read: Read) -> tuple[Poly, ...]:
        """How far each subscript of a read may go; widths that differ by layer are those of the layer read."""
        given, made = self._tensors.get(read.tensor), self._equations.get(read.tensor)
        first = (given.each,) if given else made.indices if made else ()
        table: dict[Atom, Poly] = {i: s for i, s in zip(first, read.subs, strict=False) if i is not None}
        return tuple(substitute_poly(p, table) for p in self.shape(read.tensor))

    def tensor(self, name: str) -> Tensor | None:
        """The input of that name, or None."""
        return self._tensors.get(name)

    def equation(self, name: str) -> Equation | None:
        """The equation that defines that name, or None."""
        return self._equations.get(name)

    def called(self, name: str) -> Prose:
        """What the user calls a tensor, if anything."""
        return dict(self.words).get(name, Prose())

    @property
    def widths(self) -> tuple[str, ...]:
        """The names of the sizes that differ by layer: the D of `D[l + 1]`."""
        return widths_of(self.inputs)

    @property
    def orders(self) -> tuple[Poly, ...]:
        """What the facts say of sizes: each is at least 0."""
        return tuple(d for f in self.facts for d in f.differences)

    @property
    def given(self) -> tuple[Dim, ...]:
        """The sizes that no shape of an input tells: the number of heads in merged weights, of iterations."""
        return given_sizes(self.dims, self.inputs)

    @property
    def steps(self) -> tuple[Poly, ...]:
        """The extents that recurrences run over: an equation reads there, in front, at a step before or after."""
        if not self._steps:
            self._steps.append(tuple(dict.fromkeys(self._stepped())))
        return self._steps[0]

    def _stepped(self) -> Iterator[Poly]:
        for e in self.equations:
            for r in (r for r in reads(e.body) if r.tensor in self._equations):
                for i, s in zip(e.indices, r.subs, strict=False):
                    if s != Poly.of(i) and (s - i).constant:
                        yield i.stop

    @property
    def data(self) -> tuple[str, ...]:
        """The names of the inputs that are not parameters, in order."""
        return tuple(t.name for t in self.inputs if t.kind != PARAM)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of what the loss is differentiated by, in order."""
        return tuple(t.name for t in self.inputs if t.kind == PARAM)
