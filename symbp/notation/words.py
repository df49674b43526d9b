"""Which words may be names: not Python's, not the language's, not those that the module needs."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable

from symbp.core.functions import FUNCTIONS
from symbp.notation import vocabulary
from symbp.notation.grammar import FILES

IMPORTS = FILES.reserved
ELEMENTARY = tuple(row.name for row in FUNCTIONS.values() if not row.inner)
REDUCTIONS = ("sum", "mean", "max", "min")
PLACES = ("argmax", "argmin")
_OTHERS = ("sqrt", "where", "maximum", "minimum", "range")
BUILTINS = (*ELEMENTARY, *REDUCTIONS, *PLACES, *_OTHERS)
# What abs and digamma become when they are differentiated; a file may use such a word for something else.
INNER = tuple(row.name for row in FUNCTIONS.values() if row.inner)
# No tensor may bear such a name; it may bear that of any other function which the file does not call.
RESERVED = frozenset((*vocabulary.RESERVED, "np", "out", "work"))
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
    """A hint at what may have been meant, where it is spelt nearly so: "; did you mean `x`?", or nothing."""
    close = difflib.get_close_matches(name, list(known), 1, 0.75)
    return f"; did you mean `{close[0]}`?" if close else ""


def fresh(base: str, taken: Iterable[str]) -> str:
    """`base`, or `base` with the first number that makes it a new legal name."""
    used, base = set(taken), base[:60]
    name, count = base, 1
    while name in used or why_not(name):
        name, count = f"{base}{count}", count + 1
    return name
