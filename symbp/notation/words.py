"""Which words may be names: not Python's, not the language's, not those that the module needs."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable

IMPORTS = ("Data", "Param", "Labels", "Array", "dims", "function", "network")
ELEMENTARY = ("exp", "log", "log1p", "expm1", "sin", "cos", "tanh", "erf", "abs")
REDUCTIONS = ("sum", "mean", "max", "min")
PLACES = ("argmax", "argmin")
BUILTINS = (*ELEMENTARY, *REDUCTIONS, *PLACES, "sqrt", "where", "maximum", "minimum", "range")
SIGN = "sign"  # what abs becomes when it is differentiated; a file may use the word for something else
RESERVED = frozenset((*IMPORTS, *BUILTINS, "pi", "np", "out", "work")).difference(PLACES)
_ASCII = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")


def why_not(name: str) -> str | None:
    """Why a word cannot be the name of a tensor, a size, a function or an index; None where it can."""
    if keyword.iskeyword(name):
        return f"`{name}` is a Python keyword and cannot be a name"
    if name.startswith("_"):
        return f"`{name}` starts with an underscore; such names are reserved"
    if name in RESERVED:
        return f"`{name}` is a word of the language or of the module and cannot be a name"
    if not _ASCII.match(name):
        return f"`{name}` cannot be a name: expected ASCII letters, digits and underscores"
    return "a name of more than 100 characters" if len(name) > 100 else None


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at what may have been meant: " (did you mean `x`?)", or nothing."""
    close = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean `{close[0]}`?" if close else ""


def fresh(base: str, taken: Iterable[str]) -> str:
    """`base`, or `base` with the first number that makes it a new legal name."""
    used, base = set(taken), base[:60]
    name, count = base, 1
    while name in used or why_not(name):
        name, count = f"{base}{count}", count + 1
    return name
