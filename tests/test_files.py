"""Files are written together or not at all, and only below the folder that was asked for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from symbp.files import OutputError, demand_folder, write_all


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with what it holds, and every empty folder."""
    found = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    empty = {str(p.relative_to(folder)): b"" for p in folder.rglob("*") if p.is_dir() and not any(p.iterdir())}
    return found | empty


def test_writes_and_replaces_whole_files(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    assert write_all(out, {"net/one": "1\n", "net/two": "é\n"}) == (out / "net/one", out / "net/two")
    write_all(out, {"net/two": "new\n"})
    assert tree(out) == {"net/one": b"1\n", "net/two": b"new\n"}


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "mine").write_text("kept")
    write_all(tmp_path, {"net/one": "1"})
    assert tree(tmp_path) == {"net/mine": b"kept", "net/one": b"1"}


def test_a_folder_in_the_way_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "net" / "two").mkdir(parents=True)
    with pytest.raises(OutputError, match="in the way"):
        write_all(tmp_path, {"net/one": "1", "net/two": "2"})
    assert tree(tmp_path) == {"net/two": b""}


@pytest.mark.parametrize("out", ["file", "file/below", "file/far/below"])
def test_a_file_in_the_place_of_a_folder(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OutputError, match="cannot write into"):
        write_all(tmp_path / out, {"net/one": "1"})
    with pytest.raises(OutputError, match="not a folder"):
        demand_folder(tmp_path / out)
    assert tree(tmp_path) == {"file": b"kept"}


def test_nothing_lands_outside(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "net").symlink_to(elsewhere)
    with pytest.raises(OutputError, match="outside"):
        write_all(out, {"net/one": "1"})
    assert tree(elsewhere) == {}


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path / "new" / "out", {"net/one": "1", "net/two": "2"})
    assert tree(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
