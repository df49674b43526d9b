"""Entries that facts equate, written alike where that joins terms: with W[m, n] == W[n, m], W x + W^T x is 2 W x.

Each sum is looked at in all the ways of writing it that the facts allow. Two sums that have one of them in common are
the same, up to a sign where the fact has one, and both are written as the first of them; a sum that an equation defines
is that equation's entry. A sum that is its own opposite is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product

from symbp.calculus.cost import cost
from symbp.calculus.facts import SumFact, sum_facts
from symbp.calculus.match import match
from symbp.calculus.simplify import factor_deep, join
from symbp.core import build
from symbp.core.canonical import key
from symbp.core.entries import EqualEntries, equal_entries
from symbp.core.expr import Add, Expr, Mul, Read, Sum
from symbp.core.integers import Atom, Poly
from symbp.core.network import Network
from symbp.core.traverse import free_indices, map_values, normal, reads, replace_reads, substitute, walk

MOST_FORMS = 64


@dataclass(frozen=True, slots=True)
class Form:
    """One way of writing a value, times `sign`, by these facts."""

    value: Expr
    sign: int = 1
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Same:
    """What the facts equate, each seen from either side, and the sums of such entries that other facts state or that
    equations define.
    """

    pairs: tuple[tuple[str, EqualEntries], ...] = ()
    stated: tuple[SumFact, ...] = ()
    defined: tuple[SumFact, ...] = ()


def same_entries(network: Network) -> Same:
    """What the facts of a network equate."""
    found: list[tuple[str, EqualEntries]] = []
    for fact in network.facts:
        equal = equal_entries(fact.statement, network.shape)
        if equal is not None:
            found += [(fact.label, equal), (fact.label, equal.turned())]
    tensors = {equal.one.tensor for _, equal in found}
    defined = (
        SumFact(e.name, e.body, Read(e.name, tuple(Poly.of(i) for i in e.indices)))
        for e in network.equations
        if isinstance(e.body, Sum)
    )
    stated, made = (
        tuple(s for s in sums if any(r.tensor in tensors for r in reads(s.sum)))
        for sums in (sum_facts(network), defined)
    )
    return Same(tuple(found), stated, made)


def use_equal(expr: Expr, known: Same) -> tuple[Expr, tuple[str, ...], tuple[str, ...]]:
    """The expression with equal sums and entries written alike, the labels of the facts and the names of the equations
    that this uses; unchanged where it is not cheaper for it.
    """
    if not known.pairs:
        return expr, (), ()
    alike = _Alike(known)
    result = factor_deep(join(normal(alike.written(expr))))
    if not alike.labels or _price(result) >= _price(expr):
        return expr, (), ()
    return result, tuple(alike.labels), tuple(alike.names)


def _price(expr: Expr) -> tuple[int, int]:
    """What it costs, and how long it is: 2 w is no cheaper than w + w, but shorter."""
    return cost(expr), sum(1 for _ in walk(expr))


@dataclass(slots=True)
class _Alike:
    """One expression under way: the first form of each value so far, by the key of the least of its forms."""

    known: Same
    first: dict[str, Form] = field(default_factory=dict)
    labels: dict[str, None] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)

    def written(self, node: Expr) -> Expr:
        """The expression with every value that was seen before as it was then."""
        done = map_values(node, self.written)
        if not isinstance(done, (Read, Sum)):
            return done
        forms = list(islice(_forms(done, self.known), MOST_FORMS))
        return done if not any(f.labels for f in forms) else self._as_first(done, forms)

    def _as_first(self, node: Expr, forms: list[Form]) -> Expr:
        keyed = sorted(((key(f.value), f) for f in forms), key=lambda pair: pair[0])
        least, form = keyed[0]
        if any(k == least and f.sign != form.sign for k, f in keyed):
            self._note(*(f for k, f in keyed if k == least))
            return build.NIL
        before = self.first.get(least)
        if before is None:
            self.first[least] = Form(self._value_of(forms) or node, form.sign, form.labels)
            before = self.first[least]
        if before.value == node:
            return node
        self._note(before, form)
        return build.mul(build.num(before.sign * form.sign), before.value)

    def _value_of(self, forms: list[Form]) -> Expr | None:
        """What an equation or a fact says that the sum is, in one of its forms."""
        for form in forms:
            for sums, used in ((self.known.stated, self.labels), (self.known.defined, self.names)):
                for s in sums:
                    binding = match(s.sum, form.value, free_indices(s.sum))
                    if binding is not None and all(i in binding for i in free_indices(s.sum)):
                        self._note(form)
                        used[s.label] = None
                        return build.mul(build.num(form.sign), substitute(s.value, binding))
        return None

    def _note(self, *forms: Form) -> None:
        self.labels.update(dict.fromkeys(label for f in forms for label in f.labels))


def _forms(node: Expr, known: Same) -> Iterator[Form]:
    """The ways of writing an entry, or a sum with each of its entries in each of its ways, as it stands first."""
    here = reads(node)
    orbits = [_orbit(r, known) for r in here]
    for choice in product(*orbits):
        table = dict(zip(here, (f.value for f in choice), strict=True))
        sign = 1
        labels: dict[str, None] = {}
        for f in choice:
            sign *= f.sign
            labels |= dict.fromkeys(f.labels)
        form = Form(replace_reads(node, table.get), sign, tuple(labels))
        yield from (form, *_turned(form))


def _turned(form: Form) -> Iterator[Form]:
    """A sum over products with one bracket with that turned round: a (b - c) is -a (c - b)."""
    body = form.value.body if isinstance(form.value, Sum) else form.value
    brackets = [f for f in body.args if isinstance(f, Add)] if isinstance(body, Mul) else []
    if isinstance(form.value, Sum) and isinstance(body, Mul) and len(brackets) == 1:
        other = build.add(*(build.neg(t) for t in brackets[0].args))
        turned = build.mul(*(other if f is brackets[0] else f for f in body.args))
        yield Form(Sum(form.value.indices, turned), -form.sign, form.labels)


def _orbit(read: Read, known: Same) -> tuple[Form, ...]:
    """An entry and all that the facts say is equal to it, or to minus it."""
    found = {(read, 1): Form(read)}
    waiting = [Form(read)]
    while waiting and len(found) < MOST_FORMS:
        form = waiting.pop(0)
        assert isinstance(form.value, Read)
        for label, pair in known.pairs:
            if pair.one.tensor == form.value.tensor:
                image = _image(pair, form.value)
                new = Form(image, form.sign * pair.sign, tuple(dict.fromkeys((*form.labels, label))))
                if (image, new.sign) not in found:
                    found[image, new.sign] = new
                    waiting.append(new)
    return tuple(found.values())


def _image(pair: EqualEntries, read: Read) -> Read:
    """The other entry of a pair, where the one is this."""
    table: dict[Atom, Poly] = {
        i: s for p, s in zip(pair.one.subs, read.subs, strict=True) if (i := p.index) is not None
    }
    return substitute(pair.other, table)
