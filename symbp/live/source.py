"""The text that a live network is read from: its function's own, after what that names."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable
from typing import Any

from symbp.live.words import Size, Unknown


def source_of(define: Callable[..., Any]) -> str:
    """The function's own text, after what it names: sizes, unknown functions, and functions of the same module."""
    known = define.__globals__
    text = textwrap.dedent(inspect.getsource(define))
    functions = _functions(define, text)
    words = _words("\n".join([*functions, text]))
    formulas = {n: known[n].text for n in sorted(words & set(known)) if _is_formula(n, known[n])}
    parts: list[str] = []
    for name in sorted((words | _words(" ".join(formulas.values()))) & set(known)):
        if isinstance(known[name], Size) and name not in formulas:
            parts.append(f'{name} = dims("{name}")')
        elif isinstance(known[name], Unknown):
            parts.append(f'{name} = function("{name}")')
    return "\n".join([*parts, *(f"{n} = {t}" for n, t in formulas.items()), *functions, text])


def _is_formula(name: str, value: object) -> bool:
    """Is it a size named by a formula, `M = T - 2`?"""
    return isinstance(value, Size) and value.text != name


def _functions(define: Callable[..., Any], text: str) -> list[str]:
    """The texts of the plain functions that are called, and of those that they call."""
    found: dict[str, str] = {}
    todo = sorted(_words(text))
    while todo:
        name = todo.pop(0)
        value = define.__globals__.get(name)
        if name in found or not inspect.isfunction(value) or value.__module__ != define.__module__:
            continue
        found[name] = textwrap.dedent(inspect.getsource(value))
        todo.extend(sorted(_words(found[name]) - set(found)))
    return list(found.values())


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", text))
