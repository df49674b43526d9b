"""Files are written together or not at all, and only below the folder that was asked for."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from symbp import files
from symbp.files import STAGE, OutputError, demand_folder, write_all


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with what it holds, and every empty folder."""
    found = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
    empty = {str(p.relative_to(folder)): b"" for p in folder.rglob("*") if p.is_dir() and not any(p.iterdir())}
    return found | empty


def test_writes_and_replaces_whole_files(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b"
    assert write_all(out, {"net/one": "1\n", "net/two": "é\n"}) == (out / "net/one", out / "net/two")
    write_all(out, {"net/two": "new\n"})
    assert tree(out) == {"net/one": b"1\n", "net/two": b"new\n"}


def test_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "mine").write_text("kept")
    write_all(tmp_path, {"net/one": "1"})
    assert tree(tmp_path) == {"net/mine": b"kept", "net/one": b"1"}


def test_a_folder_in_the_way_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "net" / "two").mkdir(parents=True)
    with pytest.raises(OutputError, match="in the way"):
        write_all(tmp_path, {"net/one": "1", "net/two": "2"})
    assert tree(tmp_path) == {"net/two": b""}


@pytest.mark.parametrize("out", ["file", "file/below", "file/far/below"])
def test_a_file_in_the_place_of_a_folder(tmp_path: Path, out: str) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OutputError, match="cannot write into"):
        write_all(tmp_path / out, {"net/one": "1"})
    with pytest.raises(OutputError, match="not a folder"):
        demand_folder(tmp_path / out)
    assert tree(tmp_path) == {"file": b"kept"}


def test_nothing_lands_outside(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "net").symlink_to(elsewhere)
    with pytest.raises(OutputError, match="outside"):
        write_all(out, {"net/one": "1"})
    assert tree(elsewhere) == {}


def test_an_interruption_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path / "new" / "out", {"net/one": "1", "net/two": "2"})
    assert tree(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(params=[True, False], ids=["exchanged", "moved aside"])
def exchanging(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """With and without a system that exchanges two folders in one step."""
    if not request.param:
        monkeypatch.setattr(files, "_exchange", lambda a, b: False)
    return request.param


def strangers(folder: Path) -> None:
    """Files of all kinds that are not ours."""
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "sub" / "deep" / "mine").write_text("deep")
    (folder / "mine").write_text("kept")
    (folder / "link").symlink_to("nowhere")
    os.mkfifo(folder / "fifo")


def test_a_folder_is_replaced_and_what_is_not_ours_stays(tmp_path: Path, exchanging: bool) -> None:
    write_all(tmp_path, {"net/one": "1", "net/two": "2"})
    net = tmp_path / "net"
    strangers(net)
    net.chmod(0o750)
    open_file, inode = (net / "mine").open(), (net / "mine").stat().st_ino
    write_all(tmp_path, {"net/one": "new", "other/one": "1"})
    with open_file:
        assert (open_file.read(), (net / "mine").stat().st_ino) == ("kept", inode)
    found = {str(p.relative_to(net)): p.read_text() for p in net.rglob("*") if p.is_file()}
    assert found == {"one": "new", "two": "2", "mine": "kept", "sub/deep/mine": "deep"}
    assert os.readlink(net / "link") == "nowhere"
    assert stat.S_ISFIFO((net / "fifo").stat().st_mode)
    assert stat.S_IMODE(net.stat().st_mode) == 0o750
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net", "other"]


def test_files_that_cannot_be_linked_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_all(tmp_path, {"net/one": "1"})
    strangers(tmp_path / "net")
    (tmp_path / "net" / "fifo").unlink()

    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    write_all(tmp_path, {"net/one": "2"})
    assert (tmp_path / "net" / "mine").read_text() == "kept"
    assert (tmp_path / "net" / "sub" / "deep" / "mine").read_text() == "deep"
    assert os.readlink(tmp_path / "net" / "link") == "nowhere"


def test_what_comes_in_the_meantime_stays(tmp_path: Path, exchanging: bool) -> None:
    write_all(tmp_path, {"net/one": "1"})
    strangers(tmp_path / "net")

    def meantime(_: object) -> None:
        (tmp_path / "net" / "late").write_text("late")
        (tmp_path / "net" / "sub" / "late").write_text("late")
        (tmp_path / "net" / "mine.new").write_text("changed")
        os.replace(tmp_path / "net" / "mine.new", tmp_path / "net" / "mine")

    write_all(tmp_path, {"net/one": "2"}, meantime)
    found = {str(p.relative_to(tmp_path)): p.read_text() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {
        "net/one": "2",
        "net/late": "late",
        "net/sub/late": "late",
        "net/mine": "changed",
        "net/sub/deep/mine": "deep",
    }


def test_who_cannot_be_told_gets_nothing(tmp_path: Path) -> None:
    write_all(tmp_path, {"net/one": "1"})
    before = tree(tmp_path)

    def fail(paths: object) -> None:
        assert paths == (tmp_path / "net/one", tmp_path / "new/one")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_all(tmp_path, {"net/one": "2", "new/one": "2"}, fail)
    assert tree(tmp_path) == before


def test_a_failure_between_two_folders_undoes_the_first(
    tmp_path: Path, exchanging: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(tmp_path, {"a/one": "1", "b/one": "1"})
    before, put = tree(tmp_path), files._put

    def fail(stage: Path, new: Path, target: Path) -> None:
        if target.name == "c":
            raise OSError(28, "No space left on device")
        put(stage, new, target)

    monkeypatch.setattr(files, "_put", fail)
    with pytest.raises(OutputError, match="No space left on device"):
        write_all(tmp_path, {"a/one": "2", "new/one": "2", "b/one": "2", "c/one": "2"})
    assert tree(tmp_path) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from symbp import files
if sys.argv[2] == "aside":
    files._exchange = lambda a, b: False
count = 0
def audit(event, args):
    global count
    if event in ("os.rename", "os.link", "os.mkdir", "os.rmdir", "os.remove", "shutil.rmtree", "open", "ctypes.dlsym"):
        count += 1
        if count == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(audit)
files.write_all(Path(sys.argv[1]), {f"{name}/{k}": "new" for name in ("net", "other") for k in range(4)})
"""


@pytest.mark.parametrize("how", ["exchanged", "aside"])
def test_a_kill_at_any_step_mixes_nothing(tmp_path: Path, how: str) -> None:
    seen, ended = set(), False
    for step in range(1, 200):
        out = tmp_path / str(step)
        write_all(out, {f"{name}/{k}": "old" for name in ("net", "other") for k in range(4)})
        (out / "net" / "mine").write_text("kept")
        killed = subprocess.run([sys.executable, "-c", KILLED, str(out), how, str(step)])
        assert killed.returncode in (0, -signal.SIGKILL)
        for name in ("net", "other"):
            texts = {p.name: p.read_text() for p in (out / name).glob("[0-9]")}
            assert (len(set(texts.values())) == 1 and len(texts) == 4) or (how == "aside" and not (out / name).exists())
            seen.add((name, *texts.values()))
        write_all(out, {"third/one": "1"})
        assert {p.name for p in out.iterdir()} == {"net", "other", "third"}, "the next run clears up"
        assert (out / "net" / "mine").read_text() == "kept"
        assert len({p.read_text() for p in (out / "net").glob("[0-9]")}) == 1
        shutil.rmtree(out)
        if killed.returncode == 0:
            ended = True
            break
    assert ended
    assert {("net", *["old"] * 4), ("net", *["new"] * 4), ("other", *["new"] * 4)} <= seen


def test_a_stage_in_use_and_what_others_planted_are_left_alone(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_text("kept")
    out = tmp_path / "out"
    out.mkdir()
    (out / f".symbp-{os.getpid()}").symlink_to(elsewhere)
    (out / f"{STAGE}planted").symlink_to(elsewhere)
    (out / f"{STAGE}file").write_text("kept")

    def another(_: object) -> None:
        write_all(out, {"net/one": "first", "two/one": "2"})

    write_all(out, {"net/one": "second"}, another)
    assert tree(elsewhere) == {"mine": b"kept"}
    assert (out / f"{STAGE}file").read_text() == "kept"
    assert ((out / "net/one").read_text(), (out / "two/one").read_text()) == ("second", "2")
    assert not [p for p in out.glob(f"{STAGE}*") if p.is_dir() and not p.is_symlink()]


def test_the_stage_is_private_and_its_name_a_new_one(tmp_path: Path) -> None:
    names = set()

    def look(_: object) -> None:
        (stage,) = tmp_path.glob(f"{STAGE}*")
        assert stat.S_IMODE(stage.stat().st_mode) == 0o700
        names.add(stage.name)

    for _ in range(3):
        write_all(tmp_path, {"net/one": "1"}, look)
    assert len(names) == 3
    assert stat.S_IMODE((tmp_path / "net").stat().st_mode) == 0o777 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_link_to_a_folder_beside_stays_a_link(tmp_path: Path) -> None:
    write_all(tmp_path, {"real/one": "1"})
    (tmp_path / "net").symlink_to("real")
    write_all(tmp_path, {"net/one": "2"})
    assert (os.readlink(tmp_path / "net"), (tmp_path / "real/one").read_text()) == ("real", "2")


def test_a_file_in_the_place_of_the_network_s_folder(tmp_path: Path) -> None:
    (tmp_path / "net").write_text("kept")
    with pytest.raises(OutputError, match="net: it is not a folder"):
        write_all(tmp_path, {"net/one": "1"})
    assert tree(tmp_path) == {"net": b"kept"}
