"""Expression -> text of the language, with no more parentheses than Python needs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from symbp.core import build
from symbp.core.expr import (
    TRUE,
    Add,
    And,
    Compare,
    Delta,
    Extreme,
    First,
    Fn,
    Int,
    Mul,
    Not,
    Num,
    Or,
    Partial,
    Pi,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Atom, Dim, DimAt, Index, Node, Poly, Quotient, write_poly
from symbp.core.views import factors_of, integers_compared, is_bracket, is_divisor, is_guarded

CHOICE, OR, AND, NOT, COMPARE, ADD, MUL, MINUS, POW, ATOM = range(10)
HALF = Fraction(1, 2)


def write_expr(node: Node) -> str:
    """The text of an expression or a condition: `sum(x[n, d] * W[d, h] for d in D) + b[h]`."""
    return write(node, CHOICE)


def write(node: Node, least: int) -> str:
    """The text, in parentheses where it binds less than `least`."""
    rule = _RULES.get(type(node))
    if rule is None:
        raise TypeError(f"notation/text.py has no rule to write {type(node).__name__}")
    level, text = rule(node)
    return text if level >= least else f"({text})"


def write_integer(poly: Poly) -> str:
    """The text of a size, an end of a range or a subscript."""
    alone = [m[0] for m, c in poly.terms if len(m) == 1 and c == 1]
    alone = [a for a in alone if sum(a in m for m, _ in poly.terms) == 1]
    return write_poly(poly, lambda a: _quotient(a) if isinstance(a, Quotient) and a in alone else _atom(a), " * ")


def write_range(index: Index) -> str:
    """What stands after `for i in`."""
    if index.start.terms:
        return f"range({write_integer(index.start)}, {write_integer(index.stop)})"
    match index.stop.atom:
        case Dim() | DimAt():
            return write_integer(index.stop)
    return f"range({write_integer(index.stop)})"


def _atom(atom: Atom) -> str:
    match atom:
        case Read():
            return _read(atom)[1]
        case DimAt(name, at):
            return f"{name}[{write_integer(at)}]"
        case Quotient():
            return f"({_quotient(atom)})"
    return str(atom)


def _quotient(atom: Quotient) -> str:
    return f"{_operand(atom.top)} // {_operand(atom.bottom)}"


def _operand(poly: Poly) -> str:
    """What stands beside a //, in parentheses unless it is a number or a name."""
    single = poly.constant is not None or _is_name(poly)
    return write_integer(poly) if single else f"({write_integer(poly)})"


def _is_name(poly: Poly) -> bool:
    """Is it a size, an index or a label alone?"""
    return poly.atom is not None and not isinstance(poly.atom, Quotient)


Written = tuple[int, str]


def _read(node: Read) -> Written:
    return ATOM, f"{node.tensor}[{', '.join(map(write_integer, node.subs))}]" if node.subs else node.tensor


def _num(node: Num) -> Written:
    value = node.value
    text = _decimal(abs(value))
    level = MUL if " / " in text else ATOM
    return (level, text) if value >= 0 else (min(level, MINUS), f"-{text}")


def _decimal(value: Fraction) -> str:
    """3, 0.01, 1e-7, 3 / 4."""
    if value.denominator == 1:
        return str(value.numerator)
    if set(str(value.denominator).strip("0")) <= {"1"} and value < 10**6:
        text = repr(float(value)).replace("e-0", "e-")
        if Fraction(text) == value:
            return text
    return f"{value.numerator} / {value.denominator}"


def _int(node: Int) -> Written:
    text = write_integer(node.value)
    single = _is_name(node.value) or (node.value.constant is not None and not text.startswith("-"))
    return (ATOM if single else ADD), text


def _add(node: Add) -> Written:
    text = ""
    for term in node.args:
        number, _ = build.split_number(term)
        if not text:
            text = write(term, MUL)
        elif number < 0:
            text += f" - {write(build.neg(term), MUL)}"
        else:
            text += f" + {write(term, MUL)}"
    return ADD, text


def _mul(node: Mul) -> Written:
    number, rest = build.split_number(node)
    factors = factors_of(rest)
    front, back = _front(abs(number))
    if not front and is_divisor(factors[0]):
        front = "1"
    parts = [front] if front else []
    for factor in factors:
        if is_divisor(factor):
            parts.append(f"/ {_divisor(factor)}")
        else:
            level = MINUS if parts else POW
            parts.append(f"{'* ' if parts else ''}{write(factor, max(level, POW))}")
    text = " ".join([*parts, *([f"/ {back}"] if back else [])])
    return MUL, f"-{text}" if number < 0 else text


def _front(number: Fraction) -> tuple[str, str]:
    """A coefficient as what stands in front of a product and what it is divided by at its end."""
    text = _decimal(number)
    if " / " not in text:
        return ("" if text == "1" else text), ""
    top, bottom = text.split(" / ")
    return ("" if top == "1" else top), bottom


def _divisor(node: Node) -> str:
    assert isinstance(node, Pow)
    assert isinstance(node.exponent, Num)
    exponent = -node.exponent.value
    return write(node.base, POW) if exponent == 1 else write(Pow(node.base, Num(exponent)), POW)


def _pow(node: Pow) -> Written:
    if is_divisor(node):
        return MUL, f"1 / {_divisor(node)}"
    if node.exponent == Num(HALF):
        return ATOM, f"sqrt({write(node.base, CHOICE)})"
    return POW, f"{write(node.base, ATOM)} ** {write(node.exponent, ATOM)}"


def _fn(node: Fn) -> Written:
    digits = "".join(str(place + 1) * count for place, count in enumerate(node.orders))
    name = f"{node.name}.d{digits}" if digits else node.name
    return ATOM, f"{name}({', '.join(write(a, CHOICE) for a in node.args)})"


def _where(node: Where) -> Written:
    if is_bracket(node) and integers_compared(node.cond):
        parts = (node.cond, node.then, node.other)
        return ATOM, f"where({', '.join(write(p, CHOICE) for p in parts)})"
    return CHOICE, f"{write(node.then, OR)} if {write(node.cond, OR)} else {write(node.other, OR)}"


def _delta(node: Delta) -> Written:
    return CHOICE, f"1 if {write_integer(node.a)} == {write_integer(node.b)} else 0"


def _loops(indices: tuple[Index, ...]) -> str:
    return "".join(f" for {i.name} in {write_range(i)}" for i in indices)


def _sum(node: Sum) -> Written:
    body, test = node.body, ""
    if is_guarded(body):
        test, body = f" if {write(body.cond, OR)}", body.then
    return ATOM, f"sum({write(body, CHOICE)}{_loops(node.indices)}{test})"


def _extreme(node: Extreme) -> Written:
    test = "" if node.cond == TRUE else f" if {write(node.cond, OR)}"
    return ATOM, f"{node.kind}({write(node.body, CHOICE)}{_loops(node.indices)}{test})"


def _first(node: First) -> Written:
    test = "" if node.cond == TRUE else f" if {write(node.cond, OR)}"
    at = ", ".join(map(write_integer, node.at))
    place = at if len(node.at) == 1 else f"({at})"
    return COMPARE, f"{place} == arg{node.kind}({write(node.body, CHOICE)}{_loops(node.indices)}{test})"


def _partial(node: Partial) -> Written:
    return MUL, f"d {write(node.of, ATOM)} / d {write(node.by, ATOM)}"


def _compare(node: Compare) -> Written:
    return COMPARE, f"{write(node.a, ADD)} {node.op} {write(node.b, ADD)}"


def _and(node: And) -> Written:
    match node.args:
        case (Compare("<" | "<=" as first, low, a), Compare("<" | "<=" as second, b, high)) if a == b:
            return COMPARE, f"{write(low, ADD)} {first} {write(a, ADD)} {second} {write(high, ADD)}"
    return (AND, " and ".join(write(a, NOT) for a in node.args)) if node.args else (ATOM, "True")


def _or(node: Or) -> Written:
    return (OR, " or ".join(write(a, AND) for a in node.args)) if node.args else (ATOM, "False")


def _not(node: Not) -> Written:
    return NOT, f"not {write(node.arg, COMPARE)}"


_RULES: dict[type[Node], Callable[[Any], Written]] = {
    Read: _read,
    Num: _num,
    Pi: lambda _: (ATOM, "pi"),
    Int: _int,
    Add: _add,
    Mul: _mul,
    Pow: _pow,
    Fn: _fn,
    Where: _where,
    Delta: _delta,
    Sum: _sum,
    Extreme: _extreme,
    First: _first,
    Partial: _partial,
    Compare: _compare,
    And: _and,
    Or: _or,
    Not: _not,
}
