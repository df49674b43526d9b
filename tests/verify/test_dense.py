"""The interpreter by arrays against the plain loops, on random expressions and networks."""

from dataclasses import replace
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from symbp.core import build as b
from symbp.core.equality import Equality
from symbp.core.expr import Add, Compare, Expr, Fn, Int, Mul, Partial, Read, Sum
from symbp.core.integers import Index, Poly
from symbp.core.network import PARAM, Equation, Network, Tensor
from symbp.core.traverse import free_indices
from symbp.errors import CheckFailed
from symbp.verify import by_arrays, chain, elementwise
from symbp.verify import world as world_module
from symbp.verify.draw import draw, draw_inputs
from symbp.verify.equalities import check_equalities
from symbp.verify.interpret import compile_at, entries
from symbp.verify.precise import precise_with_steps
from symbp.verify.sizes import Sizes
from symbp.verify.systems import DOMAIN_ERRORS, FLOATS
from symbp.verify.witness import Witness
from symbp.verify.world import World
from tests.verify.nets import d, k, n, read, size, softmax_network
from tests.verify.random_expressions import SIZES, Maker

RAISED = (CheckFailed, *DOMAIN_ERRORS)


def gauss(generator):
    """Data near 1 of which some are 0 and some tie."""
    return generator.choice((generator.gauss(0, 0.8), generator.randrange(-2, 3) / 2))


def worlds(network, seed, by_arrays=(True, False), **options):
    """The same network at the same data, by arrays and by plain loops."""
    both = [World(network, Sizes(SIZES), by_arrays=way, **options) for way in by_arrays]
    inputs = draw_inputs(both[0], Random(seed), gauss)
    for world in both:
        world.fill(inputs)
    return both


def same(a, b):
    """Up to rounding, and both nan or infinite in the same way."""
    return (np.isnan(a) and np.isnan(b)) or a == b or abs(a - b) <= 1e-9 * max(1, abs(a), abs(b))


def outcome(run, key):
    """The value at a key, or what is raised and says so."""
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        return attempt(lambda: float(run(key)))


def attempt(run):
    """What it gives, or what is raised and says so."""
    try:
        return run()
    except RAISED as error:
        return type(error), str(error)


def as_rows(keys, indices):
    return np.array(keys, np.int64).reshape(len(keys), len(indices))


def first_error(values):
    return next((v for v in values if isinstance(v, tuple)), None)


@pytest.mark.parametrize("wild", [0.0, 0.15])
def test_random_expressions_have_the_value_or_the_error_that_plain_loops_say(wild):
    counts = {"values": 0, "errors": 0}
    for seed in range(400):
        maker = Maker(seed, wild)
        letters = (Index("n", Poly.of(3)), Index("i", Poly.of(4), Poly.of(1)))[: seed % 3]
        expr = maker.expr(letters, 4)
        network = Maker(seed).network(0)
        one, other = worlds(network, seed)
        witness = Witness(one, "loss", {})
        rows = entries(letters, one.scope)
        run = compile_at(expr, letters, other.scope)
        plain = [outcome(run, key) for key in rows]
        error = first_error(plain)
        found = attempt(lambda w=witness, e=expr, i=letters, r=rows: w.values(e, i, as_rows(r, i)))
        if error is not None or isinstance(found, tuple):
            assert found == error, (seed, expr)
            counts["errors"] += 1
        else:
            assert all(map(same, found, plain)), (seed, expr)
            counts["values"] += 1
    assert counts["values"] > (350 if not wild else 100)
    assert counts["errors"] > (0 if not wild else 60)


@pytest.fixture(scope="module")
def networks():
    """Random networks that have a value, with the seed of their data."""
    found = []
    for seed in range(400):
        network = Maker(10_000 + seed).network(3)
        try:
            _, plain = worlds(network, seed)
            plain.force()
            if abs(plain.value("loss")) < 1e6:
                found.append((seed, network))
        except RAISED:
            continue
        if len(found) == 40:
            break
    assert len(found) == 40
    return found


def test_random_networks_have_the_values_that_plain_loops_say(networks):
    for seed, network in networks:
        one, other = worlds(network, seed)
        for equation in network.equations:
            for key in other.keys(equation.name):
                assert same(one.value(equation.name, key), other.value(equation.name, key)), (seed, equation)


def test_what_has_no_value_is_named_with_its_entry():
    """Of networks of which one entry has none the two say the same of the first."""
    count = 0
    for seed in range(150):
        network = Maker(20_000 + seed, 0.1).network(1)
        one, other = worlds(network, seed)
        (equation, *_) = network.equations
        plain = first_error([outcome(lambda k, w=other: w.value("q0", k), key) for key in other.keys("q0")])
        found = attempt(lambda w=one, name=equation.name: w.array(name))
        if plain is not None or isinstance(found, tuple):
            assert found == plain, seed
            count += 1
    assert count > 20


def test_random_local_derivatives_and_readers_are_those_of_plain_loops(networks):
    steps = 0
    for seed, network in networks:
        one, other = (Witness(w, "loss", {}) for w in worlds(network, seed))
        for world in (one.world, other.world):
            world.force()
        labels = [t.name for t in network.inputs if t.kind == "labels"]
        for equation in network.equations:
            for by in one.arrays.forward.reads[equation.name]:
                if by in labels:
                    continue
                dense, plain = one.partials(equation.name, by), other.partials(equation.name, by)
                for key in one.world.keys(by):
                    readers = plain.readers(key)
                    assert dense.readers(key) == readers, (seed, equation, by)
                    for of in readers:
                        assert same(dense[of, key], plain[of, key]), (seed, equation, by, of, key)
                        steps += dense[of, key] != 0
                of, key = one.world.keys(equation.name)[0], one.world.keys(by)[-1]
                assert same(dense[of, key], plain[of, key])
    assert steps > 5000


def test_random_adjoints_are_those_of_full_steps(networks):
    """Through recurrences too; what full steps do not confirm is asked of the plain loops and is not counted."""
    confirmed = 0
    for seed, network in networks:
        names = {q: f"{q} bar" for q in (*network.parameters, *(e.name for e in network.equations))}
        one, other = (Witness(w, "loss", names) for w in worlds(network, seed))
        for witness in (one, other):
            witness.world.force()
        for name in names.values():
            for key in other.adjoints[name].keys_in_order:
                try:
                    plain = other.adjoints[name][key]
                except RAISED:
                    continue
                assert same(one.adjoints[name][key], plain), (seed, name, key)
        confirmed += one._plain is None
    assert confirmed >= 38


def test_random_decisions_change_with_the_data_where_those_of_plain_loops_do(networks):
    """Comparisons and extremes, at data of which some have been moved, a little or far."""
    verdicts = {True: 0, False: 0}
    for seed, network in networks:
        generator = Random(seed)
        inputs = draw_inputs(World(network, Sizes(SIZES)), Random(seed), gauss)
        for step in (1e-3, 0.3, 2.0):
            by = {n: {k: v + step * generator.gauss(0, 1) for k, v in inputs[n].items()} for n in ("x", "w", "s")}
            moved = {**inputs, **by}
            changed = []
            for way in (True, False):
                decisions: list[object] = []
                world = World(network, Sizes(SIZES), FLOATS, decisions, by_arrays=way)
                taken = []
                for data in (inputs, moved):
                    world.fill(data)
                    try:
                        world.value("loss")
                    except RAISED:
                        break
                    taken.append(list(decisions))
                changed.append(taken[0] != taken[1] if len(taken) == 2 else None)
            assert changed[0] == changed[1], (seed, network)
            if changed[0] is not None:
                verdicts[changed[0]] += 1
    assert min(verdicts.values()) > 10


def over(indices, body):
    return Sum(indices, body)


def test_random_expressions_with_local_derivatives_go_along_their_paths(networks):
    """Sums of an adjoint times a local derivative, with more indices, conditions and factors around them."""
    checked = 0
    for seed, network in networks:
        maker = Maker(30_000 + seed)
        names = {e.name: f"{e.name} bar" for e in network.equations if e.name != "loss"}
        one, other = (Witness(w, "loss", names) for w in worlds(network, seed))
        for witness in (one, other):
            witness.world.force()
        for equation in network.equations[:-1]:
            own = tuple(Index(f"{i.name}_", i.stop) for i in equation.indices)
            of = Read(equation.name, tuple(Poly.of(i) for i in own))
            for name in one.arrays.forward.reads[equation.name]:
                shape = network.shape(name)
                if name in ("t", "v"):
                    continue
                by_indices = tuple(Index(f"b{k}", p) for k, p in enumerate(shape))
                path = Partial(of, Read(name, tuple(Poly.of(i) for i in by_indices)))
                factor = maker.expr((*by_indices, *own), 1)
                further = Index("z", Poly.of(2))
                expr: Expr = over(own, Mul((Read(f"{equation.name} bar", of.subs), path, factor)))
                if seed % 3 == 0:
                    expr = over((further, *own), Mul((path, factor, Int(Poly.of(further) + 1))))
                if seed % 3 == 1 and by_indices:
                    here = Compare("<", Int(Poly.of(by_indices[0])), b.num(2))
                    expr = b.where(here, expr, Add((path.by, b.UNIT)))
                rows = entries(by_indices, one.world.scope)
                run = compile_at(expr, by_indices, replace(other.world.scope, partials=other.partials))
                assert set(free_indices(expr)) <= set(by_indices)
                plain = [outcome(run, key) for key in rows]
                found = attempt(lambda w=one, e=expr, i=by_indices, r=rows: w.values(e, i, as_rows(r, i)))
                if first_error(plain) is not None or isinstance(found, tuple):
                    assert found == first_error(plain), (seed, expr)
                    continue
                assert all(map(same, found, plain)), (seed, expr)
                checked += 1
    assert checked > 100


def test_a_chain_that_full_steps_do_not_confirm_is_not_believed(monkeypatch):
    """Of a quantity whose chained derivative is off anywhere the plain loops say the derivative."""
    network, sizes = softmax_network(), Sizes({"N": 3, "D": 5, "H": 7, "K": 2})
    names = {q: f"{q} bar" for q in ("W1", "b1", "z2")}

    def off(forward, loss, partials):
        found = dict(chain.chained(forward, loss, partials))
        found["W1"] = found["W1"] + np.arange(35) * 1e-6
        return found

    right, wrong = (Witness(World(network, sizes), "L", names) for _ in range(2))
    drawn = draw(right.world, "L", 0)
    right.fill(drawn.inputs)
    tables = {name: {key: table[key] for key in table.keys_in_order} for name, table in right.adjoints.items()}
    monkeypatch.setattr(by_arrays, "chained", off)
    wrong.fill(drawn.inputs)
    for name, table in tables.items():
        assert {key: wrong.adjoints[name][key] for key in table} == pytest.approx(table, rel=1e-11, abs=1e-13)
    assert right._plain is None
    assert wrong._plain is not None


def test_a_tiny_entry_takes_a_step_that_is_small_beside_it():
    """L = log(x[0] ** 4) at x[0] = 1e-25, where a step of 1e-30 in x ** 4 is none that a square vanishes beside."""
    letter = Index("i", Poly.of(1))
    x, y = Read("x", (Poly.of(letter),)), Read("y", (Poly.of(letter),))
    network = Network(
        name="tiny",
        doc="",
        dims=(),
        inputs=(Tensor("x", PARAM, (Poly.of(1),)),),
        equations=(
            Equation("y", (letter,), b.power(x, b.num(4))),
            Equation("loss", (), Sum((letter,), Fn("log", (y,)))),
        ),
        outputs=("loss",),
    )
    witness = Witness(World(network, Sizes()), "loss", {"x": "x bar", "y": "y bar"})
    witness.fill({"x": {(0,): 1e-25}})
    assert witness.partials("loss", "y")[(), (0,)] == pytest.approx(1e100, rel=1e-12)
    assert witness.adjoints["x bar"][0,] == pytest.approx(4e25, rel=1e-12)
    assert witness._plain is None


def of_two_entries(body):
    """A network whose loss is a formula of the entries x[0] and x[1] of an array, a sum over one index."""
    letter = Index("i", Poly.of(1))
    entries = [Read("x", (Poly.of(letter) + place,)) for place in (0, 1)]
    loss = Equation("loss", (), Sum((letter,), body(*entries)))
    return Network("tiny", "", (), (Tensor("x", PARAM, (Poly.of(2),)),), (loss,), ("loss",))


@pytest.mark.parametrize("by_arrays", [True, False])
@pytest.mark.parametrize("small", [1e-60, 1e-120])
def test_an_entry_of_nought_takes_a_step_that_is_small_beside_others(by_arrays, small):
    """x[0] / (x[0] + x[1]) is 1 - s/(s + small) of a step s: 1/small at 0 only if s is less than small."""
    network = of_two_entries(lambda a, c: b.div(a, b.add(a, c)))
    witness = Witness(World(network, Sizes(), by_arrays=by_arrays), "loss", {"x": "x bar"})
    witness.fill({"x": {(0,): 0.0, (1,): small}})
    assert witness.adjoints["x bar"][0,] == pytest.approx(1 / small, rel=1e-12)
    assert witness.partials("loss", "x")[(), (0,)] == pytest.approx(1 / small, rel=1e-12)


def test_steps_in_many_digits_are_small_beside_what_floats_cannot_hold():
    """1/x of x = 1e-300, whose step of 1e-200 would be larger than it is."""
    numbers, steps = precise_with_steps()
    network = of_two_entries(lambda a, c: b.div(b.num(1), b.mul(a, c)))
    witness = Witness(World(network, Sizes(), numbers), "loss", {"x": "x bar"}, None, steps)
    at = numbers.number(Fraction(1, 10**300))
    witness.fill({"x": {(0,): at, (1,): at}})
    right = -(at**-3)
    assert abs(witness.adjoints["x bar"][0,] / right - 1) < 1e-40
    assert abs(witness.partials("loss", "x")[(), (0,)] / right - 1) < 1e-40


def test_what_arrays_have_no_rule_for_is_left_to_the_plain_loops(monkeypatch):
    """A node that was added to the language and not yet to this witness."""
    monkeypatch.setattr(world_module, "supports", lambda network: False)
    network = softmax_network()
    error = Add((read("p", n, k), b.neg(read("y", n, k))))
    one, other = (
        check_equalities(network, "L", [("z2", "z2_bar")], [Equality(read("z2_bar", n, k), rhs, "(1)")])
        for rhs in (b.div(error, size("N")), error)
    )
    assert one.passed
    assert not other.passed


def test_equations_that_need_themselves_are_named():
    letter = Index("i", Poly.of(2))
    one = Equation("a", (letter,), Read("c", (Poly.of(letter),)))
    other = Equation("c", (letter,), Add((Read("a", (Poly.of(letter),)), b.UNIT)))
    network = Network("round", "", (), (), (one, other), ("a",))
    with pytest.raises(CheckFailed, match="a, c needs itself"):
        World(network, Sizes()).value("a", (0,))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (elementwise.times(np.array([1e-30j]), np.array([2e-30j])), 0.0),
        (elementwise.inverse(np.array([3 + 1e-30j])), 1 / 3),
        (elementwise.whole_power(np.array([0.3 + 1e-30j]), 5), 0.3**5),
        (elementwise.whole_power(np.array([0.3 + 1e-30j]), -3), 0.3**-3),
        (elementwise.power(np.array([0.3 + 1e-30j]), np.float64(0.7))[0], np.power(0.3, 0.7)),
        (elementwise.function("exp", np.array([0.3 + 1e-30j])), np.exp(0.3)),
    ],
)
def test_a_step_leaves_the_very_real_part_so_that_a_tie_stays_one(found, expected):
    assert found.real[0] == expected
    assert found.imag[0] != 0 or expected == 0


def test_a_derivative_of_a_path_is_not_that_of_an_inner_sum_over_the_same_letter():
    """Of z1[n, h] by x[m, e], along its path, times the sum over all n of the same derivative times n + 1."""
    network, sizes = softmax_network(), Sizes({"N": 3, "D": 5, "H": 7, "K": 2})
    witness = Witness(World(network, sizes), "L", {})
    witness.fill(draw(witness.world, "L", 0).inputs)
    (row, unit), m, e = network.equation("z1").indices, Index("m", n.stop), Index("e", d.stop)
    slope = Partial(read("z1", row, unit), read("x", m, e))
    expr = Sum((row, unit), Mul((slope, Sum((row,), Mul((slope, Int(Poly.of(row) + 1)))))))
    rows = entries((m, e), witness.world.scope)
    run = compile_at(expr, (m, e), witness.scope)
    assert list(witness.values(expr, (m, e), as_rows(rows, (m, e)))) == pytest.approx([run(key) for key in rows])
    weights = witness.world.tables["W1"]
    assert run((1, 0)) == pytest.approx(2 * sum(weights[0, k] ** 2 for k in range(7)))
