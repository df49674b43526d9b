"""Every entry by itself, at given sizes: which entries read it, how fast each of them follows, all paths to the loss.

The partials are those that were derived for all entries, read at these; nothing is differentiated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symbp.calculus.steps import Chain, Derivation, Local, Section
from symbp.core.build import NIL
from symbp.core.expr import Expr, Partial, Read
from symbp.core.integers import Atom, Index, Poly
from symbp.core.written import Values, every, written


@dataclass(frozen=True, slots=True)
class Link:
    """How fast the entry `of` follows the entry `by`, through the equation of the one alone."""

    of: Read
    by: Read
    value: Expr

    @property
    def partial(self) -> Partial:
        return Partial(self.of, self.by)


Path = tuple[Link, ...]  # from the loss down


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of a derivation at `sizes`, which hold the values of labels too."""

    d: Derivation
    sizes: Values
    known: dict[Read, tuple[Link, ...]] = field(default_factory=dict)

    def of(self, tensor: str) -> tuple[Read, ...]:
        """All entries of a tensor in row-major order."""
        equation = self.d.network.equation(tensor)
        if equation is not None:
            indices = equation.indices
        else:
            indices = tuple(Index(f"_{k}", stop) for k, stop in enumerate(self.d.network.shape(tensor)))
        return tuple(Read(tensor, tuple(values[i] for i in indices)) for values in every(indices, self.sizes))

    def definition(self, entry: Read) -> Expr:
        """What the equation of an entry says it is."""
        equation = self.d.network.equation(entry.tensor)
        assert equation is not None
        return written(equation.body, dict(zip(equation.indices, entry.subs, strict=True)), self.sizes)

    def adjoint(self, entry: Read) -> Read:
        """The adjoint of an entry."""
        return Read(self.d.adjoint(entry.tensor), entry.subs)

    def result(self, entry: Read) -> Expr:
        """What was derived for the adjoint of an entry."""
        return self._at(self._section(entry.tensor).main.result, _letters(self._section(entry.tensor).main.lhs, entry))

    def links(self, entry: Read) -> tuple[Link, ...]:
        """The links to the entries that read an entry, where they are not 0 for whatever data."""
        if entry not in self.known:
            section = self._section(entry.tensor)
            found = (
                self._links(entry, c) for c in section.locals if isinstance(c.key, Local) and c.key.by == entry.tensor
            )
            direct = (Link(Read(self.d.loss), entry, self.result(entry)),) if not section.locals else ()
            self.known[entry] = (*direct, *(link for links in found for link in links))
        return self.known[entry]

    def paths(self, entry: Read, most: int) -> tuple[Path, ...]:
        """The paths from the loss down to an entry, at most one more than `most`."""
        if entry.tensor == self.d.loss:
            return ((),)
        found: list[Path] = []
        for link in self.links(entry):
            found += ((*path, link) for path in self.paths(link.of, most))
            if len(found) > most:
                break
        return tuple(found)

    def _section(self, quantity: str) -> Section:
        return next(s for s in self.d.sections if s.quantity == quantity)

    def _links(self, entry: Read, chain: Chain) -> tuple[Link, ...]:
        assert isinstance(chain.lhs, Partial)
        below = _letters(chain.lhs.by, entry)
        if below is None:
            return ()
        found: list[Link] = []
        for of in self.of(chain.lhs.of.tensor):
            above = _letters(chain.lhs.of, of)
            value = None if above is None else self._at(chain.result, {**above, **below})
            if value is not None and value != NIL:
                found.append(Link(of, entry, value))
        return tuple(found)

    def _at(self, expr: Expr, letters: Mapping[Atom, Poly] | None) -> Expr:
        assert letters is not None
        return written(expr, letters, self.sizes)


def _letters(general: Expr, entry: Read) -> dict[Atom, Poly] | None:
    """The values of an entry's letters; None where it is none of those that are meant."""
    assert isinstance(general, Read)
    found: dict[Atom, Poly] = {}
    for sub, value in zip(general.subs, entry.subs, strict=True):
        if sub.index is not None:
            found[sub.index] = value
        elif sub != value:
            return None
    return found
