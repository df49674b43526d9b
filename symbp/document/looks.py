"""What a derivation names, gathered: tensors, sizes, index letters with their usual ranges, functions, adjoints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from symbp.calculus.steps import Chain, Derivation, HessianProduct
from symbp.core.expr import Binder, Expr, Fn, Read
from symbp.core.integers import Dim, DimAt, Index, Node, Poly, Quotient
from symbp.core.network import Equation
from symbp.core.traverse import free_indices, indices_of, nodes, walk
from symbp.document.model import Look
from symbp.document.starts import starts_of
from symbp.matrix import SliceForm, slice_form

NO_RANGE = (Poly(), Poly())  # of a letter whose every range depends on another: it is always spelt out
Ranges = dict[str, tuple[Poly, Poly]]


def look_of(d: Derivation, product: HessianProduct | None = None) -> Look:
    """The names of a derivation, and of the Hessian times a vector if that is derived too.

    The loss's equation is needed where a partial derivative of the loss is local.
    """
    network = d.network
    ranks = [(t.name, len(t.shape)) for t in network.inputs] + [(e.name, len(e.indices)) for e in network.equations]
    used_twice = (s.quantity for s in d.sections if len(s.used_by) > 1 and d.loss in s.used_by)
    return Look(
        ranks=tuple(ranks),
        sizes=sizes(d),
        ranges=tuple(ranges(d, product).items()),
        functions=tuple(f for f, _ in network.functions),
        calls=_calls(d, product),
        adjoints=tuple((adjoint, quantity) for quantity, adjoint in _adjoints(d).items()),
        tangents=tuple((tangent, quantity) for quantity, tangent in (product.tangents if product else ())),
        loss=d.loss,
        loss_number=d.number(d.loss),
        shared=frozenset(used_twice),
        extents=long_extents(d),
        parameters=frozenset(network.parameters),
        starts=starts_of(expressions(d, product), (e.name for e in network.equations)),
    )


def _calls(d: Derivation, product: HessianProduct | None) -> tuple[str, ...]:
    """The functions of the library and the elementary ones that are called."""
    nodes = (n for e in expressions(d, product) for n in walk(e))
    elementary = (n.name for n in nodes if isinstance(n, Fn) and not n.orders)
    return tuple(dict.fromkeys([*(e.call.function for e in d.network.equations if e.call), *elementary]))


def sizes(d: Derivation) -> tuple[str, ...]:
    """The names of the sizes, those that differ by layer (`D[l]`) among them."""
    found = dict.fromkeys(x.name for x in d.network.dims)
    shapes = (t.shape for t in d.network.inputs), (e.shape for e in d.network.equations)
    for shape in (s for group in shapes for s in group):
        found.update(dict.fromkeys(a.name for p in shape for a in p.atoms_of(DimAt)))
    return tuple(found)


def long_extents(d: Derivation) -> tuple[tuple[str, Poly], ...]:
    """The extents with a quotient in them, floor((I - U)/2) + 1, each with the size that is divided."""
    shapes = [t.shape for t in d.network.inputs] + [e.shape for e in d.network.equations]
    found: dict[Poly, str] = {}
    for extent in (p for shape in shapes for p in shape):
        quotient = next(iter(extent.atoms_of(Quotient)), None)
        size = _divided(quotient.top) if quotient else None
        if size:
            found.setdefault(extent, size)
    return tuple((size, extent) for extent, size in found.items())


def _divided(top: Poly) -> str | None:
    """The size that grows what is divided, the I of (I - U)//2 or of a quotient within one; else any size."""
    grown = tuple(a for m, c in top.terms if c > 0 for a in m)
    inner = (_divided(a.top) for a in grown if isinstance(a, Quotient))
    own = (a.name for atoms in (grown, top.atoms()) for a in atoms if isinstance(a, Dim))
    return next((name for name in (*inner, *own) if name), None)


def _adjoints(d: Derivation) -> dict[str, str]:
    """Quantities with the names of their adjoints, the gradients of unreached parameters among them."""
    return {**dict(d.adjoints), **dict(d.gradients)}


def chains(d: Derivation) -> Iterator[Chain]:
    """Every chain of a derivation."""
    for section in d.sections:
        yield from section.locals
        yield section.main
        yield from section.variants


def expressions(d: Derivation, product: HessianProduct | None = None) -> Iterator[Expr]:
    """Every expression that a document of the derivation shows."""
    for e in (*d.network.equations, *d.backward.equations):
        yield Read(e.name, tuple(Poly.of(i) for i in e.indices))
        yield e.body
    for chain in (*chains(d), *(product.chains if product else ())):
        yield chain.lhs
        for step in chain.steps:
            yield step.value
            yield from (part for pair in step.rule.values for part in pair)


def ranges(d: Derivation, product: HessianProduct | None = None) -> Ranges:
    """Every index letter with its usual range, the one that it has most often; facts' letters too.

    A letter whose range depends on another somewhere has no usual one.
    """
    found: dict[str, dict[tuple[Poly, Poly], int]] = {}
    depends: set[str] = set()
    nodes = Counter[Node]([*expressions(d, product), *(f.statement for f in d.network.facts)])
    for node, times in nodes.items():
        for i in indices_shown(node):
            uses = found.setdefault(i.name, {})
            if any(True for p in (i.start, i.stop) for _ in indices_of(p)):
                depends.add(i.name)
            uses[i.start, i.stop] = uses.get((i.start, i.stop), 0) + times
    return {name: NO_RANGE if name in depends else max(uses, key=lambda r: uses[r]) for name, uses in found.items()}


def indices_shown(node: Node) -> Iterator[Index]:
    """The letters that are printed for it."""
    yield from free_indices(node)
    for part in walk(node):
        if isinstance(part, Binder):
            yield from part.indices


def whole_form(d: Derivation | HessianProduct, equation: Equation) -> SliceForm | None:
    """The matrix form of an equation of any pass, slice by slice where its tensors have more dimensions."""
    adjoints = _adjoints(d) if isinstance(d, Derivation) else {}
    quantity = {adjoint: name for name, adjoint in adjoints.items()}

    def of(read: Read) -> tuple[Poly, ...]:
        return d.network.extents(Read(quantity.get(read.tensor, read.tensor), read.subs))

    return slice_form(equation, of, d.network.steps)


def adjoint_equation(name: str, chain: Chain) -> Equation:
    """The equation of an adjoint, whether it went into the backward network or was inserted elsewhere."""
    assert isinstance(chain.lhs, Read)
    indices = tuple(i for s in chain.lhs.subs if (i := s.index) is not None)
    return Equation(name, indices, chain.result)


def functions_in(d: Derivation) -> tuple[str, ...]:
    """The unknown functions that are differentiated somewhere."""
    found = (n.name for e in expressions(d) for n in nodes(e, Fn) if any(n.orders))
    return tuple(dict.fromkeys(found))
