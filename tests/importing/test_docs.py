"""What docs/pytorch.md shows is what comes out, and the commands refuse what they cannot take."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from symbp.imported import import_archive, import_file
from symbp.importing.graph import Refused

torch = pytest.importorskip("torch", reason="modules are run by PyTorch, pip install '.[torch]'")

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "pytorch.md").read_text()
BLOCKS = dict(re.findall(r"<!-- ([^\n]+?) -->\n+```\w*\n(.*?)```", TEXT, re.DOTALL))


def symbp(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "symbp", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_page(tmp_path: Path) -> None:
    """The command writes what is shown; a saved program of the same module gives the same."""
    (tmp_path / "nets.py").write_text(BLOCKS["nets.py"])
    done = symbp(tmp_path, *BLOCKS["the command"].split()[1:])
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["networks/LeNet/LeNet.py", "networks/LeNet/LeNet.npz"]
    assert (tmp_path / "networks/LeNet/LeNet.py").read_text() == BLOCKS["LeNet.py"]
    weights = np.load(tmp_path / "networks/LeNet/LeNet.npz")
    assert weights["fc1_weight"].shape == (120, 400)


def test_a_saved_program_of_the_same_module(tmp_path: Path) -> None:
    exec(BLOCKS["nets.py"], names := {"__name__": "nets"})
    module = names["LeNet"]()
    torch.export.save(torch.export.export(module, (torch.randn(8, 1, 28, 28),)), tmp_path / "LeNet.pt2")
    made = import_archive(tmp_path / "LeNet.pt2", "cross_entropy")
    assert made.source == BLOCKS["LeNet.py"].replace("LeNet, brought", "LeNet.pt2, brought")
    for name, array in module.state_dict().items():
        assert np.array_equal(made.weights[name.replace(".", "_")], array.numpy())


def test_in_python(tmp_path: Path) -> None:
    exec(BLOCKS["nets.py"], names := {"__name__": "nets"})
    exec(BLOCKS["in Python"].replace('"networks"', "folder"), names | {"folder": tmp_path})
    assert sorted(p.name for p in (tmp_path / "LeNet").iterdir()) == ["LeNet.npz", "LeNet.py"]
    assert (tmp_path / "LeNet" / "LeNet.py").read_text() == BLOCKS["LeNet.py"]


@pytest.mark.parametrize(
    ("name", "shapes", "loss", "expected"),
    [
        ("LeNet", (), "mse", "comes without inputs"),
        ("Absent", ("8,1,28,28",), "mse", "has no Absent"),
        ("LeNet", ("8,a",), "mse", "expected sizes"),
        ("LeNet", ("8,2,28,28",), "mse", "torch.export cannot take the module"),
        ("torch", ("8",), "mse", "is no module and makes none"),
        ("LeNet", ("8,1,28,28",), "mean", "no loss 'mean'; expected mse, cross_entropy"),
    ],
)
def test_what_is_refused(tmp_path: Path, name: str, shapes: tuple[str, ...], loss: str, expected: str) -> None:
    (tmp_path / "nets.py").write_text(BLOCKS["nets.py"])
    with pytest.raises(Refused) as error:
        import_file(tmp_path / "nets.py", name, shapes, loss)
    assert expected in str(error.value)


def test_a_refusal_is_a_message(tmp_path: Path) -> None:
    """Exit status 2, no traceback, nothing written."""
    (tmp_path / "nets.py").write_text(BLOCKS["nets.py"])
    done = symbp(tmp_path, "import", "nets.py:LeNet", "-o", "networks")
    assert done.returncode == 2
    assert "comes without inputs" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "networks").exists()
