"""The derivation's own macros written out, so that a README can show a piece of it."""

from __future__ import annotations

import re


def github_math(line: str) -> str:
    """A line of derivation.tex with the macros of its preamble written out and its references as numbers."""
    line = re.sub(r"\\label\{[^}]*\}", "", line)
    line = re.sub(r"\\eqref\{(?:eq|fact):(\w+)\}", r"(\1)", line)
    return line.replace(r"\adj{", r"\overline{").replace(r"\why{", r"\text{")
