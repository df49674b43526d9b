"""Linear combinations of expressions: what stands in an exponent.

`r = max(d, 0)` of a combination d is itself one of the expressions; a combination in which d and r stand together is
written as a careful person would: `d - 2 r` is `-|d|`, `d - r` is `min(d, 0)`. With a part of d = a - b, `a - r` is
`min(a, b)` and `b + r` is `max(a, b)`: what is taken from a and added again leaves none of the digits of a small b.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, product

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import TRUE, Add, Compare, Expr, Extreme, Fn, Mul, Num, Pow, Sum, Where
from symbp.core.integers import Atom, Index, Poly
from symbp.core.traverse import free_indices, substitute
from symbp.core.views import among, factors_of, is_guarded, terms_of, value_of


@dataclass(frozen=True, slots=True)
class Linear:
    """Pairs of an expression and its coefficient; no two expressions are the same."""

    terms: tuple[tuple[Expr, Fraction], ...] = ()

    @staticmethod
    def of(expr: Expr) -> Linear:
        """An expression once."""
        return Linear(((expr, Fraction(1)),))

    @staticmethod
    def collect(terms: Iterable[tuple[Expr, Fraction]]) -> Linear:
        """The combination of terms of which some may be the same."""
        terms = tuple(terms)
        if len(terms) <= 1:
            return Linear(tuple((e, c) for e, c in terms if c))
        table: dict[str, tuple[Expr, Fraction]] = {}
        for e, c in terms:
            name = key(e)
            table[name] = (table[name][0] if name in table else e, c + (table[name][1] if name in table else 0))
        return Linear(_with_brackets_apart([(e, c) for e, c in table.values() if c]))

    def __add__(self, other: Linear) -> Linear:
        if not other.terms or not self.terms:
            return self if self.terms else other
        return Linear.collect((*self.terms, *other.terms))

    def __mul__(self, factor: Fraction | int) -> Linear:
        return Linear(tuple((e, c * factor) for e, c in self.terms) if factor else ())

    def __sub__(self, other: Linear) -> Linear:
        return self + other * -1

    def coefficient(self, expr: Expr) -> Fraction:
        """The coefficient of an expression, 0 where it does not occur."""
        name = key(expr)
        return next((c for e, c in self.terms if key(e) == name), Fraction(0))

    def split(self, indices: tuple[Index, ...]) -> tuple[Linear, Linear]:
        """The terms that hold one of the indices, and the others."""
        held = [any(i in indices for i in free_indices(e)) for e, _ in self.terms]
        inside = tuple(t for t, h in zip(self.terms, held, strict=True) if h)
        return Linear(inside), Linear(tuple(t for t, h in zip(self.terms, held, strict=True) if not h))


NOTHING = Linear()


def _with_brackets_apart(terms: list[tuple[Expr, Fraction]]) -> tuple[tuple[Expr, Fraction], ...]:
    """The terms with (a + b) f - (a + c) f as (b - c) f, where that is shorter: of large a little would be left."""
    products = [(e, c, among(factors_of(e), Add)) for e, c in terms if isinstance(e, Mul)]
    for (e, c, ours), (f, d, theirs) in combinations([p for p in products if len(p[2]) == 1], 2):
        one, other = (build.mul(*(u for u in factors_of(a) if u is not s)) for a, s in ((e, ours[0]), (f, theirs[0])))
        left = parts(ours[0]) * c + parts(theirs[0]) * d if key(one) == key(other) else None
        if left is not None and len(left.terms) < max(len(ours[0].args), len(theirs[0].args)):
            others = [t for t in terms if t[0] is not e and t[0] is not f]
            spread = [build.split_number(build.mul(one, u)) for u, _ in left.terms]
            more = [(rest, n * times) for (n, rest), (_, times) in zip(spread, left.terms, strict=True)]
            return Linear.collect((*others, *more)).terms
    return tuple(terms)


def positive_part(d: Linear) -> Linear:
    """max(d, 0), of d or of -d so that both bear the same expression: max(-d, 0) = max(d, 0) - d."""
    if not d.terms:
        return NOTHING
    if d.terms[0][1] < 0:
        return positive_part(d * -1) + d
    return Linear.of(larger_than_nought(write(d)))


def larger_than_nought(d: Expr) -> Expr:
    """max(d, 0)."""
    return Where(Compare(">", d, build.NIL), d, build.NIL)


def base_of_positive(e: Expr) -> Expr | None:
    """The d of max(d, 0)."""
    if is_guarded(e) and e.cond == Compare(">", e.then, build.NIL):
        return e.then
    return None


def parts(expr: Expr) -> Linear:
    """A sum of terms as a combination."""
    terms = terms_of(expr)
    return Linear.collect((rest, c) for c, rest in map(build.split_number, terms))


def write(linear: Linear) -> Expr:
    """The combination as an expression, d and max(d, 0) joined."""
    done: list[Expr] = []
    rest = linear
    for e, c in linear.terms:
        d = base_of_positive(e)
        joined = None if d is None else _joined(rest, d, c) or _joined_in_part(rest, d, c)
        if joined is not None:
            new, used = joined
            done.append(new)
            rest = rest - used - Linear(((e, c),))
    return build.add(*(build.scale(c, e) if e != build.UNIT else Num(c) for e, c in rest.terms), *done)


def _joined(linear: Linear, d: Expr, c: Fraction) -> tuple[Expr, Linear] | None:
    """d with -2 max(d, 0) is -|d|, and with -max(d, 0) it is min(d, 0): the expression, and the multiple of d used.

    Of -3 max(d, 0) one is left beside -|d|.
    """
    whole = parts(d)
    first, unit = whole.terms[0]
    times = linear.coefficient(first) / unit
    if not 0 < times <= -c or any(linear.coefficient(e) / u != times for e, u in whole.terms):
        return None
    if times <= -c / 2:
        joined, left = Fn("abs", (d,)), c + 2 * times
        return build.add(build.mul(Num(-times), joined), _times_positive(d, left)), whole * times
    least = Where(Compare("<", d, build.NIL), d, build.NIL)
    return build.add(build.mul(Num(times), least), _times_positive(d, c + times)), whole * times


def _times_positive(d: Expr, c: Fraction) -> Expr:
    """c max(d, 0)."""
    return build.scale(c, larger_than_nought(d)) if c else build.NIL


def _joined_in_part(linear: Linear, d: Expr, c: Fraction) -> tuple[Expr, Linear] | None:
    """The same of a part of d = s + t: max(s + t, 0) - t is max(s, -t), and t - max(s + t, 0) is min(t, -s).

    The part may be all of it, where that is a sum: max(a - b, 0) - a + b is max(b - a, 0), in which nothing is rounded
    that is to be 0.
    """
    whole = parts(d)
    t = Linear(tuple((e, u) for e, u in whole.terms if linear.coefficient(e) == -c * u))
    s = whole - t
    if not t.terms or (not s.terms and (c < 0 or len(t.terms) == 1)):
        return None
    one, other, op = (write(s), write(t * -1), ">") if c > 0 else (write(t), write(s * -1), "<")
    return build.mul(Num(abs(c)), Where(Compare(op, one, other), one, other)), t * -c


def is_nonpositive(linear: Linear, steps: int = 0) -> bool:
    """Is it certain to be 0 or less, by its form: z minus the largest z, -|d|, min(d, 0), -max(d, 0), -d**2?

    Else it is asked of what is no less, in so many steps: -max(d, 0) is no more than -d, and max(d, 0) is d or 0. Only
    of what is finite as it is computed: infinite less infinite is not 0.
    """
    if not linear.terms:
        return True
    expr = write(_without_pairs(linear))
    if expr == build.NIL or all(_is_nonpositive(t) for t in terms_of(expr)):
        return True
    return bool(steps) and any(all(is_nonpositive(m, steps - 1) for m in above) for above in _above(linear))


def _above(linear: Linear) -> Iterator[tuple[Linear, ...]]:
    """Combinations one of which is no less, with one of two in the place of the larger or the smaller of them."""
    for e, c in linear.terms:
        match e:
            case Where(Compare("<" | ">" as op, a, b), then, other) if (a, b) == (then, other):
                each = tuple(linear - Linear(((e, c),)) + parts(x) * c for x in (a, b))
                yield from [each] if (c > 0) == (op == ">") else [(m,) for m in each]


def _without_pairs(linear: Linear) -> Linear:
    """The terms without those that make up a multiple of values less the largest of them."""
    for largest, c in linear.terms:
        below = tuple((a, d) for a, d in linear.terms if d > 0 and _below(a, largest)) if c < 0 else ()
        if below and sum(d for _, d in below) == -c:
            return _without_pairs(Linear(tuple(t for t in linear.terms if t not in (*below, (largest, c)))))
    return linear


def _is_nonpositive(term: Expr) -> bool:
    c, rest = build.split_number(term)
    match rest:
        case Fn("abs", _):
            return c < 0
        case Where(Compare("<", a, b), then, other) if a == then and b == other == build.NIL:
            return c > 0
        case Pow(_, Num(q)) if q.denominator == 1 and q % 2 == 0:
            return c < 0
        case Fn("exp"):
            return c < 0
        case Mul() | Sum() if _is_nonnegative(rest):
            return c < 0
    if rest == build.UNIT or base_of_positive(rest) is not None:
        return c < 0
    return False


def _is_nonnegative(factor: Expr) -> bool:
    match factor:
        case Pow(_, Num(q)):
            return q.denominator == 1 and q % 2 == 0
        case Num(value):
            return value >= 0
        case Fn(name):
            return name in ("exp", "abs")
        case Where(_, then, other):
            return _is_nonnegative(then) and _is_nonnegative(other)
        case Mul(args):
            return all(map(_is_nonnegative, args))
        case Sum(_, body):
            return _is_nonnegative(body)
    return False


def _below(a: Expr, largest: Expr, over: tuple[Index, ...] | None = None) -> bool:
    """Is `largest` the largest `a` over some indices (over those that are given)?"""
    match largest:
        case Extreme("max", _, body, cond) if cond == TRUE:
            tables = places(largest, a)
            if over is not None:
                tables = tuple(t for t in tables if {p.index for p in t.values()} == set(over))
            return any(key(substitute(body, table)) == key(a) for table in tables)
    return False


def places(largest: Extreme, a: Expr) -> tuple[dict[Atom, Poly], ...]:
    """The ways to take free indices of an expression for those of a largest value."""
    candidates = [[i for i in free_indices(a) if (i.start, i.stop) == (j.start, j.stop)] for j in largest.indices]
    ways = product(*candidates)
    return tuple({j: Poly.of(i) for j, i in zip(largest.indices, way, strict=True)} for way in ways)


def is_attained(linear: Linear, indices: tuple[Index, ...]) -> bool:
    """Is it 0 for some value of these indices and never more: z minus the largest z over them?"""
    if len(linear.terms) != 2:
        return False
    (a, p), (b, q) = linear.terms
    return p == -q and (_below(a, b, indices) if p > 0 else _below(b, a, indices))


def is_number(expr: Expr) -> bool:
    """Is it a plain number?"""
    return all(value_of(f) is not None for f in factors_of(expr))
