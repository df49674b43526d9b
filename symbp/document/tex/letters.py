"""How a name may look in print: a letter with what stands above and below it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from symbp.document.letters import GREEK, MARKED
from symbp.escape import in_tex

_SHORT = {"lam": "\\lambda", "lamda": "\\lambda", "lambda_": "\\lambda", "eps": "\\varepsilon", "cotangent": "\\Gamma"}


TEX = {n: f"\\{n}" for n in GREEK} | _SHORT


_UNICODE = dict(zip("αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΦΨΩ", GREEK, strict=True))


_NAME = re.compile(r"([^\W\d_]+?)_?(\d*)((?:_[^\W_]+)*)_*")


MOST_LETTERS = 7  # of a word in a label: softmax, sigmoid


@dataclass(frozen=True, slots=True)
class Look:
    """A letter (or word) and its label: W and (1). The label stands above, where no index can be, or `below`.

    `word` says that the letter is a word of several characters.
    """

    letter: str
    label: str = ""
    word: bool = False
    below: bool = False

    @property
    def key(self) -> str:
        """What a reader sees."""
        return f"{self.letter}{'_' if self.below else '^'}{self.label}"


def candidates(name: str, below: bool = False) -> Iterable[Look]:
    """The looks a name may have, the nicest first; a number may stand `below` where there are no indices."""
    plain = "".join(_UNICODE.get(c, c) for c in name)
    marked = MARKED.fullmatch(plain)
    if marked:
        letter, mark, number = marked.groups()
        yield Look(f"\\{mark}{{{_letter(letter)}}}", _label([number.strip("_")]) if number else "")
    match = _NAME.fullmatch(plain)
    if match:
        letter, number, rest = match.groups()
        labels = [number] if number else []
        labels += [part for part in rest.split("_") if part]
        tex = _letter(letter)
        if tex and len(labels) <= 2 and all(len(x) <= MOST_LETTERS for x in labels):
            if below and labels:
                yield Look(tex, _label(labels).strip("()"), below=True)
            yield Look(tex, _label(labels))
        if not tex and re.fullmatch("[A-Z][a-z]{1,2}", letter) and not number and not rest:
            yield Look(letter[0], _label([letter[1:]]), below=below)
        if number and not rest and not tex and letter.isascii():
            yield Look(f"\\mathit{{{letter}}}", _label([number]), word=True)
    yield Look(f"\\mathit{{{in_tex(name)}}}", word=True)


def _letter(text: str) -> str:
    """One letter, or one Greek letter by its name; nothing for a word."""
    if len(text) == 1 and text.isascii():
        return text
    return TEX.get(text, "")


def _label(parts: list[str]) -> str:
    """(1) for a number, upright letters for a word."""
    if not parts:
        return ""
    if all(p.isdigit() for p in parts):
        return f"({','.join(parts)})"
    return ",".join(map(_mark, parts))


def _mark(part: str) -> str:
    """A part of a label: a Greek letter, a letter with a hat, or upright letters."""
    if part.isdigit():
        return part
    hat = MARKED.fullmatch(part)
    if hat and not hat[3]:
        return f"\\{hat[2]}{{{_letter(hat[1])}}}"
    return (f"\\{part}" if part in GREEK else "") or f"\\mathrm{{{part}}}"
