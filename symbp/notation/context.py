"""What the rules of the elaboration share: the network under construction, and where in which text a rule stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from symbp.core import build
from symbp.core.expr import Compare, Cond, Delta, Expr, Read
from symbp.core.guards import told
from symbp.core.integers import Atom, DimAt, Index, Poly
from symbp.core.network import Call, Equation, Fact, Tensor
from symbp.core.traverse import (
    dims_of,
    free_indices,
    indices_of,
    labels_of,
    nodes,
    polys,
    substitute,
    substitute_poly,
    walk,
    with_ranges,
)
from symbp.core.views import integers_compared
from symbp.errors import NotationError
from symbp.notation.source import Placed
from symbp.notation.toplevel import File
from symbp.notation.values import MAX_SIZE, Constant, Shape, Subs, Value, tensor
from symbp.notation.words import fresh

_INTERNAL = re.compile(r"%\d+")  # what tells indices of one letter apart
MAX_CALLS, MAX_EQUATIONS = 5_000, 5_000
Binding = Any  # Value | Constant | Index | Poly | recurrence.Recurrent


@dataclass(slots=True)
class Pending:
    """An equation whose indices still have internal names."""

    name: str
    indices: tuple[Index, ...]
    body: Expr
    call: Call | None = None


@dataclass(frozen=True, slots=True)
class Access:
    """A subscript as written: entry `sub` of a dimension of size `extent`.

    Guarded ones, under a condition on an index in them, are not held to their range. `binds` says whether it tells how
    far the indices in it go: not where it is guarded, but a plain index in a sum with `if` does.
    """

    sub: Poly
    extent: Poly
    guarded: bool
    binds: bool
    what: str = ""
    context: Context | None = None
    node: Placed | None = None
    conds: tuple[Cond | Delta, ...] = ()


@dataclass(slots=True)
class Work:
    """The network that is being read. `pending` and `accesses` belong to the statement at hand.

    `taken` are names of tensors, sizes and functions, `letters` those that the text gives to indices.
    """

    taken: set[str]
    elaborate: Callable[[Context, ast.expr], Value | Constant]
    statements: Callable[[Context, list[ast.stmt]], Context]
    fact: Callable[[Context, ast.Assert], Context]
    callee: Callable[[Context, ast.expr], tuple[File, ast.FunctionDef] | None]
    letters_of_dims: frozenset[str] = frozenset()
    called: frozenset[str] = frozenset()
    letters: frozenset[str] = frozenset()
    inputs: dict[str, Tensor] = field(default_factory=dict)
    equations: list[Equation] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    accesses: list[Access] = field(default_factory=list)
    arities: dict[str, int] = field(default_factory=dict)
    widths: dict[str, ast.expr] = field(default_factory=dict)
    loop_indices: dict[tuple[ast.AST, ...], Index] = field(default_factory=dict)
    unknown_shapes: list[tuple[Context, Placed]] = field(default_factory=list)
    same_pass: list[tuple[str, str, Context, Placed]] = field(default_factory=list)
    directions: dict[Index, str] = field(default_factory=dict)
    reached: set[Placed] = field(default_factory=set)
    calls: int = 0
    indices: int = 0
    emitted: int = 0

    def index(self, stop: Poly, start: Poly | int = 0, hint: str = "") -> Index:
        """A new index with a name of its own; `hint` is the letter that the user gave it."""
        self.indices += 1
        return Index(f"{hint}%{self.indices}", stop, Poly.of(start))

    def somewhere(self, shape: Shape) -> Subs:
        """The subscripts of an entry of an array, any one: a new index for each dimension."""
        return tuple(Poly.of(self.index(e)) for e in shape)

    def letters_taken(self) -> frozenset[str]:
        """The names that no index may have."""
        return frozenset(self.taken)

    def name(self, base: str) -> str:
        """A new name for an intermediate tensor."""
        name = fresh(base, self.taken | self.letters)
        self.taken.add(name)
        return name

    def settle(self, pending: int, accesses: int, table: Mapping[Atom, Poly]) -> None:
        """Gives provisional indices their ranges in all that was noted since the two marks."""
        for p in self.pending[pending:]:
            p.body = substitute(p.body, table)
            if p.call is not None:
                p.call = Call(p.call.function, tuple(substitute(a, table) for a in p.call.args))
            p.indices = tuple(substitute_poly(Poly.of(i), table).index or i for i in p.indices)
        for place in range(accesses, len(self.accesses)):
            a = self.accesses[place]
            conds = tuple(substitute(c, table) for c in a.conds)
            self.accesses[place] = replace(
                a, sub=substitute_poly(a.sub, table), extent=substitute_poly(a.extent, table), conds=conds
            )


@dataclass(frozen=True, slots=True)
class Context:
    """Where a rule stands: in which file, among which names, within which statement.

    `target` is the name that intermediates are named after. In a `guarded` place (under a condition, in a fact) nothing
    may become an equation of its own; `guards` are the indices that the conditions there restrict, `filters`
    those that the `if` of a comprehension does, `conds` the conditions themselves. `active` are the
    functions being inlined. In a function, `results` says which local names it returns and their names in the network.
    `loops` are the indices of the loops that the text stands in, `nest` those of the calling texts too; `lead` says
    which of them come first in the equations of the names on the left, `defining` which names those are. The `calls`
    led here.
    """

    file: File
    work: Work
    scope: Mapping[str, Binding]
    target: str
    guarded: bool = False
    guards: frozenset[Index] = frozenset()
    filters: frozenset[Index] = frozenset()
    conds: tuple[Cond | Delta, ...] = ()
    active: tuple[str, ...] = ()
    results: Mapping[str, str] | None = None
    loops: tuple[Index, ...] = ()
    nest: tuple[Index, ...] = ()
    lead: Mapping[str, tuple[Index, ...]] = field(default_factory=dict)
    defining: tuple[str, ...] = ()
    calls: tuple[ast.Call, ...] = ()

    @property
    def outer(self) -> tuple[Index, ...]:
        """The indices of the loops that called this text, which all carry that a loop in it defines."""
        return tuple(i for i in self.nest if i not in self.loops)

    @property
    def given(self) -> tuple[Cond, ...]:
        """The conditions one by one; a delta says that its sides are neither more nor less than one another."""
        return tuple(p for c in self.conds for p in _told(c))

    def error(self, node: Placed | None, message: str, kind: type[NotationError] = NotationError) -> NotationError:
        """An error at a node of this file."""
        return self.file.source.error(node, _INTERNAL.sub("", message), kind)

    def fail(self, node: Placed | None, message: str) -> NoReturn:
        """Raises an error at a node of this file."""
        raise self.error(node, message)

    def under(self, /, **names: Binding) -> Context:
        """The same with more names."""
        return replace(self, scope={**self.scope, **names})

    def guard(self, *conds: Cond | Delta) -> Context:
        """The same under conditions."""
        guards = self.guards.union(*map(guarded_by, conds))
        return replace(self, guarded=True, guards=guards, conds=(*self.conds, *conds))

    def filter(self, cond: Cond) -> Context:
        """The same in a comprehension with `if cond`."""
        return replace(self, guarded=True, filters=self.filters | guarded_by(cond), conds=(*self.conds, cond))

    def note(self, node: Placed, sub: Poly, extent: Poly, what: str, labels: Mapping[Atom, Poly] | None = None) -> None:
        """Remembers a subscript, from which the ranges of the indices on the left are inferred.

        An index stands for each of the `labels` in it, which say nothing about those ranges; a condition on a label
        is one on that index.
        """
        noted = replace(access(sub, extent, self.guards, self.filters, what, self, node), conds=self.conds)
        if labels:
            guarded = noted.guarded or any(a in labels for c in self.conds for a in labels_in(c))
            conds = tuple(substitute(c, labels) for c in self.conds)
            noted = replace(noted, sub=substitute_poly(sub, labels), binds=False, guarded=guarded, conds=conds)
        self.work.accesses.append(noted)

    def bound(self, node: ast.expr | None) -> Binding | None:
        """What a name stands for here; None where it stands for nothing, or the node is no name."""
        return self.scope.get(node.id) if isinstance(node, ast.Name) else None

    def read(self, node: ast.expr) -> Value | Constant:
        """What an expression stands for."""
        return self.work.elaborate(self, node)

    def value(self, node: ast.expr) -> Value:
        """An expression that must be an array of numbers."""
        match self.read(node):
            case Value(truth=False) as found:
                return found
            case Constant(value):
                self.fail(node, f"expected a number or an array here, not {value!r}")
        choice = "use where(condition, a, b) or `a if condition else b`"
        raise self.error(node, f"a comparison is not a number here; {choice}")

    def cond(self, node: ast.expr) -> Value:
        """An expression that must be a condition."""
        match self.read(node):
            case Value(truth=True) as found:
                return found
            case Constant(bool()):
                self.fail(node, "expected a comparison here, not a constant")
        raise self.error(node, "expected a condition here, such as `x > 0`")

    def bound_size(self, node: Placed, value: Value) -> Value:
        """The value, unless writing it out would take more than any formula needs."""
        if value.size > MAX_SIZE:
            self.fail(node, "this formula is too large when its functions are written out; name its parts")
        return value


def _told(cond: Cond | Delta) -> tuple[Cond, ...]:
    match cond:
        case Delta(a, b):
            one, other = build.integer(a), build.integer(b)
            return build.compare("<=", one, other), build.compare("<=", other, one)
    return told(cond)


def letter_of(index: Index) -> str:
    """The letter that the user wrote for an index, or nothing."""
    return index.name.split("%")[0]


def access(
    sub: Poly,
    extent: Poly,
    guards: frozenset[Index],
    filters: frozenset[Index],
    what: str = "",
    context: Context | None = None,
    node: Placed | None = None,
) -> Access:
    """A subscript under conditions that restrict some indices; a condition may restrict the layer of a width too."""
    indices = frozenset(with_ranges(indices_of(sub)))
    guarded, filtered = bool(indices & guards), bool(indices & filters)
    if extent.atoms_of(DimAt):
        guarded = guarded or bool(guards | filters)
    binds = is_known(extent) and not guarded and (not filtered or sub.index is not None)
    return Access(sub, extent, guarded or filtered, binds, what, context, node)


def labels_in(cond: Cond | Delta) -> Iterator[Read]:
    """The labels that a condition compares as integers."""
    for part in walk(cond):
        yield from (a for p in polys(part) if not isinstance(part, Read) for a in labels_of(p))


def is_known(extent: Poly) -> bool:
    """Is it a size of the network's, and none that stands for one to be found?"""
    return not any(d.name.startswith("%") for d in dims_of(extent))


def guarded_by(cond: Cond | Delta) -> frozenset[Index]:
    """The indices that a condition restricts: those in its comparisons of integers. (`x[i] > 0` restricts no index.)"""
    match cond:
        case Delta():
            return frozenset(free_indices(cond))
    return frozenset(i for c in nodes(cond, Compare) if integers_compared(c) for i in free_indices(c))


def own_equation(context: Context, value: Value, name: str, node: Placed, letters: tuple[str, ...] = ()) -> Value:
    """The value as a tensor of its own, `name[indices] = value` (a new name); in a guarded place the value itself.

    The free indices of its entry become leading dimensions. An index whose range holds another cannot become one.
    """
    work = context.work
    if context.guarded:
        return value
    axes = tuple(work.index(e, hint=h) for e, h in zip(value.shape, letters or ("",) * len(value.shape), strict=True))
    body = value.number(tuple(Poly.of(i) for i in axes))
    free = _in_order(context, name, tuple(i for i in free_indices(body) if i not in axes))
    if any(i.is_nested or i.start.terms for i in free):
        return value
    emit(context, Pending(name, (*free, *axes), body), node)
    if not free:
        return tensor(name, value.shape)
    lead = tuple(Poly.of(i) for i in free)
    whole = tensor(name, (*(i.extent for i in free), *value.shape))
    return Value(value.shape, lambda subs: whole.at((*lead, *subs)))


def _in_order(context: Context, name: str, free: tuple[Index, ...]) -> tuple[Index, ...]:
    """The free indices of an equation: those of the loops first, all of them for a name on the left."""
    loops = context.lead.get(name) or tuple(i for i in context.nest if i in free)
    return (*loops, *(i for i in free if i not in loops))


def emit(context: Context, pending: Pending, node: Placed) -> None:
    """Adds an equation to those of the statement at hand."""
    context.work.emitted += 1
    if context.work.emitted > MAX_EQUATIONS:
        context.fail(node, "more equations than a network can have when its functions are written out")
    context.work.pending.append(pending)
