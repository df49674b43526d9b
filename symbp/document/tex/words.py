"""Running text as LaTeX: words with formulas, references and names in them."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from symbp.core.integers import Index, Poly
from symbp.core.traverse import indices_of
from symbp.document.said import (
    Arrow,
    Bound,
    Code,
    Count,
    FactRef,
    Figure,
    Letter,
    LineRange,
    Listed,
    Math,
    Noted,
    Number,
    Part,
    Product,
    Quoted,
    Ref,
    Said,
    Shape,
    Slice,
    Span,
    Spelt,
    Whole,
    Words,
)
from symbp.document.tex.letters import TEX
from symbp.document.tex.matrices import MatrixPrinter
from symbp.document.tex.numbers import in_decimals
from symbp.document.tex.print import Printer
from symbp.document.tex.spelling import in_text
from symbp.document.tex.width import width
from symbp.document.words import Language
from symbp.errors import MissingRule
from symbp.escape import HAN, Prose, in_tex

REASON = 170.0  # points at the size of running text that a reason's column holds, whose own are smaller

SIGNS = {
    "odot": "\\odot",
    "oslash": "\\oslash",
    "one": "\\mathbf{1}",
    "unit": "\\mathbb{I}",
    "partial": "\\partial",
    "eta": "\\eta",
    "divides": "\\mid",
    "delta": "\\delta",
    "circle": "{}^{\\circ}",
    "norm": "\\lVert\\cdot\\rVert^{2}",
    "stopped": "\\operatorname{sg}",
    "diag": "\\operatorname{diag}",
    "rowmax": "\\operatorname{rowmax}",
    "rowmin": "\\operatorname{rowmin}",
}
# How the printed text shows that a sign is used, where that is not the sign itself.
PRINTED = {
    "adjoint.bar": r"\\adj\{",
    "adjoint.partial": r"\\partial",
    "adjoint.delta": r"\\delta\}?\^",
    **dict.fromkeys(("partial.bar", "partial.partial", "partial.delta"), r"\\frac\{\\partial"),
    "alone": r"\\biggr\|_\{\(",
    "delta": r"\\delta_",
    "bracket": r"\[[^\[\]]*(?:\\le|\\ge|\\ne|\\mid|<|>|=)[^\[\]]*\]",
    "bold": r"\\(?:mathbf|boldsymbol)\{",
    "unit": r"\\mathbb\{I\}(?!_)",
    "circle": r"\^\{\\circ",
    "norm": r"\\lVert",
    "stopped": r"\\operatorname\{sg\}",
}


def _layer(dims: Sequence[Poly]) -> Index | None:
    """The letter of the first dimension, where the others depend on it."""
    letters = {i for p in dims[1:] for i in indices_of(p)}
    return next((i for i in letters if len(letters) == 1 and i.stop == dims[0]), None)


def _is_sum(tex: str) -> bool:
    """Is there a plus or a minus outside all braces and brackets?"""
    depth, signs = 0, False
    for c in tex.replace("\\lfloor", "(").replace("\\rfloor", ")"):
        depth += (c in "({[") - (c in ")}]")
        signs = signs or (c in "+-" and depth == 0)
    return signs


def decade(value: float) -> int:
    """The exponent of the power of ten that a bound is, rounded up."""
    return math.ceil(math.log10(value) - 1e-9)


def in_title(text: Prose, printer: Printer) -> str:
    """The words of a title, in which the letters of quantities, sizes and indices are mathematics."""
    known = _letters(printer)
    atom = "|".join([*map(re.escape, sorted(known, key=lambda n: (-len(n), n))), "[0-9]+"])
    letter = rf"(?:[^\W{HAN}]|['-])"  # of a word; Chinese stands beside a formula without a space
    run = rf"(?<!{letter})(?:{atom})(?: (?:[=+-] )?(?:{atom}))*(?!{letter})"
    return in_tex(text, re.compile(run), lambda found: _formula(found, known))


def _letters(printer: Printer) -> dict[str, str]:
    """What a title calls by a single letter, perhaps with a number, or by the name of a Greek one."""
    names = printer.names
    known = {**names.indices, **names.sizes, **{n: names.entry(n, "") for n in names.tensors}}
    short = re.compile(r"[B-HJ-Zb-z]\d*")  # a, A and I are words
    return {n: tex for n, tex in known.items() if short.fullmatch(n) or TEX.get(n, "").startswith(f"\\{n[:3]}")}


def _formula(text: str, known: Mapping[str, str]) -> str:
    """A run of letters as one formula where signs connect them, else each by itself; numbers alone stay text."""
    words = text.split(" ")
    if set(words) & set("=+-"):
        formula = "\\,".join(known.get(w, w) for w in words)
        spaced = re.sub(r"\\,([=+-])\\,", r" \1 ", formula)
        return f"${spaced}$"
    return " ".join(f"${known[w]}$" if w in known else w for w in words)


def tied(text: str) -> str:
    """A reason whose last words stay together."""
    parts = text.split("$")
    last = next(
        (k for k in range(len(parts) - 1, -1, -1) if k % 2 == 0 and " " in parts[k].strip(" ") + parts[k][:-1]), None
    )
    if last is not None and not parts[last].endswith("\\atmost{"):
        parts[last] = "~".join(parts[last].rsplit(" ", 1))
    return "$".join(parts)


def printed(sign: str, tex: str) -> bool:
    """Is the sign in this text?"""
    return re.search(PRINTED.get(sign) or re.escape(SIGNS[sign]), tex) is not None


def speaks_chinese(language: Language) -> bool:
    """Does what it writes have Chinese characters?"""
    return language.fonts.have(HAN[-1])


@dataclass(frozen=True, slots=True)
class WordWriter:
    """Says in the printer's language, with the looks of one document."""

    printer: Printer
    narrow: bool = False

    def said(self, name: str, count: int | None = None, /, **slots: str) -> str:
        """A sentence whose slots hold what is set already."""
        return self.printer.language.fill(name, slots, in_text, count)

    def sentences(self, words: Words) -> str:
        """Sentences, one after the other."""
        return self._listed("sentences", words)

    def notes(self, words: Words) -> str:
        """The same with a space behind each, for more may follow."""
        space = in_text(self.printer.language.lists["sentences"][0])
        return "".join(self.tex(w) + space for w in words)

    def reason(self, words: Words) -> str:
        """The clauses of a reason; a formula that is wider than their column is made smaller."""
        return tied(replace(self, narrow=True)._listed("clauses", words))

    def title(self, title: Said) -> str:
        """A heading; a formula goes into the list of bookmarks by its name in the code."""
        return self._said(title, self._heading)

    def _heading(self, part: Part | Listed) -> str:
        if isinstance(part, Listed):
            return self.printer.language.joined(part.kind, [self._heading(p) for p in part.parts], in_text)
        if isinstance(part, Said):
            return self._said(part, self._heading)
        shown = self.tex(part)
        if isinstance(part, (Whole, Letter)):
            return f"\\texorpdfstring{{{shown}}}{{{in_tex(part.name)}}}"
        return shown

    def _said(self, said: Said, set_: Callable[[Part | Listed], str]) -> str:
        slots = {slot: set_(part) for slot, part in said.slots}
        return self.printer.language.fill(said.name, slots, in_text, said.count)

    def _listed(self, kind: str, parts: Sequence[Part]) -> str:
        return self.printer.language.joined(kind, [self.tex(p) for p in parts], in_text)

    def shape(self, dims: Sequence[Poly]) -> str:
        """N \\times K; of arrays that differ by layer, D_l \\times D_{l+1} for each l."""
        layer = _layer(dims)
        if layer is not None:
            return self.printer.said("shape.each", shape=self.shape(dims[1:]), layer=self._span((layer,)))
        texts = [self.printer.poly(p) for p in dims]
        factors = [f"({t})" if len(dims) > 1 and _is_sum(t) else t for t in texts]
        return "\\times ".join(factors) if factors else self.printer.said("shape.scalar")

    def _product(self, extents: Sequence[Poly], number: int) -> str:
        """A number and extents, of which those that occur twice are squared."""
        factors = [str(number)] * (number != 1 or not extents)
        for extent, times in Counter(extents).items():
            tex = self.printer.poly(extent)
            tex = f"({tex})" if _is_sum(tex) else tex
            factors.append(tex if times == 1 else f"{tex}^{{{times}}}")
        return "\\,".join(factors)

    def _span(self, indices: Sequence[Index]) -> str:
        letters = ",".join(self.printer.names.indices[i.name] for i in indices)
        start = "" if indices[0].start.constant == 0 else f"{self.printer.poly(indices[0].start)}\\le "
        return f"{start}{letters}<{self.printer.poly(indices[0].stop)}"

    def tex(self, part: Part | Listed) -> str:
        """What stands in a sentence, or a sentence, as text."""
        match part:
            case Said():
                return self._said(part, self.tex)
            case Listed(kind, parts):
                return self._listed(kind, parts)
            case LineRange(first, last):
                return str(first) if first == last else f"{first}--{last}"
            case Figure(value):
                return str(value)
            case Number(value, decimals):
                return f"${in_decimals(value, decimals)}$"
            case Count(value):
                return in_text(self.printer.language.numeral(value))
            case Math(node):
                tex = self.printer.tex(node, small=True)
                if not self.narrow or width(tex) <= REASON:
                    return f"${tex}$"
                open_before = "\\allowbreak" if speaks_chinese(self.printer.language) else ""
                return f"{open_before}\\atmost{{${tex}$}}"
            case Arrow(old, new):
                return f"${self.printer.tex(old)}\\to {self.printer.tex(new)}$"
            case Letter("function", name):
                return f"${self.printer.names.function(name)}$"
            case Letter("size", name):
                return f"${self.printer.names.sizes[name]}$"
            case Letter("index", name):
                return f"${self.printer.names.indices[name]}$"
            case Letter(_, name):
                return f"${SIGNS[name]}$"
            case Slice(matrix):
                return f"${MatrixPrinter(self.printer).text(matrix).tex}$"
            case Whole(name):
                known = self.printer.names.knows(name)
                return f"${self.printer.names.whole(name, small=True)}$" if known else self._code(name)
            case Quoted():
                return in_tex(self._quoted(part))
            case Noted(adjoint, notation):
                names = replace(self.printer.names, notation=notation, parameters=frozenset())
                return f"${names.entry(adjoint, '', small=True)}$"
            case Span(indices):
                return f"${self._span(indices)}$"
            case Spelt(extent):
                before = tuple(takewhile(lambda e: e[0] != extent, self.printer.names.extents))
                bare = replace(self.printer, names=replace(self.printer.names, extents=before))
                return f"${bare.poly(extent)}$"
            case Shape(dims):
                return f"${self.shape(dims)}$"
            case Product(extents, number):
                return f"${self._product(extents, number)}$"
            case Ref(number):
                return f"\\eqref{{eq:{number}}}"
            case FactRef(label):
                return f"\\eqref{{fact:{label}}}"
            case Code(text):
                return self._code(text)
            case Bound(value):
                return f"$10^{{{decade(value)}}}$" if value < 1 else f"{value:g}"
        raise MissingRule(f"no rule sets {type(part).__name__}; extend symbp/document/tex/words.py")

    def _quoted(self, part: Quoted) -> Prose:
        han = speaks_chinese(self.printer.language)
        match part.what:
            case "meaning":
                return part.words.meaning(han)
            case "line":
                return part.words.lines(han).title.unmarked
        return part.words.part(han)

    def _code(self, text: str) -> str:
        return f"\\texttt{{{in_tex(text)}}}"
