"""The pieces of the calculus by themselves: contraction, guards, first hits."""

from symbp.calculus.contract import contract
from symbp.calculus.derive import derive
from symbp.calculus.guards import cases
from symbp.calculus.match import match
from symbp.core import build
from symbp.core.expr import Read
from symbp.core.guards import settle
from symbp.core.integers import Dim, Index, Poly
from tests.calculus.forms import check_steps, network_of

N, D = Dim("N"), Dim("D")
n, m, d = Index("n", Poly.of(N)), Index("m", Poly.of(N)), Index("d", Poly.of(D))


def read(name: str, *subs: object) -> Read:
    return Read(name, tuple(Poly.of(s) for s in subs))  # type: ignore[arg-type]


def test_a_delta_picks_one_term() -> None:
    result, renamed = contract(build.total((m,), build.mul(read("x", m), build.delta(m, n))))
    assert result == read("x", n)
    assert renamed == ((Poly.of(m), Poly.of(n)),)


def test_a_delta_of_two_free_indices_stays() -> None:
    product = build.mul(read("x", n), build.delta(m, n))
    assert contract(product)[0] == product


def test_a_shift_is_solved_with_its_guard() -> None:
    t = Index("t", Poly.of(N))
    result, renamed = contract(build.total((m,), build.mul(read("x", m), build.delta(Poly.of(m) - 1, t))))
    inside = build.compare("<", build.integer(Poly.of(t) + 1), build.integer(N))
    assert result == build.where(inside, read("x", Poly.of(t) + 1), build.NIL)
    assert renamed == ((Poly.of(m), Poly.of(t) + 1),)


def test_a_coefficient_stays_a_scatter() -> None:
    i = Index("i", Poly.of(N) * 2)
    scatter = build.total((m,), build.mul(read("x", m), build.delta(Poly.of(m) * 2, i)))
    assert contract(scatter)[0] == scatter


def test_ranges_are_not_mixed_up() -> None:
    result, _ = contract(build.total((d,), build.mul(read("x", d), build.delta(d, n))))
    inside = build.compare("<", build.integer(n), build.integer(D))
    assert result == build.where(inside, read("x", n), build.NIL)


def test_what_is_always_true_is_not_asked() -> None:
    choice = build.where(build.compare("<=", build.NIL, build.integer(Poly.of(n) + 1)), read("x", n), build.NIL)
    assert settle(choice) == read("x", n)


def test_one_term_for_each_case() -> None:
    """[t + 1 < N] x[t + 1] + d(t, N - 1) y is x[t + 1] or, at the last t, y."""
    t = Index("t", Poly.of(N))
    inside = build.compare("<", build.integer(Poly.of(t) + 1), build.integer(N))
    guarded = build.where(inside, read("x", Poly.of(t) + 1), build.NIL)
    last = build.mul(read("y", m), build.delta(Poly.of(N) - 1, t))
    assert cases(build.add(guarded, last)) == build.where(inside, read("x", Poly.of(t) + 1), read("y", m))
    first = build.add(guarded, build.mul(read("y", m), build.delta(t, 0)))
    assert cases(first) == first


def test_factors_match_in_any_order() -> None:
    pattern = build.mul(read("x", n), build.add(read("y", n), build.num(1)))
    node = build.mul(build.add(build.num(1), read("y", m)), read("x", m))
    assert match(pattern, node, (n,)) == {n: Poly.of(m)}
    assert match(pattern, build.mul(build.add(build.num(1), read("y", m)), read("x", n)), (n,)) is None


def test_a_maximum_follows_its_first_hit() -> None:
    lines = ("m[n] = max(z[n, k] for k in K)", "return sum(c * m)")
    assert check_steps(derive(network_of("z: Param[N, K], c: Data[N]", *lines))).passed


def test_an_extreme_over_two_indices_and_a_condition() -> None:
    lines = ("m[n: N] = max(z[n, i, j] for i in K for j in H if i + j > 0)", "return sum(c * m)")
    assert check_steps(derive(network_of("z: Param[N, K, H], c: Data[N]", *lines))).passed
