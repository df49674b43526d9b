"""What `assert` states of sizes: `assert T <= P`, `assert 2 * S + 1 <= T`, `assert H == A * E`.

Such facts are read before all else of a network, for a size owns what it is never less than, as an index its range:
out goes the file with those sizes in it. Of two equal sizes one is the other, as if it were named so at the top.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from symbp.core.integers import Atom, Dim, Poly
from symbp.core.ranges import is_nonnegative
from symbp.core.traverse import dims_of, substitute_poly
from symbp.notation.syntax import names_in, pieces
from symbp.notation.toplevel import File, top_size

# What is at least 0, or with == is 0, where a comparison of two sizes holds.
_DIFFERENCE: dict[type[ast.cmpop], Callable[[Poly, Poly], Poly]] = {
    ast.Eq: lambda a, b: a - b,
    ast.LtE: lambda a, b: b - a,
    ast.Lt: lambda a, b: b - a - 1,
    ast.GtE: lambda a, b: a - b,
    ast.Gt: lambda a, b: a - b - 1,
}


@dataclass(frozen=True, slots=True)
class _Claim:
    """That a difference of sizes is at least 0, or is 0."""

    difference: Poly
    equal: bool
    node: ast.expr


def is_of_sizes(file: File, test: ast.expr) -> bool:
    """Does a condition compare sizes and numbers alone?"""
    parts, names = _joined(test), names_in(test)
    other = any(True for _ in pieces(test, ast.Call, ast.Subscript, ast.Tuple))
    return all(isinstance(p, ast.Compare) for p in parts) and not other and bool(names) and set(names) <= {*file.sizes}


def _joined(test: ast.expr) -> list[ast.expr]:
    """What `and` joins; of anything else itself."""
    match test:
        case ast.BoolOp(op=ast.And(), values=parts):
            return parts
    return [test]


def with_orders(file: File, body: list[ast.stmt]) -> File:
    """The file with what a network's asserts say of its sizes."""
    tests = [s.test for s in body if isinstance(s, ast.Assert) and is_of_sizes(file, s.test)]
    claims = [c for t in tests for c in _claims(file, t)]
    if not claims:
        return file
    table: dict[Atom, Poly] = {}
    for claim in (c for c in claims if c.equal):
        _equate(file, replace(claim, difference=substitute_poly(claim.difference, table)), table)
    lows: dict[Dim, list[tuple[Poly, _Claim]]] = {}
    highs: dict[Dim, int] = {}
    for claim in (c for c in claims if not c.equal):
        _bound(file, replace(claim, difference=substitute_poly(claim.difference, table)), lows, highs)
    made = _Made(file, lows, highs, {})
    kept = [d for d in file.dims if d not in table]
    new: dict[Atom, Poly] = {d: Poly.of(made.of(d)) for d in kept}
    sizes = {n: substitute_poly(substitute_poly(p, table), new) for n, p in file.sizes.items()}
    return replace(file, dims=[made.of(d) for d in kept], sizes=sizes)


def _claims(file: File, test: ast.expr) -> Iterator[_Claim]:
    for part in _joined(test):
        assert isinstance(part, ast.Compare)
        left = top_size(file, part.left)
        for op, node in zip(part.ops, part.comparators, strict=True):
            right = top_size(file, node)
            if type(op) not in _DIFFERENCE:
                raise file.source.error(part, "sizes are compared with <, <=, ==, >= or >")
            yield _Claim(_DIFFERENCE[type(op)](left, right), type(op) is ast.Eq, part)
            left = right


def _equate(file: File, claim: _Claim, table: dict[Atom, Poly]) -> None:
    """The first size that the equation can be solved for is what it says."""
    difference = claim.difference
    found = next(_solved(difference), None)
    never = difference.constant not in (None, 0)
    if never or (found is not None and is_nonnegative(-found[1])):
        raise file.source.error(claim.node, "this is never so")
    if found is not None:
        dim, value = found
        for other, old in table.items():
            table[other] = substitute_poly(old, {dim: value})
        table[dim] = value


def _solved(difference: Poly) -> Iterator[tuple[Dim, Poly]]:
    for dim, coefficient, rest in _linear(difference):
        if abs(coefficient) == 1:
            yield dim, rest * -coefficient


def _linear(poly: Poly) -> Iterator[tuple[Dim, int, Poly]]:
    """Each size that stands in one term alone, by itself: with its number and the rest."""
    for monomial, coefficient in poly.terms:
        match monomial:
            case (Dim() as dim,):
                rest = poly - Poly(((monomial, coefficient),))
                if dim not in dims_of(rest):
                    yield dim, coefficient, rest


def _bound(file: File, claim: _Claim, lows: dict[Dim, list[tuple[Poly, _Claim]]], highs: dict[Dim, int]) -> None:
    """The first size that the rest bounds from below owns it, else one that a number bounds from above; what bounds
    none is a fact and no more.
    """
    if is_nonnegative(-claim.difference - 1):
        raise file.source.error(claim.node, "this is never so")
    found = next(((d, -rest) for d, c, rest in _linear(claim.difference) if c == 1), None)
    if found is not None:
        lows.setdefault(found[0], []).append((found[1], claim))
        return
    for dim, coefficient, rest in _linear(claim.difference):
        if coefficient == -1 and rest.constant is not None:
            highs[dim] = min(highs.get(dim, rest.constant), rest.constant)


@dataclass(frozen=True, slots=True)
class _Made:
    """Sizes made anew, each after those that bound it."""

    file: File
    lows: dict[Dim, list[tuple[Poly, _Claim]]]
    highs: dict[Dim, int]
    done: dict[Dim, Dim | None]

    def of(self, dim: Dim) -> Dim:
        """The size with what it is never less than, and never more."""
        if dim not in self.done:
            self.done[dim] = None
            least, above = dim.least, []
            for low, claim in self.lows.get(dim, []):
                if low.constant is not None:
                    least = max(least, low.constant)
                    continue
                above.append(substitute_poly(low, {d: Poly.of(self._before(d, claim)) for d in dims_of(low)}))
            self.done[dim] = Dim(dim.name, least, tuple(dict.fromkeys(above)), self.highs.get(dim))
        made = self.done[dim]
        assert made is not None
        return made

    def _before(self, dim: Dim, claim: _Claim) -> Dim:
        if self.done.get(dim, dim) is None:
            raise self.file.source.error(claim.node, "with the other facts this goes round in a circle; equal is ==")
        return self.of(dim)
