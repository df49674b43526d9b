"""Matrix forms: what is found for an index form, how it is written, and that its entries are the index form again."""

from __future__ import annotations

import itertools
import random

import pytest

from symbp.core import build as b
from symbp.core.canonical import same
from symbp.core.expr import TRUE, Compare, Delta, Expr, Extreme, Fn, Read
from symbp.core.integers import Atom, Dim, Index, Poly
from symbp.core.network import Call, Equation
from symbp.matrix import entry, matrix_form, slice_form, write_form, write_matrix
from symbp.verify.interpret import Scope, compile_at
from symbp.verify.sizes import Sizes
from symbp.verify.unknown import Smooth

N, D, H, K = (Poly.of(Dim(s)) for s in "NDHK")
n, m = Index("n", N), Index("m", N)
d, h, k, j = Index("d", D), Index("h", H), Index("k", K), Index("j", K)
SHAPES = {
    "X": (N, D), "Y": (N, K), "P": (N, K), "W": (D, H), "V": (H, K), "A": (N, H),
    "b": (H,), "c": (K,), "u": (N,), "v": (N,),
    "s": (), "T": (N, D, H), "Q": (N, H), "G": (D, D),
}  # fmt: skip


def extents(read: Read) -> tuple[Poly, ...]:
    return SHAPES[read.tensor]


def r(name: str, *subs: Index) -> Expr:
    return Read(name, tuple(Poly.of(s) for s in subs))


def over(*args: Index | Expr) -> Expr:
    return b.total(args[:-1], args[-1])  # type: ignore[arg-type]


size = b.integer(N)
FORMS = [
    ((n, h), b.add(over(d, b.mul(r("X", n, d), r("W", d, h))), r("b", h)), "X W + 1 b^T"),
    ((n, k), b.div(b.sub(r("P", n, k), r("Y", n, k)), size), "(P - Y)/N"),
    ((h, k), over(n, b.mul(r("A", n, h), r("P", n, k))), "A^T P"),
    ((k,), over(n, r("P", n, k)), "P^T 1"),
    ((n,), over(k, r("P", n, k)), "P 1"),
    ((n, h), b.mul(over(k, b.mul(r("P", n, k), r("V", h, k))), r("A", n, h), b.sub(b.UNIT, r("A", n, h))),
     "(P V^T) * A * (1 - A)"),
    ((n, k), b.mul(r("P", n, k), over(j, r("Y", n, j))), "P * rowsum(Y)"),
    ((n, k), b.sub(r("P", n, k), b.div(over(j, r("Y", n, j)), b.integer(K))), "P - rowmean(Y)"),
    ((n, k), b.mul(r("P", n, k), b.div(over(m, r("Y", m, k)), size)), "P * colmean(Y)"),
    ((n, h), b.mul(r("A", n, h), r("b", h), r("u", n)), "diag(u) A diag(b)"),
    ((n, k), b.mul(b.NIL, r("P", n, k)), "0"),
    ((), b.neg(b.div(over(n, k, b.mul(r("Y", n, k), Fn("log", (r("P", n, k),)))), size)), "-(1^T (Y * log(P)) 1)/N"),
    ((), b.div(over(n, k, b.power(b.sub(r("P", n, k), r("Y", n, k)), b.num(2))), b.num(2)), "||P - Y||^2/2"),
    ((n, h), b.where(Compare(">", r("A", n, h), b.NIL), r("A", n, h), b.NIL), "[A > 0] * A"),
    ((n, k), b.where(Compare(">", r("P", n, k), b.NIL), r("P", n, k), r("Y", n, k)), "where(P > 0, P, Y)"),
    ((n, k), b.neg(b.div(r("Y", n, k), b.mul(r("P", n, k), size))), "-(Y / P)/N"),
    ((h, n), b.sub(r("A", n, h), b.UNIT), "(A - 1)^T"),
    ((h, n), Fn("exp", (b.add(r("A", n, h), r("b", h)),)), "exp(A + 1 b^T)^T"),
    ((n, k), b.mul(r("u", n), r("c", k)), "u c^T"),
    ((n, h), b.mul(r("A", n, h), r("u", n)), "diag(u) A"),
    ((), over(n, b.mul(r("u", n), r("v", n))), "u^T v"),
    ((d,), over(n, b.mul(r("X", n, d), b.sub(r("u", n), r("v", n)))), "X^T (u - v)"),
    ((d, k), over(n, h, b.mul(r("X", n, d), r("A", n, h), r("V", h, k))), "X^T A V"),
    ((d, h), over(n, b.mul(r("X", n, d), r("u", n), r("A", n, h))), "X^T diag(u) A"),
    ((n,), b.div(r("u", n), over(m, r("u", m))), "u/(1^T u)"),
    ((n, h), b.mul(r("s"), r("A", n, h)), "s A"),
    ((n, h), b.mul(b.num(2), Fn("f", (r("A", n, h), r("Q", n, h)), (0, 1))), "2 f_d2(A, Q)"),
    ((n,), Extreme("max", (k,), r("P", n, k), TRUE), "rowmax(P)"),
    ((n, h), b.power(r("A", n, h), b.num("1/2")), "sqrt(A)"),
]  # fmt: skip


@pytest.mark.parametrize(("indices", "body", "text"), FORMS, ids=[t for _, _, t in FORMS])
def test_form_and_entry(indices: tuple[Index, ...], body: Expr, text: str) -> None:
    form = matrix_form(indices, body, extents)
    assert form is not None
    assert write_matrix(form) == text
    assert _values(entry(form, *indices), indices) == pytest.approx(_values(body, indices), rel=1e-14)


EXTENTS = {"N": 3, "D": 5, "H": 7, "K": 2, "T": 11}


SIZES: dict[Atom, int] = {Dim(name): value for name, value in EXTENTS.items()}


def _table(name: str) -> dict[tuple[int, ...], float]:
    shape = [p.value(SIZES) for p in SHAPES[name]]
    generator = random.Random(name)
    return {key: generator.uniform(0.2, 2.0) for key in itertools.product(*map(range, shape))}


def _values(e: Expr, indices: tuple[Index, ...]) -> list[float]:
    """Every entry, by the interpreter."""
    scope = Scope(Sizes(EXTENTS), {name: _table(name) for name in SHAPES}, functions={"f": Smooth(0, 2)})
    at = compile_at(e, indices, scope)
    return [at(key) for key in itertools.product(*(range(i.stop.value(SIZES)) for i in indices))]


def test_a_call_keeps_its_name_and_its_meaning() -> None:
    body = b.div(Fn("exp", (r("P", n, k),)), over(j, Fn("exp", (r("P", n, j),))))
    form = matrix_form((n, k), body, extents, Call("softmax", (Read("P"),)))
    assert form is not None
    assert write_matrix(form, {"P": "Z"}.__getitem__) == "softmax(Z)"
    assert same(entry(form, n, k), body)


NONE = [
    ((n, d, h), r("T", n, d, h)),
    ((n,), over(d, h, r("T", n, d, h))),
    ((d,), r("G", d, d)),
    ((), b.mul(r("s"), r("s"))),
    ((n, k), over(d, b.mul(r("X", n, d), r("T", n, d, h)))),
    ((n,), b.where(Compare("<", b.integer(n), b.UNIT), r("u", n), b.NIL)),
]


@pytest.mark.parametrize(("indices", "body"), NONE)
def test_no_form(indices: tuple[Index, ...], body: Expr) -> None:
    assert matrix_form(indices, body, extents) is None


T = Poly.of(Dim("T"))
t = Index("t", T)
SHAPES |= {"S": (T, N, D), "R": (T, N, H), "Z": (T, N, H * 2), "q": (N, H), "U": (N, T, D)}
before, after = Poly.of(t) - 1, Poly.of(t) + 1
first, last = Compare("<=", b.UNIT, b.integer(t)), Compare("<", b.integer(after), b.integer(T))
wide = Index("j", H * 2)


def at(name: str, *subs: Poly | Index) -> Expr:
    return Read(name, tuple(Poly.of(s) for s in subs))


def part(low: Poly, high: Poly, then: Expr) -> Expr:
    """`then` for the columns from `low` to `high` - 1."""
    inside = b.both(
        Compare("<=", b.NIL, b.integer(Poly.of(wide) - low)), Compare("<", b.integer(wide), b.integer(high))
    )
    return b.where(inside, then, b.NIL)


SLICES = [
    ((t, n, h), over(d, b.mul(at("S", t, n, d), at("W", d, h))), "[t] S[t] W"),
    ((d, h), over(t, n, b.mul(at("S", t, n, d), at("R", t, n, h))), "[] sum_t S[t]^T R[t]"),
    ((h,), over(t, n, b.mul(b.num("1/2"), at("R", t, n, h))), "[] (sum_t R[t]^T 1)/2"),
    ((t, n, h), at("Z", t, n, H + h), "[t] Z[t][:, H:2*H]"),
    ((t, n, h), b.where(first, at("R", before, n, h), at("q", n, h)), "[t] R[t - 1]"),
    ((t, h, n), b.where(first, at("R", before, n, h), at("q", n, h)), "[t] R[t - 1]^T"),
    ((t, n, h), b.where(last, at("R", after, n, h), b.NIL), "[t] [t + 1 < T] * R[t + 1]"),
    ((t, n, h), b.where(first, b.mul(at("R", t, n, h), at("R", t, n, h)), at("q", n, h)),
     "[t] where(1 <= t, R[t]^2, q)"),
    ((t, n, wide), b.add(part(Poly(), H, at("R", t, n, wide)), part(H, H * 2, at("q", n, Poly.of(wide) - H))),
     "[t] [R[t] | q]"),
    ((t, n), over(d, at("S", t, n, d)), "[t] S[t] 1"),
    ((t, n, h), over(d, b.mul(at("U", n, t, d), at("W", d, h))), "[t,n] W^T U[n, t]"),
    ((n, h), over(t, b.mul(at("q", n, h), at("R", t, n, h))), "[] (sum_t R[t]) * q"),
    ((), over(t, n, d, b.power(at("S", t, n, d), b.num(2))), "[] sum_t ||S[t]||^2"),
]  # fmt: skip


@pytest.mark.parametrize(("indices", "body", "text"), SLICES, ids=[text for _, _, text in SLICES])
def test_slices(indices: tuple[Index, ...], body: Expr, text: str) -> None:
    form = slice_form(Equation("out", indices, body), extents, ())
    assert form is not None
    assert f"[{','.join(i.name for i in form.lead)}] {write_matrix(form.matrix)}" == text
    assert write_form("out", form).split(" = ")[0].removeprefix("out") in (
        "",
        f"[{', '.join(i.name for i in form.lead)}]",
    )
    assert _values(entry(form.matrix, *form.indices), indices) == pytest.approx(_values(body, indices), rel=1e-14)


def test_windows_are_cut_out_at_once_and_slices_keep_their_small_letter() -> None:
    i, j, u, v = (Index(x, Poly.of(Dim("K"))) for x in "ijuv")
    body = over(i, j, b.mul(at("q", i, j), at("S", t, Poly.of(i) + u, Poly.of(j) + v)))
    form = slice_form(Equation("w", (t, u, v), body), extents)
    assert form is not None
    assert write_form("w", form, str.upper) == "w[t] = sum_i,j (q[i, j] S[t][i:K + i, j:K + j])"


def test_a_recurrence_has_its_steps_in_front() -> None:
    equation = Equation("out", (t, h), Fn("tanh", (at("q", t, h),)))
    whole, by_step = slice_form(equation, extents), slice_form(equation, extents, (T,))
    assert whole is not None
    assert by_step is not None
    assert (whole.lead, by_step.lead) == ((), (t,))


NOT_SLICED = [
    ((t, n, wide), b.add(part(Poly(), H, at("R", t, n, wide)), part(Poly(), H, at("q", n, wide)))),  # the same columns
]


@pytest.mark.parametrize(("indices", "body"), NOT_SLICED)
def test_no_slices(indices: tuple[Index, ...], body: Expr) -> None:
    assert slice_form(Equation("out", indices, body), extents) is None


def test_delta_is_the_unit_matrix() -> None:
    e = Index("e", D)
    form = matrix_form((d, e), b.add(Delta(Poly.of(d), Poly.of(e)), r("G", d, e)), extents)
    assert form is not None
    assert write_matrix(form) == "I + G"
