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


# What runs in the background ignores SIGINT, and hands that down.
USUAL = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, signum: signal.Signals) -> None:
    process = symbp_process("build", "--all", "-o", str(tmp_path / "out"), first=f"{USUAL}print('ready', flush=True); ")
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


def command(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    """`python -m symbp` to its end."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, "text": True}
    options = {"timeout": 100, **pipes, **options}
    return subprocess.run([sys.executable, "-m", "symbp", *arguments], **options)


# A signal in the middle of an import, whose module is given.
IMPORT = """
import os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {signum})
sys.meta_path.insert(0, Finder)
sys.argv = ["symbp", *sys.argv[1:]]
runpy.run_module("symbp", run_name="__main__")
"""


@pytest.mark.parametrize("module", ["click", "symbp.errors", "sympy", "numpy", "jinja2", "symbp.verify.module"])
@pytest.mark.parametrize("ending", [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_an_interrupted_import_is_a_message(run, module: str, ending: tuple[signal.Signals, str]) -> None:
    signum, said = ending
    program = IMPORT.format(signum=int(signum), module=module)
    process = subprocess.run(
        [sys.executable, "-c", program, "build", "good.py"], capture_output=True, text=True, timeout=100
    )
    assert (process.returncode, process.stdout, process.stderr) == (128 + signum, "", f"symbp: {said}\n")
    assert written() == []


def test_the_background_is_not_interrupted(run) -> None:
    program = IMPORT.format(signum=int(signal.SIGINT), module="numpy").replace("default_int_handler", "SIG_IGN")
    process = subprocess.run([sys.executable, "-c", program, "emit", "good.py:line"], capture_output=True, timeout=100)
    assert (process.returncode, process.stderr) == (0, b"")
    assert written() == ["line/gradients.py"]


OUTPUTS = [("list",), ("show", "good.py:line"), ("verify", "good.py:line"), ("emit", "good.py:line"), ("--help",)]


@pytest.mark.parametrize("arguments", OUTPUTS, ids=" ".join)
def test_output_that_cannot_be_written(run, arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        result = command(*arguments, stdout=full)
    assert (result.returncode, result.stderr) == (
        2, "symbp: cannot write to standard output: No space left on device\n"
    )  # fmt: skip
    closed = command(*arguments, stdout=None, preexec_fn=lambda: os.close(1))
    assert (closed.returncode, closed.stderr) == (2, "symbp: standard output is closed\n")
    assert written() == []


@pytest.mark.parametrize("arguments", OUTPUTS, ids=" ".join)
def test_a_reader_that_has_left_is_no_error(run, arguments: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    result = command(*arguments, stdout=write)
    os.close(write)
    assert (result.returncode, result.stderr) == (0, "")
    assert written() == (["line/gradients.py"] if arguments[0] == "emit" else [])


def test_a_closed_standard_error_is_no_fault(run) -> None:
    assert command("emit", "good.py:line", stderr=None, preexec_fn=lambda: os.close(2)).returncode == 0
    assert command("emit", "bad.py", stderr=None, preexec_fn=lambda: os.close(2)).returncode == 2


NO_FILES = [
    ("fifo.py", "fifo.py: cannot be read: it is a FIFO and not a file"),
    ("zero.py", "zero.py: cannot be read: it is a device and not a file"),
    ("loop.py", "loop.py: cannot be read: Too many levels of symbolic links"),
    ("large.py", "large.py: has more than 1,000,000 bytes: too large for a network"),
    ("null.py", "null.py:2: not a text: it has a null character"),
    ("wide.py", "wide.py: not UTF-8 text (invalid start byte at byte 0)"),
    ("e\x1b[31mvil.py", "e\\x1b[31mvil.py: no network in it; a network is a function under @network"),
    ("e\udcffx.py", "e\\udcffx.py: cannot be read: No such file or directory"),
    ("quoted.py", "quoted.py:2: this is not Python: invalid non-printable character U+001B"),
]


@pytest.mark.parametrize(("name", "message"), NO_FILES, ids=[repr(n) for n, _ in NO_FILES])
def test_what_is_no_network_file(run, name: str, message: str) -> None:
    os.mkfifo("fifo.py")
    Path("zero.py").symlink_to("/dev/zero")
    Path("loop.py").symlink_to("loop.py")
    Path("large.py").write_text("#" * 1_000_001)
    Path("null.py").write_text("x = 1\ny = '\0'\n")
    Path("wide.py").write_text(GOOD_FILE, encoding="utf-16")
    Path("e\x1b[31mvil.py").write_text("")
    Path("quoted.py").write_text("def f(x):\n\ty = \x1b[31m + '\u202e'\n")
    for arguments in (("show", name), ("build", name, "-o", "out")):
        result = run(*arguments)
        assert (result.status, result.out, result.err.splitlines()[0]) == (2, "", f"symbp: {message}")
        assert "\x1b" not in result.err
        assert not Path("out").exists()


def test_a_quoted_line_is_underlined_where_it_is_shown(run) -> None:
    Path("quoted.py").write_text("def f(x):\n\ty = \x1b[31m + '\u202e'\n")
    lines = run("show", "quoted.py").err.splitlines()
    assert lines[1] == "     y = \\x1b[31m + '\\u202e'"
    assert lines[2].strip() == "^^^^"
    assert lines[1][lines[2].index("^") :].startswith("\\x1b[")


@pytest.mark.parametrize(
    "change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t.replace("\n", "\r")]
)
def test_marks_and_line_ends_of_other_systems(run, change) -> None:
    Path("other.py").write_bytes(change(GOOD_FILE).encode())
    assert run("show", "other.py:line") == run("show", "good.py:line")


def test_a_docstring_reaches_the_terminal_as_text(run) -> None:
    Path("red.py").write_text(GOOD_FILE.replace("A straight line.", "A \\x1b[31mred\\u202e line."))
    result = run("show", "red.py:line")
    assert result.status == 0
    assert "A \\x1b[31mred\\u202e line." in result.out


def test_a_module_that_is_no_file(run) -> None:
    os.mkfifo("fifo.py")
    Path("zero.py").symlink_to("/dev/zero")
    for name in ("fifo.py", "zero.py"):
        result = run("verify", "good.py:line", "--module", name)
        assert (result.status, f"'{name}' is not a file" in result.err) == (2, True)


def test_verify_proves_the_derivation_by_sympy_where_asked(run) -> None:
    assert "SymPy" not in run("verify", "good.py:line", "-v").out
    result = run("verify", "good.py:line", "--symbolic")
    assert result.status == 0
    assert "note: 2 proved at N = 3, D = 2\n" in result.out
