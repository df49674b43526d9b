"""What a text says, as equations in index notation."""

import pytest

from symbp.core.check import check_network
from symbp.notation.read import list_networks, read_network
from symbp.notation.text import write_expr
from tests.notation.texts import equations, file_text, read

ARRAYS = [
    ("z = x @ W + b", "z[n, h] = sum(x[n, d] * W[d, h] for d in D) + b[h]"),
    ("z = A @ A", "z[d, f] = sum(A[d, g] * A[g, f] for g in D)"),
    ("z = x.T", "z[d, n] = x[n, d]"),
    ("z = x.T @ x", "z[d, f] = sum(x[n, d] * x[n, f] for n in N)"),
    ("z = b @ V", "z[k] = sum(b[h] * V[h, k] for h in H)"),
    ("z = x @ x[0]", "z[n] = sum(x[n, d] * x[0, d] for d in D)"),
    ("z = b @ b", "z = sum(b[h] ** 2 for h in H)"),
    ("z = sum(x)", "z = sum(x[n, d] for n in N for d in D)"),
    ("z = sum(x, axis=0)", "z[d] = sum(x[n, d] for n in N)"),
    ("z = mean(x, axis=-1)", "z[n] = sum(x[n, d] for d in D) / D"),
    ("z = mean(x)", "z = sum(x[n, d] for n in N for d in D) / N / D"),
    ("z = max(x, axis=1, keepdims=True)", "z[n, i: 1] = max(x[n, d] for d in D)"),
    ("z = max(x, 0)", "z[n, d] = x[n, d] if x[n, d] >= 0 else 0"),
    ("z = min(0, x)", "z[n, d] = 0 if 0 <= x[n, d] else x[n, d]"),
    ("z = max(2, 3, 1) * x", "z[n, d] = 3 * x[n, d]"),
    ("z = x - max(x, axis=1, keepdims=True)", "z[n, d] = x[n, d] - max(x[n, f] for f in D)"),
    ("z = min(x)", "z = min(x[n, d] for n in N for d in D)"),
    ("z = abs(b) ** 3 / 2", "z[h] = abs(b[h]) ** 3 / 2"),
    ("z = sqrt(b) * log1p(b)", "z[h] = sqrt(b[h]) * log1p(b[h])"),
    ("z = b ** s", "z[h] = b[h] ** s"),
    ("z = -b / N * pi", "z[h] = -b[h] / N * pi"),
    ("z = where(b > 0, b, 0.1 * b)", "z[h] = b[h] if b[h] > 0 else 0.1 * b[h]"),
    ("z = maximum(b, 0)", "z[h] = b[h] if b[h] > 0 else 0"),
    ("z = minimum(b, s)", "z[h] = b[h] if b[h] < s else s"),
    ("z = b / s / 2 - 1e-7", "z[h] = b[h] / s / 2 - 1e-7"),
    ("z = 2 * N * b", "z[h] = 2 * N * b[h]"),
    ("z = 1 / (N * D) * b", "z[h] = 1 / N / D * b[h]"),
    ("z = (b > 0 and b < 1) if False else b", "z[h] = b[h]"),
]

INDICES = [
    ("z[n, h] = sum(x[n, d] * W[d, h] for d in D) + b[h]", "z[n, h] = sum(x[n, d] * W[d, h] for d in D) + b[h]"),
    ("z[n] = x[n] @ W @ b", "z[n] = sum(sum(x[n, d] * W[d, h] for d in D) * b[h] for h in H)"),
    ("z[n] = tanh(x[n] @ W)", "z[n, h] = tanh(sum(x[n, d] * W[d, h] for d in D))"),
    ("z[n, :] = x[n, :] * s", "z[n, d] = x[n, d] * s"),
    ("z[n] = sum(x[n, d] for d in D if d > 0)", "z[n] = sum(x[n, d] for d in D if d > 0)"),
    ("z[n] = max(x[n, d] for d in D if d != n)", "z[n] = max(x[n, d] for d in D if d != n)"),
    ("z[n] = mean(x[n, d] for d in range(2))", "z[n] = sum(x[n, d] for d in range(2)) / 2"),
    ("z[n: N, h: H] = b[h] * n", "z[n: N, h] = b[h] * n"),
    ("z[i: D, j: D] = 1 if i == j else A[i, j]", "z[i, j] = 1 if i == j else A[i, j]"),
    ("z[i: D, j: D] = 1 if i == j else 0", "z[i: D, j: D] = 1 if i == j else 0"),
    ("z[i] = sum(A[i, j] for j in range(i + 1))", "z[i] = sum(A[i, j] for j in range(i + 1))"),
    ("z[i] = sum(A[i, j] for j in range(1, D))", "z[i] = sum(A[i, j] for j in range(1, D))"),
    ("z[n, i] = x[n, i] + x[n, i + 1]", "z[n, i] = x[n, i] + x[n, i + 1]"),
    ("z[n, i: D + 2] = x[n, i - 1] if 1 <= i <= D else 0", None),
    ("z[n, h] = b[h] if x[n, 0] > 0 else 0", "z[n, h] = b[h] if x[n, 0] > 0 else 0"),
    ("z = sum(x[n] for n in N) + A[0]", "z[d] = sum(x[n, d] for n in N) + A[0, d]"),
    ("z = sum(x[n, d] * y[n, k] for n in N for d in D for k in K)", None),
    ("z[n] = x[n, D - 1]", "z[n] = x[n, D - 1]"),
    ("z[i, j] = A[i, j] if j <= i else 0", "z[i, j] = A[i, j] if j <= i else 0"),
    ("z[d] = A[d, d] if d >= 1 else 0", None),
]
"""None: the text itself is expected."""


@pytest.mark.parametrize(("text", "expected"), [*ARRAYS, *INDICES])
def test_one_statement(text, expected):
    network = read(f"{text}\nreturn sum(b) + s")
    check_network(network)
    if expected is None:
        expected = text
    assert equations(network)[0] == expected


def test_letters_are_those_of_the_sizes_and_their_neighbours():
    network = read("p = softmax(x @ A @ W)\nreturn sum(p)")
    assert equations(network)[:2] == [
        "p_in[n, h] = sum(sum(x[n, f] * A[f, d] for f in D) * W[d, h] for d in D)",
        "p[n, h] = exp(p_in[n, h]) / sum(exp(p_in[n, g]) for g in H)",
    ]


CALLS = [
    (
        "p = sigmoid(x @ W + b)\nreturn sum(p)",
        ["p_in[n, h] = sum(x[n, d] * W[d, h] for d in D) + b[h]", "p[n, h] = 1 / (1 + exp(-p_in[n, h]))"],
    ),
    (
        "p = swish(b)\nreturn sum(p)",
        ["p_sigmoid[h] = 1 / (1 + exp(-b[h]))", "p[h] = b[h] * p_sigmoid[h]"],
    ),
    (
        "r = sigmoid(b) @ W.T\nreturn sum(r)",
        ["r_sigmoid[h] = 1 / (1 + exp(-b[h]))", "r[d] = sum(r_sigmoid[h] * W[d, h] for h in H)"],
    ),
    (
        "p[n] = 2 * sigmoid(sum(x[n, d] for d in D))\nreturn sum(p)",
        [
            "p_in[n] = sum(x[n, d] for d in D)",
            "p_sigmoid[n] = 1 / (1 + exp(-p_in[n]))",
            "p[n] = 2 * p_sigmoid[n]",
        ],
    ),
    ("p[h] = relu(b[h])\nreturn sum(p)", ["p[h] = b[h] if b[h] > 0 else 0"]),
    ("p[h] = sigmoid(b[h]) if b[h] > 0 else 0\nreturn sum(p)", ["p[h] = 1 / (1 + exp(-b[h])) if b[h] > 0 else 0"]),
    ("p = 3 * half(b)\nreturn sum(p)", ["p[h] = 3 * b[h] / 2"]),
    ("p = half(b, part=3)\nreturn sum(p)", ["p[h] = b[h] / 3"]),
    ("m, v = moments(x)\nreturn sum(m * v)", ["m[n] = sum(x[n, d] for d in D) / D", None]),
    (
        "g = gram(W)\nreturn sum(g)",
        ["g[i, j] = sum(W[a, i] * W[a, j] for a in D) / D"],
    ),
    ("e = first(x)\nreturn sum(e)", ["e[n] = x[n, 0] * D"]),
]

FUNCTIONS = """
def half(x, part=2):
    return x / part

def moments(x: Array[..., M]):
    m = mean(x, axis=-1)
    v[...] = sum((x[..., i] - m[...]) ** 2 for i in M) / M
    return m, v

def gram(w: Array[A, B]):
    out_[i, j] = sum(w[a, i] * w[a, j] for a in A) / A
    return out_

def first(x: Array[..., M]):
    y[...] = x[..., 0] * M
    return y
"""


@pytest.mark.parametrize(("body", "expected"), CALLS)
def test_functions_are_inlined(body, expected):
    network = read(body, before=FUNCTIONS)
    check_network(network)
    found = equations(network)[: len(expected)]
    assert [f for f, e in zip(found, expected, strict=True) if e] == [e for e in expected if e]


def test_an_equation_remembers_that_it_was_one_call():
    network = read("a = sigmoid(b)\np = softmax(x @ A)\nq = swish(b)\nreturn sum(a) + sum(p) + sum(q)")
    calls = {e.name: e.call and (e.call.function, *map(write_expr, e.call.args)) for e in network.equations}
    assert calls == {
        "a": ("sigmoid", "b[h]"),
        "p_in": None,
        "p": ("softmax", "p_in[n, d]"),
        "q_sigmoid": ("sigmoid", "b[h]"),
        "q": None,
        "L": None,
    }


def test_a_long_argument_is_not_copied():
    body = "p = f(f(f(f(f(f(f(f(s * 2 + 1))))))))\nreturn p + sum(b)"
    network = read(body, before="def f(x):\n    return x * x + x * exp(x) + x\n\n")
    assert max(len(text) for text in equations(network)) < 100


RETURNS = [
    ("return sum(b)", ("L",), None),
    ("z = sum(b)\nreturn z", ("z",), None),
    ("return W", ("L",), "L = sum(cotangent[d, h] * W[d, h] for d in D for h in H)"),
    ("return 2 * b", ("L",), "L = sum(cotangent[h] * output[h] for h in H)"),
    ("z = b * 2\nreturn z", ("L",), "L = sum(cotangent[h] * z[h] for h in H)"),
    ("z = b * 2\nq = sum(z)\nreturn z, q", ("z", "q"), None),
    ("z = b * 2\nreturn (z,)", ("z",), None),
    ("L = b * 2\nreturn sum(L)", ("loss",), None),
    ("return s", ("L",), "L = s"),
]


@pytest.mark.parametrize(("body", "outputs", "last"), RETURNS)
def test_returns(body, outputs, last):
    network = read(body)
    assert network.outputs == outputs
    assert last is None or equations(network)[-1] == last
    assert (network.inputs[-1].name == "cotangent") == (last is not None and "cotangent" in last)


FACTS = [
    ("assert sum(y[n, k] for k in K) == 1", "sum(y[n, k] for k in K) == 1"),
    ("assert sum(y, axis=-1) == 1", "sum(y[n, k] for k in K) == 1"),
    ("assert mean(x[n, d] for n in N) == 0", "sum(x[n, d] for n in N) / N == 0"),
    ("assert 0 <= y[n, k] <= 1", "0 <= y[n, k] <= 1"),
    ("assert x > 0", "x[n, d] > 0"),
    ("assert y[n, k] == 0 or y[n, k] == 1", "y[n, k] == 0 or y[n, k] == 1"),
    ("assert y in (0, 1)", "y[n, k] == 0 or y[n, k] == 1"),
    ("assert A[i, j] == A[j, i]", "A[i, j] == A[j, i]"),
    ("assert A == A.T", "A[d, f] == A[f, d]"),
    ("assert sum(x[n, d] ** 2 for d in D) == D", "sum(x[n, d] ** 2 for d in D) == D"),
]


@pytest.mark.parametrize(("text", "expected"), FACTS)
def test_facts(text, expected):
    network = read(f"{text}\n{text}\nreturn sum(b)")
    check_network(network)
    assert [(f.label, write_expr(f.statement)) for f in network.facts] == [("F1", expected)] + [("F2", expected)]


def test_unknown_functions_and_their_partials():
    network = read(
        "return f(s, c[0]) * f.d1(s, s) + f.d12(s, s) * g(s)", before='f = function("f")\ng = function("g")\n'
    )
    assert equations(network) == ["L = f(s, c[0]) * f.d1(s, s) + f.d12(s, s) * g(s)"]
    assert network.functions == (("f", 2), ("g", 1))


def test_literal_sizes_have_the_letters_i_j():
    network = read("z = x @ W\nreturn sum(z)", "x: Data[3, 2], W: Param[2, 4]")
    assert equations(network) == [
        "z[i, j] = sum(x[i, k] * W[k, j] for k in range(2))",
        "L = sum(z[i, j] for i in range(3) for j in range(4))",
    ]


def test_sizes_by_formulas():
    network = read("z = x @ W\nreturn sum(z)", "x: Data[M], W: Param[M, 4 * H]", before="M = N - 2\n")
    assert [str(p) for t in network.inputs for p in t.shape] == ["N - 2", "N - 2", "4*H"]
    assert [d.name for d in network.dims] == ["N", "H"]


def test_names_are_kept_in_order_of_the_file():
    text = file_text("return sum(b)") + "\n\n@network\ndef other(x: Data, w: Param):\n    return x * w\n"
    assert list_networks(text) == ("net", "other")
    assert read_network(text).name == "other"
    assert read_network(text, name="net").name == "net"


KEPT_INSIDE = [
    "z[n: N] = s * x[n + 1, 0] if n + 1 < N else 0",
    "z[n: N] = 0 if n == 0 or x[n - 1, 0] > 0 else x[n - 1, 1]",
    "z[n: N] = x[n, 0] if n == N - 1 else x[n + 1, 0] if x[n + 1, 1] > 0 else 0",
    "z[n: N] = sum(x[n + 1, d - 2] for d in D if d >= 2 and n < N - 1)",
    "z[n: N] = where(n < 2, x[n, 0], 0) + where(1 <= n < N, x[n - 1, 0], 0)",
    "z[n: N, i: D + 4] = x[n, i - 2] if 2 <= i < D + 2 else 0",
]


@pytest.mark.parametrize("body", KEPT_INSIDE)
def test_conditions_that_keep_reads_inside(body):
    assert [e.name for e in read(f"{body}\nreturn sum(z)").equations] == ["z", "L"]
