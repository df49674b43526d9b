"""Expressions as LaTeX: exact texts, above all where a parenthesis could be lost."""

from __future__ import annotations

import pytest

from symbp.core import build as b
from symbp.core.expr import TRUE, And, Compare, Delta, Expr, Extreme, Fn, Int, Mul, Partial, Pi, Pow, Read, Sum, Where
from symbp.core.integers import Dim, Index, Poly
from symbp.document.tex.breaking import lines
from symbp.document.tex.names import choose_names
from symbp.document.tex.pieces import Piece, Text, group, join
from symbp.document.tex.print import WIDEST_CASES, Printer
from symbp.document.tex.width import width

N, K = Poly.of(Dim("N")), Poly.of(Dim("K"))
n, m, k, j = Index("n", N), Index("m", N), Index("k", K), Index("j", K)
NAMES = choose_names(
    {"x": 2, "y": 2, "W1": 2, "b1": 1, "a": 0, "b": 0, "c": 0, "lam": 0, "L": 0, "u": 1},
    ("N", "K"),
    ("n", "m", "k", "j"),
    ("f", "g"),
    ("sigmoid",),
    {"x_bar": "x", "W1_bar": "W1"},
)
PRINTER = Printer(NAMES, {i.name: (i.start, i.stop) for i in (n, m, k, j)}, "L", 7, frozenset({"W1"}))


def r(name: str, *subs: Index) -> Read:
    return Read(name, tuple(Poly.of(s) for s in subs))


a, bb, c, x, y, w = r("a"), r("b"), r("c"), r("x", n, k), r("y", n, k), r("W1", n, k)
one, size = b.UNIT, b.integer(N)


def over(*args: Index | Expr) -> Expr:
    return Sum(args[:-1], args[-1])  # type: ignore[arg-type]


def at_most(i: Index, stop: Index) -> Compare:
    return Compare("<=", Int(Poly.of(i)), Int(Poly.of(stop)))


TABLE: list[tuple[Expr, str]] = [
    (b.sub(a, b.sub(bb, c)), r"a - (b - c)"),
    (b.add(a, b.sub(bb, c)), r"a + b - c"),
    (b.add(a, b.mul(b.num(-2), b.add(bb, c))), r"a - 2\,(b + c)"),
    (Mul((b.MINUS, b.add(a, bb), c)), r"-(a + b)\,c"),
    (Mul((a, b.neg(bb))), r"a \cdot (-b)"),
    (Mul((b.sub(a, bb), c)), r"(a - b)\,c"),
    (Mul((a, b.sub(bb, c))), r"a\,(b - c)"),
    (Pow(b.neg(x), b.num(2)), r"(-x_{nk})^{2}"),
    (b.neg(b.power(x, b.num(2))), r"-x_{nk}^{2}"),
    (b.power(w, b.num(2)), r"\bigl(W^{(1)}_{nk}\bigr)^{2}"),
    (Pow(Pow(a, bb), c), r"\bigl(a^{b}\bigr)^{c}"),
    (Pow(a, Pow(bb, c)), r"a^{b^{c}}"),
    (Pow(b.div(a, bb), b.num(2)), r"\biggl(\frac{a}{b}\biggr)^{2}"),
    (Pow(b.num("1/2"), a), r"\biggl(\frac{1}{2}\biggr)^{a}"),
    (b.div(a, b.mul(bb, c)), r"\frac{a}{b\,c}"),
    (b.mul(b.div(a, bb), c), r"\frac{a\,c}{b}"),
    (b.div(a, b.div(bb, c)), r"\frac{a\,c}{b}"),
    (b.div(x, y), r"\frac{x_{nk}}{y_{nk}}"),
    (b.div(b.sub(x, y), b.add(x, y)), r"\frac{x_{nk} - y_{nk}}{x_{nk} + y_{nk}}"),
    (b.div(b.neg(x), b.mul(size, y)), r"-\frac{1}{N}\,\frac{x_{nk}}{y_{nk}}"),
    (b.mul(b.num("3/2"), a), r"\frac{3\,a}{2}"),
    (b.div(one, b.mul(b.num(2), size)), r"\frac{1}{2N}"),
    (b.div(b.mul(r("lam"), x), b.num(2)), r"\frac{\lambda}{2}\,x_{nk}"),
    (b.power(a, b.num("1/2")), r"\sqrt{a}"),
    (b.power(b.add(a, one), b.num("-1/2")), r"\frac{1}{\sqrt{a + 1}}"),
    (b.num("1e-7"), r"10^{-7}"),
    (b.num("0.044715"), r"0.044715"),
    (b.num("3e-7"), r"3\cdot 10^{-7}"),
    (b.num("-1/2"), r"-\frac{1}{2}"),
    (Mul((b.num("-0.01"), x)), r"-0.01\,x_{nk}"),
    (over(k, b.mul(x, y)), r"\sum_{k} x_{nk}\,y_{nk}"),
    (over(k, b.add(x, y)), r"\sum_{k} (x_{nk} + y_{nk})"),
    (Mul((over(k, x), a)), r"\Bigl(\sum_{k} x_{nk}\Bigr)\,a"),
    (Mul((a, over(k, x))), r"a\,\sum_{k} x_{nk}"),
    (b.add(over(k, x), a), r"\sum_{k} x_{nk} + a"),
    (Pow(over(k, x), b.num(2)), r"\Bigl(\sum_{k} x_{nk}\Bigr)^{2}"),
    (over(n, k, x), r"\sum_{n,k} x_{nk}"),
    (over(Index("k", Poly.of(n)), x), r"\sum_{k<n} x_{nk}"),
    (over(k, Where(at_most(k, n), x, b.NIL)), r"\sum_{\substack{k\\ k \le n}} x_{nk}"),
    (over(k, Where(at_most(m, n), x, b.NIL)), r"[m \le n]\,\sum_{k} x_{nk}"),
    (over(Index("m", N, Poly.of(1)), a), r"\sum_{1\le m<N} a"),
    (Extreme("max", (k,), x, TRUE), r"\max_{k} x_{nk}"),
    (Mul((Fn("log", (x,)), a)), r"(\log x_{nk})\,a"),
    (Mul((a, Fn("log", (x,)))), r"a\,\log x_{nk}"),
    (Pow(Fn("log", (x,)), b.num(2)), r"(\log x_{nk})^{2}"),
    (Fn("log", (b.add(x, one),)), r"\log(x_{nk} + 1)"),
    (Fn("exp", (b.neg(x),)), r"e^{-x_{nk}}"),
    (Pow(Fn("exp", (x,)), b.num(2)), r"\bigl(e^{x_{nk}}\bigr)^{2}"),
    (Fn("exp", (over(k, x),)), r"\exp\Bigl(\sum_{k} x_{nk}\Bigr)"),
    (Fn("exp", (b.neg(b.div(b.power(x, b.num(2)), b.num(2))),)), r"e^{-x_{nk}^{2}/2}"),
    (Fn("exp", (b.div(x, b.mul(b.num(2), size)),)), r"\exp\biggl(\frac{1}{2N}\,x_{nk}\biggr)"),
    (Pow(a, b.div(bb, b.mul(b.num(2), c))), r"a^{b/(2\,c)}"),
    (Pow(a, b.div(b.add(bb, one), c)), r"a^{(b + 1)/c}"),
    (Mul((b.num(2), Fn("expm1", (x,)))), r"2\,\bigl(e^{x_{nk}} - 1\bigr)"),
    (Fn("log1p", (x,)), r"\log(1 + x_{nk})"),
    (Fn("abs", (b.sub(x, y),)), r"\lvert x_{nk} - y_{nk}\rvert "),
    (Fn("erf", (x,)), r"\operatorname{erf} x_{nk}"),
    (Fn("f", (a,), (0,)), r"f(a)"),
    (Fn("f", (a,), (2,)), r"f''(a)"),
    (Fn("g", (a, bb), (1, 0)), r"\partial_{1} g(a, b)"),
    (Fn("g", (a, bb), (1, 2)), r"\partial_{1}\partial_{2}^{2} g(a, b)"),
    (Delta(Poly.of(n), Poly.of(m)), r"\delta_{nm}"),
    (Delta(Poly.of(n), Poly.of(m) * 2 + 1), r"\delta_{n,2m + 1}"),
    (Partial(x, y), r"\frac{\partial x_{nk}}{\partial y_{nk}}"),
    (Partial(Read("L"), w), r"\biggl.\frac{\partial L}{\partial W^{(1)}_{nk}}\biggr|_{(7)}"),
    (r("x_bar", n, k), r"\adj{x}_{nk}"),
    (r("W1_bar", n, k), r"\adj{W}^{(1)}_{nk}"),
    (Where(Compare(">", x, b.NIL), one, b.NIL), r"[x_{nk} > 0]"),
    (Where(Compare(">", x, b.NIL), b.NIL, one), r"[x_{nk} \le 0]"),
    (
        Where(Compare(">", x, b.NIL), x, a),
        r"\begin{cases}x_{nk} & \text{if } x_{nk} > 0 \\ a & \text{else}\end{cases}",
    ),
    (Mul((a, Where(Compare(">", x, b.NIL), y, b.NIL))), r"a\,y_{nk}\,[x_{nk} > 0]"),
    (Where(And((Compare("<", x, a), Compare("!=", y, a))), one, b.NIL), r"[x_{nk} < a\text{ and }y_{nk} \ne a]"),
    (b.mul(b.num(2), Pi(), size), r"2\,\pi\,N"),
    (b.mul(size, b.num(2)), r"2\,N"),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "tex"), TABLE, ids=[t for _, t in TABLE])
def test_text(expr: Expr, tex: str) -> None:
    assert PRINTER.tex(expr) == tex


def test_pieces_say_the_same_as_the_line() -> None:
    for expr, tex in TABLE:
        assert join(PRINTER.text(expr).pieces) == tex


def test_group_is_as_high_as_its_content() -> None:
    assert group(Text((Piece("a"),), 0)).tex == "(a)"
    assert group(Text((Piece("a"),), 0, height=2)).tex == r"\biggl(a\biggr)"


LONG = b.add(*(b.mul(r("a"), b.add(x, b.num(i), Fn("tanh", (b.add(y, b.num(i)),)))) for i in range(2, 9)))


@pytest.mark.parametrize("room", [150.0, 250.0, 400.0])
def test_a_long_formula_is_broken_and_nothing_is_lost(room: float) -> None:
    pieces = PRINTER.text(LONG).pieces
    broken = lines(pieces, room)
    assert len(broken) > 1
    assert all(width(line) <= room for line in broken)
    assert "".join(broken).replace("\\cdot ", "") == join(pieces).replace("\\cdot ", "")


def test_a_long_value_of_a_case_goes_on_in_the_next_line_at_the_same_size() -> None:
    tex = PRINTER.tex(Where(Compare(">", x, b.NIL), LONG, a))
    body = tex.removeprefix("\\begin{cases}").removesuffix("\\end{cases}").split(" \\\\ ")
    assert len(body) > 2
    assert "fit" not in tex
    assert ["&" in line for line in body] == [False] * (len(body) - 2) + [True, True]
    assert all(width(line.split(" & ")[0]) <= WIDEST_CASES for line in body)
    assert "".join(line.removeprefix("\\quad ") for line in body[:-1]).split(" & ")[0] == PRINTER.tex(LONG)


def test_lines_break_before_terms_first() -> None:
    assert all(line.startswith((" + ", "a")) for line in lines(PRINTER.text(LONG).pieces, 250.0))
