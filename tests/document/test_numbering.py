"""The numbers of what is shown go on without a gap, and page, box and module agree on them."""

from __future__ import annotations

import re

import pytest

from symbp import networks
from symbp.calculus.derive import derive
from symbp.calculus.steps import Derivation
from symbp.document.compose import compose
from symbp.document.lesson.numbering import numbered
from symbp.document.tex.write import write_latex
from symbp.notation.read import read_network
from tests.shared import build_of, derivation_of, in_turns


def derived(name: str) -> Derivation:
    """As the calculus numbers it: chain by chain."""
    return derive(read_network(*networks.source(name), name))


def tags(tex: str) -> list[int]:
    return [int(n) for n in re.findall(r"\\tag\{(\d+)\}", tex)]


@pytest.mark.parametrize("name", in_turns(gpt2=9))
def test_the_numbers_of_the_page_have_no_gap(name: str) -> None:
    found = tags(write_latex(compose(derivation_of(name), {}).at("steps")))
    assert found == list(range(1, len(found) + 1))


@pytest.mark.parametrize("name", ["sigmoid_softmax", "linear_2_2_2"])
def test_without_it_there_are_gaps(name: str) -> None:
    found = tags(write_latex(compose(derived(name), {}).at("steps")))
    assert found != list(range(1, len(found) + 1))


@pytest.mark.parametrize("name", ["sigmoid_softmax", "lstm"])
def test_every_equation_keeps_one_number(name: str) -> None:
    d = derived(name)
    new = numbered(d)
    assert {key for key, _ in new.numbers} == {key for key, _ in d.numbers}
    assert sorted(n for _, n in new.numbers) == list(range(1, len(d.numbers) + 1))
    assert [new.number(e.name) for e in d.network.equations] == [d.number(e.name) for e in d.network.equations]


def test_page_and_module_agree() -> None:
    """The matrix form that the module has above its lines bears the number that the page gives it."""
    build = build_of("sigmoid_softmax")
    module, page = build.module[0], write_latex(build.document.at("steps"))
    number = re.search(r"# \[(\d+)\] W1_bar = X\^T Z1_bar", module)
    assert number
    assert re.search(rf"as \\eqref\{{eq:\d+\}}.*\\tag\{{{number[1]}\}}\\label\{{eq:{number[1]}\}}", page)
    assert build.derivation == numbered(derived("sigmoid_softmax"))
