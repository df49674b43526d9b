"""What the parts of the stability pass share: the definitions, what has been worked out, and each other.

A part is a file that adds its methods: `named`, `cancelling`, `forms`, `splits`, `within`,
`safety`, `logarithms`, `computed`, `products`, `plain`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from symbp.core.expr import Expr, Read
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.network import Equation, Network
from symbp.core.traverse import apply, substitute
from symbp.lowering.linear import NOTHING, Linear
from symbp.lowering.scaled import Scaled
from symbp.lowering.stability.known import Known, branch


@dataclass(slots=True)
class Work(ABC):
    """The definitions, and what has been worked out so far, by expression and by the conditions known to hold."""

    equations: Mapping[str, Equation]
    network: Network | None = None  # whose tensors have the extents that a read may go to
    classes: Mapping[str, Poly] = field(default_factory=dict)  # what the labels of each tensor of labels count
    forms: dict[tuple[Expr, Known], Scaled] = field(default_factory=dict)
    ordinary: dict[str, bool] = field(default_factory=dict)
    safe: dict[tuple[Scaled, Known], bool] = field(default_factory=dict)
    tame: dict[tuple[Expr, Known], bool] = field(default_factory=dict)
    plains: dict[tuple[Node, Known], Node] = field(default_factory=dict)
    apart: dict[tuple[Expr, Known, bool], tuple[Linear, Expr]] = field(default_factory=dict)
    done: set[Expr] = field(default_factory=set)  # what is written as it is to be computed
    owner: str = ""  # the equation at hand, where tensors may be put beside it
    loop: frozenset[str] = frozenset()  # the tensors of its recurrence, if it is of one
    added: list[Equation] = field(default_factory=list)  # those put beside it
    beside: dict[str, Equation] = field(default_factory=dict)  # all of them by what they are, whatever the letters
    own_largest: dict[str, Equation] = field(default_factory=dict)  # largest values that the network names
    besides: dict[str, Equation] = field(default_factory=dict)  # and by name
    spellings: dict[str, Expr | None] = field(default_factory=dict)  # each written out, where it is not too long
    related: Mapping[str, tuple[Read, Linear]] = field(default_factory=dict)  # tensors little more or less than another
    largest: dict[str, tuple[tuple[Index, ...], tuple[Any, ...]]] = field(default_factory=dict)  # what they are above

    def definition(self, read: Read, known: Known) -> Expr | None:
        """What a tensor's entry is defined as, the branch taken where that is known; None for inputs."""
        equation = self.equations.get(read.tensor)
        if equation is None:
            return None
        return branch(apply(equation.body, equation.indices, read.subs), known)

    def defined(self, expr: Expr, known: Known) -> Expr | None:
        """The definition of an entry; None of what is no entry of a tensor that an equation defines."""
        match expr:
            case Read():
                return self.definition(expr, known)
        return None

    def defined_wild(self, expr: Expr, known: Known) -> Expr | None:
        """The definition of an entry that may overflow; None of anything else."""
        match expr:
            case Read() if not self.is_tame(expr, known):
                return self.definition(expr, known)
        return None

    def relation(self, read: Read) -> tuple[Read, Linear] | None:
        """An entry as that of another tensor, and what it is more."""
        if read.tensor not in self.related:
            return None
        other, apart = self.related[read.tensor]
        table: dict[Atom, Poly] = dict(zip(self.equations[read.tensor].indices, read.subs, strict=True))
        more = Linear.collect((substitute(e, table), c) for e, c in apart.terms)
        return Read(other.tensor, read.subs), more

    def with_relations(self, m: Linear) -> Linear:
        """The exponent with a tensor in the place of another and what it is more."""
        for name, (other, _) in self.related.items():
            for e, c in m.terms:
                match e:
                    case Read(tensor, subs) if tensor == other.tensor:
                        read = Read(name, subs)
                        _, more = self.relation(read) or (e, NOTHING)
                        if all(m.coefficient(a) == c * d for a, d in more.terms):
                            return self.with_relations(m + (Linear.of(read) - Linear.of(e) - more) * c)
        return m

    def is_in_range(self, i: Index, value: Poly) -> bool:
        """Is it certain to be a value of the index: 0, a label of as many classes, an index of the same range?"""
        match value.atom:
            case Read(labels):
                return not i.start.terms and self.classes.get(labels) == i.stop
            case Index(_, stop, start):
                return (start, stop) == (i.start, i.stop)
        return not value.terms and not i.start.terms

    @abstractmethod
    def form(self, expr: Expr, known: Known) -> Scaled:
        """The representation of a value, named tensors looked into where there is something exponential in them."""

    @abstractmethod
    def split(self, total: Expr, known: Known, exact: bool = False) -> tuple[Linear, Expr]:
        """A sum of exponentials as exp(m) * v: m and v, the largest exponent taken out.

        With `exact` v is not 0 where the value is not: for a logarithm or to divide by it.
        """

    @abstractmethod
    def lifted(self, value: Scaled, known: Known, whole: bool = False) -> tuple[Linear, Expr]:
        """A value as exp(m) * v; where it is the `whole` of what is computed, m may well stand within a sum in v."""

    @abstractmethod
    def within_sums(self, value: Scaled, known: Known) -> tuple[Linear, Expr] | None:
        """The same with what sums are divided by taken into those above; None where that does not do."""

    @abstractmethod
    def is_safe(self, value: Scaled, known: Known) -> bool:
        """Can the value itself not overflow: is its exponent never positive?"""

    @abstractmethod
    def is_tame(self, expr: Expr, known: Known) -> bool:
        """Can the expression, computed as this pass writes it, not overflow?"""

    @abstractmethod
    def stands(self, expr: Expr, known: Known) -> bool:
        """Can no part of the expression, each computed by itself, overflow?"""

    @abstractmethod
    def plain(self, node: Expr, known: Known) -> Expr:
        """The expression as it is to be computed."""

    @abstractmethod
    def as_they_stand(self, total: Expr, known: Known) -> Expr:
        """A sum whose terms are computed each by itself."""

    @abstractmethod
    def vanishes(self, expr: Expr, known: Known) -> bool:
        """May it underflow to 0 as it is computed, or overflow: has it an exponent when all is looked into?"""

    @abstractmethod
    def opened(self, expr: Expr, known: Known) -> Scaled:
        """The form of what is divided by or stands in a logarithm: there a sum of small terms matters too."""
