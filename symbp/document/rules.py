"""The rule that made a line, in clauses that a student could follow."""

from __future__ import annotations

from collections.abc import Callable

from symbp.calculus.steps import RULES, Derivation, HessianProduct, Rule
from symbp.core.expr import Expr, Int, Sum
from symbp.core.traverse import nodes
from symbp.document.said import Arrow, FactRef, Listed, Math, Ref, Said, Words, listed, said
from symbp.errors import MissingRule

Special = Callable[[Rule, tuple[Ref, ...], Expr | None], Words]


def why(rule: Rule, derivation: Derivation | HessianProduct, before: Expr | None) -> Words:
    """What is said of a rule, with references to the equations that it uses; `before` is the line it starts from."""
    if rule.name not in RULES:
        raise MissingRule(f"no rule is called {rule.name}; extend RULES in symbp/calculus/steps.py")
    numbers = (derivation.number(key) for key in rule.equations)
    refs = tuple(Ref(n) for n in sorted({n for n in numbers if n is not None}))
    special = SPECIAL.get(rule.name)
    return (_named(rule.name),) if special is None else special(rule, refs, before)


def _named(rule: str) -> Said:
    """A rule of which always the same is said; so is of the chain rule where it is part of another."""
    return said("rule.chain.inside") if rule == "chain" else said("rule." + rule)


def _renamed(rule: Rule) -> Listed:
    return Listed("comma", tuple(Arrow(Int(a), Int(b)) for a, b in rule.renamed))


def _has_sums(line: Expr | None) -> bool:
    return line is not None and any(nodes(line, Sum))


def _chain(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    return (said("rule.chain", equations=listed(refs)),)


def _derive(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    quotient = "quotient" in rule.also
    head = said("rule.derive.quotient" if quotient else "rule.derive", equations=listed(refs))
    slopes = (said("rule.derive.slope", function=Math(f), slope=Math(s)) for f, s in rule.slopes)
    return (head, *slopes, *(_named(name) for name in rule.also if name != "quotient"))


def _insert(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    return (said("rule.insert", equations=listed(refs)),)


def _contract(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    if not rule.renamed:
        return (said("rule.contract.sum" if _has_sums(before) else "rule.contract.branches"),)
    return (said("rule.contract", renamed=_renamed(rule)), *map(_named, rule.also))


def _pull(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    return (said("rule.pull" if before is None or _has_sums(before) else "rule.pull.product"),)


def _solve(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    return (said("rule.solve.for", renamed=_renamed(rule)) if rule.renamed else said("rule.solve"),)


def _single(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    return (said("rule.single", renamed=_renamed(rule)),)


def _turn(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    return (said("rule.turn", renamed=_renamed(rule)),)


def _reexpress(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    if rule.values:
        values = listed(said("rule.re-express.value", old=Math(a), new=Math(b)) for a, b in rule.values)
        return (said("rule.re-express.values", equations=listed(refs), values=values),)
    return (said("rule.re-express.counted" if "copies" in rule.also else "rule.re-express", equations=listed(refs)),)


def _fact(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    facts, count = listed(map(FactRef, rule.facts)), len(rule.facts)
    if refs:
        return (said("rule.fact.by", count, facts=facts, equations=listed(refs)),)
    return (said("rule.fact", count, facts=facts),)


def _zero(rule: Rule, refs: tuple[Ref, ...], before: Expr | None) -> Words:
    return (said("rule.zero", len(refs), equations=listed(refs)),)


SPECIAL: dict[str, Special] = {
    "chain": _chain,
    "derive": _derive,
    "along": _derive,
    "insert": _insert,
    "contract": _contract,
    "pull": _pull,
    "re-express": _reexpress,
    "fact": _fact,
    "solve": _solve,
    "single": _single,
    "turn": _turn,
    "zero": _zero,
}
