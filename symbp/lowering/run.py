"""Evaluates a pure program with NumPy, a row for each operation: what a program means, without its text.

For tests and for other targets; nothing is written in place and nothing is kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp

from symbp.core.expr import Add, Expr, Int, Mul, Num, Pi, Pow
from symbp.core.functions import FUNCTIONS, Elementary
from symbp.core.integers import Atom, Dim, Poly
from symbp.lowering.program import LOGISTIC, OF_EXPONENT, Operand, Reach, Routine, Statement, Value, function_name

Arrays = Mapping[str, Any]


def run(
    routine: Routine, arrays: Arrays, sizes: Mapping[str, int], functions: Mapping[str, Callable[..., Any]] = {}
) -> dict[str, Any]:
    """The results of a routine by name. `functions` holds f, f_d1, ... of the unknown functions."""
    state = _State(dict(arrays), _BySize(sizes), functions)
    for statement in routine.statements:
        state.values[statement.target.name] = _evaluate(state, statement)
    return {name: _operand(state, value) for name, value in routine.results}


class _BySize(dict[Atom, int]):
    """The values of sizes, each by its name, whatever is known of it."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        super().__init__({Dim(name): n for name, n in sizes.items()})

    def __missing__(self, atom: Atom) -> int:
        match atom:
            case Dim(name) if Dim(name) in self:
                return self[Dim(name)]
        raise KeyError(atom)


class _State:
    def __init__(self, values: dict[str, Any], sizes: Mapping[Atom, int], functions: Mapping[str, Any]) -> None:
        self.values, self.sizes, self.functions = values, sizes, functions
        self.dtype = np.result_type(*(v.dtype for v in values.values() if getattr(v, "dtype", None) in _FLOATS), 0.0)


_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def number(expr: Expr, sizes: Mapping[Atom, int], dtype: Any = float) -> float | int:
    """The value of a scalar of numbers and sizes, computed in this dtype."""
    match expr:
        case Num(value):
            return int(value) if value.denominator == 1 and abs(value) < 2**53 else float(value)
        case Pi():
            return math.pi
        case Reach():
            return OF_EXPONENT * np.finfo(dtype).maxexp
        case Int(poly):
            return poly.value(sizes)
        case Add(args):
            return sum(number(a, sizes, dtype) for a in args)
        case Mul(args):
            return math.prod(number(a, sizes, dtype) for a in args)
        case Pow(base, exponent):
            return float(number(base, sizes, dtype)) ** number(exponent, sizes, dtype)
    raise TypeError(f"{type(expr).__name__} is not a scalar of numbers and sizes")


def _operand(state: _State, operand: Operand) -> Any:
    match operand:
        case Value(name):
            return state.values[name]
        case Expr():
            return number(operand, state.sizes, state.dtype)


def _shape(state: _State, shape: tuple[Poly, ...]) -> tuple[int, ...]:
    return tuple(s.value(state.sizes) for s in shape)


def _evaluate(state: _State, s: Statement) -> Any:
    args = [_operand(state, a) for a in s.args]
    if s.op in _UFUNCS:
        return _UFUNCS[s.op](*args)
    return _OTHERS[s.op](state, s, *args)


def _function(row: Elementary) -> Callable[..., Any]:
    """NumPy's, or SymPy's entry by entry where NumPy has none."""
    if row.numpy:
        return getattr(np, row.numpy)  # type: ignore[no-any-return]
    return np.vectorize(lambda x: float(row.sympy(sp.Float(x, 20))), otypes=[float])


def _logistic(z: Any) -> Any:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


_UFUNCS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "//": np.floor_divide,
    "power": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "neg": np.negative,
    "abs": np.abs,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "where": np.where,
    "matmul": np.matmul,
    "vdot": np.vdot,
    "vecdot": np.vecdot,
    "row_sum": np.matmul,
    "square": np.square,
    "sqrt": np.sqrt,
    LOGISTIC: _logistic,
    **{row.name: _function(row) for row in FUNCTIONS.values()},
}


def _float(state: _State, s: Statement, a: Any) -> Any:
    return state.dtype.type(s.detail[0]) if s.detail else np.asarray(a).astype(state.dtype)


def _call(state: _State, s: Statement, *args: Any) -> Any:
    return state.functions[function_name(*s.detail)](*args)  # type: ignore[arg-type]


def _expand(state: _State, s: Statement, a: Any) -> Any:
    return np.expand_dims(a, s.detail)  # type: ignore[arg-type]


def _item(state: _State, s: Statement, a: Any) -> Any:
    return a[tuple(slice(None) if d is None else _position(state, d) for d in s.detail)]


def _position(state: _State, d: Any) -> int:
    """A position, moved between the ends that stand beside it."""
    match d:
        case Poly():
            return d.value(state.sizes)
        case position, first, last:
            value = position.value(state.sizes)
            value = value if first is None else max(value, first.value(state.sizes))
            return int(value if last is None else min(value, last.value(state.sizes)))
    raise TypeError(f"{d!r} is no position")


def _slice(state: _State, s: Statement, a: Any) -> Any:
    def one(d: Any) -> Any:
        match d:
            case None:
                return slice(None)
            case Poly():
                return d.value(state.sizes)
        return slice(*(p.value(state.sizes) for p in d))

    return a[tuple(map(one, s.detail))]


def _pieces(state: _State, s: Statement, *parts: Any) -> Any:
    spans, _, splits = s.detail
    result = np.zeros(_shape(state, s.target.shape), state.dtype)
    for part, span, split in zip(parts, spans, splits, strict=True):  # type: ignore[call-overload]
        ends = [None if d is None else [p.value(state.sizes) for p in d] for d in span]
        room = result[tuple(slice(None) if e is None else slice(*e) for e in ends)]
        (room.reshape(_shape(state, split)) if split else room)[...] = part
    return result


def _scatter(state: _State, s: Statement, part: Any, *product: Any) -> Any:
    names, counts, spans = s.detail
    if product:
        right, room, added = product
        rows = (room.shape[-2], part.shape[-1])
        part = np.array([np.matmul(p.reshape(rows), right).reshape(added.shape) for p in part])
    result = np.zeros(_shape(state, s.target.shape), state.dtype)
    for at in np.ndindex(*(c.value(state.sizes) for c in counts)):  # type: ignore[attr-defined]
        where = dict(zip(names, at, strict=True))  # type: ignore[call-overload]
        result[tuple(_span(state, span, where) for span in spans)] += part[at]  # type: ignore[attr-defined, misc]
    return result


def _added(state: _State, s: Statement, *parts: Any) -> Any:
    result = np.zeros(_shape(state, s.target.shape), state.dtype)
    for part, spans in zip(parts, s.detail[0], strict=True):  # type: ignore[call-overload]
        ends = [None if d is None else [p.value(state.sizes) for p in d] for d in spans]
        result[tuple(slice(None) if e is None else slice(*e) for e in ends)] += part
    return result


def _span(state: _State, span: Any, where: Mapping[str, int]) -> slice:
    if span is None:
        return slice(None)
    base, moves, count, step = span
    start = base.value(state.sizes) + sum(c.value(state.sizes) * where[n] for n, c in moves)
    stride = step.value(state.sizes)
    return slice(start, start + stride * (count.value(state.sizes) - 1) + 1, stride)


def _windows(state: _State, s: Statement, a: Any) -> Any:
    starts, steps = s.detail
    view = a[tuple(slice(p.value(state.sizes), None) for p in starts)]  # type: ignore[attr-defined]
    strides = [view.strides[k] * step.value(state.sizes) for k, step in steps]  # type: ignore[attr-defined]
    return np.lib.stride_tricks.as_strided(view, _shape(state, s.target.shape), strides)


def _rows(state: _State, s: Statement, rows: Any, where: Any) -> Any:
    (times,) = s.detail
    result = np.zeros(_shape(state, s.target.shape), state.dtype)
    np.add.at(result, where, np.repeat(rows, times.value(state.sizes), axis=0))  # type: ignore[attr-defined]
    return result


def _plus(state: _State, s: Statement, base: Any, amount: Any, *places: Any) -> Any:
    result = np.array(base)
    result[places] += amount
    return result


_OTHERS: dict[str, Callable[..., Any]] = {
    "float": _float,
    "call": _call,
    "transpose": lambda state, s, a: np.transpose(a, s.detail),
    "expand": _expand,
    "reshape": lambda state, s, a: np.reshape(a, _shape(state, s.target.shape)),
    "broadcast": lambda state, s, a: np.broadcast_to(a, _shape(state, s.target.shape)),
    "fill": lambda state, s, a: np.broadcast_to(a, _shape(state, s.target.shape)),
    "item": _item,
    "slice": _slice,
    "copy": lambda state, s, a: np.array(a),
    "added": _added,
    "scatter": _scatter,
    "pieces": _pieces,
    "windows": _windows,
    "rows": _rows,
    "plus": _plus,
    "gather": lambda state, s, a, *places: a[places],
    "take": lambda state, s, a, places: np.take(a, places, axis=s.detail[0]),
    "sum": lambda state, s, a: np.sum(a, axis=s.detail, keepdims=len(np.shape(a)) == len(s.target.shape)),
    "max": lambda state, s, a: np.max(a, axis=s.detail, keepdims=len(np.shape(a)) == len(s.target.shape)),
    "min": lambda state, s, a: np.min(a, axis=s.detail, keepdims=len(np.shape(a)) == len(s.target.shape)),
    "argmax": lambda state, s, a: np.argmax(a, axis=s.detail[0]),
    "argmin": lambda state, s, a: np.argmin(a, axis=s.detail[0]),
    "arange": lambda state, s, start, stop: np.arange(start, stop),
    "empty": lambda state, s: np.empty(_shape(state, s.target.shape), state.dtype),
    "ones": lambda state, s: np.ones(_shape(state, s.target.shape), state.dtype),
}
