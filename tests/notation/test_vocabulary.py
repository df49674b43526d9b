"""The table of words: the reader has a rule for each, the reference shows each, and every example runs."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest

from symbp.calculus.derive import derive
from symbp.emit.write import write_module
from symbp.errors import NotationError
from symbp.lowering.lower import lower
from symbp.notation import library
from symbp.notation.builtins import BUILTIN_RULES
from symbp.notation.calls import ARRAYS
from symbp.notation.grammar import FILES
from symbp.notation.read import list_networks, read_network
from symbp.notation.vocabulary import FORMS, INPUTS, PUBLIC, SECTIONS, SIZES
from symbp.notation.words import INNER
from symbp.verify.draw import draw_inputs
from symbp.verify.sizes import Sizes
from symbp.verify.systems import FLOATS
from symbp.verify.world import World
from tests.autograd.modules import module_of
from tests.language import PATH, page

AT = {"N": 3, "T": 4, "D": 5, "H": 2, "K": 4, "C": 2, "F": 3, "I": 7, "J": 6, "L": 2}
WORDS = [(w.name, w.example) for section in SECTIONS for w in section.words]
PLAIN = [
    (name, example) for name, example in WORDS if (name, example) not in [(w.name, w.example) for w in FILES.words]
]


def test_the_reference_is_that_of_the_table():
    assert PATH.read_text() == page(), "python -m tests.language writes it anew"


def test_every_word_of_the_reader_has_a_row():
    assert {*BUILTIN_RULES, *ARRAYS} - FORMS.keys() == {*INNER} - {"sign"}  # what derivatives alone are made of
    assert FORMS.keys() - {*BUILTIN_RULES, *ARRAYS} - PUBLIC == {"function", "pi"}


def test_names_are_there_once():
    names = [name for name, _ in WORDS]
    assert sorted(set(names)) == sorted(names)


def test_what_the_library_keeps_to_itself_is_not_found():
    assert library.find("reduced") is None
    with pytest.raises(NotationError, match="`reduced` is no function of the language"):
        read_network(file_of("reduced(x)"), "example.py")


def file_of(example: str) -> str:
    """The example as a network that returns what stands last."""
    used = {n: a for n, a in INPUTS.items() if re.search(rf"\b{n}\b", example)}
    *statements, last = example.splitlines()
    names = ", ".join(SIZES.split())
    body = "".join(f"    {line}\n" for line in (*statements, f"result = {last}", "return result"))
    return (
        f"from symbp import Data, Labels, Param, dims, network\n\n{names} = dims('{SIZES}')\n\n\n"
        f"@network\ndef example({', '.join(f'{n}: {a}' for n, a in used.items())}):\n{body}"
    )


def filled(text: str) -> World:
    """The network's values at random inputs that obey its facts, by the interpreter."""
    network = read_network(text, "example.py", "example")
    world = World(network, Sizes(AT), FLOATS)
    world.fill(draw_inputs(world, random.Random(1), lambda r: r.uniform(0.1, 1.5)))
    return world


@pytest.mark.parametrize("name", [w.name for w in FILES.words])
def test_an_example_that_is_a_file(name):
    text = next(w.example for w in FILES.words if w.name == name)
    (network,) = list_networks(text, "example.py")
    assert len(write_module(lower(derive(read_network(text, "example.py", network))))[0]) > 1000


@pytest.mark.parametrize(("name", "example"), PLAIN)
def test_an_example_has_a_value(name, example):
    world = filled(file_of(example))
    assert world.value(world.network.outputs[0]) == pytest.approx(world.value(world.network.outputs[0]), nan_ok=False)
    if "(" not in name and name.isidentifier():
        assert f"{name}(" in example or name == "pi"


@pytest.mark.share(6)
@pytest.mark.parametrize(("name", "example"), PLAIN)
def test_its_module_says_the_same(name, example):
    world = filled(file_of(example))
    network = world.network
    module = module_of(write_module(lower(derive(network)))[0], "example")

    def array(tensor: str) -> np.ndarray:
        keys = list(world.keys(tensor))
        shape = tuple(1 + max(k[d] for k in keys) for d in range(len(keys[0])))
        return np.array([world.value(tensor, k) for k in keys]).reshape(shape)

    data = [array(n).astype(int) if n in module.LABELS else array(n) for n in module.DATA]
    found, _ = module.loss_and_gradients(*data, **{n: array(n) for n in module.PARAMETERS})
    assert found == pytest.approx(world.value(network.outputs[0]), rel=1e-11, abs=1e-11)
