"""Which way the steps of a recurrence run, and that it is said once."""

from __future__ import annotations

import pytest

from symbp.core.expr import Read
from symbp.core.integers import Dim, Index, Poly
from symbp.document.compose import compose
from symbp.document.lesson.order import loop_head, ways_of
from symbp.document.lesson.talk import together
from symbp.document.model import Box, Document, Paragraph
from symbp.document.said import Letter, Listed, Said, listed, said
from tests.shared import build_of, derivation_of

L, T = (Index(name, Poly(), Poly.of(Dim(name.upper()))) for name in "lt")
HERE = Poly.of(L), Poly.of(T)


def document(name: str) -> Document:
    return compose(derivation_of(name), {}).at("steps")


def heads(made: Document) -> list[Said]:
    boxes = (b for s in made.sections for b in s.blocks if isinstance(b, Box))
    return [r.head for b in boxes for r in b.rows if r.head is not None]


def told(made: Document, name: str) -> list[dict[str, object]]:
    """The slots of a sentence wherever the paragraphs have it."""
    words = (w for s in made.sections for b in s.blocks if isinstance(b, Paragraph) for w in b.words)
    return [dict(w.slots) for w in words if isinstance(w, Said) and w.name == name]


def read(layer: int, time: int) -> Read:
    return Read("h", (HERE[0] + layer, HERE[1] + time))


@pytest.mark.parametrize(
    ("reads", "ways"),
    [
        ([read(-1, 0), read(0, -1)], {"l": -1, "t": -1}),
        ([read(0, 1), read(-1, 0)], {"l": -1, "t": 1}),
        ([read(-1, -1)], {"l": -1}),
        ([read(-1, 1), read(0, 1)], {"t": 1}),
        ([read(0, 0)], {}),
    ],
)
def test_the_letters_that_run(reads: list[Read], ways: dict[str, int]) -> None:
    assert {letter.name: away for letter, away in ways_of(reads)} == ways


def test_a_loop_says_all_its_letters() -> None:
    assert loop_head([(L, -1), (T, 1)]) == said("loop.both", down=listed(letters("t")), up=listed(letters("l")))
    assert loop_head([]) is None
    assert heads(document("stacked_lstm")) == [said("loop.down", letters=listed(letters("lt")))]
    assert heads(document("lstm")) == [said("loop.down", letters=listed(letters("t")))]


def letters(names: str) -> list[Letter]:
    return [Letter("index", name) for name in names]


@pytest.mark.parametrize(("name", "known"), [("stacked_lstm", 2), ("rnn", 1), ("lstm", 1)])
def test_which_way_steps_run_is_said_once(name: str, known: int) -> None:
    said_of = told(document(name), "happens.down")
    named = [len(slots["letters"].parts) for slots in said_of if isinstance(slots["letters"], Listed)]
    assert named == [known]


def test_what_is_said_of_several_is_said_once() -> None:
    entries = [slots["entry"] for slots in told(document("lstm"), "happens.sum.fixed")]
    assert [len(e.parts) if isinstance(e, Listed) else 1 for e in entries] == [3]
    one, other = (said("happens.one", entry=Letter("index", a), moved=Letter("index", "t")) for a in "ab")
    third = said("happens.one", entry=Letter("index", "c"), moved=Letter("index", "s"))
    both = said("happens.one", entry=Listed("either", tuple(letters("ab"))), moved=Letter("index", "t"))
    assert together([(one,), (other,), (third,)]) == ((both,), (), (third,))
    assert together([(one, third), (other, third)]) == ((one, third), (other, third))


@pytest.mark.parametrize("name", ["attention_head", "lstm", "two_layer_net"])
def test_the_box_is_in_the_order_of_the_module(name: str) -> None:
    """A loop over sequences makes three adjoints before the gradients that are made of them."""
    boxes = (b for s in build_of(name).document.sections for b in s.blocks if isinstance(b, Box))
    rows = [r for b in boxes for r in b.rows]
    lines = [r.lines.first for r in rows if r.lines]
    assert lines == sorted(lines)
    assert len(set(lines)) > 3
    numbers = [r.number for r in rows if r.number is not None]
    assert (numbers == sorted(numbers)) == (name != "attention_head")
