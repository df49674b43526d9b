"""Modules: a right one passes, each planted mistake is caught with the words for it."""

import math

import numpy as np
import pytest

from symbp.core import build as b
from symbp.core.expr import Add, Fn, Sum
from symbp.core.integers import Dim, DimAt, Index, Poly
from symbp.core.network import DATA, PARAM, Equation, Network, Tensor
from symbp.errors import CheckFailed
from symbp.verify.gradients import BOUND, Entries, compare_central, slope_along, sweep
from symbp.verify.module import check_module
from symbp.verify.report import report, rows
from symbp.verify.subject import Unloadable
from tests.verify.nets import DIMS, d, h, index, n, read, relu, softmax_network, tensor, tied_network

SOFTMAX = """
import numpy as np

def loss_and_gradients(x, y, *, W1, b1, W2, b2, out=None):
    out = {} if out is None else out
    N = len(x)
    z1 = x @ W1 + b1
    a1 = 1 / (1 + np.exp(-z1))
    z2 = a1 @ W2 + b2
    e = np.exp(z2 - z2.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    L = -(y * np.log(p)).sum() / N
    z2_bar = (p - y) / N
    z1_bar = z2_bar @ W2.T * a1 * (1 - a1)
    out.update(W1=x.T @ z1_bar, b1=z1_bar.sum(axis=0), W2=a1.T @ z2_bar, b2=z2_bar.sum(axis=0))
    return float(L), out
"""
RELU = SOFTMAX.replace("1 / (1 + np.exp(-z1))", "np.maximum(z1, 0)").replace("* a1 * (1 - a1)", "* (z1 > 0)")

TIED = """
def loss_and_gradients(x, *, W):
    z = x @ W
    r_bar = z @ W.T - x
    return 0.5 * (r_bar**2).sum(), {"W": x.T @ (r_bar @ W) + r_bar.T @ z}
"""


def failures(network, text):
    """The checks that fail: their notes by (what, against what)."""
    return {(c.name, c.witness): c.note for c in check_module(network, text) if not c.passed}


def planted(text, old, new):
    """The module with a mistake in it."""
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("network", "text", "kinks"),
    [(softmax_network(), SOFTMAX, 0), (softmax_network(relu), RELU, 5), (tied_network(), TIED, 0)],
    ids=["sigmoid", "relu", "tied"],
)
def test_a_right_module_passes_every_check(network, text, kinks):
    """Central differences leave out entries at a kink, which data on a grid have."""
    checks = check_module(network, text)
    assert [c.note for c in checks if not c.passed] == []
    found = {(c.name, c.witness): c.count for c in checks}
    for parameter in network.parameters:
        assert found[parameter, "complex step"] - kinks <= found[parameter, "central difference"] >= 6
    assert found["loss", "interpreter"] == 6
    assert found["inputs unchanged", "interface"] == len(network.inputs)


SOFTMAX_MISTAKES = [
    ("(p - y) / N", "(y - p) / N", "W1", "the sign is wrong"),
    ("(p - y) / N", "p - y", "b1", "a factor of N too many"),
    ("(p - y) / N", "2 * (p - y) / N", "W2", "a factor of 2 too many"),
    ("(p - y) / N", "p.shape[1] * (p - y) / N", "W2", "a factor of K too many"),
    ("(p - y) / N", "(p - y) / N / N", "b2", "a factor of 1/N"),
    ("W1=x.T @ z1_bar", "W1=-7 * x.T @ z1_bar", "W1", "a factor of H too many and the sign is wrong"),
    ("b2=z2_bar.sum(axis=0)", "b2=z2_bar.mean(axis=0)", "b2", "a factor of 1/N"),
    ("b2=z2_bar.sum(axis=0)", "b2=z2_bar[0]", "b2", "the sum over N is missing, only n = 0 is counted"),
    ("b1=z1_bar.sum(axis=0)", "b1=z1_bar[:-1].sum(axis=0)", "b1", "the sum over N leaves out n = 2"),
    (" * a1 * (1 - a1)", "", "W1", "the derivative of a1 by z1 is missing"),
    ("W1=x.T @ z1_bar", "W1=0 * W1", "W1", "it is 0 everywhere"),
    ("return", "out['W1'][2, 3] *= 1.01; return", "W1", "only 1 of 35 entries are off: [2, 3]"),
    ("return", "out['W1'][1] += 1; return", "W1", "only 7 of 35 entries are off: [1, 0], [1, 1], [1, 2], [1, 3], ..."),
    ("return", "out['b1'] *= 1.5; return", "b1", "every entry is 1.5 times what it should be"),
    ("return", "out['b1'] = out['b1'] ** 2; return", "b1", "no single usual mistake explains it"),
    ("return", "out['b1'][3] = np.nan; return", "b1", "not a finite number"),
    ("return", "out['b1'] *= np.inf; return", "b1", "not a finite number"),
    (
        "return",
        "out['b1'] = out['b1'].astype('f4').astype('f8') + 0.2 * np.spacing(np.float32(out['b1'].max())); return",
        "b1",
        "it differs by about 3e-08 of its largest entry, as float32 does",
    ),
]


@pytest.mark.parametrize(("old", "new", "tensor", "looks"), SOFTMAX_MISTAKES)
def test_a_wrong_gradient_is_diagnosed(old, new, tensor, looks):
    note = failures(softmax_network(), planted(SOFTMAX, old, new))[tensor, "complex step"]
    assert note.startswith(f"{tensor}[")
    assert note.endswith(f": {looks}")


def test_a_missing_path_is_named():
    one = failures(tied_network(), planted(TIED, " + r_bar.T @ z", ""))["W", "complex step"]
    other = failures(tied_network(), planted(TIED, "x.T @ (r_bar @ W) + ", ""))["W", "complex step"]
    assert one.endswith("the path through r is missing, which reads W")
    assert other.endswith("the path through z is missing, which reads W")


def test_a_transpose_is_named():
    """L = sum of sin(W x): a square parameter, so that only the values can tell."""
    e = index("e", "D")
    body = Fn("sin", (Sum((d,), b.mul(read("W", e, d), read("x", d))),))
    network = Network(
        "square", "", (DIMS["D"],), (tensor("x", DATA, "D"), tensor("W", PARAM, "DD")),
        (Equation("L", (), Sum((e,), body)),), ("L",),
    )  # fmt: skip
    text = """
import numpy as np
def loss_and_gradients(x, *, W):
    return np.sin(W @ x).sum(), {"W": np.outer(np.cos(W @ x), x).T}
"""
    assert failures(network, text)["W", "complex step"].endswith(": it is the transpose")
    assert failures(network, text.replace(".T}", "}")) == {}


@pytest.mark.parametrize(
    ("old", "new", "what", "words"),
    [
        ("W2=a1.T @ z2_bar", "W2=z2_bar.T @ a1", "W2", "the shape (2, 7), expected was (7, 2): it is the transpose"),
        ("b2=z2_bar.sum(axis=0)", "b2=z2_bar", "b2", "the shape (3, 2), expected was (2,): a sum over N is missing"),
        (
            "b2=z2_bar.sum(axis=0)", "b2=z2_bar.sum(axis=0, keepdims=True)", "b2",
            "the shape (1, 2), expected was (2,): dimension 0, of size 1, was kept",
        ),
        (", b2=z2_bar.sum(axis=0)", "", "b2", "loss_and_gradients returns no gradient for b2"),
        ("out.update(", "out.update(q=1, ", "module", "a gradient for q, which is no parameter"),
        ("out.update(W1=", "out.update(W1='a', q=", "W1", "gradient of W1"),
        ("W2, b2, out", "W2, c2, out", "module", "cannot be called: missing a required argument: 'c2'; it is called"),
        ("(x, y, *,", "(x, y, t, *,", "module", "missing a required argument: 't'"),
        ("z1 = x @ W1", "z1 = W1 @ x", "module", "loss_and_gradients raises ValueError: matmul"),
        ("N = len(x)", "raise SystemExit(3)", "module", "loss_and_gradients raises SystemExit: 3 (line 6)"),
        ("@ W2.T *", "@ W2 *", "module", "line 14, 'z1_bar = z2_bar @ W2 * a1 * (1 - a1)': a .T may be missing"),
        ("@ W2.T *", ".dot(W2) *", "module", "not aligned: 2 (dim 1) != 7 (dim 0) (line 14, 'z1_bar = z2_bar .dot(W2)"),
        ("return float(L), out", "return out", "module", "returns dict, where a loss and a dictionary"),
        (
            "return float(L), out", "return L, (*out.values(),)", "module",
            "the second part of what loss_and_gradients returns is of type tuple, expected a dictionary of gradients",
        ),
        ("return float(L), out", "return None, out", "module", "the loss that loss_and_gradients returns is None"),
        ("return float(L), out", "return '1.0', out", "module", "the loss that loss_and_gradients returns is '1.0'"),
        ("return float(L), out", "return y, out", "module", "has the shape (3, 2), where a number was expected"),
        ("def loss_and_gradients", "def gradients", "module", "the module has no function loss_and_gradients"),
        ("import numpy as np", "import no_such_thing", "module", "cannot be loaded: ModuleNotFoundError"),
        ("import numpy as np", "import numpy as", "module", "cannot be loaded: SyntaxError"),
    ],
)  # fmt: skip
def test_what_breaks_the_interface_is_a_failed_check(old, new, what, words):
    found = failures(softmax_network(), planted(SOFTMAX, old, new))
    assert words in found[what, "interface"]


@pytest.mark.parametrize(
    ("old", "new", "what", "words"),
    [
        ("z1 = x @ W1", "x *= 2; z1 = x @ W1", ("inputs unchanged", "interface"), "a call changes x"),
        ("return float(L), out", "return 3 * L, out", ("loss", "interpreter"), "a factor of N too many"),
        ("L = -(y", "L = 1 - (y", ("loss", "interpreter"), "loss_and_gradients gives "),
        (
            "out.update(W1=x.T @ z1_bar", "out.update(W1=out.get('W1', 0) + x.T @ z1_bar",
            ("out reused", "interface"), "with out of an earlier call the gradient of W1 differs",
        ),
        (
            "b1=z1_bar.sum(axis=0)", "b1=z1_bar.sum(axis=0, dtype='f8')",
            ("float32", "interface"), "float32 parameters give a gradient of b1 in float64",
        ),
    ],
)  # fmt: skip
def test_what_else_the_interface_promises(old, new, what, words):
    assert words in failures(softmax_network(), planted(SOFTMAX, old, new))[what]


def test_a_module_may_come_from_a_file(tmp_path):
    (tmp_path / "beside.py").write_text("HALF = 0.5\n")
    file = tmp_path / "mine.py"
    file.write_text("from beside import HALF\n" + planted(TIED, "0.5", "HALF"))
    assert all(c.passed for c in check_module(tied_network(), file))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "mine.py cannot be read"),
        (b"x = '\xff'\n", "mine.py cannot be read: 'utf-8' codec"),
        (b"def f(:\n", "mine.py cannot be loaded: SyntaxError"),
        (b"import no_such_thing\n", "mine.py cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_bad_input_and_no_failed_check(tmp_path, content, words):
    if content is not None:
        (tmp_path / "mine.py").write_bytes(content)
    with pytest.raises(Unloadable, match=words) as raised:
        check_module(tied_network(), tmp_path / "mine.py")
    assert not isinstance(raised.value, CheckFailed)  # which would be exit status 1


def test_unknown_functions_are_given():
    """L = sum f(w x), with f' asked for by name."""
    body = Fn("f", (b.mul(read("w"), read("x", n)),), (0,))
    network = Network(
        "unknown", "", (DIMS["N"],), (tensor("x", DATA, "N"), tensor("w", PARAM)),
        (Equation("L", (), Sum((n,), body)),), ("L",), functions=(("f", 1),),
    )  # fmt: skip
    text = """
def loss_and_gradients(x, *, w, f, f_d1):
    return f(w * x).sum(), {"w": (f_d1(w * x) * x).sum()}
"""
    assert failures(network, text) == {}
    wrong = failures(network, text.replace("f_d1(w * x) * x", "f_d1(w * x)"))
    assert ("w", "complex step") in wrong


def test_the_derived_equations_are_a_witness_of_their_own():
    network = tied_network()
    r_bar = Equation("r_bar", (n, d), b.sub(read("r", n, d), read("x", n, d)))
    z_bar = Equation("z_bar", (n, h), Sum((d,), b.mul(read("r_bar", n, d), read("W", d, h))))
    one = b.mul(read("x", n, d), read("z_bar", n, h))
    other = b.mul(read("r_bar", n, d), read("z", n, h))
    for body, passes in ((b.add(one, other), True), (one, False)):
        bar = Equation("W_bar", (d, h), Sum((n,), body))
        backward = Network(
            "b", "", network.dims, network.inputs, (*network.equations, r_bar, z_bar, bar), ("W_bar",)
        )  # fmt: skip
        found = check_module(network, TIED, backward=backward, adjoints=(("W", "W_bar"),))
        passed = {(c.name, c.witness): c.passed for c in found}
        assert passed["W", "interpreter"] is passes
        assert passed["W", "complex step"]


def test_a_stable_module_is_right_where_floats_lose_the_network_as_written():
    """log(1 - s(z)) of a large z: the interpreter's floats have no digits left, the module keeps all of them."""
    p = b.div(b.UNIT, b.add(b.UNIT, Fn("exp", (b.neg(read("z", n)),))))
    body = Fn("log", (Add((b.UNIT, b.neg(p))),))
    z = Equation("z", (n,), b.add(b.num(24), read("w", n)))
    network = Network(
        "far", "", (DIMS["N"],), (tensor("w", PARAM, "N"),), (z, Equation("L", (), Sum((n,), body))), ("L",)
    )  # fmt: skip
    text = """
import numpy as np
def loss_and_gradients(*, w):
    z = 24 + w
    return -np.logaddexp(0, z).sum(), {"w": -1 / (1 + np.exp(-z))}
"""
    assert failures(network, text) == {}
    assert failures(network, planted(text, '"w": -1', '"w": -1.000000001')) != {}
    assert "loss" in {what for what, _ in failures(network, planted(text, "-np.log", "-1.00000000001 * np.log"))}


def test_a_parameter_that_the_loss_does_not_reach_is_vacuous():
    network = Network(
        "idle", "", (DIMS["N"],), (tensor("x", DATA, "N"), tensor("w", PARAM, "N")),
        (Equation("L", (), Sum((n,), read("x", n))),), ("L",),
    )  # fmt: skip
    text = "def loss_and_gradients(x, *, w):\n    return x.sum(), {'w': 0 * w}\n"
    checks = {(c.name, c.witness): c for c in check_module(network, text)}
    assert checks["w", "complex step"].passed
    assert checks["w", "complex step"].note == "vacuous: 0 on both sides"


# Central differences.


def entries_of(x):
    """A vector as a table of its entries."""
    return {(i,): float(v) for i, v in enumerate(x)}


def summed(function, x):
    """A loss as central differences call it: the sum of a function over a vector with some entries moved."""
    return lambda entries: float(function(np.array(list({**entries_of(x), **entries}.values()))).sum())


def test_the_slope_is_that_of_the_step_really_taken():
    x = np.array([1e8, 2.0])
    slope = slope_along(lambda entries: entries[0,], entries_of(x), {(0,): 1.0}, 0.3)
    assert slope.value == pytest.approx(1, abs=1e-12)


def test_a_large_tensor_is_sampled_and_projected():
    x = np.linspace(-1, 1, 1000)
    gradient = {(i,): 3 * v**2 for i, v in enumerate(x)}
    compared = compare_central(summed(lambda v: v**3, x), entries_of(x), gradient, None)
    assert len(compared.pairs) == 24 + 3
    assert compared.error()[0] < 1e-6
    wrong = {key: v + 0.05 for key, v in gradient.items()}
    error, label, key = compare_central(summed(lambda v: v**3, x), entries_of(x), wrong, None).error()
    assert error > 1e-3
    assert key is None or label.startswith("[")


def test_a_step_over_a_kink_is_shrunk_and_one_on_it_skipped():
    x = np.array([1e-7, 0.0, -2.0])
    gradient = {(0,): 1.0, (1,): 0.0, (2,): 0.0}

    def flips(one, other):
        """Does some entry change its side of 0 between the two steps?"""
        return any((x[k] + s > 0) != (x[k] + other[k,] > 0) for (k,), s in one.items())

    compared = compare_central(summed(lambda v: np.maximum(v, 0), x), entries_of(x), gradient, flips)
    assert compared.skipped == 1
    assert compared.error()[0] < 1e-6
    assert compare_central(summed(lambda v: np.maximum(v, 0), x), entries_of(x), gradient, None).error()[0] > 0.1


@pytest.mark.parametrize(
    ("slope", "words"),
    [(math.cos(1.0) + 0.1, "does not depend on h"), (math.cos(1.0), "falls with h")],
)
def test_the_sweep_tells_truncation_from_a_bug(slope, words):
    assert words in sweep(lambda entries: math.sin(entries[()]), {(): 1.0}, (), slope)


def test_the_report_states_bounds_and_no_errors():
    network = tied_network()
    checks = check_module(network, TIED)
    found = report(network, checks)
    assert found["passed"] is True
    assert found["sizes"] == {"N": 3, "D": 5, "H": 2}
    assert {"what": "W", "against": "complex step", "count": 30, "within": 1e-9, "passed": True} in found["checks"]
    assert rows(checks)[0][:2] == ("loss", "interpreter")


def test_widths_may_differ_by_layer():
    """L = sum over layers of sum sin(W[l]): a list of arrays in, a list of arrays out."""
    depth, width = Dim("L"), "D"
    layer = Index("l", Poly.of(depth))
    rows, columns = (Poly.of(DimAt(width, Poly.of(layer) + k)) for k in (0, 1))
    i, j = Index("i", rows), Index("j", columns)
    network = Network(
        "layers", "", (depth,), (Tensor("W", PARAM, (Poly.of(depth), rows, columns), None, layer),),
        (Equation("loss", (), Sum((layer, i, j), Fn("sin", (read("W", layer, i, j),)))),), ("loss",),
    )  # fmt: skip
    text = """
import numpy as np
def loss_and_gradients(*, W):
    return sum(np.sin(w).sum() for w in W), {"W": [np.cos(w) for w in W]}
"""
    assert failures(network, text) == {}
    wrong = failures(network, text.replace("np.cos(w) for", "-np.cos(w) for"))
    assert wrong["W", "complex step"].endswith("the sign is wrong")
    short = failures(network, text.replace("for w in W]", "for w in W[1:]]"))
    assert short["W", "interface"] == "the gradient of W has 2 arrays, where 3 were expected"


@pytest.mark.parametrize(
    "where", ["out['W1'] * np.nan", "out['W1'] + np.where(np.arange(35).reshape(5, 7) == 9, np.nan, 0)"]
)
def test_a_gradient_that_is_no_number_is_named_by_all_witnesses(where):
    """Alone or all of it: an entry that agrees is never named in its place."""
    notes = failures(softmax_network(), planted(SOFTMAX, "return", f"out['W1'] = {where}; return"))
    at = "W1[0, 0]" if where.endswith("np.nan") else "W1[1, 2]"
    assert notes["W1", "complex step"].startswith(f"{at} is nan, the complex step gives ")
    assert notes["W1", "central difference"].startswith(f"{at}: nan, central difference ")
    assert {what for what, _ in notes} == {"W1", "float32", "out reused"}


def test_the_entry_of_a_large_tensor_that_is_no_number_is_named():
    x = np.linspace(-1, 1, 1000)
    gradient = {(i,): math.nan if i == 700 else 3 * v**2 for i, v in enumerate(x)}
    error, label, key = compare_central(summed(lambda v: v**3, x), entries_of(x), gradient, None).error()
    assert (error, label[:10], key) == (math.inf, "[700]: nan", (700,))


def test_a_kink_of_the_slope_is_shrunk_until_the_comparison_holds() -> None:
    """x + c relu(x)^2 at 0, where a full step is off by a little more than the comparison takes."""

    def loss(entries: Entries) -> float:
        (x,) = entries.values()
        return x + 0.825 * max(x, 0.0) ** 2

    compared = compare_central(loss, {(0,): 0.0}, {(0,): 1.0}, lambda ahead, behind: True)
    assert compared.error()[0] <= BOUND
    assert compared.skipped == 0
