"""Sizes that no shape tells, and what facts say of sizes."""

import pytest

from symbp.core.integers import Dim, Poly
from symbp.core.ranges import is_nonnegative, may_be_nonnegative
from symbp.errors import NotationError
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.verify.sizes import choose_sizes

HEAD = 'from symbp import Data, Param, dims, network\n\nN, T, P, A, E, D, K = dims("N T P A E D K")\n\n'


def network(signature, *lines):
    body = "".join(f"    {line}\n" for line in lines)
    return read_network(f"{HEAD}@network\ndef net({signature}):\n{body}", "net.py")


GIVEN = [
    ("x: Data[N, A * E]", "return sum(x.reshape(N, A, E) ** 3)", ("A",)),
    ("x: Data[N, E], z: Data[A * E]", "return sum(x) * sum(z.reshape(A, E) ** 2)", ()),
    ("x: Data[N]", "return sum(x) * K", ("K",)),
    ("x: Data[N]", "return sum(x[n] ** k for n in N for k in K)", ("K",)),
    ("x: Data[A * E, E * D]", "return sum(x) / A / D", ("A",)),
    ("x: Data[N]", "return sum(x)", ()),
]


@pytest.mark.parametrize(("signature", "line", "given"), GIVEN)
def test_sizes_that_no_shape_tells(signature, line, given):
    assert tuple(d.name for d in network(signature, line).given) == given


def test_a_size_is_what_facts_say_that_it_is_at_least():
    t = Dim("T")
    p = Dim("P", 1, (Poly.of(t) + 1,))
    q = Dim("Q", 3, (Poly.of(p) * 2, Poly.of(t) + 5))
    assert is_nonnegative(Poly.of(p) - t - 1)
    assert not is_nonnegative(Poly.of(p) - t - 2)
    assert is_nonnegative(Poly.of(q) - Poly.of(t) * 2 - 2)  # Q >= 2 P >= 2 T + 2
    assert is_nonnegative(Poly.of(q) - 6)  # Q >= T + 5
    assert not is_nonnegative(Poly.of(q) - 7)
    assert may_be_nonnegative(Poly.of(p) - t - 9)
    assert not may_be_nonnegative(Poly.of(t) - p)


def test_a_size_is_no_more_than_a_number():
    t, e = Dim("T", most=1024), Poly.of(Dim("E"))
    assert is_nonnegative(Poly.of(1024) - t)
    assert not is_nonnegative(Poly.of(1023) - t)
    assert is_nonnegative(e * 1024 - e * t)
    text = network("x: Data[T], w: Param[1024]", "assert T <= 1024", "return sum(x * w[:T])")
    assert [d.most for d in text.dims] == [1024]
    with pytest.raises(NotationError, match="goes from 0 to T"):
        network("x: Data[T], w: Param[1024]", "return sum(x * w[:T])")


METHODS = [
    ("(x * 2).reshape(N, A * E).sum()", "sum(reshape(x * 2, N, A * E))"),
    ("x.transpose(2, 0, 1).sum(axis=(1, 2))[0]", "sum(transpose(x, (2, 0, 1)), axis=(1, 2))[0]"),
    ("x.swapaxes(0, 1).mean(axis=0).max()", "max(mean(swapaxes(x, 0, 1), axis=0))"),
    ("(x.max(1) * x.sum((1,))).min() + x.mean(0).sum()", "min(max(x, axis=1) * sum(x, axis=1)) + sum(mean(x, axis=0))"),
    ("x.clip(-1, 1).var(axis=0).min()", "min(var(clip(x, -1, 1), axis=0))"),
]


@pytest.mark.parametrize(("method", "word"), METHODS)
def test_a_method_is_the_word_with_its_array_first(method, word):
    one, other = (network("x: Param[N, A, E]", f"return {said}") for said in (method, word))
    assert write_network(one) == write_network(other)


FACTS = [
    ("assert T <= P", ("T <= P",)),
    ("assert T < P", ("T < P",)),
    ("assert P >= 2 * T + 1", ("P >= 2*T + 1",)),
    ("assert 3 <= T <= P", ("3 <= T", "T <= P")),
    ("assert T <= P and D % A == 0", ("T <= P", "D - A*(D//A) == 0")),
    ("assert T <= A * E", ("T <= A*E",)),
]


def statement(fact):
    return f"{fact.statement.a.value} {fact.statement.op} {getattr(fact.statement.b, 'value', '')}"


@pytest.mark.parametrize(("line", "said"), FACTS)
def test_facts_about_sizes_are_kept_and_written(line, said):
    made = network("x: Data[T, D], p: Param[P, A, E]", line, "return sum(x) * sum(p)")
    assert tuple(statement(f) for f in made.facts) == said
    assert read_network(write_network(made)) == made


def test_one_size_may_be_made_of_others():
    made = network("x: Data[T, D], p: Param[P]", "assert T == 2 * P + 1", "return sum(x) * sum(p)")
    assert [str(d) for d in made.dims] == ["P", "D"]
    assert [str(p) for p in made.shape("x")] == ["2*P + 1", "D"]


def test_what_a_fact_allows_is_inside_and_no_more():
    made = network("x: Data[N, T], p: Param[P]", "assert T < P", "return sum((x + p[1 : T + 1]) ** 2)")
    assert [str(p) for p in made.shape("x")] == ["N", "T"]
    with pytest.raises(NotationError, match="within 0 and P"):
        network("x: Data[N, T], p: Param[P]", "assert T <= P", "return sum((x + p[1 : T + 1]) ** 2)")


def test_a_function_says_what_its_sizes_must_be():
    head = (
        HEAD + 'def halves(x):\n    assert D % 2 == 0, "odd"\n    return x[:, : D // 2] * x[:, D // 2 : D // 2 * 2]\n\n'
    )
    made = read_network(f"{head}@network\ndef net(x: Data[N, D]):\n    return sum(halves(x))\n", "net.py")
    assert [statement(f) for f in made.facts] == ["D - 2*(D//2) == 0"]
    with pytest.raises(NotationError, match="odd"):
        read_network(f"{head.replace('D %', '5 %')}@network\ndef net(x: Data[N, D]):\n    return sum(halves(x))\n")


TRIALS = [
    (("assert T <= P",), lambda s: s["T"] <= s["P"]),
    (("assert 2 * P + 1 <= T",), lambda s: 2 * s["P"] + 1 <= s["T"]),
    (("assert D % A == 0",), lambda s: s["D"] % s["A"] == 0 and s["D"] > s["A"] > 1),
    (("assert T <= 4", "assert P <= 4"), lambda s: s["T"] <= 4 and s["P"] <= 4),
]


@pytest.mark.parametrize(("lines", "holds"), TRIALS)
def test_trial_sizes_obey(lines, holds):
    made = network("x: Data[N, T, D], p: Param[P], z: Data[A]", *lines, "return sum(x) * sum(p) * sum(z)")
    assert holds(choose_sizes(made).values)
