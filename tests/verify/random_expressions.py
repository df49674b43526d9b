"""Random expressions and networks for the interpreter by arrays and the plain loops, which are to say the same."""

from __future__ import annotations

import random
from fractions import Fraction

from symbp.core import build as b
from symbp.core.expr import (
    TRUE,
    Add,
    And,
    Compare,
    Cond,
    Delta,
    Expr,
    Extreme,
    Fn,
    Int,
    Mul,
    Not,
    Num,
    Or,
    Partial,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import Dim, DimAt, Index, Poly, Quotient
from symbp.core.network import DATA, LABELS, PARAM, Equation, Network, Tensor

N, M, K, L = (Poly.of(Dim(name)) for name in "NMKL")
SIZES = {"N": 3, "M": 4, "K": 2, "L": 3}
LAYER = Index("l", L)
WIDTH = Poly.of(DimAt("D", Poly.of(LAYER)))
SHAPES = {"x": (N, M), "w": (M,), "s": (), "c": (K, N, K), "t": (N,), "v": (L, WIDTH)}
INPUTS = (
    Tensor("x", PARAM, SHAPES["x"]),
    Tensor("w", PARAM, SHAPES["w"]),
    Tensor("s", PARAM, ()),
    Tensor("c", DATA, SHAPES["c"]),
    Tensor("t", LABELS, SHAPES["t"], M),
    Tensor("v", PARAM, SHAPES["v"], each=LAYER),
)
FUNCTIONS = ("exp", "log", "log1p", "expm1", "sin", "cos", "tanh", "erf", "abs", "sign")
FUNCTIONS += ("erfc", "sinh", "cosh", "tan", "atan", "log2", "lgamma", "digamma", "trigamma", "tetragamma")
OF_POSITIVE = ("log", "log1p", "log2", "lgamma", "digamma", "trigamma", "tetragamma")


class Maker:
    """Expressions over these tensors and whatever else is said to exist, with `letters` free.

    `wild` is how often a subscript may run outside and a function leave its domain.
    """

    def __init__(self, seed: int, wild: float = 0.0):
        self.r, self.wild, self.count = random.Random(seed), wild, 0
        self.shapes = dict(SHAPES)

    def index(self, letters: tuple[Index, ...]) -> Index:
        """A new index, now and then one whose range depends on another."""
        self.count += 1
        name = self.r.choice((f"j{self.count}", "j", "i"))
        name = name if all(name != i.name for i in letters) or self.r.random() < 0.2 else f"j{self.count}"
        stop = self.r.choice((N, M, K, Poly.of(3)))
        start = Poly.of(0)
        if letters and self.r.random() < 0.25:
            outer = self.r.choice(letters)
            start, stop = self.r.choice(
                ((start, Poly.of(outer) + 1), (Poly.of(outer), stop), (start, stop - Poly.of(outer)))
            )
        elif self.r.random() < 0.15:
            start = Poly.of(1)
        return Index(name, stop, start)

    def poly(self, letters: tuple[Index, ...], within: Poly) -> Poly:
        """An integer for a subscript of that extent."""
        r = self.r
        same = [i for i in letters if i.stop == within]
        if r.random() < self.wild and letters:
            i, j = r.choice(letters), r.choice(letters)
            return Poly.of(i) * r.choice((1, 2, -1)) + r.choice((0, 1, -1, Poly.of(j)))
        choice = r.random()
        if same and choice < 0.7:
            return Poly.of(r.choice(same))
        if same and choice < 0.8:
            return within - Poly.of(r.choice(same)) - 1
        if same and choice < 0.85:
            return Poly.of(Quotient(Poly.of(r.choice(same)) + 1, Poly.of(2)))
        if within == M and choice < 0.93:
            free = [i for i in letters if i.stop == N and not i.start.terms]
            if free:
                return Poly.of(Read("t", (Poly.of(r.choice(free)),)))
        return Poly.of(r.choice((0, 1)))

    def read(self, letters: tuple[Index, ...]) -> Expr:
        """An entry of a tensor."""
        name = self.r.choice([n for n in self.shapes if n not in ("t", "v")])
        return Read(name, tuple(self.poly(letters, p) for p in self.shapes[name]))

    def expr(self, letters: tuple[Index, ...], depth: int) -> Expr:
        """Any expression."""
        r = self.r
        if depth == 0 or r.random() < 0.1:
            leaf = r.random()
            if leaf < 0.7:
                return self.read(letters)
            if leaf < 0.85 and letters:
                return Int(Poly.of(r.choice(letters)) * r.choice((1, 2)) + r.choice((0, 1)))
            return Num(Fraction(r.randrange(-6, 7), 4))
        kind = r.choice(("add", "mul", "mul", "sum", "sum", "fn", "where", "pow", "extreme", "delta", "tied", "layers"))
        return getattr(self, f"_{kind}")(letters, depth - 1)  # type: ignore[no-any-return]

    def _add(self, letters: tuple[Index, ...], depth: int) -> Expr:
        return Add(tuple(self.expr(letters, depth) for _ in range(self.r.choice((2, 3)))))

    def _mul(self, letters: tuple[Index, ...], depth: int) -> Expr:
        return Mul(tuple(self.expr(letters, depth) for _ in range(2)))

    def _delta(self, letters: tuple[Index, ...], depth: int) -> Expr:
        if not letters:
            return self.read(letters)
        one, other = (Poly.of(self.r.choice(letters)) * self.r.choice((1, 2)) for _ in range(2))
        return Mul((Delta(one, other + self.r.choice((0, 1))), self.expr(letters, depth)))

    def _tied(self, letters: tuple[Index, ...], depth: int) -> Expr:
        """A sum in which a delta leaves one value of an index for each of the others."""
        if not letters:
            return self._sum(letters, depth)
        i, j = (Index(f"o{self.count}{k}", self.r.choice((N, M)), Poly.of(self.r.choice((0, 0, 1)))) for k in (0, 1))
        self.count += 1
        tie = Delta(Poly.of(i) * self.r.choice((1, 2, -1)) + j, Poly.of(self.r.choice(letters)) + self.r.choice((0, 1)))
        return Sum((i, j), Mul((self.expr((*letters, i, j), depth), tie)))

    def _sum(self, letters: tuple[Index, ...], depth: int) -> Expr:
        bound: tuple[Index, ...] = ()
        for _ in range(self.r.choice((1, 1, 2))):
            bound = (*bound, self.index((*letters, *bound)))
        inner = (*(i for i in letters if i not in bound), *bound)
        return Sum(bound, self.expr(inner, depth))

    def _layers(self, letters: tuple[Index, ...], depth: int) -> Expr:
        """Over entries of arrays of different widths."""
        self.count += 1
        layer = Index(f"l{self.count}", L)
        inside = Index(f"d{self.count}", Poly.of(DimAt("D", Poly.of(layer))))
        term = Read("v", (Poly.of(layer), Poly.of(inside)))
        return Sum((layer, inside), Mul((term, self.expr((*letters, layer), depth))))

    def _fn(self, letters: tuple[Index, ...], depth: int) -> Expr:
        arg = self.expr(letters, depth)
        if self.r.random() < 0.15:
            orders = self.r.choice(((0, 0), (1, 0), (1, 2)))
            return Fn("f", (arg, self.expr(letters, 0)), orders)
        name = self.r.choice(FUNCTIONS)
        if name in OF_POSITIVE and self.r.random() >= self.wild:
            arg = Add((Num(Fraction(1, 3)), Pow(arg, Num(Fraction(2)))))
        return Fn(name, (Fn("tanh", (arg,)) if name in ("exp", "expm1", "sinh", "cosh") else arg,))

    def _pow(self, letters: tuple[Index, ...], depth: int) -> Expr:
        base, r = self.expr(letters, depth), self.r
        n = r.choice((2, 3, -1, -2, 5, 1))
        if n < 0 and r.random() >= self.wild:
            base = Add((Num(Fraction(1, 2)), Pow(base, Num(Fraction(2)))))
        if r.random() < 0.3:
            positive = Add((Num(Fraction(1, 5)), Pow(base, Num(Fraction(2)))))
            base = base if r.random() < self.wild else positive
            return Pow(base, r.choice((Num(Fraction(1, 2)), Num(Fraction(-3, 2)), self.read(letters))))
        return Pow(base, Num(Fraction(n)))

    def _where(self, letters: tuple[Index, ...], depth: int) -> Expr:
        then, other = (self.expr(letters, depth) for _ in range(2))
        if self.r.random() < 0.4 and letters:  # a read that only its condition keeps inside
            i = self.r.choice(letters)
            far = Read("w", (Poly.of(i) - 1,))
            inside = And((Compare(">=", Int(Poly.of(i) - 1), Num(Fraction(0))), Compare("<", Int(Poly.of(i)), Int(M))))
            return Where(inside, Mul((far, then)), other)
        return Where(self.cond(letters, depth), then, other)

    def _extreme(self, letters: tuple[Index, ...], depth: int) -> Expr:
        bound = (self.index(letters),)
        inner = (*(i for i in letters if i not in bound), *bound)
        cond: Cond = TRUE
        if self.r.random() < 0.4:
            cond = Or((Compare("==", Int(Poly.of(bound[0])), Int(bound[0].start)), self.cond(inner, 0)))
        return Extreme(self.r.choice(("max", "min")), bound, self.expr(inner, depth), cond)

    def cond(self, letters: tuple[Index, ...], depth: int) -> Cond:
        """Any condition."""
        r = self.r
        kind = r.random()
        if kind < 0.3 and letters:
            a, c = (Int(Poly.of(r.choice(letters)) + r.choice((0, 1))) for _ in range(2))
            return Compare(r.choice(("<", "<=", ">", ">=", "==", "!=")), a, c)
        if kind < 0.6:
            return Compare(r.choice(("<", "<=", ">", ">=", "==", "!=")), self.expr(letters, min(depth, 1)), b.NIL)
        if kind < 0.75:
            return And(tuple(self.cond(letters, 0) for _ in range(2)))
        if kind < 0.9:
            return Or(tuple(self.cond(letters, 0) for _ in range(2)))
        return Not(self.cond(letters, 0))

    def network(self, equations: int) -> Network:
        """Equations that read one another, one of them a recurrence, and a loss that reads them all."""
        made: list[Equation] = []
        for place in range(equations):
            name, indices = f"q{place}", (Index("n", N), Index("m", M))[: self.r.choice((1, 2, 2))]
            made.append(Equation(name, indices, self.expr(indices, 3)))
            self.shapes[name] = tuple(i.stop for i in indices)
        made += self._recurrence()
        terms = tuple(self._all_of(e) for e in made)
        loss = Equation("loss", (), Add((*terms, Fn("sin", (self.expr((), 2),)))))
        return Network(
            name="random",
            doc="",
            dims=tuple(Dim(name) for name in SIZES),
            inputs=INPUTS,
            equations=(*made, loss),
            outputs=("loss",),
            functions=(("f", 2),),
        )

    def _all_of(self, equation: Equation) -> Expr:
        entry = Read(equation.name, tuple(Poly.of(i) for i in equation.indices))
        return Sum(equation.indices, Fn("sin", (Mul((Num(Fraction(self.r.randrange(1, 8), 4)), entry)),)))

    def _recurrence(self) -> list[Equation]:
        """g[t, k] from h[t - 1, k], h[t, k] from g[t, k]: forwards, or backwards from the end."""
        t, k, back = Index("t", M), Index("k", K), self.r.random() < 0.4
        step = Poly.of(t) + 1 if back else Poly.of(t) - 1
        first = Compare("<", Int(step), Int(M)) if back else Compare("<=", Num(Fraction(0)), Int(step))
        before = Where(first, Read("h", (step, self.poly((k,), K))), Read("s"))
        g = Equation("g", (t, k), Fn("tanh", (Add((before, self.expr((t, k), 2))),)))
        self.shapes["g"] = (M, K)
        h = Equation("h", (t, k), Mul((Read("g", (Poly.of(t), Poly.of(k))), Read("w", (Poly.of(t),)))))
        self.shapes["h"] = (M, K)
        return [h, g] if self.r.random() < 0.5 else [g, h]


__all__ = ["INPUTS", "SIZES", "Maker", "Partial"]
