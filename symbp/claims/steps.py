"""The way that a derivation takes to an adjoint, line by line, each with its reason, as text of the language."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.calculus.steps import Chain, Derivation, Rule
from symbp.notation.text import write_expr

LONGEST = 110  # letters of a line before its reason has one of its own

# Every rule of the calculus in a few words; what it uses is said after it.
REASONS = {
    "chain": "chain rule over",
    "derive": "differentiate",
    "quotient": "quotient rule on",
    "along": "along the vector",
    "along each": "chain rule over what it reads",
    "entry": "an entry by an entry is a delta",
    "insert": "insert",
    "contract": "contract the deltas",
    "re-express": "re-expressed by",
    "split": "split the sum",
    "pull": "what does not depend on the summed index leaves the sum",
    "copies": "summed as often as the index has values",
    "cancel": "cancel",
    "factor": "common factor",
    "sign": "the minus goes into the bracket",
    "divide": "divide above and below by the exponential",
    "expand": "multiply out",
    "collect": "like terms",
    "fact": "by fact",
    "solve": "solve the deltas",
    "guard": "conditions of a product hold together",
    "single": "the condition leaves one term of the sum",
    "zero": "0 where the condition fails",
    "cases": "one of the two for each case",
    "under": "terms under one condition stand together",
    "turn": "count from the other end",
}


def steps_to(derivation: Derivation, quantity: str) -> tuple[str, ...]:
    """The chain of equalities for the adjoint of a quantity, the local derivatives that it inserts before it."""
    section = next((s for s in derivation.sections if s.quantity == quantity), None)
    if section is None:
        return ()
    chains = (*section.locals, section.main)
    return tuple(line for chain in chains for line in _lines(chain, derivation))


def _lines(chain: Chain, derivation: Derivation) -> Iterator[str]:
    left = write_expr(chain.lhs)
    number = derivation.number(chain.key)
    for k, step in enumerate(chain.steps):
        start = left if not k else " " * min(len(left), 8)
        end = f"   ({number})" if number and k == len(chain.steps) - 1 else ""
        line, why = f"{start} = {write_expr(step.value)}", f"[{_why(step.rule, derivation)}]{end}"
        if len(line) + len(why) < LONGEST:
            yield f"{line}   {why}"
        else:
            yield line
            yield f"{' ' * 12}{why}"


def _why(rule: Rule, derivation: Derivation) -> str:
    numbers = [f"({n})" for key in rule.equations if (n := derivation.number(key)) is not None]
    return " ".join([REASONS[rule.name], ", ".join([*numbers, *rule.facts])]).rstrip()
