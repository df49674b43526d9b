"""SymPy's expressions as a network: scalars, `Indexed` with `Sum`, or matrices; what has no counterpart is refused.

Only the objects of SymPy that a caller hands over are read, by their types: no text is parsed and nothing is evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from symbp.core.integers import Dim, Index, Poly
from symbp.core.network import DATA, LABELS, PARAM, Equation, Fact, Network, Tensor
from symbp.core.traverse import fresh_name, indices_of
from symbp.escape import Prose
from symbp.symbolic.terms import Refused, Terms, basic, name_of, refused, tensor_of
from symbp.symbolic.write import Equations


def read_equations(
    loss: Any,
    *,
    parameters: Iterable[Any] | None = None,
    data: Iterable[Any] | None = None,
    labels: Mapping[Any, Any] | None = None,
    equations: Iterable[Any] = (),
    name: str = "net",
    doc: str = "",
) -> Network:
    """The network of a loss, of named intermediates (`Eq`s) and of what is differentiated by (`parameters`).

    `labels` says what each array of integers counts up to. What is named nowhere is data, if none are given.
    """
    if isinstance(loss, Equations):
        return _Reader(loss.parameters, loss.data, loss.labels, tuple(loss), loss.order, loss.dims).network(
            loss.name, loss.doc, loss.outputs, loss.facts, loss.each
        )
    if parameters is None:
        raise Refused("say what the loss is differentiated by: parameters=(w, b)")
    loss, given = basic(loss), tuple(equations)
    if not all(isinstance(e, sp.Equality) for e in given):
        raise refused("an intermediate", "is an Eq: Eq(z, w*x + b)")
    known = {name_of(e.lhs) for e in given}
    if isinstance(loss, sp.Equality):
        given, loss = (*given, loss), loss.lhs
    if not (isinstance(loss, sp.Symbol) and loss.name in known | {name_of(e.lhs) for e in given}):
        taken = {str(s) for e in (loss, *given) for s in e.free_symbols}
        target = sp.Symbol(fresh_name("L", taken))
        given, loss = (*given, sp.Eq(target, loss, evaluate=False)), target
    reader = _Reader(_each(parameters), None if data is None else _each(data), dict(labels or {}), given)
    return reader.network(name, Prose(doc), (loss.name,), (), {})


def _each(tensors: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(basic(t) for t in tensors)


def _named(tensor: Any) -> str:
    """The name of a tensor or a number that a user gave, and not SymPy; "" of anything else."""
    match tensor:
        case sp.IndexedBase():
            return str(tensor.label)
        case sp.Dummy():
            return ""
        case sp.MatrixSymbol() | sp.Symbol():
            return str(tensor.name)
    return ""


@dataclass
class _Reader:
    """What is known while expressions are read."""

    parameters: tuple[Any, ...]
    data: tuple[Any, ...] | None
    labels: dict[Any, Any]
    given: tuple[Any, ...]
    order: tuple[str, ...] = ()
    sizes: Sequence[str] = ()
    terms: Terms = field(default_factory=Terms)
    _letters: set[Any] | None = None

    def network(
        self, name: str, doc: Prose, outputs: tuple[str, ...], facts: tuple[Any, ...], each: dict[str, Any]
    ) -> Network:
        """The whole network."""
        kinds = {name_of(t): t for t in (*self.parameters, *(self.data or ()), *self.labels)}
        kinds |= {name_of(e.lhs): e.lhs for e in self.given}
        labels = frozenset(name_of(t) for t in self.labels)
        self.terms = Terms(kinds, labels, {n: Dim(n) for n in self.sizes})
        self._find_sizes()
        data = self.data if self.data is not None else self._others()
        inputs = [self._input(t, DATA, each) for t in data]
        inputs += [self._input(t, LABELS, each) for t in self.labels]
        inputs += [self._input(t, PARAM, each) for t in self.parameters]
        if self.order:
            inputs.sort(key=lambda t: self.order.index(t.name))
        made = tuple(self._equation(e) for e in self.given)
        stated = tuple(Fact(f"F{k + 1}", self.terms.cond(f, {})) for k, f in enumerate(facts))
        functions = tuple(self.terms.functions.items())
        return Network(name, doc, tuple(self.terms.dims.values()), tuple(inputs), made, outputs, stated, functions)

    def _find_sizes(self) -> None:
        """What stands in shapes and in ranges is a size."""
        read = (a for e in self.given for a in e.atoms(sp.IndexedBase, sp.MatrixSymbol))
        for tensor in (*self.terms.kinds.values(), *read):
            for extent in getattr(tensor_of(tensor), "shape", None) or ():
                self._note_sizes(extent)
        for part in (p for e in self.given for p in sp.preorder_traversal(e)):
            match part:
                case sp.Sum():
                    for end in (end for _, *ends in part.limits for end in ends):
                        self._note_sizes(end)
                case sp.Idx() if part.upper is not None:
                    self._note_sizes(part.upper)

    def _note_sizes(self, extent: Any) -> None:
        for s in sorted(basic(extent).free_symbols, key=str):
            if type(s) is sp.Symbol and s.name not in self.terms.kinds and not self._is_letter(s):
                self.terms.dims.setdefault(s.name, Dim(name_of(s)))

    def _is_letter(self, symbol: Any) -> bool:
        """Is it the index of a sum or of a left side, or the name of sizes that differ by layer?"""
        if self._letters is None:
            bound = {v for e in self.given for s in e.atoms(sp.Sum) for v, *_ in s.limits}
            left = {i for e in self.given if isinstance(e.lhs, sp.Indexed) for i in e.lhs.indices}
            bases = {s.base.label for e in self.given for s in e.atoms(sp.Indexed) if s.base.label.is_integer}
            self._letters = bound | left | bases | {i.label for e in self.given for i in e.atoms(sp.Idx)}
        return symbol in self._letters

    def _others(self) -> tuple[Any, ...]:
        """What is named nowhere, in the order of the names."""
        found: dict[str, Any] = {}
        for part in (p for e in self.given for p in sp.preorder_traversal(e.rhs)):
            name = _named(tensor_of(part))
            if name and name not in {*self.terms.kinds, *self.terms.dims} and not self._is_letter(tensor_of(part)):
                found.setdefault(name, tensor_of(part))
        bases = {str(t.label) for t in found.values() if isinstance(t, sp.IndexedBase)}
        kept = {n: t for n, t in found.items() if not (type(t) is sp.Symbol and n in bases)}
        self.terms.kinds |= kept
        return tuple(kept[n] for n in sorted(kept))

    def _input(self, tensor: Any, kind: str, each: dict[str, Any]) -> Tensor:
        name = name_of(tensor)
        shape = tuple(self.terms.integer(p, {}) for p in getattr(tensor, "shape", None) or ())
        if isinstance(tensor, sp.IndexedBase) and not shape:
            raise refused(name, "has no shape: IndexedBase('x', shape=(N, D))")
        classes = self.terms.integer(self.labels[tensor], {}) if kind == LABELS else None
        outer = next((i for p in shape for i in indices_of(p)), None)
        layer = self.terms.index(each[name], {}) if name in each else outer
        return Tensor(name, kind, shape, classes, layer)

    # Equations.

    def _equation(self, e: Any) -> Equation:
        lhs, name = e.lhs, name_of(e.lhs)
        match lhs:
            case sp.Indexed():
                indices = tuple(self._left(i, k, lhs, e.rhs) for k, i in enumerate(lhs.indices))
                env = dict(zip(lhs.indices, indices, strict=True))
                return Equation(name, indices, self.terms.of(e.rhs, env))
            case sp.MatrixSymbol():
                i, j = self._letters_for(lhs.shape, e)
                return Equation(name, (i, j), self.terms.entry(e.rhs, Poly.of(i), Poly.of(j), {}))
        return Equation(name, (), self.terms.of(e.rhs, {}))

    def _left(self, i: Any, place: int, lhs: Any, rhs: Any) -> Index:
        """An index of a left side: its own range, or that of the tensor, or of a tensor that is read with it."""
        if isinstance(i, sp.Idx) and i.upper is not None:
            return self.terms.index(i, {})
        name = str(i)
        if lhs.base.shape is not None:
            return Index(name, self.terms.integer(lhs.base.shape[place], {}))
        for read in rhs.atoms(sp.Indexed):
            for sub, extent in zip(read.indices, read.base.shape or (), strict=False):
                if sub == i:
                    return Index(name, self.terms.integer(extent, {}))
        raise refused(name, f"has no range: give {lhs.base.label} a shape, or the index, Idx('{name}', N)")

    def _letters_for(self, shape: Any, e: Any) -> tuple[Index, ...]:
        taken = {str(s) for s in e.free_symbols} | set(self.terms.kinds) | set(self.terms.dims)
        found = []
        for extent in shape:
            stem = str(extent).lower() if str(extent).isalpha() and len(str(extent)) == 1 else "i"
            letter = fresh_name(stem, taken)
            taken.add(letter)
            found.append(Index(letter, self.terms.integer(extent, {})))
        return tuple(found)
