"""What is wrong with a file, where, and what was expected: (body, line, underlined part, part of the message)."""

import pytest

from symbp.errors import NotationError, ShapeError
from symbp.notation.read import read_network
from symbp.notation.source import read_file
from tests.notation.texts import SIGNATURE, file_text, read

FIRST = 6  # the line of the body's first statement

BODIES = [
    # names
    ("return sum(q)", 0, "q", "`q` is not defined"),
    ("zeta = b\nreturn sum(zet)", 1, "zet", "did you mean `zeta`?"),
    ("z = b\nz = b\nreturn sum(z)", 1, "z", "`z` is defined twice"),
    ("b = x\nreturn sum(b)", 0, "b", "`b` is defined twice"),
    ("z[n] = x[n, 0]\nz[n] = x[n, 1]\nreturn sum(z)", 1, "z", "`z` is defined twice"),
    ("z += b\nreturn sum(z)", 0, "z += b", "assigned once"),
    ("np = b\nreturn sum(np)", 0, "np", "cannot be a name"),
    ("out = b\nreturn sum(out)", 0, "out", "cannot be a name"),
    ("_z = b\nreturn sum(_z)", 0, "_z", "underscore"),
    ("ζ = b\nreturn sum(ζ)", 0, "ζ", "ASCII"),
    ("sum = b\nreturn b[0]", 0, "sum", "cannot be a name"),
    ("N = b\nreturn b[0]", 0, "N", "`N` is a size"),
    ("softmax = softmax(b)\nreturn sum(softmax)", 0, "softmax", "library function"),
    ("softmax = b * 2\nreturn sum(softmax(b))", 0, "softmax", "library function"),
    ("z = net(b)\nreturn sum(z)", 0, "net", "is a network"),
    ("z = b(x)\nreturn sum(z)", 0, "b", "is not a function here"),
    ("z = sigmod(b)\nreturn sum(z)", 0, "sigmod", "did you mean `sigmoid`?"),
    ("z = sigmoid\nreturn sum(b)", 0, "sigmoid", "not defined"),
    ("z = exp\nreturn sum(b)", 0, "exp", "expected a call"),
    # shapes
    ("z = x @ V\nreturn sum(z)", 0, "x @ V", "(N, D) @ (H, K): D columns do not meet H rows"),
    ("z = x @ W + c\nreturn sum(z)", 0, "x @ W + c", "`x @ W` is (N, H), `c` is (K,)"),
    ("z = x + y\nreturn sum(z)", 0, "x + y", "`x` is (N, D), `y` is (N, K)"),
    ("z = max(x, axis=1, keepdims=True) - max(x, axis=1)\nreturn s", 0, None, "(N, 1) and (N,) do not go together"),
    ("z = x - mean(x, axis=1)\nreturn sum(z)", 0, "x - mean(x, axis=1)", "(N, D) and (N,)"),
    ("z = x.T + x\nreturn sum(z)", 0, "x.T + x", "(D, N) and (N, D)"),
    ("z = sum(x, axis=0, keepdims=True) + sum(y, axis=1, keepdims=True)\nreturn sum(z)", 0, None, "(1, D) and (N, 1)"),
    ("z = where(x > 0, y, 0)\nreturn sum(z)", 0, "where(x > 0, y, 0)", "(N, D) and (N, K)"),
    ("z = maximum(x, y)\nreturn sum(z)", 0, "maximum(x, y)", "(N, D) and (N, K)"),
    ("z = max(x, 0, y)\nreturn sum(z)", 0, "max(x, 0, y)", "(N, D) and (N, K)"),
    ("z = max(x, 0, axis=1)\nreturn sum(z)", 0, "axis=1", "over an axis it is max(z, axis=0)"),
    ("z = min(x, b > 0)\nreturn sum(z)", 0, "b > 0", "min takes numbers and arrays"),
    ("z = max(0, *x)\nreturn sum(z)", 0, "*x", "several numbers and arrays"),
    ("z = b.T\nreturn sum(z)", 0, "b.T", "(H,) has not two"),
    ("z = s @ x\nreturn sum(z)", 0, "s @ x", "not scalars"),
    ("z = cross_entropy(x, y)\nreturn z", 0, "cross_entropy(x, y)", "in `cross_entropy`: (N, K) and (N, D)"),
    # indices
    ("z[n] = x[n, 0] * c[n]\nreturn sum(z)", 0, "n", "two sizes: N in dimension 1 of `x`, K in dimension 1 of `c`"),
    ("z[n] = sum(x[n, k] for k in K)\nreturn sum(z)", 0, "k", "index `k` runs over K, but dimension 2 of `x` is D"),
    ("z[n] = sum(x[n, n] for n in N)\nreturn sum(z)", 0, "n", "index `n` is used twice"),
    ("z[n, n] = x[n, n]\nreturn sum(z)", 0, "n", "index `n` is used twice on the left; each dimension needs"),
    ("z[n, n: N] = x[n, 0]\nreturn sum(z)", 0, "n", "index `n` is used twice on the left; each dimension needs"),
    ("z[b] = x[b, 0]\nreturn sum(z)", 0, "b", "`b` is a tensor"),
    ("z[q] = x[q, 0]\nq = s\nreturn sum(z) + q", 0, "q", "name of a tensor"),
    ("z[K] = c[0]\nreturn z", 0, "z[K]", "no loop defines `z`: expected `for t in T:`"),
    ("z[n] = c[n * n]\nreturn z", 0, "n * n", "affine in its indices"),
    ("z[n: 3 * N] = c[n // 2]\nreturn z", 0, "n // 2", "goes from 0 to (3*N + 1)//2 - 1"),
    ("z[n + 1] = x[n, 0]\nreturn z", 0, "n + 1", "the places on the left begin at 0"),
    ("z[2 * n + k] = y[n, k]\nreturn z", 0, "2 * n + k", "are not each filled once: `n` goes to N in steps of 2"),
    ("z[2 * n] = c[n]\nreturn z", 0, "2 * n", "expected a letter in steps of 1"),
    ("z = cat((x, x))\nreturn z", 0, "cat", "the nearest that it has is `concatenate`"),
    ("z = concatenate((s, s))\nreturn z", 0, "concatenate((s, s))", "numbers have no axis to go along; `stack` makes"),
    ("z = matmul(x, W)\nreturn z", 0, "matmul", "write `a @ b`"),
    ("z = viterbi(x, W)\nreturn z", 0, "viterbi", "is no function of the language"),
    ("z[n] = 2\nreturn sum(z)", 0, "n", "state its size"),
    ("z[n, i] = x[n, i - 1] if 1 <= i <= D else 0\nreturn sum(z)", 0, "i", "state its size: `z[i: SIZE]`"),
    ("z[i] = b[i] if i < H else c[i - H]\nreturn sum(z)", 0, "i", "state its size: `z[i: SIZE]`"),
    ("z[i] = b[i] if i < H else c[i]\nreturn sum(z)", 0, "i", "state its size: `z[i: SIZE]`"),
    ("z[n] = x[n]\nreturn sum(z[0, 0, 0])", 1, "z[0, 0, 0]", "`z` is (N, D) and has 3 subscripts"),
    ("z[n, d] = x[n, d - 1]\nreturn sum(z)", 0, "d - 1", "goes from -1 to D - 1"),
    ("z[n] = x[n, D]\nreturn sum(z)", 0, "D", "goes from D to D"),
    ("z[n] = sum(x[n, d + 1] for d in D)\nreturn sum(z)", 0, "d + 1", "goes from 1 to D"),
    ("z[n] = x[n, b]\nreturn sum(z)", 0, "b", "`b` is none of them"),
    ("z[n] = x[n, 0.5]\nreturn sum(z)", 0, "0.5", "sizes, indices and whole numbers"),
    ("z[n] = x[n, q]\nreturn sum(z)", 0, "q", "`q` is not known here"),
    ("z = x[1:3]\nreturn sum(z)", 0, "1:3", "it is not known that these lie in order within 0 and N"),
    ("z[0] = s\nreturn sum(z)", 0, "0", "a start stands before the first entry"),
    ("z[n, :, :] = x[n, :]\nreturn sum(z)", 0, "z[n, :, :]", "the 2 dimensions that `:` leaves"),
    ("z = sum(c[i] for i in 3)\nreturn z", 0, "3", "range(3)"),
    ("z = sum(c[i] for i in b)\nreturn z", 0, "b", "is not a size"),
    ("z = sum(c[i] for i in range(0))\nreturn z", 0, "range(0)", "empty"),
    ("z = sum(c[i] for i, j in K)\nreturn z", 0, "i, j", "one index letter"),
    # calls
    ("z = exp(b, b)\nreturn sum(z)", 0, "exp(b, b)", "exp takes 1 argument"),
    ("z = where(b > 0, b)\nreturn sum(z)", 0, "where(b > 0, b)", "where takes 3 arguments"),
    ("z = sum(x, axis=2)\nreturn z", 0, "2", "expected an axis of (N, D), from -2 to 1"),
    ("z = sum(x, axes=1)\nreturn z", 0, "axes=1", "did you mean `axis`?"),
    ("z = sum(x, keepdims=1)\nreturn z", 0, "1", "True or False"),
    ("z = sigmoid()\nreturn z", 0, "sigmoid()", "needs its argument `x`"),
    ("z = sigmoid(b, b)\nreturn z", 0, "sigmoid(b, b)", "takes 1 arguments by position"),
    ("z = elu(b, beta=1)\nreturn z", 0, "beta=1", "`elu` has x, alpha"),
    ("z = np.exp(b)\nreturn z", 0, "np.exp", "without `np.`"),
    ("z = x.tanh()\nreturn z", 0, "x.tanh", "write tanh(x)"),
    ("z = sum(x, 1, axis=0)\nreturn z", 0, "axis=0", "its axis twice"),
    ("z = x.mean(1, 0)\nreturn z", 0, "1", "its axis twice"),
    ("z = x.softmaxx()\nreturn z", 0, "x.softmaxx", "write softmaxx(x)"),
    ("z = x.shape\nreturn z", 0, "x.shape", ".T"),
    ("m, v = sigmoid(b)\nreturn m", 0, "sigmoid(b)", "returns 1"),
    ("m, v = x, y\nreturn m", 0, "x, y", "one assignment for each name"),
    ("print(b)\nreturn b[0]", 0, "print(b)", "nobody uses"),
    ("z = eval('1')\nreturn z", 0, "eval", "no function of the language"),
    # expressions
    ("z = b > 0\nreturn sum(z)", 0, "z = b > 0", "a condition is not a tensor"),
    ("z = (b > 0) * b\nreturn sum(z)", 0, "b > 0", "not a number here"),
    ("z = b if b > 0 else 0\nreturn sum(z)", 0, "b > 0", "use where"),
    ("z = b if s else 0\nreturn sum(z)", 0, "s", "expected a condition"),
    ("z = b / 0\nreturn sum(z)", 0, "0", "division by zero"),
    ("z = b / (b - b)\nreturn sum(z)", 0, "b - b", "division by zero"),
    ("z = b % 2\nreturn sum(z)", 0, "b", "is made of sizes, indices and whole numbers"),
    ("z = [b, b]\nreturn sum(z)", 0, "[b, b]", "a list"),
    ("z = 'b'\nreturn s", 0, "'b'", "a text"),
    ("z = None\nreturn s", 0, "None", "not None"),
    ("z = 2j * b\nreturn s", 0, "2j", "complex"),
    ("z = b ** 100000\nreturn s", 0, "100000", "exponent"),
    ("z = 9 ** 9999 * b\nreturn s", 0, "9 ** 9999", "too large"),
    ("z = 1e999 * b\nreturn s", 0, "1e999", "too large for a float64"),
    ("z = b * 1e300 * 1e300\nreturn s", 0, "b * 1e300 * 1e300", "too large for a float64"),
    ("z = 1e300 * (b * 1e300)\nreturn s", 0, "z = 1e300 * (b * 1e300)", "too large for a float64"),
    ("z = 10 ** 400 * b\nreturn s", 0, "10 ** 400", "too large for a float64"),
    (f"z = {'9' * 400} * b\nreturn s", 0, "9" * 400, "too large for a float64"),
    (f"z = {'9' * 5000} * b\nreturn s", 0, None, "too large for a float64"),
    # what would take too long to be written out
    ("z[n, i: 9] = max(x[n, i + u] for u in range(1001))\nreturn sum(z)", 0, None, "window of 1001 places"),
    ("return s * sum(i * j for i in range(999999) for j in range(999999))", 0, "999999", "999998000001 entries, too"),
    ("for t in range(1001):\n    z[t] = s\nreturn s", 0, "1001", "1001 entries are too many"),
    ("z = (lambda q: q)(b)\nreturn s", 0, "lambda q: q", "only a function's name"),
    ("z = (q := b)\nreturn s", 0, "q := b", "an assignment inside"),
    # statements
    ("if s > 0:\n    z = b\nreturn s", 0, None, "`if` as a statement"),
    ("for t in N:\n    z = b\nreturn s", 1, "z", "expected `z[t] = ...`"),
    ("z: int = b\nreturn s", 0, None, "an annotation"),
    ("z = q = b\nreturn s", 0, None, "chained"),
    ("import os\nreturn s", 0, "import os", "an import"),
    ("return s\nz = b", 1, "z = b", "must end with `return`"),
    ("return", 0, "return", "must end with `return`"),
    ("return s, s + 1", 0, "s + 1", "name this one first"),
    # facts
    ("assert b > 0\nreturn s", 0, "b > 0", "`b` is a parameter"),
    ("z = x * 2\nassert z > 0\nreturn s", 1, "z > 0", "`z` is computed"),
    ("assert sum(x) > sum(y)\nreturn s", 0, "sum(x) > sum(y)", "this fact cannot be used; expected sums or means"),
    ("assert exp(y[n, k]) == 1\nreturn s", 0, None, "cannot be used"),
    ("assert x[n, d] == 2 * x[n, d]\nreturn s", 0, None, "cannot be used"),
    ("assert x[n, d] == x[n, d]\nreturn s", 0, None, "cannot be used"),
    ("assert x[n, d] == x[n + 1, d]\nreturn s", 0, None, "cannot be used"),
    ("assert x[n, 0] == x[n, 1]\nreturn s", 0, None, "cannot be used"),
    ("assert x[n, k] > y[n, k]\nreturn s", 0, "k", "two sizes"),
    ("assert s\nreturn s", 0, "s", "expected a condition"),
    ("assert s > 0, 'why'\nreturn s", 0, "'why'", "no message"),
    ("assert N < 1 and N > 2\nreturn s", 0, "N < 1", "never so"),
    ("assert 2 * N < N\nreturn s", 0, "2 * N < N", "never so"),
    ("assert N < D and D < N\nreturn s", 0, "N < D", "round in a circle"),
    ("assert N != D\nreturn s", 0, "N != D", "sizes are compared with"),
]  # fmt: skip

FILES = [
    ("", None, None, "no network in this file"),
    ("x = 3\n", None, None, "no network in this file"),
    ("import numpy\n", 1, "import numpy", "from symbp import"),
    ("from os import path\n", 1, "from os import path", "from symbp import"),
    ("from symbp import Tensor\n", 1, "Tensor", "`Tensor` is not in symbp"),
    ("from symbp import Data as D\n", 1, "Data as D", "cannot be renamed"),
    ("print(1)\n", 1, "print(1)", "a statement that a network file cannot have"),
    ("N, D = dims('N')\n", 1, None, "expected N"),
    ("N = dims(3)\n", 1, "dims(3)", "expected one text"),
    ("N = dims('N')\nN = dims('N')\n", 2, "N", "`N` is defined twice"),
    ("M = T - 2\n", 1, "T", "not a size"),
    ("g = function('f')\n", 1, None, "bears its own name"),
    ("def f(x):\n  return x\n", None, None, "no network in this file"),
    ("@other\ndef f(x):\n  return x\n", 1, "other", "the only decorator"),
    ("async def f(x):\n  return x\n", 1, None, "async"),
    ("class A: pass\n", 1, "class A: pass", "cannot have"),
    ("lambda = 3\n", 1, "lambda", "`lambda` is a Python keyword"),
    ("x = = 3\n", 1, "=", "this is not Python"),
    ("x = (1\n", 1, "(", "this is not Python"),
    ("x = 1\n\0\n", 2, "\0", "NUL"),
    ("x = " + "(" * 150 + "1" + ")" * 150, None, None, "no network"),
    ("x = " + "-" * 5000 + "1", None, None, "nested"),
    ("x = " + "+".join(["1"] * 3000), None, None, "nested"),
    ("x = " + "9" * 5000, 1, None, "too large for a float64"),
    ("x = " + "9" * 2000, 1, "9" * 2000, "too large for a float64"),
    ("@network\n@network\ndef f(x):\n  return x\n", 2, "network", "@network is written twice"),
    ("def f(x, *, x):\n  return x\n", 1, "x", "the argument `x` is there twice"),
    ("#" * 1_000_001, None, None, "characters"),
    ("x" * 2_000, 1, None, "cannot have"),
]

SIGNATURES = [
    ("x", "x", "`x` needs Data[...]"),
    ("x: int", "int", "`x` needs Data[...]"),
    ("x: Data[Q]", "Q", "`Q` is not known here"),
    ("x: Data[0]", "0", "at least 1"),
    ("x: Data[-N]", None, None),
    ("x: Data[N / 2]", "N / 2", "+, -, *, // and %"),
    ("x: Data[2.5]", "2.5", "whole numbers"),
    ("x: Param[D, l: D]", "l: D", "comes first"),
    ("x: Data = 3", "3", "no defaults"),
    ("*x: Data", "x: Data", "variable number"),
    ("N: Data", "N: Data", "`N` is a size"),
    ("exp: Data", "exp: Data", "cannot be a name"),
    ("net: Data", "net: Data", "already a function or a network"),
    ("", None, "no arguments"),
    ("x: Labels", "x: Labels", "Labels[N, K]"),
    ("x: Data[N, D], x: Param[D]", "x: Param[D]", "the argument `x` is there twice"),
    ("x: Data[2000000 * N, 900000 * D]", "x: Data[2000000 * N, 900000 * D]", "1800000000000 entries are too many"),
]

FUNCTIONS = [
    ("def f(x):\n    return f(x)\n", "z = f(b)\nreturn sum(z)", "f(x)", "calls itself"),
    ("def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\n", "z = f(b)\nreturn sum(z)", "f(x)", "calls itself"),
    ("def f(x):\n    y = x\n", "z = f(b)\nreturn sum(z)", "y = x", "must end with `return`"),
    ("def f(x):\n    return q\n", "z = f(b)\nreturn sum(z)", "q", "`q` is not defined"),
    ("def f(x: Array[M, M]):\n    return x\n", "z = f(W)\nreturn sum(z)", "f(W)", "(D, H), expected Array[M, M]"),
    ("def f(x: Array[4 * M]):\n    return x\n", "z = f(b)\nreturn sum(z)", "f(b)", "is (H,), expected Array[4 * M]"),
    ("def f(x: Array[M]):\n    return x\n", "z = f(W)\nreturn sum(z)", "f(W)", "expected Array[M]"),
    ("def f(x: Tensor):\n    return x\n", "z = f(W)\nreturn sum(z)", "Tensor", "expected Array"),
    ("def f(*x):\n    return b\n", "z = f(b)\nreturn sum(z)", "f(b)", "variable number"),
    ("def f(x):\n    return x, x\n", "z = f(b)\nreturn sum(z)", "f(b)", "returns 2"),
    ("def f(x):\n    return x, x\n", "z = 1 + f(b)\nreturn sum(z)", "f(b)", "returns 2"),
    ("def f(x):\n    assert x > 0\n    return x\n", "z = f(b)\nreturn sum(z)", "assert x > 0", "not in a function"),
    ("def f(x):\n    x = 2 * x\n    return x\n", "z = f(b)\nreturn sum(z)", "x", "`x` is defined twice"),
    ("def exp(x):\n    return x\n", "return sum(b)", None, "cannot be a name"),
    ('f = function("f")\n', "return f(s) + f(s, s)", "f(s, s)", "had 1 arguments before and has 2"),
    ('f = function("f")\n', "return f.d2(s)", "f.d2(s)", "no partial by argument 2"),
    ('f = function("f")\n', "return f.dx(s)", "f.dx", "f.d1"),
    ('f = function("f")\n', "return f()", "f()", "at least one"),
    ('f = function("f")\n', "f = s\nreturn f", "f", "already a function"),
]  # fmt: skip


# Loops, windows, labels and layers, by their own signatures.
ROWS = "x: Data[N, T], w: Param[T]"
SERIES = "x: Data[T, N], s: Param[N]"
SCALED = "x: Data[T, N], s: Param[N], U: Param[N, N]"
LAYERS = "x: Data[N, D[0]], W: Param[l: L, D[l], D[l + 1]]"
LABELLED = "t: Labels[N, K], z: Param[N, K]"
FOR, FORWARD = "for t in T:\n    ", "h[-1] = s\nfor t in T:\n    "
DOWN = "a[-1] = x\nfor l in L:\n    a[l] = tanh({})\nreturn sum(a[L - 1])"

DEEPER = [
    (ROWS, "y[n, t: T] = x[n, t + 1] * w[t]\nreturn sum(y)", 0, "t + 1", "goes from 1 to T, but dimension 2 of `x`"),
    (ROWS, "y = sum(x[n, 2 * t] for n in N for t in T)\nreturn y", 0, "2 * t", "goes from 0 to 2*T - 2"),
    (ROWS, "y = sum(x[0, t] for t in range(T, 2 * T))\nreturn y", 0, "t", "goes from T to 2*T - 1"),
    (ROWS, "y[n, i] = x[n, 0 * i] * w[i]\nreturn sum(y)", 0, "0", "a stride of zero: every `i`"),
    (ROWS, "y[n, i] = x[n, i - 3] * w[i]\nreturn sum(y)", 0, "i - 3", "goes from -3 to T - 4"),
    (ROWS, "y[n, i: 0] = x[n, i] * w[0]\nreturn sum(y)", 0, "0", "the sizes are too small"),
    (ROWS, "y[n, i: -1] = x[n, i] * w[0]\nreturn sum(y)", 0, "-1", "the sizes are too small"),
    (ROWS, "y[n, i: w] = x[n, i] * w[0]\nreturn sum(y)", 0, "w", "`w` is none of them"),
    (ROWS, "y[n] = x[n, n] * w[0]\nreturn sum(y)", 0, "n", "two sizes: N in dimension 1 of `x`, T in"),
    ("x: Data[N, 3]", "y[i] = sum(x[0, i + u] for u in range(5))\nreturn sum(y)", 0, "y[i]", "the sizes are too small"),
    (SERIES, f"{FORWARD}h[t] = h[t + 1] + x[t]\nreturn sum(h)", 2, "h[t + 1]", "reads the future without an end value"),
    (SERIES, f"{FORWARD}h[t] = h[t - 2] + x[t]\nreturn sum(h)", 2, "h[t - 2]", "`h[-2] = ...` is not given"),
    (SERIES, f"{FOR}h[t] = h[t - 1] + x[t]\nreturn sum(h)", 1, "h[t - 1]", "a recurrence without a start"),
    (SERIES, f"h[T] = s\n{FORWARD}h[t] = h[t - 1] + h[t + 1]\nreturn s", 3, "h[t + 1]", "can run in neither direction"),
    (SERIES, f"{FORWARD}h[t] = c[t] + x[t]\n    c[t] = h[t] * 2\nreturn s", 3, "h[t]", "`h` reads `c` reads `h`"),
    (SERIES, f"h[-1] = s\n{FORWARD}h[t] = h[t - 1]\nreturn s", 1, "h[-1]", "`h[-1]` is given twice"),
    (SERIES, f"h[T] = s\n{FORWARD}h[t] = h[t - 1]\nreturn s", 0, "h[T]", "no read of the loop reaches `h[T]`"),
    (SERIES, "h[-1] = s\nreturn sum(h)", 0, "h[-1]", "a start, but no loop defines `h`"),
    (SERIES, f"h[-1] = s\nq = sum(h)\n{FORWARD}h[t] = x[t]\nreturn q", 1, "h", "no loop before this defines it"),
    (LAYERS, f"a[-1] = x\n{DOWN.format('a[l - 1] @ W[l]')}", 1, "a[-1]", "`a[-1]` is given twice"),
    (SERIES, f"{FOR}h[t] = tanh(x[t] + h[t])\nreturn s", 1, "h[t]", "a circular definition: within one pass"),
    (SERIES, f"{FOR}h[t] = x[t]\n    return sum(h)", 2, "return sum(h)", "expected it at the end of `net`"),
    (SCALED, f"h[-1] = 0\n{FOR}h[t] = h[t - 1] @ U\nreturn s", 2, "h[t - 1] @ U", "`h[t - 1]` is a scalar"),
    (SERIES, "h = tanh(h) + s\nreturn sum(h)", 0, "h", "a circular definition: `h` reads itself"),
    (SERIES, "a = b + s\nb = a + s\nreturn sum(a)", 0, "b", "`b` is read before it is defined"),
    (SERIES, f"{FORWARD}h = h[t - 1] + x[t]\nreturn sum(h)", 2, "h", "expected `h[t] = ...`"),
    (SERIES, f"{FORWARD}h[t] = h[t - 1] + x[t + 1]\nreturn sum(h)", 2, "t + 1", "goes from 1 to T"),
    (SERIES, f"{FORWARD}h[t] = h[t - 1] + x[t]\nreturn sum(h[T])", 3, "T", "goes from T to T"),
    (SERIES, f"{FORWARD}h[t] = h[2 * t] + x[t]\nreturn sum(h)", 2, "h[2 * t]", "a circular definition"),
    (SERIES, f"{FORWARD}h[t] = h[3] + x[t]\nreturn sum(h)", 2, "h[3]", "it is not known that `h[3]` is one of them"),
    (SERIES, f"{FORWARD}h[t] = sum(h[u] for u in T) + x[t]\nreturn sum(h)", 2, "h[u]", "such as `if s < t`"),
    (SERIES, "for t in s:\n    h[t] = x[t]\nreturn sum(h)", 0, "s", "`s` is none of them"),
    (SERIES, "for t in 3:\n    h[t] = x[t]\nreturn sum(h)", 0, "3", "a loop runs over a size"),
    (SERIES, "for t in range(1, T):\n    h[t] = x[t]\nreturn s", 0, "range(1, T)", "a loop runs over a size"),
    (SERIES, "for t in Q:\n    h[t] = x[t]\nreturn sum(h)", 0, "Q", "`Q` is not known here"),
    (SERIES, "for N in T:\n    h[N] = x[N]\nreturn sum(h)", 0, "N", "`N` is a size"),
    ("x: Data[T, N], s: Param[K]", f"{FORWARD}h[t] = h[t - 1] + x[t]\nreturn s", 2, "h[t - 1] + x[t]", "(K,) and (N,)"),
    (SERIES, "h[-1] = s\nfor t in range(3):\n    h[t] = x[t] + h[t - 1]\nreturn s", 2, "t", "`t` runs over 3, but"),
    # conditions that do not keep a read inside
    (ROWS, "y[t: T] = w[t + 1] if t < T else 0\nreturn sum(y)", 0, "t + 1", "it is 9 where T = 9, t = 8"),
    (ROWS, "y[t: T] = w[t - 1] if t > 1 or t == 0 else 0\nreturn sum(y)", 0, "t - 1", "it is -1 where T = 9, t = 0"),
    (ROWS, "y[t: T] = w[t - 1] if t >= 1 else w[t - 2]\nreturn sum(y)", 0, "t - 2", "it is -2 where T = 9, t = 0"),
    (ROWS, "y[t: T] = 0 if t == 0 and w[t - 1] > 0 else w[t]\nreturn sum(y)", 0, "t - 1", "of `w` inside, 0 to T - 1"),
    (ROWS, "return sum(w[t + 1] for t in T if t > 0)", 0, "t + 1", "the condition does not keep this subscript of"),
    (ROWS, "y[t: T] = where(t < T - 1, w[t], w[t + 1])\nreturn sum(y)", 0, "t + 1", "it is 9 where T = 9, t = 8"),
    ("t: Labels[N, K], z: Param[N, T]", "return sum(z[n, t[n]] for n in N)", 0, "z[n, t[n]]", "has labels of K"),
    (LABELLED, "return sum(z[t[n], n] for n in N)", 0, "z[t[n], n]", "but this dimension of `z` is N"),
    (LABELLED, "return sum(z[0, t[k]] for k in K)", 0, "k", "index `k` runs over K, but dimension 1 of `t` is N"),
    (LABELLED, "return sum(z[n, t[n] + 1] for n in N)", 0, "t[n] + 1", "goes from 1 to K"),
    (LABELLED, "return sum(z * t)", 0, "t", "which are subscripts and not numbers: write `p[n, t[n]]`"),
    ("t: Labels[K], z: Param[K]", "return sum(z * t)", 0, "t", "subscripts and not numbers: write `p[t]`"),
    ("t: Labels[K], z: Param[N]", "return z[t]", 0, "z[t]", "`t` has labels of K classes, but this dimension of `z`"),
    ("t: Labels[N, N], z: Param[N]", "return sum(z[t[t[n]]] for n in N)", 0, "t[n]", "labels of labels"),
    (LAYERS, DOWN.format("a[l - 1] @ W[l + 1]"), 2, "a[l - 1] @ W[l + 1]", "D[l] columns do not meet D[l + 1] rows"),
    (LAYERS, DOWN.format("a[l - 1] @ W[l - 1]"), 2, "a[l - 1] @ W[l - 1]", "D[l] columns do not meet D[l - 1] rows"),
    (LAYERS, DOWN.format("a[l - 1] @ W[l].T"), 2, "a[l - 1] @ W[l].T", "D[l] columns do not meet D[l + 1] rows"),
    (LAYERS.replace("D[0]", "D[1]"), DOWN.format("a[l - 1] @ W[l]"), 2, "a[l - 1] @ W[l]", "do not meet D[l] rows"),
    (LAYERS.replace("l: L", "l: T"), DOWN.format("a[l - 1] @ W[l]"), 2, "l", "but dimension 1 of `W` is T"),
    (f"{LAYERS}, b: Param[l: L, D[l]]", DOWN.format("a[l - 1] @ W[l] + b[l]"), 2, None, "(N, D[l + 1]) and (D[l],)"),
    (f"{LAYERS}, y: Data[N, D[0]]", DOWN.format("a[l - 1] @ W[l]") + " - sum(a[0] - y)", 3, "a[0] - y", "(N, D[1])"),
    (LAYERS, "return sum(x @ W)", 0, "W", "`W` is a list of arrays"),
    (LAYERS, "return sum(W[L])", 0, "L", "goes from L to L"),
]  # fmt: skip


def check_error(text, line, part, message):
    """The text is refused with that message, and that part of that line is underlined."""
    with pytest.raises(NotationError) as caught:
        read_network(text, "net.py")
    error = caught.value
    assert message in error.message
    assert "Traceback" not in str(error)
    assert error.path == "net.py"
    if line is None:
        return
    assert error.span is not None
    assert error.span.line == line
    if part is not None:
        assert text.splitlines()[line - 1][error.span.column : error.span.end_column] == part


@pytest.mark.parametrize(("body", "line", "part", "message"), BODIES)
def test_bodies(body, line, part, message):
    check_error(file_text(body), FIRST + line, part, message)


@pytest.mark.parametrize(("signature", "body", "line", "part", "message"), DEEPER)
def test_loops_windows_labels_and_layers(signature, body, line, part, message):
    head = 'from symbp import Data, Labels, Param, dims, network\n\nN, T, K, L, D = dims("N T K L D")\n@network\n'
    lines = "".join(f"    {row}\n" for row in body.split("\n"))
    check_error(f"{head}def net({signature}):\n{lines}", FIRST + line, part, message)


@pytest.mark.parametrize(("text", "line", "part", "message"), FILES)
def test_files(text, line, part, message):
    check_error(text, line, part, message)


@pytest.mark.parametrize(("signature", "part", "message"), SIGNATURES)
def test_signatures(signature, part, message):
    if message is None:
        return
    check_error(file_text("return 1", signature), 5, part, message)


@pytest.mark.parametrize(("before", "body", "part", "message"), FUNCTIONS)
def test_functions(before, body, part, message):
    text = file_text(body, before=before)
    with pytest.raises(NotationError) as caught:
        read_network(text, "net.py")
    error = caught.value
    assert message in error.message
    assert error.span is not None
    if part is not None:
        assert text.splitlines()[error.span.line - 1][error.span.column : error.span.end_column] == part


# The options of a library function, and the sizes of its arguments.
IMAGES = "x: Data[N, 3, 8, 8], w: Param[6, 3, 2, 2], g: Param[K], m: Param[D]"
OPTIONS = [
    ("conv2d(x, w, groups=2)", "groups=2", "`x` of `conv2d` is (N, 3, 8, 8), expected Array[N, groups * C, I, J] with"),
    ("conv2d(x, w, stride=1.5)", "stride=1.5", "expected a whole number or a size here, or a tuple"),
    ("conv2d(x, w, stride=None)", "stride=None", "expected a whole number or a size here, or a tuple"),
    ("conv2d(x, w, stride=(1, 1.5))", "1.5", "expected a whole number or a size here, or a tuple"),
    ("conv2d(x, w, stride=-1)", "stride=-1", "in `conv2d`: a stride of zero or less; expected 1 or more"),
    ("conv2d(x, w, None, 1, -1)", "-1", "in `conv2d`: a negative padding; expected 0 or more"),
    ("max_pool2d(x, 2.5)", "2.5", "expected a whole number or a size here, or a tuple"),
    ("max_pool2d(x, 2, stride=0)", "stride=0", "in `max_pool2d`: a stride of zero or less"),
    ("layer_norm(m, g, m)", "layer_norm(m, g, m)", "D of `layer_norm` is D by `x` and K by `gamma`: `gamma` of"),
]


@pytest.mark.parametrize(("call", "part", "message"), OPTIONS)
def test_options_and_sizes_of_library_functions(call, part, message):
    check_error(file_text(f"return sum({call})", IMAGES), FIRST, part, message)


def test_a_long_line_is_cut_around_the_mark():
    with pytest.raises(NotationError) as caught:
        read("z = " + "s + " * 900 + "q" + " + s" * 900 + "\nreturn s")
    _, line, marks = str(caught.value).splitlines()
    assert line.startswith("    ...s + s + ")
    assert line.endswith(" + s + ...")
    assert len(line) < 200
    assert line[marks.index("^") : len(marks)] == "q"


def test_the_message_quotes_and_underlines():
    with pytest.raises(ShapeError) as caught:
        read("z = x @ V\nreturn sum(z)")
    assert str(caught.value) == (
        "net.py:6: (N, D) @ (H, K): D columns do not meet H rows: `x` is (N, D), `V` is (H, K)\n"
        "        z = x @ V\n"
        "            ^^^^^"
    )


def test_columns_count_characters_not_bytes():
    check_error(file_text('assert s > 0, "éé"\nreturn s'), FIRST, '"éé"', "no message")


def test_a_size_that_no_input_has():
    """Whoever calls says it: of D and H in D + H the first."""
    one = read_network(file_text("return sum(x[n, d] for n in N for d in D) * K", "x: Data[N, D]"))
    two = read_network(file_text("return sum(x) + sum(y)", "x: Data[D + H], y: Param[2 * D + 2 * H]"))
    assert [str(d) for d in one.given] == ["K"]
    assert [str(d) for d in two.given] == ["D"]


def test_a_cotangent_needs_its_name():
    check_error(file_text("cotangent = b\nreturn cotangent"), 7, None, "that name is taken")


def test_calls_that_multiply_are_bounded():
    doubling = "".join(f"def f{i}(x):\n    return f{i - 1}(x) + f{i - 1}(x + 1)\n" for i in range(1, 40))
    text = file_text("return f39(s)", before=f"def f0(x):\n    return exp(x)\n{doubling}")
    with pytest.raises(NotationError, match="when"):
        read_network(text)


def test_a_long_sum_is_no_depth():
    read("return " + " + ".join(["s"] * 2000))


@pytest.mark.parametrize("nest", ["exp(", "-(", "maximum(s, ", "sigmoid(", "1 / (1 + ", "swish("])
def test_deep_nesting_is_refused(nest):
    read("return " + nest * 20 + "s" + ")" * 20)
    with pytest.raises(NotationError, match=r"nested|Python"):
        read("return " + nest * 180 + "s" + ")" * 180)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(NotationError, match="cannot be read"):
        read_file(tmp_path / "none.py")
    with pytest.raises(NotationError, match="cannot be read"):
        read_file(tmp_path)
    (tmp_path / "latin.py").write_bytes(b"# \n# \xe9\n")
    with pytest.raises(NotationError, match="line 2 is not UTF-8"):
        read_file(tmp_path / "latin.py")


def test_windows_lines_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "net.py"
    path.write_bytes(b"\xef\xbb\xbf" + file_text("return s").replace("\n", "\r\n").encode())
    assert read_network(read_file(path)).outputs == ("L",)


def test_a_name_that_is_not_there():
    with pytest.raises(NotationError, match="no network `nets` in this file; it has net; did you mean `net`"):
        read_network(file_text("return s", SIGNATURE), name="nets")
