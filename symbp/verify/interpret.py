"""The interpreter: the value of an index expression, by its definition, with plain loops.

An expression is turned once into the text of a Python function of the values of its free indices, a rule for each
node: a read is a read of a table, a sum is a loop over its own limits. It knows no rule of the calculus and no NumPy; a
branch not taken is not evaluated, a read outside a tensor is an error. What the numbers are is the number system's
affair.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import singledispatch

from symbp.core.expr import (
    TRUE,
    Add,
    And,
    Compare,
    Cond,
    Delta,
    Expr,
    Extreme,
    First,
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
from symbp.core.integers import Index, Node, Poly
from symbp.core.traverse import free_indices
from symbp.core.views import integers_compared
from symbp.errors import MissingRule
from symbp.verify.draft import DEEP, Draft, entry, key, values, whole
from symbp.verify.extents import is_plain, value_of
from symbp.verify.functions import STOPPED, known
from symbp.verify.paths import own_indices, path_of
from symbp.verify.scope import Entries, Key, Paths, Scope
from symbp.verify.systems import MANY, OutsideDomain, Value, whole_power
from symbp.verify.ties import Tie, ties


def evaluate(expr: Expr | Cond, scope: Scope, **at: int) -> Value:
    """The value of an expression at values of its free indices, by name: `evaluate(x_nd, scope, n=0, d=1)`."""
    from_name = {i.name: i for i in free_indices(expr)}
    return compile_at(expr, tuple(from_name[name] for name in at), scope)(tuple(at.values()))


def compile_at(expr: Expr | Cond, indices: tuple[Index, ...], scope: Scope) -> Callable[[Key], Value]:
    """The expression as a function of the values of `indices`."""
    draft = Draft(scope)
    with draft.binding(*indices) as letters:
        return draft.function(letters, formula(expr, draft))


def entries(indices: tuple[Index, ...], scope: Scope) -> list[Key]:
    """Every combination of values of the indices; a later one's range may hold an earlier one."""
    draft = Draft(scope)
    with draft.binding(*indices):
        found = f"[{key(tuple(Poly.of(i) for i in indices), draft)} {_loops(indices, draft)}]"
        return draft.function([], found)(()) if indices else [()]


def inside(indices: tuple[Index, ...], scope: Scope) -> Callable[[Key], bool]:
    """Are these values of the indices in their ranges?"""
    draft = Draft(scope)
    with draft.binding(*indices) as letters:
        tests = [f"{a} in {values(i, draft)}" for a, i in zip(letters, indices, strict=True)]
        return draft.function(letters, " and ".join(tests) or "True")


def integer(poly: Poly, scope: Scope) -> int:
    """The value of an integer expression without free indices."""
    if is_plain(poly):
        return value_of(poly, scope.sizes)
    draft = Draft(scope)
    return int(draft.function([], whole(poly, draft))(()))


def reach(index: Index, scope: Scope) -> range:
    """The values of an index whose range depends on no other."""
    return range(integer(index.start, scope), integer(index.stop, scope))


def formula(node: Node, draft: Draft) -> str:
    """The text that evaluates a node (an expression gives a number, a condition gives a bool)."""
    draft.depth += 1
    text = rule(node, draft)
    draft.depth -= 1
    return draft.apart(text) if draft.depth % DEEP == DEEP - 1 else text


@singledispatch
def rule(node: Node, draft: Draft) -> str:
    """A rule for each node."""
    raise MissingRule(f"verify/interpret.py has no rule for {type(node).__name__}; have you added a new node?")


def constant(value: Fraction, draft: Draft) -> str:
    """A number of the system."""
    return draft.keep(draft.scope.numbers.number(value))


@rule.register
def _number(node: Num, draft: Draft) -> str:
    return constant(node.value, draft)


@rule.register
def _pi(node: Pi, draft: Draft) -> str:
    return draft.keep(draft.scope.numbers.pi)


@rule.register
def _integer(node: Int, draft: Draft) -> str:
    if is_plain(node.value):
        return constant(Fraction(value_of(node.value, draft.scope.sizes)), draft)
    return f"{draft.keep(draft.scope.numbers.number)}({whole(node.value, draft)})"


@rule.register
def _read(node: Read, draft: Draft) -> str:
    return entry(node, draft)


@rule.register
def _add(node: Add, draft: Draft) -> str:
    return f"({' + '.join(formula(a, draft) for a in node.args)})"


@rule.register
def _multiply(node: Mul, draft: Draft) -> str:
    """Deltas come first: where one is 0 the product is, and the rest need not exist."""
    guards = [alike(a, draft) for a in node.args if isinstance(a, Delta)]
    factors = [formula(a, draft) for a in node.args if not isinstance(a, Delta)]
    product = " * ".join(factors or [constant(Fraction(1), draft)])
    return f"({product} if {' and '.join(guards)} else {constant(Fraction(0), draft)})" if guards else f"({product})"


@rule.register
def _power(node: Pow, draft: Draft) -> str:
    base = formula(node.base, draft)
    if isinstance(node.exponent, Num) and node.exponent.value.denominator == 1:
        n = int(node.exponent.value)
        if n == -1:
            return f"({constant(Fraction(1), draft)} / {base})"
        return f"({base} ** ({n}))" if abs(n) < MANY else f"{draft.keep(whole_power)}({base}, {n})"
    return f"{draft.keep(draft.scope.numbers.power)}({base}, {formula(node.exponent, draft)})"


@rule.register
def _function(node: Fn, draft: Draft) -> str:
    args, scope = ", ".join(formula(a, draft) for a in node.args), draft.scope
    if node.orders:
        smooth, orders, numbers = scope.functions[node.name], node.orders, scope.numbers
        return f"{draft.keep(lambda *args: smooth.value(orders, args, numbers))}({args})"
    if node.name == STOPPED and scope.held is not None:
        letters = "".join(f"{draft.letters[i]}, " for i in free_indices(node))
        return f"{draft.keep(scope.held.setdefault)}(({draft.keep(node)}, {letters}), {args})"
    call = scope.numbers.functions[known(node.name).name]
    if scope.decisions is not None and node.name in ("abs", "sign"):
        call = _noting_sign(call, scope)
    return f"{draft.keep(call)}({args})"


def _noting_sign(call: Callable[[Value], Value], scope: Scope) -> Callable[[Value], Value]:
    real, decisions = scope.numbers.real, scope.decisions

    def noting(value: Value) -> Value:
        decisions.append(real(value) > 0)  # type: ignore[union-attr]
        return call(value)

    return noting


@rule.register
def _choose(node: Where, draft: Draft) -> str:
    return f"({formula(node.then, draft)} if {formula(node.cond, draft)} else {formula(node.other, draft)})"


@rule.register
def _delta(node: Delta, draft: Draft) -> str:
    return f"({constant(Fraction(1), draft)} if {alike(node, draft)} else {constant(Fraction(0), draft)})"


def alike(node: Delta, draft: Draft) -> str:
    """Whether a delta is 1."""
    return f"{whole(node.a, draft)} == {whole(node.b, draft)}"


# Sums: every loop is written out; what is known to be nought is passed over (`ties`, `paths`).


@rule.register
def _sum(node: Sum, draft: Draft) -> str:
    zero = constant(Fraction(0), draft)
    with draft.binding(*node.indices):
        if path := path_of(node, draft.scope):
            loops = _loops_over_paths(node, path, draft)
        else:
            loops = _loops_with_ties(node, draft)
        return f"add_up([{formula(node.body, draft)} {loops}], {zero})"


def _loops(indices: tuple[Index, ...], draft: Draft) -> str:
    return " ".join(f"for {draft.letters[i]} in {values(i, draft)}" for i in indices)


def _loops_over_paths(node: Sum, path: Partial, draft: Draft) -> str:
    """Over the entries of `of` that read the entry `by`: by any other the derivative is nought."""
    assert draft.scope.partials is not None
    own = own_indices(path)
    letters = [draft.letters[i] for i in own]
    readers = draft.keep(draft.scope.partials(path.of.tensor, path.by.tensor).readers)
    tests = " and ".join(f"{a} in {values(i, draft)}" for a, i in zip(letters, own, strict=True))
    rest = _loops(tuple(i for i in node.indices if i not in own), draft)
    return f"for {', '.join(letters)}, in {readers}({key(path.by.subs, draft)}) if {tests} {rest}"


def _loops_with_ties(node: Sum, draft: Draft) -> str:
    """An index that a delta ties to the others has one value at most for each of theirs."""
    tied = ties(node, lambda i: len(reach(i, draft.scope)))
    free = tuple(i for i in node.indices if i not in [t.index for t in tied])
    return " ".join((_loops(free, draft), *(_only(t, draft) for t in tied)))


def _only(tie: Tie, draft: Draft) -> str:
    """The one v in its range with coefficient * v = total, if there is one. Python makes no loop of a single value."""
    v, total, c = draft.letters[tie.index], whole(tie.value, draft), tie.coefficient
    if c == 1:
        return f"for {v} in ({total},) if {v} in {values(tie.index, draft)}"
    return f"for {v} in (({total}) // ({c}),) if {c} * {v} == {total} and {v} in {values(tie.index, draft)}"


@rule.register
def _extreme(node: Extreme, draft: Draft) -> str:
    with draft.binding(*node.indices):
        only = "" if node.cond == TRUE else f" if {formula(node.cond, draft)}"
        found = f"[{formula(node.body, draft)} {_loops(node.indices, draft)}{only}]"
    return f"{draft.keep(_first(node.kind, draft.scope))}({found})"


@rule.register
def _hit(node: First, draft: Draft) -> str:
    """Whether a place is the one where the extreme is first attained."""
    with draft.binding(*node.indices) as letters:
        only = "" if node.cond == TRUE else f" if {formula(node.cond, draft)}"
        values = f"[{formula(node.body, draft)} {_loops(node.indices, draft)}{only}]"
        places = f"[({''.join(f'{i}, ' for i in letters)}) {_loops(node.indices, draft)}{only}]"
    at = "".join(f"{whole(p, draft)}, " for p in node.at)
    return f"({places}[{draft.keep(_place(node.kind, draft.scope))}({values})] == ({at}))"


def _place(kind: str, scope: Scope) -> Callable[[list[Value]], int]:
    """Which is the first of the largest (or smallest), by the real part."""
    real, decisions = scope.numbers.real, scope.decisions
    best = max if kind == "max" else min

    def search(found: list[Value]) -> int:
        if not found:
            raise OutsideDomain(f"the place of the {kind} of nothing")
        reals = [real(value) for value in found]
        where = reals.index(best(reals))
        if decisions is not None:
            decisions.append(where)
        return where

    return search


def _first(kind: str, scope: Scope) -> Callable[[list[Value]], Value]:
    """The first of the largest (or smallest), by the real part."""
    place = _place(kind, scope)
    return lambda found: found[place(found)]


@rule.register
def _partial(node: Partial, draft: Draft) -> str:
    """Looked up in the table of the equation's derivatives, which `Scope.partials` makes by steps."""
    if draft.scope.partials is None:
        raise MissingRule("verify/interpret.py: a partial derivative needs a scope with `partials`")
    table = draft.keep(draft.scope.partials(node.of.tensor, node.by.tensor))
    return f"{table}[{key(node.of.subs, draft)}, {key(node.by.subs, draft)}]"


# Conditions.


@rule.register
def _comparison(node: Compare, draft: Draft) -> str:
    if (sides := integers_compared(node)) is not None:
        return f"({whole(sides[0], draft)} {node.op} {whole(sides[1], draft)})"
    real, decisions = draft.keep(draft.scope.numbers.real), draft.scope.decisions
    a, b = (f"{real}({formula(side, draft)})" for side in (node.a, node.b))
    if decisions is None:
        return f"{draft.keep(draft.scope.compare[node.op])}({a}, {b})"
    holds = draft.scope.compare[node.op]

    def noting(a: Value, b: Value) -> bool:
        decisions.append(decision := holds(a, b))
        return decision

    return f"{draft.keep(noting)}({a}, {b})"


@rule.register
def _and(node: And, draft: Draft) -> str:
    return f"({' and '.join(formula(a, draft) for a in node.args) or 'True'})"


@rule.register
def _or(node: Or, draft: Draft) -> str:
    return f"({' or '.join(formula(a, draft) for a in node.args) or 'False'})"


@rule.register
def _not(node: Not, draft: Draft) -> str:
    return f"(not {formula(node.arg, draft)})"


__all__ = ["Entries", "Key", "Paths", "Scope", "compile_at", "entries", "evaluate", "inside", "integer", "reach"]
