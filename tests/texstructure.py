r"""A reader of TeX text that knows a few commands and refuses all others: what a piece of text prints.

It shares nothing with the writer but the list of its mathematical signs: characters have TeX's own categories, `^^` is
the notation that it is in TeX, and a command that is not in the table, an active character or an unbalanced brace is an
error. What is in `$...$` prints nothing here, but must be made of letters, digits and commands of mathematics.
"""

from __future__ import annotations

import re

from symbp.accents import SIGNS as TABLE

SIGNS = {
    "textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~", "textless": "<", "textgreater": ">",
    "textbar": "|", "_": "_", "#": "#", "$": "$", "%": "%", "&": "&", "{": "{", "}": "}",
}  # fmt: skip
ACCENTS = ("`", "'", "^", "~", "=", "u", ".", '"', "r", "H", "v", "d", "c", "k", "b")
LETTERS = ("ss", "ae", "AE", "o", "O", "oe", "OE", "l", "L", "i", "j", "ng", "NG", "dj", "DJ", "dh", "DH", "th", "TH")
MARKS = (
    "textquotedblleft", "textquotedblright", "textquoteleft", "textquoteright", "quotedblbase", "quotesinglbase",
    "guillemotleft", "guillemotright", "guilsinglleft", "guilsinglright", "textendash", "textemdash", "dots",
    "textexclamdown", "textquestiondown", "S", "P", "textcopyright", "textregistered", "texttrademark", "pounds",
)  # fmt: skip
AROUND = ("texttt", "textsuperscript", "textsubscript", "mbox")
NOTHING = ("allowbreak",)
FORMULA = re.compile(r"\$((?:\\[A-Za-z]+|\\,|[A-Za-z0-9^(){}=+' /-])+)\$")
MATHEMATICS = {name for tex in TABLE.values() for name in re.findall(r"\\([A-Za-z]+)", tex)} | {"mathbf"}
CHINESE = re.compile("[\u3001-\u301b\u3041-\u30ff\u3400-\u9fff\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f]")
COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)


def printed(tex: str) -> str:
    """What the text prints; ValueError on anything that is not plain text, balanced and without ligatures."""
    out, place, depth, last = "", 0, 0, ""
    while place < len(tex):
        c = tex[place]
        if tex.startswith("^^", place):
            raise ValueError("the notation of TeX for any character")
        if c == "\\":
            match = COMMAND.match(tex, place)
            if match is None:
                raise ValueError("a backslash at the end")
            name, place, last = match[1], match.end(), ""
            if name in SIGNS:
                out += SIGNS[name]
                place = _empty(tex, place) if name.isalpha() else place
            elif name in ACCENTS and tex.startswith("{", place):
                if tex.startswith("{}", place):
                    out += name
            elif name in LETTERS or name in MARKS or name in NOTHING:
                place = _empty(tex, place)
            elif name not in AROUND or not tex.startswith("{", place):
                raise ValueError(f"the command \\{name}")
            continue
        if c == "$":
            match = FORMULA.match(tex, place)
            if match is None or not MATHEMATICS.issuperset(re.findall(r"\\([A-Za-z]+)", match[1])):
                raise ValueError("a formula that is none")
            place, last = match.end(), ""
            continue
        place += 1
        if c in "{}":
            depth += 1 if c == "{" else -1
            if depth < 0:
                raise ValueError("a brace too many")
            last = ""
            continue
        if c in "%#&^_\n\r" or not (" " <= c <= "~" or CHINESE.match(c)):
            raise ValueError(f"the character {c!r}")
        if last + c in ("--", ",,", "''", "``", "<<", ">>", "?`", "!`"):
            raise ValueError(f"a ligature, {last + c}")
        out, last = out + (" " if c == "~" else c), c
    if depth:
        raise ValueError("a brace is open")
    return out


def _empty(tex: str, place: int) -> int:
    if not tex.startswith("{}", place):
        raise ValueError("a command that takes what follows, or the space behind it")
    return place + 2
