"""Small networks built by hand, so that these tests need no other room."""

from __future__ import annotations

from symbp.core import build as b
from symbp.core.expr import TRUE, Compare, Expr, Extreme, Fn, Read, Sum
from symbp.core.integers import Dim, Index, Poly
from symbp.core.network import DATA, PARAM, Equation, Fact, Network, Tensor

DIMS = {name: Dim(name) for name in "NDHKM"}


def index(name: str, size: str) -> Index:
    """An index over a size."""
    return Index(name, Poly.of(DIMS[size]))


n, d, h, k, j = index("n", "N"), index("d", "D"), index("h", "H"), index("k", "K"), index("j", "K")


def read(name: str, *subs: Index | int | Poly) -> Read:
    """An entry of a tensor."""
    return Read(name, tuple(Poly.of(s) for s in subs))


def tensor(name: str, kind: str, sizes: str = "") -> Tensor:
    """An input whose shape is given by one-letter sizes."""
    return Tensor(name, kind, tuple(Poly.of(DIMS[s]) for s in sizes))


def size(name: str) -> Expr:
    """A size as a number."""
    return b.integer(DIMS[name])


def sigmoid(z: Expr) -> Expr:
    """1 / (1 + exp(-z))."""
    return b.div(b.UNIT, b.add(b.UNIT, Fn("exp", (b.neg(z),))))


def relu(z: Expr) -> Expr:
    """z where z > 0, else 0."""
    return b.where(Compare(">", z, b.NIL), z, b.NIL)


def affine(out: str, of: str, w: str, bias: str, inner: Index, outer: Index) -> Equation:
    """out = of @ w + bias."""
    product = Sum((inner,), b.mul(read(of, n, inner), read(w, inner, outer)))
    return Equation(out, (n, outer), b.add(product, read(bias, outer)))


def softmax_network(activation=sigmoid) -> Network:  # type: ignore[no-untyped-def]
    """The example of the design: an activation layer under softmax and cross-entropy."""
    exp = Fn("exp", (read("z2", n, k),))
    norm = Sum((j,), Fn("exp", (read("z2", n, j),)))
    log_p = b.mul(read("y", n, k), Fn("log", (read("p", n, k),)))
    return Network(
        name="sigmoid_softmax",
        doc="",
        dims=tuple(DIMS[s] for s in "NDHK"),
        inputs=(
            tensor("x", DATA, "ND"), tensor("y", DATA, "NK"),
            tensor("W1", PARAM, "DH"), tensor("b1", PARAM, "H"),
            tensor("W2", PARAM, "HK"), tensor("b2", PARAM, "K"),
        ),
        equations=(
            affine("z1", "x", "W1", "b1", d, h),
            Equation("a1", (n, h), activation(read("z1", n, h))),
            affine("z2", "a1", "W2", "b2", h, k),
            Equation("p", (n, k), b.div(exp, norm)),
            Equation("L", (), b.div(b.neg(Sum((n, k), log_p)), size("N"))),
        ),
        outputs=("L",),
        facts=(Fact("F1", Compare("==", Sum((k,), read("y", n, k)), b.UNIT)),),
    )  # fmt: skip


def tied_network() -> Network:
    """z = x W, r = z W^T, half squared error: W is used twice."""
    e = index("e", "D")
    r = Sum((h,), b.mul(read("z", n, h), read("W", d, h)))
    error = b.power(b.sub(read("r", n, d), read("x", n, d)), b.num(2))
    return Network(
        name="tied",
        doc="",
        dims=tuple(DIMS[s] for s in "NDH"),
        inputs=(tensor("x", DATA, "ND"), tensor("W", PARAM, "DH")),
        equations=(
            Equation("z", (n, h), Sum((e,), b.mul(read("x", n, e), read("W", e, h)))),
            Equation("r", (n, d), r),
            Equation("L", (), b.mul(b.num("1/2"), Sum((n, d), error))),
        ),
        outputs=("L",),
    )


def maximum_of(body: Expr, over: Index) -> Expr:
    """The largest over an index."""
    return Extreme("max", (over,), body, TRUE)
