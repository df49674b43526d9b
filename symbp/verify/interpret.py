"""The interpreter: the value of an index expression, by its definition, with plain loops.

An expression is turned once into nested closures, a rule for each node, and each closure is given the list `at` of
the values of the indices. In comes an expression with the sizes and the tables of entries that it reads, out goes a
function of `at`. It knows no rule of the calculus and no NumPy; a sum runs over its own limits, a branch not taken is
not evaluated, a read outside a tensor is an error. What the numbers are is the number system's affair.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import singledispatch
from operator import itemgetter
from typing import Any, Protocol

from symbp.core.expr import (
    Add,
    And,
    Compare,
    Cond,
    Delta,
    Expr,
    Extreme,
    Fn,
    Int,
    Mul,
    Not,
    Num,
    Or,
    Partial,
    Pi,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Atom, DimAt, Index, Node, Poly, Quotient
from symbp.core.traverse import free_indices, indices_of
from symbp.errors import CheckFailed, MissingRule
from symbp.verify.extents import is_plain, value_of
from symbp.verify.sizes import Sizes
from symbp.verify.systems import FLOATS, Numbers, OutsideDomain, Value
from symbp.verify.ties import Tie, ties
from symbp.verify.unknown import Smooth

Key = tuple[int, ...]
At = list[int]
Formula = Callable[[At], Value]
Whole = Callable[[At], int]
Entries = Mapping[Any, Value]


class Paths(Protocol):
    """A table of local derivatives by (of entry, by entry)."""

    def __getitem__(self, pair: tuple[Key, Key], /) -> Value: ...

    def readers(self, by: Key) -> Sequence[Key]:
        """The entries of `of` whose definition reads the entry `by`; by no other is the derivative not 0."""


EXACTLY: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression is read in: sizes, tables of entries by tensor name, and the place of each index in `at`.

    `partials` gives the table of a local derivative by (of entry, by entry). `decisions` collects which way
    comparisons and extremes went, where someone asks. `slots` is shared by all scopes of one formula and counts its
    places in `at`.
    """

    sizes: Sizes
    tables: Mapping[str, Entries]
    numbers: Numbers = FLOATS
    functions: Mapping[str, Smooth] = field(default_factory=dict)
    partials: Callable[[str, str], Paths] | None = None
    decisions: list[object] | None = None
    compare: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=lambda: EXACTLY)
    places: Mapping[Index, int] = field(default_factory=dict)
    slots: list[int] = field(default_factory=lambda: [0])

    def bind(self, *indices: Index) -> Scope:
        """The scope inside a binder. Each index gets a place of its own: an inner one may bear an outer one's name."""
        first = self.slots[0]
        self.slots[0] += len(indices)
        return replace(self, places={**self.places, **{i: first + k for k, i in enumerate(indices)}})

    def table(self, name: str) -> Entries:
        """The entries of a tensor."""
        if name not in self.tables:
            raise CheckFailed(f"nothing defines {name}")
        return self.tables[name]


def evaluate(expr: Expr | Cond, scope: Scope, **at: int) -> Value:
    """The value of an expression at values of its free indices, by name: `evaluate(x_nd, scope, n=0, d=1)`."""
    from_name = {i.name: i for i in free_indices(expr)}
    indices = tuple(from_name[name] for name in at)
    return compile_at(expr, indices, scope)(tuple(at.values()))


def compile_at(expr: Expr | Cond, indices: tuple[Index, ...], scope: Scope) -> Callable[[Key], Value]:
    """The expression as a function of the values of `indices`."""
    scope = replace(scope, places={}, slots=[0]).bind(*indices)
    run = formula(expr, scope)
    rest = [0] * (scope.slots[0] - len(indices))
    return lambda key: run([*key, *rest])


def entries(indices: tuple[Index, ...], scope: Scope) -> list[Key]:
    """Every combination of values of the indices; a later one's range may hold an earlier one."""
    scope = replace(scope, places={}, slots=[0]).bind(*indices)
    ranges = [spans(i, scope) for i in indices]
    keys: list[Key] = [()]
    for values in ranges:
        keys = [(*k, v) for k in keys for v in values([*k, *[0] * scope.slots[0]])]
    return keys


# Integers: a size is a number here, an index a place in `at`.


def whole(poly: Poly, scope: Scope) -> Whole:
    """An integer expression."""
    terms = [_monomial(monomial, coefficient, scope) for monomial, coefficient in poly.terms]
    offset = sum(c for c, atoms in terms if not atoms)
    moving = [(c, atoms) for c, atoms in terms if atoms]
    if not moving:
        return lambda at: offset
    if len(moving) == 1 and moving[0][0] == 1 and len(moving[0][1]) == 1:
        one = moving[0][1][0]
        return one if not offset else lambda at: one(at) + offset

    def affine(at: At) -> int:
        total = offset
        for coefficient, atoms in moving:
            for atom in atoms:
                coefficient *= atom(at)
            total += coefficient
        return total

    return affine


def _monomial(monomial: tuple[Atom, ...], coefficient: int, scope: Scope) -> tuple[int, list[Whole]]:
    moving: list[Whole] = []
    for atom in monomial:
        if is_plain(Poly.of(atom)):
            coefficient *= value_of(Poly.of(atom), scope.sizes)
        else:
            moving.append(_atom(atom, scope))
    return coefficient, moving


def _atom(atom: Atom, scope: Scope) -> Whole:
    match atom:
        case Index():
            return itemgetter(_place(atom, scope))
        case DimAt(name, at):
            position = whole(at, scope)
            return lambda at: scope.sizes.along(name, position(at))
        case Read():
            label = formula(atom, scope)
            return lambda at: int(label(at))
        case Quotient(top, bottom):
            above, below = whole(top, scope), whole(bottom, scope)
            return lambda at: above(at) // below(at)
    raise MissingRule(f"verify/interpret.py has no rule for {type(atom).__name__} as an integer")


def _place(index: Index, scope: Scope) -> int:
    if index not in scope.places:
        raise CheckFailed(f"nothing says what the index {index.name} is")
    return scope.places[index]


def spans(index: Index, scope: Scope) -> Callable[[At], range]:
    """The values of an index, which may depend on the indices around it."""
    start, stop = whole(index.start, scope), whole(index.stop, scope)
    if is_plain(index.start) and is_plain(index.stop):
        always = range(start([]), stop([]))
        return lambda at: always
    return lambda at: range(start(at), stop(at))


# Expressions: a rule for each node.


@singledispatch
def formula(node: Node, scope: Scope) -> Formula:
    """The closure that evaluates a node (an expression gives a number, a condition gives a bool)."""
    raise MissingRule(f"verify/interpret.py has no rule for {type(node).__name__}; have you added a new node?")


@formula.register
def _number(node: Num, scope: Scope) -> Formula:
    value = scope.numbers.number(node.value)
    return lambda at: value


@formula.register
def _pi(node: Pi, scope: Scope) -> Formula:
    value = scope.numbers.pi
    return lambda at: value


@formula.register
def _integer(node: Int, scope: Scope) -> Formula:
    value, number = whole(node.value, scope), scope.numbers.number
    return lambda at: number(Fraction(value(at)))


@formula.register
def _read(node: Read, scope: Scope) -> Formula:
    table, key = scope.table(node.tensor), _key(node.subs, scope)
    return lambda at: table[key(at)]


def _key(subs: tuple[Poly, ...], scope: Scope) -> Callable[[At], Key]:
    """The subscripts of an entry."""
    if len(subs) > 1 and all(s.index is not None for s in subs):
        return itemgetter(*(_place(s.index, scope) for s in subs if s.index is not None))
    whole_subs = tuple(whole(s, scope) for s in subs)
    if len(subs) == 1:
        only = whole_subs[0]
        return lambda at: (only(at),)
    return (lambda at: tuple([s(at) for s in whole_subs])) if subs else lambda at: ()


@formula.register
def _add(node: Add, scope: Scope) -> Formula:
    first, second, *others = (formula(a, scope) for a in node.args)
    if not others:
        return lambda at: first(at) + second(at)

    def add(at: At) -> Value:
        total = first(at) + second(at)
        for term in others:
            total = total + term(at)
        return total

    return add


@formula.register
def _multiply(node: Mul, scope: Scope) -> Formula:
    """Deltas come first: where one is 0 the product is, and the rest need not exist."""
    guards = [_alike(a, scope) for a in node.args if isinstance(a, Delta)]
    factors = [formula(a, scope) for a in node.args if not isinstance(a, Delta)]
    number = scope.numbers.number
    if not factors:
        factors = [lambda at: number(Fraction(1))]
    if not guards and len(factors) == 2:
        first, second = factors
        return lambda at: first(at) * second(at)
    start, *rest = factors
    zero = number(Fraction(0))

    def multiply(at: At) -> Value:
        for guard in guards:
            if not guard(at):
                return zero
        value = start(at)
        for factor in rest:
            value = value * factor(at)
        return value

    return multiply


@formula.register
def _power(node: Pow, scope: Scope) -> Formula:
    base = formula(node.base, scope)
    if isinstance(node.exponent, Num) and node.exponent.value.denominator == 1:
        n = int(node.exponent.value)
        if n == -1:
            one = scope.numbers.number(Fraction(1))
            return lambda at: one / base(at)
        return lambda at: base(at) ** n
    exponent, power = formula(node.exponent, scope), scope.numbers.power
    return lambda at: power(base(at), exponent(at))


@formula.register
def _function(node: Fn, scope: Scope) -> Formula:
    args = [formula(a, scope) for a in node.args]
    if node.orders:
        smooth, orders, numbers = scope.functions[node.name], node.orders, scope.numbers
        return lambda at: smooth.value(orders, [a(at) for a in args], numbers)
    call, arg = scope.numbers.functions[node.name], args[0]
    if scope.decisions is None or node.name not in ("abs", "sign"):
        return lambda at: call(arg(at))
    return _noting_sign(call, arg, scope)


def _noting_sign(call: Callable[[Value], Value], arg: Formula, scope: Scope) -> Formula:
    real, decisions = scope.numbers.real, scope.decisions

    def noting(at: At) -> Value:
        value = arg(at)
        decisions.append(real(value) > 0)  # type: ignore[union-attr]
        return call(value)

    return noting


@formula.register
def _choose(node: Where, scope: Scope) -> Formula:
    cond, then, other = formula(node.cond, scope), formula(node.then, scope), formula(node.other, scope)
    return lambda at: then(at) if cond(at) else other(at)


@formula.register
def _delta(node: Delta, scope: Scope) -> Formula:
    alike, one, zero = _alike(node, scope), scope.numbers.number(Fraction(1)), scope.numbers.number(Fraction(0))
    return lambda at: one if alike(at) else zero


def _alike(node: Delta, scope: Scope) -> Callable[[At], bool]:
    a, b = whole(node.a, scope), whole(node.b, scope)
    return lambda at: a(at) == b(at)


@formula.register
def _sum(node: Sum, scope: Scope) -> Formula:
    """Index by index; what is known to be nought is passed over: entries without a path, or that a delta rules out."""
    if path := path_of(node, scope):
        return _sum_over_paths(node, path, scope)
    if tied := ties(node, lambda i: len(spans(i, scope)([]))):
        return _sum_of_ties(node, tied, scope)
    index, *others = node.indices
    inside = scope.bind(index)
    body = formula(Sum(tuple(others), node.body) if others else node.body, inside)
    place, values, zero = inside.places[index], spans(index, scope), scope.numbers.number(Fraction(0))

    def add_up(at: At) -> Value:
        total = zero
        for at[place] in values(at):  # noqa: B020
            total = total + body(at)
        return total

    return add_up


def path_of(node: Sum, scope: Scope) -> Partial | None:
    """A factor d(of)/d(by) of the body where the sum runs over the entries of `of`, none of them outside."""
    factors = node.body.args if isinstance(node.body, Mul) else (node.body,)
    for factor in factors if scope.partials is not None else ():
        if isinstance(factor, Partial) and _runs_over(node, factor, scope):
            return factor
    return None


def _runs_over(node: Sum, factor: Partial, scope: Scope) -> bool:
    own = [s.index for s in factor.of.subs]
    if any(i not in node.indices for i in own) or len(set(own)) < len(own) or not own:
        return False
    if not all(is_plain(i.start) and is_plain(i.stop) for i in node.indices):
        return False
    if any(i in node.indices for s in factor.by.subs for i in indices_of(s)):
        return False
    ranges = [spans(i, scope)([]) for i in own if i is not None]
    corners = [tuple(r[end] for r in ranges) for end in (0, -1)] if all(ranges) else []
    return all(c in scope.table(factor.of.tensor) for c in corners)


def _sum_over_paths(node: Sum, path: Partial, scope: Scope) -> Formula:
    """The sum over the entries of `of` that read the entry `by`: by any other the derivative is nought."""
    assert scope.partials is not None
    own = tuple(s.index for s in path.of.subs if s.index is not None)
    rest = tuple(i for i in node.indices if i not in own)
    inside = scope.bind(*own)
    body = formula(Sum(rest, node.body) if rest else node.body, inside)
    readers = scope.partials(path.of.tensor, path.by.tensor).readers
    by, zero = _key(path.by.subs, scope), scope.numbers.number(Fraction(0))
    places, ranges = [inside.places[i] for i in own], [spans(i, scope)([]) for i in own]

    def add_up(at: At) -> Value:
        total = zero
        for key in readers(by(at)):
            if all(map(range.__contains__, ranges, key)):
                for place, value in zip(places, key, strict=True):
                    at[place] = value
                total = total + body(at)
        return total

    return add_up


def _sum_of_ties(node: Sum, tied: tuple[Tie, ...], scope: Scope) -> Formula:
    """The free indices run over their ranges; for each of their values every tied index has one value at most.

    Nought where that is no whole number or lies outside the range, as every term of the sum then is.
    """
    solved = {t.index for t in tied}
    loop, inside = _loop(tuple(i for i in node.indices if i not in solved), scope)
    steps = []
    for tie in tied:
        value, outer = whole(tie.value, inside), inside
        inside = inside.bind(tie.index)
        steps.append((inside.places[tie.index], value, tie.coefficient, spans(tie.index, outer)([])))
    body, zero = formula(node.body, inside), scope.numbers.number(Fraction(0))

    def meet(at: At) -> bool:
        for place, value, coefficient, values in steps:
            at[place], rest = divmod(value(at), coefficient)
            if rest or at[place] not in values:
                return False
        return True

    def add_up(at: At) -> Value:
        total = zero
        for _ in loop(at):
            if meet(at):
                total = total + body(at)
        return total

    return add_up


@formula.register
def _extreme(node: Extreme, scope: Scope) -> Formula:
    """The first of the largest (or smallest), by the real part."""
    loop, inside = _loop(node.indices, scope)
    body, cond, real = formula(node.body, inside), formula(node.cond, inside), scope.numbers.real
    better = operator.gt if node.kind == "max" else operator.lt

    def search(at: At) -> Value:
        best, where = None, -1
        for count, _ in enumerate(loop(at)):
            if cond(at) and ((value := body(at)) is not None) and (best is None or better(real(value), real(best))):
                best, where = value, count
        if best is None:
            raise OutsideDomain(f"the {node.kind} of nothing")
        if scope.decisions is not None:
            scope.decisions.append(where)
        return best

    return search


def _loop(indices: tuple[Index, ...], scope: Scope) -> tuple[Callable[[At], Iterator[None]], Scope]:
    """A loop over the indices in row-major order, and the scope inside it."""
    if not indices:
        return (lambda at: iter((None,))), scope
    index, *others = indices
    inside = scope.bind(index)
    place, values = inside.places[index], spans(index, scope)
    inner, innermost = _loop(tuple(others), inside) if others else (None, inside)

    def loop(at: At) -> Iterator[None]:
        for at[place] in values(at):  # noqa: B020
            if inner is None:
                yield
            else:
                yield from inner(at)

    return loop, innermost


@formula.register
def _partial(node: Partial, scope: Scope) -> Formula:
    """Looked up in the table of the equation's derivatives, which `Scope.partials` makes by steps."""
    if scope.partials is None:
        raise MissingRule("verify/interpret.py: a partial derivative needs a scope with `partials`")
    table = scope.partials(node.of.tensor, node.by.tensor)
    of, by = _key(node.of.subs, scope), _key(node.by.subs, scope)
    return lambda at: table[of(at), by(at)]


@formula.register
def _comparison(node: Compare, scope: Scope) -> Formula:
    a, b, real, holds = formula(node.a, scope), formula(node.b, scope), scope.numbers.real, scope.compare[node.op]
    decisions = scope.decisions
    if decisions is None:
        return lambda at: holds(real(a(at)), real(b(at)))

    def noting(at: At) -> bool:
        decisions.append(decision := holds(real(a(at)), real(b(at))))
        return decision

    return noting


@formula.register
def _and(node: And, scope: Scope) -> Formula:
    args = [formula(a, scope) for a in node.args]
    return lambda at: all(a(at) for a in args)


@formula.register
def _or(node: Or, scope: Scope) -> Formula:
    args = [formula(a, scope) for a in node.args]
    return lambda at: any(a(at) for a in args)


@formula.register
def _not(node: Not, scope: Scope) -> Formula:
    arg = formula(node.arg, scope)
    return lambda at: not arg(at)
