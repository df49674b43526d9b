"""Is this expression an instance of that one, with other indices in the place of its variables?"""

from __future__ import annotations

from symbp.core.expr import Add, Compare, Extreme, Fn, Mul, Num, Read, Sum
from symbp.core.integers import Atom, Index, Node, Poly
from symbp.core.traverse import children, polys, substitute_poly

Binding = dict[Atom, Poly]


def match(pattern: Node, node: Node, variables: tuple[Index, ...]) -> Binding | None:
    """What the variables must be for `pattern` to be `node`, or None.

    Neither the order of terms and factors nor the names of bound indices matter.
    """
    binding: Binding = {}
    return binding if _match(pattern, node, variables, binding) else None


def _match(pattern: Node, node: Node, variables: tuple[Index, ...], binding: Binding) -> bool:
    if type(pattern) is not type(node) or _label(pattern) != _label(node):
        return False
    if isinstance(pattern, (Sum, Extreme)) and not _bind_ranges(pattern, node, binding):
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
    left: tuple[Node, ...], right: tuple[Node, ...], variables: tuple[Index, ...], binding: Binding
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
        case Extreme(kind, _, _, _):
            return kind
    return None


def _bind_ranges(pattern: Sum | Extreme, node: Node, binding: Binding) -> bool:
    assert isinstance(node, (Sum, Extreme))
    if len(pattern.indices) != len(node.indices):
        return False
    for a, b in zip(pattern.indices, node.indices, strict=True):
        if substitute_poly(a.stop, binding) != b.stop or substitute_poly(a.start, binding) != b.start:
            return False
        binding[a] = Poly.of(b)
    return True


def _match_poly(a: Poly, b: Poly, variables: tuple[Index, ...], binding: Binding) -> bool:
    if a.index in variables and a.index not in binding:
        assert a.index is not None
        other = b.index
        if other is None or other.extent != a.index.extent:
            return False
        binding[a.index] = b
        return True
    return substitute_poly(a, binding) == b
