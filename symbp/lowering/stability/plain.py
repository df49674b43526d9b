"""How each expression is computed: the same value, written so that nothing on the way overflows or vanishes."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import (
    TRUE,
    Add,
    Compare,
    Cond,
    Delta,
    Expr,
    Extreme,
    First,
    Fn,
    Int,
    Mul,
    Num,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.functions import elementary
from symbp.core.integers import Node, Poly
from symbp.core.traverse import free_indices, map_children, rename_bound, substitute, walk, with_bound
from symbp.core.views import factors_of, is_divisor
from symbp.lowering.guard import guarded, is_bounded, is_positive
from symbp.lowering.linear import parts, write
from symbp.lowering.scaled import Scaled, product_of
from symbp.lowering.stability.exponentials import bounded_below, capped, expm1_of, exponential_of, less_one
from symbp.lowering.stability.forms import may_take_root, opened_terms
from symbp.lowering.stability.known import Known, outside
from symbp.lowering.stability.logarithms import Logarithms
from symbp.lowering.stability.masks import is_zero_elsewhere
from symbp.lowering.stability.named import BESIDE
from symbp.lowering.stability.safety import settles
from symbp.lowering.stability.splits import counting

Factors = list[tuple[Expr, Scaled]]
Exprs = tuple[Expr, ...]


class Stable(Logarithms):
    """The whole pass on expressions."""

    __slots__ = ()

    def plain(self, node: Expr, known: Known) -> Expr:
        found = self.plains.get((node, known))
        if found is None:
            found = self.plains[node, known] = node if node in self.done else self._plain(node, known)
        return found  # type: ignore[return-value]

    def _plain(self, node: Node, known: Known) -> Node:
        cond = self._open_choice(node, known)
        if cond is not None:
            yes, no = (self.plain(node, (*known, (cond, taken))) for taken in (True, False))  # type: ignore[arg-type]
            return build.where(self.plain(cond, known), yes, no)  # type: ignore[arg-type]
        match node:
            case Fn("log" | "log1p"):
                return self.logarithm(node, known)
            case Fn("log2", (a,)):
                if self.opened(a, known).plain:
                    return Fn("log2", (self.plain(a, known),))
                return self.plain(build.div(Fn("log", (a,)), Fn("log", (build.num(2),))), known)
            case Fn("exp", (a,)):
                value = self.form(node, known)
                alone = not value.sums and value.rest == build.UNIT
                return exponential_of(self.exponent(a, known)) if alone else self._computed(value, known)
            case Fn(name, (a,), ()) if settles(name) and not self.is_tame(a, known):
                return Fn(name, (capped(self.exponent(a, known)),))
            case Mul(args):
                return self._product(args, known)
            case Pow(base, q) if not isinstance(q, Num) or q.value < 0 or q.value.denominator != 1:
                value = self.form(node, known)
                if value.plain or (isinstance(base, Read) and self.is_tame(base, known) and self.stands(node, known)):
                    return build.power(self.plain(base, known), node.exponent)
                return self._computed(value, known)
            case Add():
                return self._addition(node, known)
            case Where(cond, then, other):
                return self._choice(cond, then, other, known)
            case Compare():
                return self._comparison(node, known)
            case Extreme(kind, indices, body, counts) | First(kind, indices, body, counts, _):
                within = outside(known, indices)
                counts = self.plain(counts, within)  # type: ignore[arg-type, assignment]
                return with_bound(node, indices, (self._extremal(kind, body, within), counts))
            case Read() if (own := self._tamed(node, known)) is not None:
                return self.plain(own, known)
        within = outside(known, node.indices) if isinstance(node, Sum) else known
        return map_children(node, lambda c: self.plain(c, within))  # type: ignore[arg-type]

    def _choice(self, cond: Cond, then: Expr, other: Expr, known: Known) -> Expr:
        if (cond, True) in known:
            return self.plain(then, known)
        if (cond, False) in known:
            return self.plain(other, known)
        test: Cond = self.plain(cond, known)  # type: ignore[arg-type, assignment]
        yes = self.plain(then, (*known, (cond, True)))
        if other == build.NIL and is_zero_elsewhere(self.spelt(yes), test):
            return yes
        return build.where(test, yes, self.plain(other, (*known, (cond, False))))

    def _extremal(self, kind: str, body: Expr, known: Known) -> Expr:
        """What the largest (smallest) is taken of: what makes an entry as small (large) as numbers are ends there,
        since another entry is the one."""
        value = self.exponent(body, known)
        return bounded_below(value) if kind == "max" else build.neg(bounded_below(build.neg(value)))

    def _comparison(self, node: Compare, known: Known) -> Cond:
        """A comparison of what may overflow: of exponentials by their exponents, of a choice in each branch, else of
        sides that end where numbers do."""
        sides = (node.a, node.b)
        wild = [e for side in sides for e in _branches(side) if not self.is_tame(e, known)]
        if not wild or not all(map(self._is_exponential, wild)):
            return map_children(node, lambda c: self.plain(c, known))  # type: ignore[arg-type]
        for k, side in enumerate(sides):
            if isinstance(side, Where):
                yes, no = (self._settled(node, k, b, known) for b in (side.then, side.other))
                cond: Cond = self.plain(side.cond, known)  # type: ignore[arg-type, assignment]
                return build.either(build.both(cond, yes), build.both(build.negate(cond), no))
        exponents = [self._only_exponent(side, known) for side in sides]
        if None not in exponents:
            return Compare(node.op, *(self.exponent(e, known) for e in exponents if e is not None))
        return Compare(node.op, *(capped(self._as_defined(side, known)) for side in sides))

    def _is_exponential(self, e: Expr) -> bool:
        """Is it an exponential, maybe by its name, or one times something, or beside other terms?"""
        match e:
            case Fn("exp"):
                return True
            case Mul(args) | Add(args):
                return any(map(self._is_exponential, args))
            case Read() if (body := self.definition(e, ())) is not None:
                return self._is_exponential(body)
        return False

    def _settled(self, node: Compare, k: int, side: Expr, known: Known) -> Cond:
        """The comparison with another expression on one of its sides, as it is computed."""
        sides = (side, node.b) if k == 0 else (node.a, side)
        return self.plain(build.compare(node.op, *sides), known)  # type: ignore[arg-type, return-value]

    def _only_exponent(self, side: Expr, known: Known) -> Expr | None:
        """What an exponential or a positive number has as its exponent; None of anything else."""
        if isinstance(side, Num):
            return Fn("log", (side,)) if side.value > 0 else None
        body = self.definition(side, known) if isinstance(side, Read) else side
        return body.args[0] if isinstance(body, Fn) and body.name == "exp" else None

    def _as_defined(self, side: Node, known: Known) -> Node:
        """A side of a comparison with the definition of what may overflow in it, each exponential by itself."""
        if isinstance(side, Expr) and self.is_tame(side, known):
            return self.plain(side, known)
        match side:
            case Fn("exp" | "expm1" as name, (a,)):
                return Fn(name, (self.exponent(a, known),))
            case Read() if (body := self.definition(side, known)) is not None:
                return self._as_defined(body, known)
            case Sum() | Extreme():
                known = outside(known, side.indices)
        return map_children(side, lambda c: self._as_defined(c, known))

    def _tamed(self, read: Read, known: Known) -> Expr | None:
        """The definition of a tensor that may overflow, where what is known keeps the entry at hand from it."""
        equation = self.equations.get(read.tensor)
        if not known or equation is None or self.is_tame(equation.body, ()):
            return None
        body = self.definition(read, known)
        return body if body is not None and self.is_tame(body, known) else None

    def _open_choice(self, node: Node, known: Known) -> Cond | None:
        """The condition by which it must be told how this is computed: of a choice that is divided by or stands in a
        logarithm, or in what would overflow by itself."""
        match node:
            case Fn("log", (a,)):
                return self.choice(a, known)
            case Mul(args):
                parts = args
            case Pow():
                parts = (node,)
            case Add():
                cond = self.choice(node, known)
                return (
                    cond
                    if cond is not None and self._cancels(node, (*known, (cond, True)), (*known, (cond, False)))
                    else None
                )
            case _:
                return None
        if not any(self._is_open(a, known) for a in parts):
            return None
        return next((c for a in parts if (c := self.choice(a, known)) is not None), None)

    def _is_open(self, a: Expr, known: Known) -> bool:
        below = is_divisor(a)
        return (below and self.vanishes(a.base, known)) or not self.stands(a, known)  # type: ignore[attr-defined]

    def _cancels(self, node: Add, *knowns: Known) -> bool:
        return any(self.cancelled([self.form(a, k) for a in opened_terms(node)], k) is not None for k in knowns)

    # --- products ----------------------------------------------------------------------------------------------------

    def _product(self, args: Exprs, known: Known) -> Expr:
        """Factors that are exponential are put together where they would overflow apart or where something cancels."""
        forms = [(a, f) for a in args if not (f := self._factor(a, known)).plain]
        fixed = self._by_delta(args, known)
        if fixed is not None:
            return fixed
        apart = self.own_term_apart(args, known)
        if apart is not None:
            return build.add(*(self.plain(a, known) for a in apart))
        taken = self._taken_in(args, forms, known)
        if taken is not None:
            return taken
        spread = (
            self.multiplied_in(args, known)
            or self._defined(args, forms, known)
            or self._spread_factor(args, forms, known)
        )
        if spread is not None:
            return self.plain(spread, known)
        chosen = [(a, f) for a, f in forms if not self._stands_alone(a, f, known)]
        together = self.form(build.mul(*args), known)
        if chosen and not self.is_safe(together, known) and self.is_safe_opened(build.mul(*args), together, known):
            chosen = forms = [(a, f) for a in args if not (f := self.opened(a, known)).plain]
        elif chosen:
            chosen += [(a, f) for a, f in forms if (a, f) not in chosen and not self._is_read(a, known)]
            if not self.is_safe(product_of(f for _, f in chosen), known):
                chosen = forms
        else:
            chosen = _joined(forms)
        if not chosen:
            each = enumerate(args)
            return build.mul(*(self._shut(self.plain(a, known), args[:k] + args[k + 1 :]) for k, a in each))
        core = product_of(f for _, f in chosen)
        chosen += [(a, f) for a, f in forms if (a, f) not in chosen and f.shares(core)]
        others = [a for a in args if not any(a is b for b, _ in chosen)]
        value = product_of(f for _, f in chosen)
        deltas = [a for a in others if isinstance(a, Delta)]
        others = [a for a in others if a not in deltas]
        rest = [self.plain(a, known) for a in others]
        return build.mul(*rest, self._computed(self.settled(Scaled(build.mul(*deltas)) * value), known, tuple(others)))

    def _factor(self, a: Expr, known: Known) -> Scaled:
        """The form of a factor; what is divided by is looked into where it might vanish."""
        form = self.form(a, known)
        match a:
            case Pow(base, Num(q)) if q < 0 and form.plain and self.vanishes(base, known):
                below = self.opened(base, known)
                return below.power(q) if q.denominator == 1 or may_take_root(below) else form
        return form

    def _stands_alone(self, a: Expr, form: Scaled, known: Known) -> bool:
        """May this factor be computed by itself: a sum as it was written, parts that cannot overflow?"""
        if isinstance(a, (Add, Sum)) and not form.exponent.terms and all(p == 1 for _, p in form.sums):
            return True
        return not isinstance(a, Add) and self.stands(a, known)

    def _is_read(self, a: Expr, known: Known) -> bool:
        """Is it a named tensor, or a power of one, that can be read?"""
        return isinstance(a.base if isinstance(a, Pow) else a, Read) and self.is_tame(a, known)

    def _defined(self, args: tuple[Expr, ...], forms: Factors, known: Known) -> Expr | None:
        """The product with the definition of a named sum that would overflow by itself in the place of its name."""
        for k, a in enumerate(args):
            form = next((f for b, f in forms if b is a), None)
            if form is None or len(forms) < 2 or not isinstance(a, Read) or self.is_tame(a, known):
                continue
            body = self.definition(a, known)
            if body is not None and any(isinstance(e, Add) and p == 1 for e, p in form.sums):
                return build.mul(*args[:k], body, *args[k + 1 :])
        return None

    def _spread_factor(self, args: tuple[Expr, ...], forms: Factors, known: Known) -> Expr | None:
        """The product multiplied out over a sum in which a term would overflow by itself, but not in the product."""
        for k, a in enumerate(args):
            if self._is_joined(a, known):
                continue
            core = product_of(f for b, f in forms if b is not a)
            others = args[:k] + args[k + 1 :]
            if isinstance(a, Add) and (
                any(self._needs_product(t, core, known) for t in a.args)
                or self._is_saved(a, core, others, known)
                or self._is_compensated(a, core, others, known)
            ):
                return build.add(*(build.mul(*others, t) for t in a.args))
        return None

    def _is_joined(self, a: Expr, known: Known) -> bool:
        """Is it a sum whose terms cancel over their denominator, as in 1 - p? Multiplied out they would do so again."""
        value = self.form(a, known)
        return isinstance(a, Add) and not value.plain and not any(isinstance(e, Add) for e, _ in value.sums)

    def _taken_in(self, args: Exprs, forms: Factors, known: Known) -> Expr | None:
        """The product with its exponentials taken into a sum where what they stand in can be computed: of a choice is
        told there by which branch it is, and what a delta shuts out of a bracket there is."""
        for k, a in enumerate(args):
            body = self.definition(a, known) if isinstance(a, Read) and not self.is_tame(a, known) else None
            if isinstance(body, (Mul, Sum)) and any(isinstance(f, Sum) for f in factors_of(body)):
                below = tuple(
                    rename_bound(f, {i.name for b in args for i in free_indices(b)}) for f in factors_of(body)
                )
                spread = (*args[:k], *below, *args[k + 1 :])
                forms = [(b, f) for b in spread if not (f := self._factor(b, known)).plain]
                return self._taken_in(spread, forms, known)
            if not isinstance(a, Sum) or self.stands(a, known):
                continue
            own = [b for b, _ in forms if b is not a]
            total = rename_bound(a, {i.name for b in own for i in free_indices(b)})
            within, body = outside(known, total.indices), build.mul(*own, total.body)
            if self.choice(a.body, outside(known, a.indices)) is not None or self._is_safe_within(own, body, within):
                others = [b for j, b in enumerate(args) if j != k and not any(b is c for c in own)]
                return build.mul(
                    *(self.plain(b, known) for b in others), self.plain(build.total(total.indices, body), known)
                )
        return None

    def _is_safe_within(self, own: list[Expr], body: Expr, within: Known) -> bool:
        """May the exponentials overflow, but not beside a sum's terms, multiplied out over a bracket with deltas?"""
        deltas = any(isinstance(f, Add) and any(isinstance(d, Delta) for d in walk(f)) for f in factors_of(body))
        return bool(own) and deltas and not self.is_tame(build.mul(*own), within) and self.is_tame(body, within)

    def _by_delta(self, args: Exprs, known: Known) -> Expr | None:
        """The product where an index of a delta in a sum has that value, and where it has not, if its terms cannot be
        computed each by itself: in 1/(1 - p_y) p_y (delta_yk - p_k) they cancel."""
        for k, total, d in _deltas_in_sums(args):
            others = (args[:k], args[k + 1 :])
            for i, at in self.fixed(d):
                if all(self.is_tame(build.mul(*others[0], t, *others[1]), known) for t in total.args):
                    continue
                apart = build.compare("!=", Int(Poly.of(i)), Int(at))
                rest = build.add(*(t for t in total.args if d not in factors_of(t)))
                elsewhere = self.plain(build.mul(*others[0], rest, *others[1]), (*known, (apart, True)))
                return build.where(apart, elsewhere, self.plain(substitute(build.mul(*args), {i: at}), known))
        return None

    def _is_saved(self, total: Add, core: Scaled, others: Exprs, known: Known) -> bool:
        """Is the product not safe as it stands, but its terms are?"""
        doubtful = [t for t in total.args if not self.is_tame(t, known)]
        if not doubtful or (doubtful == list(total.args) and self.is_safe(core * self.form(total, known), known)):
            return False
        return all(self.is_tame(build.mul(*others, t), known) for t in doubtful)

    def _is_compensated(self, total: Add, core: Scaled, others: Exprs, known: Known) -> bool:
        """May what stands beside the sum overflow, but is each term as small as that is large?

        A term that is nothing exponential compensates for nothing: what it stands in is a difference, to be kept whole.
        """
        if core.plain or self.is_safe(core, known) or any(self.form(t, known).plain for t in total.args):
            return False
        return all(self.is_tame(build.mul(*others, t), known) for t in total.args)

    def _needs_product(self, term: Expr, core: Scaled, known: Known) -> bool:
        form = self.form(term, known)
        if form.plain or (core * form).size() >= core.size() + form.size():
            return False
        return not self.is_tame(term, known) or not self.is_safe(core, known)

    def _computed(self, value: Scaled, known: Known, beside: tuple[Expr, ...] = ()) -> Expr:
        """exp(m) * v as it is to be computed beside other factors; where one of them is 0 the exponent is no matter."""
        if not value.exponent.terms and len(value.sums) == 1 and value.sums[0][1] == 1:
            total = value.sums[0][0]
            rest = self.plain(value.rest, known)
            others = (*factors_of(rest), *beside)
            return build.mul(rest, self._shut(self._as_it_stands(total, known), others))
        m, v = self.lifted(value, known)
        if not m.terms:
            return v
        if not self.is_nonpositive(m):
            taken = self.absorbing(value, known)
            if taken is not None:
                total, summand = taken
                within = outside(known, total.indices)
                return build.mul(
                    self.plain(value.rest, known), build.total(total.indices, self._computed(summand, within))
                )
        cond, factors = counting(v)
        exponent = self.exponent(write(self.grouped(m, known)), known)
        nought = () if self.is_nonpositive(m) else self._shut_at((*factors, *beside), exponent, known)
        falling = self.falling(m, known) if m.terms else None
        if falling is not None:  # where c is 0, t u - c exp(u) does not fall: what is c times is 0 there
            bases = [key(_base(f)) for f in factors_of(falling)]
            both = (*factors, *beside)
            nought += tuple(build.compare("!=", _base(f), build.NIL) for f in both if key(_base(f)) in bases)
        e = exponential_of(build.where(build.both(*nought), exponent, build.NIL))
        if cond == TRUE:
            return build.mul(v, e)
        spelt = self.spelt(e)
        bare = guarded(spelt, cond) == spelt
        return build.mul(v, e) if bare else build.where(cond, build.mul(*factors, e), build.NIL)

    def _shut(self, total: Expr, beside: Exprs) -> Expr:
        """A sum with no exponential that may overflow where another factor is 0: in m (exp(z) - t)."""
        if not isinstance(total, (Add, Sum)) and not (
            isinstance(total, Fn) and total.name != "exp" and _is_wide(total)
        ):
            return total
        total = rename_bound(total, {i.name for a in beside for i in free_indices(a)})

        def shut(node: Node) -> Node:
            if isinstance(node, Read) and not self.is_tame(node, ()):  # an exponential that has a name of its own
                body = self.definition(node, ())
                if isinstance(body, Fn) and _is_wide(body) and (closed := shut(body)) != body:
                    return closed
            if not isinstance(node, Fn) or not _is_wide(node):
                return map_children(node, shut)
            exponent = node.args[0]
            bounded = is_bounded(exponent) or self.is_nonpositive(parts(exponent))
            if bounded and not elementary(node.name).exponentials:
                return node
            nought = tuple(self._zeros(beside, exponent))
            return Fn(node.name, (build.where(build.both(*nought), exponent, build.NIL),)) if nought else node

        return shut(total)  # type: ignore[return-value]

    def _shut_at(self, factors: tuple[Expr, ...], exponent: Expr, known: Known) -> tuple[Cond, ...]:
        """When no factor beside an exponential of no bound is 0: entries of inputs, masks, sums of what has settled."""
        sums = (self.named(self.plain(f, known), known) for f in factors if self._may_settle(f))
        return (*self._zeros(factors, exponent), *(build.compare("!=", total, build.NIL) for total in sums))

    def _may_settle(self, f: Expr) -> bool:
        """Is it a sum each term of which has a factor that may be 0: 1 - tanh(u)**2 where tanh has come to rest, or an
        exponential that has no bound below?"""
        return isinstance(f, Sum) and any(self._settles(a) or self._may_settle(a) for a in factors_of(f.body))

    def _settles(self, a: Expr) -> bool:
        """Is it such a factor, or a tensor that has one?"""
        if isinstance(a, Read):
            body = self.definition(a, ())
            return body is not None and any(map(self._settles, factors_of(body)))
        if isinstance(a, Add) and any(map(self._rests, walk(a))):
            return True
        value = self.form(a, ())
        return not value.plain and bool((m := self.lifted(value, ())[0]).terms) and self.is_nonpositive(m)

    def _rests(self, node: Node) -> bool:
        """Does it come to rest, or is it the name of what does?"""
        body = self.definition(node, ()) if isinstance(node, Read) else node
        return isinstance(body, Fn) and settles(body.name)

    def _zeros(self, factors: tuple[Expr, ...], exponent: Expr) -> Iterator[Cond]:
        """When factors that may well be 0 are not: entries of inputs, and what a condition shuts."""
        for f in factors:
            base = _base(f)
            if set(free_indices(f)) <= set(free_indices(exponent)) and base != exponent and self._may_be_nought(base):
                yield build.compare("!=", base, build.NIL)

    def _may_be_nought(self, base: Expr) -> bool:
        if isinstance(base, Int):
            return not is_positive(base)
        if isinstance(base, Where):
            return build.NIL in (base.then, base.other) or any(
                isinstance(b, (Where, Mul)) and self._may_be_nought(b) for b in (base.then, base.other)
            )
        if isinstance(base, Mul):
            return any(_is_mask(f) for f in base.args)
        if isinstance(base, Add):
            shut = all(any(map(_is_shut, factors_of(t))) for t in base.args)
            return shut or any(isinstance(n, Fn) and settles(n.name) for n in walk(base))
        if not isinstance(base, Read) or BESIDE in base.tensor:
            return False
        equation = self.equations.get(base.tensor)
        if equation is None:
            return True
        body = equation.body
        factors = body.args if isinstance(body, Mul) else ()
        return any(isinstance(f, (Where, Add)) and self._may_be_nought(f) for f in factors or (body,)) or any(
            isinstance(f, Read) and self.is_data(f) for f in factors
        )

    def _as_it_stands(self, total: Expr, known: Known) -> Expr:
        if isinstance(total, Add):
            return self.as_they_stand(total, known)
        return map_children(total, lambda c: self.plain(c, known))  # type: ignore[arg-type]

    # --- sums --------------------------------------------------------------------------------------------------------

    def _addition(self, node: Add, known: Known) -> Expr:
        shorter = self.shortened(node, known)
        if shorter is not None and not self.form(shorter, known).plain:
            return self.plain(shorter, known)
        terms = [self.form(a, known) for a in opened_terms(node)]
        if not all(t.plain for t in terms):
            joined = self.cancelled(terms, known)
            if joined is not None:
                return self._computed(joined, known)
        return self.as_they_stand(node, known)

    def as_they_stand(self, total: Expr, known: Known) -> Expr:
        assert isinstance(total, Add)
        found = less_one(total)
        if found is not None:
            c, a = found
            return build.mul(Num(c), expm1_of(self.plain(a, known)))
        logs = self.sum_of_logarithms(total, known)
        return build.add(*(self.plain(a, known) for a in total.args)) if logs is None else logs


def _deltas_in_sums(args: Exprs) -> Iterator[tuple[int, Add, Delta]]:
    """The deltas in the terms of sums among some factors, each with the place of its sum and the sum."""
    for k, total in enumerate(args):
        for t in total.args if isinstance(total, Add) else ():
            for d in factors_of(t):
                if isinstance(d, Delta) and isinstance(total, Add):
                    yield k, total, d


def _is_wide(f: Fn) -> bool:
    """Is it an exponential, or a sum of such that has a name?"""
    return f.name in ("exp", "expm1") or (not f.orders and bool(elementary(f.name).exponentials))


def _base(f: Expr) -> Expr:
    """What a factor is a power of."""
    return f.base if isinstance(f, Pow) else f


def _branches(e: Expr) -> Iterator[Expr]:
    """What a choice is of, or an expression that is none."""
    for b in (e.then, e.other) if isinstance(e, Where) else ():
        yield from _branches(b)
    if not isinstance(e, Where):
        yield e


def _is_mask(f: Expr) -> bool:
    return isinstance(f, Delta) or (isinstance(f, Where) and build.NIL in (f.then, f.other))


def _is_shut(f: Expr) -> bool:
    """Is it a mask, or a sum of such, each times something?"""
    return _is_mask(f) or (isinstance(f, Add) and all(any(map(_is_shut, factors_of(t))) for t in f.args))


def _joined(forms: Factors) -> Factors:
    """Factors whose product is simpler than they are."""
    return forms if product_of(f for _, f in forms).size() < sum(f.size() for _, f in forms) else []
