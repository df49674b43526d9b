"""Whatever the user's code does is survived and told with its line, and nothing of the user's is changed."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from symbp.cli import commands
from symbp.notation.read import read_network
from symbp.review import trial
from symbp.review.check import CannotCheck, Report, check_file, check_text
from tests.review.cases import FIT, NETWORKS

FIRST = "    n = len(u)"


def check(code: str, beside: Path) -> Report:
    return check_text(code, "mine.py", beside, read_network(NETWORKS, "networks.py", "fit"), "", {}, {})


def before(line: str) -> str:
    """The right pass with a line at its start, line 6."""
    assert FIT.count(FIRST) == 1
    return FIT.replace(FIRST, f"    {line}\n{FIRST}")


@pytest.mark.parametrize(
    "line",
    [
        "print('x' * 10**6)",
        "import threading; threading.Thread(target=lambda: [None for _ in iter(int, 1)], daemon=True).start()",
        "open('log.txt', 'a').write('x'); np.save('weights.npy', A)",
        "np.random.seed(5); np.random.rand()",
        "import sys; sys.stdout.close()",
    ],
)
def test_what_does_no_harm_is_right(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert check(before(line), tmp_path).findings == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "kind", "said"),
    [
        ("exit()", "raises", "SystemExit"),
        ("raise RuntimeError('not done')", "raises", "RuntimeError: not done"),
        ("input('go?')", "raises", "EOFError"),
        ("np.ones(10**11)", "raises", "MemoryError"),
        ("import os; os.remove('keep.txt')", "raises", "nothing is changed while a pass is checked"),
        ("import subprocess; subprocess.run(['true'])", "raises", "nothing is changed while a pass is checked"),
        ("u = u * np.random.rand()", "loss", "at random"),
        ("u = u * np.random.default_rng().random()", "loss", "at random"),
    ],
)
def test_what_ends_a_pass_is_told_at_its_line(
    line: str, kind: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("keep.txt").write_text("mine")
    (found,) = check(before(line), tmp_path).findings
    assert (found.line, found.kind) == (6, kind)
    assert said in found.why
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("keep.txt", "mine")]


def test_what_is_written_is_read_again_and_never_reaches_the_folder(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("old")
    file = str(tmp_path / "log.txt")
    line = f"open({file!r}, 'a').write('new'); assert open({file!r}).read().startswith('oldnew')"
    assert check(before(line), tmp_path).findings == ()
    assert (tmp_path / "log.txt").read_text() == "old"


def test_a_module_beside_is_imported_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "helping.py").write_text("def half(value):\n    return value / 2\n")
    code = FIT.replace("import numpy as np", "import numpy as np\nfrom helping import half")
    assert check(code.replace("0.5 * np.sum(e * e)", "half(np.sum(e * e))"), tmp_path).findings == ()
    assert [p.name for p in tmp_path.iterdir()] == ["helping.py"]


@pytest.mark.parametrize("loop", ["while True: pass", "while grad_r is not None: e = e"])
def test_a_loop_without_an_end_is_told_by_its_line(loop: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "FIRST_RUN", 1.0)
    code = FIT.replace("    grad_q = grad_r @ C.T", f"    {loop}\n    grad_q = grad_r @ C.T")
    with pytest.raises(CannotCheck, match=r"not returned after 1 seconds \(line 15\)"):
        check(code, tmp_path)


def test_what_a_file_does_when_it_is_run_is_told_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match=r"FileNotFoundError.*\(line 21\); what is only for running it"):
        check(FIT + "\nprint(open('none.csv').read())\n", tmp_path)


def test_what_is_kept_between_calls_is_told_at_its_line(tmp_path: Path) -> None:
    code = "COUNT = 0\n" + before("global COUNT; COUNT += 1").replace("grad_r = e / n", "grad_r = e / n * COUNT")
    found = check(code, tmp_path).findings
    assert [(f.line, f.kind, f.quantity) for f in found] == [(7, "state", "COUNT")]


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mine.py")
    for name in ("mine.py", "none.py", "."):
        assert CliRunner().invoke(commands, ["check", str(tmp_path / name)]).exit_code == 2


def test_a_machine_is_told_what_could_not_be_checked(tmp_path: Path) -> None:
    nets, mine = tmp_path / "networks.py", tmp_path / "mine.py"
    nets.write_text(NETWORKS)
    mine.write_text(FIT.replace("return loss, grad_A, grad_a, grad_C, grad_c", "pass"))
    run = CliRunner().invoke(commands, ["check", f"{nets}:fit", str(mine), "--json"])
    assert isinstance(run.exception, CannotCheck)  # of which the command makes a message and status 2
    said = json.loads(run.stdout)
    assert (said["verdict"], said["findings"]) == ("not checked", [])
    assert "no gradient of A, a, C, c was found: fit returns none" in said["detail"]


def test_a_plot_does_not_wait(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert check(before("import matplotlib.pyplot as p; p.plot([1]); p.show()"), tmp_path).findings == ()


def test_the_file_is_the_one_that_is_checked(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(FIT + "\nif __name__ == '__main__':\n    while True: pass\n")
    assert check_file(tmp_path / "mine.py", read_network(NETWORKS, "networks.py", "fit")).is_right
