"""Sums that are a quantity already computed, once one factor is written out by its own equation.

`sum over n of h_bar[n, k] * u[n, k]` with `h_bar[n, k] = y_bar[n, k] * g[k]` is g[k] times a sum over n that is the
gradient of a scale, say; and `sum over s of A_bar[t, s] * A[t, s]` with `A_bar[t, s] = sum over e of O_bar[t, e] *
V[s, e]` is, the sums exchanged, that of `O_bar[t, e] * O[t, e]` over e: what comes out of a head is smaller than its
scores. Neither makes an array larger than those there are.

The second way adds up other numbers, so what it gives is off by rounding of its own. Where A is a row of a softmax that
is all in one entry, A_bar there less the sum is 0, and would be that rounding: so this way is not taken where the
factor that is written out stands beside its sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Expr, Mul, Read, Sum
from symbp.core.integers import Atom, Index, Poly
from symbp.core.network import Equation, Network
from symbp.core.recurrence import components, is_recurrent
from symbp.core.traverse import (
    all_index_names,
    apply,
    free_indices,
    map_children,
    reads,
    rename_bound,
    substitute,
)
from symbp.core.views import among, factors_of

MOST_INDICES = 4


def reuse_sums(network: Network) -> Network:
    """The network with such sums as reads of what they are. Recurrences are left as they are."""
    recurrent = {e.name for part in components(network.equations) if is_recurrent(part) for e in part}
    known = _Known(together=_read_together(network))
    equations = []
    for e in network.equations:
        known.beside = (*(r.tensor for r in reads(e.body)), *known.together.get(e.name, ()))
        body = e.body if e.name in recurrent else known.reused(e.body)
        equations.append(e if body is e.body else replace(e, body=body))
        if e.name not in recurrent:
            known.note(e)
    return replace(network, equations=tuple(equations))


def new_reads(before: Network, after: Network) -> dict[str, tuple[str, ...]]:
    """The quantities that an equation reads after the pass and did not before it, by the equation's name."""
    found = {}
    for old, new in zip(before.equations, after.equations, strict=True):
        if old is not new:
            had = {r.tensor for r in reads(old.body)}
            found[new.name] = tuple(dict.fromkeys(r.tensor for r in reads(new.body) if r.tensor not in had))
    return found


@dataclass(slots=True)
class _Known:
    """The equations so far by name, and those that are sums by the tensors that they read."""

    equations: dict[str, Equation] = field(default_factory=dict)
    sums: dict[tuple[str, ...], list[Equation]] = field(default_factory=dict)
    together: dict[str, tuple[str, ...]] = field(default_factory=dict)
    beside: tuple[str, ...] = ()  # what is read in the equation at hand and beside it, as often as it is

    def note(self, equation: Equation) -> None:
        """One more equation that has been computed."""
        self.equations[equation.name] = equation
        match equation.body:
            case Sum() as total if len(equation.indices) <= MOST_INDICES:
                self.sums.setdefault(_tensors(total), []).append(equation)

    def reused(self, node: Any) -> Any:
        """The expression with each sum for which there is a shorter way."""
        match done := map_children(node, self.reused):
            case Sum():
                return next((found for found in self._ways(done) if found is not None), done)
        return done

    def _ways(self, total: Sum) -> Iterator[Expr | None]:
        factors = factors_of(total.body)
        for read in (r for r in among(factors, Read) if r.tensor in self.equations and _is_plain(r)):
            own, place = self.equations[read.tensor], factors.index(read)
            rest = factors[:place] + factors[place + 1 :]
            match rename_bound(apply(own.body, own.indices, read.subs), all_index_names(total)):
                case Mul() as body:
                    yield self._factors_outside(total.indices, body, rest)
                case Sum() as body if self.beside.count(read.tensor) == 1:
                    yield self._exchanged(total.indices, body, rest)

    def _factors_outside(self, indices: tuple[Index, ...], body: Mul, rest: tuple[Expr, ...]) -> Expr | None:
        """sum_n (a[n] g) b[n] = g sum_n a[n] b[n]."""
        outside = [f for f in body.args if not _depends(f, indices)]
        if not outside:
            return None
        inside = [f for f in body.args if f not in outside]
        found = self._read(build.total(indices, build.mul(*inside, *rest)))
        return None if found is None else build.mul(*outside, found)

    def _exchanged(self, indices: tuple[Index, ...], body: Sum, rest: tuple[Expr, ...]) -> Expr | None:
        """sum_s (sum_e o[e] v[s, e]) a[s] = sum_e o[e] (sum_s v[s, e] a[s])."""
        factors = factors_of(body.body)
        inside = [f for f in factors if _depends(f, indices)]
        found = self._read(build.total(indices, build.mul(*inside, *rest)))
        if found is None:
            return None
        return build.total(body.indices, build.mul(*(f for f in factors if f not in inside), found))

    def _read(self, total: Expr) -> Read | None:
        """The entry that is this sum, where one has been computed."""
        free = free_indices(total)
        for e in self.sums.get(_tensors(total), ()):
            for order in permutations(free) if len(free) == len(e.indices) else ():
                table: dict[Atom, Poly] = {i: Poly.of(j) for i, j in zip(e.indices, order, strict=True)}
                if all(i.extent == j.extent for i, j in zip(e.indices, order, strict=True)) and key(
                    substitute(e.body, table)
                ) == key(total):
                    return Read(e.name, tuple(map(Poly.of, order)))
        return None


def _read_together(network: Network) -> dict[str, tuple[str, ...]]:
    """What else the readers of each tensor read."""
    found: dict[str, tuple[str, ...]] = {}
    for e in network.equations:
        names = tuple(dict.fromkeys(r.tensor for r in reads(e.body)))
        for n in names:
            found[n] = (*found.get(n, ()), *names)
    return found


def _tensors(node: Expr) -> tuple[str, ...]:
    return tuple(sorted(r.tensor for r in reads(node)))


def _is_plain(read: Read) -> bool:
    letters = [s.index for s in read.subs]
    return None not in letters and len(set(letters)) == len(letters)


def _depends(expr: Expr, indices: tuple[Index, ...]) -> bool:
    return any(i in indices for i in free_indices(expr))
