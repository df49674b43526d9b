"""Conventions, stated where they bite: where 1/N enters, what is taken at a kink, why a sum appears."""

from __future__ import annotations

import math
from fractions import Fraction

from symbp.calculus.steps import Derivation, Local, Section
from symbp.core import build
from symbp.core.expr import Compare, Expr, Extreme, First, Fn, Int, Mul, Num, Pow, Read, Where
from symbp.core.integers import Dim
from symbp.core.traverse import nodes, reads, walk
from symbp.document.model import Notes, Paragraph
from symbp.document.said import FactRef, Math, Ref, Said, Whole, Words, listed, said


def opening(d: Derivation) -> Words:
    """How to read what follows."""
    words = [said("backward.sum")]
    if d.unreached:
        words.append(said("backward.unreached", len(d.unreached), parameters=listed(map(Whole, d.unreached))))
    if d.named:
        words.append(said("backward.named", len(d.named), quantities=listed(map(Whole, d.named))))
    if d.exponents:
        words.append(said("backward.exponents", len(d.exponents), quantities=listed(map(Whole, d.exponents))))
    unused = [FactRef(f.label) for f in d.network.facts if f.label not in d.facts]
    if unused:
        words.append(said("backward.unused", len(unused), facts=listed(unused)))
    return tuple(words)


def remarks(d: Derivation, part: Section) -> tuple[Paragraph | Notes, ...]:
    """What is to be said below the adjoint of a quantity."""
    mean = _mean(d, part)
    kinks = (_kink(d, name, part.quantity) for name in part.used_by if name in d.kinks)
    return (*((Paragraph((mean,)),) if mean else ()), *(k for k in kinks if k))


def _mean(d: Derivation, part: Section) -> Said | None:
    """At the first adjoint that carries the 1/N of the loss: where it comes from, and whether N divides again."""
    first = next((s for s in d.sections if _divisors(s.main.result)), None)
    if first is not part:
        return None
    divisors = _divisors(part.main.result)
    entering, adjoint, others = _entering(d, part, divisors), Whole(part.adjoint), _again(d, part, divisors)
    if others:
        return said("mean.again", len(divisors), entering=entering, adjoint=adjoint, others=others)
    sizes = listed(Math(_base(_plain(e))) for e in divisors)
    return said("mean.alone", len(divisors), entering=entering, adjoint=adjoint, sizes=sizes)


def _entering(d: Derivation, part: Section, divisors: tuple[Expr, ...]) -> Said:
    """The factor as the equation has it, and as it enters where the 2 of a square has cancelled."""
    users = [e for name in part.used_by if (e := d.network.equation(name)) and _divisors(e.body)]
    equations = [Ref(n) for e in users if (n := d.number(e.name)) is not None]
    halved = next((x for e in users for x in divisors if _cancels(e.body, part, x)), None)
    if halved is not None and len(divisors) == len(equations) == 1:
        fraction = build.mul(build.num("1/2"), halved)
        return said("mean.halved", fraction=Math(fraction), equation=equations[0], factor=Math(halved))
    factors = listed(map(Math, divisors))
    if not equations:
        return said("mean.enters", len(divisors), factors=factors)
    return said("mean.enters.from", len(divisors), factors=factors, equations=listed(equations))


def _cancels(body: Expr, part: Section, divisor: Expr) -> bool:
    """Does a square of the quantity bring a 2 that cancels the 1/2 beside a divisor?"""
    squares = (n for n in nodes(body, Pow) if n.exponent == Num(Fraction(2)))
    squared = any(r.tensor == part.quantity for n in squares for r in reads(n))
    half, whole = Fraction(1, 2), Fraction(1)
    return squared and _beside(body, divisor) == half and _beside(part.main.result, divisor) == whole


def _beside(e: Expr, divisor: Expr) -> Fraction:
    """The number, without its sign, that stands in a product with a divisor."""
    products = (n.args for n in nodes(e, Mul) if divisor in n.args)
    numbers = (a.value for a in next(products, ()) if isinstance(a, Num))
    return abs(math.prod(numbers, start=Fraction(1)))


def _again(d: Derivation, part: Section, entering: tuple[Expr, ...]) -> Said | None:
    """Where a local derivative further down divides by the same size once more."""
    sizes = {a for e in entering for a in _atoms(e)}
    found: dict[Expr, dict[Ref, None]] = {}
    for s in d.sections[d.sections.index(part) + 1 :]:
        for chain in s.locals:
            key = chain.key.of if isinstance(chain.key, Local) else chain.key
            if key in part.used_by or (number := d.number(key)) is None:  # the same factor, on another path
                continue
            for e in (e for e in _divisors(chain.result) if sizes & set(_atoms(e))):
                found.setdefault(e, {})[Ref(number)] = None
    if not found:
        return None
    others = (said("mean.other", divisor=Math(_plain(e)), equations=listed(refs)) for e, refs in found.items())
    return said("mean.others", len(found), divisors=listed(others))


def _atoms(divisor: Expr) -> tuple[Dim, ...]:
    """The sizes in a divisor."""
    size = build.as_integer(_base(divisor))
    return size.atoms_of(Dim) if size is not None else ()


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
    found = (n for n in nodes(e, Pow) if _negative(n.exponent) and _atoms(n))
    return tuple(dict.fromkeys(found))


def _negative(e: Expr) -> bool:
    return isinstance(e, Num) and e.value < 0


def _kink(d: Derivation, name: str, quantity: str) -> Paragraph | Notes | None:
    """What the derivative is taken to be where an equation has a kink."""
    equation, number = d.network.equation(name), d.number(name)
    if equation is None or number is None:
        return None
    nodes = [n for n in walk(equation.body) if any(r.tensor == quantity for r in reads(n))]
    if any(isinstance(n, (Extreme, First)) for n in nodes):
        return Paragraph((said("kink.tie", equation=Ref(number)),))
    if any(isinstance(n, Fn) and n.name == "abs" for n in nodes):
        return Paragraph((said("kink.absolute", equation=Ref(number)),))
    choices = dict.fromkeys(n for n in nodes if isinstance(n, Where) and _turns(n, quantity))
    return Notes(tuple(_turning(n, quantity, Ref(number)) for n in choices)) if choices else None


def _turns(n: Where, quantity: str) -> bool:
    """Does the quantity decide between the branches?"""
    return isinstance(n.cond, Compare) and any(r.tensor == quantity for r in reads(n.cond))


def _turning(n: Where, quantity: str, equation: Ref) -> Said:
    """Where the branches meet, which of them is taken there, and whether their slopes differ."""
    assert isinstance(n.cond, Compare)
    branch = n.then if n.cond.op in ("<=", ">=", "==") else n.other
    slopes = _slope(n.then, quantity), _slope(n.other, quantity)
    entry, border, taken = Math(n.cond.a), Math(n.cond.b), Math(branch)
    slope = _slope(branch, quantity)
    if slope is None or None in slopes or slopes[0] == slopes[1]:
        return said("kink.meet", entry=entry, border=border, equation=equation, branch=taken)
    number = Math(build.num(slope))
    return said("kink.bend", entry=entry, border=border, equation=equation, branch=taken, slope=number)


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
