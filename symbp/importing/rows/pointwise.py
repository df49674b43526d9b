"""Operations entry by entry: which is which word of the language."""

from __future__ import annotations

from symbp.importing.at import At, Result, Rule, number
from symbp.importing.draft import ATOM, COMPARE, PLUS, POWER, TIMES, UNARY, Hole, Value, binary, call, spelt, text
from symbp.importing.graph import BOOLEAN, FLOAT

MINUS_INFINITY = -1e9  # what stands for minus infinity in a mask: the exponential of it is 0 all the same


def same(at: At) -> Result:
    """What leaves the values as they are."""
    return at.tensor("self" if at.given("self") else "input")


def word(name: str, *options: tuple[str, str, float]) -> Rule:
    """A function of each entry; an option is the operation's name, the language's, and what it is by default."""

    def rule(at: At) -> Result:
        x = at.tensor("self")
        given = {new: at.real(old, value) for old, new, value in options if at.real(old, value) != value}
        return call(name, x.shape, x, **given)

    return rule


def formula(level: int, needs: int, before: str, behind: str) -> Rule:
    """A formula of one value."""

    def rule(at: At) -> Result:
        x = at.tensor("self")
        return (
            text(level, x.shape, before, Hole(x, needs), behind)
            if before
            else text(level, x.shape, Hole(x, needs), behind)
        )

    return rule


def pair(sign: str, level: int, kind: str = FLOAT) -> Rule:
    """a + b, with PyTorch's `alpha` before b."""

    def rule(at: At) -> Result:
        a, b = at.tensor("self"), at.tensor("other")
        if at.get("alpha", 1) != 1:
            b = at.make(binary("*", TIMES, b.shape, at.value(at.get("alpha")), b))
        (a, b), shape = at.broadcast(a, b)
        made = binary(sign, level, shape, a, b)
        return at.make(made, kind) if kind != FLOAT else made

    return rule


def divide(at: At) -> Result:
    if at.given("rounding_mode"):
        at.refuse("a division that is rounded")
    return pair("/", TIMES)(at)


def reversed_minus(at: At) -> Result:
    (a, b), shape = at.broadcast(at.tensor("other"), at.tensor("self"))
    return binary("-", PLUS, shape, a, b)


def power(at: At) -> Result:
    (a, b), shape = at.broadcast(at.tensor("self"), at.tensor("exponent"))
    return text(POWER, shape, Hole(a, ATOM), "**" if _plain(b) else " ** ", Hole(b, ATOM))


def _plain(value: Value) -> bool:
    return value.definition is not None and len(value.definition.parts) == 1


def two(name: str) -> Rule:
    """A function of two values."""

    def rule(at: At) -> Result:
        (a, b), shape = at.broadcast(at.tensor("self"), at.tensor("other"))
        return call(name, shape, a, b)

    return rule


def where(at: At) -> Result:
    (c, a, b), shape = at.broadcast(at.tensor("condition"), at.tensor("self"), at.tensor("other"))
    return call("where", shape, condition(at, c), a, b)


def masked_fill(at: At) -> Result:
    x, mask, fill = at.tensor("self"), at.tensor("mask"), at.get("value")
    if isinstance(fill, float) and fill < MINUS_INFINITY:
        fill = MINUS_INFINITY
    (x, mask), shape = at.broadcast(x, mask)
    return call("where", shape, condition(at, mask), at.value(fill), x)


def condition(at: At, value: Value) -> Value:
    """What can stand as a condition: a comparison, or an array of truth values compared with 0."""
    if value.definition is not None and value.kind == BOOLEAN:
        return value
    return at.make(text(COMPARE, value.shape, Hole(value, PLUS), " != 0"), BOOLEAN)


def clamp(at: At) -> Result:
    x, low, high = at.tensor("self"), at.get("min", at.get("min_val")), at.get("max", at.get("max_val"))
    if low is None and high is None:
        return x
    if high is None:
        return call("maximum", x.shape, x, at.value(low))
    if low is None:
        return call("minimum", x.shape, x, at.value(high))
    return call("clip", x.shape, x, at.value(low), at.value(high))


def hardtanh(at: At) -> Result:
    x = at.tensor("self")
    return call("clip", x.shape, x, at.value(at.real("min_val", -1)), at.value(at.real("max_val", 1)))


def relu6(at: At) -> Result:
    x = at.tensor("self")
    return call("clip", x.shape, x, "0", "6")


def gelu(at: At) -> Result:
    x = at.tensor("self")
    if at.get("approximate", "none") == "none":
        return call("gelu", x.shape, x)
    at.helper("gelu_tanh")
    return call("gelu_tanh", x.shape, x)


def softplus(at: At) -> Result:
    x, beta = at.tensor("self"), at.real("beta", 1)
    if beta == 1:
        return call("softplus", x.shape, x)
    inner = at.make(binary("*", TIMES, x.shape, spelt(float(beta)), x))
    return binary("/", TIMES, x.shape, at.make(call("softplus", x.shape, inner)), spelt(float(beta)))


def prelu(at: At) -> Result:
    x, w = at.tensor("self"), at.tensor("weight")
    if at.sizes.value(w.shape[0]) == 1:
        return call("leaky_relu", x.shape, x, at.make(text(ATOM, (), Hole(w, ATOM), "[0]")))
    at.same(x.shape[1], w.shape[0])
    return call("prelu", x.shape, x, w)


def negation(at: At) -> Result:
    x = at.tensor("self")
    return at.make(text(COMPARE, x.shape, Hole(x, PLUS), " == 0"), BOOLEAN)


def dropout(at: At) -> Result:
    if at.get("train") and at.real("p", 0) > 0:
        at.refuse("it draws random numbers; call eval() on the module first, or set p to 0")
    return at.tensor("input")


def cast(at: At) -> Result:
    return at.tensor("self")


def glu(at: At) -> Result:
    x = at.tensor("self")
    axis = at.axis("dim", len(x.shape))
    half = at.sizes.part(x.shape[axis], 2)
    if axis == len(x.shape) - 1:
        return call("glu", (*x.shape[:-1], half), x)
    a, b = at.subscript(x, axis, (":", half), half), at.subscript(x, axis, (half, ":"), half)
    return binary("*", TIMES, a.shape, a, at.make(call("sigmoid", a.shape, b)))


def addcmul(at: At) -> Result:
    (x, a, b), shape = at.broadcast(at.tensor("self"), at.tensor("tensor1"), at.tensor("tensor2"))
    product = at.make(binary("*", TIMES, shape, a, b))
    if at.real("value", 1) != 1:
        product = at.make(binary("*", TIMES, shape, at.make(number(at.real("value", 1))), product))
    return binary("+", PLUS, shape, x, product)


def lerp(at: At) -> Result:
    (a, b, w), shape = at.broadcast(at.tensor("self"), at.tensor("end"), at.tensor("weight"))
    step = at.make(binary("-", PLUS, shape, b, a))
    return binary("+", PLUS, shape, a, at.make(binary("*", TIMES, shape, w, step)))


def _words(*names: str) -> dict[str, Rule]:
    return {f"aten.{n}.default": word(n) for n in names}


def _pairs(name: str, rule: Rule) -> dict[str, Rule]:
    return {f"aten.{name}.{kind}": rule for kind in ("Tensor", "Scalar")}


def _compared(name: str, sign: str) -> dict[str, Rule]:
    return _pairs(name, pair(sign, COMPARE, BOOLEAN))


POINTWISE: dict[str, Rule] = {
    **_words("relu", "sigmoid", "tanh", "exp", "log", "log1p", "expm1", "sin", "cos", "tan", "atan", "sinh", "cosh"),
    **_words("erf", "erfc", "sqrt", "abs", "mish", "hardswish", "log2", "sign", "selu", "log_sigmoid"),
    "aten.silu.default": word("swish"),
    "aten.elu.default": word("elu", ("alpha", "alpha", 1.0)),
    "aten.leaky_relu.default": word("leaky_relu", ("negative_slope", "negative_slope", 0.01)),
    "aten.hardsigmoid.default": formula(TIMES, PLUS, "clip(", " + 3, 0, 6) / 6"),
    "aten.neg.default": formula(UNARY, TIMES, "-", ""),
    "aten.square.default": formula(POWER, ATOM, "", "**2"),
    "aten.reciprocal.default": formula(TIMES, UNARY, "1 / ", ""),
    "aten.rsqrt.default": formula(TIMES, PLUS, "1 / sqrt(", ")"),
    "aten.gelu.default": gelu,
    "aten.softplus.default": softplus,
    "aten.prelu.default": prelu,
    "aten.glu.default": glu,
    "aten.hardtanh.default": hardtanh,
    "aten.relu6.default": relu6,
    "aten.clamp.default": clamp,
    "aten.clip.default": clamp,
    "aten.clamp_min.default": clamp,
    "aten.clamp_max.default": clamp,
    **_pairs("add", pair("+", PLUS)),
    **_pairs("sub", pair("-", PLUS)),
    **_pairs("mul", pair("*", TIMES)),
    **_pairs("div", divide),
    "aten.div.Tensor_mode": divide,
    **_pairs("rsub", reversed_minus),
    "aten.pow.Tensor_Scalar": power,
    "aten.pow.Tensor_Tensor": power,
    "aten.pow.Scalar": power,
    "aten.maximum.default": two("maximum"),
    "aten.minimum.default": two("minimum"),
    "aten.max.other": two("maximum"),
    "aten.min.other": two("minimum"),
    "aten.addcmul.default": addcmul,
    "aten.lerp.Tensor": lerp,
    **_compared("eq", "=="),
    **_compared("ne", "!="),
    **_compared("gt", ">"),
    **_compared("ge", ">="),
    **_compared("lt", "<"),
    **_compared("le", "<="),
    "aten.logical_not.default": negation,
    "aten.bitwise_not.default": negation,
    "aten.where.self": where,
    "aten.where.ScalarOther": where,
    "aten.where.ScalarSelf": where,
    "aten.where.Scalar": where,
    "aten.masked_fill.Scalar": masked_fill,
    "aten.masked_fill.Tensor": masked_fill,
    "aten.detach.default": word("stop_gradient"),
    "aten.dropout.default": dropout,
    "aten.feature_dropout.default": dropout,
    "aten.alpha_dropout.default": dropout,
    "aten.clone.default": same,
    "aten.alias.default": same,
    "aten.contiguous.default": same,
    "aten.lift_fresh_copy.default": same,
    "aten.to.dtype": cast,
    "aten.to.dtype_layout": cast,
    "aten.type_as.default": cast,
    "aten._to_copy.default": cast,
}
