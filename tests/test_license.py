"""The licence is in the repository, named in its metadata, and in what is distributed."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_licence_is_named_and_shipped() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert (project["project"]["license"], project["project"]["license-files"]) == ("MIT", ["LICENSE"])
    assert "/LICENSE" in project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    lines = (ROOT / "LICENSE").read_text().splitlines()
    assert (lines[0], lines[2]) == ("MIT License", "Copyright (c) 2026 the symbp authors")
