"""A function of a notebook's cell as a text that can be checked: its own lines first, then what it needs.

Names that it reads of the notebook are found where it would find them: modules are imported again, functions and
classes come with their source, numbers as they are. Nothing of the notebook is run or changed.
"""

from __future__ import annotations

import dis
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from symbp.core.network import Network
from symbp.errors import SymbpError
from symbp.review.check import Report, check_text
from symbp.review.pages import Pages
from symbp.review.report import as_html, as_json, as_text

NUMBERS = (bool, int, float, str, type(None))


class NoSource(SymbpError):
    """A function whose text cannot be found."""


@dataclass(frozen=True, slots=True, repr=False)
class Review:
    """What came out of a check, as a notebook shows it."""

    report: Report

    @property
    def is_right(self) -> bool:
        """Are all gradients right?"""
        return self.report.is_right

    def json(self) -> str:
        """What `symbp check --json` prints."""
        return as_json(self.report)

    def __repr__(self) -> str:
        return as_text(self.report)

    def _repr_html_(self) -> str:
        return as_html(self.report)


def review(
    function: Callable[..., Any], network: Network | None, mapped: Mapping[str, str], shapes: Mapping[str, str],
    pages: Pages | None = None,
) -> Review:  # fmt: skip
    """Check a function, or a class, in a process of its own."""
    name = function.__name__
    text = text_of(function)
    return Review(check_text(text, "<cell>", Path.cwd(), network, name, mapped, shapes, pages))


def text_of(function: Callable[..., Any]) -> str:
    """Its source, and that of what it reads of the notebook."""
    parts: dict[str, str] = {}
    _add(function, parts)
    return "\n\n".join(parts.values()) + "\n"


def _add(what: Any, parts: dict[str, str]) -> None:
    if what.__name__ in parts:
        return
    try:
        parts[what.__name__] = textwrap.dedent(inspect.getsource(what)).rstrip()
    except (OSError, TypeError):
        raise NoSource(f"the text of {what.__name__} cannot be found") from None
    functions = [f for f in vars(what).values() if isinstance(f, FunctionType)] if isinstance(what, type) else [what]
    for function in functions:
        for name in _globals(function.__code__):
            if name in function.__globals__ and name not in parts:
                _note(name, function.__globals__[name], parts)


def _note(name: str, value: Any, parts: dict[str, str]) -> None:
    if isinstance(value, ModuleType):
        parts[name] = f"import {value.__name__} as {name}"
    elif isinstance(value, (FunctionType, type)):
        here = getattr(value, "__module__", "")
        if here in ("__main__", "builtins") or not here:
            _add(value, parts)
        else:
            parts[name] = f"from {here} import {value.__name__} as {name}"
    elif isinstance(value, NUMBERS):
        parts[name] = f"{name} = {value!r}"


def _globals(code: CodeType) -> list[str]:
    """What a function reads of its module, functions within it too."""
    own = [i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    inner = [name for c in code.co_consts if isinstance(c, CodeType) for name in _globals(c)]
    return list(dict.fromkeys([*own, *inner]))
