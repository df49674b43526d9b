"""The interpreter against values worked out by hand."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from symbp.core import build as b
from symbp.core.expr import Add, Compare, Delta, Extreme, Fn, Int, Partial, Pi, Read, Sum
from symbp.core.integers import Dim, DimAt, Index, Poly
from symbp.core.traverse import free_indices
from symbp.errors import CheckFailed
from symbp.verify.child import smooth
from symbp.verify.functions import STOPPED
from symbp.verify.interpret import Scope, compile_at, evaluate
from symbp.verify.precise import precise, precise_with_steps
from symbp.verify.rounding import SIZED, exact
from symbp.verify.sizes import Sizes
from symbp.verify.steps import FAST
from symbp.verify.systems import COMPLEX, EXACT, FLOATS, LANES, REAL_FUNCTIONS, OutsideDomain, whole_power
from symbp.verify.unknown import Smooth, for_module
from tests.verify.nets import TRUE, index, read

A, B = Index("a", Poly.of(Dim("N"))), Index("b", Poly.of(3))
SHORTER = Index("c", Poly.of(A) + 1)  # c <= a
INNER = Index("a", Poly.of(2))  # bears the name of A
X = {(0,): 2.0, (1,): -3.0}
M = {(0, 0): 1.0, (0, 1): 2.0, (0, 2): 3.0, (1, 0): 4.0, (1, 1): 5.0, (1, 2): 6.0}
SCOPE = Scope(Sizes({"N": 2}), {"x": X, "m": M, "t": {(0,): 2, (1,): 0}, "s": {(): 0.5}})
x, m, s = read("x", A), read("m", A, B), read("s")
label = Poly.of(read("t", A))


def far(number):
    """s + number - number, as it stands: `build` would join the numbers."""
    return Add((s, b.num(number), b.num(-number)))


@pytest.mark.parametrize(
    ("expr", "at", "value"),
    [
        (b.num("1e-7"), {}, 1e-7),
        (Pi(), {}, math.pi),
        (Int(Poly.of(Dim("N")) * 3 + 1), {}, 7.0),
        (Int(Poly.of(A) * 2), {"a": 1}, 2.0),
        (b.add(x, s, b.num(1)), {"a": 1}, -1.5),
        (b.mul(b.num(2), x, s), {"a": 0}, 2.0),
        (b.div(s, x), {"a": 0}, 0.25),
        (b.power(s, b.num(3)), {}, 0.125),
        (b.power(s, b.num("1/2")), {}, math.sqrt(0.5)),
        (b.power(b.num(2), x), {"a": 1}, 0.125),
        (Fn("exp", (x,)), {"a": 0}, math.exp(2)),
        (Fn("abs", (x,)), {"a": 1}, 3.0),
        (Fn("sign", (x,)), {"a": 1}, -1.0),
        (Sum((A,), x), {}, -1.0),
        (Sum((A, B), m), {}, 21.0),
        (Sum((B,), m), {"a": 1}, 15.0),
        (Sum((SHORTER,), read("x", SHORTER)), {"a": 0}, 2.0),  # a sum's own limit
        (Sum((SHORTER,), read("x", SHORTER)), {"a": 1}, -1.0),
        (Sum((A,), b.mul(x, Sum((INNER,), read("x", INNER)), x)), {}, -13.0),  # an inner index of the same name
        (Delta(Poly.of(A), Poly.of(1)), {"a": 1}, 1.0),
        (Sum((A,), b.mul(Delta(Poly.of(A), Poly.of(1)), x)), {}, -3.0),
        (b.where(Compare(">", x, b.NIL), x, b.NIL), {"a": 1}, 0.0),
        (b.where(Compare(">", x, b.NIL), Fn("log", (x,)), b.NIL), {"a": 1}, 0.0),  # the other branch would raise
        (Extreme("max", (A, B), m, TRUE), {}, 6.0),
        (Extreme("min", (B,), m, TRUE), {"a": 1}, 4.0),
        (Extreme("max", (A, B), m, Compare("<", m, b.num(4))), {}, 3.0),
        (read("m", A, label), {"a": 0}, 3.0),
        (read("m", Poly.of(A) * -1 + 1, 2), {"a": 0}, 6.0),
    ],
)
def test_an_expression_is_what_its_definition_says(expr, at, value):
    assert evaluate(expr, SCOPE, **at) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    ("cond", "value"),
    [
        (Compare("<", x, s), True),
        (b.both(Compare("<", x, s), Compare("==", x, b.num(-3))), True),
        (b.either(Compare(">", x, s), Compare("!=", x, b.num(-3))), False),
        (b.negate(Compare(">=", x, s)), True),
    ],
)
def test_a_condition_is_true_or_false(cond, value):
    assert compile_at(cond, (A,), SCOPE)((1,)) is value


def test_fractions_are_exact():
    scope = Scope(Sizes({"N": 2}), {"x": {(0,): Fraction(1, 3), (1,): Fraction(1, 7)}}, EXACT)
    assert evaluate(Sum((A,), b.power(x, b.num(2))), scope) == Fraction(58, 441)
    with pytest.raises(OutsideDomain, match="exp has no exact value"):
        evaluate(Fn("exp", (x,)), scope, a=0)


def test_mpmath_keeps_what_floats_cancel():
    expr = far(10**20)
    difference = b.sub(Fn("exp", (b.add(s, b.num("1e-30")),)), Fn("exp", (s,)))
    numbers = precise(60)
    scope = Scope(Sizes(), {"s": {(): numbers.number(Fraction(1, 2))}}, numbers)
    assert evaluate(expr, scope) == 0.5
    assert evaluate(expr, SCOPE) == 0
    assert float(evaluate(difference, scope)) == pytest.approx(math.exp(0.5) * 1e-30, rel=1e-12)
    assert evaluate(difference, SCOPE) == 0


@pytest.mark.parametrize("name", sorted(set(REAL_FUNCTIONS) - {STOPPED}))
@pytest.mark.parametrize("at", ["0.3", "1.7"])
def test_mpmath_steps_keep_all_digits(name, at):
    numbers, steps = precise_with_steps(50)
    call, x = numbers.functions[name], numbers.number(Fraction(at))
    slope = steps.slope(call(x + steps.along(1)))
    around = [call(x + numbers.number(Fraction(k, 10**15))) for k in (-2, -1, 1, 2)]
    numeric = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / 12 * 10**15
    assert abs(slope - numeric) < 1e-30
    assert call(x + steps.along(1)).real == call(x)


@pytest.mark.parametrize("name", sorted(set(REAL_FUNCTIONS) - {STOPPED}))
@pytest.mark.parametrize("at", [0.3, 1.7])
def test_every_function_has_its_slope_in_every_number_system(name, at):
    call = REAL_FUNCTIONS[name]
    slope = (call(at + 1e-6) - call(at - 1e-6)) / 2e-6
    one = COMPLEX.functions[name](complex(at, 1e-30))
    many = LANES.functions[name](np.array([complex(at, 1e-30), complex(at, 2e-30)]))
    assert LANES.functions[name](at) == FLOATS.functions[name](at) == call(at)
    assert one.real == pytest.approx(call(at), rel=1e-14)
    assert [one.imag * 1e30, *(many.imag * 1e30)] == pytest.approx([slope, slope, 2 * slope], rel=1e-8)


@pytest.mark.parametrize("at", [0.3, -1.7])
def test_what_counts_as_a_constant_has_its_value_and_no_slope(at):
    numbers, steps = precise_with_steps(50)
    x = numbers.number(Fraction(at))
    assert numbers.functions[STOPPED](x + steps.along(1)).real == x
    assert steps.slope(numbers.functions[STOPPED](x + steps.along(1))) == 0
    assert REAL_FUNCTIONS[STOPPED](at) == at
    assert COMPLEX.functions[STOPPED](complex(at, 1e-30)) == complex(at, 0)
    assert list(LANES.functions[STOPPED](np.array([complex(at, 1e-30), complex(at, 2e-30)]))) == [at, at]
    assert EXACT.functions[STOPPED](Fraction(1, 3)) == Fraction(1, 3)


def test_what_is_held_stays_where_it_was():
    """The value of stop_gradient before anything moved, for each value of the letters around it."""
    i = Index("i", Poly.of(2))
    tables = {"x": {(0,): 2.0, (1,): 3.0}}
    scope = Scope(Sizes(), tables, held={})
    total = Sum((i,), b.mul(Read("x", (Poly.of(i),)), Fn(STOPPED, (Read("x", (Poly.of(i),)),))))
    assert evaluate(total, scope) == 13
    tables["x"][1,] = 5.0
    assert evaluate(total, scope) == 4 + 5 * 3
    assert evaluate(total, replace(scope, held=None)) == 4 + 25


@pytest.mark.parametrize("value", [-0.5, 0.0])
def test_what_has_no_value_is_said(value):
    scope = Scope(Sizes(), {"s": {(): value}}, COMPLEX)
    with pytest.raises(ArithmeticError):
        evaluate(b.power(s, b.num("-1/2")), scope)
    with pytest.raises(OutsideDomain):
        evaluate(Fn("log", (s,)), scope)


@pytest.mark.parametrize("orders", [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (1, 2)])
def test_an_unknown_function_is_smooth_and_its_partials_are_its_own(orders):
    f, h = Smooth(1, 2), 1e-5
    at = (0.4, -0.7)
    for arg in (0, 1):
        ahead, behind = ([u + sign * h * (k == arg) for k, u in enumerate(at)] for sign in (1, -1))
        slope = (f.value(orders, ahead, FLOATS) - f.value(orders, behind, FLOATS)) / (2 * h)
        higher = [o + (k == arg) for k, o in enumerate(orders)]
        assert f.value(higher, at, FLOATS) == pytest.approx(slope, rel=1e-7)


def test_a_module_gets_the_same_function():
    functions = {"f": Smooth(0, 2)}
    given = for_module("f_d12", functions)
    assert given is not None
    assert smooth(given)(0.4, -0.7) == pytest.approx(Smooth(0, 2).value((1, 1), (0.4, -0.7), FLOATS))
    assert for_module("f_d3", functions) is None
    assert for_module("out", functions) is None


def test_what_cannot_be_read_is_named():
    with pytest.raises(CheckFailed, match="nothing defines q"):
        evaluate(read("q"), SCOPE)
    with pytest.raises(CheckFailed, match="nothing says what the index a is"):
        compile_at(x, (), SCOPE)
    with pytest.raises(CheckFailed, match="nothing says how large K is"):
        evaluate(Sum((index("k", "K"),), b.UNIT), SCOPE)
    with pytest.raises(Exception, match="needs a scope with `partials`"):
        evaluate(Partial(x, x), SCOPE, a=0)


def test_sizes_may_differ_by_layer():
    layer = Index("l", Poly.of(2))
    inside = Index("i", Poly.of(DimAt("D", Poly.of(layer) + 1)))
    assert evaluate(Sum((layer, inside), b.UNIT), SCOPE) == 5 + 2


@pytest.mark.parametrize(
    ("expr", "value", "size"),
    [
        (far(10**9), 0.5, 2e9),
        (b.mul(b.num(3), b.sub(s, b.num(1))), -1.5, 4.5),
        (Fn("exp", (far(100),)), math.exp(0.5), math.exp(0.5) * 201.5),
        (b.power(b.sub(s, b.num(1)), b.num(-1)), -2.0, 8.0),
        (Fn("f", (s,), (1,)), None, None),
    ],
)
def test_the_size_of_what_cancels(expr, value, size):
    scope = Scope(Sizes(), {"s": {(): exact(0.5)}}, SIZED, {"f": Smooth(0, 1)})
    found = evaluate(expr, scope)
    plain = evaluate(expr, Scope(Sizes(), {"s": {(): 0.5}}, FLOATS, {"f": Smooth(0, 1)}))
    assert found.value == pytest.approx(plain if value is None else value)
    assert found.size >= abs(found.value) if size is None else found.size == pytest.approx(size, rel=1e-6)


def dense(expr, at):
    """The value with every delta evaluated at every term: as a term beside 0 it is no factor of the body."""
    return evaluate(Sum(expr.indices, Add((expr.body, b.NIL))), SCOPE, **at)


O, U = Index("o", Poly.of(4)), Index("u", Poly.of(3))
CELL = Index("c", Poly.of(11))
SHIFTED = Index("o", Poly.of(4), Poly.of(1))


@pytest.mark.parametrize(
    "expr",
    [
        Sum((O, U), b.mul(Int(Poly.of(O) * 7 + U), Delta(Poly.of(O) * 2 + U, Poly.of(CELL)))),
        Sum((U, O), b.mul(Int(Poly.of(O) * 7 + U), Delta(Poly.of(CELL), Poly.of(U) - Poly.of(O) * 3 + 9))),
        Sum((SHIFTED, U), b.mul(Int(Poly.of(SHIFTED) + U), Delta(Poly.of(SHIFTED) * 2 + U, Poly.of(CELL)))),
        Sum((O, U), b.mul(Int(Poly.of(O) + U), Delta(Poly.of(O), Poly.of(U)), Delta(Poly.of(U), Poly.of(CELL)))),
        Sum((O,), b.mul(Int(Poly.of(O) + 1), Delta(Poly.of(O) * 2, Poly.of(O) + CELL))),
        Sum((O, U), b.mul(Int(Poly.of(O) + 1), Delta(Poly.of(O) * O, Poly.of(CELL)))),
        Sum((O, SHORTER), b.mul(Int(Poly.of(O) + 1), Delta(Poly.of(O), Poly.of(SHORTER)))),
    ],
)  # fmt: skip
def test_a_sum_goes_only_to_what_its_deltas_leave(expr):
    cells = range(11) if CELL in free_indices(expr) else range(1)
    values = [evaluate(expr, SCOPE, **{i.name: c for i in free_indices(expr)}) for c in cells]
    assert values == [dense(expr, {i.name: c for i in free_indices(expr)}) for c in cells]
    assert any(values)


def test_large_powers_keep_a_small_step():
    """Python and NumPy take large powers of complex numbers by polar form, and mpmath all but the smallest."""
    number, steps = precise_with_steps()
    for n in (3, 15, 100, 200, -100):
        slope = n * (-1.3) ** (n - 1)
        lanes = whole_power(-1.3 + FAST.lanes([0.2, -1.3])[1], n)
        assert FAST.slopes(lanes, [0.2, -1.3]) == [0, pytest.approx(slope, rel=1e-13)]
        assert whole_power(-1.3 + 1e-30j, n).imag / 1e-30 == pytest.approx(slope, rel=1e-13)
        base = number.number(Fraction(-13, 10))
        value = number.power(base + steps.lanes([base])[0], number.number(Fraction(n)))
        assert float(steps.slopes(value, [base])[0]) == pytest.approx(slope, rel=1e-13)
        assert whole_power(-1.3, n) == (-1.3) ** n


@pytest.mark.parametrize("count", [1, 3, 40])
def test_many_steps_at_once_are_the_steps_one_by_one(count):
    values = [0.3 * k - 2 for k in range(count)]
    rows = FAST.moved(values)
    assert [list(row) for row in rows] == [list(v + s) for v, s in zip(values, FAST.lanes(values), strict=True)]


@pytest.mark.parametrize("coefficient", [1, 2, 3])
def test_a_tied_index_takes_its_one_value_and_no_other(coefficient):
    """The sum over i of (i + 1) * delta(c*i + shift, j) for each j, against the sum over all i."""
    i, j = Index("i", Poly.of(4)), Index("j", Poly.of(15))
    for shift in (-2, 0, 1):
        term = b.mul(b.add(Int(Poly.of(i)), b.UNIT), Delta(Poly.of(i) * coefficient + shift, Poly.of(j)))
        run = compile_at(Sum((i,), term), (j,), Scope(Sizes(), {}))
        expected = [sum(v + 1 for v in range(4) if coefficient * v + shift == at) for at in range(15)]
        assert [run((at,)) for at in range(15)] == expected
