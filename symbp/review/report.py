"""What is said of a check: a line when it is right, else each mistake, its line underlined, what it should be."""

from __future__ import annotations

import json
from collections.abc import Iterator

from symbp.errors import NotationError, Span
from symbp.escape import in_html
from symbp.review.check import Finding, Report

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
    "dtype": "digits are lost, to integers or to fewer bits",
    "state": "an input is changed, or something is kept from call to call",
    "loss": "another loss",
    "fact": "right only under a condition",
    "shape": "the shapes do not fit",
    "raises": "it raises an exception",
    "alias": "two names stand for one array, which is written into",
    "unknown": "it is not what it should be; no single usual mistake explains it",
}


def as_text(report: Report) -> str:
    """For people."""
    return "\n".join(_lines(report))


def in_a_line(report: Report, f: Finding) -> str:
    """A mistake in one line, beside what has been said of its tensor."""
    where = f"{report.path}:{f.line}" if f.line else report.path
    should = f": it should be {f.expected!r}" if f.expected else ""
    return f"{where}, {f.quantity}: {KINDS.get(f.kind, f.kind)}{should}"


def _lines(report: Report) -> Iterator[str]:
    count = len(report.findings)
    if report.is_right:
        yield (
            f"right: {report.entry}, the gradients of {', '.join(report.parameters)} against {report.against}; "
            f"tried {', '.join(_tried(report))}"
        )
        if report.computes:
            yield f"  lines that compute the equations of derivation.tex: {_computed(report)}"
        return
    yield f"wrong: {report.entry}, {count} mistake{'s' if count > 1 else ''}"
    for finding in report.findings:
        yield ""
        yield from _finding(report, finding)


def _tried(report: Report) -> Iterator[str]:
    """Sizes, seeds, kinks, float32."""
    more = len(report.sizes) - 1
    others = f" and {more} other choice{'s' if more > 1 else ''} of sizes" if more else ""
    yield f"at {report.sizes[0]}{others}" if report.sizes[0] else "as it is"
    yield f"{report.draws} seeds"
    yield from (said for said in (report.kinks, report.float32) if said)


def _computed(report: Report) -> str:
    """`9 (1), 10 (2)`: a line and what it computes, each equation once, where it is complete."""
    last: dict[int, int] = {}
    for line, number in report.computes:
        last[number] = line
    lines = sorted((line, number) for number, line in last.items())
    return ", ".join(f"{line} ({number})" for line, number in lines)


def _equation(report: Report, f: Finding) -> str:
    """The equation of the pages that a statement computes, or goes into."""
    if f.equation is None or report.pages is None:
        return ""
    said = "this is" if f.computes else "it goes into"
    return f"{said} equation ({f.equation}) of derivation.tex: {report.pages.text(f.equation)}"


def _finding(report: Report, f: Finding) -> Iterator[str]:
    said = f"{f.quantity}: {KINDS.get(f.kind, f.kind)}"
    span = None
    if f.line and f.end is not None:
        span = Span(f.first_line or f.line, f.column, f.end_line or f.line, f.end)
    yield str(NotationError(said, span, path=report.path, source=report.text))
    tried = f"so tried, it mends {_list(f.mended)}" if f.mended or f.kind == "loss" else "so tried, it is right"
    if f.expected and f.old and f.old != f.found:
        yield f"  it should be {f.expected!r}: {f.new} where {f.old} stands; {tried}"
    elif f.expected:
        yield f"  it should be {f.expected!r}; {tried}"
    if f.why:
        yield f"  {f.why}"
    if f.numbers:
        yield f"  {f.numbers}"
    if said := _equation(report, f):
        yield f"  {said}"


def _list(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f"the gradient{'s' if len(names) > 1 else ''} of {shown}" if names else "the loss"


def as_json(report: Report) -> str:
    """For machines: a finding for each mistake, in the order in which they are run.

    `detail` is the sentence, `expected` the corrected line where one edit mends it, `found` what stands there.
    """
    findings = [
        {
            "file": report.path,
            "line": f.line,
            "quantity": f.quantity,
            "kind": f.kind,
            "detail": _detail(f),
            "expected": f.expected,
            "found": f.found,
            "equation": f.equation,
        }
        for f in report.findings
    ]
    verdict = "right" if report.is_right else "wrong"
    tried = {"sizes": list(report.sizes), "seeds": report.draws, "kinks": report.kinks, "float32": report.float32}
    lines = [{"line": line, "equation": number} for line, number in report.computes]
    said = {"verdict": verdict, "checked": report.entry, "findings": findings, "tried": tried, "computes": lines}
    return json.dumps(said, indent=2)


def refused(why: str) -> str:
    """For machines: what could not be checked."""
    return json.dumps({"verdict": "not checked", "detail": why, "findings": []}, indent=2)


def _detail(f: Finding) -> str:
    parts = [KINDS.get(f.kind, f.kind), *(f"{f.new} where {f.old} stands" for _ in range(bool(f.old)))]
    return "; ".join([*parts, *(part for part in (f.why, f.numbers) if part)])


def as_html(report: Report) -> str:
    """For a notebook: the message, and the code with the lines of the mistakes marked."""
    marked = {f.line for f in report.findings}
    lines = [
        f'<span style="background: #fdd">{in_html(line)}</span>' if number in marked else in_html(line)
        for number, line in enumerate(report.text.split("\n"), 1)
    ]
    code = "\n".join(lines) if marked else ""
    return f"<pre>{in_html(as_text(report))}</pre>" + (f"<pre>{code}</pre>" if code else "")
