"""Loops over time and over layers: what they say, and what is wrong with those that say nothing."""

import pytest

from symbp.core.check import check_network
from symbp.errors import NotationError
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from tests.notation.texts import equations, file_text, read

TIME = "x: Data[N, D], h0: Data[D], W: Param[D, D], s: Data"
DEEP = "x: Data[N, D], W: Param[l: K, D, D], h0: Data[K, D]"
WIDE = "x: Data[N, D[0]], y: Data[N, D[K]], W: Param[l: K, D[l], D[l + 1]], b: Param[l: K, D[l + 1]]"

LOOPS = [
    (
        TIME,
        "h[-1] = h0\nfor n in N:\n    h[n] = tanh(x[n] + h[n - 1] @ W)\nreturn sum(h[N - 1])",
        [
            "h[n, d] = tanh(x[n, d] + sum((h[n - 1, c] if 1 <= n else h0[c]) * W[c, d] for c in D))",
            "L = sum(h[N - 1, d] for d in D)",
        ],
    ),
    (
        TIME,
        "h[-1] = exp(h0)\nfor n in N:\n    h[n] = x[n] + h[n - 1]\nreturn sum(h)",
        ["h_start[d] = exp(h0[d])", "h[n, d] = x[n, d] + (h[n - 1, d] if 1 <= n else h_start[d])"],
    ),
    (
        TIME,
        "h[N, d: D] = 0\nfor n in N:\n    h[n, d] = x[n, d] * h[n + 1, d]\nreturn sum(h)",
        ["h[n, d] = x[n, d] * (h[n + 1, d] if n + 1 < N else 0)"],
    ),
    (
        TIME,
        "a[-1] = s\na[-2] = 2 * s\nfor n in N:\n    a[n] = a[n - 1] + a[n - 2] * x[n, 0]\nreturn sum(a)",
        [
            "a_start[] = 2 * s",
            "a[n] = (a[n - 1] if 1 <= n else s) + ((a[n - 2] if 2 <= n else s) if 1 <= n else a_start) * x[n, 0]",
        ],
    ),
    (
        TIME,
        "for n in N:\n    g[n, d] = 2 * z[n, d]\n    z[n, d] = x[n, d] + (g[n - 1, d] if 1 <= n else 0)\nreturn sum(z)",
        ["g[n, d] = 2 * z[n, d]", "z[n, d] = x[n, d] + (g[n - 1, d] if 1 <= n else 0)"],
    ),
    (
        TIME,
        "for n in N:\n    z[n] = softmax(x[n])\nreturn sum(z)",
        ["z[n, d] = exp(x[n, d]) / sum(exp(x[n, c]) for c in D)"],
    ),
    (
        DEEP,
        "h[-1] = x\nfor l in K:\n    h[l, -1] = h0[l]\n    for n in N:\n"
        "        h[l, n] = h[l - 1, n] @ W[l] + h[l, n - 1]\nreturn sum(h[K - 1])",
        [
            "h[l, n, d] = sum((h[l - 1, n, c] if 1 <= l else x[n, c]) * W[l, c, d] for c in D)"
            " + (h[l, n - 1, d] if 1 <= n else h0[l, d])"
        ],
    ),
    (
        DEEP,
        "h[-1] = h0\nfor n in N:\n    h[n, -1] = x[n]\n    for l in K:\n"
        "        h[n, l] = h[n, l - 1] @ W[l] + h[n - 1, l]\nreturn sum(h[N - 1])",
        [
            "h[n, l, d] = sum((h[n, l - 1, c] if 1 <= l else x[n, c]) * W[l, c, d] for c in D)"
            " + (h[n - 1, l, d] if 1 <= n else h0[l, d])"
        ],
    ),
    (
        WIDE,
        "a[-1] = x\nfor l in K:\n    z[l] = a[l - 1] @ W[l] + b[l]\n    a[l] = tanh(z[l])\n"
        "return sum((a[K - 1] - y) ** 2)",
        [
            "z[l, n, d] = sum((a[l - 1, n, c] if 1 <= l else x[n, c]) * W[l, c, d] for c in D[l]) + b[l, d]",
            "a[l, n, d] = tanh(z[l, n, d])",
            "L = sum((a[K - 1, n, d] - y[n, d]) ** 2 for n in N for d in D[K])",
        ],
    ),
    (
        TIME,
        "h[-1] = 0\nfor n in N:\n    h[n] = tanh(x[n] + h[n - 1] @ W)\nreturn sum(h)",
        ["h[n, d] = tanh(x[n, d] + sum((h[n - 1, c] if 1 <= n else 0) * W[c, d] for c in D))"],
    ),
    (
        TIME,
        "h[-1] = 0\nfor n in N:\n    h[n] = x[n] + sum(h[m] for m in range(n)) + h[n - 1]\nreturn sum(h)",
        ["h[n, d] = x[n, d] + sum(h[m, d] for m in range(n)) + (h[n - 1, d] if 1 <= n else 0)"],
    ),
    (
        TIME,
        "a[-1] = s\nfor n in N:\n    a[n] = x[n, 0] + sum(a[m - 1] for m in N if m <= n)\nreturn sum(a)",
        ["a[n] = x[n, 0] + sum(a[m - 1] if 1 <= m else s for m in N if m <= n)"],
    ),
    (
        TIME,
        "for n in N:\n    a[n] = x[n, 0] - sum(a[m] for m in N if m > n)\nreturn sum(a)",
        ["a[n] = x[n, 0] - sum(a[m] for m in N if m > n)"],
    ),
    (
        WIDE,
        "return sum(sum(W[l] ** 2) for l in K)",
        ["L = sum(W[l, d, c] ** 2 for l in K for d in D[l] for c in D[l + 1])"],
    ),
]


@pytest.mark.parametrize(("signature", "body", "expected"), LOOPS)
def test_loops(signature, body, expected):
    network = read(body, signature)
    check_network(network)
    expected = [e.replace("[] =", " =") for e in expected]
    assert equations(network)[: len(expected)] == expected
    assert read_network(write_network(network)) == network


ERRORS = [
    (
        "h[n] = x[n] + h[n - 1]",
        "h[n - 1]",
        "a recurrence without a start: `h[n - 1]` is read, and `h[-1] = ...` is not given",
    ),
    (
        "h[n] = x[n] + h[n + 1]",
        "h[n + 1]",
        "reads the future without an end value: `h[n + 1]` is read, and `h[N] = ...`",
    ),
    ("h[n] = x[n] * h[n]", "h[n]", "a circular definition: within one pass of the loop `h` reads `h`"),
    ("h[n] = x[n] + g[n]\n    g[n] = 2 * h[n]", "h[n]", "`h` reads `g` reads `h`"),
    ("h[n] = h[2 * n]", "h[2 * n]", "a circular definition"),
    ("h[n] = h[3]", "h[3]", "within its loop"),
    ("h = x[n]", "h", "expected `h[n] = ...`"),
    ("h[n] = x[n + 1]", "n + 1", "goes from 1 to N, but dimension 1 of `x` goes from 0 to N - 1"),
    ("k[n] = x[n]\n    h[n] = k * 2", "k", "is what a loop defines"),
    ("for n in D:\n        h[n, n] = s", "n", "used twice"),
    ("h[n] = x[n]\n    h[n] = x[n]", "h", "defined twice"),
]


@pytest.mark.parametrize(("body", "part", "message"), ERRORS)
def test_what_is_wrong_with_a_loop(body, part, message):
    check_error(f"for n in N:\n    {body}\nreturn s", part, message)


STARTS = [
    ("a = a + s\nreturn a", "a circular definition: `a` reads itself"),
    ("a[n] = x[n, 0] + a[n - 1]\nreturn sum(a)", "a circular definition: `a` reads itself"),
    ("a = 2 * b\nb = 2 * a\nreturn b", "`b` is read before it is defined"),
    (
        "h[-1] = h0\nh[N] = h0\nfor n in N:\n    h[n] = h[n - 1] + h[n + 1]\nreturn sum(h)",
        "can run in neither direction",
    ),
    ("h[3] = h0\nreturn s", "a start stands before the first entry"),
    ("h[-1] = h0\nreturn sum(h)", "a start, but no loop defines `h`"),
    ("h[D] = h0\nfor n in N:\n    h[n] = x[n]\nreturn sum(h)", "after the last, at N"),
    ("for n in 3:\n    h[n] = x[n]\nreturn s", "a loop runs over a size"),
    ("h[-1] = 0\nfor n in N:\n    h[n] = h[n - 1] @ W\nreturn s", "multiplies matrices and vectors, not scalars"),
]


@pytest.mark.parametrize(("body", "message"), STARTS)
def test_what_is_wrong_with_a_start(body, message):
    check_error(body, None, message)


def check_error(body, part, message):
    """The text is refused with that message, that part underlined."""
    text = file_text(body, TIME)
    with pytest.raises(NotationError) as caught:
        read_network(text, "net.py")
    error = caught.value
    assert message in error.message, error.message
    assert "%" not in error.message
    assert error.span is not None
    if part is not None:
        assert text.splitlines()[error.span.line - 1][error.span.column : error.span.end_column] == part


def test_a_list_is_read_layer_by_layer():
    text = file_text("return sum(W)", WIDE)
    with pytest.raises(NotationError, match="a list of arrays, one for each layer"):
        read_network(text)


def test_a_width_is_no_size():
    text = file_text("return sum(x) * D", WIDE)
    with pytest.raises(NotationError, match="differs by layer"):
        read_network(text)
