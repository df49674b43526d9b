"""The recipe of CONTRIBUTING for an elementary function, followed in a copy of the tree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.document.test_recipes import ROOT, edit, tree

NETWORK = """from symbp import Data, Param, dims, network

N, D, H = dims("N D H")


@network
def arsinh_layer(x: Data[N, D], y: Data[N, H], W: Param[D, H], b: Param[H]):
    a = asinh(x @ W + b)
    return sum((a - y) ** 2) / N
"""


def rows() -> list[str]:
    """The two rows that the recipe gives, as they stand there."""
    recipe = (ROOT / "CONTRIBUTING.md").read_text().split("## Add a function")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", recipe, re.DOTALL)


def indented(row: str) -> str:
    return "".join(f"    {line}\n" for line in f"{row.rstrip()},".splitlines())


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "net.py").write_text(NETWORK)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-m", "symbp", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, encoding="utf-8")


def add_first(folder: Path) -> None:
    path = folder / "symbp" / "core" / "functions.py"
    edit(path, '    Elementary("tan",', f'{indented(rows()[0])}    Elementary("tan",')


def add_second(folder: Path) -> None:
    path = folder / "symbp" / "verify" / "functions.py"
    edit(path, '    Known("abs",', f'{indented(rows()[1])}    Known("abs",')


def test_an_elementary_function_is_two_rows(tmp_path: Path) -> None:
    folder = tree(tmp_path)
    assert "`asinh` is no function of the language" in run(folder, "verify", "net.py").stderr
    add_first(folder)
    missing = run(folder, "verify", "net.py")
    assert missing.returncode != 0
    assert "extend symbp/verify/functions.py" in missing.stderr
    assert "fault of symbp" not in missing.stderr
    add_second(folder)
    done = run(folder, "build", "net.py", "-o", "out")
    assert done.returncode == 0, done.stderr
    written = folder / "out" / "arsinh_layer"
    assert r"\operatorname{arsinh}" in (written / "derivation.tex").read_text()
    assert "np.arcsinh(" in (written / "gradients.py").read_text()
    assert "asinh(" in (written / "backward.py").read_text()


def test_what_numpy_lacks_names_the_template(tmp_path: Path) -> None:
    folder = tree(tmp_path)
    add_first(folder)
    add_second(folder)
    edit(folder / "symbp" / "core" / "functions.py", ', "arcsinh"),', "),")
    missing = run(folder, "build", "net.py", "-o", "out")
    assert "templates/asinh.py.j2" in missing.stderr
    assert not (folder / "out").exists()


def test_the_second_alone_is_no_function_of_the_language(tmp_path: Path) -> None:
    folder = tree(tmp_path)
    add_second(folder)
    assert "`asinh` is no function of the language" in run(folder, "verify", "net.py").stderr
