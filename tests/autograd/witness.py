"""A network evaluated by PyTorch from its equations, entry by entry, so that autograd can differentiate any network.

Every index of an expression is an axis of its own, in an order fixed by the expression; a read gathers with one
integer grid for each subscript, and a sum reduces its axes. It shares nothing with the interpreter, the calculus and
the lowering.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

from symbp.core.expr import (
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
    Pi,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Atom, Dim, DimAt, Index, Poly, Quotient
from symbp.core.network import Equation, Network
from symbp.core.traverse import indices_of, reads, walk

Tensor = torch.Tensor
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    **{name: getattr(torch, name) for name in ("exp", "log", "log1p", "log2", "expm1", "erf", "erfc", "abs", "sign")},
    **{name: getattr(torch, name) for name in ("sin", "cos", "tan", "atan", "sinh", "cosh", "tanh")},
    **{name: getattr(torch, name) for name in ("lgamma", "digamma")},
    "stop_gradient": lambda u: u.detach(),
    "trigamma": lambda u: torch.polygamma(1, u),
    "tetragamma": lambda u: torch.polygamma(2, u),
}
COMPARE = {"<": torch.lt, "<=": torch.le, ">": torch.gt, ">=": torch.ge, "==": torch.eq, "!=": torch.ne}


# What PyTorch computes without overflow where the formula of the library has one; the last dimension is the row.
NATIVE: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: torch.softmax(z, -1),
    "log_softmax": lambda z: torch.log_softmax(z, -1),
    "logsumexp": lambda z: torch.logsumexp(z, -1),
    "softplus": lambda z: torch.logaddexp(z, torch.zeros_like(z)),
}
Values = dict[str, Any]  # a tensor, or a list of them where the shapes differ by layer


def evaluate(
    network: Network,
    inputs: Mapping[str, Any],
    unknown: Mapping[str, Callable[..., Tensor]] | None = None,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """The loss of a network at these inputs, as a tensor that autograd can differentiate; `dtype` is the inputs'."""
    values: Values = dict(inputs)
    sizes = Numbers.of(network, inputs)
    for group in _groups(network):
        for name in group if len(group) > 1 or _reads(network)[group[0]].count(group[0]) else ():
            values[name] = _all_entries(
                _defined(network, name), sizes, values, lambda e, s, i: torch.zeros(s.extents(i), dtype=dtype)
            )
        for _ in range(_rounds(network, group, sizes)):
            for name in group:
                equation = _defined(network, name)
                found = _native(equation, values)
                if found is None:
                    found = _all_entries(equation, sizes, values, _formula(values, unknown or {}, dtype))
                values[name] = found
    return values[network.outputs[0]]


def _native(equation: Equation, values: Values) -> Tensor | None:
    """An equation that is a call of a library function on a whole tensor, by PyTorch's own function."""
    call = equation.call
    function = NATIVE.get(call.function) if call is not None else None
    read = call.args[0] if call is not None and len(call.args) == 1 else None
    if function is None or not isinstance(read, Read) or isinstance(values[read.tensor], list):
        return None
    letters = [s.index for s in read.subs]
    count = len(equation.indices)
    if letters[:count] != list(equation.indices) or None in letters or len(set(letters)) < len(letters):
        return None
    return function(values[read.tensor])


Entries = Callable[[Equation, "Numbers", tuple[Index, ...]], Tensor]


def _formula(values: Values, unknown: Mapping[str, Callable[..., Tensor]], dtype: torch.dtype) -> Entries:
    def entries(equation: Equation, sizes: Numbers, indices: tuple[Index, ...]) -> Tensor:
        scope = _Scope(values, sizes, unknown, dtype).binding(indices)
        return scope.value(equation.body).expand([scope.axes[i].numel() for i in indices])

    return entries


def _all_entries(equation: Equation, sizes: Numbers, values: Values, entries: Entries) -> Any:
    """The entries of an equation, one after the other along indices that a range or a list of arrays depends on.

    Where the shapes of the parts differ they stay a list.
    """
    steered = [i for i in equation.indices if i in drivers(equation, values)]
    rest = tuple(i for i in equation.indices if i not in steered)
    if not steered:
        return entries(equation, sizes, rest)
    counts = [range(i.start.value(sizes), i.stop.value(sizes)) for i in steered[:1]]
    parts = [
        _all_entries(
            Equation(equation.name, tuple(i for i in equation.indices if i != steered[0]), equation.body),
            sizes.at(steered[0], k), values, entries,
        )
        for k in counts[0]
    ]  # fmt: skip
    if any(isinstance(p, list) or p.shape != parts[0].shape for p in parts):
        assert equation.indices[0] == steered[0]
        return parts
    return torch.stack(parts, dim=equation.indices.index(steered[0]))


def drivers(equation: Equation, values: Values) -> frozenset[Index]:
    """The indices on which a range depends, and those that choose an array of a list."""
    found: set[Index] = set()
    for i in equation.indices:
        found.update(*(indices_of(p) for p in (i.start, i.stop)))
    for node in walk(equation.body):
        if isinstance(node, (Sum, Extreme)):
            found.update(*(indices_of(p) for i in node.indices for p in (i.start, i.stop)))
        if isinstance(node, Read) and isinstance(values.get(node.tensor), list):
            found.update(indices_of(node.subs[0]))
    return frozenset(found)


def _defined(network: Network, name: str) -> Equation:
    equation = network.equation(name)
    assert equation is not None
    return equation


def _reads(network: Network) -> dict[str, list[str]]:
    return {e.name: [r.tensor for r in reads(e.body) if network.equation(r.tensor)] for e in network.equations}


def _groups(network: Network) -> list[list[str]]:
    """The equations in order, those that read one another around a loop together."""
    direct = _reads(network)
    reached = {name: set(sources) for name, sources in direct.items()}
    for _ in direct:
        reached = {n: found.union(*(reached[m] for m in found)) if found else found for n, found in reached.items()}
    groups: list[list[str]] = []
    for name in direct:
        if not any(name in g for g in groups):
            groups.append([n for n in direct if n == name or (n in reached[name] and name in reached[n])])
    ordered: list[list[str]] = []
    while groups:  # a group comes once all is there that it reads from outside itself
        known = {n for g in ordered for n in g}
        ready = next(g for g in groups if all(reached[n] <= known.union(g) for n in g))
        groups.remove(ready)
        ordered.append(ready)
    return ordered


def _rounds(network: Network, group: list[str], sizes: Numbers) -> int:
    """After as many rounds as steps, every entry of a recurrence has been computed from ones that were right."""
    if len(group) == 1 and group[0] not in _reads(network)[group[0]]:
        return 1
    leads = dict.fromkeys(i for n in group for i in _lead(_defined(network, n)))
    return len(group) * sum(i.stop.value(sizes) for i in leads) + 1


def _lead(equation: Equation) -> Iterator[Index]:
    """The indices that may be those of a loop: their ranges depend on no other."""
    yield from (i for i in equation.indices if not any(True for _ in indices_of(i.stop)))


class Numbers(dict[Atom, int]):
    """The values of sizes, of those that differ by layer (`D[l]`), and of the indices that are counted one by one."""

    widths: dict[tuple[str, int], int]

    @staticmethod
    def of(network: Network, inputs: Mapping[str, Any]) -> Numbers:
        """From the shapes: plain extents first, then those with one unknown size, as `4*H`, then widths."""
        found = Numbers()
        found.widths = {}
        extents = list(_extents(network, inputs))
        for _ in range(len(network.dims)):
            for extent, count, _ in sorted(extents, key=lambda e: len(e[0].terms)):
                unknown = [a for a in extent.atoms() if isinstance(a, Dim) and a not in found]
                if len(unknown) == 1 and not any(isinstance(a, DimAt) for a in extent.atoms()):
                    zero, one = (extent.value({**found, unknown[0]: k}) for k in (0, 1))
                    found[unknown[0]] = (count - zero) // (one - zero)
        found._solve_rest([(e, k) for e, k, _ in extents])
        for extent, count, fixed in extents:
            if isinstance(atom := extent.atom, DimAt):
                found.widths[atom.name, atom.at.value({**found, **fixed})] = count
        return found

    def _solve_rest(self, extents: list[tuple[Poly, int]]) -> None:
        """Sizes that several extents say together, as S + M and S - M do: linear equations solved in numbers."""
        left = [(e, k) for e, k in extents if any(isinstance(a, Dim) and a not in self for a in e.atoms())]
        unknown = list(dict.fromkeys(a for e, _ in left for a in e.atoms() if isinstance(a, Dim) and a not in self))
        if not unknown:
            return
        zero = {**self, **dict.fromkeys(unknown, 0)}
        matrix = [[e.value({**zero, d: 1}) - e.value(zero) for d in unknown] for e, _ in left]
        known = [k - e.value(zero) for e, k in left]
        solved = torch.linalg.lstsq(torch.tensor(matrix, dtype=torch.float64), torch.tensor(known, dtype=torch.float64))
        self.update({d: round(v) for d, v in zip(unknown, solved.solution.tolist(), strict=True)})

    def at(self, index: Index, value: int) -> Numbers:
        """The same where an index has a value."""
        new = Numbers({**self, index: value})
        new.widths = self.widths
        return new

    def extents(self, indices: tuple[Index, ...]) -> list[int]:
        return [i.stop.value(self) for i in indices]

    def __missing__(self, atom: Atom) -> int:
        if isinstance(atom, DimAt):
            return self.widths[atom.name, atom.at.value(self)]
        raise KeyError(atom)


def _extents(network: Network, inputs: Mapping[str, Any]) -> Iterator[tuple[Poly, int, dict[Atom, int]]]:
    """Each extent with what it is; in a list with the place of the array."""
    for tensor in network.inputs:
        value = inputs[tensor.name]
        if tensor.each is None:
            yield from ((e, k, {}) for e, k in zip(tensor.shape, value.shape, strict=True))
            continue
        yield tensor.shape[0], len(value), {}
        for place, array in enumerate(value):
            yield from ((e, k, {tensor.each: place}) for e, k in zip(tensor.shape[1:], array.shape, strict=True))


class _Scope:
    """The values of tensors and sizes, and for each index in scope its range laid along an axis of its own."""

    def __init__(
        self, values: Values, sizes: Numbers, unknown: Mapping[str, Callable[..., Tensor]], dtype: torch.dtype
    ) -> None:
        self.values, self.sizes, self.unknown, self.dtype = values, sizes, unknown, dtype
        self.axes: dict[Index, Tensor] = {}
        # Where the value counts: an infinite derivative in a branch not taken, times 0, would be nan.
        self.taken: Tensor | None = None

    def binding(self, indices: tuple[Index, ...]) -> _Scope:
        """The scope with more indices, behind those that it has; a range may depend on indices that have a value."""
        inner = _Scope(self.values, self.sizes, self.unknown, self.dtype)
        ranges = {i: x.flatten() for i, x in self.axes.items()}
        ranges.update({i: torch.arange(i.start.value(self.sizes), i.stop.value(self.sizes)) for i in indices})
        for place, (i, numbers) in enumerate(ranges.items()):
            inner.axes[i] = numbers.reshape([-1 if k == place else 1 for k in range(len(ranges))])
        if self.taken is not None:
            inner.taken = self.taken.reshape([*self.taken.shape, *([1] * (len(ranges) - self.taken.dim()))])
        return inner

    def at(self, index: Index, value: int) -> _Scope:
        """The scope where an index has a value."""
        inner = _Scope(self.values, self.sizes.at(index, value), self.unknown, self.dtype)
        inner.axes, inner.taken = self.axes, self.taken
        return inner

    def where(self, cond: Tensor) -> _Scope:
        """The scope of what is evaluated where the condition holds."""
        inner = _Scope(self.values, self.sizes, self.unknown, self.dtype)
        inner.axes, inner.taken = self.axes, cond if self.taken is None else torch.logical_and(self.taken, cond)
        return inner

    def argument(self, e: Expr) -> Tensor:
        """What a function or a power is applied to: 1 where its value does not count."""
        value = self.value(e)
        return value if self.taken is None else torch.where(self.taken, value, self.number(1.0))

    def integer(self, poly: Poly) -> Tensor:
        """An integer expression, broadcast over the axes of its indices."""
        total = torch.zeros([1] * len(self.axes), dtype=torch.long)
        for monomial, coefficient in poly.terms:
            product = torch.full_like(total, coefficient)
            for atom in monomial:
                product = product * self.atom(atom)
            total = total + product
        return total

    def atom(self, atom: Atom) -> Tensor | int:
        if isinstance(atom, Index) and atom in self.axes:
            return self.axes[atom]
        if isinstance(atom, Read):
            return self.read(atom.tensor, atom.subs)
        if isinstance(atom, Quotient):
            return torch.div(self.integer(atom.top), self.integer(atom.bottom), rounding_mode="floor")
        return self.sizes[atom]

    def read(self, name: str, subs: tuple[Poly, ...]) -> Tensor:
        """An entry; one of a list of arrays has its place in the list first."""
        value = self.values[name]
        if isinstance(value, list):
            place = self.integer(subs[0])
            value, subs = value[int(place) if self.taken is None else min(max(int(place), 0), len(value) - 1)], subs[1:]
        found = tuple(self.integer(s) for s in subs)
        if self.taken is not None:  # where it does not count it may be anywhere inside
            found = tuple(p.clamp(0, k - 1) for p, k in zip(found, value.shape, strict=True))
        return value[found]

    def number(self, value: float) -> Tensor:
        return torch.full([1] * len(self.axes), value, dtype=self.dtype)

    def value(self, e: Expr) -> Tensor:
        """An expression, with one axis (of length 1 or the index's extent) for each index in scope."""
        match e:
            case Num(value):
                return self.number(float(value))
            case Pi():
                return self.number(math.pi)
            case Int(poly):
                return self.integer(poly).to(self.dtype)
            case Read(name, subs):
                read = self.read(name, subs)
                return read if subs else read.reshape([1] * len(self.axes))
            case Add(args):
                return sum((self.value(a) for a in args[1:]), self.value(args[0]))
            case Mul(args):
                return math.prod((self.value(a) for a in args[1:]), start=self.value(args[0]))
            case Pow(base, exponent):
                power = float(exponent.value) if isinstance(exponent, Num) else self.value(exponent)
                return torch.pow(self.argument(base), power)
            case Fn(name, args):
                return {**FUNCTIONS, **self.unknown}[name](*(self.argument(a) for a in args))
            case Delta(a, b):
                return (self.integer(a) == self.integer(b)).to(self.dtype)
        return self.compound(e)

    def compound(self, e: Expr) -> Tensor:
        match e:
            case Where(cond, then, other):
                holds = self.cond(cond)
                if holds.numel() == 1:
                    return self.value(then if bool(holds) else other)
                one, two = self.where(holds), self.where(torch.logical_not(holds))
                return torch.where(holds, one.value(then), two.value(other))
            case Sum(indices, body):
                if (first := self.steering(indices, body)) is not None:
                    rest = tuple(i for i in indices if i != first)
                    ends = range(first.start.value(self.sizes), first.stop.value(self.sizes))
                    parts = [self.at(first, k).value(Sum(rest, body) if rest else body) for k in ends]
                    return sum(parts, self.number(0.0))
                inner = self.binding(indices)
                return self._reduce(inner, inner.value(body), len(indices)).sum(dim=-1)
            case Extreme(kind, indices, body, cond):
                # gather at the first hit: amax would share the derivative between ties
                found, place = self._first(kind, indices, body, cond)
                return found.gather(-1, place).squeeze(-1)
        raise TypeError(f"tests/autograd/witness.py has no rule for {type(e).__name__}")

    def steering(self, indices: tuple[Index, ...], body: Expr) -> Index | None:
        """The first index of a sum that must be counted one by one."""
        found = drivers(Equation("", indices, body), self.values)
        return next((i for i in indices if i in found), None)

    def _reduce(self, inner: _Scope, value: Tensor, count: int) -> Tensor:
        """The last `count` axes at full length, as one axis."""
        lengths = [x.numel() for x in inner.axes.values()][-count:]
        kept = list(value.shape[: value.dim() - count])
        return value.expand([*kept, *lengths]).reshape([*kept, -1])

    def _first(self, kind: str, indices: tuple[Index, ...], body: Expr, cond: Cond) -> tuple[Tensor, Tensor]:
        """The entries along the last axis, which stands for all of the indices, and where the first extreme is."""
        inner = self.binding(indices)
        holds = inner.cond(cond)
        kept = torch.where(
            holds, inner.where(holds).value(body), inner.number(-math.inf if kind == "max" else math.inf)
        )
        found = self._reduce(inner, kept, len(indices))
        return found, (found.argmax if kind == "max" else found.argmin)(dim=-1, keepdim=True)

    def cond(self, c: Cond) -> Tensor:
        match c:
            case First(kind, indices, body, cond, at):
                place = self._first(kind, indices, body, cond)[1].squeeze(-1)
                hit = torch.full([1] * len(self.axes), True)
                for i, p in reversed(list(zip(indices, at, strict=True))):
                    start, stop = self.integer(i.start), self.integer(i.stop)
                    hit = hit & (place % (stop - start) + start == self.integer(p))
                    place = place // (stop - start)
                return hit
            case Compare(op, a, b):
                return COMPARE[op](self.value(a), self.value(b))
            case And(args):
                return self._all(args, torch.logical_and, start=True)
            case Or(args):
                return self._all(args, torch.logical_or, start=False)
            case Not(arg):
                return torch.logical_not(self.cond(arg))
        raise TypeError(f"tests/autograd/witness.py has no rule for {type(c).__name__}")

    def _all(self, args: tuple[Cond, ...], join: Callable[..., Tensor], *, start: bool) -> Tensor:
        """A part of a condition is looked at only where those before it do not decide."""
        result, scope = torch.full([1] * len(self.axes), start), self
        for arg in args:
            result = join(result, scope.cond(arg))
            scope = self.where(result if start else torch.logical_not(result))
        return result


def gradients(
    network: Network,
    inputs: Mapping[str, Any],
    unknown: Mapping[str, Callable[..., Tensor]] | None = None,
    dtype: torch.dtype = torch.float64,
) -> tuple[float, dict[str, Any]]:
    """The loss and its gradient by every parameter; a parameter that it does not reach has zeros."""
    leaves = {n: _leaf(v, n in network.parameters) for n, v in inputs.items()}
    loss = evaluate(network, leaves, unknown, dtype)
    wanted = [leaf for n in network.parameters for leaf in _flat(leaves[n])]
    reached = loss.requires_grad
    found = torch.autograd.grad(loss.reshape(()), wanted, allow_unused=True) if reached else [None] * len(wanted)
    zeros = iter([torch.zeros_like(w) if g is None else g for w, g in zip(wanted, found, strict=True)])
    each = {n: [next(zeros) for _ in _flat(leaves[n])] for n in network.parameters}
    return loss.item(), {n: g if isinstance(leaves[n], list) else g[0] for n, g in each.items()}


def _leaf(value: Any, wanted: bool) -> Any:
    return [_leaf(v, wanted) for v in value] if isinstance(value, list) else value.clone().requires_grad_(wanted)


def _flat(value: Any) -> list[Tensor]:
    return value if isinstance(value, list) else [value]
