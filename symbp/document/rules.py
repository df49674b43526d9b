"""The rule that made a line, in words that a student could follow."""

from __future__ import annotations

from collections.abc import Callable

from symbp.calculus.steps import RULES, Derivation, HessianProduct, Rule
from symbp.core.expr import Expr, Int, Sum
from symbp.core.traverse import walk
from symbp.document.model import Arrow, FactRef, Math, Part, Ref, Words
from symbp.errors import MissingRule


def why(rule: Rule, derivation: Derivation | HessianProduct, before: Expr | None) -> Words:
    """The words for a rule, with references to the equations that it uses; `before` is the line that it starts from."""
    if rule.name == "pull" and before is not None and not any(isinstance(n, Sum) for n in walk(before)):
        return ("multiply the factors",)
    if rule.name == "contract" and not rule.renamed:
        summed = before is not None and any(isinstance(n, Sum) for n in walk(before))
        return ("the deltas hold no summed index: take them out" if summed else "take the deltas out of every branch",)
    numbers = (derivation.number(key) for key in rule.equations)
    refs = tuple(Ref(n) for n in sorted({n for n in numbers if n is not None}))
    special = SPECIAL.get(rule.name)
    if special is not None:
        return special(rule, refs)
    if rule.name not in RULES:
        raise MissingRule(f"no words for the rule {rule.name}; extend symbp/document/rules.py")
    return (RULES[rule.name],)


def listed(parts: tuple[Part, ...], last: str = " and ") -> Words:
    """a, b and c."""
    words: list[Part] = []
    for k, part in enumerate(parts):
        if k:
            words.append(last if k == len(parts) - 1 else ", ")
        words.append(part)
    return tuple(words)


def _arrows(rule: Rule) -> tuple[Arrow, ...]:
    return tuple(Arrow(Int(a), Int(b)) for a, b in rule.renamed)


def _chain(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    return ("chain rule over ", *listed(refs)) if refs else ("chain rule",)


def _derive(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    words: list[Part] = ["differentiate ", *listed(refs)] if refs else ["differentiate the definition"]
    if "quotient" in rule.also:
        words.append(" by the quotient rule")
    for function, derivative in rule.slopes:
        words += ["; the derivative of ", Math(function), " is ", Math(derivative)]
    return (*words, *(f"; {RULES[name]}" for name in rule.also if name != "quotient"))


def _insert(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    return ("insert ", *listed(refs)) if refs else ("insert what is known",)


def _contract(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    arrows = _arrows(rule)
    return ("contract ", *listed(arrows, ", "), *(f"; {RULES[name]}" for name in rule.also))


def _solve(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    arrows = _arrows(rule)
    return ("solve the deltas: ", *listed(arrows, ", ")) if arrows else (RULES["solve"],)


def _single(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    arrows = _arrows(rule)
    return ("the condition leaves one term of the sum: ", *listed(arrows, ", "))


def _turn(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    arrows = _arrows(rule)
    return ("count from the other end: ", *listed(arrows, ", "))


def _reexpress(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    words: list[Part] = ["re-expressed by ", *listed(refs)] if refs else [RULES["re-express"]]
    if "copies" in rule.also:
        words.append(", equal terms counted")
    for old, new in rule.values:
        words += [": ", Math(old), " is ", Math(new)]
    return tuple(words)


def _fact(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    labels = tuple(FactRef(label) for label in rule.facts)
    by: Words = (", by ", *listed(refs)) if refs else ()
    return ("fact " if len(labels) == 1 else "facts ", *listed(labels), *by)


def _cancel(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    return ("cancel what stands above and below",)


def _zero(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    return (*listed(refs), " is 0 where the condition fails" if len(refs) == 1 else " are 0 where the conditions fail")


def _path(rule: Rule, refs: tuple[Ref, ...]) -> Words:
    return ("one product for each path from the loss down",)


Special = Callable[[Rule, tuple[Ref, ...]], Words]
SPECIAL: dict[str, Special] = {
    "chain": _chain,
    "derive": _derive,
    "along": _derive,
    "insert": _insert,
    "contract": _contract,
    "re-express": _reexpress,
    "fact": _fact,
    "cancel": _cancel,
    "solve": _solve,
    "single": _single,
    "turn": _turn,
    "zero": _zero,
    "path": _path,
}
