"""The commands: exit status, what is said, and that nothing is written where something is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

import symbp
from symbp import cli, pipeline
from symbp.core.equality import Check
from tests.test_files import tree

FILES = ["backward.py", "derivation.tex", "gradients.py", "report.json"]
GOOD_FILE = '''from symbp import Data, Param, dims, network

N, D = dims("N D")


@network
def line(x: Data[N, D], t: Data[N], w: Param[D]):
    """A straight line."""
    return mean((x @ w - t) ** 2)


@network
def curve(x: Data[N], t: Data[N], w: Param, unused: Param[D]):
    """One more."""
    return mean((tanh(w * x) - t) ** 2)
'''


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Run a command in an empty folder with one file of networks, `good.py`, in it."""
    monkeypatch.chdir(tmp_path)
    Path("good.py").write_text(GOOD_FILE)
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments: str) -> Result:
        with pytest.raises(SystemExit) as end:
            cli.main(arguments)
        return Result(end.value.code, *capsys.readouterr())

    yield call
    signal.signal(signal.SIGTERM, before)


def written(folder: str = "generated") -> list[str]:
    return sorted(tree(Path(folder)))


def test_version_and_help(run) -> None:
    assert run("--version") == Result(0, f"symbp {symbp.__version__}\n", "")
    assert all(c in run("--help").out for c in ("list", "show", "derive", "emit", "verify", "build"))
    assert all(run(c, "--help").status == 0 for c in ("list", "show", "derive", "emit", "verify", "build"))


def test_list(run) -> None:
    lines = run("list").out.splitlines()
    assert any(line.startswith("sigmoid_softmax ") for line in lines)
    assert all(len(line.split(None, 1)) == 2 for line in lines)


def all_files(*names: str) -> list[str]:
    return [f"{name}/{file}" for name in names for file in FILES]


WRITES = [
    (("derive", "sigmoid_softmax"), ["sigmoid_softmax/backward.py", "sigmoid_softmax/derivation.tex"]),
    (("emit", "sigmoid_softmax"), ["sigmoid_softmax/gradients.py"]),
    (("build", "sigmoid_softmax"), all_files("sigmoid_softmax")),
    (("build", "good.py:line"), all_files("line")),
    (("build", "good.py"), all_files("curve", "line")),
    (("build", "good.py:line", "good.py:line", "two_paths"), all_files("line", "two_paths")),
    (("derive", "good.py:line", "--hvp"), ["line/backward.py", "line/derivation.tex", "line/hessian.py"]),
    (("emit", "good.py:line", "--hvp"), ["line/gradients.py"]),
    (("build", "good.py:line", "--hvp"), sorted([*all_files("line"), "line/hessian.py"])),
]


@pytest.mark.parametrize(("arguments", "files"), WRITES, ids=lambda v: " ".join(v) if isinstance(v, tuple) else "")
def test_writes_into_the_folder(run, arguments: tuple[str, ...], files: list[str]) -> None:
    result = run(*arguments, "-o", "out")
    assert (result.status, result.err) == (0, "")
    assert written("out") == files
    assert sorted(result.out.splitlines()) == [f"out/{f}" for f in files]
    assert sorted(p.name for p in Path().iterdir()) == ["good.py", "out"]


def test_a_command_writes_the_same_as_build(run) -> None:
    run("build", "good.py:line", "-o", "a")
    run("derive", "good.py:line", "-o", "b", "--format", "tex")
    run("emit", "good.py:line", "-o", "b")
    assert tree(Path("b")).items() < tree(Path("a")).items()


def test_hvp_goes_into_the_document_the_module_and_the_checks(run) -> None:
    run("build", "good.py:curve", "--hvp", "-o", "a")
    files = tree(Path("a"))
    assert b"The Hessian times a vector" in files["curve/derivation.tex"]
    assert (
        b"def hessian_vector_product(x, t, vector, *, w, unused, out=None, work=None):" in files["curve/gradients.py"]
    )
    assert b"return w_bar_dot, unused_bar_dot" in files["curve/hessian.py"]
    assert b'"H v by w"' in files["curve/report.json"]
    run("build", "good.py:curve", "-o", "b")
    assert not any(b"essian" in text for text in tree(Path("b")).values())


def test_hvp_is_verified_and_wants_parameters(run) -> None:
    assert "symmetry" in run("verify", "good.py:line", "--hvp", "-v").out
    run("emit", "good.py:line")
    missing = run("verify", "good.py:line", "--hvp", "--module", "generated/line/gradients.py")
    assert (missing.status, "no function hessian_vector_product" in missing.out) == (1, True)
    Path("none.py").write_text(GOOD_FILE.replace("Param", "Data"))
    result = run("emit", "none.py:line", "--hvp", "-o", "out")
    assert (result.status, result.out, Path("out").exists()) == (2, "", False)
    assert result.err == "symbp: --hvp: line has no parameters, so its loss has no Hessian; try --wrt\n"
    assert run("emit", "none.py:line", "--hvp", "--wrt", "w", "-o", "out").status == 0


def test_show(run) -> None:
    result = run("show", "good.py:curve")
    assert (result.status, written()) == (0, [])
    assert "The loss does not reach unused: its gradient is zero." in result.out
    assert "(N,)" in result.out


def test_verify_prints_the_figures_and_writes_nothing(run) -> None:
    short = run("verify", "good.py:line")
    assert (short.status, short.out.count("\n")) == (0, 1)
    assert short.out.startswith("right: line, ")
    result = run("verify", "good.py:line", "-v")
    assert (result.status, written()) == (0, [])
    assert result.out.startswith("right: line, ")
    assert all(word in result.out for word in ("central difference", "complex step", "interpreter", "passed"))


def test_a_right_module_passes_and_a_wrong_one_does_not(run) -> None:
    run("emit", "good.py:line")
    path = Path("generated/line/gradients.py")
    assert run("verify", "good.py:line", "--module", str(path)).status == 0
    wrong = path.read_text() + WRONG_SIGN
    Path("wrong.py").write_text(wrong)
    result = run("verify", "good.py:line", "--module", "wrong.py")
    assert (result.status, result.err) == (1, "")
    verdict, *lines = result.out.splitlines()
    assert verdict.startswith("wrong: line, ")
    assert len(lines) == 1  # all witnesses say the same
    assert lines[0].startswith("  w against interpreter, complex step and central difference: error 2 ")
    assert "sign" in lines[0]


WRONG_SIGN = """

_right = loss_and_gradients


def loss_and_gradients(x, t, *, w, **rest):
    value, gradients = _right(x, t, w=w, **rest)
    return value, {"w": -gradients["w"]}
"""


def test_wrt_differentiates_by_data(run) -> None:
    assert run("emit", "good.py:line", "--wrt", "x").status == 0
    text = Path("generated/line/gradients.py").read_text()
    assert 'PARAMETERS = ("x",)' in text
    assert 'DATA = ("t", "w")' in text


BAD = [
    (("show", "sigmoid_sofmax"), "did you mean sigmoid_softmax?"),
    (("show", "nowhere.py"), "nowhere.py: cannot be read"),
    (("show", "folder.py"), "folder.py: cannot be read"),
    (("show", "latin.py"), "latin.py: not UTF-8"),
    (("show", "empty.py"), "no network in it"),
    (("show", "good.py"), "has 2 networks; say which: good.py:line, good.py:curve"),
    (("show", "good.py:other"), "no network 'other' in it; it has line, curve"),
    (("build", "good.py", "twin.py"), "two networks are called line"),
    (("build",), "name the networks to build, or give --all"),
    (("build", "two_paths", "--all"), "name the networks to build, or give --all"),
    (("derive", "two_paths", "--format", "tex,html"), "'html' cannot be written; what can: tex"),
    (("emit", "good.py:line", "--wrt", "w,z"), "line has no argument 'z'; it has x, t, w"),
    (("emit", "good.py:line", "--wrt", ""), "expected names with commas between them, as in x,W1"),
    (("emit", "good.py:line", "--wrt", "w,"), "expected names with commas between them, as in x,W1"),
    (("emit", "good.py:line", "--wrt", "w, w"), "'w' is named twice"),
    (("emit", "good.py:"), "good.py:: expected the name of a network after the colon"),
    (("build", "two_paths", "-o", "good.py"), "good.py is not a folder"),
    (("build", "two_paths", "-o", "good.py/x"), "good.py is not a folder"),
    (("build", "wrong.py"), "wrong.py:6"),
    (("build", "python.py"), "python.py"),
    (("build", "two_paths", "wrong.py"), "wrong.py:6"),
    (("verify", "two_paths", "--module", "nowhere.py"), "nowhere.py"),
    (("frobnicate",), "frobnicate"),
    (("show", "two_paths", "--frobnicate"), "frobnicate"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=lambda v: " ".join(v) if isinstance(v, tuple) else "")
def test_bad_input(run, arguments: tuple[str, ...], message: str) -> None:
    Path("folder.py").mkdir()
    Path("latin.py").write_bytes(b"# caf\xe9\n")
    Path("empty.py").write_text("")
    Path("python.py").write_text("def f(:\n")
    Path("twin.py").write_text(GOOD_FILE.replace("mean(", "sum("))
    Path("wrong.py").write_text(WRONG_FILE)
    before = tree(Path())
    result = run(*arguments)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert "Traceback" not in result.err
    assert tree(Path()) == before


WRONG_FILE = """from symbp import Data, Param, dims, network
N, D = dims("N D")
@network
def wrong(x: Data[N, D], w: Param[N]):
    z = x @ x.T
    return sum(x @ w)
"""


def test_wrong_shapes_are_underlined(run) -> None:
    Path("wrong.py").write_text(WRONG_FILE)
    lines = run("show", "wrong.py").err.splitlines()
    assert lines[0].startswith("symbp: wrong.py:6: ")
    assert lines[1].strip() == "return sum(x @ w)"
    assert set(lines[2].strip()) == {"^"}


LATE = """from symbp import Data, Param, dims, network

N, T = dims("N T")


@network
def late(x: Data[N, T], w: Param[T]):
    y[n] = mean(x[n, t] * w[t] for t in T if t > MOST)
    return sum(y)
"""


def test_sizes_at_which_nothing_is_left_are_no_failed_check(run) -> None:
    """Larger ones are found, or the line is named."""
    Path("late.py").write_text(LATE.replace("MOST", "30"))
    assert run("verify", "late.py").out.startswith("right: late, ")
    Path("late.py").write_text(LATE.replace("t > MOST", "t > 10 * T"))
    result = run("build", "late.py")
    assert (result.status, written()) == (2, [])
    assert result.err.startswith("symbp: late.py:8: no data found at which late has a value: y[0] has none")
    assert "y[n] = mean(" in result.err.splitlines()[1]


def test_a_failed_check_writes_nothing(run, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = Check("W1", "central difference", 6, 0.5, 1e-6, "looks like a sign")
    monkeypatch.setattr(pipeline, "check_module", lambda *_, **__: (bad,))
    for command in ("derive", "emit", "build", "verify"):
        result = run(command, "two_paths")
        assert result.status == 1
        said = result.out if command == "verify" else result.err
        assert "W1 against central difference: error 0.5 exceeds the bound 1e-06; looks like a sign" in said
        assert written() == []


def symbp_process(*arguments: str, seed: str = "0", first: str = "", **options) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", f"from symbp.cli import main; {first}main()", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
    return subprocess.Popen(command, env=environment, **{**pipes, **options})


def test_the_same_bytes_under_two_hash_seeds(tmp_path: Path) -> None:
    runs = [
        symbp_process("build", "sigmoid_softmax", "multi_loss", "-o", str(tmp_path / s), seed=s) for s in ("1", "2")
    ]
    assert [p.communicate()[1] for p in runs] == ["", ""]
    assert tree(tmp_path / "1") == tree(tmp_path / "2") != {}


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, signum: signal.Signals) -> None:
    process = symbp_process("build", "--all", "-o", str(tmp_path / "out"), first="print('ready', flush=True); ")
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signum)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + signum
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_stops_is_no_error() -> None:
    with symbp_process("list") as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
