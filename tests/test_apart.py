"""Work in copies of the process: what they make comes back, what fails does not, and nothing of them is left."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from symbp import apart, builds, pipeline
from symbp.apart import Texts, can_be_apart, done_apart
from symbp.builds import build_all
from symbp.errors import CheckFailed, SymbpError
from symbp.pipeline import Build
from symbp.sources import find_source

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no copies are made here")
LONG = "\N{GREEK SMALL LETTER ALPHA}\ud800\n" * 100_000  # more than a pipe holds; not all of it is in UTF-8


def _make(what: str) -> dict[str, str]:
    match what:
        case "raise":
            raise ValueError(what)
        case "end":
            os.kill(os.getpid(), signal.SIGKILL)
        case "sleep":
            time.sleep(60)
    return {what: LONG, "pid": str(os.getpid())}


@pytest.fixture(params=[1, 2, 5])
def count(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Of processors."""
    monkeypatch.setattr(apart, "processors", lambda: request.param)
    return int(request.param)


@pytest.fixture
def pids(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of all copies that are made."""
    found, start = list[int](), apart._started

    def started(work: Callable[[], Texts]) -> tuple[int, int]:
        source, pid = start(work)
        found.append(pid)
        return source, pid

    monkeypatch.setattr(apart, "_started", started)
    return found


def test_what_succeeds_comes_back(count: int, pids: list[int]) -> None:
    kinds = ("a", "raise", "b", "end", "c")
    found = dict(done_apart([partial(_make, k) for k in kinds]))
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert found[1] is None
    assert found[3] is None
    made = [found[k] for k in (0, 2, 4)]
    assert [m and m[k] for m, k in zip(made, "abc", strict=True)] == [LONG] * 3
    assert [m and m["pid"] for m in made] == [str(pids[k]) for k in (0, 2, 4)]
    assert not any(map(_is_there, pids))


def test_what_is_at_work_is_ended_with_those_who_asked(count: int, pids: list[int]) -> None:
    copies = done_apart([partial(_make, "a"), *[partial(_make, "sleep")] * 5])
    assert next(copies)[0] == 0
    assert len(pids) == count  # no more at once than there are processors
    start = time.monotonic()
    copies.close()
    assert time.monotonic() - start < 10
    assert not any(map(_is_there, pids))


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_with_threads_is_not_copied() -> None:
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert not can_be_apart()
    finally:
        done.set()
        thread.join()


def _builds(*names: str) -> tuple[Build, ...]:
    return tuple(Build(find_source(name)) for name in names)


def _let(monkeypatch: pytest.MonkeyPatch, *, apart: bool) -> None:
    """Let builds, and what goes on beside the page of one, be in processes of their own, or not."""
    for module in (builds, pipeline):
        monkeypatch.setattr(module, "can_be_apart", lambda: apart)


def test_several_builds_are_those_that_one_process_makes(monkeypatch: pytest.MonkeyPatch, pids: list[int]) -> None:
    _let(monkeypatch, apart=True)
    names, heard = ("neuron_chain", "affine_pair", "generic_neuron"), list[str]()
    together, alone = _builds(*names), _builds(*names)
    build_all(together, "files", heard.append)
    assert all("network" not in vars(b) for b in together)  # all of it was worked out elsewhere
    assert len(heard) == len(names) * len(pipeline.STAGES)
    assert (asked := len(pids)) == len(names)
    _let(monkeypatch, apart=False)
    build_all(alone, "files", lambda _: None)
    assert [b.files for b in together] == [b.files for b in alone]
    assert len(pids) == asked


def test_an_error_is_the_one_that_one_process_raises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _let(monkeypatch, apart=True)
    file = tmp_path / "bad.py"
    file.write_text("from symbp import Data, network\n@network\ndef bad(x: Data):\n    return y\n")
    with pytest.raises(SymbpError, match="`y` is not defined"):
        build_all((*_builds("neuron_chain"), Build(find_source(str(file)))), "files", lambda _: None)


def test_checks_made_beside_the_page_are_those_that_one_process_makes(
    monkeypatch: pytest.MonkeyPatch, pids: list[int]
) -> None:
    _let(monkeypatch, apart=True)
    (beside,), (alone,) = _builds("affine_pair"), _builds("affine_pair")
    build_all((beside,), "files", lambda _: None)
    assert len(pids) == 1
    assert not _is_there(pids[0])
    _let(monkeypatch, apart=False)
    build_all((alone,), "files", lambda _: None)
    assert (beside.checks, beside.files) == (alone.checks, alone.files)
    assert len(beside.module_checks) > 4
    assert len(beside.symbolic_checks) == 1


def test_a_check_that_fails_beside_the_page_fails_here(monkeypatch: pytest.MonkeyPatch, pids: list[int]) -> None:
    _let(monkeypatch, apart=True)
    (build,) = _builds("affine_pair")
    text, lines = build.module
    vars(build)["module"] = text.replace("return float(L), out", "return float(L) + 1, out"), lines
    with pytest.raises(CheckFailed, match="loss_and_gradients gives"):
        build_all((build,), "files", lambda _: None)
    assert len(pids) == 1
    assert not _is_there(pids[0])


def test_what_goes_on_beside_is_ended_with_those_who_asked(monkeypatch: pytest.MonkeyPatch, pids: list[int]) -> None:
    _let(monkeypatch, apart=True)
    monkeypatch.setattr(Build, "_made_beside", lambda self: _make("sleep"))
    (build,) = _builds("affine_pair")
    stages = build.stages()
    while not pids:
        next(stages)
    stages.close()
    assert not _is_there(pids[0])


def test_a_copy_makes_no_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "processors", lambda: 2)
    assert can_be_apart()
    assert dict(done_apart([lambda: {"again": str(can_be_apart())}])) == {0: {"again": "False"}}
