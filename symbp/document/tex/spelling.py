"""How words of a language are spelt in LaTeX: signs that mean something to TeX, spaces at which no line ends."""

from __future__ import annotations

_SPELT = str.maketrans(
    {c: f"\\{c}" for c in "#$%&_{}"}
    | {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}"}
    | {"\u00a0": "~"}
)


def in_text(words: str) -> str:
    """Words as they stand in running text."""
    return words.translate(_SPELT)


def in_formula(words: str) -> str:
    """The same between formulas."""
    return f"\\text{{{in_text(words)}}}"
