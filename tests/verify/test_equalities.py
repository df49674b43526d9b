"""Equalities: true ones pass, each planted mistake is found and named."""

import pytest

from symbp.core import build as b
from symbp.core.equality import Equality
from symbp.core.expr import Add, Compare, Delta, Fn, Partial, Sum
from symbp.core.integers import Index, Poly
from symbp.core.network import DATA, PARAM, Equation, Fact, Network
from symbp.errors import NoTrial
from symbp.pipeline import Build
from symbp.sources import Source
from symbp.verify.equalities import check_equalities
from tests.verify.nets import DIMS, d, h, index, j, k, n, read, relu, size, softmax_network, tensor, tied_network

m, i = index("m", "N"), index("i", "H")
ADJOINTS = tuple((q, f"{q}_bar") for q in ("x", "y", "W1", "b1", "W2", "b2", "z1", "a1", "z2", "p", "L"))
z2_bar, a1, p = read("z2_bar", n, k), read("a1", n, h), read("p", n, k)
error = b.div(b.sub(p, read("y", n, k)), size("N"))
back = Sum((k,), b.mul(z2_bar, read("W2", h, k)))
seen = Equality(read("z2_bar", n, k), error, "eq (8)")


def all_but_first(index):
    """The index without its first value: a wrong limit."""
    return Index(index.name, index.stop, Poly.of(1))


def over(index, body):
    """The sum over an index whose limits may be wrong."""
    return Sum((index,), body)


def check(lhs, rhs, network=None, adjoints=ADJOINTS):
    """The check of one equality on the example network."""
    return check_equalities(network or softmax_network(), "L", adjoints, [Equality(lhs, rhs, "eq (1)")])


TRUE_ONES = {
    "the adjoint of the loss": (read("L_bar"), b.UNIT),
    "softmax under cross-entropy, with the fact": (z2_bar, error),
    "chain rule": (
        z2_bar,
        Sum((m, j), b.mul(read("p_bar", m, j), Partial(read("p", m, j), read("z2", n, k)))),
    ),
    "softmax's own derivative": (
        Partial(read("p", n, j), read("z2", m, k)),
        b.mul(
            Delta(Poly.of(n), Poly.of(m)),
            read("p", n, j),
            b.sub(Delta(Poly.of(j), Poly.of(k)), read("p", n, k)),
        ),
    ),
    "an entry by an entry": (
        Partial(read("W1", d, h), read("W1", index("e", "D"), i)),
        b.mul(Delta(Poly.of(d), Poly.of(index("e", "D"))), Delta(Poly.of(h), Poly.of(i))),
    ),
    "a product": (read("W2_bar", h, k), Sum((n,), b.mul(a1, z2_bar))),
    "through the sigmoid": (read("z1_bar", n, h), b.mul(back, a1, b.sub(b.UNIT, a1))),
}


@pytest.mark.parametrize(("lhs", "rhs"), TRUE_ONES.values(), ids=TRUE_ONES)
def test_what_is_true_passes(lhs, rhs):
    found = check(lhs, rhs)
    assert found.passed, found.note
    assert (found.count, found.note) == (1, "")


WRONG_ONES = {
    "a sign": (z2_bar, b.neg(error)),
    "a factor": (z2_bar, b.mul(size("N"), error)),
    "a swapped index": (Sum((k,), z2_bar), Sum((k,), b.mul(b.num("1/2"), z2_bar, read("y", n, k)))),
    "a lower limit": (read("W2_bar", h, k), Sum((all_but_first(n),), b.mul(read("a1", all_but_first(n), h), z2_bar))),
    "a local derivative": (Partial(a1, read("z1", m, i)), b.mul(Delta(Poly.of(n), Poly.of(m)), a1)),
    "a missing factor": (read("z1_bar", n, h), b.mul(back, a1)),
    "a fact that does not hold": (Sum((k,), read("y", n, k)), b.num("1.000001")),
}


@pytest.mark.parametrize(("lhs", "rhs"), WRONG_ONES.values(), ids=WRONG_ONES)
def test_what_is_wrong_is_found(lhs, rhs):
    found = check(lhs, rhs)
    assert not found.passed
    assert found.note.startswith("eq (1) ")


def test_a_wrong_limit_is_found():
    """NumPy would sum the whole axis either way; the interpreter goes by the sum's own limits."""
    short = all_but_first(n)
    right = Sum((n,), b.mul(read("a1", n, h), read("z2_bar", n, k)))
    wrong = Sum((short,), b.mul(read("a1", short, h), read("z2_bar", short, k)))
    assert check(read("W2_bar", h, k), right).passed
    assert not check(read("W2_bar", h, k), wrong).passed


def test_a_limit_beyond_the_end_is_named():
    beyond = Index("n", Poly.of(DIMS["N"]) + 1)
    found = check(read("b2_bar", k), Sum((beyond,), read("z2_bar", beyond, k)))
    assert not found.passed
    assert found.note == "eq (1): z2_bar[3, 0] is read, which is outside"


def test_the_first_failure_is_named_with_its_entry():
    wrong = Equality(read("z2_bar", n, k), b.neg(error), "eq (9)")
    found = check_equalities(softmax_network(), "L", ADJOINTS, [seen, wrong, wrong])
    assert found.count == 3
    assert found.note.startswith("eq (9) at n = ")
    assert " against " in found.note
    assert found.note.endswith("2 of 3 equalities fail")


@pytest.mark.parametrize(
    ("rhs", "note"),
    [
        (read("q"), "eq (1): nothing defines q"),
        (read("z2_bar", k, k), "eq (1): z2_bar[3, 3] is read, which is outside"),
        (
            read("a1", Index("n", Poly.of(DIMS["D"])), k),
            "eq (1): both sides use the index n, but with different ranges",
        ),
    ],
)
def test_what_cannot_be_evaluated_fails(rhs, note):
    found = check(read("z2_bar", n, k), rhs)
    assert not found.passed
    assert found.note == note


def test_an_adjoint_is_never_what_an_equation_says():
    """A backward network with a wrong equation does not make that equation true."""
    network = softmax_network()
    wrong = Equation("z2_bar", (n, k), b.neg(error))
    helper = Equation("twice", (n, k), b.mul(b.num(2), z2_bar))
    backward = Network(
        "b", "", network.dims, network.inputs, (*network.equations, wrong, helper), (), network.facts
    )  # fmt: skip
    assert not check(read("z2_bar", n, k), wrong.body, backward).passed
    assert check(read("twice", n, k), b.mul(b.num(2), error), backward).passed


def test_a_fact_that_is_not_declared_is_not_used():
    network = softmax_network()
    free = Network("free", "", network.dims, network.inputs, network.equations, network.outputs)
    assert not check(read("z2_bar", n, k), error, free).passed
    kept = b.sub(b.mul(p, Sum((j,), read("y", n, j))), read("y", n, k))
    assert check(read("z2_bar", n, k), b.div(kept, size("N")), free).passed


def test_both_paths_of_a_shared_weight_count():
    network, bars = tied_network(), (("W", "W_bar"), ("z", "z_bar"), ("r", "r_bar"))
    one = Sum((n,), b.mul(read("x", n, d), read("z_bar", n, h)))
    other = Sum((n,), b.mul(read("r_bar", n, d), read("z", n, h)))
    assert check(read("W_bar", d, h), b.add(one, other), network, bars).passed
    assert not check(read("W_bar", d, h), one, network, bars).passed
    assert not check(read("W_bar", d, h), other, network, bars).passed


def test_vacuous_equalities_are_counted_apart():
    nothing = Equality(Sum((k,), z2_bar), b.NIL, "eq (3)")
    found = check_equalities(softmax_network(), "L", ADJOINTS, [seen, nothing])
    assert found.passed
    assert found.note == "1 vacuous, both sides 0: eq (3)"


def test_the_derivative_at_a_kink_is_nought():
    """relu of 0 is taken from the second branch; the steps go by the real part."""
    network = softmax_network(relu)
    slope = b.where(Compare(">", read("z1", n, h), b.NIL), b.UNIT, b.NIL)
    assert check(read("z1_bar", n, h), b.mul(back, slope), network).passed
    assert not check(read("z1_bar", n, h), back, network).passed


def test_what_cancels_is_worked_out_in_mpmath():
    """1e9 + x - 1e9 loses nine digits to rounding, which is no mistake; one in the eleventh digit still is one."""
    far, x = b.num(10**9), read("x", n)
    lost = b.sub(Sum((n,), b.add(x, far)), b.mul(far, size("N")))
    total = Sum((n,), x)
    network = Network(
        "far", "", (DIMS["N"],), (tensor("x", DATA, "N"),), (Equation("L", (), total),), ("L",)
    )  # fmt: skip
    assert check(lost, total, network, ()).passed
    assert not check(b.mul(b.num("1.00000000001"), lost), total, network, ()).passed


def test_what_cancels_too_much_for_some_digits_is_worked_out_in_more():
    """x + 1e60 - 1e60 has nothing left of 50 digits; one in the eleventh digit still is one."""
    x = read("x", n)
    far = Sum((n,), b.mul(b.num(10**60), b.add(x, b.num(1))))
    lost = b.add(b.sub(Sum((n,), b.add(x, b.mul(b.num(10**60), b.add(x, b.num(1))))), far))
    total = Sum((n,), x)
    network = Network(
        "far", "", (DIMS["N"],), (tensor("x", DATA, "N"),), (Equation("L", (), total),), ("L",)
    )  # fmt: skip
    assert check(lost, total, network, ()).passed
    assert not check(b.mul(b.num("1.00000000001"), lost), total, network, ()).passed


NARROW = """from symbp import Data, Param, dims, network
N, D, K = dims("N D K")
@network
def narrow(x: Data[N, D], y: Data[N], c: Param[K, D], w: Param[K]):
    d[n, k] = sum((x[n, j] - c[k, j]) ** 2 for j in D)
    phi = exp(-500 * d)
    h = phi @ w / sum(phi, axis=1)
    return mean((h - y) ** 2)
"""


def test_values_near_the_end_of_floats_are_no_false_alarm():
    """Of a narrow radial basis, normalised, the largest entry is 1e-50 and others are 0, whose slopes are 1e50."""
    assert Build(Source(NARROW, "narrow.py", "narrow")).equality_check.passed


def test_an_adjoint_that_cancels_is_worked_out_in_mpmath():
    """L = sum (w + 1e9)^2 - w^2 - 2e9 w - 1e18: nothing of its derivative, 0, is left in floats."""
    w, far = read("w", n), 10**9
    square = b.power(b.add(w, b.num(far)), b.num(2))
    body = Add((square, b.neg(b.power(w, b.num(2))), b.mul(b.num(-2 * far + 1), w), b.num(-(far**2))))
    network = Network(
        "far", "", (DIMS["N"],), (tensor("w", PARAM, "N"),), (Equation("L", (), Sum((n,), body)),), ("L",)
    )  # fmt: skip
    assert check(read("w_bar", n), b.UNIT, network, (("w", "w_bar"),)).passed
    assert not check(read("w_bar", n), b.num("1.00000000001"), network, (("w", "w_bar"),)).passed


def test_a_fact_that_cannot_be_drawn_fails_the_check():
    impossible = Fact("F1", Compare("==", Sum((n,), Fn("exp", (read("x", n),))), b.UNIT))
    total = Equation("L", (), Sum((n,), read("x", n)))
    network = Network("net", "", (DIMS["N"],), (tensor("x", PARAM, "N"),), (total,), ("L",), (impossible,))
    found = check(read("L"), read("L"), network, ())
    assert not found.passed
    assert found.note == "fact F1 about x is of no kind for which data can be drawn"


def test_a_drawing_that_had_to_be_tamed_is_said():
    total = Equation("L", (), Sum((n,), Fn("log", (read("x", n),))))
    network = Network("net", "", (DIMS["N"],), (tensor("x", PARAM, "N"),), (total,), ("L",))
    found = check(read("x_bar", n), b.power(read("x", n), b.MINUS), network, (("x", "x_bar"),))
    assert found.passed
    assert found.note == "drawn positive"


def test_an_exponential_without_room_is_asked_at_tamer_data():
    """softplus has a value where the e^z of its derivative written out has none in floats."""
    text = """from symbp import Data, Param, dims, network
N = dims("N")
@network
def net(x: Data[N], w: Param):
    z[n] = 1500 * x[n] * w
    return sum(softplus(z[n]) for n in N)
"""
    checks = Build(Source(text, "net.py", "net")).checks
    assert [c.note for c in checks if not c.passed] == []


def test_a_large_power_of_what_is_negative_is_no_false_alarm():
    """L = sum_n z_n^100, both in floats and in mpmath."""
    z = Equation("z", (n,), Sum((d,), b.mul(read("x", n, d), read("w", d))))
    loss = Equation("L", (), Sum((n,), b.power(read("z", n), b.num(100))))
    inputs = (tensor("x", DATA, "ND"), tensor("w", PARAM, "D"))
    network = Network("steep", "", (DIMS["N"], DIMS["D"]), inputs, (z, loss), ("L",))
    slope = b.mul(b.num(100), b.power(read("z", n), b.num(99)))
    found = check(read("z_bar", n), slope, network, (("z", "z_bar"),))
    assert found.passed, found.note
    assert not check(read("z_bar", n), b.mul(b.num("1.00000001"), slope), network, (("z", "z_bar"),)).passed


def test_a_network_without_a_value_goes_by_the_name_that_its_user_gave():
    z = Equation("z", (n,), b.mul(Fn("log", (b.NIL,)), read("w", n)))
    network = Network(
        "none_backward", "", (DIMS["N"],), (tensor("w", PARAM, "N"),),
        (z, Equation("L", (), Sum((n,), read("z", n)))), ("L",),
    )  # fmt: skip
    with pytest.raises(NoTrial, match=r"at which none has a value: z\[0\] has none \(log\(0\): math") as found:
        check(read("z_bar", n), b.UNIT, network, (("z", "z_bar"),))
    assert found.value.tensor == "z"
