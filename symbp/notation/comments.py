"""What a user calls a quantity: the comment at the end of the line that defines it.

`f[t] = ...  # forget gate` names f. Of several languages each has its part, `# forget gate | 遗忘门`. A comment that
speaks to a program, gives a shape or is longer than any name is none. What stands behind a colon says what the named
thing is for: `# forget gate: how much of the cell stays`.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from symbp.escape import Prose
from symbp.notation.syntax import name_of, parameters, pieces

MOST, WHOLE = 80, 240  # characters of a name; with what is said of it, in several languages
_NO_NAME = re.compile(
    r"(?:noqa|fmt:|type:|mypy:|ruff:|pylint:|pragma|isort:|nosec|TODO|FIXME|XXX)|[(\[]", re.IGNORECASE
)


def words_in(text: str, node: ast.FunctionDef) -> dict[str, Prose]:
    """The names that comments give to what a function defines and takes, by the tensors' own."""
    comments = dict(_comments(text))
    lines = list(_lines(node))
    often = Counter(line for line, _ in lines)
    return {name: comments[line] for line, name in lines if often[line] == 1 and line in comments}


@lru_cache(maxsize=64)
def _comments(text: str) -> tuple[tuple[int, Prose], ...]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    found = ((t.start[0], t.string.lstrip("#").strip()) for t in tokens if t.type == tokenize.COMMENT)
    return tuple((line, Prose(words)) for line, words in found if words and _is_name(words))


def _is_name(words: str) -> bool:
    """Is it short enough for a name, and what is said of it for a line?"""
    name = words if ":" not in words and "\uff1a" not in words else re.split("[:\uff1a]", words, maxsplit=1)[0]
    return len(name) <= MOST and len(words) <= WHOLE and not _NO_NAME.match(words)


def _lines(node: ast.FunctionDef) -> Iterator[tuple[int, str]]:
    """The line on which each argument and each definition ends."""
    for argument in parameters(node):
        yield argument.end_lineno or argument.lineno, argument.arg
    for statement in pieces(node, ast.Assign):
        yield statement.end_lineno or statement.lineno, name_of(statement.targets[0])
