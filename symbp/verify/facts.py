"""What the facts ask of the data, and whether given data obey them.

In come statements, out go `Demands` for each input, bounds, a finite set, sums over some dimensions, and the
`Classes` of entries that are equal, as those of a symmetric matrix are.
Whether drawn data obey is then evaluated by the interpreter, whatever the demands were understood to be.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from symbp.core.entries import equal_entries
from symbp.core.expr import Add, Compare, Cond, Expr, Int, Mul, Num, Or, Pi, Pow, Read, Sum
from symbp.core.integers import Index
from symbp.core.network import Fact, Network
from symbp.core.traverse import free_indices, reads
from symbp.core.views import among, conjuncts, factors_of
from symbp.errors import CheckFailed
from symbp.verify.interpret import compile_at, entries
from symbp.verify.scope import Key, Scope

Entry = tuple[str, Key]
CLOSE = 1e-12


@dataclass(frozen=True, slots=True)
class Demands:
    """What one input must obey. `sums` holds pairs: the summed dimensions, and what the sum must be; `places` pairs
    entries, such as those of the diagonal, with what they are.
    """

    lower: float | None = None
    upper: float | None = None
    choices: tuple[float, ...] = ()
    sums: tuple[tuple[tuple[int, ...], float], ...] = ()
    places: tuple[tuple[Read, float], ...] = ()

    @property
    def bounded(self) -> bool:
        return self.lower is not None or self.upper is not None


def demands(network: Network, scope: Scope) -> Mapping[str, Demands]:
    """The demands on each input that a fact names; CheckFailed where a fact is of no kind that can be drawn."""
    found: dict[str, Demands] = {}
    for fact in network.facts:
        for part in conjuncts(fact.statement):
            if equal_entries(part, network.shape) is None:
                _understand(fact, part, scope, found)
    return found


@dataclass(frozen=True, slots=True)
class Classes:
    """Entries that facts equate, by the first of each class: which entry is how many times that one. Those that are
    their own opposite are 0 times it.
    """

    members: Mapping[Entry, Mapping[Entry, int]]

    def spread(self, values: Mapping[str, dict[Key, Any]]) -> None:
        """Give all entries of a class the value of the first, in place."""
        for (tensor, key), members in self.members.items():
            first = values[tensor][key]
            for (other, place), sign in members.items():
                values[other][place] = first * sign

    def average(self, values: Mapping[str, dict[Key, Any]]) -> None:
        """Give the first of each class the mean of all, in place."""
        for (tensor, key), members in self.members.items():
            found = [values[other][place] * sign for (other, place), sign in members.items()]
            values[tensor][key] = sum(found) / len(found)


def classes(network: Network, scope: Scope) -> Classes:
    """The classes of entries that the facts make equal, up to a sign."""
    roots: dict[Entry, tuple[Entry, int]] = {}
    zero: dict[Entry, None] = {}

    def root(entry: Entry) -> tuple[Entry, int]:
        sign = 1
        while entry in roots and roots[entry][0] != entry:
            entry, step = roots[entry]
            sign *= step
        return entry, sign

    for a, b, sign in _equal_pairs(network, scope):
        (one, plus), (other, minus) = root(a), root(b)
        if one == other:
            zero |= {one: None} if plus != sign * minus else {}
        else:
            first, last = sorted((one, other), key=lambda e: (list(network.data).index(e[0]), e[1]))
            roots[first] = (first, 1)
            roots[last] = (first, plus * sign * minus)
            zero |= {first: None} if last in zero else {}
    members: dict[Entry, dict[Entry, int]] = {}
    for entry in roots:
        first, sign = root(entry)
        members.setdefault(first, {})[entry] = 0 if first in zero else sign
    return Classes(members | {e: {e: 0} for e in zero if e not in members})


def _equal_pairs(network: Network, scope: Scope) -> Iterator[tuple[Entry, Entry, int]]:
    for fact in network.facts:
        for part in conjuncts(fact.statement):
            equal = equal_entries(part, network.shape)
            if equal is None:
                continue
            indices = free_indices(part)
            ones, others = (keys_of(read, indices, scope) for read in (equal.one, equal.other))
            for a, b in zip(ones, others, strict=True):
                yield (equal.one.tensor, a), (equal.other.tensor, b), equal.sign


def keys_of(read: Read, indices: tuple[Index, ...], scope: Scope) -> list[Key]:
    """The entry that it reads for each combination of values of the indices."""
    subs = [compile_at(Int(s), indices, scope) for s in read.subs]
    return [tuple(int(s(key)) for s in subs) for key in entries(indices, scope)]


def _understand(fact: Fact, part: Cond, scope: Scope, found: dict[str, Demands]) -> None:
    names = list(dict.fromkeys(r.tensor for r in reads(part)))
    if not names:
        return
    old = found.get(names[0], Demands())
    new = _choices(part, scope, old) if isinstance(part, Or) else _comparison(part, scope, old)
    if new is None or len(names) > 1:
        raise CheckFailed(f"fact {fact.label} about {', '.join(names)} is of no kind for which data can be drawn")
    found[names[0]] = new


def _choices(part: Or, scope: Scope, old: Demands) -> Demands | None:
    """y == 0 or y == 1."""
    values = [_number(c.b, scope) for c in among(part.args, Compare) if c.op == "=="]
    if len(values) != len(part.args) or None in values:
        return None
    return replace(old, choices=tuple(v for v in values if v is not None))


FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _comparison(part: Cond, scope: Scope, old: Demands) -> Demands | None:
    match part:
        case Compare(op, number, a) if (value := _number(number, scope)) is not None:
            return _against(a, FLIPPED[op], value, scope, old)
        case Compare(op, a, number) if (value := _number(number, scope)) is not None:
            return _against(a, op, value, scope, old)
    return None


def _against(a: Expr, op: str, value: float, scope: Scope, old: Demands) -> Demands | None:
    """What is compared with a number: an entry at a place, all entries, or a sum of them."""
    match a:
        case Read(_, subs) if op == "==" and len({s.index for s in subs} - {None}) < len(subs):
            return replace(old, places=(*old.places, (a, value)))
        case Read():
            return _bound(op, value, old)
    return _total(a, value, scope, old) if op == "==" else None


def _bound(op: str, value: float, old: Demands) -> Demands | None:
    if op in ("<", "<="):
        return replace(old, upper=value if old.upper is None else min(value, old.upper))
    if op in (">", ">="):
        return replace(old, lower=value if old.lower is None else max(value, old.lower))
    return replace(old, choices=(value,)) if op == "==" else old


def _total(a: Expr, value: float, scope: Scope, old: Demands) -> Demands | None:
    """A sum over some dimensions of one tensor, or a number times that (a mean)."""
    factors = factors_of(a)
    sums = among(factors, Sum)
    numbers = [_number(f, scope) for f in factors if not isinstance(f, Sum)]
    if len(sums) != 1 or None in numbers or not isinstance(sums[0].body, Read):
        return None
    for n in numbers:
        value /= n or 1.0
    axes = tuple(k for k, s in enumerate(sums[0].body.subs) if s.index in sums[0].indices)
    return replace(old, sums=(*old.sums, (axes, value))) if len(axes) == len(sums[0].indices) else None


def _number(expr: Expr, scope: Scope) -> float | None:
    """The value of what reads nothing and has no index, else None."""
    if not isinstance(expr, (Num, Int, Pi, Add, Mul, Pow)) or reads(expr) or free_indices(expr):
        return None
    return float(compile_at(expr, (), scope)(()))


def _nearly(a: float, b: float) -> bool:
    return abs(a - b) <= CLOSE * max(1.0, abs(a), abs(b))


# A fact holds of drawn floats up to rounding.
NEARLY: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": lambda a, b: a <= b or _nearly(a, b),
    ">": operator.gt,
    ">=": lambda a, b: a >= b or _nearly(a, b),
    "==": _nearly,
    "!=": operator.ne,
}


def broken(network: Network, scope: Scope) -> Iterator[str]:
    """For each fact that the data in the scope's tables break: its label, and at which entry."""
    for fact in network.facts:
        indices: tuple[Index, ...] = free_indices(fact.statement)
        holds = compile_at(fact.statement, indices, replace(scope, compare=NEARLY))
        for key in entries(indices, scope):
            if not holds(key):
                where = ", ".join(f"{i.name} = {v}" for i, v in zip(indices, key, strict=True))
                yield f"{fact.label} at {where}" if where else fact.label
                break
