"""The errors that symbp raises on purpose: what a user did wrong, what the mechanism lacks, what a check found."""

from __future__ import annotations

from dataclasses import dataclass

from symbp.escape import on_terminal

WIDEST = 160  # of a line that a message quotes


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a source text: 1-based lines, 0-based columns counted in characters, `end` exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class SymbpError(Exception):
    """The base of all of them; the command line prints its message and no traceback."""


class NotationError(SymbpError):
    """A network file that is not in the language: a sentence, and where in which file it applies."""

    def __init__(self, message: str, span: Span | None = None, *, path: str | None = None, source: str | None = None):
        super().__init__(message)
        self.message, self.span, self.path, self.source = message, span, path, source

    def __str__(self) -> str:
        """`FILE:LINE: message`, then the line with the offending part underlined."""
        if self.span is None:
            return f"{self.path}: {self.message}" if self.path else self.message
        head = f"{self.path or '<network>'}:{self.span.line}: {self.message}"
        lines = (self.source or "").split("\n")
        if not 1 <= self.span.line <= len(lines):
            return head
        text = lines[self.span.line - 1]
        end = self.span.end_column if self.span.end_line == self.span.line else len(text)
        text, column, end = _plain(*_cut(text, self.span.column, end))
        marks = " " * column + "^" * max(1, end - column)
        return f"{head}\n    {text}\n    {marks}"


def _cut(text: str, column: int, end: int) -> tuple[str, int, int]:
    """A line too long for a screen as what stands around the underlined part, the rest as dots."""
    if len(text) <= WIDEST:
        return text, column, end
    first = 0 if end < WIDEST else max(0, column - WIDEST // 4)
    last = min(len(text), first + WIDEST)
    left, right = "..." if first else "", "..." if last < len(text) else ""
    shift = len(left) - first
    return f"{left}{text[first:last]}{right}", column + shift, min(end, last) + shift


def _plain(text: str, column: int, end: int) -> tuple[str, int, int]:
    """A quoted line as it can be printed, and where the underlined part is in it."""
    before, part, after = (on_terminal(t.replace("\t", " ")) for t in (text[:column], text[column:end], text[end:]))
    return before + part + after, len(before), len(before) + len(part)


class ShapeError(NotationError):
    """Two shapes that do not go together, both named."""


class MissingRule(SymbpError):
    """A case that a pass does not know; the message says which file to extend."""


class CheckFailed(SymbpError):
    """An equality, a gradient or a module that its witness contradicts."""


class NoTrial(CheckFailed):
    """No sizes or no data were found at which a network can be checked; `tensor` is what has no value, if one."""

    def __init__(self, message: str, tensor: str = ""):
        super().__init__(message)
        self.tensor = tensor
