"""Conventions, stated where they bite: where 1/N enters, what is taken at a kink, why a sum appears."""

from __future__ import annotations

import math
from fractions import Fraction

from symbp.calculus.steps import Derivation, Section
from symbp.core import build
from symbp.core.expr import Compare, Expr, Extreme, First, Fn, Int, Mul, Num, Pow, Read, Where
from symbp.core.integers import Dim
from symbp.core.traverse import reads, walk
from symbp.document.model import FactRef, Math, Part, Ref, Whole, Words
from symbp.document.rules import listed


def opening(d: Derivation) -> Words:
    """How to read what follows."""
    words: list[Part] = [
        "Each quantity is taken in turn, from the loss back. A change of it reaches the loss through the equations ",
        "that use it and through no others, so its adjoint is the sum, over those, of their adjoints times their ",
        "local derivatives.",
    ]
    if d.unreached:
        names: tuple[Part, ...] = tuple(Whole(p) for p in d.unreached)
        words += [" No path leads from ", *listed(names), " to the loss: the gradient there is zero."]
    if d.named:
        words += [" ", *listed(tuple(Whole(n) for n in d.named)), *(_NAMED if len(d.named) == 1 else _ALL_NAMED)]
    unused: tuple[Part, ...] = tuple(FactRef(f.label) for f in d.network.facts if f.label not in d.facts)
    if unused:
        plural = len(unused) > 1
        words += [" The facts " if plural else " Fact ", *listed(unused), " are" if plural else " is"]
        words.append(" not used by the derivation.")
    return tuple(words)


_NAMED = (
    " has a name of its own, since its value is needed below and could be had from another one only with fewer digits",
    " or by a division that may be by 0.",
)
_ALL_NAMED = (
    " have names of their own, since their values are needed below and could be had from others only with fewer digits",
    " or by a division that may be by 0.",
)


def remarks(d: Derivation, part: Section) -> tuple[Words, ...]:
    """What is to be said below the adjoint of a quantity."""
    found = [_mean(d, part), *(_kink(d, name, part.quantity) for name in part.used_by if name in d.kinks)]
    return tuple(w for w in found if w)


def _mean(d: Derivation, part: Section) -> Words:
    """At the first adjoint that carries the 1/N of the loss: where it comes from, and whether N divides again."""
    first = next((s for s in d.sections if _divisors(s.main.result)), None)
    if first is not part:
        return ()
    entering = _divisors(part.main.result)
    return (
        *_source(d, part, entering),
        *("; whatever is computed from ", Whole(part.adjoint), " carries ", "them" if len(entering) > 1 else "it"),
        *(" along", *_again(d, part, entering), "."),
    )


def _source(d: Derivation, part: Section, entering: tuple[Expr, ...]) -> Words:
    """The factor as the equation has it, and as it enters where the 2 of a square has cancelled."""
    users = [e for name in part.used_by if (e := d.network.equation(name)) and _divisors(e.body)]
    origin: Words = (" of ", *listed(tuple(Ref(n) for e in users if (n := d.number(e.name))))) if users else ()
    halved = next((x for e in users for x in entering if _cancels(e.body, part, x)), None)
    if halved is not None and len(entering) == len(users) == 1:
        fraction = build.mul(build.num("1/2"), halved)
        return ("The factor ", Math(fraction), *origin, " enters here as ", Math(halved), _SQUARE)
    several = len(entering) > 1
    fractions: tuple[Part, ...] = tuple(Math(e) for e in entering)
    return (
        "The factors " if several else "The factor ",
        *listed(fractions),
        *origin,
        f" enter{'s' * (not several)} here",
    )


_SQUARE = ", for the 2 of the square cancels the 1/2"


def _cancels(body: Expr, part: Section, divisor: Expr) -> bool:
    """Does a square of the quantity bring a 2 that cancels the 1/2 beside a divisor?"""
    squares = (n for n in walk(body) if isinstance(n, Pow) and n.exponent == Num(Fraction(2)))
    squared = any(r.tensor == part.quantity for n in squares for r in reads(n))
    half, whole = Fraction(1, 2), Fraction(1)
    return squared and _beside(body, divisor) == half and _beside(part.main.result, divisor) == whole


def _beside(e: Expr, divisor: Expr) -> Fraction:
    """The number, without its sign, that stands in a product with a divisor."""
    products = (n.args for n in walk(e) if isinstance(n, Mul) and divisor in n.args)
    numbers = (a.value for a in next(products, ()) if isinstance(a, Num))
    return abs(math.prod(numbers, start=Fraction(1)))


def _again(d: Derivation, part: Section, entering: tuple[Expr, ...]) -> Words:
    """Where a local derivative further down divides by the same size once more."""
    sizes = {a for e in entering for a in _atoms(e)}
    found: dict[Expr, list[Part]] = {}
    for s in d.sections[d.sections.index(part) + 1 :]:
        for chain in s.locals or (s.main,):
            if (number := d.number(chain.key)) is None:
                continue
            for e in (e for e in _divisors(chain.result) if sizes & set(_atoms(e))):
                found.setdefault(e, []).append(Ref(number))
    if not found:
        return (", and nothing below divides by ", *listed(tuple(Math(_base(_plain(e))) for e in entering)), " again")
    words: list[Part] = []
    for e, refs in found.items():
        words += ["; the " if not words else " and the ", Math(_plain(e)), " in ", *listed(tuple(refs))]
    return (*words, " is another one" if len(found) == 1 else " are others")


def _atoms(divisor: Expr) -> tuple[Dim, ...]:
    """The sizes in a divisor."""
    size = build.as_integer(_base(divisor))
    return tuple(a for a in size.atoms() if isinstance(a, Dim)) if size is not None else ()


def _plain(divisor: Expr) -> Expr:
    """The divisor with its size as one integer."""
    assert isinstance(divisor, Pow)
    size = build.as_integer(divisor.base)
    return divisor if size is None else Pow(Int(size), divisor.exponent)


def _base(divisor: Expr) -> Expr:
    assert isinstance(divisor, Pow)
    return divisor.base


def _divisors(e: Expr) -> tuple[Expr, ...]:
    """The sizes that it divides by: 1/N, 1/(N - 1)."""
    found = (n for n in walk(e) if isinstance(n, Pow) and _negative(n.exponent) and _atoms(n))
    return tuple(dict.fromkeys(found))


def _negative(e: Expr) -> bool:
    return isinstance(e, Num) and e.value < 0


def _kink(d: Derivation, name: str, quantity: str) -> Words:
    """What the derivative is taken to be where an equation has a kink."""
    equation, number = d.network.equation(name), d.number(name)
    if equation is None or number is None:
        return ()
    nodes = [n for n in walk(equation.body) if any(r.tensor == quantity for r in reads(n))]
    if any(isinstance(n, (Extreme, First)) for n in nodes):
        words = " tie, the first of them has the extreme value, in row-major order: so argmax means here."
        return ("Where several entries of ", Ref(number), words)
    if any(isinstance(n, Fn) and n.name == "abs" for n in nodes):
        return ("At its kink the absolute value in ", Ref(number), " is given the derivative 0.")
    choices = dict.fromkeys(n for n in nodes if isinstance(n, Where) and _turns(n, quantity))
    return tuple(w for n in choices for w in _turning(n, quantity, Ref(number)))


def _turns(n: Where, quantity: str) -> bool:
    """Does the quantity decide between the branches?"""
    return isinstance(n.cond, Compare) and any(r.tensor == quantity for r in reads(n.cond))


def _turning(n: Where, quantity: str, equation: Ref) -> Words:
    """Where the branches meet, which of them is taken there, and whether their slopes differ."""
    assert isinstance(n.cond, Compare)
    branch = n.then if n.cond.op in ("<=", ">=", "==") else n.other
    slopes = _slope(n.then, quantity), _slope(n.other, quantity)
    where: Words = ("Where ", Math(n.cond.a), " is ", Math(n.cond.b), ", ")
    taken: Words = (" The branch taken there is ", Math(branch))
    slope = _slope(branch, quantity)
    if slope is None or None in slopes or slopes[0] == slopes[1]:
        return (*where, "the branches of ", equation, " meet.", *taken, ", and the derivative is that of this branch. ")
    number = Math(build.num(slope))
    return (*where, equation, " has no derivative.", *taken, ", and the derivative of that is used:~", number, ". ")


def _slope(e: Expr, quantity: str) -> Fraction | None:
    """The derivative by an entry of the quantity, where that is a number at sight."""
    if not any(r.tensor == quantity for r in reads(e)):
        return Fraction(0)
    if isinstance(e, Read):
        return Fraction(1)
    if isinstance(e, Mul):
        numbers = [a.value for a in e.args if isinstance(a, Num)]
        rest = [a for a in e.args if not isinstance(a, Num)]
        inner = _slope(rest[0], quantity) if len(rest) == 1 else None
        return None if inner is None else math.prod(numbers, start=inner)
    return None
