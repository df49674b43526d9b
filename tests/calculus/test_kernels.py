"""A derivative is never less exact than its definition: values that cancel or divide by zero are not used, and what is
needed instead has a name of its own.
"""

import pytest

from symbp.calculus.brackets import opens
from symbp.calculus.derive import derive
from symbp.calculus.reexpress import reexpress
from symbp.core.expr import Expr
from symbp.core.network import Equation
from symbp.notation.read import read_network
from symbp.notation.write import write_network

HEAD = """
from symbp import Data, Param, dims, network

N, D, T = dims("N D T")


@network
def net(x: Data[N, D], g: Data[N, D], z: Param[N, D], w: Param[D], c: Param):
"""


def backward(*lines: str) -> str:
    """The backward network of the lines, whose last one is the loss, as text."""
    text = HEAD + "".join(f"    {line}\n" for line in lines)
    network = derive(read_network(text, "net.py", "net")).backward
    written = write_network(network)
    assert read_network(written) == network
    return written


NAMED = {
    "a residual": ("y = x + tanh(z)", ["y_tanh[n, d] = tanh(z[n, d])", "y_tanh_bar[n, d] * (1 - y_tanh[n, d] ** 2)"]),
    "a large constant": (
        "y = 1000 + tanh(z)",
        ["y_tanh[n, d] = tanh(z[n, d])", "y_tanh_bar[n, d] * (1 - y_tanh[n, d] ** 2)"],
    ),
    "a constant beside an exponential": (
        "y = 1 + exp(z)",
        ["y_exp[n, d] = exp(z[n, d])", "y_exp_bar[n, d] * y_exp[n, d]"],
    ),
    "a sigmoid in any spelling": (
        "y = x - exp(z) / (1 + exp(z))",
        ["y_part[n, d] = exp(z[n, d]) / (1 + exp(z[n, d]))", "y_part[n, d] * (1 - y_part[n, d])"],
    ),
    "a softmax by parts": (
        "y[n, d] = x[n, d] + exp(z[n, d]) / sum(exp(z[n, e]) for e in D)",
        ["y_part[n, d] = exp(z[n, d]) / sum(exp(z[n, e]) for e in D)", "- sum(y_part_bar[n, b] * y_part[n, b]"],
    ),
    "a gate that may be 0": ("y = g * sqrt(z * z + x * x)", ["y_root[n, d] = sqrt(", "/ y_root[n, d]"]),
    "a factor that is differentiated": (
        "y = c * exp(z)",
        ["y_exp[n, d] = exp(z[n, d])", "c_bar = sum(y_bar[n, d] * y_exp[n, d]"],
    ),
    "a unit times its sigmoid": (
        "y = z / (1 + exp(-z))",
        ["y_part[n, d] = 1 / (1 + exp(-z[n, d]))", "y_bar[n, d] * (1 - y_part[n, d]) + 2 * y_part[n, d]"],
    ),
    "in functions of a polynomial": (
        "y = z * (1 + tanh(z + z**3)) / 2",
        ["y_tanh[n, d] = tanh(z[n, d] + z[n, d] ** 3)", "(1 - y_tanh[n, d] ** 2)"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_what_the_value_does_not_hold_gets_a_name(name: str) -> None:
    line, wanted = NAMED[name]
    written = backward(line, "return sum(y**2)")
    for text in wanted:
        assert text in written


PLAIN = {
    "a sigmoid": ("y = 1 / (1 + exp(-z))", "y[n, d] * (1 - y[n, d])"),
    "tanh by an exponential": ("y = (exp(2 * z) - 1) / (exp(2 * z) + 1)", "(1 - y[n, d] ** 2)"),
    "a gate of data": ("y = g * exp(z)", "y_bar[n, d] * y[n, d]"),
    "a root": ("y = 3 * sqrt(z * z + 1)", "27 * y[n, d] * z[n, d]"),
    "an elu": ("y = where(z > 0, z, exp(z) - 1)", "1 + y[n, d]"),
    "a scaled elu": ("y = where(z > 0, z, 1.7 * (exp(z) - 1))", "1.7 + y[n, d]"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_where_the_value_is_as_exact_it_is_used(name: str) -> None:
    line, wanted = PLAIN[name]
    written = backward(line, "return sum(y**3)")
    assert wanted in written
    assert "y_" not in written.replace("y_bar", "")


def test_in_a_branch_that_does_not_bound_it_an_exponential_is_computed_anew() -> None:
    assert "exp(z[n, d])" in backward("y = where(x > 0, z, exp(z) - 1)", "return sum(y**2)").split("y_bar")[2]


def test_names_are_made_within_a_loop() -> None:
    written = backward(
        "h[-1] = w",
        "for n in N:",
        "    h[n] = h[n - 1] + tanh(h[n - 1] * x[n] + z[n])",
        "return sum(h[N - 1] ** 2)",
    )
    assert "        h_tanh[n, d] = tanh(" in written
    assert "h[n, d] = (h[n - 1, d] if 1 <= n else w[d]) + h_tanh[n, d]" in written


def test_a_name_steps_aside() -> None:
    written = backward("y_tanh = x * c", "y = y_tanh + tanh(z)", "return sum(y**2)")
    assert "y_tanh1[n, d] = tanh(z[n, d])" in written


BRACKETS = (
    (
        "sum(g[n, d] * (z[n, d] - w[d]) for n in N)",
        "sum(g[n, d] * z[n, d] for n in N) - w[d] * sum(g[n, d] for n in N)",
        True,
    ),
    ("sum(z[n, d] - w[d] for n in N)", "sum(z[n, d] for n in N) - N * w[d]", True),
    ("sum(g[n, d] * (z[n, d] - w[d]) for n in N)", "-sum(g[n, d] * (w[d] - z[n, d]) for n in N)", False),
    (
        "sum(g[n, d] * (z[n, d] + x[0, d] - (w[d] + x[0, d])) for n in N)",
        "sum(g[n, d] * z[n, d] for n in N) - w[d] * sum(g[n, d] for n in N)",
        True,
    ),
    ("sum(g[n, d] * (z[n, d] + c - (w[d] + c)) for n in N)", "sum(g[n, d] * (z[n, d] - w[d]) for n in N)", False),
    ("c * (z[0, d] - w[d]) + c * w[d]", "c * z[0, d]", False),
    ("z[0, d] * (1 - w[d]) + 1", "z[0, d] - z[0, d] * w[d] + 1", True),
    ("(w[d] / z[0, d] - (1 - w[d]) / (1 - z[0, d])) * z[0, d] * (1 - z[0, d])", "w[d] - z[0, d]", False),
)  # fmt: skip


@pytest.mark.parametrize(("before", "after", "opened"), BRACKETS)
def test_a_difference_is_not_multiplied_out(before: str, after: str, opened: bool) -> None:
    assert opens(body(f"y[d] = {before}"), body(f"y[d] = {after}")) is opened


def body(line: str) -> Expr:
    return equation(line).body


def equation(line: str) -> Equation:
    found = read_network(f"{HEAD}    {line}\n    return sum(y)\n", "net.py", "net").equation("y")
    assert found is not None
    return found


def test_pairwise_differences_stay_differences() -> None:
    written = backward("p[n, m] = sum((z[n, d] - z[m, d]) ** 2 for d in D)", "return sum(p**2)")
    assert "(z[n, d] - z[m, d])" in written.split("z_bar")[1] or "(z[m, d] - z[n, d])" in written.split("z_bar")[1]


def test_a_value_that_its_own_rounding_hides_is_not_put_in() -> None:
    definition = equation("y[n, d] = x[n, d] + exp(z[n, d])")
    derivative = body("y[n, d] = exp(z[n, d])")
    assert reexpress(definition, derivative) == (derivative, ())
