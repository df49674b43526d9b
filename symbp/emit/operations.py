"""The text of one operation, a row for each: as an operator between operands, as a method, or as a call with `out=`."""

from __future__ import annotations

from symbp.core.build import NIL
from symbp.core.expr import Mul, Num, Pow
from symbp.core.functions import FUNCTIONS
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
from symbp.emit.views import SHOWN, Row, is_scalar, list_of, shape
from symbp.emit.words import DTYPE, FLOAT
from symbp.lowering.program import (
    COMPARISONS,
    INT,
    LIST,
    LOGISTIC,
    ZEROS,
    Operand,
    Statement,
    arrays_among,
    function_name,
    shape_of,
)

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

TEMPLATED = (*(row.name for row in FUNCTIONS.values() if not row.numpy), LOGISTIC)  # what a template computes
SHARED = ("scaled_erfc", "polynomial", "chebyshev", "by_blocks")  # and what several of these templates call

SCALAR_WORDS = {"maximum": "max", "minimum": "min", "abs": "abs"}


def expression(s: Statement, args: tuple[Text, ...]) -> Text:
    """The operation as an expression, its operands given as texts."""
    if s.op in ("mul", "div") and s.scalars:
        return _scaled(s, args)
    if s.op in INFIX:
        sign, level, left, right = INFIX[s.op]
        return Text(f"{args[0].within(left)} {sign} {args[1].within(right)}", level)
    if s.op in ROWS:
        return ROWS[s.op](s, args)
    if all(is_scalar(a) for a in s.args):
        word = SCALAR_WORDS.get(s.op)
        if word and s.target.kind == INT:
            return Text(f"{word}({list_of(args)})")  # a subscript
        if word:
            return Text(f"{word}({', '.join(map(_floating, s.args, args))})")
        return Text(f"{FLOAT}(np.{UFUNCS[s.op]}({list_of(args)}))")
    return Text(f"np.{UFUNCS[s.op]}({list_of(args)})")


def call(s: Statement, args: tuple[Text, ...], out: str) -> str | None:
    """The operation as a call that writes into `out`, or None where NumPy has none."""
    if s.op in ("sum", "max", "min"):
        return f"{args[0].within(ATOM)}.{s.op}({_axes(s)}, out={out})"
    if s.op == "matmul" and s.detail:
        return f"_product({list_of(args)}, out={out})"
    if s.op in UFUNCS:
        return f"np.{UFUNCS[s.op]}({list_of(args)}, out={out})"
    if s.op == "row_sum":
        return f"_row_sum({list_of(args)}, out={out})"
    return f"_{s.op}({list_of(args)}, out={out})" if s.op in TEMPLATED else None


def _floating(operand: Operand, text: Text) -> str:
    """A number as a float: of floats and integers Python's `min` and `max` may be an integer, and times a mask an array
    of these."""
    match operand:
        case Num(value) if value.denominator == 1 and text.code.lstrip("-").isdigit():
            return f"{text.code}.0"
    return text.code


def _scaled(s: Statement, args: tuple[Text, ...]) -> Text:
    """A product or quotient with a scalar of numbers and sizes, written as one fraction."""
    if s.op == "div":
        sign, level, left, right = INFIX["div"]
        return Text(f"{args[0].within(left)} {sign} {args[1].within(right)}", level)
    constant = s.scalars[0]
    rest = [t for t, a in zip(args, s.args, strict=True) if a is not constant]
    match constant:
        case Mul() | Pow() if not is_scalar(s.target):
            return Text(f"{rest[0].within(PRODUCT)} * {args[s.args.index(constant)].within(SIGN)}", PRODUCT)
    return product(tuple(rest), constant)


def _axes(s: Statement) -> str:
    axes = s.detail[0] if len(s.detail) == 1 else s.detail
    keep = ", keepdims=True" if len(s.target.shape) == len(shape_of(s.args[0])) else ""
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
        if not arrays_among(s.args[1:]):
            then, other = _as_float(then), _as_float(other)
        return Text(f"{then.within(OR)} if {cond.within(OR)} else {other.within(CHOICE)}", CHOICE)
    if is_scalar(s.args[1]) and is_scalar(s.args[2]):
        return Text(f"np.where({list_of(args)}).astype({DTYPE})")
    return Text(f"np.where({list_of(args)})")


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
    given = tuple(_as_float(t) if a in s.scalars else t for t, a in zip(args, s.args, strict=True))
    text = f"{function_name(*s.detail)}({list_of(given)})"  # type: ignore[arg-type]
    return Text(text if is_scalar(s.target) else f"np.array({text}, {DTYPE})")


def _arange(s: Statement, args: tuple[Text, ...]) -> Text:
    return Text(f"np.arange({args[1].code if s.args[0] == NIL else list_of(args)})")


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
    "vdot": lambda s, args: Text(f"_dot({list_of(args)})"),
    "row_sum": lambda s, args: Text(f"_row_sum({list_of(args)})"),
    **SHOWN,
    "copy": lambda s, args: Text(f"np.ascontiguousarray({args[0].code})"),
    "stacked": lambda s, args: args[0],
    "stack": _stack,
    "arange": _arange,
    "empty": _empty,
    "ones": _ones,
}
