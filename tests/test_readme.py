"""What the README shows is what symbp writes, and what it tells to run runs."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from symbp.notation import library
from symbp.pipeline import Build
from symbp.sources import Source, find_source
from tests.autograd.modules import module_of
from tests.readme import ROOT, refreshed

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"<!-- ([^\n]+?) -->\n+```\w*\n(.*?)```", README, re.DOTALL)


def block(title: str) -> str:
    """The code block under a comment with that title."""
    return dict(BLOCKS)[title]


def test_its_pieces_are_those_of_the_files() -> None:
    assert refreshed(README) == README, "python -m tests.readme puts them in anew"


def test_the_network_of_the_readme_builds() -> None:
    source = Source(block("mish_net.py"), "mish_net.py", "mish_net")
    assert sorted(Build(source).files) == ["backward.py", "derivation.tex", "gradients.py", "report.json"]


def test_training_as_the_readme_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "generated" / "two_layer_net")
    names: dict[str, np.ndarray] = {}
    exec(block("training"), names)
    assert names["accuracy"] > 0.9


def test_the_largest_curvature_as_the_readme_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    module = module_of(Build(find_source("two_layer_net"), hvp=True).module[0], "gradients")
    monkeypatch.setitem(sys.modules, "gradients", module)
    names: dict[str, Any] = {}
    exec(block("training"), names)
    exec(block("the largest curvature"), names)
    assert names["curvature"] == pytest.approx(steepest(module, names), rel=1e-2)


def steepest(module: ModuleType, names: dict[str, Any]) -> float:
    """The largest eigenvalue of the Hessian, made column by column."""
    shapes = {n: p.shape for n, p in names["parameters"].items()}
    ends = np.cumsum([np.prod(s) for s in shapes.values()])
    columns = []
    for unit in np.eye(ends[-1]):
        cut = np.split(unit, ends[:-1])
        vector = {n: part.reshape(s) for (n, s), part in zip(shapes.items(), cut, strict=True)}
        found = module.hessian_vector_product(names["x"], names["t"], vector, **names["parameters"])
        columns.append(np.concatenate([part.ravel() for part in found.values()]))
    hessian = np.stack(columns)
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-12)
    return float(np.linalg.eigvalsh(hessian)[-1])


def test_a_network_in_a_notebook_as_the_readme_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cell.py").write_text(block("live"))
    monkeypatch.syspath_prepend(tmp_path)
    cell = importlib.import_module("cell")
    assert cell.loss == pytest.approx(1.5**2)
    np.testing.assert_allclose(cell.gradients["w"], [3.0, 6.0])
    assert [e.name for e in cell.derivation.backward.equations][-1] == "w_bar"
    assert cell.derivation.sections


def test_the_library_as_the_readme_lists_it() -> None:
    table = README[README.index("<!-- the library -->") :]
    listed = re.findall(r"`(\w+)`", table[: table.index("\n\nIn the language itself")])
    assert sorted(listed) == sorted(library.names())


def test_the_commands_are_found_after_the_activation() -> None:
    commands = README.index("`symbp list`")
    assert README.count(". .venv/bin/activate") == 1
    assert README.index(". .venv/bin/activate") < commands


def test_every_folder_of_the_package_has_its_row() -> None:
    rooms = [p.name for p in sorted((ROOT / "symbp").iterdir()) if p.is_dir() and p.name != "__pycache__"]
    assert [r for r in rooms if f"`{r}/`" not in README] == []
