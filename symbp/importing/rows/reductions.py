"""Operations along dimensions: sums, extremes, norms, and what keeps the dimension, as softmax does."""

from __future__ import annotations

from symbp.core.integers import ONE
from symbp.importing.at import At, Result, Rule
from symbp.importing.draft import PLUS, TIMES, Value, binary, call, spelt, text
from symbp.importing.graph import INTEGER
from symbp.importing.sizes import Shape


def _axes(at: At, x: Value) -> tuple[int, ...]:
    given = at.get("dim")
    if given is None or given == ():
        return tuple(range(len(x.shape)))
    if isinstance(given, tuple):
        return tuple(sorted(a % len(x.shape) for a in at.wholes("dim")))
    return (at.axis("dim", len(x.shape)),)


def _reduced(at: At, x: Value, axes: tuple[int, ...]) -> tuple[Shape, dict[str, object]]:
    """The shape, and how the axes are named."""
    keep = bool(at.get("keepdim", False))
    shape = tuple(ONE if a in axes else s for a, s in enumerate(x.shape) if keep or a not in axes)
    options: dict[str, object] = {}
    if len(axes) < len(x.shape) or keep:
        axis: object = axes if len(axes) > 1 else axes[0]
        options["axis"] = -1 if axis == len(x.shape) - 1 else axis
    return shape, options | ({"keepdims": True} if keep else {})


def reduction(name: str) -> Rule:
    def rule(at: At) -> Result:
        x = at.tensor("self")
        if not x.shape:
            return x
        shape, options = _reduced(at, x, _axes(at, x))
        return call(name, shape, x, **options)

    return rule


def extreme(name: str, place: str) -> Rule:
    """The largest along a dimension, and where it is."""

    def rule(at: At) -> Result:
        x = at.tensor("self")
        shape, options = _reduced(at, x, _axes(at, x))
        where = {k: v for k, v in options.items() if k != "keepdims"}
        flat = tuple(s for a, s in enumerate(x.shape) if a not in _axes(at, x))
        return at.make(call(name, shape, x, **options)), at.make(call(place, flat, x, **where), INTEGER)

    return rule


def spread(name: str) -> Rule:
    """Variance and deviation: NumPy divides by the count, PyTorch by one less unless it is told."""

    def rule(at: At) -> Result:
        x = at.tensor("self")
        axes = _axes(at, x)
        shape, options = _reduced(at, x, axes)
        correction = at.real("correction", 1 if at.get("unbiased", True) else 0)
        if correction == 0:
            return call(name, shape, x, **options)
        count = ONE
        for a in axes:
            count = count * at.shape(x)[a]
        n = text(TIMES, (), count)
        less = at.make(binary("-", PLUS, (), at.make(n), spelt(float(correction))))
        var = at.make(call("var", shape, x, **options))
        scaled = at.make(binary("*", TIMES, shape, var, at.make(binary("/", TIMES, (), at.make(n), less))))
        return scaled if name == "var" else call("sqrt", shape, scaled)

    return rule


def vector_norm(at: At) -> Result:
    x = at.tensor("self")
    if at.real("ord", at.real("p", 2)) != 2:
        at.refuse("a norm that is not the Euclidean one")
    shape, options = _reduced(at, x, _axes(at, x))
    return call("norm", shape, x, **options)


def along(name: str) -> Rule:
    """softmax and what else works along one dimension and keeps it."""

    def rule(at: At) -> Result:
        x = at.tensor("self")
        axis = at.axis("dim", len(x.shape))
        last = axis == len(x.shape) - 1 and name not in ("cumsum", "cumprod")
        return call(name, x.shape, x, **({} if last else {"axis": axis}))

    return rule


def logsumexp(at: At) -> Result:
    x = at.tensor("self")
    shape, options = _reduced(at, x, _axes(at, x))
    if "keepdims" in options:
        axis = _axes(at, x)[0]
        flat = at.make(call("logsumexp", (*x.shape[:axis], *x.shape[axis + 1 :]), x, axis=options["axis"]))
        return at.subscript(flat, axis, None)
    return call("logsumexp", shape, x, **options)


def argmax(name: str) -> Rule:
    def rule(at: At) -> Result:
        x = at.tensor("self")
        axes = _axes(at, x)
        shape = tuple(s for a, s in enumerate(x.shape) if a not in axes)
        return at.make(call(name, shape, x, axis=axes[0]), INTEGER)

    return rule


REDUCTIONS: dict[str, Rule] = {
    "aten.sum.default": reduction("sum"),
    "aten.sum.dim_IntList": reduction("sum"),
    "aten.mean.default": reduction("mean"),
    "aten.mean.dim": reduction("mean"),
    "aten.amax.default": reduction("max"),
    "aten.amin.default": reduction("min"),
    "aten.max.default": reduction("max"),
    "aten.min.default": reduction("min"),
    "aten.prod.default": reduction("prod"),
    "aten.prod.dim_int": reduction("prod"),
    "aten.max.dim": extreme("max", "argmax"),
    "aten.min.dim": extreme("min", "argmin"),
    "aten.argmax.default": argmax("argmax"),
    "aten.argmin.default": argmax("argmin"),
    "aten.var.correction": spread("var"),
    "aten.var.default": spread("var"),
    "aten.var.dim": spread("var"),
    "aten.std.correction": spread("std"),
    "aten.std.default": spread("std"),
    "aten.std.dim": spread("std"),
    "aten.linalg_vector_norm.default": vector_norm,
    "aten.norm.ScalarOpt_dim": vector_norm,
    "aten.norm.Scalar": vector_norm,
    "aten.softmax.int": along("softmax"),
    "aten.log_softmax.int": along("log_softmax"),
    "aten.cumsum.default": along("cumsum"),
    "aten.cumprod.default": along("cumprod"),
    "aten.logsumexp.default": logsumexp,
}
