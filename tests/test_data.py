"""A network file is data: what its docstrings, its names and its own name hold is shown, written and never done."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from symbp import cli
from symbp.escape import on_terminal
from symbp.notation.read import read_network

ROOT = Path(__file__).parents[1]
RUNS = r"""A \"\"\"; open("ran", "w"); import os; os.mkdir("ran2"); \"\"\" b"""
DOCS = [
    RUNS,
    r"Files in C:\\new\\table\\u0041.",
    r"A quote at the end\"",
    r"\\",
    r"\"",
    r"\x1b[31mred \u202e \x00 \ud800 \x85 \u2028 \ue000len",
    r"\\input{/etc/passwd} ^^5c % & $ </script> [bold]x[/] :smile:",
    "Line one.\n\n      Further in,\n    and back. ",
]


def net(doc: str, name: str = "net") -> str:
    return f'''from symbp import Param, dims, network

D = dims("D")


@network
def {name}(w: Param[D]):
    """{doc}"""
    return sum(w**2)
'''


def symbp(folder: Path, *arguments: str, status: int = 0) -> tuple[str, str]:
    """What a command says on both streams; in this process, since one of its own takes longer than most commands."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors) for errors in ("strict", "backslashreplace"))
    handlers = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        with pytest.raises(SystemExit) as end:
            cli.main(arguments)
        for stream in (out, err):
            stream.flush()
    for number, handler in handlers.items():
        signal.signal(number, handler)
    said = [stream.buffer.getvalue().decode("utf-8", "surrogateescape") for stream in (out, err)]  # type: ignore[attr-defined]
    assert end.value.code == status, said[1]
    return said[0], said[1]


def symbp_process(folder: Path, *arguments: str, status: int = 0) -> tuple[str, str]:
    """What a command of its own process says on both streams."""
    command = [sys.executable, "-m", "symbp", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = subprocess.run(command, cwd=folder, capture_output=True, env=environment, stdin=subprocess.DEVNULL)
    assert found.returncode == status, found.stderr
    return found.stdout.decode("utf-8", "surrogateescape"), found.stderr.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("doc", DOCS)
def test_a_docstring_is_text_in_every_file_that_build_writes(doc: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(net(doc))
    symbp(tmp_path, "build", "net.py", "--hvp", "-o", "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.py", "out"]
    folder = tmp_path / "out" / "net"
    assert sorted(p.name for p in (tmp_path / "out").rglob("*") if p.is_file()) == [
        *("backward.py", "derivation.tex", "gradients.py", "hessian.py", "report.json"),
    ]
    network = read_network(net(doc))
    value = ast.get_docstring(ast.parse(net(doc)).body[-1])  # type: ignore[arg-type]
    assert value is not None
    module = ast.get_docstring(ast.parse((folder / "gradients.py").read_text()))
    assert module is not None
    assert " ".join(value.split()) in " ".join(module.split())
    for name in ("backward.py", "hessian.py"):
        assert read_network((folder / name).read_text()).doc == network.doc
    assert json.loads((folder / "report.json").read_text())["passed"]
    tex = (folder / "derivation.tex").read_text()
    assert tex.isascii()
    assert not any(c in tex for c in ("\\input", "^^", "</script>", "\x1b"))
    subprocess.run([sys.executable, "-W", "error", "gradients.py"], cwd=folder, check=True)


def test_a_docstring_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(net(DOCS[5] + DOCS[6]))
    shown, _ = symbp_process(tmp_path, "show", "net.py")
    assert shown.startswith("net  \\x1b[31mred \\u202e \\x00 \\ud800 \\x85 \\u2028 \\ue000len\\input{/etc/passwd} ^^5c")
    assert "[bold]x[/] :smile:" in shown
    assert all(c.isprintable() or c == "\n" for c in shown)


FILES = (
    *("with space.py", "quo'te\".py", "new\nline.py", "-dash.py", "esc\x1b[31m.py", "$(touch ran);.py", "%s{0}.py"),
    *("é中.py", "\udcff.py"),
)
OF_BYTES = ("é中.py", "\udcff.py")  # which reach a process in an encoding


@pytest.mark.parametrize("name", FILES)
def test_a_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    command = symbp_process if name in OF_BYTES else symbp
    (tmp_path / name).write_text(net("Text."))
    assert command(tmp_path, "show", "--", name)[0].startswith("net  Text.\n")
    (tmp_path / name).write_text(net("Text.").replace("sum(", "summ("))
    _, said = command(tmp_path, "show", "--", name, status=2)
    assert said.startswith(f"symbp: {on_terminal(name)}:9: ")
    assert all(c.isprintable() or c == "\n" for c in said)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("folder", ["new\nline \x1b[31m", "\udcff"])
def test_a_folder_may_have_any_name(folder: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(net("Text."))
    shown, _ = symbp_process(tmp_path, "emit", "net.py", f"-o{folder}")
    assert shown == f"{folder}/net/gradients.py\n"
    assert (tmp_path / folder / "net" / "gradients.py").exists()


NAMES = ("con", "nul", "aux", "self", "open", "exec", "ﬁn", "out1", "x" * 100)


def test_a_name_is_a_folder_below_the_output(tmp_path: Path) -> None:
    head, _, body = net("Text.").partition("@network")
    text = head + "\n\n".join(f"@network{body.replace('def net(', f'def {name}(')}" for name in NAMES)
    (tmp_path / "nets.py").write_text(text)
    shown, _ = symbp(tmp_path, "build", "nets.py", "-o", "out")
    plain = sorted("fin" if name == "ﬁn" else name for name in NAMES)  # as Python reads it
    assert sorted({line.split("/")[1] for line in shown.splitlines()}) == plain
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == plain


@pytest.mark.parametrize("name", ["class", "None", "é", "_x", "__init__", "x" * 101, "..", "a/b", "np", "while"])
def test_what_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(net("Text.", name))
    _, said = symbp(tmp_path, "emit", "net.py", "-o", "out", status=2)
    assert said.startswith("symbp: net.py:7: ")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.py"]
