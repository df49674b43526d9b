"""What is written reads back as the same network."""

import pytest

from symbp import networks
from symbp.core import build
from symbp.core.check import check_network
from symbp.core.expr import TRUE, And, Compare, Delta, Extreme, Fn, Int, Not, Num, Or, Pi, Pow, Read, Sum, Where
from symbp.core.integers import Dim, Index, Poly
from symbp.core.network import DATA, PARAM, Equation, Network, Tensor
from symbp.notation.read import read_network
from symbp.notation.write import write_expr, write_network
from tests.notation.texts import read
from tests.shared import derivation_of


def check_round_trip(network):
    """Written and read again, it is the same."""
    text = write_network(network)
    assert read_network(text, "written.py") == network, text
    assert write_network(read_network(text)) == text


@pytest.mark.parametrize("name", networks.names())
def test_built_in_networks(name):
    network = read_network(*networks.source(name))
    check_network(network)
    assert network.name == name
    assert network.doc
    assert all(len(line) <= 120 for line in networks.source(name)[0].splitlines())
    check_round_trip(network)


@pytest.mark.parametrize("name", networks.names())
def test_their_backward_networks(name):
    backward = derivation_of(name).backward
    check_network(backward)
    check_round_trip(backward)


BODIES = [
    "p = softmax(swish(x @ W + b) @ V)\nreturn mean(p * y)",
    "z[n, h] = sum(x[n, d] * W[d, h] for d in D if d > 0)\nreturn z",
    "z[n, h] = max(x[n, d] * W[d, h] for d in D)\nreturn sum(z)",
    "z[n] = min(x[n, d] for d in D if d != n)\nreturn sum(z)",
    "return sum(abs(b)) + sum(where(b > 0, b, where(b < -1, 0, b ** 2)))",
    "z[i: D, j: D] = sum(A[i, k] for k in range(j)) if i < j and not (i == 0 or j == 2) else i\nreturn sum(z)",
    "assert A == A.T\nassert 0 <= y[n, k] <= 1\nreturn f(s, b[0]) * f.d2(s, s) + g.d11(s) / pi",
    "return leaky_relu(b) @ elu(b) + gelu(b) @ softplus(b) + logsumexp(b)",
    "return cross_entropy(x @ W @ V, y) + mse(y, y * s) + binary_cross_entropy(sigmoid(y), y)",
    "z[n, i: D + 2] = x[n, i - 1] if 1 <= i <= D else 0\nq[n, i] = z[n, i] + z[n, i + 1]\nreturn sum(q)",
    "return sqrt(s) ** 3 / sqrt(b[0]) / 2 ** s - 1e-7 * s ** -2 + s ** 0.25",
]
UNKNOWN = 'f = function("f")\ng = function("g")\n\n\n'


@pytest.mark.parametrize("body", BODIES)
def test_written_networks(body):
    network = read(body, before=UNKNOWN)
    check_network(network)
    check_round_trip(network)


I, J, K = (Index(letter, Poly.of(Dim("N"))) for letter in "ijk")
LOWER = Index("k", Poly.of(I))
UPPER = Index("k", Poly.of(Dim("N")), Poly.of(I) + 1)
S, X_I, A_IJ = Read("s"), Read("x", (Poly.of(I),)), Read("a", (Poly.of(I), Poly.of(J)))
X_K, DELTA = Read("x", (Poly.of(K),)), Delta(Poly.of(I), Poly.of(J))
BELOW = Compare("<", Int(Poly.of(I)), Int(Poly.of(J) + 1))
UP_TO = Compare("<=", Int(Poly.of(K)), Int(Poly.of(I)))
POSITIVE = Compare(">", A_IJ, build.NIL)

EXPRESSIONS = [
    (build.sub(S, build.sub(A_IJ, X_I)), "s - (a[i, j] - x[i])"),
    (build.mul(build.num("-1/2"), A_IJ, X_I), "-a[i, j] * x[i] / 2"),
    (build.mul(build.num("3/4"), build.power(S, build.MINUS), X_I), "3 / s * x[i] / 4"),
    (build.mul(build.add(S, X_I), build.add(S, A_IJ)), "(s + x[i]) * (s + a[i, j])"),
    (build.power(build.add(S, X_I), build.num(2)), "(s + x[i]) ** 2"),
    (build.power(build.neg(S), build.num("1/2")), "sqrt(-s)"),
    (build.power(S, build.num("-3/2")), "1 / s ** (3 / 2)"),
    (Pow(S, build.neg(X_I)), "s ** (-x[i])"),
    (Pow(build.num(2), S), "2 ** s"),
    (Pow(Pow(S, X_I), A_IJ), "(s ** x[i]) ** a[i, j]"),
    (build.add(S, build.num("-1/3")), "s - 1 / 3"),
    (build.div(Pi(), build.integer(Poly.of(Dim("N")) * 2)), "pi / N / 2"),
    (build.integer(Poly.of(I) * 2 + 1), "2 * i + 1"),
    (build.mul(DELTA, X_I), "(1 if i == j else 0) * x[i]"),
    (build.sub(DELTA, X_I), "(1 if i == j else 0) - x[i]"),
    (Where(BELOW, X_I, build.NIL), "x[i] if i < j + 1 else 0"),
    (Where(And((Compare("<", build.NIL, S), Compare("<=", S, X_I))), S, X_I), "s if 0 < s <= x[i] else x[i]"),
    (Where(BELOW, Where(POSITIVE, S, X_I), Where(POSITIVE, X_I, S)), None),
    (Where(Compare("==", Int(Poly.of(I)), Int(Poly.of(J))), build.UNIT, build.NIL), "where(i == j, 1, 0)"),
    (Where(Or((POSITIVE, And((BELOW, Not(POSITIVE))))), S, X_I), None),
    (Where(And((Or((POSITIVE, BELOW)), POSITIVE)), S, X_I), None),
    (build.mul(Where(POSITIVE, S, X_I), X_I), "(s if a[i, j] > 0 else x[i]) * x[i]"),
    (Sum((K,), Where(UP_TO, X_K, build.NIL)), "sum(x[k] for k in N if k <= i)"),
    (Sum((LOWER,), Read("x", (Poly.of(LOWER),))), "sum(x[k] for k in range(i))"),
    (Sum((UPPER,), Read("x", (Poly.of(UPPER),))), "sum(x[k] for k in range(i + 1, N))"),
    (build.neg(Sum((K,), build.mul(X_K, X_K))), "-sum(x[k] ** 2 for k in N)"),
    (Extreme("max", (K,), Where(POSITIVE, X_K, S), TRUE), "max(x[k] if a[i, j] > 0 else s for k in N)"),
    (Extreme("min", (K,), X_K, Compare("!=", Int(Poly.of(K)), Int(Poly.of(I)))), "min(x[k] for k in N if k != i)"),
    (Fn("f", (S, build.add(S, X_I)), (1, 0)), "f.d1(s, s + x[i])"),
    (Fn("f", (S, S), (0, 2)), "f.d22(s, s)"),
    (Fn("sign", (S,)), "sign(s)"),
    (build.num("1e-7"), "1e-7"),
    (Num(build.num("22/7").value), "22 / 7"),
    (build.num("0.25"), "1 / 4"),
    (build.num(10**30), "1000000000000000000000000000000"),
]  # fmt: skip


@pytest.mark.parametrize(("expr", "text"), EXPRESSIONS)
def test_expressions(expr, text):
    if text is not None:
        assert write_expr(expr) == text
    N = Poly.of(Dim("N"))
    inputs = (Tensor("s", DATA), Tensor("x", DATA, (N,)), Tensor("a", PARAM, (N, N)))
    used = (("f", 2),) if "f." in write_expr(expr) else ()
    entries, total = Equation("z", (I, J), expr), Sum((I, J), Read("z", (Poly.of(I), Poly.of(J))))
    check_round_trip(Network("net", "", (Dim("N"),), inputs, (entries, Equation("L", (), total)), ("L",), (), used))


DOCS = [
    "",
    "One line.",
    "Two lines.\n\nAnd more.",
    'With "quotes"',
    'Ends with "',
    'Three """ of them',
    "A \\ backslash",
    "é ∂",
]


@pytest.mark.parametrize("doc", DOCS)
def test_docstrings(doc):
    network = Network("net", doc, (), (Tensor("s", PARAM),), (Equation("L", (), Read("s")),), ("L",))
    check_round_trip(network)


def test_a_call_is_written_as_a_call():
    text = write_network(read("p = softmax(x @ A)\nreturn sum(p)"))
    assert "    p = softmax(p_in)\n" in text


def test_a_call_of_a_name_that_a_tensor_bears_is_written_out():
    network = read("p = softmax(x @ A)\nreturn sum(p)")
    named = Tensor("softmax", DATA)
    other = Network(network.name, "", network.dims, (*network.inputs, named), network.equations, network.outputs)
    assert "softmax(" not in write_network(other)
    check_round_trip(other)
