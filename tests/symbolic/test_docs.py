"""What docs/sympy.md shows is what comes out."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "sympy.md").read_text()
BLOCKS = dict(re.findall(r"<!-- ([^\n]+?) -->\n+```\w*\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def line(tmp_path: Path) -> Any:
    """The network of the page, in a file that is run."""
    path = tmp_path / "line_of_the_page.py"
    path.write_text(f"from __future__ import annotations\n{BLOCKS['line']}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.line


def demand_shown(title: str, names: dict[str, Any]) -> None:
    """The session of that title prints what it shows."""
    test = doctest.DocTestParser().get_doctest(BLOCKS[title], names, title, None, None)
    assert test.examples
    result = doctest.DocTestRunner(optionflags=doctest.IGNORE_EXCEPTION_DETAIL).run(test, clear_globs=False)
    assert result.failed == 0


def test_out(line: Any) -> None:
    names = {"line": line, "derivation": line.derive()}
    demand_shown("out", names)
    demand_shown("explicit", names)


def test_in() -> None:
    names: dict[str, Any] = {}
    exec(BLOCKS["scalars"], names)
    demand_shown("source", names)
    demand_shown("refused", names)


@pytest.mark.parametrize(("title", "name"), [("indexed", "squares"), ("matrices", "layer")])
def test_indices_and_matrices(title: str, name: str) -> None:
    names: dict[str, Any] = {}
    exec(BLOCKS["scalars"], names)
    exec(BLOCKS[title], names)
    assert all(c.passed for c in names[name].verify())
