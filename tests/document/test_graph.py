"""The graph: no arrow runs over a box that is not its end, and no two boxes touch."""

from __future__ import annotations

from itertools import combinations

import pytest

from symbp import networks
from symbp.calculus.steps import Derivation
from symbp.document.arcs import Box, bent
from symbp.document.arcs import points as points_of
from symbp.document.compose import compose
from symbp.document.drawn import Edge, Picture
from symbp.document.graph import frame, picture
from symbp.document.tex.write import write_latex
from tests.shared import derivation_of


def drawn(name: str) -> tuple[Derivation, Picture]:
    derivation = derivation_of(name)
    drawing = picture(derivation)[0]
    assert isinstance(drawing, Picture)
    return derivation, drawing


@pytest.mark.parametrize("name", networks.names())
def test_arrows_keep_clear_of_boxes_and_boxes_of_each_other(name: str) -> None:
    derivation, drawing = drawn(name)
    boxes = {n.key: frame(derivation, n) for n in drawing.nodes}
    for edge in (e for e in drawing.edges if e.turn is None and not e.loop):
        others = [b for key, b in boxes.items() if key not in (edge.start, edge.end)]
        assert not any(b.holds(p, 0.0) for p in points_of(edge, boxes) for b in others), edge
    for a, b in combinations(boxes.values(), 2):
        assert abs(a.x - b.x) >= a.wide + b.wide + 0.8 or abs(a.y - b.y) >= a.high + b.high + 0.8


def test_a_recurrence_that_reads_two_steps_has_an_arrow_for_each() -> None:
    _, drawing = drawn("stacked_lstm")
    loops = [e for e in drawing.edges if e.loop and not e.backward and e.start == "h"]
    assert sorted(len(e.steps) for e in loops) == [1, 1]
    assert {e.track for e in loops} == {0, 1}


def test_an_arrow_goes_round_what_stands_in_its_way() -> None:
    boxes = {"a": Box(0, 0, 4, 3), "b": Box(40, 0, 4, 3), "between": Box(20, 0, 4, 3)}
    (edge,) = bent([Edge("a", "b", backward=False)], boxes)
    assert edge.bend
    assert not any(boxes["between"].holds(p, 0.0) for p in points_of(edge, boxes))
    (edge,) = bent([Edge("a", "between", backward=False)], boxes)
    assert not edge.bend


def test_an_arrow_with_room_bears_the_shape_of_what_it_carries() -> None:
    tex = write_latex(compose(derivation_of("attention_head"), {}))
    picture_tex = tex[tex.index("\\begin{tikzpicture}") : tex.index("\\end{tikzpicture}")]
    shapes = [line.split("{$")[1].split("$}")[0] for line in picture_tex.split("\n") if "font=\\tiny" in line]
    assert shapes == [r"B\times T\times E", r"B\times T\times T", r"B\times T\times T"]
