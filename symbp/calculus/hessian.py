"""The Hessian times a vector: the backward network differentiated once more, along the vector.

Comes in: a Derivation. Goes out: a HessianProduct. Where the parameters move along a vector v, every quantity moves as
fast as its tangent says, the gradients too, and theirs are H v (B. Pearlmutter, Fast exact multiplication by the
Hessian, 1994). Each equation, forward or backward, is differentiated as it stands: no second derivative of any function
or layer is known here. At a kink the tangent is that of the branch taken, so it is the Hessian's almost everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from symbp.calculus.chains import apart_from_names, finish_tangent
from symbp.calculus.cost import cost
from symbp.calculus.graph import needed, reachable, readers_of, sources_in
from symbp.calculus.guards import sheltered
from symbp.calculus.known import Known, known_of
from symbp.calculus.letters import Letters, freshen, letters_of
from symbp.calculus.local import along, differentiation
from symbp.calculus.phases import append
from symbp.calculus.reexpress import reexpress
from symbp.calculus.steps import Chain, Derivation, HessianProduct, Key, Local, Rule, Step
from symbp.core import build
from symbp.core.expr import Add, Expr, Mul, Partial, Read
from symbp.core.integers import Index, Poly
from symbp.core.network import DATA, Equation, Network, Tensor
from symbp.core.traverse import fresh_name, reads, rename_bound


def differentiate_along(derivation: Derivation) -> HessianProduct:
    """The derivation of the Hessian times a vector."""
    work = _Work(derivation)
    for equation in derivation.backward.equations:
        if equation.name in work.tangents:
            work.add(equation)
    return work.product()


@dataclass(slots=True)
class _Work:
    """What is known so far, going through the equations in their order."""

    derivation: Derivation
    letters: Letters = field(init=False)
    known: Known = field(init=False)
    tangents: dict[str, str] = field(init=False)
    locals: dict[Key, Chain] = field(init=False)
    chains: dict[str, Chain] = field(default_factory=dict)

    def __post_init__(self) -> None:
        d = self.derivation
        self.known = known_of(d.network)
        self.tangents = _names(d)
        letters = letters_of(d.backward)
        self.letters = replace(letters, names=letters.names | set(self.tangents.values()))
        self.locals = {c.key: c for section in d.sections for c in section.locals}

    def add(self, equation: Equation) -> None:
        """The tangent of one equation; what does not change is no quantity that others' tangents are made of."""
        chain = self._direct(equation)
        if differentiation("along", equation.name, equation.body, self.tangents).slopes:
            chain = min((chain, *self._by_locals(equation)), key=lambda c: cost(c.result))
        if chain.result == build.NIL and self._may_go(equation.name):
            del self.tangents[equation.name]
        else:
            self.chains[equation.name] = chain

    def _may_go(self, quantity: str) -> bool:
        """Is it no gradient, and read by no tangent so far (around a loop one comes before what it reads)?"""
        gradients = (g for _, g in self.derivation.gradients)
        read = (r.tensor for c in self.chains.values() for r in reads(c.result))
        return quantity not in gradients and self.tangents[quantity] not in read

    def _direct(self, equation: Equation) -> Chain:
        """The definition differentiated along the vector."""
        raw = along(equation.body, self.tangents)
        rule = differentiation("along", equation.name, equation.body, self.tangents)
        steps = [Step(sheltered(raw), rule)]
        append(steps, Step(reexpress(equation, raw)[0], Rule("re-express", (equation.name,))))
        return self._chain(equation, steps)

    def _by_locals(self, equation: Equation) -> tuple[Chain, ...]:
        """The same by the local derivatives that the gradient's derivation has, if it has them all: the chain rule."""
        of = Read(equation.name, tuple(Poly.of(i) for i in equation.indices))
        names = dict.fromkeys(r.tensor for r in reads(equation.body) if r.tensor in self.tangents)
        locals_ = [self.locals.get(Local(equation.name, name)) for name in names]
        found = [c for c in locals_ if c is not None and c.lhs == Partial(of, c.by)]
        if len(found) < len(names) or not found:
            return ()
        first, second = (_sum([self._term(c)[k] for c in found]) for k in (0, 1))
        steps = [Step(first, Rule("along each")), Step(sheltered(second), Rule("insert", tuple(c.key for c in found)))]
        return (self._chain(equation, steps),)

    def _term(self, local: Chain) -> tuple[Expr, Expr]:
        """What one quantity's change brings: sum_j do_i/dq_j times the tangent of q_j, as it is and inserted."""
        by = local.by
        indices = tuple(i for s in by.subs if (i := s.index) is not None)
        tangent = Read(self.tangents[by.tensor], by.subs)
        result = freshen(local.result, {i.name for i in indices}, self.letters)
        terms = (build.total(indices, Mul((factor, tangent))) for factor in (local.lhs, result))
        first, second = terms
        return first, second

    def _chain(self, equation: Equation, steps: list[Step]) -> Chain:
        finish_tangent(steps, self.known, equation.indices)
        name = self.tangents[equation.name]
        chain = Chain(name, Read(name, tuple(Poly.of(i) for i in equation.indices)), tuple(steps))
        letters = {i.name for i in equation.indices}
        # No letter is bound within the range of another of its name.
        apart = tuple(Step(rename_bound(s.value, letters), s.rule) for s in chain.steps)
        return apart_from_names(replace(chain, steps=apart), self.letters)

    def product(self) -> HessianProduct:
        """All tangents, numbered, in a network of those equations that the product needs."""
        d = self.derivation
        outputs = [self.tangents[g] for _, g in d.gradients]
        equations = [Equation(c.name, _indices(d.backward, q), c.result) for q, c in self.chains.items()]
        kept = needed([*d.backward.equations, *equations], outputs)
        names = {e.name for e in kept}
        chains = tuple(c for c in self.chains.values() if c.key in names)
        last = max((n for _, n in d.numbers), default=0)
        return HessianProduct(
            gradient=d,
            network=replace(
                d.backward,
                name=f"{d.network.name}_hessian",
                inputs=(*d.backward.inputs, *self._vector()),
                equations=tuple(kept),
                outputs=tuple(outputs),
            ),
            chains=chains,
            tangents=tuple((q, t) for q, t in self.tangents.items() if t in names or q in d.network.parameters),
            products=tuple((p, self.tangents[g]) for p, g in d.gradients),
            numbers=tuple((c.key, last + n) for n, c in enumerate(chains, start=1)),
        )

    def _vector(self) -> tuple[Tensor, ...]:
        """The vector's entries for each parameter, of its shape."""
        network = self.derivation.network
        tensors = (t for t in network.inputs if t.name in network.parameters)
        return tuple(replace(t, name=self.tangents[t.name], kind=DATA) for t in tensors)


def _indices(network: Network, quantity: str) -> tuple[Index, ...]:
    equation = network.equation(quantity)
    assert equation is not None
    return equation.indices


def _sum(terms: list[Expr]) -> Expr:
    """A sum whose terms stay apart, so that a reader sees each."""
    return Add(tuple(terms)) if len(terms) > 1 else terms[0]


def _names(d: Derivation) -> dict[str, str]:
    """A name for the tangent of each parameter, of each gradient and of what lies between and depends on one."""
    network = d.backward
    arrows = sources_in(network.equations)
    gradients = [g for _, g in d.gradients]
    changing, wanted = reachable(d.network.parameters, readers_of(arrows)), reachable(gradients, arrows)
    between = [e.name for e in network.equations if (e.name in changing and e.name in wanted) or e.name in gradients]
    taken = {t.name for t in network.inputs} | set(arrows) | {x.name for x in network.dims}
    taken |= {f for f, _ in network.functions} | set(network.widths)
    names: dict[str, str] = {}
    for quantity in (*d.network.parameters, *between):
        names[quantity] = fresh_name(f"{quantity}_dot", taken)
        taken.add(names[quantity])
    return names
