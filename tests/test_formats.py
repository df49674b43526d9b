"""A format and a target are rows of a table, which the commands read."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from symbp.cli import commands
from symbp.document.model import DETAILS
from symbp.pipeline import FORMATS, TARGETS, Format, Target


def run(*arguments: str) -> None:
    commands.main(list(arguments), standalone_mode=False)


def test_a_format_with_a_row_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    titles = Format("titles.txt", lambda document, _language: f"{document.name}: {len(document.sections)}\n")
    monkeypatch.setitem(FORMATS, "titles", titles)
    run("derive", "linear_2_2_2", "--format", "titles", "-o", str(tmp_path))
    written = sorted(p.name for p in (tmp_path / "linear_2_2_2").iterdir())
    assert written == ["backward.py", "titles.txt"]
    assert (tmp_path / "linear_2_2_2" / "titles.txt").read_text().startswith("linear_2_2_2: ")


def test_each_language_has_a_file(tmp_path: Path) -> None:
    run("derive", "linear_2_2_2", "--lang", "en,zh", "-o", str(tmp_path))
    folder = tmp_path / "linear_2_2_2"
    assert sorted(p.name for p in folder.iterdir()) == ["backward.py", "derivation.tex", "derivation.zh.tex"]
    assert "Backpropagation through" in (folder / "derivation.tex").read_text()
    assert "的反向传播" in (folder / "derivation.zh.tex").read_text()
    run("derive", "two_paths", "--lang", "zh", "-o", str(tmp_path))
    assert sorted(p.name for p in (tmp_path / "two_paths").iterdir()) == ["backward.py", "derivation.zh.tex"]


def test_a_target_with_a_row_is_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(TARGETS, "names", Target("names.txt", lambda program: " ".join(program.names) + "\n"))
    run("emit", "two_paths", "--target", "numpy,names", "-o", str(tmp_path))
    written = sorted(p.name for p in (tmp_path / "two_paths").iterdir())
    assert written == ["gradients.py", "names.txt"]
    assert (tmp_path / "two_paths" / "names.txt").read_text().startswith("c d x ")


@pytest.mark.parametrize("option", [("derive", "--format"), ("emit", "--target"), ("build", "--lang")])
def test_what_has_no_row_cannot_be_written(option: tuple[str, str], tmp_path: Path) -> None:
    command, name = option
    with pytest.raises(click.BadParameter, match=r"'runes' cannot be written; what can: (tex|numpy|en, zh)"):
        run(command, "linear_2_2_2", name, "runes", "-o", str(tmp_path))


def test_the_levels_of_detail_are_those_of_a_document() -> None:
    (option,) = (p for p in commands.commands["build"].params if p.name == "detail")
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == DETAILS
