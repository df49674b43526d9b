"""Modules that do in their process what they must not do in ours: they are ended, and a sentence says what they did."""

from __future__ import annotations

import gc
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from symbp.verify import child, wire, worker
from symbp.verify.module import check_module
from symbp.verify.subject import Subject, Unloadable, Wrong, load
from symbp.verify.wire import Opaque
from symbp.verify.worker import Gone, Worker
from tests.verify.nets import tied_network

GOOD = """
def loss_and_gradients(x, *, W, out=None, work=None):
    z = x @ W
    r_bar = z @ W.T - x
    return 0.5 * (r_bar**2).sum(), {"W": x.T @ (r_bar @ W) + r_bar.T @ z}
"""
ARRAYS = {"x": [((), np.ones((3, 4)))], "W": [((), np.full((4, 2), 0.5))]}


def body(*lines: str) -> str:
    """A module whose function does this."""
    head = "import os, sys, time\nimport numpy as np\ndef loss_and_gradients(x, *, W, out=None, work=None):\n"
    return head + "".join(f"    {line}\n" for line in (*lines, "return 0.0, {}"))


def run(text: str) -> Any:
    return load(text, tied_network()).run(ARRAYS)


def failure(text: str) -> str:
    """What is said of a module whose call fails; nothing of it is left then."""
    try:
        run(text)
    except Wrong as error:
        return str(error)
    return ""


@pytest.fixture(params=["forked", "started"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways in which a process comes to be."""
    monkeypatch.setattr(worker, "may_fork", lambda: request.param == "forked")
    return str(request.param)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound on time that what never ends is beyond as well."""
    monkeypatch.setattr(worker, "SECONDS", 3.0)


def children() -> list[str]:
    """What processes this one has, those that have ended and are yet to be waited for among them."""
    found = subprocess.run(["ps", "-A", "-o", "ppid=,pid=,comm="], capture_output=True, text=True)
    rows = [line.split(None, 2) for line in found.stdout.splitlines()]
    return [pid for parent, pid, name in rows if parent == str(os.getpid()) and name != "ps"]


def test_a_right_module_passes_either_way(way: str) -> None:
    assert [c.note for c in check_module(tied_network(), GOOD) if not c.passed] == []
    assert children() == []


def test_what_comes_back_is_what_the_module_returned(way: str) -> None:
    returned = "{'W': x.T.astype('>f4')[::2], 'b': [1, (2.5, True, None)], 3: 'text', 'n': W * np.nan}"
    loss, found = run(body(f"return np.float32(0.1), {returned}"))
    assert loss == float(np.float32(0.1))
    assert found["W"].dtype == ">f4"
    assert found["W"].shape == (2, 3)
    assert found["b"] == [1, (2.5, True, None)]
    assert found["3"] == "text"
    assert np.isnan(found["n"]).all()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("while True: pass", "loss_and_gradients has not returned after 3 seconds"),
        ("time.sleep(1e9)", "loss_and_gradients has not returned after 3 seconds"),
        ("import signal; os.kill(os.getpid(), signal.SIGSTOP)", "loss_and_gradients has not returned after 3 seconds"),
        ("os._exit(7)", "loss_and_gradients ends its process (exit status 7)"),
        ("os.kill(os.getpid(), 11)", "loss_and_gradients ends its process (signal SIGSEGV)"),
        ("sys.exit(3)", "loss_and_gradients raises SystemExit: 3 (line 4)"),
        ("raise KeyboardInterrupt", "loss_and_gradients raises KeyboardInterrupt:  (line 4)"),
        ("input()", "loss_and_gradients raises EOFError: EOF when reading a line (line 4)"),
        ("x = bytearray(1 << 45)", "loss_and_gradients raises MemoryError:  (line 4)"),
        ("x = [b'x' * (1 << 26) + bytes([i]) for i in range(99)]", "loss_and_gradients raises MemoryError:  (line 4)"),
        ("np.ones(1 << 28)", "loss_and_gradients raises MemoryError: Unable to allocate 2.00 GiB for an array"),
        ("os.closerange(0, 999); time.sleep(1e9)", "loss_and_gradients ends its process (signal SIGKILL)"),
    ],
)
def test_what_a_call_must_not_do(line: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "MEMORY", 1 << 28)
    assert failure(body(line)).startswith(said)
    assert children() == []


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("while True: pass", "cannot be loaded: it has not returned after 3 seconds"),
        ("import os; os._exit(0)", "cannot be loaded: it ends its process (exit status 0)"),
        ("raise SystemExit(2)", "cannot be loaded: SystemExit: 2"),
        ("raise GeneratorExit", "cannot be loaded: GeneratorExit: "),
    ],
)
def test_what_loading_must_not_do(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(Unloadable) as error:
        load(file, tied_network())
    assert str(error.value) == f"{file} {said}"
    with pytest.raises(Wrong) as wrong:
        load(text, tied_network())
    assert str(wrong.value) == f"gradients.py {said}"


def test_a_module_that_warns_when_it_is_loaded_is_wrong_where_symbp_wrote_it(tmp_path: Path) -> None:
    text = 'x = "\\d"\n' + GOOD
    with pytest.raises(Wrong, match=r"cannot be loaded: SyntaxError: .*invalid escape sequence"):
        load(text, tied_network())
    (tmp_path / "mine.py").write_text(text)
    load(tmp_path / "mine.py", tied_network()).run(ARRAYS)


def test_after_its_end_every_call_says_why() -> None:
    subject = load(body("os._exit(7)"), tied_network())
    for _ in range(2):
        with pytest.raises(Wrong, match=r"ends its process \(exit status 7\)"):
            subject.run(ARRAYS)


def test_what_it_has_started_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    start = "import subprocess; p = subprocess.Popen(['sleep', '600'])"
    subject = load(body(f"{start}; open({str(note)!r}, 'w').write(str(p.pid))"), tied_network())
    subject.run(ARRAYS)
    pid = int(note.read_text())
    os.kill(pid, 0)
    subject.worker.close()
    # Whoever is its parent now may be yet to wait for it.
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    assert shown == "" or shown.startswith("Z")


PRINTING = "import os, sys\nprint('loud'); sys.stderr.write('loud'); os.write(1, b'loud'); os.system('echo loud')\n"
NETWORK = """from symbp import Data, Param, dims, network
N, D, H = dims("N D H")
@network
def net(x: Data[N, D], W: Param[D, H]):
    r = x @ W @ W.T - x
    return sum(r**2) / 2
"""


def test_its_printing_is_not_ours(tmp_path: Path) -> None:
    loud = GOOD.replace("    z =", "    print('loud', file=sys.__stderr__)\n    z =")
    (tmp_path / "mine.py").write_text(PRINTING + loud)
    (tmp_path / "net.py").write_text(NETWORK)
    command = [sys.executable, "-m", "symbp", "verify", "net.py", "--module", "mine.py"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    assert (found.returncode, found.stderr) == (0, "")
    assert "checks passed" in found.stdout
    assert "loud" not in found.stdout


def test_it_has_nothing_of_ours_open(way: str, tmp_path: Path) -> None:
    with open(tmp_path / "ours", "w"):
        _, found = run(body("return 0.0, {'n': len(os.listdir('/dev/fd')), 'in': sys.stdin.read()}"))
    assert found == {"n": 5, "in": ""}  # three of nothing, the socket, and the folder that is read


def test_dictionaries_are_kept_there() -> None:
    subject = load(body("work['n'] = work.get('n', 0) + 1; return float(work['n']), {'W': W}"), tied_network())
    one: dict[str, Any] = {}
    other: dict[str, Any] = {"n": 10}
    assert [subject.run(ARRAYS, work=w)[0] for w in (one, one, other, other, one, {})] == [1, 2, 11, 12, 3, 1]
    assert (one, other) == ({}, {"n": 10})


def test_inputs_that_a_call_changes_are_named(way: str) -> None:
    subject = load(body("W[1] = -W[1]; x[0, 0] = np.nan"), tied_network())
    subject.run(ARRAYS)
    assert list(subject.changed) == ["x", "W"]
    assert ARRAYS["x"][0][1][0, 0] == 1


MOVED = "return float(x.sum() + (W * [1, 10]).sum()), {}"


def test_some_entries_of_what_is_held_are_moved(way: str) -> None:
    network = tied_network()
    subject = load(body(MOVED), network)
    subject.hold(ARRAYS)
    W = network.tensor("W")
    assert W is not None
    at = [subject.loss_at(W, entries) for entries in ({}, {(0, 1): 1.5, (2, 0): 0.0}, {(3, 0): -0.5}, {})]
    assert at == [12 + 22, 12 + 22 + 10 - 0.5, 12 + 22 - 1, 12 + 22]
    assert not subject.changed


def test_what_a_call_changes_of_what_is_held_is_as_it_was_at_the_next(way: str) -> None:
    network = tied_network()
    subject = load(body("value = float(x.sum() + W.sum())", "x += 1; W[0] = 7.0", "return value, {}"), network)
    subject.hold(ARRAYS)
    W = network.tensor("W")
    assert W is not None
    assert [subject.loss_at(W, {(1, 0): v}) for v in (0.5, 2.5, 0.5)] == [16, 18, 16]
    assert list(subject.changed) == ["x", "W"]


LOSS = "\ndef loss(x, *, W):\n    {}\n    return float(x.sum() + (W * [1, 10]).sum())\n"
POINTS: list[dict[tuple[int, int], float]] = [{}, {(0, 1): 1.5}, {(2, 0): 0.0, (3, 0): -0.5}, {(1, 1): 4.0}, {}]
LOSSES = [34, 44, 32.5, 69, 34]


@pytest.mark.parametrize("seconds", [1.0, 0.0])
def test_losses_at_many_points_are_those_at_each(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "SECONDS_TOGETHER", seconds)
    network = tied_network()
    asked: list[object] = []
    subject = load(body(MOVED) + LOSS.format("x[0, 0] += 1; x[0, 0] -= 1"), network)
    subject.hold(ARRAYS)
    W = network.tensor("W")
    assert W is not None
    monkeypatch.setattr(
        Worker, "ask", lambda self, request, ask=Worker.ask: (asked.append(request), ask(self, request))[1]
    )
    assert subject.losses_at(W, POINTS) == LOSSES == [subject.loss_at(W, p) for p in POINTS]
    assert len(asked) - len(POINTS) == (1 if seconds else len(POINTS))  # one message, or what there is time for


def test_what_is_raised_at_one_of_many_points_is_told() -> None:
    network = tied_network()
    subject = load(body(MOVED) + LOSS.format("assert W[1, 1] != 4, 'four'"), network)
    subject.hold(ARRAYS)
    W = network.tensor("W")
    assert W is not None
    assert subject.losses_at(W, POINTS[:3]) == LOSSES[:3]
    with pytest.raises(Wrong, match=r"loss raises AssertionError: four \(line 8\)"):
        subject.losses_at(W, POINTS)


def test_one_array_of_a_list_is_moved() -> None:
    request = {"positional": {}, "keywords": {"W": [np.zeros(2), np.zeros((2, 2))]}, "smooth": {}, "sizes": {}}
    loaded = child.Loaded()
    child.load(loaded, {"name": "m", "text": "def f(W): return [w.copy() for w in W]", "functions": ["f"]} | LOADING)
    child.hold(loaded, request)
    move = {"tensor": "W", "places": [(1, (0, 1)), (1, (1, 1))], "values": [3.0, 4.0], "function": "f"} | CALLING
    first, second = child.move(loaded, move), child.move(loaded, {**move, "places": [(0, (0,))], "values": [5.0]})
    assert [a.tolist() for a in first["value"]] == [[0, 0], [[0, 3], [0, 4]]]  # type: ignore[attr-defined]
    assert [a.tolist() for a in second["value"]] == [[5, 0], [[0, 0], [0, 0]]]  # type: ignore[attr-defined]


LOADING: dict[str, Any] = {"beside": None, "strict": True}
CALLING: dict[str, Any] = {"strict": True, "errors": np.geterr()}


def test_a_warning_is_an_error_where_it_is_one_here() -> None:
    subject = load(body("return float(np.log(W[0, 0] * 0)), {'W': W}"), tied_network())
    with np.errstate(divide="ignore"):
        assert subject.run(ARRAYS)[0] == -np.inf
    with np.errstate(divide="raise"), pytest.raises(Wrong, match="FloatingPointError"):
        subject.run(ARRAYS)
    with pytest.raises(Wrong, match="RuntimeWarning: divide by zero"):  # the tests' own filters
        subject.run(ARRAYS)


# --- what comes over the wire

FORGED = [
    ("{'W': Forged()}", "the gradient for W is no array: it is of type Forged"),
    ("{'W': [W, Forged()]}", "no array"),
]


@pytest.mark.parametrize(("returned", "said"), FORGED)
def test_no_object_of_a_module_s_comes_here(returned: str, said: str, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    text = f"class Forged:\n    def __reduce__(self):\n        return open, ({str(ran)!r}, 'w')\n" + body(
        f"return 0.0, {returned}"
    )
    subject = load(text, tied_network())
    _, found = subject.run(ARRAYS)
    tensor = next(t for t in tied_network().inputs if t.name == "W")
    with pytest.raises(Wrong, match=said):
        subject.gradient(tensor, found)
    assert not ran.exists()


@pytest.mark.parametrize(
    "message",
    [
        b"\x80\x05cposix\nsystem\n(S'true'\ntR." + bytes(40),
        b"\xff" * 64,
        (5).to_bytes(8, "little") + bytes(8) + b"[1, 2",
        (4).to_bytes(8, "little") + bytes(8) + b"null",
        (31).to_bytes(8, "little") + bytes(8) + b'["dict",["value",1],["changed",7]]'[:31],
        (34).to_bytes(8, "little") + bytes(8) + b'["dict",["value",1],["changed",7]]',
        (9).to_bytes(8, "little") + bytes(8) + b'["a", []]',
        (29).to_bytes(8, "little") + bytes(8) + b'["array", "|O8", [1, 1000000]]'[:29],
    ],
)
def test_a_forged_answer_is_none(message: bytes) -> None:
    """A module that finds the socket and speaks over it."""
    text = body(
        "import socket",
        "number = max(int(n) for n in os.listdir('/dev/fd') if os.path.exists(f'/dev/fd/{n}'))",
        f"socket.socket(fileno=number).sendall({message!r}); time.sleep(1e9)",
    )
    assert failure(text).startswith("loss_and_gradients gives no answer (a message")


VALUES = [
    None, True, 0, -(1 << 62), 1.5, float("inf"), "text \ud800 \x00", [], (), {}, [1, [2, (3,)]], {"a": {"b": [None]}},
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_plain_values_go_over_the_wire(value: object) -> None:
    assert through(value) == value


@pytest.mark.parametrize("dtype", ["<f8", ">f4", "<f2", "<c16", "|b1", "|u1", "<i8", ">i2"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3)])
def test_arrays_go_over_the_wire(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).astype(dtype).reshape(shape)
    first, second = through([array, {"again": array.T}]), array
    assert first[0].dtype == second.dtype
    np.testing.assert_array_equal(first[0], second)
    np.testing.assert_array_equal(first[1]["again"], second.T)


def test_what_is_no_value_keeps_its_type_s_name() -> None:
    assert through([object(), {1, 2}, 1 << 70]) == [Opaque("object"), Opaque("set"), Opaque("int")]
    assert through(np.array(["a", "b"])).dtype.kind == "U"
    assert through(np.array([object()])).dtype.kind == "O"
    loop: list[object] = []
    loop.append(loop)
    assert through(loop) is not None


def through(value: object) -> Any:
    """A value from one end of a socket to the other."""
    one, two = socket.socketpair()
    with one, two:
        sender = threading.Thread(target=wire.send, args=(one, wire.pack(value), 10))
        sender.start()
        found = wire.unpack(*wire.receive(two, 10))
        sender.join()
    return found


# --- around it


def test_beside_threads_a_new_python_is_started() -> None:
    """A copy of a process with threads may have locks that nobody will open."""
    wait = threading.Event()
    thread = threading.Thread(target=wait.wait)
    thread.start()
    try:
        assert not worker.may_fork()
        assert load(GOOD, tied_network()).run(ARRAYS)[0] > 0
    finally:
        wait.set()
        thread.join()
    assert worker.may_fork() is (sys.platform == "linux")


def test_where_the_system_keeps_no_bound_it_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LIMITED", False)
    monkeypatch.setattr(child, "MEMORY", 1 << 20)
    assert failure(body("time.sleep(1e9)")) == "loss_and_gradients needs more than 0 GB of memory"


def test_the_process_ends_with_the_subject() -> None:
    gc.collect()  # what failed tests have left
    before = children()
    subject: Subject | None = load(GOOD, tied_network())
    assert len(children()) == len(before) + 1
    del subject
    assert children() == before
    closed = Worker()
    closed.close()
    with pytest.raises(Gone, match="has been ended"):
        closed.ask({"do": "load"})
