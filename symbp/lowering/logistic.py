"""exp(min(z, 0)) / (1 + exp(-|z|)) with nothing in it needed elsewhere is 1 / (1 + exp(-z)): one exponential, not two.

The first is what remains stable in products, quotients and logarithms; as a value by itself the second is as exact.
exp(-z) may be beyond all numbers: then the value is 0, as it is in the first.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from symbp.core.build import MINUS, NIL, UNIT
from symbp.core.expr import Add, Expr, Fn, Pow
from symbp.core.views import among
from symbp.lowering.arrays import without_unused
from symbp.lowering.bodies import loop_args
from symbp.lowering.program import (
    GRADIENTS,
    LOGISTIC,
    Operand,
    Program,
    Statement,
    Value,
    arrays_among,
    by_name,
    each_routine,
    every_statement,
)


def as_defined(program: Program) -> frozenset[str]:
    """The tensors that the gradients' routine computes as such a value."""
    statements = every_statement(program.routine(GRADIENTS).statements)
    return frozenset(s.target.name.split(".")[0] for s in statements if s.op == LOGISTIC and s.numbers)


def is_logistic(body: Expr) -> bool:
    """Is it 1 / (1 + exp(u)), as it is written?"""
    match body:
        case Pow(Add(args), exponent) if exponent == MINUS and len(args) == 2 and UNIT in args:
            return any(f.name == "exp" for f in among(args, Fn))
    return False


Made = dict[str, Statement]


def logistic_values(program: Program) -> Program:
    """The program with such values as what they are."""
    return without_unused(
        each_routine(program, lambda r: replace(r, statements=_changed(r.statements, Counter(_names(r.returned)), {})))
    )


def _changed(statements: tuple[Statement, ...], uses: Counter[str], made: Made) -> tuple[Statement, ...]:
    """The statements with such values changed, where `uses` are those of others, and `made` makes what they read."""
    uses = uses + Counter(name for s in statements for name in _names(s.arrays))
    made = made | {s.target.name: s for s in statements}
    done: list[Statement] = []
    for s in statements:
        if s.loop is not None:
            body = _changed(s.loop.statements, Counter(_names(s.loop.kept)), made)
            loop = replace(s.loop, statements=body)
            done.append(replace(s, loop=loop, args=loop_args(loop)))
            continue
        done += _as_logistic(s, uses, made) if s.op == "div" and s.target.shape else [s]
    return tuple(done)


def _names(operands: tuple[Operand, ...]) -> list[str]:
    return [a.name for a in arrays_among(operands)]


def _as_logistic(s: Statement, uses: Counter[str], made: Made) -> list[Statement]:
    """The statements that make such a quotient; itself where it is another."""
    top, bottom = (by_name(a, made) for a in s.args)
    if top is None or bottom is None or uses[top.target.name] > 1 or uses[bottom.target.name] > 1:
        return [s]
    z = _decaying(bottom, made)
    match _exponent(top, made):
        case Statement(op="minimum", args=args) if z is not None and set(args) == {z, NIL}:
            return [replace(s, op=LOGISTIC, args=(z,))]
        case Statement(op="neg", args=(Value(name),)) as minus if z is not None:
            larger = made.get(name)
            if larger is not None and larger.op == "maximum" and set(larger.args) == {z, NIL}:
                of = replace(minus.target, name=f"{minus.target.name}.of")
                return [Statement(of, "neg", (z,)), replace(s, op=LOGISTIC, args=(of,))]
    return [s]


def _decaying(s: Statement, made: Made) -> Value | None:
    """Of 1 + exp(-|z|) what z is."""
    rest = [a for a in s.args if a != UNIT]
    exponent = _exponent(by_name(rest[0], made), made) if s.op == "add" and len(rest) == 1 else None
    match exponent:
        case Statement(op="neg", args=(Value(name),)):
            inner = made.get(name)
            if inner is not None and inner.op == "abs":
                return inner.arrays[0] if inner.arrays else None
    return None


def _exponent(s: Statement | None, made: Made) -> Statement | None:
    """What makes the exponent of an exponential."""
    return by_name(s.args[0], made) if s is not None and s.op == "exp" else None
