"""SymPy proves what was derived, and calls wrong what is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbp import networks
from symbp.core import build as make
from symbp.core.equality import SYMPY
from symbp.core.expr import Fn, Read
from symbp.derived import symbolic_subject
from symbp.pipeline import Build
from symbp.sources import find_source
from symbp.symbolic.check import IMPATIENT, IN_BUILD, check_symbolic
from symbp.symbolic.prove import EVALUATED, PROVED, WRONG
from tests import shared
from tests.mutation.survey import LARGE, OWN, OWN_NETWORKS
from tests.symbolic.subjects import build_of, found_by_interpreter, found_by_symbols, planted, subject_of

# How many adjoints and local derivatives there are, entry by entry, and at which sizes; all of them are proved.
BUILT_IN = {
    "generic_neuron": "11 proved",
    "sigmoid_softmax": "204 proved at N = 3, D = 2, H = 2, K = 2",
    "batch_norm_mlp": "358 proved at N = 3, D = 2, H = 2, K = 2",
    "attention_head": "3064 proved at B = 4, T = 2, D = 2, E = 3",
    "max_pool_layer": "180 proved at N = 2, C = 2, I = 3, J = 3",
}


@pytest.mark.parametrize("name", shared.in_turns(gpt2=30))
def test_every_built_in_network_is_proved(name: str) -> None:
    check = check_symbolic(subject_of(shared.build_of(name)))
    assert (check.error, check.bound) == (0, 0)
    assert check.note.startswith(f"{check.count} proved")
    assert check.note == BUILT_IN.get(name, check.note)


# text of a network, how its claims come out
OTHERS = (
    ("N, D = dims('N D')\n@network\ndef net(x: Data[N, D], w: Param[D]):\n    return sum(sin(x @ w) ** 2)", PROVED),
    ("N = dims('N')\n@network\ndef net(w: Param[N]):\n    return sum(abs(w)) + max(w) * min(w) + sum(sign(w))", PROVED),
    ("N = dims('N')\n@network\ndef net(w: Param[N]):\n    return sum(log(abs(w))) + sum(1 / abs(w))", PROVED),
    (
        "N = dims('N')\n@network\ndef net(w: Param[N], p: Param):\n    return sum(exp(w) ** p / sqrt(w ** 2 + p))",
        PROVED,
    ),
    ("f = function('f')\n@network\ndef net(a: Param, b: Param):\n    return f(a * b, f(a, a)) ** 2", PROVED),
    ("N = dims('N')\n@network\ndef net(w: Param[N]):\n    return log(sum(exp(w))) * sum(tanh(w) + erf(w))", PROVED),
    (
        "N = dims('N')\n@network\ndef net(W: Param[N, N], x: Data[N]):\n    assert x[n] > 0\n"
        "    return sum(log(x) * (W @ W.T @ x)) + sum(W[n, n] for n in N)",
        PROVED,
    ),
    (
        "N, K = dims('N K')\n@network\ndef net(t: Labels[N, K], w: Param[K]):\n"
        "    return sum(w[t[n]] ** 2 * (1 if t[n] > 0 else w[0]) for n in N)",
        PROVED,
    ),
    ("N, D = dims('N D')\n@network\ndef net(v: Param[D], w: Param[N]):\n    return sum(w ** 3)", PROVED),
)


@pytest.mark.parametrize(("text", "outcome"), OTHERS)
def test_other_networks_are_proved(text: str, outcome: str) -> None:
    subject = subject_of(build_of(text))
    found = [subject.witness.find(c) for c in subject.witness.chain.claims(subject.locals)]
    assert {f.outcome for f in found} <= {outcome}
    assert check_symbolic(subject).passed


def test_a_planted_derivative_is_wrong() -> None:
    build = shared.build_of("sigmoid_softmax")
    subject = subject_of(build)
    wrong = tuple(
        replace(e, body=make.mul(make.num(2), e.body)) if e.name == "W1_bar" else e for e in subject.backward.equations
    )
    check = check_symbolic(replace(subject, backward=replace(subject.backward, equations=wrong)))
    assert not check.passed
    assert "4 wrong, the first W1_bar[0, 0]" in check.note


def test_another_definition_is_wrong() -> None:
    """The derivation of one network is none of another."""
    one = subject_of(build_of("N = dims('N')\n@network\ndef net(w: Param[N]):\n    z = sin(w)\n    return sum(z)"))
    other = build_of("N = dims('N')\n@network\ndef net(w: Param[N]):\n    z = cos(w)\n    return sum(z)").network
    assert not check_symbolic(replace(one, definition=other)).passed


def test_a_gradient_that_is_left_out_is_wrong() -> None:
    subject = subject_of(build_of("N = dims('N')\n@network\ndef net(w: Param[N]):\n    return sum(w ** 2)"))
    kept = tuple(e for e in subject.backward.equations if e.name != "w_bar")
    assert not check_symbolic(replace(subject, backward=replace(subject.backward, equations=kept))).passed


def test_what_differs_at_a_tie_alone_is_wrong() -> None:
    """relu'(0) = 0: the derivative that is 1 there is another one, though no random number would show it."""
    build = build_of("N = dims('N')\n@network\ndef net(w: Param[N]):\n    return sum(relu(w))")
    mistakes = [m for m in planted(build, 1000, 0) if m.kind == "another comparison"]
    assert mistakes
    assert all(found_by_symbols(build, m) for m in mistakes)


def test_what_has_no_normal_form_is_evaluated() -> None:
    """That the root of a square is an absolute value is nothing that the root's own relation tells."""
    subject = subject_of(build_of("@network\ndef net(w: Param):\n    return sqrt(w ** 2)"))
    claim = next(c for c in subject.witness.chain.claims(()) if c.what == "w_bar")
    sign = make.where(make.compare(">", Read("w"), make.num(0)), make.num(1), make.num(-1))
    assert subject.witness.find(claim).outcome == PROVED
    assert subject.witness.find(replace(claim, body=sign)).outcome == EVALUATED
    assert subject.witness.find(replace(claim, body=make.neg(sign))).outcome == WRONG


def test_a_pole_that_the_definition_has_not_is_wrong() -> None:
    """At w = 0, where |w| w has a value; of log|w|, which has none there, nothing is asked."""
    build = build_of("@network\ndef net(w: Param):\n    return w * abs(w)")
    subject = subject_of(build)
    (claim,) = (c for c in subject.witness.chain.claims(()) if c.what == "w_bar")
    w, size = Read("w"), Fn("abs", (Read("w"),))
    assert subject.witness.find(claim).outcome == PROVED
    assert subject.witness.find(replace(claim, body=make.div(make.mul(make.num(2), w, w), size))).outcome == WRONG


CAUGHT = ("linear_perceptron", "sigmoid_softmax", "tied_autoencoder", "mlp", "lstm", "batch_norm_mlp", "char_mlp")
# At the sizes at which these are proved a window has a single place along an axis, so that it is no difference there
# whether a sum over its places is one.
STILL = ("max_pool_layer",)


def _cases() -> list[object]:
    """The networks in whose results mistakes are planted, and on one day in how many; gpt2 takes too long for any."""
    parts = {n: 12 for n in networks.names() if n not in (*STILL, "gpt2")}
    parts |= dict.fromkeys((*CAUGHT, *OWN_NETWORKS), 2) | dict.fromkeys(LARGE, 60)
    return [pytest.param(n, marks=pytest.mark.share(k)) for n, k in parts.items()]


@pytest.mark.parametrize("name", _cases())
def test_it_catches_what_the_interpreter_catches(name: str) -> None:
    build = shared.build_of(f"{OWN}:{name}" if name in OWN_NETWORKS else name)
    mistakes = [m for m in planted(build, 12, 3) if found_by_interpreter(build, m)]
    assert len(mistakes) >= 8
    assert [m for m in mistakes if not found_by_symbols(build, m)] == []


def test_build_says_it_where_it_is_little_work() -> None:
    small, large = Build(find_source("two_paths")), shared.build_of("conv_net")
    assert [c.witness for c in small.symbolic_checks] == [SYMPY]
    assert subject_of(large).cost() > IN_BUILD
    assert '"against": "SymPy"' in small.files["report.json"]
    assert "All 3 entries that SymPy derives by itself are the same exactly." in small.files["derivation.tex"]
    assert replace(small, symbolic=False).symbolic_checks == ()


def test_what_grows_without_end_when_written_out_is_evaluated() -> None:
    """A choice by a state some steps deep, whose definition written out has many thousands of nodes."""
    text = (
        "N, T = dims('N T')\n@network\ndef net(x: Data[N], W: Param[T, N, N]):\n    h[-1] = x\n    for t in T:\n"
        "        h[t] = tanh(h[t - 1] @ W[t]) + h[t - 1]\n    y = tanh(h[T - 1])\n"
        "    return sum(sqrt((y - x) ** 2 + 1)) + sum(abs(y))"
    )
    build = build_of(text)
    subject = symbolic_subject(build.network, build.derivation, IMPATIENT)
    found = [subject.witness.find(c) for c in subject.witness.chain.claims(subject.locals)]
    assert {f.outcome for f in found} == {PROVED, EVALUATED}
    assert 0 <= subject.witness.patience.nodes < IMPATIENT[1]
