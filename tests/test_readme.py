"""What the README shows is what symbp writes, and what it tells to run runs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from symbp.pipeline import Build
from symbp.sources import Source
from tests.github_math import github_math

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"<!-- (.+?) -->\n+```\w*\n(.*?)```", README, re.DOTALL)
FROM = [(title.removeprefix("from "), text) for title, text in BLOCKS if title.startswith("from ")]


def block(title: str) -> str:
    """The code block under a comment with that title."""
    return dict(BLOCKS)[title]


@pytest.mark.parametrize(("path", "text"), FROM, ids=lambda v: v if len(v) < 60 else "")
def test_excerpts_stand_in_the_files(path: str, text: str) -> None:
    whole = (ROOT / path).read_text()
    assert all(part.strip("\n") in whole for part in text.split("...\n"))


def test_the_formulas_stand_in_the_derivation() -> None:
    path = "generated/sigmoid_softmax/derivation.tex"
    lines = [github_math(line) for line in (ROOT / path).read_text().splitlines()]
    shown = [line for line in block(f"math of {path}").splitlines() if "&=" in line]
    assert len(shown) > 4
    assert [line for line in shown if line not in lines] == []


def test_there_is_an_excerpt_of_the_module() -> None:
    assert [path for path, _ in FROM] == ["generated/sigmoid_softmax/gradients.py"]


def test_the_network_of_the_readme_builds() -> None:
    source = Source(block("mish_net.py"), "mish_net.py", "mish_net")
    assert sorted(Build(source).files) == ["backward.py", "derivation.tex", "gradients.py", "report.json"]


def test_training_as_the_readme_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "generated" / "two_layer_net")
    names: dict[str, np.ndarray] = {}
    exec(block("training"), names)
    assert names["accuracy"] > 0.9


def test_every_folder_of_the_package_has_its_row() -> None:
    rooms = [p.name for p in sorted((ROOT / "symbp").iterdir()) if p.is_dir() and p.name != "__pycache__"]
    assert [r for r in rooms if f"`{r}/`" not in README] == []
