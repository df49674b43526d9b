"""What is measured: the built-in networks with their models written by hand, and the table of further ones."""

from __future__ import annotations

from symbp import networks
from symbp.sources import Source, find_source
from tests.accuracy import choices, classes, events, functions, likelihoods, neighbours, rests, shapes, shares, steps
from tests.accuracy.measure import Subject
from tests.accuracy.tape import Value, total
from tests.autograd.models import MODELS


def f(u: Value, v: Value) -> Value:
    """tests/autograd/models.py's f."""
    d = u.digits
    return total(d, [u.apply("sin") * (v * d.constant(1, 3)).apply("exp"), u * v])


def sigma(z: Value) -> Value:
    d = z.digits
    return total(d, [z.apply("tanh"), z * d.constant(1, 5)])


PRECISE = {"f": f, "C": f, "sigma": sigma}
# Images as small as two convolutions and two pools leave something of; depths and times of a few steps.
RANGES = {
    "conv_net": {
        "I": (8, 9),
        "J": (8, 10),
        "U": (2, 3),
        "V": (2, 3),
        "N": (1, 3),
        "C": (1, 3),
        "F": (1, 3),
        "G": (2, 3),
    },
    "conv_layer": {"I": (3, 6), "J": (3, 6), "U": (2, 4), "V": (2, 4)},
    "max_pool_layer": {"I": (3, 8), "J": (3, 8)},
    "transformer_block": {"N": (1, 3), "T": (2, 5), "H": (1, 3), "E": (2, 4), "F": (2, 5)},
}


def built_in() -> tuple[Subject, ...]:
    """The built-in networks."""
    return tuple(
        Subject(
            name, find_source(name), MODELS[name].loss, MODELS[name].draws, RANGES.get(name, {}),
            MODELS[name].unknown, PRECISE,
        )
        for name in networks.names()
    )  # fmt: skip


def further() -> tuple[Subject, ...]:
    """The networks of the tables."""
    rooms = (choices, classes, events, functions, likelihoods, neighbours, rests, shapes, shares, steps)
    table = tuple(e for room in rooms for e in room.TABLE)
    return tuple(Subject(e.name, Source(e.text, f"{e.name}.py", e.name), e.model, e.draws, e.ranges) for e in table)
