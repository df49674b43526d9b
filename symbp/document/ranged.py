"""Index letters for a whole document: one range for each letter, on every page.

A derivation comes in whose equations each have letters of their own, so that one letter may stand for different ranges
in different lines; the same goes out with its letters changed. Within a chain different letters stay different, so that
nothing is caught by a sum and every line says what it said.

A range bears the letter that the network's author wrote for it most often, else that of its size. Its further letters
are the author's, a neighbour in the alphabet, the first ones with up to two primes, then fresh ones. In a name a
prime is written `_`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeVar

from symbp.calculus.steps import Chain, Derivation, HessianProduct, Rule, Section, Step
from symbp.core.expr import Binder
from symbp.core.integers import Atom, Dim, DimAt, Index, Node, Poly
from symbp.core.network import Call, Equation, Fact, Network, Tensor
from symbp.core.traverse import children, dims_of, indices_of, polys
from symbp.document.letters import locals_of

T = TypeVar("T")
Range = tuple[Poly, Poly] | str  # from start to stop; of widths that differ by layer, the name of the widths
Letter = tuple[str, Range]
_ROWS = ("nm", "mn", "kji", "hg", "gh", "dc", "cd", "ab", "ba", "pqr", "qpr", "tsru", "sr", "fg", "xyz", "yz")
_FAMILIES = {row[0]: row[1:] for row in _ROWS}  # the letters that go for another of the same range
_FRESH = ("ij", "pq", "rs", "ab", "xy", ("alpha", "beta"), ("rho", "tau"))  # where primes would be too many
MOST_PRIMES = 2  # of a letter
_PAIRS = ("ij", "rs", "pq", "ab", "xy", "gh", "uv", "cd", "mn", "dh", "qy")  # two dimensions that go together


def one_range(d: Derivation, product: HessianProduct | None = None) -> tuple[Derivation, HessianProduct | None]:
    """The derivation, and the Hessian times a vector, with letters that have one range each."""
    names = _Renaming(_choose(d, product))
    result = _derivation(d, names)
    if product is None:
        return result, None
    chains = tuple(_renamed((c,), names)[0] for c in product.chains)
    return result, replace(product, gradient=result, chains=chains, network=_network(product.network, names))


# --- which letters


def range_of(i: Index) -> Range:
    """What decides which letters an index may have."""
    widths = [a.name for a in i.stop.atoms_of(DimAt)]
    return widths[0] if widths else (i.start, i.stop)


def _choose(d: Derivation, product: HessianProduct | None) -> dict[Range, tuple[str, ...]]:
    """The letters of every range, as many as stand together anywhere."""
    needed: dict[Range, int] = {}
    for scope in _scopes(d, product):
        for r, count in Counter(r for _, r in _letters(scope)).items():
            needed[r] = max(needed.get(r, 0), count)
    written: dict[Range, Counter[str]] = {}
    for e in d.network.equations:
        for name, r in _letters((e.indices, e.body)):
            written.setdefault(r, Counter())[name] += 1
    together = Counter[Range]()
    for e in d.network.equations:
        together |= Counter(r for _, r in _letters((e.indices, e.body)))
    desk = _Desk(frozenset(_names(d)), frozenset(x.name[0].lower() for x in d.network.dims), written)
    for r in sorted(needed, key=desk.rank):
        desk.first(r)
    for r in sorted(together, key=lambda r: -together[r]):
        desk.fill(r, min(together[r], needed[r]), bare=True)
    for r, count in needed.items():
        desk.fill(r, count, bare=False)
    return {r: tuple(letters) for r, letters in desk.given.items()}


def _names(d: Derivation) -> Iterator[str]:
    """What no letter should look like: tensors, those with a number too, sizes and functions."""
    for name in (*(t.name for t in d.network.inputs), *(e.name for e in d.network.equations)):
        yield name
        yield name.rstrip("0123456789").rstrip("_")
    yield from (local for _, local in locals_of(tuple(e.name for e in d.network.equations)).values())
    yield from (x.name for x in d.network.dims)
    yield from (f for f, _ in d.network.functions)


@dataclass(slots=True)
class _Desk:
    """Where letters are given out: `names` are other things', `initials` the sizes', `written` how often the author
    wrote which letter for which range.
    """

    names: frozenset[str]
    initials: frozenset[str]
    written: dict[Range, Counter[str]]
    given: dict[Range, list[str]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def rank(self, r: Range) -> tuple[int, int]:
        """Whose turn it is: sizes before what is made of them, what the author wrote most before the rest."""
        uses = sum(self.written.get(r, Counter()).values())
        number = isinstance(r, tuple) and r[1].constant is not None
        return (0 if self._plain(r) and uses else 2 if number or not uses else 1), -uses

    def _plain(self, r: Range) -> bool:
        return isinstance(r, str) or isinstance(r[1].atom, Dim)

    def first(self, r: Range) -> None:
        """The first letter of a range."""
        wanted = self._wanted(r)
        others = (
            pair[place] for pair, place in _pairs(wanted[0]) if not self.names & {*pair} | self.initials & {*pair}
        )
        self._give(r, next(c for c in (*wanted, *others, *_primed(wanted)) if self._free(c)))

    def _wanted(self, r: Range) -> list[str]:
        """The author's letters, the most frequent first; else the first letter of a size."""
        wanted = [c for c, _ in self.written.get(r, Counter()).most_common()]
        size = r if isinstance(r, str) else next((x.name for x in dims_of(r[1])), "i")
        own = size[0].lower() if size[0].isalpha() else "i"
        return sorted(wanted, key=lambda c: c != own) if own in wanted else [*wanted, own]

    def fill(self, r: Range, count: int, bare: bool) -> None:
        """As many letters as a range needs, `bare` those that stand together in the network itself."""
        letters = self.given[r]
        written = [c for c, _ in self.written.get(r, Counter()).most_common()]
        related = [c for c in written if _related(c, letters[0])]
        near = [c for c in _FAMILIES.get(letters[0], "")[:2] if c not in self.initials]
        both = [c for c in written if bare and f"{letters[0][0]}{c}" in _PAIRS]  # u' and v' for two dimensions
        plain = [*dict.fromkeys((*(c.rstrip("_") for c in (letters[:1] if both else letters)), *both))]
        few, many = _primed(plain, 1, MOST_PRIMES), _primed(plain, MOST_PRIMES + 1)
        for c in (*related, *near, *few, *self._fresh(), *many):
            if len(letters) < count and self._free(c):
                self._give(r, c)

    def _fresh(self) -> Iterator[str]:
        """Pairs of letters that stand for nothing yet."""
        for pair in _FRESH:
            if all(self._free(c) and c not in self.initials for c in pair):
                yield from pair

    def _free(self, letter: str) -> bool:
        return letter not in self.taken and letter not in self.names

    def _give(self, r: Range, letter: str) -> None:
        self.given.setdefault(r, []).append(letter)
        self.taken.add(letter)


def _related(a: str, b: str) -> bool:
    """Does a reader take them for letters of one range?"""
    same = a.rstrip("0123456789") == b.rstrip("0123456789")
    return same or a in _FAMILIES.get(b, "") or f"{a}{b}" in _PAIRS or f"{b}{a}" in _PAIRS


def _pairs(letter: str) -> Iterator[tuple[str, int]]:
    """The pairs that may stand in for the one of a letter, and the place in them that it has in its own."""
    place = next((pair.index(letter) for pair in _PAIRS if letter in pair), 0)
    yield from ((pair, place) for pair in _PAIRS)


def _primed(letters: Sequence[str], least: int = 1, most: int = 19) -> Iterator[str]:
    """The letters with primes, with as many as it takes."""
    for count in range(least, most + 1):
        yield from (c + "_" * count for c in letters)


# --- where letters stand together


def _scopes(d: Derivation, product: HessianProduct | None) -> Iterator[object]:
    """All that is renamed in one go."""
    networks = (d.network, d.backward, *((product.network,) if product else ()))
    for network in networks:
        yield from (e.indices + (e.body,) + (e.call.args if e.call else ()) for e in network.equations)
        yield from (f.statement for f in network.facts)
        yield from (_input(t) for t in network.inputs)
    for group in (*_groups(d), *((c,) for c in (product.chains if product else ()))):
        yield _values(group)


def _input(t: Tensor) -> tuple[object, ...]:
    return (t.each or (), t.shape)


def _groups(d: Derivation) -> Iterator[tuple[Chain, ...]]:
    """Chains that speak of the same letters: an adjoint's goes on in its variants."""
    for s in d.sections:
        yield from ((c,) for c in s.locals)
        yield (s.main, *s.variants)


def _values(chains: Sequence[Chain]) -> tuple[object, ...]:
    return tuple((c.lhs, tuple((s.value, s.rule.values) for s in c.steps)) for c in chains)


def _letters(scope: object) -> dict[Letter, None]:
    """The letters with their ranges, in order of appearance."""
    if isinstance(scope, Node):
        return dict.fromkeys(_letters_of(scope))
    found: dict[Letter, None] = {}
    for part in scope if isinstance(scope, tuple) else ():
        found |= _letters(part)
    return found


@lru_cache(maxsize=20_000)  # the steps of a derivation have most of their parts in common
def _letters_of(node: Node) -> tuple[Letter, ...]:
    found: dict[Letter, None] = dict.fromkeys((i.name, range_of(i)) for x in _own(node) for i in _indices(x))
    for part in children(node):
        found |= dict.fromkeys(_letters_of(part))
    return tuple(found)


def _own(node: Node) -> tuple[Index | Poly, ...]:
    """The integers that stand directly in a node, a binder's indices among them."""
    if isinstance(node, Binder):
        return (*node.indices, *polys(node))
    return (node,) if isinstance(node, (Index, Poly)) else polys(node)


def _indices(x: Index | Poly) -> Iterator[Index]:
    """The indices in an integer expression, or an index and those that its range depends on."""
    if isinstance(x, Poly):
        yield from indices_of(x)
    else:
        yield x
        yield from (*indices_of(x.start), *indices_of(x.stop))


# --- renaming


@dataclass(frozen=True, slots=True)
class _Renaming:
    """The letters of every range, given out anew in each scope."""

    letters: dict[Range, tuple[str, ...]]

    def of(self, scope: object) -> _Scope:
        """The letters that stand together, each with its new name: its own where it can be kept."""
        names: dict[Letter, str] = {}
        for name, r in _letters(scope):
            free = [c for c in self.letters[r] if c not in names.values()]
            names[name, r] = name if name in free else free[0]
        return _Scope(names)


@dataclass(frozen=True, slots=True)
class _Scope:
    """New names for letters that stand together."""

    names: dict[Letter, str]
    done: dict[Node, Node] = field(default_factory=dict)

    def new(self, x: T) -> T:
        """The same with its letters renamed."""
        if isinstance(x, tuple):
            return tuple(self.new(part) for part in x)  # type: ignore[return-value]
        if not isinstance(x, Node):
            return x
        if x not in self.done:
            self.done[x] = self._node(x)
        return self.done[x]  # type: ignore[return-value]

    def _node(self, x: Node) -> Node:
        if isinstance(x, Index):
            return Index(self.names[x.name, range_of(x)], self.new(x.stop), self.new(x.start))
        if isinstance(x, Poly):
            return Poly.collect((self._monomial(m), c) for m, c in x.terms)
        return type(x)(*(self.new(part) for part in x.fields()))

    def _monomial(self, atoms: tuple[Atom, ...]) -> tuple[Atom, ...]:
        return tuple(sorted((self.new(a) for a in atoms), key=lambda a: a.key))

    def rule(self, rule: Rule) -> Rule:
        """The rule with its letters renamed."""
        renamed = tuple(dict.fromkeys((self.new(a), self.new(b)) for a, b in rule.renamed))
        return replace(rule, renamed=renamed, values=self.new(rule.values))


def _derivation(d: Derivation, names: _Renaming) -> Derivation:
    sections = tuple(_section(s, names) for s in d.sections)
    network, backward = _network(d.network, names), _network(d.backward, names)
    return replace(d, network=network, backward=backward, sections=sections)


def _section(s: Section, names: _Renaming) -> Section:
    main, *variants = _renamed((s.main, *s.variants), names)
    return replace(s, locals=tuple(_renamed((c,), names)[0] for c in s.locals), main=main, variants=tuple(variants))


def _renamed(chains: Sequence[Chain], names: _Renaming) -> tuple[Chain, ...]:
    """Chains that share their letters."""
    scope = names.of(_values(chains))
    return tuple(
        Chain(c.key, scope.new(c.lhs), tuple(Step(scope.new(s.value), scope.rule(s.rule)) for s in c.steps))
        for c in chains
    )


def _network(network: Network, names: _Renaming) -> Network:
    return replace(
        network,
        inputs=tuple(_tensor(t, names.of(_input(t))) for t in network.inputs),
        equations=tuple(_equation(e, names) for e in network.equations),
        facts=tuple(Fact(f.label, names.of(f.statement).new(f.statement)) for f in network.facts),
    )


def _tensor(t: Tensor, scope: _Scope) -> Tensor:
    return replace(t, shape=scope.new(t.shape), each=scope.new(t.each))


def _equation(e: Equation, names: _Renaming) -> Equation:
    args = e.call.args if e.call else ()
    scope = names.of(e.indices + (e.body,) + args)
    call = Call(e.call.function, scope.new(args)) if e.call else None
    return Equation(e.name, scope.new(e.indices), scope.new(e.body), call)
