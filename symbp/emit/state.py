"""A fact in the network language: sums of products of entries, compared."""

from __future__ import annotations

from symbp.core import build
from symbp.core.expr import Add, Compare, Int, Mul, Num, Pow, Read, Sum
from symbp.core.integers import Index, Node, Poly
from symbp.emit.formula import POWER, PRODUCT, SUM, Text, number
from symbp.errors import MissingRule


def write_statement(node: Node) -> str:
    """The text: `sum(y[n, k] for k in K) == 1`."""
    return _text(node).code


def _text(node: Node) -> Text:
    match node:
        case Compare(op, a, b):
            return Text(f"{_text(a).code} {op} {_text(b).code}", 0)
        case Num(value):
            return number(value)
        case Int(poly):
            return Text(str(poly), SUM if len(poly.terms) > 1 else PRODUCT)
        case Read(tensor, subs):
            return Text(f"{tensor}[{', '.join(map(str, subs))}]" if subs else tensor)
        case Sum(indices, body):
            return Text(f"sum({_text(body).code} {' '.join(map(_range, indices))})")
        case Add(args):
            return Text(" + ".join(_text(a).within(SUM) for a in args), SUM)
        case Mul((Num(value), rest)) if value == -1:
            return Text(f"-{_text(rest).within(PRODUCT)}", SUM)
        case Mul(args):
            return Text(" * ".join(_text(a).within(PRODUCT) for a in args), PRODUCT)
        case Pow(base, exponent):
            if exponent == build.MINUS:
                return Text(f"1 / {_text(base).within(POWER)}", PRODUCT)
            return Text(f"{_text(base).within(POWER + 1)} ** {_text(exponent).within(POWER)}", POWER)
    raise MissingRule(f"emit/state.py has no rule for {type(node).__name__}")


def _range(i: Index) -> str:
    if i.start == Poly() and i.stop.constant is None:
        return f"for {i} in {i.stop}"
    return f"for {i} in range({f'{i.start}, ' if i.start != Poly() else ''}{i.stop})"
