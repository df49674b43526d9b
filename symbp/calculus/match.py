"""Is this expression an instance of that one, with other indices in the place of its variables?"""

from __future__ import annotations

from dataclasses import dataclass

from symbp.core.expr import Add, Binder, Compare, Cond, Extreme, First, Fn, Mul, Num, Read
from symbp.core.guards import holds, within
from symbp.core.integers import Atom, DimAt, Index, Node, Poly
from symbp.core.traverse import children, indices_of, polys, substitute_poly

Binding = dict[Atom, Poly]


@dataclass(frozen=True, slots=True)
class Variables:
    """The indices to be found. Without `given` they become plain indices of their own range; with it whatever is in
    their range under those conditions, be it a step on or back or a fixed one: l + 1 where l + 1 < L, 0, T - 1.
    """

    indices: tuple[Index, ...]
    given: tuple[Cond, ...] | None = None


def match(pattern: Node, node: Node, variables: tuple[Index, ...]) -> Binding | None:
    """What the variables must be for `pattern` to be `node`, or None.

    Neither the order of terms and factors nor the names of bound indices matter.
    """
    return _found(pattern, node, Variables(variables))


def match_under(pattern: Node, node: Node, variables: tuple[Index, ...], given: tuple[Cond, ...]) -> Binding | None:
    """The same where conditions hold: a variable may be an index and a number, or a fixed place, in its range."""
    return _found(pattern, node, Variables(variables, given))


def _found(pattern: Node, node: Node, variables: Variables) -> Binding | None:
    binding: Binding = {}
    return binding if _match(pattern, node, variables, binding) else None


def _match(pattern: Node, node: Node, variables: Variables, binding: Binding) -> bool:
    if type(pattern) is not type(node) or _label(pattern) != _label(node):
        return False
    if isinstance(pattern, Binder) and not _bind_ranges(pattern, node, variables, binding):
        return False
    ours, theirs = polys(pattern), polys(node)
    if len(ours) != len(theirs):
        return False
    if not all(_match_poly(a, b, variables, binding) for a, b in zip(ours, theirs, strict=True)):
        return False
    left, right = children(pattern), children(node)
    if len(left) != len(right):
        return False
    if len(left) > 1 and isinstance(pattern, (Add, Mul)):
        return _match_in_any_order(left, right, variables, binding)
    return all(_match(a, b, variables, binding) for a, b in zip(left, right, strict=True))


def _match_in_any_order(
    left: tuple[Node, ...], right: tuple[Node, ...], variables: Variables, binding: Binding
) -> bool:
    """Can each on the left be paired with one on the right, the same binding for all?"""
    if not left:
        return True
    for place, node in enumerate(right):
        trial = dict(binding)
        rest = right[:place] + right[place + 1 :]
        if _match(left[0], node, variables, trial) and _match_in_any_order(left[1:], rest, variables, trial):
            binding.clear()
            binding.update(trial)
            return True
    return False


def _label(node: Node) -> object:
    match node:
        case Read(tensor, _):
            return tensor
        case Num(value):
            return value
        case Fn(name, _, orders):
            return (name, orders)
        case Compare(op, _, _):
            return op
        case Extreme(kind) | First(kind):
            return kind
    return None


def _bind_ranges(pattern: Binder, node: Node, variables: Variables, binding: Binding) -> bool:
    assert isinstance(node, Binder)
    if len(pattern.indices) != len(node.indices):
        return False
    for a, b in zip(pattern.indices, node.indices, strict=True):
        if not all(_match_end(p, q, variables, binding) for p, q in ((a.stop, b.stop), (a.start, b.start))):
            return False
        binding[a] = Poly.of(b)
    return True


def _match_end(a: Poly, b: Poly, variables: Variables, binding: Binding) -> bool:
    """The end of a range; one that depends on a layer says which layer."""
    ours, theirs = a.atom, b.atom
    if variables.given is not None and isinstance(ours, DimAt) and isinstance(theirs, DimAt):
        return ours.name == theirs.name and _match_poly(ours.at, theirs.at, variables, binding)
    return substitute_poly(a, binding) == b


def _match_poly(a: Poly, b: Poly, variables: Variables, binding: Binding) -> bool:
    if variables.given is not None:
        return _match_shifted(a, b, variables, binding)
    if a.index in variables.indices and a.index not in binding:
        assert a.index is not None
        other = b.index
        if other is None or other.extent != a.index.extent:
            return False
        binding[a.index] = b
        return True
    return substitute_poly(a, binding) == b


def _match_shifted(a: Poly, b: Poly, variables: Variables, binding: Binding) -> bool:
    """Solve for the one variable that is still to be found, where it stands by itself beside what is known."""
    left = [i for i in a.atoms_of(Index) if i in variables.indices and i not in binding]
    if len(left) == 1 and a.coefficient(left[0]).constant == 1:
        index = left[0]
        value = b - substitute_poly(a - index, binding)
        reach = Index(index.name, *(substitute_poly(p, binding) for p in (index.stop, index.start)))
        if not _is_step(value) or not all(holds(c, variables.given or ()) for c in within(value, reach)):
            return False
        binding[index] = value
        return True
    return not left and substitute_poly(a, binding) == b


def _is_step(value: Poly) -> bool:
    """Is it an index, maybe some steps on or back, or a place that is fixed?"""
    indices = tuple(dict.fromkeys(indices_of(value)))
    return not indices or (len(indices) == 1 and (value - indices[0]).constant is not None)
