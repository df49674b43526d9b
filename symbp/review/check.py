"""A file with a hand-written backward pass against the truth: findings with a line, a kind and a way out."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from symbp.core.network import Network
from symbp.errors import SymbpError
from symbp.review.pages import Pages
from symbp.review.truth import draws, names, own_draws, tied
from symbp.verify.worker import Gone, Worker

INSIDE = "symbp.review.inside:inspect"


class CannotCheck(SymbpError):
    """A file that cannot be run, or of which it cannot be told what it takes or returns."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake: the line and columns of the statement, the kind, what is written and what should be."""

    line: int | None
    column: int
    end: int | None
    first_line: int | None
    end_line: int | None
    quantity: str
    kind: str
    found: str
    expected: str
    old: str = ""
    new: str = ""
    numbers: str = ""
    why: str = ""
    mended: tuple[str, ...] = ()
    equation: int | None = None  # of the pages
    computes: bool = False  # is it what the statement computes, or does that go into it?


@dataclass(frozen=True, slots=True)
class Report:
    """What came out of a check; right where there are no findings."""

    path: str
    text: str
    entry: str
    findings: tuple[Finding, ...]
    parameters: tuple[str, ...]
    draws: int
    against: str
    sizes: tuple[str, ...]
    kinks: str  # what came of data on which entries tie, and of float32; nothing where that was not tried
    float32: str
    computes: tuple[tuple[int, int], ...] = ()  # lines of the code, and the equations of the pages that they compute
    pages: Pages | None = None
    raised: str = ""

    @property
    def is_right(self) -> bool:
        return not self.findings


def check_file(
    path: Path, network: Network | None, name: str = "", mapped: Mapping[str, str] | None = None,
    shapes: Mapping[str, str] | None = None, pages: Pages | None = None,
) -> Report:  # fmt: skip
    """Run the file in a process of its own and find what is wrong with its gradients."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotCheck(f"{path} cannot be read: {error}") from error
    return check_text(text, str(path), path.resolve().parent, network, name, mapped or {}, shapes or {}, pages)


def check_text(
    text: str, path: str, beside: Path, network: Network | None, name: str, mapped: Mapping[str, str],
    shapes: Mapping[str, str], pages: Pages | None = None,
) -> Report:  # fmt: skip
    """The same of a text; `beside` is where it imports from."""
    try:
        compile(text, path, "exec")
    except (SyntaxError, ValueError) as error:
        raise CannotCheck(f"{path} is no Python: {error}") from error
    request: dict[str, Any] = {"do": INSIDE, "text": text, "path": path, "beside": str(beside), "name": name}
    request["mapped"], request["tied"] = dict(mapped), None
    if network is None:
        request["data"], request["parameters"], request["draws"] = [], list(shapes), own_draws(shapes)
    else:
        request["data"], request["parameters"] = names(network)
        request["draws"], request["tied"] = draws(network, pages), tied(network)
    with TemporaryDirectory(prefix="symbp", ignore_cleanup_errors=True) as folder, closing(Worker()) as worker:
        request["folder"] = folder
        try:
            reply = worker.ask(request)["checked"]
        except Gone as gone:
            raise CannotCheck(f"{path}: the code {gone}") from gone
    if "fault" in reply:
        raise RuntimeError(f"the check of {path}: {reply['fault']}")
    if "unmatched" in reply:
        raise CannotCheck(f"{path}: {reply['unmatched']}")
    findings = tuple(Finding(**{**f, "mended": tuple(f["mended"])}) for f in reply["findings"])
    computes = tuple((line, number) for line, number in reply["computes"])
    return Report(
        path=path,
        text=text,
        entry=reply["entry"],
        findings=findings,
        parameters=tuple(reply["parameters"]),
        draws=reply["draws"],
        against=reply["against"],
        sizes=tuple(reply["sizes"]),
        kinks=reply["kinks"],
        float32=reply["float32"],
        computes=computes,
        pages=pages,
        raised=reply["raised"],
    )
