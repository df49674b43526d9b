"""Index letters: one range for each in a whole document, the author's where they last, primes and no numbers."""

from __future__ import annotations

from functools import cache

import pytest

from symbp import networks
from symbp.calculus.steps import Derivation
from symbp.core.integers import DimAt, Index
from symbp.core.traverse import indices_of
from symbp.document.looks import expressions, indices_shown
from symbp.document.ranged import one_range
from symbp.document.tex.names import choose_names
from tests.shared import derivation_of


@cache
def lettered(name: str) -> Derivation:
    return one_range(derivation_of(name))[0]


def letters(d: Derivation) -> dict[str, set[str]]:
    """Every letter that is shown, with its ranges; those of widths that differ by layer count as one."""
    found: dict[str, set[str]] = {}
    for node in expressions(d):
        for i in indices_shown(node):
            found.setdefault(i.name, set()).add(_range(i))
    return found


def _range(i: Index) -> str:
    widths = [a.name for a in i.stop.atoms() if isinstance(a, DimAt)]
    return widths[0] if widths else f"{i.start} {i.stop}"


@pytest.mark.parametrize("name", networks.names())
def test_a_letter_has_one_range_and_no_number(name: str) -> None:
    for letter, ranges in letters(lettered(name)).items():
        assert len(ranges) == 1, (letter, ranges)
        assert not any(c.isdigit() for c in letter)


@pytest.mark.parametrize("name", networks.names())
def test_nobody_counts_primes(name: str) -> None:
    assert not [letter for letter in letters(lettered(name)) if letter.endswith("___")]


@pytest.mark.parametrize(("name", "fresh"), [("transformer_block", {"i", "j"}), ("conv_net", {"alpha", "beta"})])
def test_where_primes_would_be_too_many_letters_are_fresh(name: str, fresh: set[str]) -> None:
    d = lettered(name)
    assert fresh <= set(letters(d)) - {x.name for x in (*d.network.inputs, *d.network.equations)}


@pytest.mark.parametrize("name", networks.names())
def test_what_a_contraction_names_is_in_the_chain(name: str) -> None:
    d = lettered(name)
    known = set(letters(d)) | {x.name for x in d.network.dims}
    chains = [c for s in d.sections for c in (*s.locals, s.main, *s.variants)]
    old = [i.name for c in chains for s in c.steps for r, _ in s.rule.renamed for i in indices_of(r)]
    assert all(letter in known for letter in old)


AUTHOR = [
    ("sigmoid_softmax", {"n": "N", "d": "D", "h": "H", "k": "K", "j": "K"}),
    ("lstm", {"t": "T", "n": "N", "d": "D", "k": "H", "k_": "H", "j": "4*H"}),
    ("conv_layer", {"i": "(I - U)//2 + 2", "i_": "(I - U)//2 + 2", "r": "I + 2", "u": "U"}),
    ("transformer_block", {"d": "E*H", "e": "E", "h": "H", "f": "F", "t": "T", "t_": "T"}),
]


@pytest.mark.parametrize(("name", "expected"), AUTHOR)
def test_letters_are_the_authors_and_go_together(name: str, expected: dict[str, str]) -> None:
    found = letters(lettered(name))
    assert {c: found[c] for c in expected} == {c: {f"0 {r}"} for c, r in expected.items()}


def test_the_same_line_with_other_letters() -> None:
    before = derivation_of("lstm")
    after = lettered("lstm")
    for a, b in zip(before.network.equations, after.network.equations, strict=True):
        assert len(a.indices) == len(set(b.indices))
        assert [i.stop for i in a.indices] == [i.stop for i in b.indices]
        assert all(j in b.indices for i in b.indices for j in indices_of(i.stop))


def test_primes() -> None:
    names = choose_names({"k": 1, "w": 2}, ["K"], ["k", "k_", "j__", "j"], [], [], {})
    assert list(names.indices.values()) == ["\\tilde{k}", "k'", "j''", "j"]
