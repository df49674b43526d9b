"""The work of a command: a build, its stages under a progress bar, the files that it writes together or not at all."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbp.cli.output import say_paths
from symbp.escape import in_path

if TYPE_CHECKING:
    from symbp.pipeline import Build


def build_of(
    net: str,
    wrt: tuple[str, ...],
    module: Path | None = None,
    hvp: bool = False,
    symbolic: bool | None = None,
    **shown: Any,
) -> Build:
    """The build of a network; `shown` are further fields of it."""
    from symbp.pipeline import Build
    from symbp.sources import find_source

    return Build(find_source(net), wrt, module, hvp, symbolic, **shown)


def write_files(builds: tuple[Build, ...], out: Path, names: Callable[[Build], tuple[str, ...]]) -> None:
    """Work everything out, say what is written, then write the files of all builds that `names` tells, or none."""
    from symbp.files import demand_folder, write_all

    demand_folder(out)  # before the work, not after it
    work_out(builds, last="files")
    files = {f"{in_path(b.network.name)}/{name}": b.files[name] for b in builds for name in names(b)}
    write_all(out, files, say_paths)


def work_out(builds: tuple[Build, ...], last: str) -> None:
    """Work the builds out up to a stage, under a progress bar on a terminal and in silence elsewhere."""
    from symbp.builds import build_all

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # from here on there may be something to clean up
    if not all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr)):
        build_all(builds, last, lambda _: None)
        return
    from symbp.show import progress

    with progress(builds) as tell:
        build_all(builds, last, tell)
