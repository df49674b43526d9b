"""The picture of a window: its numbers are the example's, its marks those that the definition reads."""

from __future__ import annotations

import re

import pytest

from symbp.document.drawn import Grids, Tiles
from symbp.document.lesson import windows as drawing
from symbp.document.lesson.windows import windows
from symbp.document.ranged import one_range
from symbp.document.tex.write import write_latex
from symbp.sources import Source
from tests.shared import build_of, built

CASES = {
    "conv_layer": "p",  # what is read, by windows of 3 by 3 with a stride of 2
    "max_pool_layer": "x",
}


def grids_of(name: str) -> tuple[Tiles, ...]:
    build = build_of(name)
    drawn = windows(one_range(build.derivation)[0], build.example)
    assert isinstance(drawn[0], Grids)
    return drawn[0].tiles


@pytest.mark.parametrize("name", CASES)
def test_the_marks_are_what_the_definition_reads(name: str) -> None:
    tensor = CASES[name]
    read, result, above, back = grids_of(name)
    assert (read.tensor, result.tensor, above.tensor, back.tensor) == (tensor, "y", "y_bar", f"{tensor}_bar")
    ((row, column),) = result.marked
    assert above.marked == result.marked
    window = {(2 * row + u, 2 * column + v) for u in range(3) for v in range(3)}
    assert set(read.marked) == set(back.marked) == window
    assert abs(above.rows[row][column]) == max(abs(v) for line in above.rows for v in line)  # most comes back to it
    example = build_of(name).example
    assert example is not None
    for tile in (read, result, above, back):
        assert {(*tile.lead, k, j): v for k, row in enumerate(tile.rows) for j, v in enumerate(row)} == {
            key: v for key, v in example.values[tile.tensor].items() if key[:-2] == tile.lead
        }


def test_what_is_drawn_is_what_is_said() -> None:
    tex = write_latex(build_of("max_pool_layer").shown)
    read = grids_of("max_pool_layer")[0]
    cells = re.findall(r"\\node\[draw=quiet!60,(fill=forward!14,)?[^]]*\] at .*? \{\$(.*?)\$\};", tex)
    assert [float(v) for _, v in cells[: len(read.rows) * len(read.rows[0])]] == [
        pytest.approx(v, abs=6e-3) for row in read.rows for v in row
    ]
    assert sum(bool(tint) for tint, _ in cells) == 2 * 9 + 2
    assert "reads the tinted three by three entries" in tex
    assert "the window moves by two" in tex
    largest = max(read.rows[k][j] for k, j in read.marked)
    result = grids_of("max_pool_layer")[1]
    ((row, column),) = result.marked
    assert result.rows[row][column] == largest


def test_of_a_network_a_convolution_and_a_pool_are_drawn() -> None:
    build = build_of("conv_net")
    drawn = [b for b in windows(one_range(build.derivation)[0], build.example) if isinstance(b, Grids)]
    assert [[t.tensor for t in b.tiles] for b in drawn] == [["x", "z1", "z1_bar"], ["a1", "p1", "p1_bar", "a1_bar"]]
    read, largest, above, back = drawn[1].tiles
    ((row, column),) = largest.marked
    place = max(read.marked, key=lambda at: read.rows[at[0]][at[1]])
    assert back.rows[place[0]][place[1]] == above.rows[row][column] != 0
    assert sum(back.rows[k][j] != 0 for k, j in back.marked) == 1


def test_a_window_that_reaches_further_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    build = build_of("conv_layer")
    keep = drawing._tiles
    fewer = lambda example, tensor, keys: keep(example, tensor, keys[:-1] or keys)  # noqa: E731
    monkeypatch.setattr(drawing, "_tiles", fewer)
    assert windows(one_range(build.derivation)[0], build.example) == ()


@pytest.mark.parametrize("name", ["sigmoid_softmax", "lstm"])
def test_what_has_no_window_has_no_picture_of_one(name: str) -> None:
    build = build_of(name)
    assert windows(one_range(build.derivation)[0], build.example) == ()


def test_an_entry_by_two_labels_is_no_window() -> None:
    """A[t[n, s - 1], t[n, s]] has two letters twice, and one of them is the result's."""
    text = (
        "from symbp import Labels, Param, dims, network\nN, T, K = dims('N T K')\n@network\n"
        "def net(e: Param[N, T, K], t: Labels[N, T, K], A: Param[K, K]):\n    return crf(e, t, A)\n"
    )
    build = built(Source(text, "net.py", "net"))
    assert windows(one_range(build.derivation)[0], build.example) == ()
