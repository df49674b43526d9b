"""The lesson: what is cut is still true, nothing is derived twice, and every number is the module's own."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from symbp import networks
from symbp.calculus.derive import derive
from symbp.calculus.steps import Derivation
from symbp.core.build import NIL
from symbp.core.example import Example
from symbp.core.expr import Delta
from symbp.core.network import LABELS
from symbp.core.traverse import walk
from symbp.document.claims import chains, equalities
from symbp.document.compose import compose
from symbp.document.lesson import fixed as fixing
from symbp.document.lesson.alike import form_of
from symbp.document.lesson.fixed import fixed
from symbp.document.lesson.numbers import MOST_ENTRIES
from symbp.document.model import DETAILS, FULL, SHORT, STEPS, Chain, Document, Entry
from symbp.document.ranged import one_range
from symbp.document.tex.write import printer_of, write_latex
from symbp.emit.write import write_module
from symbp.lowering.lower import placed, pure
from symbp.notation.read import read_network
from symbp.verify.equalities import check_equalities
from tests.document.readback import count_signs
from tests.shared import derivation_of as shared_derivation
from tests.shared import worked

STRANGE = Path(__file__).with_name("strange.py")

TWICE = """from symbp import Data, Param, dims, network
N, D, H = dims("N D H")
def soft_step(u):
    return u / (1 + exp(-3 * u))
@network
def net(x: Data[N, D], V: Param[D, H], W: Param[H, H]):
    p = x @ V
    a = soft_step(p)
    q = a @ W
    b = soft_step(q)
    return sum(b ** 2) / N
"""


@cache
def derivation_of(name: str) -> Derivation:
    text = (TWICE,) if name == "net" else networks.source(name)
    return derive(read_network(*text, name))


@cache
def example_of(name: str) -> Example:
    return worked(derivation_of(name))


@cache
def document(name: str) -> Document:
    return compose(derivation_of(name), {}, example=example_of(name))


@pytest.mark.parametrize("name", ["sigmoid_softmax", "lstm", "transformer_block", "conv_layer", "linear_2_2_2"])
@pytest.mark.parametrize("detail", DETAILS)
def test_every_reference_leads_somewhere(name: str, detail: str) -> None:
    tex = write_latex(document(name).at(detail))
    labels = re.findall(r"\\label\{(.*?)\}", tex)
    assert len(set(labels)) == len(labels)
    assert set(re.findall(r"\\eqref\{(.*?)\}", tex)) <= set(labels)


def test_the_levels_show_more_and_more() -> None:
    counts = [len(equalities(document("attention_head").at(detail))) for detail in (SHORT, STEPS, FULL)]
    assert counts == sorted(counts)
    assert counts[2] > 2 * counts[1]


def test_letters_that_ride_along_are_fixed() -> None:
    sections = {s.quantity: fixed(s) for s in one_range(derivation_of("sigmoid_softmax"))[0].sections}
    (local,) = sections["z2"].locals
    assert str(local.lhs.of.subs[0]) == str(local.lhs.by.subs[0]) == "n"  # type: ignore[attr-defined]
    tex = write_latex(document("sigmoid_softmax").at(STEPS))
    assert r"= p_{nk}\,(\delta_{kj} - p_{nj}) " in tex
    assert r"\delta_{nm}" not in tex
    assert r"\adj{\mathbf{Z}}^{(2)} = \frac{1}{N}\,(\mathbf{P} - \mathbf{Y})" in tex
    assert r"as \eqref{eq:10}, $\mathbf{Z}^{(1)}$ for $\mathbf{Z}^{(2)}$ and $\mathbf{X}$ for" in tex


def test_a_letter_that_is_fixed_wrongly_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    d = derivation_of("sigmoid_softmax")
    monkeypatch.setattr(fixing, "_places", lambda chain: tuple((p, p, 0) for p in range(len(chain.lhs.by.subs))))
    wrong = compose(d, {})
    check = check_equalities(d.backward, d.loss, d.adjoints, equalities(wrong), seeds=1)
    assert not check.passed
    assert "in short" in check.note


@pytest.mark.parametrize("name", networks.names())
def test_no_reasoning_is_repeated(name: str) -> None:
    """Of the chains that go from a line to another by a rule, no two are the same up to names."""
    d = one_range(derivation_of(name))[0]
    derived = {c.lhs: c for s in d.sections for c in (*fixed(s).locals, fixed(s).main)}
    shown = [c.lhs.expr for c in chains(compose(derivation_of(name), {}).at(STEPS)) if len(c.rows) > 1 and is_entry(c)]
    forms = Counter(form_of((derived[e],)).text for e in shown if e in derived)  # type: ignore[index]
    assert sum(n - 1 for n in forms.values()) <= 0.05 * sum(forms.values())


def is_entry(chain: Chain) -> bool:
    return isinstance(chain.lhs, Entry) and chain.where.name == "place.lesson"


def test_a_function_of_the_users_is_derived_once() -> None:
    tex = write_latex(document("net").at(STEPS))
    assert tex.count("the derivative of $e^{\\xi}$") == 1
    assert re.search(r"as \\eqref\{eq:\d+\}", tex)


def module_of(d: Derivation) -> dict[str, object]:
    space: dict[str, object] = {}
    exec(write_module(placed(pure(d, None)))[0], space)
    return space


NUMBER = re.compile(r"\$([^$=]*) = (?:\\values\{(.*?)\}(?:\^\{\\top\})?|(-?[\d.]+))\$")


@pytest.mark.parametrize("name", ["sigmoid_softmax", "attention_head", "lstm", "linear_2_2_2", "batch_norm_mlp"])
def test_the_numbers_on_the_page_are_the_modules(name: str) -> None:
    d = one_range(derivation_of(name))[0]
    values = example_of(name).values
    arrays = {}
    for t in d.network.inputs:
        shape = tuple(1 + max(key[k] for key in values[t.name]) for k in range(len(t.shape)))
        arrays[t.name] = np.zeros(shape, np.int64 if t.kind == LABELS else np.float64)
        for key, value in values[t.name].items():
            arrays[t.name][key] = value
    loss, gradients = module_of(d)["loss_and_gradients"](**arrays)  # type: ignore[operator]
    tex = write_latex(document(name).at(STEPS))
    printed = {look: rows or single for look, rows, single in NUMBER.findall(tex)}
    names = printer_of(document(name)).names
    assert abs(float(loss) - values[d.loss][()]) < 1e-12
    assert gradients
    for parameter, gradient in gradients.items():
        text = printed.get(names.whole(f"{parameter}_bar"))
        if text is None:
            assert np.size(gradient) > MOST_ENTRIES
            continue
        numbers = [float(x.removeprefix("\\:")) for row in text.split("\\\\") for x in row.split("&")]
        assert np.allclose(numbers, np.ravel(gradient), atol=5.1e-4), parameter


@pytest.mark.parametrize(
    ("name", "sums"),
    [
        ("attention_head", {("S_bar", 2), ("K_bar", 1)}),  # a key bias never learns
        ("batch_norm_mlp", {("z2_bar", 1), ("W2_bar", 1), ("b2_bar", 0), ("z1_bar", 0)}),
        ("rnn", set()),
    ],
)
def test_sums_that_vanish(name: str, sums: set[tuple[str, int]]) -> None:
    assert set(example_of(name).zero_sums) == sums


def test_sums_that_are_one_number_whatever_the_values_are() -> None:
    """The shares of a mixture sum to 1, so that each row of the adjoint of their logarithms has -1/N."""
    d = shared_derivation(f"{STRANGE}:mixture")
    found = worked(d)
    told = {}
    for name, axis, total in found.unit_sums:
        value = found.evaluate(total, {})
        rows: dict[tuple[int, ...], float] = {}
        for key, entry in found.values[name].items():
            rest = (*key[:axis], *key[axis + 1 :])
            rows[rest] = rows.get(rest, 0.0) + entry
        assert all(abs(row - value) < 1e-9 for row in rows.values())
        told[name, axis] = value
    assert told == {("e_bar", 0): -1, ("l_bar", 0): -1, ("r_bar", 1): -1 / dict(found.sizes)["N"]}
    tex = write_latex(compose(d, {}, example=found).at(STEPS))
    assert "Every row of $\\adj{\\mathbf{R}}$ sums to $-1/N$: adding one number to a row" in tex
    assert not example_of("rnn").unit_sums


def test_usual_mistakes_are_named_with_their_values() -> None:
    values = example_of("sigmoid_softmax").values
    p, y = values["p"], values["y"]
    tex = write_latex(document("sigmoid_softmax").at(STEPS))
    found = re.search(r"without them \$\\adj\{z\}\^\{\(2\)\}_\{(\d)(\d)\}\$ is \$(.*?)\$, not \$(.*?)\$", tex)
    assert found
    key = int(found[1]), int(found[2])
    assert float(found[3]) == pytest.approx(-y[key] * (1 - p[key]) / 2, abs=6e-4)
    assert float(found[4]) == pytest.approx((p[key] - y[key]) / 2, abs=6e-4)


def test_no_equals_sign_is_left_out() -> None:
    for detail in DETAILS:
        shown = compose(derivation_of("attention_head"), {}).at(detail)
        tex = write_latex(shown)
        assert count_signs(tex[tex.index("\\begin{document}") :]) == len(equalities(shown))


HELD = """from symbp import Data, Param, dims, network
N, D, H = dims("N D H")
@network
def held(x: Data[N, D], W: Param[D, H]):
    z = x @ W
    b[n, h] = 1 if z[n, h] > 0 else 0
    p = sigmoid(z)
    s = p + stop_gradient(b - p)
    return sum(s ** 2)
"""


def test_nothing_comes_back_through_what_is_held_constant():
    """The straight-through estimator: b is read, and no derivative goes to it."""
    text = write_latex(compose(derive(read_network(HELD, "held.py", "held")), {}))
    assert "The derivative of $s_{mg}$ by $b_{nh}$, by \\eqref{eq:4}, is 0: nothing comes back." in text
    assert "\\adj{\\mathbf{B}} = 0" in text
    assert "A nudge of $b_{nh}$" not in text


def test_what_goes_like_another_says_over_what_it_sums() -> None:
    """V_bar goes like the gradient of a weight, but over the queries, where that is over examples and positions."""
    tex = write_latex(document("attention_head").at(STEPS))
    assert r"\why{as \eqref{eq:11}; summed over~$s$} \tag{19}" in tex
    assert tex.count("summed over~$") == 2


def test_what_rides_along_is_fixed_in_a_derivative_that_is_0() -> None:
    (mean,) = (s for s in one_range(derivation_of("layer_norm_mlp"))[0].sections if s.quantity.endswith("mu"))
    (zero,) = (c for c in fixed(mean).locals if c.result == NIL)
    assert not any(isinstance(n, Delta) for step in zero.steps for n in walk(step.value))


def test_what_can_be_read_off_is_said_to_be_left_out() -> None:
    tex = {detail: write_latex(document("sigmoid_softmax").at(detail)) for detail in DETAILS}
    assert [("can be read off an equation is not written out" in tex[detail]) for detail in (SHORT, STEPS, FULL)] == [
        True,
        True,
        False,
    ]
