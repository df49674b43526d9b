"""Integer expressions: sizes, extents and subscripts, as polynomials in sizes and indices.

`Poly` is what stands in a shape (`4*H`), in the range of an index (`T - 2`) and in a subscript (`2*i + u`). Its atoms
are `Dim` (a size), `DimAt` (a size that depends on an index, `D[l]`), `Index` (which owns its range) and, for
subscripts such as `p[n, t[n]]`, reads of integer tensors. It knows nothing of networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

_set = object.__setattr__  # of a frozen value, while it is made
# So many values are kept at most to be had again.
MOST_KNOWN = 1 << 18
_known: dict[tuple[type, tuple[object, ...]], Node] = {}


class Once(type):
    """Makes each value once, and gives it again where the same is asked for: equal ones are as a rule identical."""

    def __call__(cls, *fields: Any, **named: Any) -> Any:
        found = _known.get((cls, fields)) if not named else None
        if found is None:
            made = super().__call__(*fields, **named)
            if len(_known) > MOST_KNOWN:
                _known.clear()
            found = _known.setdefault((cls, made._fields), made)
        return found


class Node(metaclass=Once):
    """A frozen value that hashes once. Subclasses are dataclasses with `slots=True, eq=False`.

    `free` keeps its free indices once `core.traverse.free_indices` has found them.
    """

    __slots__ = ("_fields", "_hash", "free")
    _fields: tuple[object, ...]
    _hash: int
    free: tuple[Index, ...] | None

    def __post_init__(self) -> None:
        kind = type(self)
        fields = tuple([getattr(self, name) for name in kind.__slots__])
        _set(self, "_fields", fields)
        _set(self, "_hash", hash((kind.__name__, fields)))
        _set(self, "free", None)

    def fields(self) -> tuple[object, ...]:
        """The values of the fields, in their order."""
        return self._fields

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other) or self._hash != other._hash:
            return False
        return self._fields == other._fields


class Atom(Node):
    """What an integer polynomial is made of. `key` orders atoms, the same way in every run."""

    __slots__ = ()

    @property
    def key(self) -> str:
        raise NotImplementedError


A = TypeVar("A", bound=Atom)


@dataclass(frozen=True, slots=True, eq=False)
class Dim(Atom):
    """A size with a name: `N`. All are at least 1 but the one that counts the steps of a loop in its body, from 0.

    It owns what the network's facts say of it: it is at least `least` and at most `most`, and none of `above` is more.
    """

    name: str
    least: int = 1
    above: tuple[Poly, ...] = ()
    most: int | None = None

    @property
    def key(self) -> str:
        return f"0{self.name}"

    def __str__(self) -> str:
        return self.name


Monomial = tuple[Atom, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Poly(Node):
    """A polynomial with integer coefficients: sorted pairs of a monomial (sorted atoms) and a coefficient, none 0."""

    terms: tuple[tuple[Monomial, int], ...] = ()

    @staticmethod
    def of(value: Poly | Atom | int) -> Poly:
        """The polynomial of a number, an atom or a polynomial."""
        if isinstance(value, Poly):
            return value
        if isinstance(value, int):
            return Poly((((), value),)) if value else ZERO
        return Poly((((value,), 1),))

    @staticmethod
    def collect(terms: Iterable[tuple[Monomial, int]]) -> Poly:
        """The polynomial of terms in any order, equal monomials added."""
        table: dict[Monomial, int] = {}
        for monomial, coefficient in terms:
            table[monomial] = table.get(monomial, 0) + coefficient
        kept = [(m, c) for m, c in table.items() if c]
        if len(kept) < 2:
            return Poly(tuple(kept))
        return Poly(tuple(sorted(kept, key=lambda t: (-len(t[0]), tuple(a.key for a in t[0])))))

    def __add__(self, other: Poly | Atom | int) -> Poly:
        more = Poly.of(other)
        if not more.terms:
            return self
        return Poly.collect((*self.terms, *more.terms)) if self.terms else more

    def __neg__(self) -> Poly:
        return Poly(tuple((m, -c) for m, c in self.terms))

    def __sub__(self, other: Poly | Atom | int) -> Poly:
        return self + -Poly.of(other)

    def __mul__(self, other: Poly | Atom | int) -> Poly:
        if isinstance(other, int):
            return Poly(tuple((m, c * other) for m, c in self.terms)) if other else ZERO
        products = [
            (tuple(sorted((*m, *k), key=lambda a: a.key)), c * d)
            for m, c in self.terms
            for k, d in Poly.of(other).terms
        ]
        return Poly.collect(products)

    @property
    def constant(self) -> int | None:
        """Its value where it is a plain number, else None."""
        if not self.terms:
            return 0
        return self.terms[0][1] if self.terms[0][0] == () else None

    @property
    def atom(self) -> Atom | None:
        """The atom where it is just one atom, else None."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and len(self.terms[0][0]) == 1:
            return self.terms[0][0][0]
        return None

    @property
    def index(self) -> Index | None:
        """The index where it is just one index, else None."""
        return self.atom if isinstance(self.atom, Index) else None

    def atoms(self) -> tuple[Atom, ...]:
        """Its atoms, each once, in order of appearance."""
        return tuple(dict.fromkeys(a for m, _ in self.terms for a in m))

    def atoms_of(self, *kinds: type[A]) -> tuple[A, ...]:
        """Its atoms of these kinds, each once, in order of appearance; not those inside other atoms."""
        return tuple(dict.fromkeys(a for m, _ in self.terms for a in m if isinstance(a, kinds)))

    def coefficient(self, atom: Atom) -> Poly:
        """The coefficient of `atom` where it occurs linearly: `Poly('s*i + u').coefficient(i)` is `s`."""
        kept = [(tuple(a for a in m if a != atom), c) for m, c in self.terms if atom in m]
        return Poly.collect(kept)

    def replace(self, function: Callable[[Atom], Poly | None]) -> Poly:
        """The polynomial with `function(atom)` in the place of each atom for which that is not None."""
        table = {a: new for a in self.atoms() if (new := function(a)) is not None}
        if not table:
            return self
        result = ZERO
        for monomial, coefficient in self.terms:
            product = Poly.of(coefficient)
            for a in monomial:
                product = product * table.get(a, a)
            result = result + product
        return result

    def value(self, of: Mapping[Atom, int]) -> int:
        """Its value, given the value of each atom."""
        total = 0
        for monomial, coefficient in self.terms:
            for a in monomial:
                coefficient *= a.value(of) if isinstance(a, Quotient) else of[a]
            total += coefficient
        return total

    @property
    def key(self) -> str:
        """A text that orders polynomials the same way in every run."""
        return "+".join(f"{c}*{'*'.join(a.key for a in m)}" for m, c in self.terms)

    def __str__(self) -> str:
        return write_poly(self, str)


ZERO = Poly()
ONE = Poly((((), 1),))


@dataclass(frozen=True, slots=True, eq=False)
class DimAt(Atom):
    """A size that depends on an index: `D[l + 1]`."""

    name: str
    at: Poly

    @property
    def key(self) -> str:
        return f"1{self.name}[{self.at.key}]"

    def __str__(self) -> str:
        return f"{self.name}[{self.at}]"


@dataclass(frozen=True, slots=True, eq=False)
class Quotient(Atom):
    """How often `bottom`, which is positive, goes into `top`: `(I - U) // 2`."""

    top: Poly
    bottom: Poly

    @property
    def key(self) -> str:
        return f"4({self.top.key})//({self.bottom.key})"

    def value(self, of: Mapping[Atom, int]) -> int:
        """Its value, given the value of each atom, rounded down."""
        return self.top.value(of) // self.bottom.value(of)

    def __str__(self) -> str:
        top = f"({self.top})" if len(self.top.terms) > 1 else str(self.top)
        bottom = f"({self.bottom})" if self.bottom.atom is None and self.bottom.constant is None else str(self.bottom)
        return f"{top}//{bottom}"


def quotient(top: Poly, bottom: Poly) -> Poly:
    """`top // bottom`, a number where both are, the multiple where it comes out even term by term.

    The constant that is left in `top` is from 0 to `bottom` - 1, so that (I - 1)//2 + 1 and (I + 1)//2 are one.
    """
    if bottom == ONE:
        return top
    if top == bottom:
        return ONE
    if top.constant is not None and bottom.constant:
        return Poly.of(top.constant // bottom.constant)
    step = bottom.constant
    if step:
        whole = Poly.collect((m, c // step) for m, c in top.terms if not m or c % step == 0)
        rest = Poly.collect((m, c if m else c % step) for m, c in top.terms if c % step)
        return whole + (
            Poly.of(Quotient(rest, bottom)) if rest.constant is None else Poly.of((rest.constant or 0) // step)
        )
    return _by_size(top, bottom)


def _by_size(top: Poly, bottom: Poly) -> Poly:
    """`top // bottom` of sizes: what is a multiple of it comes out, and -1 // N is -1."""
    (lead, number), whole, rest = bottom.terms[0], ZERO, top
    for _ in range(len(top.terms) * 4):
        step = next((t for m, c in rest.terms if (t := _over(m, c, lead, number)) is not None), None)
        if step is None:
            break
        whole, rest = whole + step, rest - step * bottom
    if rest.constant in (0, -1):
        return whole + (rest.constant or 0)
    if len(bottom.terms) > 1:  # what is left would be no simpler
        return Poly.of(Quotient(top, bottom))
    return whole + Poly.of(Quotient(rest, bottom))


def _over(monomial: Monomial, coefficient: int, lead: Monomial, number: int) -> Poly | None:
    """One term by another, where that comes out even."""
    rest = list(monomial)
    for a in lead:
        if a not in rest:
            return None
        rest.remove(a)
    return None if coefficient % number else Poly(((tuple(rest), coefficient // number),))


@dataclass(frozen=True, slots=True, eq=False)
class Index(Atom):
    """An index letter with its range, `start <= index < stop`; both may hold outer indices."""

    name: str
    stop: Poly
    start: Poly = ZERO

    @property
    def extent(self) -> Poly:
        """How many values it takes."""
        return self.stop - self.start if self.start.terms else self.stop

    @property
    def is_nested(self) -> bool:
        """Does its range hold another index, as that of `for j in range(i)` does?"""
        return bool(self.start.atoms_of(Index) or self.stop.atoms_of(Index))

    @property
    def key(self) -> str:
        return f"2{self.name}"

    def __str__(self) -> str:
        return self.name


def write_poly(poly: Poly, write_atom: Callable[[Atom], str], times: str = "*") -> str:
    """The text of a polynomial, positive terms first: `H + h`, `2*i + u - 1`."""
    if not poly.terms:
        return "0"
    ordered = sorted(poly.terms, key=lambda t: t[1] < 0)
    text = ""
    for monomial, coefficient in ordered:
        factors = [write_atom(a) for a in monomial]
        if times == "*" and (len(factors) > 1 or abs(coefficient) != 1):  # 2*D//A is another number
            factors = [f"({f})" if isinstance(a, Quotient) else f for a, f in zip(monomial, factors, strict=True)]
        if abs(coefficient) != 1 or not factors:
            factors.insert(0, str(abs(coefficient)))
        sign = ("-" if not text else " - ") if coefficient < 0 else ("" if not text else " + ")
        text += sign + times.join(factors)
    return text
