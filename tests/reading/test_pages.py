"""The lesson is as short as a lecturer's: pages of the committed documents, at the detail that is the default.

All have the preamble in common, which TeX reads once and keeps as a format.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

GENERATED = Path(__file__).parents[2] / "generated"
MOST = {
    "sigmoid_softmax": 4,
    "linear_2_2_2": 3,
    "neuron_chain": 3,
    "generic_neuron": 2,
    "two_layer_net": 4,
    "mlp": 4,
    "conv_layer": 4,
    "max_pool_layer": 2,
    "lstm": 5,
    "batch_norm_mlp": 6,
    "attention_head": 4,
    "conv_net": 7,
    "transformer_block": 10,
}
TITLE = "\\title{"


def parts(name: str) -> tuple[str, str]:
    """The preamble, which is the same for all, and the rest, which begins with the title."""
    text = (GENERATED / name / "derivation.tex").read_text(encoding="utf-8")
    at = text.index(TITLE)
    return text[:at], text[at:]


def tex(folder: Path, *words: str) -> str:
    run = ["pdflatex", *words[:-1], "-interaction=nonstopmode", "-halt-on-error", words[-1]]
    done = subprocess.run(run, cwd=folder, capture_output=True, check=False)
    output = done.stdout.decode("latin-1")
    assert done.returncode == 0, output[-2000:]
    return output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the preamble as a format."""
    made = tmp_path_factory.mktemp("pages")
    (made / "preamble.tex").write_text(parts("lstm")[0] + "\\dump\n", encoding="utf-8")
    tex(made, "-ini", "-jobname=preamble", "&pdflatex preamble.tex")
    return made


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", MOST)
def test_no_longer_than_a_lecture(name: str, folder: Path) -> None:
    """One run tells: a reference says its number, so that the first breaks pages where the second does."""
    preamble, rest = parts(name)
    assert preamble == parts("lstm")[0]
    (folder / f"{name}.tex").write_text(rest, encoding="utf-8")
    output = tex(folder, "-fmt=preamble", "-draftmode", f"{name}.tex")
    pages = [int(n) for n in re.findall(r"\[(\d+)(?=[\]{<\s])", output)]
    assert pages == list(range(1, len(pages) + 1))
    assert 0 < len(pages) <= MOST[name]
