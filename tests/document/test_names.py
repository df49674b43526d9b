"""What names become in print: numbers are kept, and no two things look alike."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from symbp.core.integers import Dim, Poly, Quotient
from symbp.document.tex.names import Names, choose_names
from symbp.document.tex.print import Printer


def extent(n: int) -> Poly:
    return Poly.of(Quotient(Poly.of(Dim("I")), Poly.of(n)))


def looks(names: Names) -> list[str]:
    """Everything that is printed for a single entry, a size, a letter or a function."""
    return [
        *(names.entry(t, "") for t in names.tensors),
        *names.sizes.values(),
        *names.indices.values(),
        *names.functions.values(),
        *(look for _, look in names.extents),
    ]


def choose(ranks: dict[str, int], sizes: str = "", indices: str = "", functions: str = "", calls: str = "") -> Names:
    return choose_names(ranks, sizes.split(), indices.split(), functions.split(), calls.split(), {})


CLASHES = [
    choose({"w": 2, "W": 2, "b": 1, "B": 1}),
    choose({"z1": 2, "z_1": 2, "z": 0}),
    choose({"z1": 0, "z_1": 0, "z": 1}),
    choose({"loss": 0, "x": 2}, sizes="L N"),
    choose({"lam": 0, "lambda_": 0, "lamda": 0}),
    choose({"d": 0, "n": 1}, indices="d n m"),
    choose({"delta": 2, "eta": 0, "e": 1}),
    choose({"sigma": 1}, calls="sigmoid"),
    choose({"x": 1}, functions="sigma", calls="sigmoid"),
    choose({"D_1": 0}, sizes="D1"),
    choose({"h1": 1}, indices="h1 h"),
    choose({"u": 0, "v": 0, "s": 0}),
    choose({"hidden_layer": 2, "hiddenlayer": 2, "hidden_layer1": 2}),
    choose({"eps": 0, "epsilon": 0, "varepsilon": 0}),
    choose({"xhat": 2, "x_hat": 1, "x": 2, "X": 1, "Xhat": 2, "xtilde": 1}, indices="x"),
    choose({"gamma_hat": 1, "gammahat": 2, "gamma": 1, "cotangent": 4, "Gamma": 1}),
    choose({"u_mu": 2, "u_xhat": 2, "u": 3, "u_x_hat": 1, "mu": 1, "u_μ": 1}),
    choose({"h": 3, "h0": 2, "H0": 2, "b": 2, "B": 1}, sizes="H"),
    choose({"u_mu": 2, "u_z": 1, "u": 2, "w_mu": 2, "w": 2, "mu": 1, "w1_z": 1, "w1": 0, "z": 3}, indices="z mu"),
    choose_names(
        {"I1": 2, "i": 4}, ["I", "J"], ["i"], [], [], {}, {}, [("I", extent(2)), ("I", extent(3)), ("J", extent(4))]
    ),
]


@pytest.mark.parametrize("names", CLASHES, ids=lambda names: " ".join(names.tensors))
def test_no_two_look_alike(names: Names) -> None:
    found = looks(names)
    assert len(set(found)) == len(found)
    shown = [t for t in names.tensors if t in names.matrices]
    wholes = {t: {names.whole(t), names.slice(t, "", 1).removesuffix("_{}")} for t in shown}
    assert len({look for t in shown for look in wholes[t]}) == sum(len(wholes[t]) for t in shown)


@pytest.mark.parametrize("name", ["W1", "w12", "z_3", "layer2", "alpha7", "a_b3", "very_long_name_of_4", "x1y2"])
def test_the_number_is_kept(name: str) -> None:
    names = choose({name: 2, "x": 1})
    digits = re.sub(r"\D", "", name)
    assert re.sub(r"\D", "", names.entry(name, "")) == digits
    assert re.sub(r"\D", "", names.whole(name)) == digits


TABLE = [
    ("W1", 2, r"W^{(1)}_{dh}", r"\mathbf{W}^{(1)}"),
    ("x", 2, r"x_{dh}", r"\mathbf{X}"),
    ("b", 1, r"b_{dh}", r"\mathbf{b}"),
    ("beta", 1, r"\beta_{dh}", r"\boldsymbol{\beta}"),
    ("h_prev", 1, r"h^{\mathrm{prev}}_{dh}", r"\mathbf{h}^{\mathrm{prev}}"),
    ("Wx", 2, r"W^{\mathrm{x}}_{dh}", r"\mathbf{W}^{\mathrm{x}}"),
    ("hidden", 1, r"\mathit{hidden}_{dh}", r"\mathbf{hidden}"),
    ("xhat", 2, r"\hat{x}_{dh}", r"\hat{\mathbf{X}}"),
    ("x_hat1", 1, r"\hat{x}^{(1)}_{dh}", r"\hat{\mathbf{x}}^{(1)}"),
    ("ln_mu", 1, r"\mathit{ln\_mu}_{dh}", r"\mathbf{ln\_mu}"),
    ("u_mu", 1, r"u^{\mu}_{dh}", r"\mathbf{u}^{\mu}"),
]


@pytest.mark.parametrize(("name", "rank", "entry", "whole"), TABLE)
def test_looks(name: str, rank: int, entry: str, whole: str) -> None:
    names = choose({name: rank})
    assert names.entry(name, "dh") == entry
    assert names.whole(name) == whole


def test_a_scalar_has_its_number_below() -> None:
    assert choose({"w1": 0}).entry("w1", "") == "w_{1}"
    assert choose({"w1": 0, "w": 1}).entry("w1", "") == "w^{(1)}"


def test_a_capital_that_is_taken_is_left_alone() -> None:
    names = choose({"w": 2, "W": 2, "h": 2}, sizes="H")
    assert names.whole("w") == r"\mathbf{w}"
    assert names.whole("W") == r"\mathbf{W}"
    assert names.whole("h") == r"\mathbf{H}"  # a size is not bold


def test_what_a_function_names_inside_has_its_own_letter() -> None:
    names = choose(
        {"u_mu": 2, "u_xhat": 2, "u": 2, "w_mu": 2, "w_s": 2, "w": 2, "q_a": 1, "a": 1, "q": 1, "h_prev": 1, "h": 1}
    )
    entries = [names.entry(t, "n") for t in ("u_mu", "w_mu", "u_xhat", "w_s", "q_a", "a", "h_prev")]
    expected = [r"\mu^{[u]}_{n}", r"\mu^{[w]}_{n}", r"\hat{x}_{n}", "s_{n}", "a^{[q]}_{n}", "a_{n}"]
    assert entries == [*expected, r"h^{\mathrm{prev}}_{n}"]


def test_what_a_function_made_is_named_briefly() -> None:
    """After the first letters of a function of several words; what would be spelt out after what it goes into."""
    calls = "softmax log_softmax batch_norm2d"
    names = choose({"r_softmax_in": 2, "r_softmax": 2, "a_batch_norm2d": 4, "p_log_softmax": 2, "r": 1}, calls=calls)
    assert [names.entry(t, "") for t in ("r_softmax_in", "r_softmax", "a_batch_norm2d", "p_log_softmax")] == [
        r"r^{\mathrm{in}}",
        r"r^{\mathrm{softmax}}",
        r"a^{\mathrm{bn}}",
        r"p^{\mathrm{ls}}",
    ]
    assert choose({"L_prediction": 2, "L": 0}).entry("L_prediction", "") == r"L^{\mathrm{pred}}"
    both = choose({"a_bn": 2, "a_batch_norm2d": 2}, calls=calls)
    assert len(set(looks(both))) == len(looks(both))
    plain = choose({"a_batch_norm2d": 2})
    assert plain.entry("a_batch_norm2d", "") != r"a^{\mathrm{bn}}"


def test_a_long_extent_of_which_another_is_made_is_written_by_its_letter() -> None:
    one, size, window = Poly.of(1), Poly.of(Dim("I")), Poly.of(Dim("U"))
    valid = size + one - window
    half = Poly.of(Quotient(valid, Poly.of(2)))
    names = choose_names({"x": 1}, ["I", "U"], [], [], [], {}, extents=[("I", valid), ("I", half)])
    printer = Printer(names, {})
    assert [printer.poly(p) for p in (valid, half, half + one - window)] == ["I'", "I''", "I'' + 1 - U"]
    first = Printer(replace(names, extents=names.extents[:1]), {})
    assert first.poly(half) == r"\lfloor I'/2\rfloor"
