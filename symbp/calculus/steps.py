"""The derivation as data: chains of equalities, each step with the rule that made it, gathered in sections.

`calculus.derive` makes them, `document` sets them, `verify` evaluates them. The types know no rule's mathematics.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from symbp.core.expr import Expr, Read
from symbp.core.integers import Poly
from symbp.core.network import Equation, Network


@dataclass(frozen=True, slots=True)
class Local:
    """The key of a local derivative: of one quantity by another that its equation reads."""

    of: str
    by: str


@dataclass(frozen=True, slots=True)
class Variant:
    """The key of another way of writing an adjoint, of which there may be several."""

    adjoint: str
    place: int


Key = str | Local | Variant  # of an equation or a chain: a quantity's or an adjoint's is its name
Renaming = tuple[Poly, Poly]  # m -> n: an index, and what stands for it


@dataclass(frozen=True, slots=True)
class Rule:
    """Why a line follows from the one before it.

    `name` is a word of `RULES`. `equations` are keys of the equations it uses (see `Derivation.numbers`), `renamed` the
    indices that a contraction replaces, `facts` the labels of the facts used, `slopes` the elementary functions that
    are differentiated, each at the entry `VARIABLE` with its derivative there, `also` the names of rules that made the
    same line. `values` are what was replaced, each with what it is.
    """

    name: str
    equations: tuple[Key, ...] = ()
    renamed: tuple[Renaming, ...] = ()
    facts: tuple[str, ...] = ()
    slopes: tuple[tuple[Expr, Expr], ...] = ()
    also: tuple[str, ...] = ()
    values: tuple[tuple[Expr, Expr], ...] = ()


VARIABLE = "?"  # the variable of a scalar rule, (log u)' = 1/u; a letter is found for it that nothing else has


@dataclass(frozen=True, slots=True)
class Step:
    """One right-hand side, and the rule that made it from the line before."""

    value: Expr
    rule: Rule


@dataclass(frozen=True, slots=True)
class Chain:
    """`lhs = step = step = ...`; `key` names its result, whose number is `Derivation.number(key)`."""

    key: Key
    lhs: Expr
    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        """The name of the equation whose right side the result is."""
        assert isinstance(self.key, str)
        return self.key

    @property
    def result(self) -> Expr:
        return self.steps[-1].value


@dataclass(frozen=True, slots=True)
class Section:
    """All that is said of one quantity: who uses it, the local derivatives of those, and its adjoint.

    `inserted` is true where the adjoint is only a station: later sections insert it and the backward network leaves
    it out.
    """

    quantity: str
    adjoint: str
    used_by: tuple[str, ...]
    locals: tuple[Chain, ...]
    main: Chain
    inserted: bool = False
    variants: tuple[Chain, ...] = ()

    @property
    def equation(self) -> Equation:
        """The adjoint by itself."""
        assert isinstance(self.main.lhs, Read)
        indices = tuple(i for s in self.main.lhs.subs if (i := s.index))
        return Equation(self.adjoint, indices, self.main.result)


@dataclass(frozen=True, slots=True)
class Derivation:
    """A network, its backward network and the way from the one to the other.

    `backward` has all inputs as data, the forward equations, the adjoint equations, and the gradients as outputs.
    `adjoints` pairs every quantity with the name of its adjoint, `gradients` every parameter with the name of its
    gradient. `numbers` pairs a key (a forward equation's name, a chain's key) with its equation number. `facts` are the
    labels of the facts used, `kinks` the names of the equations where the derivative at a kink was chosen, `unreached`
    the parameters that the loss does not reach, `named` what got a name of its own for the derivation (see `kernels`),
    `exponents` what got one for what its entries share (see `exponents`).
    """

    network: Network
    loss: str
    backward: Network
    sections: tuple[Section, ...]
    adjoints: tuple[tuple[str, str], ...]
    gradients: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[Key, int], ...]
    facts: tuple[str, ...] = ()
    kinks: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    exponents: tuple[str, ...] = ()

    def number(self, key: Key) -> int | None:
        """The number of an equation, or None where it has none."""
        return dict(self.numbers).get(key)

    def adjoint(self, quantity: str) -> str:
        """The name of the adjoint of a quantity."""
        return dict(self.adjoints)[quantity]

    @property
    def with_stations(self) -> Network:
        """The backward network with the adjoints that it leaves out."""
        stations = tuple(s.equation for s in self.sections if s.inserted)
        return replace(self.backward, equations=(*self.backward.equations, *stations))


@dataclass(frozen=True, slots=True)
class HessianProduct:
    """The Hessian times a vector: how fast the gradients change where the parameters move along the vector.

    The tangent of a quantity is how fast that changes, and each equation has a chain that derives its tangent from
    those of what it reads. `tangents` pairs every quantity that changes with the name of its tangent; the vector's own
    entries are the parameters' tangents, which are inputs of `network`. That one holds all equations that the product
    needs, forward, backward and tangents; `products` pairs every parameter with the name of its part of the product.
    `numbers` go on where those of `gradient` end.
    """

    gradient: Derivation
    network: Network
    chains: tuple[Chain, ...]
    tangents: tuple[tuple[str, str], ...]
    products: tuple[tuple[str, str], ...]
    numbers: tuple[tuple[Key, int], ...]

    def number(self, key: Key) -> int | None:
        """The number of an equation, of the gradient's or of the product's, or None where it has none."""
        own = dict(self.numbers).get(key)
        return self.gradient.number(key) if own is None else own


# Every name that a `Rule` may have; what each is called on the page is for the document to say.
RULES = (
    "chain",
    "derive",
    "quotient",
    "along",
    "along each",
    "entry",
    "insert",
    "contract",
    "re-express",
    "split",
    "pull",
    "copies",
    "cancel",
    "factor",
    "sign",
    "divide",
    "expand",
    "collect",
    "fact",
    "solve",
    "guard",
    "single",
    "zero",
    "cases",
    "under",
    "turn",
)
