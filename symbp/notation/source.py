"""A source text and places in it: reading a file, parsing it with `ast`, and the one way to make an error.

What comes out has bounded nesting and bounded numbers, so that the rules that follow may recurse.
"""

from __future__ import annotations

import ast
import keyword
import re
import sys
import warnings
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from symbp.errors import NotationError, Span

MAX_BYTES, MAX_DEPTH = 1_000_000, 80
TOO_LARGE = "this number is too large for a float64"
_ODD_LINE_ENDS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_USED, _ASSIGNED = re.compile(r"([A-Za-z_]+)\s*[:=,)\[]"), re.compile(r"\s*([A-Za-z_]+)\s*=(?!=)")
_NESTING = (ast.expr, ast.stmt, ast.comprehension, ast.keyword, ast.arg, ast.arguments, ast.alias)
Placed = ast.expr | ast.stmt | ast.arg | ast.keyword | ast.alias


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a file and what to call it in messages."""

    text: str
    path: str

    def span(self, node: Placed) -> Span:
        """Where a node stands, columns in characters."""
        end_line, end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset + 1
        return Span(node.lineno, self._column(node.lineno, node.col_offset), end_line, self._column(end_line, end))

    def _column(self, line: int, offset: int) -> int:
        lines = self.text.splitlines()
        raw = lines[line - 1].encode() if line <= len(lines) else b""
        return len(raw[:offset].decode(errors="ignore"))

    def part(self, span: Span | None) -> str:
        """The text at a place, of several lines the first."""
        if span is None:
            return ""
        line = self.text.splitlines()[span.line - 1]
        return line[span.column : span.end_column if span.end_line == span.line else len(line)]

    def error(self, node: Placed | None, message: str, kind: type[NotationError] = NotationError) -> NotationError:
        """An error at a node."""
        return kind(message, None if node is None else self.span(node), path=self.path, source=self.text)

    def error_at(self, span: Span | None, message: str) -> NotationError:
        """An error at a place."""
        return NotationError(message, span, path=self.path, source=self.text)


def read_file(path: str | Path) -> str:
    """The text of a file. NotationError where it cannot be read or is not UTF-8."""
    name = str(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise NotationError(f"cannot be read: {error.strerror or error}", path=name) from None
    except ValueError as error:
        raise NotationError(f"cannot be read: {error}", path=name) from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise NotationError(f"line {line} is not UTF-8 text; a network file is text in UTF-8", path=name) from None


@lru_cache(maxsize=2)  # a file is read again for each of its networks; nobody changes the tree
def parse(text: str, path: str) -> tuple[Source, ast.Module]:
    """The syntax tree of a text, or a NotationError that says what is not Python about it."""
    source = Source(_ODD_LINE_ENDS.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n")), path)
    if len(text) > MAX_BYTES:
        raise source.error(None, f"the file has more than {MAX_BYTES} characters, which no network needs")
    if "\0" in text:
        raise source.error_at(_find(source.text, "\0"), "the file has a NUL byte in it; expected Python text")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source.text)
    except SyntaxError as error:
        raise _syntax_error(source, error) from None
    except (RecursionError, MemoryError):
        raise source.error(None, "the file is nested too deeply to be read") from None
    except (ValueError, UnicodeError, OverflowError) as error:
        raise source.error(None, f"the file is not Python text: {error}") from None
    _check_bounds(source, tree)
    return source, tree


def _find(text: str, part: str) -> Span:
    before = text[: text.index(part)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n") - 1
    return Span(line, column, line, column + 1)


def _syntax_error(source: Source, error: SyntaxError) -> NotationError:
    line, column = error.lineno or 1, max(0, (error.offset or 1) - 1)
    end = max(column + 1, (error.end_offset or 0) - 1) if error.end_lineno in (None, line) else column + 1
    lines = source.text.splitlines()
    text = lines[line - 1] if line <= len(lines) else ""
    message = TOO_LARGE if "integer string conversion" in error.msg else f"this is not Python: {error.msg}"
    for used in (_USED.match(text, column), _ASSIGNED.match(text)):
        if used and keyword.iskeyword(used.group(1)) and used.group(1) not in ("else", "try", "finally"):
            message = f"`{used.group(1)}` is a Python keyword and cannot be a name"
            column, end = used.span(1)
            break
    return source.error_at(Span(line, column, line, end), message)


def _check_bounds(source: Source, tree: ast.Module) -> None:
    """Refuses expressions nested deeper than any formula is; a long sum or product counts as one level."""
    stack: list[tuple[ast.AST, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise source.error(_placed(node), f"nested more than {MAX_DEPTH} levels deep; name the parts")
        if isinstance(node, ast.Constant):
            _check_number(source, node)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, _NESTING):
                stack.append((child, depth if _in_chain(node, child) else depth + 1))


def _in_chain(node: ast.AST, child: ast.AST) -> bool:
    """Is the child the beginning of the same sum or product?"""
    match node:
        case ast.BinOp(ast.BinOp(op=inner) as left, outer) if child is left:
            return bool(_group(outer)) and _group(outer) == _group(inner)
    return False


def _placed(node: ast.AST) -> Placed | None:
    return node if isinstance(node, (ast.expr, ast.stmt, ast.arg, ast.keyword, ast.alias)) else None


def _group(op: ast.operator) -> str:
    """Which operators form one chain: sums or products."""
    return _GROUPS.get(type(op), "")


_GROUPS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "+", ast.Mult: "*", ast.Div: "*"}


def _check_number(source: Source, node: ast.Constant) -> None:
    match node.value:
        case complex():
            raise source.error(node, "complex numbers are not in the language; expected a real number")
        case int() | float() as number if too_large(number):
            raise source.error(node, TOO_LARGE)


def too_large(value: int | float | Fraction) -> bool:
    """Is it more than a float64 can hold?"""
    most = Fraction(sys.float_info.max)
    return value != value or not -most <= value <= most


def chain(node: ast.BinOp) -> list[tuple[ast.operator | None, ast.expr, ast.BinOp]]:
    """`a + b - c` as [(None, a), (+, b), (-, c)], each with the operation that adds it; so for products."""
    parts: list[tuple[ast.operator | None, ast.expr, ast.BinOp]] = []
    group, here = _group(node.op), node
    while True:
        parts.append((here.op, here.right, here))
        if isinstance(here.left, ast.BinOp) and group and _group(here.left.op) == group:
            here = here.left
        else:
            parts.append((None, here.left, here))
            return parts[::-1]
