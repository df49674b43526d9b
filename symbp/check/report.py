"""What is said of a check: a line when it is right, else each mistake, its line underlined, what it should be."""

from __future__ import annotations

import json
from collections.abc import Iterator

from symbp.check.check import Finding, Report
from symbp.errors import NotationError, Span

# What a kind is called in a sentence.
KINDS = {
    "sign": "the sign is turned round",
    "factor": "a factor is wrong or left out",
    "mean": "a mean where a sum belongs, or the other way round",
    "sum": "a sum is left out, or is over another axis",
    "transpose": "a matrix is not transposed where it should be, or is where it should not",
    "wrong_tensor": "another tensor of the same shape",
    "derivative": "the derivative of the activation is wrong or left out",
    "term": "a factor or a term is wrong or left out",
    "path": "a path is left out, or counted twice",
    "constant": "a statistic is held constant",
    "step": "what is carried between steps is lost, or that of another step is read",
    "overwrite": "a value is written over that is still needed",
    "index_add": "entries that an index names twice are counted once",
    "softmax": "the softmax's Jacobian is taken entry by entry",
    "order": "two parts have changed places",
    "dtype": "digits are lost",
    "state": "an input is changed",
    "loss": "another loss",
    "fact": "right only under a condition",
    "shape": "the shapes do not fit",
    "raises": "it cannot be run",
    "unknown": "it is not what it should be; no single usual mistake explains it",
}


def as_text(report: Report) -> str:
    """For people."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    count = len(report.findings)
    if report.is_right:
        yield (
            f"right: {report.entry}, the gradients of {', '.join(report.parameters)} at {report.draws} draws "
            f"against {report.against}"
        )
        return
    yield f"wrong: {report.entry}, {count} mistake{'s' if count > 1 else ''}"
    for finding in report.findings:
        yield ""
        yield from _finding(report, finding)


def _finding(report: Report, f: Finding) -> Iterator[str]:
    said = f"{f.quantity}: {KINDS.get(f.kind, f.kind)}"
    span = None
    if f.line and f.end is not None:
        span = Span(f.first_line or f.line, f.column, f.end_line or f.line, f.end)
    yield str(NotationError(said, span, path=report.path, source=report.text))
    if f.expected and f.old and f.old != f.found:
        yield f"  it should be {f.expected!r}: {f.new} where {f.old} stands; so tried, it mends {_list(f.mended)}"
    elif f.expected:
        yield f"  it should be {f.expected!r}; so tried, it mends {_list(f.mended)}"
    if f.why:
        yield f"  {f.why}"
    if f.numbers:
        yield f"  {f.numbers}"


def _list(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f"the gradient{'s' if len(names) > 1 else ''} of {shown}" if names else "the loss"


def as_json(report: Report) -> str:
    """For machines: a finding for each mistake, in the order in which they are run."""
    findings = [
        {
            "file": report.path,
            "line": f.line,
            "quantity": f.quantity,
            "kind": f.kind,
            "expected": f.expected,
            "found": f.found,
            "numbers": f.numbers,
            "why": f.why,
            "mends": list(f.mended),
        }
        for f in report.findings
    ]
    return json.dumps({"right": report.is_right, "checked": report.entry, "findings": findings}, indent=2)
