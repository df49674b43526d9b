"""Networks as SymPy's equations, and back."""

from __future__ import annotations

import pytest
import sympy as sp

from symbp import from_sympy, networks
from symbp.core.network import Network
from symbp.errors import SymbpError
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.symbolic.cases import Case, cases
from symbp.symbolic.explicit import explicit, sizes_of
from symbp.symbolic.graph import Graph
from symbp.symbolic.kernels import Kernels
from symbp.symbolic.prove import Fractions, is_zero
from symbp.symbolic.read import Refused, read_equations
from symbp.symbolic.sizes import keys, least_sizes
from symbp.symbolic.write import Largest, equations
from tests.symbolic.subjects import build_of

w, b, x, y, z, a = sp.symbols("w b x y z a")
N, D, H = sp.symbols("N D H", integer=True, positive=True)
n, d = sp.symbols("n d", integer=True)


def named(tensor: str, key: tuple[int, ...]) -> str:
    return f"{tensor}_{{{''.join(map(str, key))}}}"


@pytest.mark.parametrize("name", networks.names())
def test_every_built_in_network_comes_back(name: str) -> None:
    """Its arguments and sizes as they were, its equations with the same values: terms may stand in another order."""
    network = read_network(*networks.source(name))
    back = read_equations(equations(network))
    assert (back.name, back.doc, back.dims, back.inputs) == (name, network.doc, network.dims, network.inputs)
    assert [(e.name, e.indices) for e in back.equations] == [(e.name, e.indices) for e in network.equations]
    assert read_network(write_network(back)) == back
    assert_same(network, back)


def assert_same(one: Network, other: Network) -> None:
    """In scalars every equation says the same, under every case."""
    sizes = least_sizes(one)
    before, after = Graph(one, sizes), Graph(other, sizes)
    for equation in one.equations:
        for key in keys(equation.indices, sizes)[:8]:

            def difference(case: Case, entry=(equation.name, key)) -> sp.Expr:
                return before.body(entry, case) - after.body(entry, case)

            for _, found in cases(difference, Case()):
                kernels = Kernels()
                space = Fractions(kernels.radicands, kernels.squares)
                assert found == 0 or is_zero(space.ratio(kernels.rational(found)))


# text of a network, sizes, the last equation
EXPLICIT = (
    (
        "@network\ndef net(w: Param):\n    return abs(w) if w > 1 else w",
        {},
        "Eq(L_{}, Piecewise((Abs(w_{}), w_{} > 1), (w_{}, True)))",
    ),
    ("@network\ndef net(x: Data, w: Param):\n    return x * w", {}, "Eq(L_{}, w_{}*x_{})"),
    (
        "N = dims('N')\n@network\ndef net(w: Param[N]):\n    return sum(relu(w)) + max(w)",
        {"N": 2},
        "Eq(L_{}, L_relu_{0} + L_relu_{1} + Max(w_{0}, w_{1}))",
    ),
    (
        "K = dims('K')\n@network\ndef net(t: Labels[K], w: Param[K]):\n    return w[t]",
        {"K": 2},
        "Eq(L_{}, Piecewise((w_{0}, Eq(t_{}, 0)), (w_{1}, True)))",
    ),
)


@pytest.mark.parametrize(("text", "sizes", "last"), EXPLICIT)
def test_equations_at_given_sizes(text: str, sizes: dict[str, int], last: str) -> None:
    network = build_of(text).network
    assert str(explicit(network, network.equations, sizes_of(network, sizes), named)[-1]) == last


@pytest.mark.parametrize("sizes", [{"N": 2}, {"N": 2, "D": 0}, {"N": 2, "D": 2, "K": 2}, {"N": (2, 3), "D": 2}])
def test_sizes_that_are_none_are_refused(sizes: dict[str, int]) -> None:
    network = build_of(
        "N, D = dims('N D')\n@network\ndef net(x: Data[N, D], w: Param[D]):\n    return sum(x @ w)"
    ).network
    with pytest.raises(SymbpError):
        sizes_of(network, sizes)


def test_the_largest_of_many_is_written_out_where_its_ranges_are_numbers() -> None:
    i, v = sp.symbols("i", integer=True), sp.IndexedBase("v")
    assert Largest(sp.Lambda((i,), v[i]), (0, 2)).doit() == sp.Max(v[0], v[1], v[2])
    assert Largest(sp.Lambda((i,), v[i]), (0, N)).doit() == Largest(sp.Lambda((i,), v[i]), (0, N))


def test_scalars_with_named_intermediates() -> None:
    net = from_sympy(
        (a - y) ** 2 / 2, parameters=[w, b], equations=[sp.Eq(z, w * x + b), sp.Eq(a, sp.tanh(z))], name="neuron"
    )
    network = net.network
    assert (network.parameters, network.data) == (("w", "b"), ("x", "y"))
    assert [e.name for e in network.equations] == ["z", "a", "L"]
    assert net.derive()["w"].sympy() == sp.Eq(sp.Symbol("w_bar"), x * sp.Symbol("z_bar"))
    assert net.derive()["z"].sympy().rhs == (1 - a**2) * (a - y)


def test_indexed_with_sums_at_any_names() -> None:
    rows, u = sp.Symbol("rows", integer=True), sp.Symbol("u", integer=True)
    table, weights = sp.IndexedBase("table", shape=(rows, 784)), sp.IndexedBase("weights", shape=(784,))
    loss = sp.Sum(sp.Sum(table[u, d] * weights[d], (d, 0, 783)) ** 2, (u, 0, rows - 1)) / rows
    network = from_sympy(loss, parameters=[weights]).network
    assert [str(p) for p in network.shape("table")] == ["rows", "784"]
    assert network.parameters == ("weights",)


def test_matrices() -> None:
    X, W = sp.MatrixSymbol("X", N, D), sp.MatrixSymbol("W", D, 1)
    V = sp.MatrixSymbol("V", N, 1)
    squares = sp.HadamardProduct(X * W - V, X * W - V)
    net = from_sympy((sp.OneMatrix(1, N) * squares)[0, 0] / 2, parameters=[W], data=[X, V], name="squares")
    assert all(c.passed for c in net.verify())
    again = from_sympy(sp.Trace((X * W - V).T * (X * W - V)) / 2, parameters=[W], data=[X, V], name="squares")
    assert [str(p) for p in again.network.shape("W")] == ["D", "1"]


A = sp.MatrixSymbol("A", N, N)
REFUSED = (
    (sp.besselj(0, w), "besselj"),
    (sp.Integral(x, (x, 0, w)), "Integral"),
    (sp.Product(w, (n, 1, N)), "Product"),
    (sp.Trace(A.inv()) * w, "Inverse"),
    (sp.Determinant(A) * w, "Determinant"),
    (sp.Piecewise((w, w > 0)), "Piecewise needs a last branch"),
    (w * sp.I, "ImaginaryUnit"),
    (w * sp.Symbol("w_{11}"), "is no name in the language"),
    (w * sp.Symbol("__import__('os')"), "is no name in the language"),
)


@pytest.mark.parametrize(("loss", "said"), REFUSED)
def test_what_has_no_counterpart_is_refused_by_name(loss: sp.Expr, said: str) -> None:
    with pytest.raises(Refused, match=said.replace("(", r"\(")) as refused:
        from_sympy(loss, parameters=[w])
    assert isinstance(refused.value, ValueError)


def test_a_text_is_not_parsed() -> None:
    with pytest.raises(Refused):
        from_sympy("w**2", parameters=[w])


ZERO = (
    (sp.exp(x + y) - sp.exp(x) * sp.exp(y), True),
    (sp.exp(x / 2) ** 2 - sp.exp(x), True),
    (sp.sqrt(x) ** 3 / x - sp.sqrt(x), True),
    (sp.sqrt(8) - 2 * sp.sqrt(2), True),
    (sp.sqrt(x * y + 1) ** -1 - sp.sqrt(x * y + 1) / (x * y + 1), True),
    (sp.log(x**2 / y) - 2 * sp.log(x) + sp.log(y), True),
    (sp.log(sp.exp(x) / (1 + sp.exp(x))) - x + sp.log(1 + sp.exp(x)), True),
    (sp.sin(x) ** 2 + sp.cos(-x) ** 2 - 1, True),
    (sp.tanh(-x) + sp.tanh(x) + sp.erf(x - y) + sp.erf(y - x), True),
    (x ** (y + 1) / x - x**y, True),
    (1 / (1 + sp.exp(-x)) - sp.exp(x) / (1 + sp.exp(x)), True),
    (sp.exp(x - 10**9) - sp.exp(x) / sp.exp(10**9), True),
    (sp.exp(x * y) - sp.exp(x) * sp.exp(y), False),
    (sp.sqrt(x + 1) - sp.sqrt(x) - 1, False),
    (sp.log(x + y) - sp.log(x) - sp.log(y), False),
    (x / (x + y) + y / (x - y), False),
)


@pytest.mark.parametrize(("value", "zero"), ZERO)
def test_normal_forms(value: sp.Expr, zero: bool) -> None:
    kernels = Kernels()
    assert is_zero(Fractions(kernels.radicands, kernels.squares).ratio(kernels.rational(value))) is zero


def test_a_case_says_what_follows_from_it() -> None:
    def claim(case: Case) -> tuple[bool, bool, bool]:
        return case.holds("<", x, y), case.holds("<", y, z), case.holds("<", x, z)

    found = [values for _, values in cases(claim, Case())]
    assert (True, True, True) in found
    assert (True, True, False) not in found
    assert len(found) == 13  # the orders of three values, ties among them
