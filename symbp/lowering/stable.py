"""Nothing overflows, turns nan or loses its digits whose true value can be represented.

Every value is seen as exp(m) * v: a sum takes the largest m out, a product adds them, a logarithm gives m + log v.
This holds across named tensors, so the logarithm of p = softmax(z) is z - max z - log sum exp(z - max z) although p
may be 0. Two more things follow from the same representation: 1 - 1/(1 + e^-z) is brought over its denominator, where
it is e^-z/(1 + e^-z) and has all its digits; and e^a - 1 is `expm1`, log(1 + u) is `log1p`. No function and no layer
is known by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from typing import Any

from symbp.core import build
from symbp.core.canonical import key
from symbp.core.expr import Add, Compare, Cond, Expr, Extreme, Fn, Mul, Num, Pow, Read, Sum, Where
from symbp.core.guards import conjuncts
from symbp.core.integers import Index, Node
from symbp.core.network import Equation, Network
from symbp.core.traverse import apply, free_indices, map_children, rename_bound, walk
from symbp.lowering.guard import is_bounded, is_positive
from symbp.lowering.linear import NOTHING, Linear, is_nonpositive, positive_part, write
from symbp.lowering.recurrence import components, is_recurrent
from symbp.lowering.scaled import Scaled, raw, unit

Known = tuple[tuple[Cond, bool], ...]

# The largest of so many exponents is taken out of a sum; of more, or of longer ones, the formula would outgrow its use.
MOST_EXPONENTS = 5
LONGEST = 60
LONGEST_EQUATION = 2_000
LEAST = build.num(-(10**30))

# Where an exponential inside an exponent stops to matter; within the range of float32.
HIGHEST = build.num(80)


def stabilise(network: Network) -> Network:
    """The same network, every equation written so that it is computed well."""
    if not any(_has_exponential(e.body) for e in network.equations):
        return network
    alone = (part[0] for part in components(network.equations) if not is_recurrent(part))
    work = _Stable({e.name: e for e in alone})  # what a recurrence defines is never looked into: there is no end to it
    return replace(network, equations=tuple(_computed_well(e, work) for e in network.equations))


def _computed_well(equation: Equation, work: _Stable) -> Equation:
    """The equation as it is best computed; as it stands where that has become too long to be any good."""
    body = work.plain(equation.body, ())
    long = sum(1 for _ in islice(walk(body), LONGEST_EQUATION + 1)) > LONGEST_EQUATION
    return equation if long else replace(equation, body=body)


def _has_exponential(node: Node) -> bool:
    return any(isinstance(n, Fn) and n.name in ("exp", "log", "expm1", "log1p") for n in walk(node))


@dataclass(slots=True)
class _Stable:
    """The definitions, and what has been worked out so far, by expression and by the conditions known to hold."""

    equations: Mapping[str, Equation]
    forms: dict[tuple[Expr, Known], Scaled] = field(default_factory=dict)
    ordinary: dict[str, bool] = field(default_factory=dict)
    safe: dict[tuple[Scaled, Known], bool] = field(default_factory=dict)
    plains: dict[tuple[Node, Known], Node] = field(default_factory=dict)
    apart: dict[tuple[Expr, Known], tuple[Linear, Expr]] = field(default_factory=dict)

    # --- a value as exp(L) * sums of exponentials * rest -------------------------------------------------------------

    def form(self, expr: Expr, known: Known) -> Scaled:
        """The representation of a value, named tensors looked into where there is something exponential in them."""
        found = self.forms.get((expr, known))
        if found is None:
            found = self.forms[expr, known] = self._form(expr, known)
        return found

    def _form(self, expr: Expr, known: Known) -> Scaled:
        match expr:
            case Fn("exp", (a,)):
                return self._exponential(a, known)
            case Fn("expm1", (a,)):
                return self._sum_form(build.add(Fn("exp", (a,)), build.MINUS), known)
            case Mul(args):
                result = unit()
                for a in args:
                    result = result * self.form(a, known)
                return result
            case Pow(base, Num(q)):
                inner = self.form(base, known)
                return inner.power(q) if q.denominator == 1 or not inner.plain else Scaled(expr)
            case Add():
                return self._sum_form(expr, known)
            case Sum(indices, body):
                summand = self.form(body, known)
                safe = summand.plain or self.is_safe(summand, known)
                return Scaled(expr) if safe else self._total_form(indices, summand)
            case Read():
                return self._read_form(expr, known)
            case Where(cond, then, other):
                return self._choice_form(expr, cond, then, other, known)
        return Scaled(expr)

    def _exponential(self, a: Expr, known: Known) -> Scaled:
        exponent, logs = self.combination(a, Fraction(1), known)
        return Scaled(build.UNIT, exponent) * logs

    def combination(self, a: Expr, times: Fraction, known: Known) -> tuple[Linear, Scaled]:
        """An exponent as a combination; logarithms of exponential things become factors."""
        linear, logs = NOTHING, unit()
        for term in a.args if isinstance(a, Add) else (a,):
            c, rest = build.split_number(term)
            more, log = self._exponent_term(rest, c * times, known)
            linear, logs = linear + more, logs * log
        return linear, logs

    def _exponent_term(self, rest: Expr, c: Fraction, known: Known) -> tuple[Linear, Scaled]:
        inside = self.logarithm_of(rest, known)
        if inside is not None:
            return NOTHING, inside.power(c)
        if isinstance(rest, Add):
            return self.combination(rest, c, known)
        if isinstance(rest, Read):
            linear, logs = (
                self.combination(body, c, known) if (body := self.definition(rest, known)) else (NOTHING, unit())
            )
            if not logs.plain:
                return linear, logs
        return Linear(((rest, c),)), unit()

    def logarithm_of(self, e: Expr, known: Known) -> Scaled | None:
        """What a logarithm is the logarithm of, where that is exponential."""
        if isinstance(e, Fn) and e.name in ("log", "log1p"):
            inside = self.form(e.args[0] if e.name == "log" else build.add(build.UNIT, e.args[0]), known)
            return None if inside.plain else inside
        return None

    def definition(self, read: Read, known: Known) -> Expr | None:
        """What a tensor's entry is defined as, the branch taken where that is known; None for inputs."""
        equation = self.equations.get(read.tensor)
        if equation is None:
            return None
        body = apply(equation.body, equation.indices, read.subs)
        return branch(body, known)

    def _read_form(self, read: Read, known: Known) -> Scaled:
        equation = self.equations.get(read.tensor)
        if equation is None or (not known and self._is_ordinary(equation)):
            return Scaled(read)
        body = self.definition(read, known)
        assert body is not None
        inner = self.form(body, known)
        return Scaled(read) if inner.plain or self._is_ordinary_sum(inner, known) else inner

    def _is_ordinary(self, equation: Equation) -> bool:
        """Is there nothing exponential in a definition, whatever its indices are called?"""
        found = self.ordinary.get(equation.name)
        if found is None:
            inner = self.form(equation.body, ())
            found = self.ordinary[equation.name] = inner.plain or self._is_ordinary_sum(inner, ())
        return found

    def _is_ordinary_sum(self, value: Scaled, known: Known) -> bool:
        """Is it one sum that can be computed as it stands: the input of the next layer?"""
        return (
            not value.exponent.terms and len(value.sums) == 1 and value.sums[0][1] == 1 and self.is_safe(value, known)
        )

    def _choice_form(self, expr: Expr, cond: Cond, then: Expr, other: Expr, known: Known) -> Scaled:
        taken = branch(expr, known)
        if taken != expr:
            return self.form(taken, known)
        if other == build.NIL and then != build.UNIT:
            inner = self.form(then, (*known, (cond, True)))
            if not inner.plain:
                return Scaled(build.where(cond, build.UNIT, build.NIL)) * inner
        return Scaled(expr)

    def _total_form(self, indices: tuple[Index, ...], body: Scaled) -> Scaled:
        """A sum over indices: what does not depend on them leaves it."""
        inside, outside = body.exponent.split(indices)
        kept, moved = Linear(body.sums).split(indices)
        inner, outer = _parted(body.rest, indices)
        rest = Scaled(outer, outside, moved.terms)
        summand = Scaled(inner, inside, kept.terms)
        total = build.total(indices, raw(summand))
        return rest * (Scaled(total) if summand.plain else Scaled(build.UNIT, NOTHING, ((total, Fraction(1)),)))

    def _sum_form(self, expr: Expr, known: Known) -> Scaled:
        """A sum of terms: over its common denominator where terms cancel there, else a factor of its own."""
        assert isinstance(expr, Add)
        terms = [self.form(a, known) for a in _terms(expr)]
        if all(t.plain for t in terms):
            return Scaled(expr)
        joined = self.cancelled(terms, known)
        if joined is not None:
            return joined
        return Scaled(build.UNIT, NOTHING, ((build.add(*(raw(t) for t in terms)), Fraction(1)),))

    def cancelled(self, terms: list[Scaled], known: Known) -> Scaled | None:
        """The sum over its common denominator, if terms cancel there and what remains does not."""
        below: dict[str, tuple[Expr, Fraction]] = {}
        for t in terms:
            for e, p in t.sums:
                if p < min(Fraction(0), below.get(key(e), (e, Fraction(0)))[1]):
                    below[key(e)] = (e, p)
        common = Scaled(build.UNIT, NOTHING, tuple((e, -p) for e, p in below.values()))
        spread = [u for t in terms for u in self._spread(t * common, known)]
        kept = _collected(spread)
        if len(kept) == len(spread) or len(kept) > len(terms):  # nothing cancels, or there is more to add than before
            return None
        if len(kept) > 1 and any(build.split_number(t.rest)[0] < 0 for t in kept):
            return None
        return _as_one(kept) * common.power(Fraction(-1))

    def _spread(self, value: Scaled, known: Known) -> list[Scaled]:
        """Multiplied out: small whole powers of sums of a few terms."""
        for k, (e, p) in enumerate(value.sums):
            if isinstance(e, Add) and p.denominator == 1 and 0 < p <= 2 and len(e.args) <= 4:
                others = Scaled(value.rest, value.exponent, value.sums[:k] + value.sums[k + 1 :])
                lower = others * Scaled(build.UNIT, NOTHING, ((e, p - 1),) if p > 1 else ())
                return [u for a in _terms(e) for u in self._spread(lower * self.form(a, known), known)]
        return [value]

    # --- exp(m) * v --------------------------------------------------------------------------------------------------

    def split(self, total: Expr, known: Known) -> tuple[Linear, Expr]:
        """A sum of exponentials as exp(m) * v: m and v, the largest exponent taken out."""
        found = self.apart.get((total, known))
        if found is None:
            rule = self._split_total if isinstance(total, Sum) else self._split_terms
            found = self.apart[total, known] = rule(total, known)  # type: ignore[arg-type]
        return found

    def _split_terms(self, total: Add, known: Known) -> tuple[Linear, Expr]:
        terms = [self.lifted(self.form(a, known), known) for a in _terms(total)]
        largest = terms[0][0]
        if len(dict.fromkeys(m for m, _ in terms)) > MOST_EXPONENTS or sum(map(_length, terms)) > LONGEST:
            return NOTHING, self._terms_as_they_stand(total, known)
        for m, _ in terms[1:]:
            d = m - largest
            largest = largest if is_nonpositive(d) else m if is_nonpositive(d * -1) else largest + positive_part(d)
        if len(terms) == 2 and (pair := _pair(terms, largest)) is not None:
            return largest, pair
        return largest, build.add(*(build.mul(v, _exp(m - largest)) for m, v in terms))

    def _split_total(self, total: Sum, known: Known) -> tuple[Linear, Expr]:
        m, v = self.lifted(self.form(total.body, known), known)
        inside, outside = m.split(total.indices)
        if not inside.terms:
            return outside, build.total(total.indices, v)
        cond, factor = _counted(v)
        body = self.plain(write(inside), known)
        largest: Expr = rename_bound(Extreme("max", total.indices, body, cond), {i.name for i in total.indices})
        if cond != build.both():  # where none counts, the largest of none must be a number
            largest = build.where(build.compare(">", largest, LEAST), largest, LEAST)
        shift = Linear(((largest, Fraction(1)),))
        summand = build.where(cond, build.mul(factor, _exp(inside - shift)), build.NIL)
        return outside + shift, build.total(total.indices, summand)

    def lifted(self, value: Scaled, known: Known) -> tuple[Linear, Expr]:
        """A value as exp(m) * v."""
        m, factors = value.exponent, [self.plain(value.rest, known)]
        for e, p in value.sums:
            if p == 1 and len(value.sums) == 1 and not value.exponent.terms and not isinstance(e, (Add, Sum)):
                return m, self.plain(raw(value), known)
            more, v = self.split(e, known)
            m = m + more * p
            factors.append(build.power(v, Num(p)))
        return m, build.mul(*factors)

    # --- how each expression is computed -----------------------------------------------------------------------------

    def plain(self, node: Expr, known: Known) -> Expr:
        """The expression as it is to be computed."""
        found = self.plains.get((node, known))
        if found is None:
            found = self.plains[node, known] = self._plain(node, known)
        return found  # type: ignore[return-value]

    def _plain(self, node: Node, known: Known) -> Node:
        match node:
            case Fn("log" | "log1p"):
                return self._logarithm(node, known)
            case Fn("exp", (a,)):
                value = self.form(node, known)
                return _exponential_of(self.plain(a, known)) if not value.sums else self.computed(value, known)
            case Mul(args):
                return self._product(args, known)
            case Pow(base, Num(q)) if q < 0 or q.denominator != 1:
                value = self.form(node, known)
                if value.plain or (isinstance(base, Read) and self.is_safe(self.form(base, known), known)):
                    return build.power(self.plain(base, known), node.exponent)
                return self.computed(value, known)
            case Add():
                return self._addition(node, known)
            case Where(cond, then, other):
                return self._choice(cond, then, other, known)
        return map_children(node, lambda c: self.plain(c, known))  # type: ignore[arg-type]

    def _choice(self, cond: Cond, then: Expr, other: Expr, known: Known) -> Expr:
        if (cond, True) in known:
            return self.plain(then, known)
        if (cond, False) in known:
            return self.plain(other, known)
        test: Cond = self.plain(cond, known)  # type: ignore[arg-type, assignment]
        yes = self.plain(then, (*known, (cond, True)))
        return build.where(test, yes, self.plain(other, (*known, (cond, False))))

    def _logarithm(self, node: Fn, known: Known) -> Expr:
        """log(exp(m) * v) = m + log v."""
        inside = node.args[0] if node.name == "log" else build.add(build.UNIT, node.args[0])
        value = self._form_in_logarithm(inside, known)
        if value.plain or (isinstance(inside, Add) and self._is_plain_sum(inside, known)):
            return _log(self.plain(inside, known))
        m, logs, rest = value.exponent, [], [self.plain(value.rest, known)]
        for e, p in value.sums:
            more, v = self.split(e, known)
            m = m + more * p
            if is_positive(v):
                logs.append(build.mul(Num(p), _log(v)))
            else:
                rest.append(build.power(v, Num(p)))
        ordinary = build.mul(*rest)
        return build.add(self.plain(write(m), known), *logs, *([] if ordinary == build.UNIT else [_log(ordinary)]))

    def _form_in_logarithm(self, inside: Expr, known: Known) -> Scaled:
        """The form of what a logarithm is taken of: there a sum of small terms matters too, since it may be 0."""
        value = self.form(inside, known)
        body = self.definition(inside, known) if isinstance(inside, Read) else inside
        if not value.plain or not isinstance(body, Sum):
            return value
        summand = self.form(body.body, known)
        return value if summand.plain else self._total_form(body.indices, summand)

    def _is_plain_sum(self, total: Add, known: Known) -> bool:
        """Is nothing taken out of this sum, so that it is computed as it stands?"""
        value = self.form(total, known)
        if value.exponent.terms or len(value.sums) != 1 or value.sums[0][1] != 1:
            return False
        return not self.split(value.sums[0][0], known)[0].terms

    def _product(self, args: tuple[Expr, ...], known: Known) -> Expr:
        """Factors that are exponential are put together where they would overflow apart or where something cancels."""
        forms = [(a, f) for a in args if not (f := self.form(a, known)).plain]
        spread = self._opened(args, forms, known) or self._spread_factor(args, forms, known)
        if spread is not None:
            return self.plain(spread, known)
        chosen = [(a, f) for a, f in forms if not self._stands_alone(a, f, known)]
        if chosen:
            chosen += [(a, f) for a, f in forms if (a, f) not in chosen and not self._is_read(a, f, known)]
        else:
            chosen = self._joined_reads(forms)
        core = _product_of(chosen)
        if not chosen:
            return build.mul(*(self.plain(a, known) for a in args))
        chosen += [(a, f) for a, f in forms if (a, f) not in chosen and f.shares(core)]
        rest = [self.plain(a, known) for a in args if not any(a is b for b, _ in chosen)]
        return build.mul(*rest, self.computed(_product_of(chosen), known))

    def _stands_alone(self, a: Expr, form: Scaled, known: Known) -> bool:
        """May this factor be computed by itself: a named tensor that cannot overflow, a sum as it was written?"""
        if isinstance(a, (Add, Sum)):
            return not form.exponent.terms and all(p == 1 for _, p in form.sums)
        return self._is_read(a, form, known)

    def _is_read(self, a: Expr, form: Scaled, known: Known) -> bool:
        """Is it a named tensor, or a power of one, that cannot overflow?"""
        base = a.base if isinstance(a, Pow) else a
        return isinstance(base, Read) and self.is_safe(self.form(base, known), known)

    def _opened(self, args: tuple[Expr, ...], forms: list[tuple[Expr, Scaled]], known: Known) -> Expr | None:
        """The product with the definition of a named sum that would overflow by itself in the place of its name."""
        for k, a in enumerate(args):
            form = next((f for b, f in forms if b is a), None)
            if form is None or len(forms) < 2 or not isinstance(a, Read) or self.is_safe(form, known):
                continue
            body = self.definition(a, known)
            if body is not None and any(isinstance(e, Add) and p == 1 for e, p in form.sums):
                return build.mul(*args[:k], body, *args[k + 1 :])
        return None

    def _spread_factor(self, args: tuple[Expr, ...], forms: list[tuple[Expr, Scaled]], known: Known) -> Expr | None:
        """The product multiplied out over a sum in which a term would overflow by itself, but not in the product."""
        for k, a in enumerate(args):
            core = _product_of([(b, f) for b, f in forms if b is not a])
            if isinstance(a, Add) and any(self._needs_product(t, core, known) for t in a.args):
                others = args[:k] + args[k + 1 :]
                return build.add(*(build.mul(*others, t) for t in a.args))
        return None

    def _needs_product(self, term: Expr, core: Scaled, known: Known) -> bool:
        form = self.form(term, known)
        if form.plain:
            return False
        if (core * form).size() >= core.size() + form.size():
            return False
        return not self.is_safe(form, known) or not self.is_safe(core, known)

    def _joined_reads(self, forms: list[tuple[Expr, Scaled]]) -> list[tuple[Expr, Scaled]]:
        """Named tensors whose product is simpler than they are."""
        return forms if _product_of(forms).size() < sum(f.size() for _, f in forms) else []

    def is_safe(self, value: Scaled, known: Known) -> bool:
        """Can the value itself not overflow: is its exponent never positive?"""
        found = self.safe.get((value, known))
        if found is None:
            given = (*(c for c, holds in known if holds), *_masks(value.rest))
            found = self.safe[value, known] = is_nonpositive(self.lifted(value, known)[0], given)
        return found

    def computed(self, value: Scaled, known: Known) -> Expr:
        """exp(m) * v, as it is to be computed."""
        if not value.exponent.terms and len(value.sums) == 1 and value.sums[0][1] == 1:
            total = value.sums[0][0]
            return build.mul(self.plain(value.rest, known), self._as_it_stands(total, known))
        m, v = self.lifted(value, known)
        return build.mul(v, _exp(Linear(m.terms), self, known))

    def _as_it_stands(self, total: Expr, known: Known) -> Expr:
        if isinstance(total, Add):
            return self._terms_as_they_stand(total, known)
        return map_children(total, lambda c: self.plain(c, known))  # type: ignore[arg-type]

    def _addition(self, node: Add, known: Known) -> Expr:
        terms = [self.form(a, known) for a in _terms(node)]
        if not all(t.plain for t in terms):
            joined = self.cancelled(terms, known)
            if joined is not None:
                return self.computed(joined, known)
        return self._terms_as_they_stand(node, known)

    def _terms_as_they_stand(self, node: Add, known: Known) -> Expr:
        less_one = _less_one(node)
        if less_one is not None:
            c, a = less_one
            return build.mul(Num(c), Fn("expm1", (_capped(self.plain(a, known)),)))
        return build.add(*(self.plain(a, known) for a in node.args))


def _masks(product: Expr) -> tuple[Cond, ...]:
    """The conditions without which a product is 0."""
    factors = product.args if isinstance(product, Mul) else (product,)
    masks = (f.cond for f in factors if isinstance(f, Where) and (f.then, f.other) == (build.UNIT, build.NIL))
    return tuple(c for cond in masks for c in conjuncts(cond))


def _product_of(factors: list[tuple[Expr, Scaled]]) -> Scaled:
    result = unit()
    for _, f in factors:
        result = result * f
    return result


def branch(body: Expr, known: Known) -> Expr:
    """The branch taken, where the condition is known."""
    while isinstance(body, Where):
        if (body.cond, True) in known:
            body = body.then
        elif (body.cond, False) in known:
            body = body.other
        else:
            break
    return body


def _terms(expr: Add) -> tuple[Expr, ...]:
    """The terms, expm1 as two."""
    result: list[Expr] = []
    for a in expr.args:
        c, rest = build.split_number(a)
        if isinstance(rest, Fn) and rest.name == "expm1":
            result += [build.scale(c, Fn("exp", rest.args)), Num(-c)]
        else:
            result.append(a)
    return tuple(result)


def _collected(terms: list[Scaled]) -> list[Scaled]:
    """Like terms added; what cancels is gone."""
    table: dict[str, list[Scaled]] = {}
    for t in terms:
        _, rest = build.split_number(t.rest)
        table.setdefault(key(raw(replace(t, rest=rest))), []).append(t)
    kept = []
    for like in table.values():
        total = sum((build.split_number(t.rest)[0] for t in like), Fraction(0))
        if total:
            kept.append(replace(like[0], rest=build.mul(Num(total), build.split_number(like[0].rest)[1])))
    return kept


def _as_one(terms: list[Scaled]) -> Scaled:
    if not terms:
        return Scaled(build.NIL)
    if len(terms) == 1:
        return terms[0]
    return Scaled(build.UNIT, NOTHING, ((build.add(*(raw(t) for t in terms)), Fraction(1)),))


def _parted(rest: Expr, indices: tuple[Index, ...]) -> tuple[Expr, Expr]:
    """The factors that hold one of the indices, and the others."""
    factors = rest.args if isinstance(rest, Mul) else (rest,)
    inner = [f for f in factors if any(i in indices for i in free_indices(f))]
    return build.mul(*inner), build.mul(*(f for f in factors if f not in inner))


def _counted(v: Expr) -> tuple[Cond, Expr]:
    """When a summand counts at all (its mask holds, its coefficient is not 0), and its coefficient."""
    conds: list[Cond] = []
    others: list[Expr] = []
    for f in v.args if isinstance(v, Mul) else (v,):
        if isinstance(f, Where) and (f.then, f.other) == (build.UNIT, build.NIL):
            conds.append(f.cond)
        else:
            others.append(f)
            if not is_positive(f) and not is_positive(build.neg(f)):
                conds.append(build.compare("!=", f, build.NIL))
    return build.both(*conds), build.mul(*others)


def _length(term: tuple[Linear, Expr]) -> int:
    """How long an exponent is, written out."""
    return sum(1 for e, _ in term[0].terms for _ in islice(walk(e), LONGEST + 1))


def _pair(terms: list[tuple[Linear, Expr]], largest: Linear) -> Expr | None:
    """v for two terms with the same or with opposite coefficients: 1 + exp(-|d|), or sign(d) (1 - exp(-|d|))."""
    (m, a), (k, b) = terms
    d = k - m
    if is_nonpositive(d) or is_nonpositive(d * -1):
        return None
    apart = build.mul(build.MINUS, Fn("abs", (write(d if d.terms[0][1] > 0 else d * -1),)))
    if a == b:
        return build.mul(a, build.add(build.UNIT, _exponential_of(apart)))
    if a == build.neg(b):
        difference = write(d)
        sign = build.UNIT if is_positive(difference) else Fn("sign", (difference,))
        return build.mul(a, sign, Fn("expm1", (_capped(apart),)))
    return None


def _exp(m: Linear, work: _Stable | None = None, known: Known = ()) -> Expr:
    if not m.terms:
        return build.UNIT
    exponent = write(m)
    return _exponential_of(work.plain(exponent, known) if work else exponent)


def _exponential_of(exponent: Expr) -> Expr:
    """exp of it; an exponential inside the exponent need not go beyond e^80, where the outer one is 0 or infinite."""
    return Fn("exp", (_capped(exponent),))


def _capped(node: Node) -> Any:
    match node:
        case Fn("exp", (a,)) if not is_bounded(a):
            return Fn("exp", (Where(Compare("<", a, HIGHEST), a, HIGHEST),))
        case Add() | Mul() | Fn("abs"):
            return map_children(node, _capped)
    return node


def _log(v: Expr) -> Expr:
    """log v, of 1 + u as log1p(u)."""
    if v == build.UNIT:
        return build.NIL
    if isinstance(v, Add) and build.UNIT in v.args:
        return Fn("log1p", (build.add(*(a for a in v.args if a != build.UNIT)),))
    return Fn("log", (v,))


def _less_one(node: Add) -> tuple[Fraction, Expr] | None:
    """c and a where the sum is c*exp(a) - c."""
    if len(node.args) != 2 or not isinstance(node.args[1], Num):
        return None
    c, rest = build.split_number(node.args[0])
    if isinstance(rest, Fn) and rest.name == "exp" and node.args[1].value == -c:
        return c, rest.args[0]
    return None
