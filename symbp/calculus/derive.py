"""From a network to its backward network, with the derivation: reverse accumulation on index equations.

Comes in: a Network with one scalar output, the loss. Goes out: a Derivation. For each quantity, from the loss back,
the chain rule sums over the equations that use it; the local derivatives come from `chains.local_steps`, are
inserted, contracted and simplified by `chains.finish` (the phases of both are in `rows`). An adjoint that only one
quantity needs is inserted into that quantity's own where this does not raise the cost (`_insertable`). No function,
layer or loss is known by name here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from symbp.calculus.branches import reads_once
from symbp.calculus.chains import apart_from_names, finish, local_steps, raw_product, raw_sum
from symbp.calculus.cost import cost, entries
from symbp.calculus.exponents import name_exponents
from symbp.calculus.graph import needed, recursive_in, side_by_side, sources_of, users_of, varying
from symbp.calculus.guards import sheltered
from symbp.calculus.kernels import name_kernels
from symbp.calculus.known import Known, known_of
from symbp.calculus.letters import Letters, freshen, input_indices, letters_of
from symbp.calculus.steps import Chain, Derivation, Key, Local, Rule, Section, Step
from symbp.calculus.variants import is_scatter, variants
from symbp.core import build
from symbp.core.expr import Compare, Expr, Extreme, First, Fn, Int, Mul, Num, Partial, Read, Sum
from symbp.core.integers import Index, Poly
from symbp.core.network import DATA, PARAM, Equation, Network
from symbp.core.traverse import all_index_names, apply, free_indices, fresh_name, nodes, reads, walk


def derive(network: Network) -> Derivation:
    """The derivation of a network whose single output is its loss."""
    active = varying(network)
    through = name_exponents(network, active)
    whole = name_kernels(through, active)
    work = _Work(whole)
    for quantity in work.order():
        work.add_section(quantity)
        work.close_circle(quantity)
    exponents = tuple(e.name for e in through.equations if network.equation(e.name) is None)
    named = tuple(e.name for e in whole.equations if through.equation(e.name) is None)
    return replace(work.derivation(), named=named, exponents=exponents)


@dataclass(frozen=True, slots=True)
class _User:
    """An equation that uses the quantity: the equation, its local derivative's chain, by the entry `by`."""

    equation: Equation
    chain: Chain
    by: tuple[Index, ...]


@dataclass(slots=True)
class _Work:
    """What is known so far while going from the loss back."""

    network: Network
    letters: Letters = field(init=False)
    known: Known = field(init=False)
    loss: str = field(init=False)
    users: dict[str, list[Equation]] = field(init=False)
    active: dict[str, None] = field(init=False)
    recursive: frozenset[str] = field(init=False)
    depends: dict[str, dict[str, None]] = field(init=False)  # what each recursive quantity depends on
    names: dict[str, str] = field(default_factory=dict)
    results: dict[str, Equation] = field(default_factory=dict)
    sections: list[Section] = field(default_factory=list)
    readers: dict[str, set[str]] = field(default_factory=dict)  # whose adjoints read each name; only for comparisons
    silent: set[tuple[str, str]] = field(default_factory=set)  # (user, quantity) whose local derivative is 0

    def __post_init__(self) -> None:
        self.letters = letters_of(self.network)
        self.known = known_of(self.network)
        self.loss = self.network.outputs[0]
        self.active = varying(self.network)
        self.users = users_of(self.network, self.loss, self.active)
        self.recursive = recursive_in(self.network)
        self.depends = sources_of(self.network, self.recursive)
        self._name_adjoints()

    def _name_adjoints(self) -> None:
        taken = {t.name for t in self.network.inputs} | {e.name for e in self.network.equations}
        taken |= {d.name for d in self.network.dims} | {n for n, _ in self.network.functions}
        taken |= set(self.network.widths)
        for quantity in (*(t.name for t in self.network.inputs), *(e.name for e in self.network.equations)):
            self.names[quantity] = fresh_name(f"{quantity}_bar", taken)
            taken.add(self.names[quantity])

    def order(self) -> list[str]:
        """Quantities from the loss back, each parameter after the first equation that uses it."""
        first: dict[str, list[str]] = {}
        for name in self.network.parameters:
            if self.users.get(name):
                first.setdefault(self.users[name][0].name, []).append(name)
        result = []
        for equation in reversed(self.network.equations):
            if equation.name != self.loss and self.users.get(equation.name) and equation.name in self.active:
                result.append(equation.name)
            result.extend(first.get(equation.name, []))
        return result

    def add_section(self, quantity: str) -> None:
        """Derive the adjoint of one quantity."""
        equation = self.network.equation(quantity)
        indices = equation.indices if equation else input_indices(self.network, quantity, self.letters)
        users = self.users[quantity]
        alone = len(users) == 1 and users[0].name == self.loss
        locals_ = () if alone else tuple(self._user(u, quantity, indices) for u in users)
        chain = self._from_loss(quantity, indices) if alone else self._from_users(quantity, indices, locals_)
        chain = apart_from_names(chain, self.letters)
        locals_ = tuple(replace(u, chain=apart_from_names(u.chain, self.letters)) for u in locals_)
        self._settle(quantity, indices, chain, locals_)

    def _settle(self, quantity: str, indices: tuple[Index, ...], chain: Chain, users: tuple[_User, ...]) -> None:
        """The adjoint of a quantity is what the chain says; its section stands last."""
        for names in self.readers.values() if quantity in self.results else ():
            names.discard(quantity)
        self.results[quantity] = Equation(self.names[quantity], indices, chain.result)
        for r in reads(chain.result):
            self.readers.setdefault(r.tensor, set()).add(quantity)
        self.sections.append(
            Section(
                quantity=quantity,
                adjoint=self.names[quantity],
                used_by=tuple(u.name for u in self.users[quantity]),
                locals=tuple(u.chain for u in users),
                main=chain,
                variants=tuple(apart_from_names(v, self.letters) for v in variants(chain)),
            )
        )

    def close_circle(self, quantity: str) -> None:
        """Once all adjoints of a recurrence are derived: those that come first in it may have others inserted."""
        if quantity not in self.depends:
            return
        circle = [s for s in self.sections if self._around(s.quantity, quantity)]
        ahead = [q for q in self.order() if q not in self.results and self._around(q, quantity)]
        for section in circle if len(circle) > 1 and not ahead else ():
            place = circle.index(section)
            if {s.quantity for s in circle[place + 1 :]} & set(section.used_by):
                self._revise(section)

    def _around(self, a: str, b: str) -> bool:
        """Does each of two quantities depend on the other?"""
        return a == b or (a in self.depends.get(b, ()) and b in self.depends.get(a, ()))

    def _revise(self, section: Section) -> None:
        """Derive an adjoint anew, now that those of all its users are known; it is left if none is inserted."""
        indices = self.results[section.quantity].indices
        equations = {e.name: e for e in self.users[section.quantity]}
        users = tuple(
            _User(equations[name], c, _entry_letters(c))
            for name, c in zip(section.used_by, section.locals, strict=True)
        )
        chain = apart_from_names(self._from_users(section.quantity, indices, users), self.letters)
        if chain.steps[1].rule != section.main.steps[1].rule:
            self.sections.remove(section)
            self._settle(section.quantity, indices, chain, users)

    def _user(self, equation: Equation, quantity: str, indices: tuple[Index, ...]) -> _User:
        """The local derivative of a user, its own letters kept and the entry's chosen apart."""
        taken = {i.name for i in equation.indices}
        by = self.letters.rename(indices, taken)
        body = freshen(equation.body, taken, self.letters)
        entry = Read(quantity, tuple(Poly.of(i) for i in by))
        steps = local_steps(equation, body, entry, self.known, quantity in self.recursive)
        if steps[-1].value == build.NIL:
            self.silent.add((equation.name, quantity))
        of = Read(equation.name, tuple(Poly.of(i) for i in equation.indices))
        return _User(equation, Chain(Local(equation.name, quantity), Partial(of, entry), tuple(steps)), by)

    def _from_loss(self, quantity: str, indices: tuple[Index, ...]) -> Chain:
        """The adjoint of what only the loss reads: the derivative of its definition."""
        loss = self.network.equation(self.loss)
        assert loss is not None
        taken = {i.name for i in indices}
        entry = Read(quantity, tuple(Poly.of(i) for i in indices))
        steps = local_steps(
            loss, freshen(loss.body, taken, self.letters), entry, self.known, quantity in self.recursive
        )
        finish(steps, self.known, indices)
        return Chain(self.names[quantity], self._lhs(quantity, indices), tuple(steps))

    def _lhs(self, quantity: str, indices: tuple[Index, ...]) -> Read:
        return Read(self.names[quantity], tuple(Poly.of(i) for i in indices))

    def _from_users(self, quantity: str, indices: tuple[Index, ...], users: tuple[_User, ...]) -> Chain:
        """The chain rule over all users, with the adjoints inserted that are better off here than on their own."""
        inserted = self._trivial(users)
        chain = self._chain(quantity, indices, users, inserted)
        for name in self._insertable(users):
            if is_scatter(chain.result) and _sums(self.results[name].body):
                continue  # what is scattered is shown before it is
            trial = self._chain(quantity, indices, users, (*inserted, name))
            saved = cost(self.results[name].body) if self._saves(name, quantity) else 0
            shown = self._is_shown(quantity, users)
            room = entries(self.results[name].indices) if shown else 0
            if cost(trial.result) + room < cost(chain.result) + saved + (not shown):
                inserted, chain = (*inserted, name), trial
        return chain

    def _is_shown(self, quantity: str, users: tuple[_User, ...]) -> bool:
        """Is it the gradient of a parameter that one equation uses? It reads that one's adjoint by its name, even if
        that costs an operation for each entry of it: nothing comes together in it that inserting would let cancel.
        """
        return len(users) == 1 and quantity in self.network.parameters

    def _insertable(self, users: tuple[_User, ...]) -> tuple[str, ...]:
        """The users whose adjoint this quantity alone needs, or whose adjoint sums nothing and may be written twice."""
        names = (u.equation.name for u in users if u.equation.name in self.results)
        return tuple(n for n in names if not _is_trivial(self.results[n].body) and self._may_insert(n))

    def _may_insert(self, name: str) -> bool:
        """A scatter stays an equation of its own: under another sum it would be computed for every term of that."""
        body = self.results[name].body
        if is_scatter(body):
            return False
        return self._needed_once(name) or not _sums(body)

    def _saves(self, name: str, quantity: str) -> bool:
        """Does nothing need the adjoint by its name once it is inserted into that of the quantity?"""
        return self._needed_once(name) and self.readers.get(self.names[name], {quantity}) <= {quantity}

    def _needed_once(self, name: str) -> bool:
        """Does one quantity alone need its adjoint? What needs it at a single step hardly counts beside one that needs
        it at all the others.
        """
        equation = self.network.equation(name)
        assert equation is not None
        read = dict.fromkeys(r.tensor for r in reads(equation.body) if r.tensor in self.active)
        needed = [q for q in read if (name, q) not in self.silent]
        return len([q for q in needed if not reads_once(equation, q)] or needed) == 1

    def _trivial(self, users: tuple[_User, ...]) -> tuple[str, ...]:
        names = (u.equation.name for u in users if u.equation.name in self.results)
        return tuple(n for n in names if _is_trivial(self.results[n].body))

    def _chain(
        self, quantity: str, indices: tuple[Index, ...], users: tuple[_User, ...], inserted: tuple[str, ...]
    ) -> Chain:
        rows = [self._terms(quantity, indices, u, u.equation.name in inserted) for u in users]
        first, second = (raw_sum([row[k] for row in rows]) for k in (0, 1))
        keys = tuple(u.equation.name for u in users)
        shown = [u for u, row in zip(users, rows, strict=True) if row[1] != build.NIL]
        silent = [u for u in users if u not in shown]
        used = tuple(u.chain.key for u in (*shown, *silent))
        used += tuple(self.names[u.equation.name] for u in shown if u.equation.name in inserted)
        steps = [Step(first, Rule("chain", keys)), Step(sheltered(second, self.known.early), Rule("insert", used))]
        finish(steps, self.known, indices, quantity in self.recursive)
        return Chain(self.names[quantity], self._lhs(quantity, indices), tuple(steps))

    def _terms(self, quantity: str, indices: tuple[Index, ...], user: _User, insert: bool) -> tuple[Expr, Expr]:
        """One user's term of the chain rule, and the same with its local derivative (and its adjoint) inserted."""
        taken = {i.name for i in indices}
        apart = self.letters.rename(user.equation.indices, taken)
        of = Read(user.equation.name, tuple(Poly.of(i) for i in apart))
        entry = Read(quantity, tuple(Poly.of(i) for i in indices))
        table = (*user.equation.indices, *user.by), (*of.subs, *entry.subs)
        local = apply(freshen(user.chain.result, taken, self.letters), *table)
        if user.equation.name == self.loss:
            return Partial(of, entry), local
        adjoint: Expr = Read(self.names[user.equation.name], of.subs)
        term = build.total(apart, build.mul(adjoint, Partial(of, entry)))
        if insert:
            result = self.results[user.equation.name]
            taken |= all_index_names(local)
            adjoint = apply(freshen(result.body, taken, self.letters), result.indices, of.subs)
        return term, build.total(apart, raw_product(adjoint, local))

    def derivation(self) -> Derivation:
        """All sections, numbered, with the backward network made of the adjoints that the gradients need."""
        zeros = [self._unreached(name) for name in self.network.parameters if name not in self.results]
        equations = [*(self.results[q] for q in self.order()), *zeros]
        gradients = tuple((p, self.names[p]) for p in self.network.parameters)
        kept = side_by_side(needed(equations, [g for _, g in gradients]))
        backward = replace(
            self.network,
            name=f"{self.network.name}_backward",
            inputs=tuple(replace(t, kind=DATA if t.kind == PARAM else t.kind) for t in self.network.inputs),
            equations=(*self.network.equations, *kept),
            outputs=tuple(g for _, g in gradients),
        )
        names = {e.name for e in kept}
        sections = tuple(replace(s, inserted=s.adjoint not in names) for s in self.sections)
        return Derivation(
            network=self.network,
            loss=self.loss,
            backward=backward,
            sections=sections,
            adjoints=tuple((s.quantity, s.adjoint) for s in sections),
            gradients=gradients,
            numbers=_numbers(self.network, sections, [e.name for e in zeros]),
            facts=(*(f.label for f in self.network.facts if f.differences), *_facts_used(sections)),
            kinks=tuple(e.name for e in self.network.equations if e.name in self.active and _has_kink(e.body)),
            unreached=tuple(p for p in self.network.parameters if p not in self.results),
        )

    def _unreached(self, name: str) -> Equation:
        return Equation(self.names[name], input_indices(self.network, name, self.letters), build.NIL)


def _sums(body: Expr) -> bool:
    return any(nodes(body, Sum))


def _is_trivial(body: Expr) -> bool:
    """A number, an entry, or a product of scalars: nothing is lost by writing it where it is used."""
    if isinstance(body, (Num, Read, Int)):
        return True
    return isinstance(body, Mul) and not free_indices(body) and cost(body) <= 4


def _entry_letters(local: Chain) -> tuple[Index, ...]:
    """The letters of the entry by which a local derivative is taken."""
    assert isinstance(local.lhs, Partial)
    return tuple(i for s in local.lhs.by.subs if (i := s.index) is not None)


def _numbers(network: Network, sections: tuple[Section, ...], zeros: list[str]) -> tuple[tuple[Key, int], ...]:
    keys: list[Key] = [e.name for e in network.equations]
    for section in sections:
        keys.extend(c.key for c in section.locals)
        keys.append(section.main.key)
    return tuple((k, n) for n, k in enumerate((*keys, *zeros), start=1))


def _facts_used(sections: tuple[Section, ...]) -> tuple[str, ...]:
    steps = (s for section in sections for c in (*section.locals, section.main) for s in c.steps)
    return tuple(dict.fromkeys(label for s in steps if s.rule.name == "fact" for label in s.rule.facts))


def _has_kink(body: Expr) -> bool:
    """Does the body choose by a value (not by an index) or take an absolute value or an extreme?"""
    for node in walk(body):
        if isinstance(node, (Extreme, First)) or (isinstance(node, Fn) and node.name == "abs"):
            return True
        if isinstance(node, Compare) and (reads(node.a) or reads(node.b)):
            return True
    return False
