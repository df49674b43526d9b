"""How text of a user's gets into other text: one function for each kind, and no other way.

A docstring is a `Prose`, which cannot be formatted, joined or printed; what makes text of it stands in this file. Names
of tensors, sizes, indices, functions and networks are ASCII identifiers (`notation` refuses any other), which all of
these functions but that for TeX leave as they are.
"""

from __future__ import annotations

import ast
import html
import json
import re
import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from symbp.accents import ACCENTS, SIGNS


@dataclass(frozen=True, slots=True, repr=False)
class Prose:
    """Text as a user wrote it. It may hold anything, so that it has no way into a text but through an escape."""

    raw: str = ""

    def __bool__(self) -> bool:
        return bool(self.raw)

    def __repr__(self) -> str:
        return f"Prose({self.raw!r})"

    def __str__(self) -> NoReturn:
        raise TypeError("text of a user's goes through a function of symbp/escape.py")

    def __format__(self, _spec: str) -> NoReturn:
        raise TypeError("text of a user's goes through a function of symbp/escape.py")

    def __add__(self, other: Prose | str) -> Prose:
        return Prose(self.raw + _raw(other))

    def __radd__(self, other: str) -> Prose:
        return Prose(other + self.raw)

    @property
    def first_line(self) -> Prose:
        """What stands before the first line end, without spaces around it."""
        return Prose(self.raw.strip().split("\n", 1)[0].strip())

    @property
    def title(self) -> Prose:
        """The first line without a full stop."""
        return Prose(self.first_line.raw.rstrip(".\u3002"))

    @property
    def unmarked(self) -> Prose:
        """Without the marks that stand around code in a docstring."""
        return Prose(self.raw.replace("`", ""))

    def part(self, han: bool) -> Prose:
        """Of a name in two languages, `forget gate: how much stays | ...`, that with Chinese characters or that
        without; what is said of it behind a colon is left out.
        """
        return Prose(_COLON.split(self._in(han), maxsplit=1)[0])

    def meaning(self, han: bool) -> Prose:
        """What is said of it behind the colon, in the same way."""
        _, *more = _COLON.split(self._in(han), maxsplit=1)
        return Prose(more[0] if more else "")

    def _in(self, han: bool) -> str:
        parts = [p.strip() for p in self.raw.split("|")]
        return next((p for p in parts if bool(_HAN.search(p)) == han), parts[0])

    def lines(self, han: bool) -> Prose:
        """Of a text in two languages the lines with Chinese characters, or those without; all where there are none."""
        kept = [line for line in self.raw.split("\n") if not line.strip() or bool(_HAN.search(line)) == han]
        found = "\n".join(kept).strip()
        return Prose(found) if found else self

    def wrapped(self, width: int) -> list[Prose]:
        """Lines of that width, where words allow it."""
        lines = textwrap.wrap(self.raw, width, break_long_words=False, break_on_hyphens=False)
        return [Prose(line) for line in lines]


def joined(lines: Sequence[Prose | str]) -> Prose:
    """The lines as one text."""
    return Prose("\n".join(map(_raw, lines)))


def cleaned(text: str) -> Prose:
    """A docstring without the indentation that it has in its file, as `inspect.cleandoc` does it."""
    first, *rest = text.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip(" ")) for line in rest if line.strip(" ")), default=0)
    lines = [first.lstrip(" "), *(line[margin:] for line in rest)]
    while lines and not lines[-1].strip(" "):
        lines.pop()
    while lines and not lines[0].strip(" "):
        lines.pop(0)
    return Prose("\n".join(lines))


def _raw(text: Prose | str) -> str:
    return text.raw if isinstance(text, Prose) else text


# --- Python

DOCSTRING, STRING, COMMENT = '"""', '"', "#"


def in_python(text: Prose | str, place: str) -> str:
    r"""The text as what stands in a DOCSTRING, a STRING or a COMMENT of Python's, without the quotes.

    The literal has the text as its value. In a comment, where nothing can be escaped, what is not printable is written
    as an escape all the same. Lines stay lines in a docstring alone.

    >>> print(in_python('a "b" \\ c"', DOCSTRING))
    a "b" \\ c\"
    """
    raw = _raw(text)
    if place != COMMENT:
        raw = raw.replace("\\", "\\\\")
        # Between three quotes one may stand as it is, unless another or the end follows.
        raw = raw.replace('"', '\\"') if place == STRING else re.sub(r'(?<=")"|"(?="|\Z)', '\\\\"', raw)
    return "".join(c if c.isprintable() or (c == "\n" and place == DOCSTRING) else _code(c) for c in raw)


def _code(c: str) -> str:
    r"""A character as Python's escape: \x1b, \u202e, \ud800."""
    if c == "\n":
        return "\\n"
    code = ord(c)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# --- a terminal


def same_code(a: object, b: object) -> bool:
    """Are two syntax trees, or parts of them, the same wherever they stand in their texts?"""
    if isinstance(a, ast.AST):
        return type(a) is type(b) and all(same_code(getattr(a, f, None), getattr(b, f, None)) for f in a._fields)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same_code, a, b))
    return type(a) is type(b) and repr(a) == repr(b)


def on_terminal(text: Prose | str) -> str:
    """The text with every character that is no mark on the screen as an escape; lines stay lines."""
    return "".join(c if c.isprintable() or c in "\n\t" else _code(c) for c in _raw(text))


# --- TeX

_SPECIAL = {c: f"\\{c}" for c in "_#$%&{}"} | {c: f"{{{c}}}" for c in "[]"}
_SPECIAL |= {"\\": "\\textbackslash{}", "^": "\\textasciicircum{}", "~": "\\textasciitilde{}", "`": "\\`{}"}
_SPECIAL |= {"<": "\\textless{}", ">": "\\textgreater{}", "|": "\\textbar{}"}
# What stands in TeX as it is: Chinese characters, kana and their punctuation. A document with them has fonts for them.
HAN = "\u3001-\u3003\u3005-\u3011\u3014-\u301b\u3041-\u3096\u309b-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
HAN += "\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"  # ! ( ) , : ; ? as wide as a character
_HAN = re.compile(f"[{HAN}]")
_COLON = re.compile("\\s*(?::\\s+|\uff1a\\s*)")  # of either language, with a space behind the Latin one
_LIGATURE = re.compile(r"([-,'])(?=\1)|([?!])(?=`)")  # which fonts make one sign of
_TAGS = {"<super>": "\\textsuperscript{{{}}}", "<sub>": "\\textsubscript{{{}}}"}


def in_tex(
    text: Prose | str, formulas: re.Pattern[str] | None = None, formula: Callable[[str], str] | None = None
) -> str:
    r"""The text as TeX that prints it and does nothing else: ASCII, for pdflatex with any fonts, but for Chinese.

    Chinese characters stay, and what holds any is set by xelatex (`document.words`). Letters with accents are built by
    commands, Greek letters and signs of mathematics are formulas, quotation marks, dashes and ligatures are spelt;
    format characters, which print nothing, are left out, and for any other character stands its number in brackets,
    [U+05D0]. What `formulas` finds is replaced by what `formula` makes of it.

    >>> print(in_tex("50 % of Müller's α_1 -- \\input"))
    50 \% of M\"{u}ller's $\alpha${}\_1 -{}- \textbackslash{}input
    """
    raw = unicodedata.normalize("NFC", _raw(text))
    if formulas is None or formula is None:
        return _prose(raw)
    parts, place = [], 0
    for match in formulas.finditer(raw):
        parts += [_prose(raw[place : match.start()]), formula(match[0])]
        place = match.end()
    return "".join([*parts, _prose(raw[place:])])


def _prose(raw: str) -> str:
    parts: list[str] = []
    for k, c in enumerate(raw):
        mark = ACCENTS.get(c)
        if mark is not None and parts and raw[k - 1].isalpha():
            parts[-1] = f"{mark}{{{parts[-1]}}}"  # an accent that no letter of its own has
            continue
        tex = _sign(c)
        parts.append(_numbered(c) if tex is None else f"{tex}{{}}" if _LIGATURE.match(raw, k) else tex)
    return "".join(parts)


def _sign(c: str) -> str | None:
    """One character as TeX; None where TeX has no name for it."""
    if _HAN.match(c):
        return c
    if c in SIGNS or c in _SPECIAL:
        return SIGNS.get(c) or _SPECIAL[c]
    category = unicodedata.category(c)
    if c.isspace() or category.startswith("Z"):
        return " "
    if category == "Cf" or 0xFE00 <= ord(c) <= 0xFE0F:
        return ""
    return c if "!" <= c <= "~" else _decomposed(c)


def _decomposed(c: str) -> str | None:
    """By what Unicode says that it is made of: a letter and its accent, or the same in other dress."""
    tag, *codes = unicodedata.decomposition(c).split() or [""]
    if not tag.startswith("<"):
        tag, codes = "", [tag, *codes]
    parts = [chr(int(code, 16)) for code in codes if code]
    if not tag and len(parts) == 2 and parts[1] in ACCENTS:
        base = _sign(parts[0])
        return None if base is None else f"{ACCENTS[parts[1]]}{{{base}}}"
    signs = [_sign(part) for part in parts]
    if not signs or None in signs:
        return None
    whole = "".join(s for s in signs if s is not None)
    return _TAGS[tag].format(whole) if tag in _TAGS else whole


def _numbered(c: str) -> str:
    return f"\\texttt{{{{[}}U+{ord(c):04X}{{]}}}}\\allowbreak{{}}"


# --- JSON, HTML, paths


def in_json(value: object) -> str:
    """A value as JSON, its texts as they are where UTF-8 and JSON can have them."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return "".join(c if c.isprintable() or c == "\n" else _units(c) for c in text)


def _units(c: str) -> str:
    """A character as JSON's escapes, two where it is beyond 16 bits."""
    return json.dumps(c)[1:-1]


def in_html(text: Prose | str) -> str:
    """The text as what stands in an element or in an attribute between quotes."""
    return "".join(c if c.isprintable() or c == "\n" else f"[U+{ord(c):04X}]" for c in html.escape(_raw(text)))


def in_path(name: Prose | str) -> str:
    """The name as one part of a path: whatever else than letters, digits and underscores it has as its number."""
    raw = _raw(name)
    part = "".join(c if c.isascii() and (c.isalnum() or c == "_") else f"%{ord(c):04X}" for c in raw)
    return part or "%"
