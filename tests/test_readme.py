"""What the README shows is what symbp writes, and what it tells to run runs."""

from __future__ import annotations

import re

import numpy as np
import pytest

from symbp.pipeline import Build
from symbp.sources import Source
from tests.readme import ROOT, refreshed

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"<!-- (.+?) -->\n+```\w*\n(.*?)```", README, re.DOTALL)


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


def test_every_folder_of_the_package_has_its_row() -> None:
    rooms = [p.name for p in sorted((ROOT / "symbp").iterdir()) if p.is_dir() and p.name != "__pycache__"]
    assert [r for r in rooms if f"`{r}/`" not in README] == []
