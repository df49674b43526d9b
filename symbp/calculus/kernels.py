"""Names for what a derivative needs and no tensor holds: y = x + tanh(z) becomes t = tanh(z), y = x + t.

Comes in: a network. Goes out: the same network, in which a function value or root has an equation of its own where the
derivative of the equation that it stands in could be written in that equation's value only by cancelling (tanh(z) as
y - x, which has lost its digits where x is large) or by a division that the definition has not (sqrt(s) as y / c, which
dies where c is 0). With its name the derivative is short and as exact as the definition.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from symbp.calculus import scalar
from symbp.calculus.local import along
from symbp.calculus.match import match
from symbp.calculus.reexpress import as_power, kernels_of, refused
from symbp.calculus.solve import solve
from symbp.calculus.symbols import is_root
from symbp.core import build
from symbp.core.canonical import key, same
from symbp.core.expr import Expr, Mul, Read, Sum
from symbp.core.integers import Index
from symbp.core.network import Equation, Network
from symbp.core.traverse import fresh_name, map_values, nodes, reads, walk
from symbp.core.views import applied, operands


def name_kernels(network: Network, active: Collection[str]) -> Network:
    """The network with such kernels named; `active` is what depends on what the loss is differentiated by."""
    taken = {t.name for t in network.inputs} | {e.name for e in network.equations} | {d.name for d in network.dims}
    taken |= {f for f, _ in network.functions}
    equations: list[Equation] = []
    for equation in network.equations:
        equations += _split(equation, active, taken) if equation.name in active else [equation]
    return network if len(equations) == len(network.equations) else replace(network, equations=tuple(equations))


def _split(equation: Equation, active: Collection[str], taken: set[str]) -> list[Equation]:
    """The equation with what it needs named before it."""
    named: list[Equation] = []
    for kernel in _wanted(equation, active):
        part = _part(equation, kernel)
        name = fresh_name(f"{equation.name}_{_word(part)}", taken)
        own = Equation(name, equation.indices, part)
        body = _put(equation.body, part, own.entry)
        if body != equation.body:
            taken.add(name)
            named.append(own)
            equation = replace(equation, body=body, call=None)
    return [*named, equation]


def _word(part: Expr) -> str:
    """What a part is called after: the function or the root that it is."""
    return applied(part) or ("root" if is_root(part) else "part")


def _wanted(equation: Equation, active: Collection[str]) -> tuple[Expr, ...]:
    """The kernels that some derivative of the equation needs and cannot have from its value."""
    kernels = [k for k in kernels_of(equation) if _reads_any(k, active) and not _is_had(equation, k)]
    found = {key(k) for k in kernels if _is_log_of(k, _part(equation, k))}
    kernels = [k for k in kernels if _returns(k) or key(k) in found]
    for name in dict.fromkeys(r.tensor for r in reads(equation.body) if r.tensor in active) if kernels else ():
        found.update(key(k) for k in refused(equation, along(equation.body, {name: f"{name} moved"})))
    return tuple(k for k in kernels if key(k) in found)


def _reads_any(expr: Expr, names: Collection[str]) -> bool:
    return any(r.tensor in names for r in reads(expr))


def _returns(kernel: Expr) -> bool:
    """Does the kernel return in its own derivative, as exp, tanh and roots do?"""
    if name := applied(kernel):
        return any(applied(n) == name for n in walk(scalar.derivative(name, build.UNIT)))
    return is_root(kernel)


def _is_log_of(kernel: Expr, part: Expr) -> bool:
    """Is it the logarithm of that sum of exponentials, by which its derivative divides them?"""
    return isinstance(kernel, Sum) and applied(part) == "log" and _has_exponential(kernel)


def _has_exponential(expr: Expr) -> bool:
    return any(applied(n) == "exp" for n in walk(expr))


def _is_had(equation: Equation, kernel: Expr) -> bool:
    """Is the equation a function of the kernel alone from which the kernel can be had?"""
    alone = _stands_alone(equation, equation.body, kernel)
    solved = solve(equation.body, Read(equation.name), kernel) if alone else None
    return solved is not None and solved.exact


def _stands_alone(equation: Equation, part: Expr, kernel: Expr) -> bool:
    """Does the part read nothing but what instances of the kernel read, at these and other indices?"""
    return not reads(_without(part, kernel, equation.letters))


def _without(node: Expr, kernel: Expr, indices: tuple[Index, ...]) -> Expr:
    """The part with 1 for each instance of the kernel and of its powers."""
    if match(kernel, node, indices) is not None or as_power(kernel, node, indices) is not None:
        return build.UNIT
    return map_values(node, lambda c: _without(c, kernel, indices))


def _part(equation: Equation, kernel: Expr) -> Expr:
    """What is to be named: the kernel; of an exponential or a sum of them, which may overflow, what it stands in by
    itself, as it does in 1/(1 + exp(-z)) or log(sum(exp(z))), if that holds its digits.
    """
    if applied(kernel) == "exp" or (isinstance(kernel, Sum) and _has_exponential(kernel)):
        _, whole = build.split_number(_whole(equation, equation.body, kernel))
        solved = None if same(whole, equation.body) else solve(whole, Read(""), kernel)
        return whole if solved is not None and solved.exact else kernel
    return kernel


def _whole(equation: Equation, node: Expr, kernel: Expr) -> Expr:
    """The largest part of the expression that is a function of the kernel alone."""
    if _stands_alone(equation, node, kernel):
        return node
    inside = [c for c in operands(node) if any(same(kernel, n) for n in nodes(c, Expr))]
    alone = [c for c in operands(node) if _stands_alone(equation, c, kernel)]
    if isinstance(node, Mul) and any(c in inside for c in alone):
        return build.mul(*alone)
    return _whole(equation, inside[0], kernel) if inside else kernel


def _put(node: Expr, part: Expr, value: Expr) -> Expr:
    """The expression with the value in the place of the part, of some factors of a product too."""
    if same(node, part):
        return value
    match node, part:
        case Mul(args), Mul(some) if all(f in args for f in some):
            return build.mul(*(f for f in args if f not in some), value)
    return map_values(node, lambda c: _put(c, part, value)) if operands(node) else node
