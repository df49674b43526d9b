"""Matrix forms: what is found for an index form, how it is written, and that its entries are the index form again."""

from __future__ import annotations

import itertools
import random

import pytest

from symbp.core import build as b
from symbp.core.canonical import same
from symbp.core.expr import TRUE, Compare, Delta, Expr, Extreme, Fn, Read
from symbp.core.integers import Dim, Index, Poly
from symbp.core.matrix import entry, matrix_form, write_matrix
from symbp.core.network import Call
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
    ((n, k), b.mul(r("P", n, k), over(j, r("Y", n, j))), "P * (Y 1 1^T)"),
    ((n, k), b.mul(b.NIL, r("P", n, k)), "0 (1 1^T)"),
    ((), b.neg(b.div(over(n, k, b.mul(r("Y", n, k), Fn("log", (r("P", n, k),)))), size)), "-(1^T (Y * log(P)) 1)/N"),
    ((), b.div(over(n, k, b.power(b.sub(r("P", n, k), r("Y", n, k)), b.num(2))), b.num(2)), "||P - Y||^2/2"),
    ((n, h), b.where(Compare(">", r("A", n, h), b.NIL), r("A", n, h), b.NIL), "[A > 0] * A"),
    ((n, k), b.where(Compare(">", r("P", n, k), b.NIL), r("P", n, k), r("Y", n, k)), "where(P > 0, P, Y)"),
    ((n, k), b.neg(b.div(r("Y", n, k), b.mul(r("P", n, k), size))), "-(Y / P)/N"),
    ((h, n), b.sub(r("A", n, h), b.UNIT), "(A - 1)^T"),
    ((h, n), Fn("exp", (b.add(r("A", n, h), r("b", h)),)), "exp(A + 1 b^T)^T"),
    ((n, k), b.mul(r("u", n), r("c", k)), "u c^T"),
    ((n, h), b.mul(r("A", n, h), r("u", n)), "A * (u 1^T)"),
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
    form = matrix_form(indices, body, SHAPES.__getitem__)
    assert form is not None
    assert write_matrix(form) == text
    assert _values(entry(form, *indices), indices) == pytest.approx(_values(body, indices), rel=1e-14)


EXTENTS = {"N": 3, "D": 5, "H": 7, "K": 2}


def _table(name: str) -> dict[tuple[int, ...], float]:
    shape = [EXTENTS[str(p)] for p in SHAPES[name]]
    generator = random.Random(name)
    return {key: generator.uniform(0.2, 2.0) for key in itertools.product(*map(range, shape))}


def _values(e: Expr, indices: tuple[Index, ...]) -> list[float]:
    """Every entry, by the interpreter."""
    scope = Scope(Sizes(EXTENTS), {name: _table(name) for name in SHAPES}, functions={"f": Smooth(0, 2)})
    at = compile_at(e, indices, scope)
    return [at(key) for key in itertools.product(*(range(EXTENTS[str(i.stop)]) for i in indices))]


def test_a_call_keeps_its_name_and_its_meaning() -> None:
    body = b.div(Fn("exp", (r("P", n, k),)), over(j, Fn("exp", (r("P", n, j),))))
    form = matrix_form((n, k), body, SHAPES.__getitem__, Call("softmax", (Read("P"),)))
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
    assert matrix_form(indices, body, SHAPES.__getitem__) is None


def test_delta_is_the_unit_matrix() -> None:
    e = Index("e", D)
    form = matrix_form((d, e), b.add(Delta(Poly.of(d), Poly.of(e)), r("G", d, e)), SHAPES.__getitem__)
    assert form is not None
    assert write_matrix(form) == "I + G"
