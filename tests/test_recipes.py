"""Recipes of CONTRIBUTING (a function, a network, a format, a target, a pass), followed in a copy of the tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.document.test_recipes import edit, tree

NET = '''from symbp import Data, Param, dims, network

N, D = dims("N D")


@network
def line(x: Data[N, D], t: Data[N], w: Param[D]):
    """A line."""
    y = {function}(x @ w)
    return mean((y - t) ** 2)
'''


def symbp_in(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command of the copy's."""
    env = {**os.environ, "PYTHONPATH": str(folder), **environment}
    return subprocess.run(
        [sys.executable, "-m", "symbp", *arguments], cwd=folder, env=env, capture_output=True, check=False, text=True
    )


def run(folder: Path, *arguments: str) -> str:
    done = symbp_in(folder, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_function_is_added(tmp_path: Path) -> None:
    library = tree(tmp_path) / "symbp" / "library" / "activations.py"
    library.write_text(library.read_text() + '\n\ndef hat(x):\n    """Highest at 0."""\n    return exp(-x ** 2 / 2)\n')
    (tmp_path / "net.py").write_text(NET.format(function="hat"))
    assert "`hat` is no function of the language" in symbp_in(tmp_path, "build", "net.py").stderr
    edit(
        tmp_path / "symbp" / "notation" / "vocabulary.py",
        "_library(\n            sigmoid=",
        '_library(\n            hat="hat(x)",\n            sigmoid=',
    )
    run(tmp_path, "build", "net.py", "-o", "out")
    assert "np.exp(" in (tmp_path / "out" / "line" / "gradients.py").read_text()
    assert "hat" in (tmp_path / "out" / "line" / "derivation.tex").read_text()


def test_a_network_is_added(tmp_path: Path) -> None:
    networks = tree(tmp_path) / "symbp" / "networks"
    (networks / "line.py").write_text(NET.format(function="tanh"))
    assert "line                 A line." in run(tmp_path, "list")
    run(tmp_path, "build", "line", "-o", "out")
    assert (tmp_path / "out" / "line" / "report.json").exists()


def test_a_format_is_added(tmp_path: Path) -> None:
    symbp = tree(tmp_path) / "symbp"
    (symbp / "document" / "outline").mkdir()
    (symbp / "document" / "outline" / "__init__.py").write_text('"""A document as its headings."""\n')
    (symbp / "document" / "outline" / "write.py").write_text(
        "def write_outline(document, language):\n    return f'{document.name}: {len(document.sections)} sections\\n'\n"
    )
    edit(
        symbp / "pipeline.py",
        'FORMATS = {"tex": Format("derivation.tex", write_latex)}',
        'FORMATS = {"tex": Format("derivation.tex", write_latex), "outline": Format("outline.txt", write_outline)}',
    )
    edit(
        symbp / "pipeline.py",
        "from symbp.document.tex.write import ",
        "from symbp.document.outline.write import write_outline\nfrom symbp.document.tex.write import ",
    )
    run(tmp_path, "derive", "two_paths", "--format", "outline", "-o", "out")
    assert (tmp_path / "out" / "two_paths" / "outline.txt").read_text().endswith("sections\n")


def test_a_target_is_added(tmp_path: Path) -> None:
    symbp = tree(tmp_path) / "symbp"
    (symbp / "listing").mkdir()
    (symbp / "listing" / "__init__.py").write_text('"""A program as a list of its operations."""\n')
    (symbp / "listing" / "write.py").write_text(
        "def write_listing(program):\n    return '\\n'.join(s.op for s in program.routines[-1].statements) + '\\n'\n"
    )
    edit(
        symbp / "pipeline.py",
        'TARGETS = {"numpy": Target("gradients.py", write_numpy)}',
        'TARGETS = {"numpy": Target("gradients.py", write_numpy), "listing": Target("listing.txt", write_listing)}',
    )
    edit(
        symbp / "pipeline.py",
        "from symbp.lowering.lower import placed, pure\n",
        "from symbp.listing.write import write_listing\nfrom symbp.lowering.lower import placed, pure\n",
    )
    run(tmp_path, "emit", "two_paths", "--target", "listing", "-o", "out")
    assert "call" in (tmp_path / "out" / "two_paths" / "listing.txt").read_text().split()


def test_a_pass_that_breaks_a_network_is_named(tmp_path: Path) -> None:
    lower = tree(tmp_path) / "symbp" / "lowering" / "lower.py"
    edit(lower, "    stabilise,  # before", "    forgetful,\n    stabilise,  # before")
    edit(
        lower,
        "# Network -> Network: what",
        "def forgetful(network):\n    from dataclasses import replace\n"
        "    return replace(network, equations=network.equations[1:])\n\n\n# Network -> Network: what",
    )
    done = symbp_in(tmp_path, "emit", "sigmoid_softmax", SYMBP_CHECK="1")
    assert done.returncode == 2
    assert "forgetful broke sigmoid_softmax" in done.stderr
