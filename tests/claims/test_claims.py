"""Claims of textbooks and of the seeds: true ones are proved, of false ones the numbers and what would be right."""

import ast

import pytest
from click.testing import CliRunner

from symbp import networks
from symbp.calculus.derive import derive
from symbp.calculus.steps import RULES
from symbp.claims.claim import sides
from symbp.claims.latex import from_latex
from symbp.claims.prove import Verdict, prove
from symbp.claims.steps import REASONS
from symbp.claims.told import as_text
from symbp.cli import commands
from symbp.errors import SymbpError
from symbp.notation.read import read_network

SMALL = """
from symbp import Data, Param, dims, network

N, D = dims("N D")


@network
def small(x: Data[N, D], y: Data[N], w: Param[D], b: Param):
    z = x @ w - b
    a = sigmoid(z)
    return sum((a - y) ** 2) / (2 * N)
"""


def about(text: str) -> Verdict:
    return prove(text, (SMALL, read_network(SMALL, "small.py", "small")))


@pytest.mark.parametrize(
    "claim",
    [
        "sigmoid(z).d1 = sigmoid(z) * (1 - sigmoid(z))",
        r"\sigma'(z) = \sigma(z)(1 - \sigma(z))",
        "sigmoid.d1(z) = exp(-z) / (1 + exp(-z)) ** 2",
        "tanh(2 * z).d1 = 1 - tanh(2 * z) ** 2",
        "tanh(z).d1 = 1 - tanh(z)^2",
        "softmax(z) = exp(z) / sum(exp(z))",
        "(a + b) ** 2 = a ** 2 + 2 * a * b + b ** 2",
    ],
)
def test_a_true_claim_of_functions_is_proved(claim: str) -> None:
    assert prove(claim).outcome == "proved"


@pytest.mark.parametrize(
    "claim",
    [
        "w_bar = x.T @ z_bar",
        "dw = x^T dz",
        r"d_w = x^\top \bar{z}",
        "dz = (a - y) * a * (1 - a) / N",
        "db = -sum(dz)",
        r"\frac{\partial L}{\partial w} = x^\top \bar{z}",
        r"\frac{\partial L}{\partial z} = \frac{1}{N} (a - y) \odot \sigma'(z)",
    ],
)
def test_a_true_claim_of_a_network_is_proved(claim: str) -> None:
    assert about(claim).outcome == "proved"


def test_the_false_formula_of_the_seeds_is_told_with_what_is_right() -> None:
    verdict = prove("sigmoid(z).d1 = sigmoid(z) * sigmoid(1 - z)")
    assert verdict.is_false
    assert verdict.instead == "sigmoid(z).d1 = sigmoid(z) * (1 - sigmoid(z))"
    assert verdict.at == (("z", "1"),)
    assert (verdict.left, verdict.right) == ("0.196612", "0.365529")


@pytest.mark.parametrize(
    ("claim", "instead"),
    [
        ("db = sum(dz)", "db = -sum(dz)"),
        ("dw = x.T @ dz / N", "dw = x.T @ dz"),
        ("dz = (a - y) * a * (1 - z) / N", "dz = (a - y) * a * (1 - a) / N"),
    ],
)
def test_a_false_claim_of_a_network(claim: str, instead: str) -> None:
    verdict = about(claim)
    assert verdict.is_false
    assert verdict.instead == instead
    assert as_text(verdict).startswith(f"false: {claim}\n")
    assert abs(float(verdict.left) - float(verdict.right)) > 1e-6


def test_two_is_not_taken_for_the_number_of_examples() -> None:
    assert about("dz = (a - y) * a * (1 - a) / 2").is_false


def test_sides_of_two_shapes() -> None:
    assert "the shape" in about("dw = dz").why


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\frac{\partial L}{\partial W^{(2)}}", "W2_bar"),
        (r"X^\top \bar{Z}_1", "X.T @ Z1_bar"),
        (r"\mathbf{W}_2^{T} x^2", "W2.T @ x ** 2"),
        (r"\frac{1}{N} \sum", None),
        (r"\left(1 - \tanh^2(z)\right)", "(1 - tanh(z) ** 2)"),
    ],
)
def test_latex(latex: str, text: str | None) -> None:
    if text is None:
        with pytest.raises(SymbpError, match="a sum says over which index"):
            from_latex(latex, "@")
    else:
        said = from_latex(latex, "@")
        assert ast.dump(ast.parse(said)) == ast.dump(ast.parse(text))


LAYERS = """
from symbp import Data, Param, dims, network

N, D, H, K = dims("N D H K")


@network
def layers(x: Data[N, D], y: Data[N, K], W1: Param[D, H], W2: Param[H, K], v: Param[K]):
    z1 = x @ W1
    a1 = sigmoid(z1)
    z2 = a1 @ W2
    p = tanh(z2)
    e = p @ v
    return sum(e ** 2) / N + sum((p - y) ** 2)
"""


@pytest.mark.parametrize(
    ("latex", "left", "right"),
    [
        (r"\frac{\partial L}{\partial W^{(2)}} = a_1^\top \delta_2", "W2_bar", "a1.T @ z2_bar"),
        (r"dW_2 = a_1^T dz_2", "dW2", "a1.T @ dz2"),
        (r"\frac{dL}{dz_2} = \delta^{(2)}", "z2_bar", "z2_bar"),
        (r"\nabla_{W_1} L = x^\top \delta^{(1)}", "W1_bar", "x.T @ z1_bar"),
        (r"\delta^{[1]} = \delta^{(2)} W^{(2)T} \odot \sigma'(z^{(1)})", "z1_bar", "(z2_bar @ W2.T) * sigmoid(z1).d1"),
        (r"\delta_1 = a_1 \odot \delta_2 W_2^T", "z1_bar", "a1 * (z2_bar @ W2.T)"),
        (r"\frac{\partial L}{\partial v} = \sum_n 2 e_n p_{nk} / N", "v_bar", "sum(2 * e[n] @ p[n, k] / N for n in N)"),
        (r"\frac{\partial L}{\partial v} = \frac{2}{N} p^T (p v)", "v_bar", "(2) / (N) * p.T @ (p @ v)"),
        (r"\frac{\partial L}{\partial p} = \bar{e} v^T", "p_bar", "outer(e_bar, v)"),
        (r"\bar{e}_n = \frac{2}{N} e_n", "e_bar[n]", "(2) / (N) * e[n]"),
        (
            r"\bar{W}^{(1)}_{dh} = \sum_{n=1}^{N} x_{nd} \delta^{(1)}_{nh}",
            "W1_bar[d, h]",
            "sum(x[n, d] @ z1_bar[n, h] for n in N)",
        ),
        (r"a = \frac{1}{1 + e^{-z}}", "a", "(1) / (1 + exp((-z)))"),
        (r"\sigma^{\prime}(z) = e^z", "sigmoid(z).d1", "exp(z)"),
        (r"\frac{\mathrm{d}}{\mathrm{d}x} \ln x = 1/x", "derivative_(log(x), x)", "1 / x"),
    ],
)
def test_what_a_textbook_writes_is_read_as_it_is_meant(latex: str, left: str, right: str) -> None:
    assert sides(latex, "@", read_network(LAYERS, "layers.py", "layers")) == (left, right)


@pytest.mark.parametrize(
    "latex",
    [
        r"z' = 1 \cdot a",
        r"(\log \sigma(z_1))' = 1",
        r"a_1 = 1 / 2 N \cdot a_1",
        r"a_1 = e / N p",
        r"v_{t-1} = v \cdot 1",
        r"\delta_1 = \sum_n v",
        r"\delta_1 = \sum_{n=1}^{K} e_n",
        r"\delta_1 = \sum_{n=2}^{N} e_n",
        r"\frac{\partial p}{\partial z_{2}} = 1",
        r"\frac{d}{dx} x e = 1",
        r"\frac{d}{dx} 2 = 0",
        r"\nabla p = 1 \cdot 1",
    ],
)
def test_what_may_be_meant_otherwise_is_refused(latex: str) -> None:
    with pytest.raises(SymbpError):
        prove(latex, (LAYERS, read_network(LAYERS, "layers.py", "layers")))


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        (r"\frac{\partial L}{\partial z_n} = \frac{1}{N} (a_n - y_n) a_n (1 - a_n)", "proved"),
        (r"\frac{\partial L}{\partial w_d} = \sum_n \delta_n x_{nd}", "proved"),
        (r"\frac{\partial L}{\partial w_d} = \frac{1}{N} \sum_n \delta_n x_{nd}", "wrong"),
        (r"\frac{\partial L}{\partial b} = -\sum_n \delta", "proved"),
        (r"\nabla_w L = x^T \delta", "proved"),
        (r"\nabla_w L = \delta^T x", "proved"),
        (r"\delta = (a - y) \odot \sigma'(z)", "wrong"),
    ],
)
def test_claims_with_indices_and_deltas(claim: str, outcome: str) -> None:
    assert about(claim).outcome == outcome


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        (r"\frac{d}{dz} \sigma(z) = \sigma(z) (1 - \sigma(z))", "proved"),
        (r"\frac{\partial}{\partial x} (x^2) = 2 x", "proved"),
        (r"\frac{d \tanh(x)}{dx} = 1 - \tanh x", "wrong"),
        (r"\sigma(z) = \frac{1}{1 + e^{-z}}", "proved"),
    ],
)
def test_derivatives_of_functions_as_a_textbook_writes_them(claim: str, outcome: str) -> None:
    assert prove(claim).outcome == outcome


@pytest.mark.parametrize(
    "claim",
    [
        "z",
        "a = b = c",
        "__import__('os').getcwd() = 1",
        "open(z) = z",
        "a = " + "(" * 500 + "a" + ")" * 500,
        "a = " * 3000,
    ],
)
def test_what_is_no_claim_is_told(claim: str) -> None:
    with pytest.raises(SymbpError):
        prove(claim)


def test_an_equals_sign_within_a_call_divides_nothing() -> None:
    assert sides("db = sum(dz, axis=0)") == ("db", "sum(dz, axis=0)")


@pytest.mark.parametrize(
    ("arguments", "status", "begins"),
    [
        (["prove", "tanh(z).d1 = 1 - tanh(z) ** 2"], 0, "proved: "),
        (["prove", "tanh(z).d1 = 1 - z ** 2"], 1, "false: "),
        (["prove", "sigmoid_softmax", "dz2 = (p - y) / N"], 0, "proved: "),
    ],
)
def test_the_command(arguments: list[str], status: int, begins: str) -> None:
    result = CliRunner().invoke(commands, arguments)
    assert (result.exit_code, result.stdout.startswith(begins)) == (status, True)


def test_the_built_in_network_is_one_of_the_seeds() -> None:
    text, path = networks.source("sigmoid_softmax")
    network = read_network(text, path, "sigmoid_softmax")
    assert prove("dW2 = a1.T @ dz2", (text, network)).outcome == "proved"


KINKED = SMALL.replace("sigmoid(z)", "relu(z)").replace("def small", "def kinked")


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        ("w_bar = x.T @ z_bar", "proved"),
        ("z_bar = where(z > 0, a_bar, 0)", "proved"),
        ("z_bar = where(z > 1, a_bar, 0)", "wrong"),
        ("dz = da * (z > 0)", "proved"),
        ("dz = da * (z < 0)", "wrong"),
        (r"\bar{z} = \bar{a} \odot \mathbb{1}[z > 0]", "proved"),
        (r"\bar{z} = \bar{a} \odot [z \ge 1]", "wrong"),
        (r"\bar{z} = \bar{a} \cdot \mathbf{1}_{\{z>0\}}", "proved"),
        (r"\bar{z} = \mathbb{1}(z \leq 0) \bar{a}", "wrong"),
        (
            r"\frac{\partial L}{\partial z} = \begin{cases} \bar{a} & \text{if } z > 0 \\ 0 & \text{otherwise}"
            r" \end{cases}",
            "proved",
        ),
        (r"\bar{z} = \begin{cases} \bar{a} & z < 0 \\ 0 & \text{otherwise} \end{cases}", "wrong"),
        (r"\bar{z} = \begin{cases} \bar{a}, & z > 1 \\ \bar{a}, & z > 0 \\ 0, & z \le 0 \end{cases}", "proved"),
    ],
)
def test_each_case_of_a_choice_has_its_own_derivative(claim: str, outcome: str) -> None:
    """What was worked out where z > 0 is not used where z < 0."""
    verdict = prove(claim, (KINKED, read_network(KINKED, "kinked.py", "kinked")))
    assert verdict.outcome == outcome
    assert "z_bar" not in verdict.instead.partition("=")[2] or "w_bar" in claim


def test_the_steps_of_the_derivation_are_the_proof() -> None:
    network = read_network(SMALL, "small.py", "small")
    said = as_text(prove("dz = da * a * (1 - a)", (SMALL, network), derive(network)))
    first, *lines = said.splitlines()
    assert first.startswith("proved: dz = da * a * (1 - a) (")
    chain = next(k for k, line in enumerate(lines) if line.startswith("  z_bar[n] = "))
    assert lines[chain] == "  z_bar[n] = sum(a_bar[m] * (d a[m] / d z[n]) for m in N)   [chain rule over (2)]"
    assert said.count("[contract the deltas]   (6)") == 1
    assert derive(network).number("z_bar") == 6


def test_the_normal_form_is_shown_in_which_both_sides_meet() -> None:
    said = as_text(prove("sigmoid(z).d1 = sigmoid(z) * (1 - sigmoid(z))"))
    assert said.splitlines()[1:] == ["  the normal form of either side: exp(z)/(exp(z) + 1)**2"]


def test_every_rule_of_the_calculus_has_its_words() -> None:
    assert set(REASONS) == set(RULES)
