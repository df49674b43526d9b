"""Re-expression: a local derivative written in the forward value that it is the derivative of.

Comes in: the equation o[i] = body and a derivative of it. Goes out: the derivative in o, where that is cheaper, has no
pole that it had not before and cancels nothing that the definition does not. There is no table of functions: the body
is solved for one of its kernels (an exponential, a root, a sum, ...), which is then replaced, at these and at other
indices. SymPy does the rational algebra on plain symbols. What a form would gain that had to be refused is told, so
that `kernels` may give the kernel a name of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import sympy as sp

from symbp.calculus.arrange import tidy
from symbp.calculus.brackets import opens
from symbp.calculus.cost import cost, functions
from symbp.calculus.match import Binding, match
from symbp.calculus.simplify import cheapest, expand, factor_deep
from symbp.calculus.solve import solve
from symbp.calculus.symbols import Symbols, is_root, power_of
from symbp.core import build
from symbp.core.canonical import key, same
from symbp.core.expr import Add, Cond, Delta, Expr, Extreme, Fn, Mul, Num, Partial, Pow, Read, Sum, Where
from symbp.core.guards import follows, opposite
from symbp.core.integers import Index, Node
from symbp.core.network import Equation
from symbp.core.traverse import children, free_indices, map_values, nodes, substitute, walk
from symbp.core.views import conjuncts, factors_of, is_divisor, is_guarded, terms_of

# Of a coefficient whose lowest terms are looked for. Those of layers that people write have twenty.
MOST_OPERATIONS = 250


@dataclass(frozen=True, slots=True)
class _Value:
    """That an entry of the equation, or its exponential, is `body` where the conditions `when` hold."""

    entry: Expr
    indices: tuple[Index, ...]
    body: Expr
    when: tuple[Cond, ...] = ()

    def holds(self, binding: Binding, given: tuple[Cond, ...]) -> bool:
        """Is the entry at other indices known to be of this body too?"""
        return all(follows(substitute(c, binding), given) for c in self.when)


Kernels = tuple[tuple[Expr, Expr], ...]


def reexpress(equation: Equation, derivative: Expr) -> tuple[Expr, Kernels]:
    """The cheapest form of the derivative in terms of the value that the equation defines, itself if there is none;
    and the exponential of an entry that was replaced, with what it is: e^-z is 1/a - 1.
    """
    return _reexpress(_value(equation), derivative)


def _value(equation: Equation) -> _Value:
    return _Value(equation.entry, equation.letters, equation.body)


def kernels_of(equation: Equation) -> tuple[Expr, ...]:
    """What the equation can be solved for; nothing where it is a choice between formulas."""
    return tuple(_kernels(equation.body, equation.letters))


def refused(equation: Equation, derivative: Expr) -> tuple[Expr, ...]:
    """The kernels in whose place the value would make the derivative cheaper still, if that did not cancel or add a
    pole.
    """
    value = _value(equation)
    if isinstance(value.body, Where):
        return ()
    best = _reexpress(value, derivative)[0]
    forms = [f for f in _forms(value, derivative) if not f.sound and _better(f.form, best)]
    return tuple({key(f.kernel): f.kernel for f in forms}.values())


@dataclass(frozen=True, slots=True)
class _Form:
    """The derivative with the kernel replaced by `solved`; `sound` where it is as exact as the derivative is."""

    form: Expr
    kernel: Expr
    solved: Expr
    sound: bool


def _reexpress(value: _Value, derivative: Expr) -> tuple[Expr, Kernels]:
    if isinstance(value.body, Where):
        return _by_branch(value, value.body, derivative), ()
    best = derivative
    how: Kernels = ()
    for f in _forms(value, derivative):
        if f.sound and _better(f.form, best):
            best, how = f.form, _how(f.kernel, f.solved)
    return best, how


def _forms(value: _Value, derivative: Expr) -> Iterator[_Form]:
    for way in (value, *_exponential(value)):
        for kernel in _kernels(way.body, way.indices):
            solved = solve(way.body, way.entry, kernel, way.when)
            form = None if solved is None else _replace(derivative, kernel, solved.value, way)
            if form is not None and solved is not None:
                exact = (solved.exact and way is value) or not _is_joined(value.entry, form)
                sound = exact and _no_new_pole(form, derivative, way, kernel)
                yield _Form(form, kernel, solved.value, sound)


def _how(kernel: Expr, solved: Expr) -> Kernels:
    """The exponential of an entry, or of minus one, and what it is."""
    match kernel:
        case Fn("exp", (argument,)) if isinstance(build.split_number(argument)[1], Read):
            return ((kernel, tidy(expand(solved))),)
    return ()


def _exponential(value: _Value) -> tuple[_Value, ...]:
    """Of a sum with a logarithm in it what its exponential is: l = z - log s says that exp(l) = exp(z) / s."""
    terms = terms_of(value.body)
    if len(terms) < 2 or not any(map(_is_logarithm, terms)):
        return ()
    body = build.mul(*map(_exponential_of, terms))
    return (replace(value, entry=Fn("exp", (value.entry,)), body=body),)


def _is_logarithm(term: Expr) -> bool:
    match build.split_number(term):
        case _, Fn("log"):
            return True
    return False


def _exponential_of(term: Expr) -> Expr:
    """exp(c log s) is s^c."""
    match build.split_number(term):
        case number, Fn("log", (argument,)):
            return build.power(argument, Num(number))
    return Fn("exp", (term,))


def _by_branch(value: _Value, body: Where, derivative: Expr) -> Expr:
    """In each branch the value is that branch's own formula."""
    ways = [
        replace(value, body=branch, when=(*value.when, *conds))
        for branch, conds in ((body.then, conjuncts(body.cond)), (body.other, (opposite(body.cond),)))
    ]

    def branch(node: Expr) -> Expr:
        if isinstance(node, Where) and same(node.cond, body.cond):
            then, other = (_reexpress(w, n)[0] for w, n in zip(ways, (node.then, node.other), strict=True))
            return build.where(node.cond, then, other)
        return map_values(node, branch)

    return branch(derivative)


def _kernels(body: Expr, indices: tuple[Index, ...]) -> list[Expr]:
    """What the body can be solved for: functions, roots and sums that depend on all of its indices."""
    found: dict[str, Expr] = {}

    def visit(node: Expr) -> None:
        if _is_kernel(node) and set(indices) <= set(free_indices(node)):
            found.setdefault(key(node), node)
        match node:
            case Add(args) | Mul(args) | Fn(_, args):
                for child in args:
                    visit(child)
            case Pow(base):
                visit(base)

    visit(body)
    return list(found.values())


def _is_kernel(node: Expr) -> bool:
    match node:
        case Fn(_, _, ()) | Sum():
            return True
    return is_root(node)


def _replace(derivative: Expr, kernel: Expr, solved: Expr, value: _Value) -> Expr | None:
    """The derivative with every instance of the kernel replaced, each term's rational coefficient cancelled."""
    found = False

    def replaced(node: Expr, given: tuple[Cond, ...]) -> Expr:
        nonlocal found
        binding = match(kernel, node, value.indices)
        power = Fraction(1)
        if binding is None:
            binding = as_power(kernel, node, value.indices)
            part, own = power_of(node), power_of(kernel)
            power = part[1] / own[1] if part is not None and own is not None else power
        if binding is not None and value.holds(binding, given):
            found = True
            return build.power(substitute(solved, binding), Num(power))
        match node:
            case Sum() | Extreme() | Partial():
                return node
            case Where(cond, then, other):
                chosen = replaced(then, (*given, *conjuncts(cond)))
                return build.where(cond, chosen, replaced(other, (*given, opposite(cond))))
        return map_values(node, lambda c: replaced(c, given))

    form = replaced(derivative, value.when)
    return tidy(factor_deep(_cancel_terms(form))) if found else None


def as_power(kernel: Expr, node: Expr, indices: tuple[Index, ...]) -> Binding | None:
    """The binding under which `node` is an integer power of the kernel."""
    part, own = power_of(node), power_of(kernel)
    if part is None or own is None or (part[1] / own[1]).denominator != 1:
        return None
    return match(own[0], part[0], indices)


def _cancel_terms(expr: Expr) -> Expr:
    """Each term's coefficient, without its deltas, in lowest terms; products of exponentials joined."""
    return build.add(*(_cancelled(t) for t in terms_of(expr)))


def _cancelled(term: Expr) -> Expr:
    """One term; under a condition whatever stands beside what is under it."""
    factors = factors_of(term)
    marks = [f for f in factors if isinstance(f, (Delta, Partial))]
    rest = [f for f in factors if not isinstance(f, (Delta, Partial))]
    for k, f in enumerate(rest):
        if is_guarded(f):
            inside = build.mul(*rest[:k], f.then, *rest[k + 1 :])
            return build.mul(build.where(f.cond, _cancel_terms(inside), build.NIL), *marks)
    return build.mul(_lowest(build.mul(*rest)), *marks)


def _lowest(coefficient: Expr) -> Expr:
    """The coefficient in lowest terms; where nothing is divided by, as it stands or multiplied out.

    One of very many operations stays as it is: its common divisors take seconds, and no page is shorter for them.
    """
    symbols = Symbols(coefficient)
    whole = symbols.of(coefficient)
    if whole.count_ops() > MOST_OPERATIONS:
        return _join_exponentials(coefficient)
    lowest = sp.cancel(whole)
    plain = symbols.back(lowest)
    first = () if _denominators(coefficient) else (coefficient,)
    last = (symbols.back(sp.factor(lowest)),) if _denominators(coefficient) else ()
    kept = [f for f in (*first, plain, factor_deep(plain), *last) if not opens(coefficient, f)]
    return _join_exponentials(cheapest(*kept) if kept else coefficient)


def _join_exponentials(expr: Expr) -> Expr:
    """exp(a) exp(b)^-1 is exp(a - b)."""
    parts = [(f, _exponent(f)) for f in factors_of(expr)]
    exponents = [e for _, e in parts if e is not None]
    if len(exponents) < 2:
        return expr
    return build.mul(*(f for f, e in parts if e is None), Fn("exp", (build.add(*exponents),)))


def _exponent(factor: Expr) -> Expr | None:
    match build.split_power(factor):
        case Fn("exp", (argument,)), power:
            return build.mul(Num(power), argument)
    return None


def _better(form: Expr, best: Expr) -> bool:
    """Fewer function values, or as many and cheaper without a function that was not there."""
    if functions(form) != functions(best):
        return functions(form) < functions(best)
    new = {key(n) for n in nodes(form, Fn)} - {key(n) for n in nodes(best, Fn)}
    return not new and cost(form) < cost(best)


def _is_joined(entry: Expr, node: Node) -> bool:
    """Does the entry stand in a sum, be it that of an exponent, where its rounding could be all that is left?"""
    if isinstance(node, Add) and any(same(entry, n) for n in nodes(node, Read)):
        return True
    return any(_is_joined(entry, c) for c in children(node))


def _no_new_pole(form: Expr, derivative: Expr, value: _Value, kernel: Expr) -> bool:
    """Is every denominator one that the derivative had, or the root that it had in other letters?"""
    had = _denominators(derivative)
    allowed = {*had, key(value.entry)} if _is_own_root(value.body, kernel) and key(_base(kernel)) in had else set(had)
    return all(d in allowed for d in _denominators(form))


def _is_own_root(body: Expr, kernel: Expr) -> bool:
    """Is the value nothing but the root, so that it is 0 only where the root is?"""
    _, rest = build.split_number(body)
    return is_root(kernel) and same(rest, kernel)


def _base(kernel: Expr) -> Expr:
    return kernel.base if isinstance(kernel, Pow) else kernel


def _denominators(expr: Expr) -> list[str]:
    return [key(n.base) for n in walk(expr) if is_divisor(n)]
