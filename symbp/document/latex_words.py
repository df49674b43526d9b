"""Running text as LaTeX: words with formulas, references and names in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from symbp.core.integers import Poly
from symbp.document.matrices import MatrixPrinter
from symbp.document.model import (
    Arrow,
    Bound,
    Code,
    FactRef,
    Letter,
    Math,
    Part,
    Ref,
    Shape,
    Slice,
    Span,
    Spelt,
    Whole,
    Words,
)
from symbp.document.names import escape
from symbp.document.print import Printer
from symbp.document.summary import decade
from symbp.errors import MissingRule

SIGNS = {
    "odot": "\\odot",
    "oslash": "\\oslash",
    "one": "\\mathbf{1}",
    "unit": "\\mathbb{I}",
    "partial": "\\partial",
    "divides": "\\mid",
    "delta": "\\delta",
    "circle": "{}^{\\circ}",
    "norm": "\\lVert\\cdot\\rVert^{2}",
    "diag": "\\operatorname{diag}",
    "rowmax": "\\operatorname{rowmax}",
    "rowmin": "\\operatorname{rowmin}",
}
# How the printed text shows that a sign is used, where that is not the sign itself.
PRINTED = {
    "adjoint": r"\\adj\{",
    "partial": r"\\frac\{\\partial",
    "alone": r"\\biggr\|_\{\(",
    "delta": r"\\delta_",
    "bracket": r"\[[^\[\]]*(?:\\le|\\ge|\\ne|\\mid|<|>|=)[^\[\]]*\]",
    "bold": r"\\(?:mathbf|boldsymbol)\{",
    "unit": r"\\mathbb\{I\}(?!_)",
    "circle": r"\^\{\\circ",
    "norm": r"\\lVert",
}
_ACCENTED = range(0xC0, 0x180)


def plain(text: str) -> str:
    """Any text, safe for TeX; a sign that the fonts lack becomes a question mark."""
    special = {"\\": "\\textbackslash{}", "^": "\\textasciicircum{}", "~": "\\textasciitilde{}"}
    special |= {c: f"\\{c}" for c in "_#$%&{}"} | {"<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}"}
    special |= {"\n": " ", "\t": " "}
    kept = (special.get(c, c if c.isascii() or ord(c) in _ACCENTED else "?") for c in text)
    return "".join(c for c in kept if len(c) > 1 or c.isprintable())


def tied(text: str) -> str:
    """A reason whose last words stay together, and a letter with what it is said of."""
    parts = text.replace(" for all ", " for~all~").split("$")
    last = next(
        (k for k in range(len(parts) - 1, -1, -1) if k % 2 == 0 and " " in parts[k].strip(" ") + parts[k][:-1]), None
    )
    if last is not None:
        parts[last] = "~".join(parts[last].rsplit(" ", 1))
    return "$".join(parts)


def printed(sign: str, tex: str) -> bool:
    """Is the sign in this text?"""
    return re.search(PRINTED.get(sign) or re.escape(SIGNS[sign]), tex) is not None


@dataclass(frozen=True, slots=True)
class WordWriter:
    """Sets words with the looks of one document."""

    printer: Printer

    def tex(self, words: Words) -> str:
        """The words as text."""
        return "".join(self._part(p) for p in words)

    def title(self, words: Words) -> str:
        """The words of a heading; a formula goes into the list of bookmarks by its name in the code."""
        return "".join(
            f"\\texorpdfstring{{{self._part(p)}}}{{{escape(p.name)}}}" if isinstance(p, Whole) else self._part(p)
            for p in words
        )

    def shape(self, dims: Sequence[Poly]) -> str:
        """N \\times K."""
        short = [p for p, _ in self.printer.names.extents]
        wide = [len(p.terms) > 1 and len(dims) > 1 and p not in short for p in dims]
        texts = [self.printer.poly(p) for p in dims]
        factors = [f"({t})" if w else t for t, w in zip(texts, wide, strict=True)]
        return "\\times ".join(factors) if factors else "\\text{scalar}"

    def _part(self, part: Part) -> str:
        match part:
            case str():
                return part
            case Math(node):
                return f"${self.printer.tex(node, small=True)}$"
            case Arrow(old, new):
                return f"${self.printer.tex(old)}\\to {self.printer.tex(new)}$"
            case Letter("function", name):
                return f"${self.printer.names.function(name)}$"
            case Letter("index", name):
                return f"${self.printer.names.indices[name]}$"
            case Letter(_, name):
                return f"${SIGNS[name]}$"
            case Slice(matrix):
                return f"${MatrixPrinter(self.printer).text(matrix).tex}$"
            case Whole(name):
                return f"${self.printer.names.whole(name)}$" if self.printer.names.knows(name) else self._code(name)
            case Span(indices):
                letters = ",".join(self.printer.names.indices[i.name] for i in indices)
                start = "" if indices[0].start.constant == 0 else f"{self.printer.poly(indices[0].start)}\\le "
                return f"${start}{letters}<{self.printer.poly(indices[0].stop)}$"
            case Spelt(extent):
                bare = replace(self.printer, names=replace(self.printer.names, extents=()))
                return f"${bare.poly(extent)}$"
            case Shape(dims):
                return f"${self.shape(dims)}$"
            case Ref(number):
                return f"\\eqref{{eq:{number}}}"
            case FactRef(label):
                return f"\\eqref{{fact:{label}}}"
            case Code(text):
                return self._code(text)
            case Bound(value):
                return f"$10^{{{decade(value)}}}$"
        raise MissingRule(f"no rule sets {type(part).__name__}; extend symbp/document/latex_words.py")

    def _code(self, text: str) -> str:
        return f"\\texttt{{{escape(text)}}}"
