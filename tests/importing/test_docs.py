"""What docs/pytorch.md shows is what comes out, and the commands refuse what they cannot take."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

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

    exec(BLOCKS["nets.py"], names := {"__name__": "nets"})
    torch.manual_seed(0)
    module = names["LeNet"]()
    torch.export.save(torch.export.export(module, (torch.randn(8, 1, 28, 28),)), tmp_path / "LeNet.pt2")
    done = symbp(tmp_path, "import", "LeNet.pt2", "-o", "saved")
    assert done.returncode == 0, done.stderr
    source = (tmp_path / "saved/LeNet/LeNet.py").read_text()
    assert source == BLOCKS["LeNet.py"].replace("LeNet, brought", "LeNet.pt2, brought")
    saved = np.load(tmp_path / "saved/LeNet/LeNet.npz")
    for name, array in module.state_dict().items():
        assert np.array_equal(saved[name.replace(".", "_")], array.numpy())


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (("nets.py:LeNet",), "comes without inputs"),
        (("nets.py:Absent", "--input", "8,1,28,28"), "has no Absent"),
        (("nets.py:LeNet", "--input", "8,a"), "expected sizes"),
        (("nets.py:LeNet", "--input", "8,2,28,28"), "torch.export cannot take the module"),
        (("nets.py:torch", "--input", "8"), "is no module and makes none"),
        (("nets.py",), "expected FILE.py:NAME"),
    ],
)
def test_what_is_refused(tmp_path: Path, what: tuple[str, ...], expected: str) -> None:
    (tmp_path / "nets.py").write_text(BLOCKS["nets.py"])
    done = symbp(tmp_path, "import", *what, "-o", "networks")
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "networks").exists()
