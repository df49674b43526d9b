"""Which lines of a chain a lecture shows: where something happens, not where a delta takes its sum with it.

No line is changed here: each that is left says what it said, and stands for the lines that led to it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from symbp.calculus.steps import Chain as Steps
from symbp.calculus.steps import Derivation, Key, Local, Rule, Step
from symbp.core.expr import Expr
from symbp.document.model import Chain, Entry, Row
from symbp.document.rules import why
from symbp.document.said import Figure, Ref, Said, Words, listed, said

# What carries out what the line before has announced; of several such lines in a row the last is shown.
CARRIES_OUT = frozenset(
    ("entry", "contract", "split", "copies", "collect", "expand", "solve", "single", "guard", "under", "zero", "turn")
)
# What a differentiated line is read with at once: the partials of entries are 1 or 0.
AT_ONCE = frozenset(("entry", "contract", "pull", "zero"))
# What only writes a line better than the one before.
TIDIES = frozenset(("sign", "divide", "pull"))
# Of those, what a reader is told.
TOLD = ("contract", "copies", "single", "turn", "solve")


@dataclass(slots=True)
class _Line:
    """A line that is shown, the line it starts from, and the rules that led to it."""

    value: Expr
    before: Expr | None
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a lesson has shown so far, for the reasons of what follows: numbers of derivatives that are not shown are
    said by the equation that they are read off from, or by the one that they are like.
    """

    read_off: Collection[Key]
    like: Mapping[Key, int]


def cut(d: Derivation, chain: Steps, shown: Shown) -> Chain:
    """The chain as a lecture shows it."""
    lines = _lines(chain.steps)
    number = d.number(chain.key)
    assert number is not None
    rows = [Row(Entry(line.value), _reason(d, line, shown)) for line in lines]
    rows[1:2] = [replace(r, beside=True) for r in rows[1:2]] if lines[0].rules[0].name == "chain" else rows[1:2]
    rows[-1] = replace(rows[-1], number=number)
    return Chain(Entry(chain.lhs), tuple(rows), said("place.lesson", number=Figure(number)))


def is_read_off(chain: Steps) -> bool:
    """Is a local derivative there at sight: no function was differentiated, and one line says it all?"""
    lines = _lines(chain.steps)
    rule = lines[0].rules[0]
    return len(lines) == 1 and rule.name == "derive" and not rule.slopes and not set(rule.also) - {"entry"}


def _lines(steps: tuple[Step, ...]) -> list[_Line]:
    lines: list[_Line] = []
    for step in steps:
        name = step.rule.name
        last = lines[-1] if lines else None
        if last and (_follows(name, last.rules[-1].name) or _follows(name, last.rules[0].name)):
            last.value = step.value
            last.rules.append(step.rule)
        else:
            lines.append(_Line(step.value, last.value if last else None, [step.rule]))
    return lines


def _follows(name: str, before: str) -> bool:
    """Is a line of one rule shown in the place of the one before it?"""
    if name in TIDIES:
        return before != "chain"
    if name in AT_ONCE and before in ("derive", "quotient"):
        return True
    return name in CARRIES_OUT and before in CARRIES_OUT


def _reason(d: Derivation, line: _Line, shown: Shown) -> Words:
    first, *others = (replace(r, also=tuple(name for name in r.also if name not in AT_ONCE)) for r in line.rules)
    told = [r for r in others if r.name in TOLD and first.name in CARRIES_OUT]
    if first.name not in TOLD and told:
        first, told = told[0], told[1:]
    if all(r.name == "contract" for r in (first, *told)):
        first, told = replace(first, renamed=tuple(pair for r in (first, *told) for pair in r.renamed)), []
    words = _inserted(d, first, shown) if first.name == "insert" else why(first, d, line.before)
    return tuple(dict.fromkeys((*words, *(w for r in told for w in why(r, d, line.before)))))


def _inserted(d: Derivation, rule: Rule, shown: Shown) -> Words:
    """What was inserted: results by their numbers, what was read off by its equation."""
    inserted = [k for k in rule.equations if k not in shown.read_off and k not in shown.like]
    from_equations = [k.of for k in rule.equations if k in shown.read_off and isinstance(k, Local)]
    like = [k for k in rule.equations if k in shown.like and isinstance(k, Local)]
    words: list[Said] = []
    if inserted:
        words.append(said("rule.insert", equations=listed(_refs(d, inserted))))
    if like:
        examples = listed(Ref(n) for n in sorted({shown.like[k] for k in like}))
        words.append(said("rule.insert.like", users=listed(_refs(d, [k.of for k in like])), equations=examples))
    if from_equations:
        words.append(said("rule.read", equations=listed(_refs(d, from_equations))))
    return tuple(words)


def _refs(d: Derivation, keys: Collection[Key]) -> list[Ref]:
    numbers = {d.number(k) for k in keys}
    return [Ref(n) for n in sorted(n for n in numbers if n is not None)]
