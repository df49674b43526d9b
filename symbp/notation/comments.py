"""What a user calls a quantity: the comment at the end of the line that defines it.

`f[t] = ...  # forget gate` names f. Of several languages each has its part, `# forget gate | 遗忘门`. A comment that
speaks to a program, gives a shape or is longer than any name is none.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator

from symbp.escape import Prose
from symbp.notation.syntax import name_of, parameters, pieces

MOST = 80  # characters of a name
_NO_NAME = re.compile(
    r"(?:noqa|fmt:|type:|mypy:|ruff:|pylint:|pragma|isort:|nosec|TODO|FIXME|XXX)|[(\[]", re.IGNORECASE
)


def words_in(text: str, node: ast.FunctionDef) -> dict[str, Prose]:
    """The names that comments give to what a function defines and takes, by the tensors' own."""
    comments = dict(_comments(text))
    lines = list(_lines(node))
    often = Counter(line for line, _ in lines)
    return {name: comments[line] for line, name in lines if often[line] == 1 and line in comments}


def _comments(text: str) -> Iterator[tuple[int, Prose]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        words = token.string.lstrip("#").strip()
        if token.type == tokenize.COMMENT and words and len(words) <= MOST and not _NO_NAME.match(words):
            yield token.start[0], Prose(words)


def _lines(node: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    """The line on which each argument and each definition ends."""
    for argument in parameters(node):
        yield argument.end_lineno or argument.lineno, argument.arg
    for statement in pieces(node, ast.Assign):
        yield statement.end_lineno or statement.lineno, name_of(statement.targets[0])
