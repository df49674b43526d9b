"""The text of one operation, a row for each: as an operator between operands, as a method, or as a call with `out=`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from symbp.core.expr import Expr, Mul, Num, Pow
from symbp.core.functions import FUNCTIONS
from symbp.core.integers import Poly
from symbp.emit.formula import (
    AND,
    ATOM,
    BIT_AND,
    BIT_OR,
    CHOICE,
    COMPARE,
    NOT,
    OR,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Text,
    product,
    size,
)
from symbp.emit.words import DTYPE, FLOAT
from symbp.lowering.program import COMPARISONS, INT, LIST, ZEROS, Operand, Statement, Value, function_name

Row = Callable[[Statement, tuple[Text, ...]], Text]

# Python's operator, how tightly it binds, and how tightly each side must.
INFIX = {
    "add": ("+", SUM, SUM, SUM),
    "sub": ("-", SUM, SUM, PRODUCT),
    "mul": ("*", PRODUCT, PRODUCT, SIGN),
    "div": ("/", PRODUCT, PRODUCT, SIGN),
    "//": ("//", PRODUCT, PRODUCT, SIGN),
    "matmul": ("@", PRODUCT, PRODUCT, SIGN),
    "power": ("**", POWER, ATOM, SIGN),
    **{c: (c, COMPARE, SUM, SUM) for c in COMPARISONS},
}

# The operator that works in place where the result stands over its first operand.
AUGMENTED = {"add": "+=", "sub": "-=", "mul": "*=", "div": "/="}

UFUNCS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "div": "divide",
    "//": "floor_divide",
    "power": "power",
    "maximum": "maximum",
    "minimum": "minimum",
    "neg": "negative",
    "square": "square",
    "matmul": "matmul",
    "vecdot": "vecdot",
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "equal",
    "!=": "not_equal",
    "and": "logical_and",
    "or": "logical_or",
    "not": "logical_not",
    "sqrt": "sqrt",
    **{row.name: row.numpy for row in FUNCTIONS.values() if row.numpy},
}

TEMPLATED = tuple(row.name for row in FUNCTIONS.values() if not row.numpy)  # what a template computes
SHARED = ("scaled_erfc", "polynomial", "chebyshev", "by_blocks")  # and what several of these templates call

SCALAR_WORDS = {"maximum": "max", "minimum": "min", "abs": "abs"}


def is_scalar(operand: Operand) -> bool:
    """Is it a single number?"""
    return isinstance(operand, Expr) or not operand.shape


def expression(s: Statement, args: tuple[Text, ...]) -> Text:
    """The operation as an expression, its operands given as texts."""
    if s.op in ("mul", "div") and any(isinstance(a, Expr) for a in s.args):
        return _scaled(s, args)
    if s.op in INFIX:
        sign, level, left, right = INFIX[s.op]
        return Text(f"{args[0].within(left)} {sign} {args[1].within(right)}", level)
    if s.op in ROWS:
        return ROWS[s.op](s, args)
    if all(is_scalar(a) for a in s.args):
        word = SCALAR_WORDS.get(s.op)
        if word and s.target.kind == INT:
            return Text(f"{word}({_list(args)})")  # a subscript
        if word:
            return Text(f"{word}({', '.join(map(_floating, s.args, args))})")
        return Text(f"{FLOAT}(np.{UFUNCS[s.op]}({_list(args)}))")
    return Text(f"np.{UFUNCS[s.op]}({_list(args)})")


def call(s: Statement, args: tuple[Text, ...], out: str) -> str | None:
    """The operation as a call that writes into `out`, or None where NumPy has none."""
    if s.op in ("sum", "max", "min"):
        return f"{args[0].within(ATOM)}.{s.op}({_axes(s)}, out={out})"
    if s.op == "matmul" and s.detail:
        return f"_product({_list(args)}, out={out})"
    if s.op in UFUNCS:
        return f"np.{UFUNCS[s.op]}({_list(args)}, out={out})"
    if s.op == "row_sum":
        return f"_row_sum({_list(args)}, out={out})"
    return f"_{s.op}({_list(args)}, out={out})" if s.op in TEMPLATED else None


def _list(args: tuple[Text, ...]) -> str:
    return ", ".join(a.code for a in args)


def _floating(operand: Operand, text: Text) -> str:
    """A number as a float: of floats and integers Python's `min` and `max` may be an integer, and times a mask an array
    of these."""
    whole = isinstance(operand, Num) and operand.value.denominator == 1 and text.code.lstrip("-").isdigit()
    return f"{text.code}.0" if whole else text.code


def _scaled(s: Statement, args: tuple[Text, ...]) -> Text:
    """A product or quotient with a scalar of numbers and sizes, written as one fraction."""
    constant = next(a for a in s.args if isinstance(a, Expr))
    rest = [t for t, a in zip(args, s.args, strict=True) if a is not constant]
    if s.op == "mul" and (is_scalar(s.target) or not isinstance(constant, (Mul, Pow))):
        return product(tuple(rest), constant)
    if s.op == "mul":
        return Text(f"{rest[0].within(PRODUCT)} * {args[s.args.index(constant)].within(SIGN)}", PRODUCT)
    sign, level, left, right = INFIX["div"]
    return Text(f"{args[0].within(left)} {sign} {args[1].within(right)}", level)


def _axes(s: Statement) -> str:
    axes = s.detail[0] if len(s.detail) == 1 else s.detail
    rank = len(s.args[0].shape) if isinstance(s.args[0], Value) else 0
    keep = ", keepdims=True" if len(s.target.shape) == rank else ""
    return f"axis={axes}{keep}"


def _reduction(s: Statement, args: tuple[Text, ...]) -> Text:
    everything = not s.target.shape
    return Text(f"{args[0].within(ATOM)}.{s.op}({'' if everything else _axes(s)})")


def _neg(s: Statement, args: tuple[Text, ...]) -> Text:
    return Text(f"-{args[0].within(PRODUCT)}", args[0].level if args[0].level == PRODUCT else SIGN)


def _square(s: Statement, args: tuple[Text, ...]) -> Text:
    if is_scalar(s.target):
        return Text(f"{args[0].within(ATOM)} ** 2", POWER)
    return Text(f"np.square({args[0].code})")


def _where(s: Statement, args: tuple[Text, ...]) -> Text:
    cond, then, other = args
    if is_scalar(s.target):
        if all(isinstance(a, Expr) for a in s.args[1:]):
            then, other = _as_float(then), _as_float(other)
        return Text(f"{then.within(OR)} if {cond.within(OR)} else {other.within(CHOICE)}", CHOICE)
    if is_scalar(s.args[1]) and is_scalar(s.args[2]):
        return Text(f"np.where({_list(args)}).astype({DTYPE})")
    return Text(f"np.where({_list(args)})")


def _logical(word: str, bit: str, level: int, bit_level: int) -> Row:
    def row(s: Statement, args: tuple[Text, ...]) -> Text:
        if is_scalar(s.target):
            return Text(f" {word} ".join(a.within(level + 1) for a in args), level)
        return Text(f" {bit} ".join(a.within(bit_level + 1) for a in args), bit_level)

    return row


def _not(s: Statement, args: tuple[Text, ...]) -> Text:
    if is_scalar(s.target):
        return Text(f"not {args[0].within(NOT)}", NOT)
    return Text(f"~{args[0].within(SIGN)}", SIGN)


def _float(s: Statement, args: tuple[Text, ...]) -> Text:
    if s.detail:
        return Text("-np.inf", SIGN) if s.detail[0] == "-inf" else Text("np.inf")
    if is_scalar(s.target):
        return Text(f"{FLOAT}({args[0].code})")
    return Text(f"{args[0].within(ATOM)}.astype({DTYPE})")


def _templated(s: Statement, args: tuple[Text, ...]) -> Text:
    code = f"_{s.op}({args[0].code})"
    return Text(f"{FLOAT}({code})" if is_scalar(s.target) else code)


def _as_float(text: Text) -> Text:
    """A number or size as a float, since a function of the user's may work in the type that it is given."""
    return Text(f"{text.code}.0" if text.code.lstrip("-").isdigit() else f"{FLOAT}({text.code})", text.level)


def _call(s: Statement, args: tuple[Text, ...]) -> Text:
    given = tuple(_as_float(t) if isinstance(a, Expr) else t for t, a in zip(args, s.args, strict=True))
    text = f"{function_name(*s.detail)}({_list(given)})"  # type: ignore[arg-type]
    return Text(text if is_scalar(s.target) else f"np.array({text}, {DTYPE})")


def _transpose(s: Statement, args: tuple[Text, ...]) -> Text:
    base = args[0].within(ATOM)
    if s.detail == (1, 0):
        return Text(f"{base}.T")
    return Text(f"{base}.transpose({', '.join(map(str, s.detail))})")


def _expand(s: Statement, args: tuple[Text, ...]) -> Text:
    places = ", ".join("None" if k in s.detail else ":" for k in range(len(s.target.shape)))
    return Text(f"{args[0].within(ATOM)}[{places}]")


def _item(s: Statement, args: tuple[Text, ...]) -> Text:
    listed = isinstance(s.args[0], Value) and s.args[0].kind == LIST
    first = f"{args[0].within(ATOM)}[{_position(s.detail[0])}]" if listed else args[0].within(ATOM)
    detail = [":" if d is None else _position(d) for d in s.detail[listed:]]
    while detail and detail[-1] == ":":
        detail.pop()
    return Text(f"{first}[{', '.join(detail)}]" if detail else first)


def _position(d: object) -> str:
    """A position, moved between the ends that stand beside it: a guard takes no notice of what it then reads."""
    if not isinstance(d, tuple):
        return size(d).code  # type: ignore[arg-type]
    position, first, last = d
    text = size(position).code
    text = text if first is None else f"max({text}, {size(first).code})"
    return text if last is None else f"min({text}, {size(last).code})"


def _slice(s: Statement, args: tuple[Text, ...]) -> Text:
    parts = [slice_text(d) for d in s.detail]
    while parts and parts[-1] == ":":
        parts.pop()
    return Text(f"{args[0].within(ATOM)}[{', '.join(parts)}]") if parts else args[0]


def slice_text(d: object) -> str:
    """A slice as one writes it."""
    if not isinstance(d, tuple):
        return ":" if d is None else size(d).code  # type: ignore[arg-type]
    start, stop, step = d
    first = "" if start == Poly() else size(start).code
    text = " : ".join([first, size(stop).code]) if first else f": {size(stop).code}"
    return text.strip() + ("" if step == Poly.of(1) else f" : {size(step).code}")


def _windows(s: Statement, args: tuple[Text, ...]) -> Text:
    starts, steps = s.detail
    origin = _row(size(p).code for p in starts)  # type: ignore[attr-defined]
    moves = _row(f"({k}, {size(step).code})" for k, step in steps)  # type: ignore[attr-defined]
    return Text(f"_windows({args[0].code}, {origin}, {shape(s)}, {moves})")


def _row(parts: Iterable[str]) -> str:
    found = list(parts)
    return f"({found[0]},)" if len(found) == 1 else f"({', '.join(found)})"


def shape(s: Statement) -> str:
    """The shape of a result as a Python tuple."""
    extents = [size(e).code for e in s.target.shape]
    return f"({extents[0]},)" if len(extents) == 1 else f"({', '.join(extents)})"


def reshaped(s: Statement, array: str) -> str:
    """An array in the shape of a result."""
    return _reshape(s, (Text(array),)).code


def _reshape(s: Statement, args: tuple[Text, ...]) -> Text:
    if is_scalar(s.args[0]):  # a float, which has no shape to change
        return Text(f"np.full({shape(s)}, {args[0].code}, {DTYPE})")
    extents = [size(e).code for e in s.target.shape]
    long = [k for k, e in enumerate(s.target.shape) if len(e.terms) > 2]
    if len(long) == 1:
        extents[long[0]] = "-1"  # what is left: the number itself would be a formula that nobody reads
    return Text(f"{args[0].within(ATOM)}.reshape({', '.join(extents)})")


def _broadcast(s: Statement, args: tuple[Text, ...]) -> Text:
    if is_scalar(s.args[0]):
        return Text(f"np.full({shape(s)}, {args[0].code}, {DTYPE})")
    return Text(f"np.broadcast_to({args[0].code}, {shape(s)})")


def _gather(s: Statement, args: tuple[Text, ...]) -> Text:
    return Text(f"{args[0].within(ATOM)}[{_list(args[1:])}]")


def _take(s: Statement, args: tuple[Text, ...]) -> Text:
    """By an array of positions along one axis, the others whole."""
    (axis,) = s.detail
    return Text(f"{args[0].within(ATOM)}[{':, ' * int(str(axis))}{args[1].code}]")


def _arange(s: Statement, args: tuple[Text, ...]) -> Text:
    start_is_zero = s.args[0] == Num(type(s.args[0].value)(0)) if isinstance(s.args[0], Num) else False
    return Text(f"np.arange({args[1].code if start_is_zero else _list(args)})")


def _stack(s: Statement, args: tuple[Text, ...]) -> Text:
    if s.target.kind == LIST:
        return Text(f"[None] * {size(s.target.shape[0]).within(SIGN)}", PRODUCT)
    return Text(f"np.{'zeros' if ZEROS in s.detail else 'empty'}({shape(s)}, {DTYPE})")


def _empty(s: Statement, args: tuple[Text, ...]) -> Text:
    return Text(f"np.empty({shape(s)}, {DTYPE})")


def _ones(s: Statement, args: tuple[Text, ...]) -> Text:
    return Text(f"np.ones({shape(s)}, {DTYPE})")


ROWS: dict[str, Row] = {
    "sum": _reduction,
    "max": _reduction,
    "min": _reduction,
    "argmax": _reduction,
    "argmin": _reduction,
    "neg": _neg,
    "square": _square,
    "where": _where,
    "and": _logical("and", "&", AND, BIT_AND),
    "or": _logical("or", "|", OR, BIT_OR),
    "not": _not,
    "float": _float,
    **dict.fromkeys(TEMPLATED, _templated),
    "call": _call,
    "vdot": lambda s, args: Text(f"_dot({_list(args)})"),
    "row_sum": lambda s, args: Text(f"_row_sum({_list(args)})"),
    "transpose": _transpose,
    "expand": _expand,
    "reshape": _reshape,
    "broadcast": _broadcast,
    "item": _item,
    "slice": _slice,
    "copy": lambda s, args: Text(f"np.ascontiguousarray({args[0].code})"),
    "windows": _windows,
    "stacked": lambda s, args: args[0],
    "stack": _stack,
    "gather": _gather,
    "take": _take,
    "arange": _arange,
    "empty": _empty,
    "ones": _ones,
}
