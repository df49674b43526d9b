"""What a backward pass costs, and what it needs of the forward pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from symbp.calculus.steps import Derivation
from symbp.core.canonical import key
from symbp.core.expr import Delta, Expr, Sum
from symbp.core.integers import Dim, Poly
from symbp.core.network import Equation
from symbp.core.traverse import dims_of, free_indices, reads, walk
from symbp.core.views import among, factors_of, is_bracket
from symbp.document.said import Product


def products(e: Equation, sizes: Sequence[Dim]) -> tuple[Product, ...]:
    """The operations of an equation's sums of products, 2NHK of a matrix product: a product and a sum for each term.

    Those of the same sizes are added. What acts entry by entry costs as much as it has entries, and is not counted
    beside these. `sizes` are in the order in which they are to stand.
    """
    order = {d.name: place for place, d in enumerate(sizes)}
    numbers: dict[tuple[Poly, ...], int] = {}
    for own in {key(s): _operations(s, order) for s in _sums(e.body)}.values():
        numbers[own.extents] = numbers.get(own.extents, 0) + own.number
    return tuple(Product(extents, number) for extents, number in numbers.items())


def _sums(e: Expr) -> Iterator[Sum]:
    """The sums of products of two tensors at least."""
    for node in walk(e):
        if isinstance(node, Sum) and sum(bool(reads(f)) and not is_bracket(f) for f in factors_of(node.body)) > 1:
            yield node


def _operations(s: Sum, order: Mapping[str, int]) -> Product:
    """A delta leaves one value of a letter."""
    letters = dict.fromkeys((*free_indices(s), *s.indices))
    for delta in among(factors_of(s.body), Delta):
        solved = next((i for p in (delta.b, delta.a) if (i := p.index) is not None and i in letters), None)
        letters.pop(solved, None)  # type: ignore[arg-type]
    number, extents = 2, list[Poly]()
    for extent in (i.extent for i in letters):
        coefficient, factors = factors_of_extent(extent)
        number *= coefficient
        extents += factors
    extents.sort(key=lambda p: min((order.get(d.name, len(order)) for d in dims_of(p)), default=len(order)))
    return Product(tuple(extents), number)


def factors_of_extent(extent: Poly) -> tuple[int, tuple[Poly, ...]]:
    """The number and the sizes of a product, 4H; of a sum itself."""
    if len(extent.terms) != 1:
        return 1, (extent,)
    ((atoms, coefficient),) = extent.terms
    return coefficient, tuple(map(Poly.of, atoms))


def kept(d: Derivation) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The quantities that the backward pass reads, and those that it does not, but for the loss."""
    forward = [e.name for e in d.network.equations if e.name != d.loss]
    own = {e.name for e in d.network.equations}
    read = {r.tensor for e in d.backward.equations if e.name not in own for r in reads(e.body)}
    return tuple(n for n in forward if n in read), tuple(n for n in forward if n not in read)
