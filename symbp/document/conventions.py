"""Conventions, stated where they bite: where 1/N enters, what is taken at a kink, why a sum appears."""

from __future__ import annotations

from symbp.calculus.steps import Derivation, Section
from symbp.core.expr import Compare, Expr, Extreme, Fn, Int, Num, Pow, Where
from symbp.core.integers import Dim
from symbp.core.traverse import reads, walk
from symbp.document.model import Math, Part, Ref, Whole, Words
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
    return tuple(words)


def remarks(d: Derivation, part: Section) -> tuple[Words, ...]:
    """What is to be said below the adjoint of a quantity."""
    found = [_mean(d, part), *(_kink(d, name, part.quantity) for name in part.used_by if name in d.kinks)]
    return tuple(w for w in found if w)


def _mean(d: Derivation, part: Section) -> Words:
    """At the first adjoint that carries the 1/N of the loss."""
    first = next((s for s in d.sections if _divisors(s.main.result)), None)
    if first is not part:
        return ()
    users = (e for name in part.used_by if (e := d.network.equation(name)) and _divisors(e.body))
    user = next((n for e in users if (n := d.number(e.name)) is not None), None)
    fractions: tuple[Part, ...] = tuple(Math(e) for e in _divisors(part.main.result))
    several = len(fractions) > 1
    source: Words = (" of ", Ref(user)) if user is not None else ()
    return (
        *("The factors " if several else "The factor ", *listed(fractions), *source),
        *(" enter here" if several else " enters here", ", once; whatever is computed from "),
        *(Whole(part.adjoint), " carries it along, and nothing divides again."),
    )


def _divisors(e: Expr) -> tuple[Expr, ...]:
    """The sizes that it divides by: 1/N."""
    found = [n for n in walk(e) if isinstance(n, Pow) and isinstance(n.base, Int) and _negative(n.exponent)]
    sizes = (n for n in found if isinstance(n.base, Int) and any(isinstance(a, Dim) for a in n.base.value.atoms()))
    return tuple(dict.fromkeys(sizes))


def _negative(e: Expr) -> bool:
    return isinstance(e, Num) and e.value < 0


def _kink(d: Derivation, name: str, quantity: str) -> Words:
    """What the derivative is taken to be where an equation has a kink."""
    equation, number = d.network.equation(name), d.number(name)
    if equation is None or number is None:
        return ()
    nodes = [n for n in walk(equation.body) if any(r.tensor == quantity for r in reads(n))]
    if any(isinstance(n, Extreme) for n in nodes):
        words = " tie, the first of them has the extreme value, in row-major order: so argmax means here."
        return ("Where several entries of ", Ref(number), words)
    if any(isinstance(n, Fn) and n.name == "abs" for n in nodes):
        return ("At its kink the absolute value in ", Ref(number), " is given the derivative 0.")
    tests = [n.cond for n in nodes if isinstance(n, Where) and isinstance(n.cond, Compare)]
    if not tests:
        return ()
    ties = tuple(Math(t) for t in dict.fromkeys(tests))
    return (
        *("Equation ", Ref(number), " has a kink where its condition turns. Its derivative there is that of the "),
        *("branch that is taken: the first as long as ", *listed(ties), " holds, else the other."),
    )
