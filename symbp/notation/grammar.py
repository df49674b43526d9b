"""What is no call: files, statements, expressions, a row of the vocabulary each; and what such a row is.

A row says how a word is written, what it is, and has an example.
"""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True, slots=True)
class Word:
    """How a word is written, what it is and an example: an expression, statements with an expression last, or a file.

    `name` is what stands in a text. Of the library's functions `form` and `line` are in their own file.
    """

    name: str
    example: str
    form: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Words that belong together, and what holds for all of them; no tensor may bear those that are reserved."""

    title: str
    words: tuple[Word, ...]
    text: str = ""
    reserved: tuple[str, ...] = ()


def rows(*given: tuple[str, str, str], named: bool = False) -> tuple[Word, ...]:
    """Words by how they are written, what they are and an example; `named` by what stands before the parenthesis."""
    return tuple(
        Word(form.partition("(")[0] if named else form, dedent(example).strip(), form, line)
        for form, line, example in given
    )


FILES = Section(
    "A file",
    rows(
        (
            "Data, Param, Labels, dims, network",
            "Inputs with their shapes: `Data` is given, by `Param` the loss is differentiated, `Labels[N, K]` are N "
            "whole numbers from 0 to K - 1, for subscripts. `Data` without sizes is a number. `dims` declares sizes.",
            """
            from symbp import Data, Labels, Param, dims, network

            N, D, K = dims("N D K")


            @network
            def softmax_regression(x: Data[N, D], t: Labels[N, K], W: Param[D, K], rate: Data):
                z = x @ W
                return cross_entropy(z, t) + rate * sum(W**2)
            """,
        ),
        (
            "def, Array",
            "A function of your own, written out where it is called. Sizes in its annotations are those of the call; "
            "options have defaults; it may return several arrays, as a tuple.",
            """
            from symbp import Array, Param, dims, network

            N, D = dims("N D")


            def centred(a: Array[..., D], scale=1):
                mu[...] = sum(a[..., d] for d in D) / D
                c[..., d] = scale * (a[..., d] - mu[...])
                return c, mu


            @network
            def net(x: Param[N, D]):
                c, mu = centred(x, scale=2)
                return sum(c**2) + sum(mu**2)
            """,
        ),
        (
            "function",
            "An unknown function of numbers, which stays `f`; its derivatives are `f.d1(u, v)`, `f.d2(u, v)`, "
            "`f.d12(u, v)`.",
            """
            from symbp import Param, dims, function, network

            N = dims("N")
            f = function("f")


            @network
            def net(x: Param[N]):
                return sum(f(x) * f.d1(x))
            """,
        ),
        (
            "Param[l: L, D[l], D[l + 1]]",
            "A list of arrays, one for each l, of shapes that may differ.",
            """
            from symbp import Param, dims, network

            L, D = dims("L D")


            @network
            def net(x: Param[D[0]], W: Param[l: L, D[l], D[l + 1]]):
                a[-1] = x
                for l in L:
                    a[l] = tanh(a[l - 1] @ W[l])
                return sum(a[L - 1])
            """,
        ),
        (
            "M = T - 2",
            "A size named by a formula of others. One that no shape gives is an integer keyword of the module.",
            """
            from symbp import Param, dims, network

            T, A, E = dims("T A E")
            M = A * E


            @network
            def net(x: Param[T, M]):
                return sum(reshape(x, T, A, E)[:, 0])
            """,
        ),
    ),
    "A file is read and never run. At its top are a docstring, imports from symbp, sizes, functions and networks.",
    ("Data", "Param", "Labels", "Array", "dims", "function", "network"),
)

STATEMENTS = Section(
    "Statements",
    rows(
        ("z = ...", "A tensor gets its name, once.", "r = x @ W + b\ntanh(r)"),
        (
            "a, b = f(...)",
            "Several, from a function that returns as many.",
            "h, c = lstm_cell(x, h0, cell, W4, U4, b4)\nh + c",
        ),
        (
            "z[n, h] = ...",
            "An entry by its indices, each of which goes from 0 as far as every read stays inside.",
            "r[n, h] = sum(x[n, d] * W[d, h] for d in D) + b[h]\nr",
        ),
        ("z[n, h: H] = ...", "An index that states its size.", "r[n, d: D + 1] = x[n, d - 1] if d >= 1 else 0\nr"),
        (
            "z[2 * i + j] = ...",
            "Places of which the indices take each once.",
            "m = stack((u, v), axis=1)\nr[2 * d + i] = m[d, i]\nr",
        ),
        (
            "for t in T:",
            "A recurrence, forward where it reads t - 1, backward where t + 1; also `range(K)`.",
            """
            h[-1] = h0
            for t in T:
                h[t] = tanh(seq[:, t] @ W + h[t - 1] @ U)
            h[T - 1]
            """,
        ),
        (
            "h[-1] = ...",
            "What a loop starts from; `h[T] = ...` where it goes backward.",
            """
            h[T] = 0
            for t in T:
                h[t] = sum(seq[:, t]) + s * h[t + 1]
            h[0]
            """,
        ),
        (
            "h[r]",
            "In a loop any state before this one.",
            """
            for t in T:
                h[t] = sum(seq[:, t]) + sum(s * h[r] for r in T if r < t)
            h
            """,
        ),
        (
            "assert ...",
            "What is so of the data or the sizes: used where it helps, and checked by the module.",
            "assert sum(q[n, j] for j in K) == 1\nsum(q * log_softmax(z), axis=1)",
        ),
    ),
    "There is no `if` and no `while`: a choice is an expression, and what is repeated a loop. The last statement is "
    "`return`: the loss; several named tensors; or a tensor, which is multiplied by a `cotangent`, one more argument "
    "of the module.",
)

EXPRESSIONS = Section(
    "Expressions",
    rows(
        (
            "+ - * / **",
            "Entry by entry. A number goes with anything; an array with one that has its dimensions last, or "
            "that kept a dimension of size 1.",
            "(x + u) * s / 2 - x**2",
        ),
        (
            "@",
            "The matrix product of the last two dimensions, those before them matched; vectors as in NumPy.",
            "x @ W",
        ),
        (".T", "The last two dimensions exchanged.", "x.T @ x"),
        (
            "x[n, d]",
            "An entry. With fewer subscripts an array of the other dimensions; -1 is the last.",
            "x[0] * x[-1]",
        ),
        (
            "x[:, 1:-1]",
            "Parts of dimensions, also `x[::2]`, `x[::-1]`, and `x[:, None]` with one more dimension.",
            "x[:, 1:] - x[:, :-1]",
        ),
        (
            "z[n, label[n]]",
            "The entry that a label names; `E[label]` a row for each label.",
            "sum(z[n, label[n]] for n in N)",
        ),
        ("x[i // 2, j % 2]", "`//` and `%` of indices and sizes.", "r[i: 2 * D] = u[i // 2]\nr"),
        (
            "a if c else b",
            "A choice by one condition; one that is not taken need have no value.",
            "r[n, d] = log(x[n, d]) if x[n, d] > 1 else 0\nr",
        ),
        ("< <= == != and or not", "Conditions; also `1 <= t <= T` and `k in (0, 1)`.", "where(x > 0, x, 0)"),
        (
            "sum(... for d in D if ...)",
            "Sums, means and extremes over indices; also `for i in range(1, T)`.",
            "sum(x[n, d] * x[n, i] for n in N for d in D for i in D if i <= d)",
        ),
        ("pi", "The number.", "sin(pi * x)"),
    ),
    reserved=("pi",),
)
