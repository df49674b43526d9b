"""Equations at given sizes: an `Eq` for each entry, in symbols, with choices as `Piecewise` and extremes as `Max`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import product

import sympy as sp

from symbp.core.expr import TRUE, And, Compare, Expr, Extreme, First, Fn, Not, Or, Read, Where
from symbp.core.integers import Node
from symbp.core.network import Equation, Network
from symbp.core.traverse import labels_of, polys
from symbp.errors import SymbpError
from symbp.symbolic.cases import Case
from symbp.symbolic.scalars import Scalars, has_choices
from symbp.symbolic.sizes import At, Key, Outside, Sizes, places
from symbp.symbolic.write import RELATIONS

Name = Callable[[str, Key], str]


class Explicit(Scalars):
    """Values with every choice written out, none made."""

    def value(self, node: Node, at: At) -> sp.Expr:
        labels = tuple(dict.fromkeys(r for p in polys(node) for r in labels_of(p)))
        if labels:
            return self._by_label(labels, node, at)
        match node:
            case Where(cond, then, other) if _is_open(cond):
                one, two = self._or_nought(then, at), self._or_nought(other, at)
                return sp.Piecewise((one, self.condition(cond, at)), (two, sp.true), evaluate=False)
            case Extreme(kind, indices, body, cond):
                none = -sp.oo if kind == "max" else sp.oo
                values = []
                for here in places(indices, self.sizes, at):
                    holds = self.condition(cond, here) if cond != TRUE else sp.true
                    if holds is not sp.false:
                        value = self.value(body, here)
                        values.append(value if holds is sp.true else sp.Piecewise((value, holds), (none, sp.true)))
                best = sp.Max if kind == "max" else sp.Min
                return best(*dict.fromkeys(values), evaluate=False)
            case Fn("abs" | "sign" as name, (arg,), ()):
                return (sp.Abs if name == "abs" else sp.sign)(self.value(arg, at))
        return super().value(node, at)

    def _or_nought(self, node: Expr, at: At) -> sp.Expr:
        """A branch; what reads outside its tensor stands in one that is not taken."""
        try:
            return self.value(node, at)
        except Outside:
            return sp.S.Zero

    def _by_label(self, labels: tuple[Read, ...], node: Node, at: At) -> sp.Expr:
        """A value that depends on labels: a branch for each of theirs."""
        where = [(r.tensor, self.key(r.subs, at)) for r in labels]
        branches = []
        for values in product(*(range(self.classes(r.tensor)) for r in labels)):
            known = {**self.case.labels, **dict(zip(where, values, strict=True))}
            inner = Scalars(self.sizes, Case(labels=known), self.entry, self.classes)
            try:
                value = inner.value(node, at)
            except Outside:
                value = sp.S.Zero
            holds = sp.And(*(sp.Eq(self.entry(*w), v) for w, v in zip(where, values, strict=True)))
            branches.append((value, holds))
        if all(value == branches[0][0] for value, _ in branches):
            return branches[0][0]
        return sp.Piecewise(*branches[:-1], (branches[-1][0], sp.true), evaluate=False)

    def condition(self, cond: Node, at: At) -> sp.Basic:
        """A condition."""
        match cond:
            case Compare(op, a, b):
                return RELATIONS[op](self.value(a, at), self.value(b, at))
            case And(args):
                return sp.And(*(self.condition(c, at) for c in args))
            case Or(args):
                return sp.Or(*(self.condition(c, at) for c in args))
            case Not(arg):
                return sp.Not(self.condition(arg, at))
            case First():
                return self._first(cond, at)
        raise TypeError(cond)

    def _first(self, node: First, at: At) -> sp.Basic:
        """The value there is more than each before it and no less than each behind."""
        where = tuple(self.integer(p, at) for p in node.at)
        over, least = (sp.Gt, sp.Ge) if node.kind == "max" else (sp.Lt, sp.Le)
        own, behind, conditions = None, False, []
        everywhere = list(places(node.indices, self.sizes, at))
        mine = next((here for here in everywhere if tuple(here[i] for i in node.indices) == where), None)
        if mine is None:
            return sp.false
        own = self.value(node.body, mine)
        conditions.append(self.condition(node.cond, mine) if node.cond != TRUE else sp.true)
        for here in everywhere:
            if here == mine:
                behind = True
                continue
            holds = self.condition(node.cond, here) if node.cond != TRUE else sp.true
            if holds is not sp.false:
                less = (least if behind else over)(own, self.value(node.body, here))
                conditions.append(less if holds is sp.true else sp.Or(sp.Not(holds), less))
        return sp.And(*conditions)


def _is_open(cond: Node) -> bool:
    return has_choices(Where(cond, TRUE, TRUE))  # type: ignore[arg-type]


def sizes_of(network: Network, given: Mapping[str, int | tuple[int, ...]]) -> Sizes:
    """The sizes that were said; SymbpError where one is missing, unknown, or no size."""
    names = [d.name for d in network.dims]
    for name, value in given.items():
        widths = value if isinstance(value, tuple) else (value,)
        if name not in (*names, *network.widths) or isinstance(value, tuple) != (name in network.widths):
            raise SymbpError(f"{network.name}: {name} is no size of it; it has {', '.join((*names, *network.widths))}")
        if not widths or not all(isinstance(w, int) and w > 0 for w in widths):
            raise SymbpError(f"{network.name}: {name} = {value} is no size")
    missing = [n for n in (*names, *network.widths) if n not in given]
    if missing:
        raise SymbpError(f"{network.name}: say how large {', '.join(missing)} is too, as in sympy({missing[0]}=2)")
    values = {n: v for n, v in given.items() if isinstance(v, int)}
    return Sizes(values, {n: v for n, v in given.items() if isinstance(v, tuple)})


def explicit(network: Network, equations: tuple[Equation, ...], sizes: Sizes, name: Name) -> tuple[sp.Eq, ...]:
    """The equations entry by entry; `name` says how an entry is called."""
    return tuple(_entries(network, equations, sizes, name))


def _entries(network: Network, equations: tuple[Equation, ...], sizes: Sizes, name: Name) -> Iterator[sp.Eq]:
    def entry(tensor: str, key: Key) -> sp.Symbol:
        if any(k < 0 for k in key):
            raise Outside(f"{tensor}{list(key)}")
        return sp.Symbol(name(tensor, key))

    def classes(tensor: str) -> int:
        given = network.tensor(tensor)
        assert given is not None
        assert given.classes is not None
        return sizes.integer(given.classes)

    scalars = Explicit(sizes, Case(), entry, classes)
    for equation in equations:
        for at in places(equation.indices, sizes):
            key = tuple(at[i] for i in equation.indices)
            yield sp.Eq(entry(equation.name, key), scalars.value(equation.body, at), evaluate=False)
