"""The picture of a window: its numbers are the example's, its marks those that the definition reads."""

from __future__ import annotations

import re

import pytest

from symbp.document.lesson import windows as drawing
from symbp.document.lesson.windows import windows
from symbp.document.model import Grids, Tiles
from symbp.document.ranged import one_range
from symbp.document.tex.write import write_latex
from symbp.sources import Source
from tests.shared import build_of, built

CASES = {
    # name: what is read, its window's rows and columns at entry (1, 1) of the result, with a stride of 2
    "conv_layer": ("p", {(k, j) for k in (2, 3, 4) for j in (2, 3, 4)}),
    "max_pool_layer": ("x", {(k, j) for k in (2, 3, 4) for j in (2, 3, 4)}),
}


def grids_of(name: str) -> tuple[Tiles, ...]:
    build = build_of(name)
    drawn = windows(one_range(build.derivation)[0], build.example)
    assert isinstance(drawn[0], Grids)
    return drawn[0].tiles


@pytest.mark.parametrize("name", CASES)
def test_the_marks_are_what_the_definition_reads(name: str) -> None:
    tensor, window = CASES[name]
    read, result, above, back = grids_of(name)
    assert (read.tensor, result.tensor, above.tensor, back.tensor) == (tensor, "y", "y_bar", f"{tensor}_bar")
    assert set(read.marked) == set(back.marked) == window
    assert result.marked == above.marked == ((1, 1),)
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
    assert result.rows[1][1] == largest


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
