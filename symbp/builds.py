"""Several builds at once: files of each in a process of its own, and what is about to be done told."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from symbp.apart import can_be_apart, done_apart
from symbp.pipeline import STAGES, Build


def build_all(builds: tuple[Build, ...], last: str, tell: Callable[[str], None]) -> None:
    """Work out every build up to the stage `last`; `tell` hears what is about to be done.

    Files of several builds are made in processes of their own.
    """
    if last == "files" and len(builds) > 1 and can_be_apart():
        for number, files in done_apart([partial(getattr, build, "files") for build in builds]):
            if files is not None:
                vars(builds[number])["files"] = files
                for _ in STAGES:
                    tell(f"{builds[number].source.name}: built")
    for build in builds:
        if "files" in vars(build) and last == "files":
            continue
        for label in build.stages(last):
            tell(f"{build.source.name}: {label}")
