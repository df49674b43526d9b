"""Sizes, worlds and drawn data."""

import pytest

from symbp.core import build as b
from symbp.core.expr import Compare, Fn, Int, Read, Sum
from symbp.core.integers import Dim, Index, Poly, quotient
from symbp.core.network import DATA, LABELS, PARAM, Equation, Fact, Network, Tensor
from symbp.errors import CheckFailed
from symbp.notation.read import read_network
from symbp.verify.draw import ROOTS, draw
from symbp.verify.equal_entries import can_tie
from symbp.verify.kinks import Branches
from symbp.verify.sizes import PRIMES, Sizes, choose_sizes, other_sizes
from symbp.verify.world import World
from tests.verify.nets import DIMS, read, softmax_network, tensor, tied_network

I, J = Index("i", Poly.of(3)), Index("j", Poly.of(4))


def small(inputs, facts=(), loss=None, dims=()):
    """A network whose loss is the sum of x, unless another is given."""
    total = Sum((I, J), read("x", I, J)) if loss is None else loss
    return Network("small", "", tuple(Dim(d) for d in dims), inputs, (Equation("L", (), total),), ("L",), facts)


def matrix(*shape):
    """The input x with literal sizes."""
    return (Tensor("x", DATA, tuple(Poly.of(n) for n in shape)),)


@pytest.mark.parametrize(
    ("network", "sizes"),
    [
        (softmax_network(), {"N": 3, "D": 5, "H": 7, "K": 2}),
        (tied_network(), {"N": 3, "D": 5, "H": 2}),
        (small(matrix(3, 4)), {}),
    ],
)
def test_sizes_are_the_smallest_distinct_primes(network, sizes):
    assert choose_sizes(network).values == sizes


def test_every_extent_is_at_least_two():
    T, U = Poly.of(Dim("T")), Poly.of(Dim("U"))
    x = Tensor("x", DATA, (T - U * 2,))
    found = choose_sizes(small((x,), loss=b.NIL, dims="TU"))
    assert found["T"] - 2 * found["U"] >= 2
    with pytest.raises(CheckFailed, match="no small sizes"):
        choose_sizes(small((Tensor("x", DATA, (T - 200,)),), loss=b.NIL, dims="T"))


def test_long_loops_get_small_sizes():
    indices = tuple(Index(n.lower(), Poly.of(Dim(n))) for n in "ABCDEF")
    x = Tensor("x", DATA, tuple(i.stop for i in indices))
    lonely = Tensor("y", DATA, (Poly.of(Dim("N")),))
    found = choose_sizes(small((x, lonely), loss=Sum(indices, read("x", *indices)), dims="NABCDEF"))
    assert sorted(found.values.values()) == sorted(PRIMES[:7])
    assert found["N"] == 17  # the one size over which nothing loops


def range_of(low, high):
    """The fact low <= x <= high."""
    x = read("x", I, J)
    return Fact("F1", b.both(Compare("<=", b.num(low), x), Compare("<=", x, b.num(high))))


def rows_sum_to(value):
    """The fact that every row of x sums to a number."""
    return Fact("F2", Compare("==", Sum((J,), read("x", I, J)), b.num(value)))


ONE_OF = Fact("F3", b.either(*(Compare("==", read("x", I, J), b.num(v)) for v in (0, 1))))
MEAN = Fact("F4", Compare("==", b.mul(b.num("1/4"), Sum((J,), read("x", I, J))), b.num(2)))
POSITIVE = Fact("F5", Compare(">", read("x", I, J), b.NIL))


@pytest.mark.parametrize(
    ("facts", "holds"),
    [
        ((rows_sum_to(1),), lambda rows: all(abs(sum(r) - 1) < 1e-12 for r in rows) and min(map(min, rows)) < 0),
        ((range_of(2, 3),), lambda rows: all(2 <= v <= 3 for r in rows for v in r)),
        ((range_of(0, 1), rows_sum_to(1)), lambda rows: all(abs(sum(r) - 1) < 1e-12 and min(r) >= 0 for r in rows)),
        ((ONE_OF,), lambda rows: {v for r in rows for v in r} == {0, 1}),
        ((ONE_OF, rows_sum_to(1)), lambda rows: all(sorted(r) == [0, 0, 0, 1] for r in rows)),
        ((MEAN,), lambda rows: all(abs(sum(r) - 8) < 1e-12 for r in rows)),
        ((POSITIVE,), lambda rows: min(map(min, rows)) > 0),
    ],
)
def test_drawn_data_obey_the_facts(facts, holds):
    world = World(small(matrix(3, 4), facts), Sizes())
    entries = draw(world, "L", 0).inputs["x"]
    assert holds([[entries[i, j] for j in range(4)] for i in range(3)])


def test_a_symmetric_matrix():
    i, j = Index("i", Poly.of(3)), Index("j", Poly.of(3))
    fact = Fact("F1", Compare("==", read("x", i, j), read("x", j, i)))
    entries = draw(World(small(matrix(3, 3), (fact,), loss=b.NIL), Sizes()), "L", 0).inputs["x"]
    assert all(entries[p, q] == entries[q, p] for p, q in entries)
    assert len(set(entries.values())) == 6


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ((range_of(0, 1), rows_sum_to(9)), "no data could be drawn that obey fact F1 at i = 0, j = "),
        ((ONE_OF, rows_sum_to(9)), "no data could be drawn that obey fact F2 at i = 0"),
        (
            (Fact("F6", Compare("==", Sum((J,), Fn("exp", (read("x", I, J),))), b.UNIT)),),
            "fact F6 about x is of no kind for which data can be drawn",
        ),
    ],
)
def test_a_fact_that_cannot_be_met_is_said(facts, message):
    with pytest.raises(CheckFailed, match=message):
        draw(World(small(matrix(3, 4), facts), Sizes()), "L", 0)


@pytest.mark.parametrize(
    ("body", "manner"),
    [
        (Fn("tanh", (read("x", I, J),)), ""),
        (Fn("log", (read("x", I, J),)), "drawn positive"),
        (Fn("log", (b.sub(b.UNIT, b.power(read("x", I, J), b.num("1/2"))),)), "drawn between 0 and 1"),
    ],
)
def test_outside_a_domain_is_drawn_again(body, manner):
    world = World(small(matrix(3, 4), loss=Sum((I, J), body)), Sizes())
    assert draw(world, "L", 0).manner == manner


def test_no_value_anywhere_is_said():
    body = Fn("log", (b.neg(b.power(read("x", I, J), b.num(2))),))
    with pytest.raises(
        CheckFailed, match=r"no data found at which small has a value: L has none \(log\(-.*math domain"
    ):
        draw(World(small(matrix(3, 4), loss=Sum((I, J), body)), Sizes()), "L", 0)


def test_labels_count_classes_and_seeds_differ():
    t = Tensor("t", LABELS, (Poly.of(50),), classes=Poly.of(3))
    world = World(small((t,), loss=b.NIL), Sizes())
    one, same, two = (draw(world, "L", seed).inputs["t"] for seed in (0, 0, 1))
    assert set(one.values()) == {0, 1, 2}
    assert one == same != two


def test_a_recurrence_reads_itself():
    t = Index("t", Poly.of(DIMS["N"]))
    before = Poly.of(t) - 1
    start = Compare("==", Int(Poly.of(t)), b.NIL)
    h = Equation("h", (t,), b.where(start, read("w"), b.mul(read("w"), read("h", before))))
    last = Equation("L", (), read("h", Poly.of(DIMS["N"]) - 1))
    network = Network("power", "", (DIMS["N"],), (tensor("w", PARAM),), (h, last), ("L",))
    world = World(network, Sizes({"N": 5}))
    world.fill({"w": {(): 2.0}})
    assert world.value("L") == 32


def test_a_read_outside_is_an_error():
    world = World(small(matrix(3, 3)), Sizes())
    world.fill({"x": {(i, j): 1.0 for i in range(3) for j in range(3)}})
    with pytest.raises(CheckFailed, match=r"x\[0, 3\] is read, which is outside"):
        world.value("L")


def test_parallel_extents_differ_and_large_windows_stay_cheap():
    """Two poolings after each other: (I - 1)//2 and (J - 1)//2 are dimensions of one tensor."""
    (i, j), (u, v) = ((Poly.of(Dim(a)) for a in names) for names in ("IJ", "UV"))
    rows, columns = (quotient(a - b + 1, Poly.of(2)) for a, b in ((i, u), (j, v)))
    x = Tensor("x", DATA, (Poly.of(Dim("N")), rows, columns))
    sizes = choose_sizes(small((x,), loss=b.NIL, dims="NIJUV"))
    one, other = ((sizes[a] - sizes[b] + 1) // 2 for a, b in ("IU", "JV"))
    assert one >= 2
    assert other >= 2
    assert one != other


def test_sizes_that_meet_nowhere_may_be_the_same():
    """A loop over six sizes, of which three are a tensor: distinct primes would make it 30030 long."""
    indices = tuple(Index(n.lower(), Poly.of(Dim(n))) for n in "ABCDEF")
    x, y = (Tensor(name, DATA, tuple(i.stop for i in part)) for name, part in (("x", indices[:3]), ("y", indices[3:])))
    loss = Sum(indices, b.mul(read("x", *indices[:3]), read("y", *indices[3:])))
    network = small((x, y), loss=loss, dims="ABCDEF")
    found = choose_sizes(network)
    assert [found[n] for n in "ABCDEF"] == [3, 2, 5, 2, 3, 5]
    assert other_sizes(network, found, 1) is found
    other = other_sizes(network, found, 40)
    assert all(other[a] != other[b] for a, b in ("AE", "BD", "CF"))


@pytest.mark.parametrize(
    ("body", "ties"),
    [
        (Fn("abs", (read("x", I, J),)), True),
        (b.where(Compare(">", b.mul(read("x", I, J), b.num("3/4")), b.NIL), b.UNIT, b.NIL), True),
        (Fn("tanh", (Fn("abs", (read("x", I, J),)),)), False),
        (Fn("abs", (b.div(read("x", I, J), b.num(3)),)), False),
        (Fn("tanh", (read("x", I, J),)), False),
        (b.power(read("x", I, J), b.num(2)), False),
    ],
)
def test_one_draw_has_ties_where_choices_see_exact_numbers(body, ties):
    world = World(small(matrix(3, 4), loss=Sum((I, J), body)), Sizes())
    values = list(draw(world, "L", 1).inputs["x"].values())
    assert can_tie(world.network) is ties
    assert (len(set(values)) < len(values)) is ties


def test_what_was_decided_at_a_draw_is_what_is_decided_at_its_data():
    """Attempts that failed, and the facts about the data, leave nothing among the decisions."""
    positive = Compare(">", read("x", I, J), b.num("1/2"))
    root = b.power(read("x", I, J), b.num("1/2"))
    fact = Fact("1", Compare("!=", read("x", I, J), b.num(5)))
    network = small(matrix(3, 4), (fact,), loss=Sum((I, J), b.where(positive, root, b.neg(root))))
    branches = Branches(network, "L", Sizes())
    for seed in range(3):
        taken = branches.taken(draw(branches.world, "L", seed).inputs)
        assert branches.drawn(seed) == taken
        assert len(taken) == 12


def equal(a, b_, sign=1):
    """x at one place is `sign` times x at another."""
    return Fact("F7", Compare("==", a, b_ if sign > 0 else b.neg(b_)))


SQUARE_I, SQUARE_J = Index("i", Poly.of(3)), Index("j", Poly.of(3))
TURNED = equal(read("x", SQUARE_I, SQUARE_J), read("x", SQUARE_J, SQUARE_I))
OPPOSITE = equal(read("x", SQUARE_I, SQUARE_J), read("x", SQUARE_J, SQUARE_I), -1)
NO_DIAGONAL = Fact("F8", Compare("==", read("x", SQUARE_I, SQUARE_I), b.NIL))
UNIT_ROWS = Fact("F9", Compare("==", Sum((SQUARE_J,), read("x", SQUARE_I, SQUARE_J)), b.UNIT))


def drawn_square(*facts):
    """The entries of a drawn 3 x 3 matrix, row by row."""
    entries = draw(World(small(matrix(3, 3), facts, loss=b.NIL), Sizes()), "L", 0).inputs["x"]
    return [[entries[i, j] for j in range(3)] for i in range(3)]


def test_an_antisymmetric_matrix():
    x = drawn_square(OPPOSITE)
    assert all(x[i][j] == -x[j][i] for i in range(3) for j in range(3))
    assert len({abs(v) for row in x for v in row}) == 4  # three numbers and the 0 of the diagonal


def test_a_zero_diagonal_leaves_the_rest_alone():
    x = drawn_square(TURNED, NO_DIAGONAL)
    assert [x[i][i] for i in range(3)] == [0, 0, 0]
    assert all(x[i][j] == x[j][i] != 0 for i in range(3) for j in range(i))


def test_symmetry_and_sums_of_rows_come_true_together():
    x = drawn_square(TURNED, UNIT_ROWS)
    assert all(x[i][j] == x[j][i] for i in range(3) for j in range(3))
    assert all(abs(sum(row) - 1) < 1e-12 for row in x)
    assert len({round(v, 9) for row in x for v in row}) == 6


def test_with_a_zero_diagonal_too_there_is_but_one_such_matrix():
    x = drawn_square(TURNED, NO_DIAGONAL, UNIT_ROWS)
    assert all(abs(x[i][j] - (i != j) / 2) < 1e-12 for i in range(3) for j in range(3))


def test_two_tensors_that_are_equal():
    K = Index("k", Poly.of(4))
    tensors = tuple(Tensor(n, DATA, (Poly.of(4),)) for n in "xy")
    fact = Fact("F1", Compare("==", read("x", K), b.neg(read("y", K))))
    inputs = draw(World(small(tensors, (fact,), loss=b.NIL), Sizes()), "L", 0).inputs
    assert [inputs["x"][key] for key in inputs["x"]] == [-inputs["y"][key] for key in inputs["y"]]
    assert len(set(inputs["x"].values())) == 4


def test_a_window_that_reads_the_same_from_both_ends():
    K = Index("k", Poly.of(5))
    fact = Fact("F1", Compare("==", read("x", K), Read("x", (Poly.of(4) - K,))))
    entries = draw(World(small(matrix(5), (fact,), loss=b.NIL), Sizes()), "L", 0).inputs["x"]
    assert [entries[k,] for k in range(5)] == [entries[4 - k,] for k in range(5)]
    assert len(set(entries.values())) == 3


VARIANCE = """from symbp import Data, Param, dims, network

N, D = dims("N D")


@network
def net(x: Data[N, D], v: Data[D], m: Data[D], W: Param[D, D]):
    h = (x - m) / sqrt(v + 0.1)
    return sum((relu(h @ W) - x) ** 2)
"""


def test_a_variance_is_drawn_positive_and_nothing_else() -> None:
    """What stands alone under a root has to be; x, m and W keep both signs."""
    network = read_network(VARIANCE, "net.py", "net")
    drawn = draw(World(network, choose_sizes(network)), network.outputs[0], 0)
    assert drawn.manner == ROOTS[0][0]
    assert min(drawn.inputs["v"].values()) > 0
    for name in ("x", "m", "W"):
        assert min(drawn.inputs[name].values()) < 0 < max(drawn.inputs[name].values())
