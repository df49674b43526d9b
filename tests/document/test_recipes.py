"""The recipes of CONTRIBUTING for a sentence and a language, followed in a copy of the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = """
from symbp.document.tex.write import write_latex
from symbp.document.words import LANGUAGES
from symbp.pipeline import Build
from symbp.sources import every_built_in
source = next(s for s in every_built_in() if s.name == "two_paths")
print(write_latex(Build(source).document, LANGUAGES[{language!r}]))
"""


def tree(folder: Path) -> Path:
    """A copy of what is run."""
    for name in ("symbp", "templates"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (path, old)
    path.write_text(text.replace(old, new), encoding="utf-8")


def page(folder: Path, language: str) -> str:
    """A derivation that the copy writes."""
    run = [sys.executable, "-c", BUILD.format(language=language)]
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(run, cwd=folder, env=environment, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_is_a_sentence_of_the_catalogue() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    line = next(x for x in contributing.splitlines() if x.startswith('"kink.absolute"'))
    assert line in (ROOT / "symbp" / "document" / "words" / "en.py").read_text()


def test_a_sentence_is_added(tmp_path: Path) -> None:
    document = tree(tmp_path) / "symbp" / "document"
    edit(
        document / "words" / "en.py",
        '    "graph.parameters":',
        '    "graph.loss": "All of them end in {loss}.",\n    "graph.parameters":',
    )
    edit(
        document / "graph.py",
        'words = [said("graph.arrows")]',
        'words = [said("graph.arrows"), said("graph.loss", loss=Whole(d.loss))]',
    )
    edit(document / "graph.py", "import said\n", "import Whole, said\n")
    assert "derivatives back. All of them end in $z$." in page(tmp_path, "en")


def test_a_language_is_added(tmp_path: Path) -> None:
    words = tree(tmp_path) / "symbp" / "document" / "words"
    shutil.copy(words / "en.py", words / "el.py")
    for old, new in (
        ('"Backpropagation through {network}"', '"Οπισθοδιάδοση στο {network}"'),
        ('"sentences": (" ", " ")', '"sentences": ("", "")'),
        ('"and": (", ", " and ")', '"and": (", ", " και ")'),
        ('{"one": "line {lines}", "many": "lines {lines}"}', '"γρ. {lines}"'),
        ("words/en.py", "words/el.py"),
        ("import Forms, Language", "import Fonts, Forms, Language"),
        ("ENGLISH = ", GREEK_FONTS + "GREEK = "),
        ("    form=form,\n", "    form=form,\n    fonts=FONTS,\n"),
    ):
        edit(words / "el.py", old, new)
    edit(words / "__init__.py", '"zh": CHINESE}', '"zh": CHINESE, "el": GREEK}')
    edit(words / "__init__.py", "import ENGLISH\n", "import ENGLISH\nfrom symbp.document.words.el import GREEK\n")
    run = [sys.executable, "-m", "symbp", "derive", "two_paths", "--lang", "el,en", "-o", "out"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    tex = (tmp_path / "out" / "two_paths" / "derivation.el.tex").read_text(encoding="utf-8")
    assert tex.startswith("% lualatex\n\\documentclass[11pt]{article}\n\\usepackage{fontspec}\n\\usepackage[a4paper")
    assert r"\title{Οπισθοδιάδοση στο \texttt{two\_paths}}" in tex
    assert "carry derivatives back.Boxes with a tint" in tex
    assert " και " in tex
    assert "Backpropagation through" not in tex
    english = (tmp_path / "out" / "two_paths" / "derivation.tex").read_text(encoding="utf-8")
    assert english.startswith("\\documentclass")
    assert "Backpropagation through" in english


GREEK_FONTS = 'FONTS = Fonts(letters="\\u0370-\\u03ff", preamble=("\\\\usepackage{fontspec}",), above=("lualatex",))\n'
