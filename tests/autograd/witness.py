"""A network evaluated by PyTorch from its equations, entry by entry, so that autograd can differentiate any network.

Every index of an expression is an axis of its own, in an order fixed by the expression; a read gathers with one
integer grid for each subscript, and a sum reduces its axes. It shares nothing with the interpreter, the calculus and
the lowering.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch

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
    Pi,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Atom, Dim, Index, Poly, Quotient
from symbp.core.network import Equation, Network
from symbp.core.traverse import reads

Tensor = torch.Tensor
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    **{name: getattr(torch, name) for name in ("exp", "log", "log1p", "expm1", "sin", "cos", "tanh", "erf", "abs")},
    "sign": torch.sign,
}
COMPARE = {"<": torch.lt, "<=": torch.le, ">": torch.gt, ">=": torch.ge, "==": torch.eq, "!=": torch.ne}


def evaluate(
    network: Network, inputs: Mapping[str, Tensor], unknown: Mapping[str, Callable[..., Tensor]] | None = None
) -> Tensor:
    """The loss of a network at these inputs, as a tensor that autograd can differentiate."""
    values = dict(inputs)
    sizes = _sizes(network, inputs)
    for group in _groups(network):
        for name in group if len(group) > 1 or _reads(network)[group[0]].count(group[0]) else ():
            values[name] = torch.zeros(
                [i.stop.value(sizes) for i in _defined(network, name).indices], dtype=torch.float64
            )
        for _ in range(_rounds(network, group, sizes)):
            for name in group:
                equation = _defined(network, name)
                scope = _Scope(values, sizes, unknown or {}).binding(equation.indices)
                value = scope.value(equation.body)
                values[name] = value.expand([scope.axes[i].numel() for i in equation.indices])
    return values[network.outputs[0]]


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


def _rounds(network: Network, group: list[str], sizes: Mapping[Atom, int]) -> int:
    """After as many rounds as steps, every entry of a recurrence has been computed from ones that were right."""
    if len(group) == 1 and group[0] not in _reads(network)[group[0]]:
        return 1
    return len(group) * max(_defined(network, n).indices[0].stop.value(sizes) for n in group) + 1


def _sizes(network: Network, inputs: Mapping[str, Tensor]) -> dict[Atom, int]:
    """The named sizes from the shapes: plain extents first, then those with one unknown size, as `4*H`."""
    extents = [
        (extent, count)
        for tensor in network.inputs
        for extent, count in zip(tensor.shape, inputs[tensor.name].shape, strict=True)
    ]
    found: dict[Atom, int] = {}
    for _ in range(len(network.dims)):
        for extent, count in sorted(extents, key=lambda pair: len(pair[0].terms)):
            unknown = [a for a in extent.atoms() if isinstance(a, Dim) and a not in found]
            if len(unknown) == 1:
                zero, one = (extent.value({**found, unknown[0]: k}) for k in (0, 1))
                found[unknown[0]] = (count - zero) // (one - zero)
    return found


class _Scope:
    """The values of tensors and sizes, and for each index in scope its range laid along an axis of its own."""

    def __init__(
        self, values: Mapping[str, Tensor], sizes: Mapping[Atom, int], unknown: Mapping[str, Callable[..., Tensor]]
    ) -> None:
        self.values, self.sizes, self.unknown = values, sizes, unknown
        self.axes: dict[Index, Tensor] = {}
        # Where the value counts: an infinite derivative in a branch not taken, times 0, would be nan.
        self.taken: Tensor | None = None

    def binding(self, indices: tuple[Index, ...]) -> _Scope:
        """The scope with more indices, behind those that it has; a range may not depend on another index."""
        inner = _Scope(self.values, self.sizes, self.unknown)
        ranges = {i: x.flatten() for i, x in self.axes.items()}
        ranges.update({i: torch.arange(i.start.value(self.sizes), i.stop.value(self.sizes)) for i in indices})
        for place, (i, numbers) in enumerate(ranges.items()):
            inner.axes[i] = numbers.reshape([-1 if k == place else 1 for k in range(len(ranges))])
        if self.taken is not None:
            inner.taken = self.taken.reshape([*self.taken.shape, *([1] * (len(ranges) - self.taken.dim()))])
        return inner

    def where(self, cond: Tensor) -> _Scope:
        """The scope of what is evaluated where the condition holds."""
        inner = _Scope(self.values, self.sizes, self.unknown)
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
        if isinstance(atom, Index):
            return self.axes[atom]
        if isinstance(atom, Read):
            return self.values[atom.tensor][self.places(atom.tensor, atom.subs)]
        return atom.value(self.sizes) if isinstance(atom, Quotient) else self.sizes[atom]

    def places(self, name: str, subs: tuple[Poly, ...]) -> tuple[Tensor, ...]:
        """The subscripts of a read; where it does not count it may be anywhere inside."""
        found = tuple(self.integer(s) for s in subs)
        if self.taken is None:
            return found
        return tuple(p.clamp(0, k - 1) for p, k in zip(found, self.values[name].shape, strict=True))

    def number(self, value: float) -> Tensor:
        return torch.full([1] * len(self.axes), value, dtype=torch.float64)

    def value(self, e: Expr) -> Tensor:
        """An expression, with one axis (of length 1 or the index's extent) for each index in scope."""
        match e:
            case Num(value):
                return self.number(float(value))
            case Pi():
                return self.number(math.pi)
            case Int(poly):
                return self.integer(poly).to(torch.float64)
            case Read(name, subs):
                read = self.values[name][self.places(name, subs)]
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
                return (self.integer(a) == self.integer(b)).to(torch.float64)
        return self.compound(e)

    def compound(self, e: Expr) -> Tensor:
        match e:
            case Where(cond, then, other):
                holds = self.cond(cond)
                one, two = self.where(holds), self.where(torch.logical_not(holds))
                return torch.where(holds, one.value(then), two.value(other))
            case Sum(indices, body):
                inner = self.binding(indices)
                return self._reduce(inner, inner.value(body), len(indices)).sum(dim=-1)
            case Extreme(kind, indices, body, cond):
                inner = self.binding(indices)
                worst = -math.inf if kind == "max" else math.inf
                holds = inner.cond(cond)
                kept = torch.where(holds, inner.where(holds).value(body), inner.number(worst))
                found = self._reduce(inner, kept, len(indices))
                # gather at the first hit: amax would share the derivative between ties
                place = (found.argmax if kind == "max" else found.argmin)(dim=-1, keepdim=True)
                return found.gather(-1, place).squeeze(-1)
        raise TypeError(f"tests/autograd/witness.py has no rule for {type(e).__name__}")

    def _reduce(self, inner: _Scope, value: Tensor, count: int) -> Tensor:
        """The last `count` axes at full length, as one axis."""
        lengths = [x.numel() for x in inner.axes.values()][-count:]
        kept = list(value.shape[: value.dim() - count])
        return value.expand([*kept, *lengths]).reshape([*kept, -1])

    def cond(self, c: Cond) -> Tensor:
        match c:
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
        result = torch.full([1] * len(self.axes), start)
        for arg in args:
            result = join(result, self.cond(arg))
        return result


def gradients(
    network: Network, inputs: Mapping[str, Tensor], unknown: Mapping[str, Callable[..., Tensor]] | None = None
) -> tuple[float, dict[str, Tensor]]:
    """The loss and its gradient by every parameter; a parameter that it does not reach has zeros."""
    leaves = {n: v.clone().requires_grad_(n in network.parameters) for n, v in inputs.items()}
    loss = evaluate(network, leaves, unknown)
    wanted = [leaves[n] for n in network.parameters]
    reached = loss.requires_grad
    found = torch.autograd.grad(loss.reshape(()), wanted, allow_unused=True) if reached else [None] * len(wanted)
    zeros = [torch.zeros_like(w) if g is None else g for w, g in zip(wanted, found, strict=True)]
    return loss.item(), dict(zip(network.parameters, zeros, strict=True))
