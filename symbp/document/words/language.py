"""What a language is: its sentences by their names, how it joins and counts, and which form agrees with a number.

In come a name and what stands in the slots of that sentence, each a text of some format; out comes the whole sentence
in that format. Nothing here is English: a format says itself how it spells what is between slots. Of LaTeX there is
only what finds the fonts for a language's letters, which goes with the letters and with no sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from symbp.errors import MissingRule

Forms = Mapping[str, str]  # of a sentence that agrees with a number, each by the name that `Language.form` gives it
Spelling = Callable[[str], str]  # words between slots as a format has them

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Fonts:
    """What LaTeX needs to set a language.

    `letters` are those beyond ASCII that the fonts have, as what stands in the brackets of a regular expression. The
    lines of the `preamble` find the fonts; the lines `above` all others say what to run, where that is not pdflatex.
    """

    letters: str
    preamble: tuple[str, ...]
    above: tuple[str, ...] = ()

    def have(self, text: str) -> bool:
        """Can every character of the text be set?"""
        return re.search(rf"[^\x00-\x7f{self.letters}]", text) is None


LATIN = Fonts(
    letters="\u00a0-\u017f\u2013\u2014\u2018-\u201e\u2026",
    preamble=("\\usepackage[T1]{fontenc}", "\\usepackage[utf8]{inputenc}", "\\usepackage{lmodern,microtype}"),
)


@dataclass(frozen=True, slots=True)
class Language:
    """All that is said in one language; `file` is where it stands.

    `sentences` have names, and slots in braces: what is not alike for one and for many has its `form`s, one of which
    goes with each number. `lists` say what stands between the parts of a list and before the last of them, for each
    kind of list. `numerals` are the numbers that are written as words. `fonts` have its letters.
    """

    file: str
    sentences: Mapping[str, str | Forms]
    lists: Mapping[str, tuple[str, str]]
    numerals: Mapping[int, str]
    form: Callable[[int], str]
    fonts: Fonts = LATIN

    def fill(self, name: str, slots: Mapping[str, str], spelt: Spelling, count: int | None = None) -> str:
        """A sentence with its slots filled; with a `count`, in the form that agrees with that."""
        sentence = self._sentence(name, count)
        if set(slots_of(sentence)) != set(slots):
            raise MissingRule(f"{name} has no place for just {', '.join(slots) or 'nothing'}; mend it in {self.file}")
        parts = _SLOT.split(sentence)
        return "".join(slots[part] if k % 2 else part and spelt(part) for k, part in enumerate(parts))

    def _sentence(self, name: str, count: int | None) -> str:
        found = self.sentences.get(name)
        if not isinstance(found, str) and found is not None and count is not None:
            found = found.get(self.form(count))
        if not isinstance(found, str):
            number = "" if count is None else f" in the form for {count}"
            raise MissingRule(f"no words for {name}{number}; extend {self.file}")
        return found

    def between(self, kind: str, length: int) -> list[str]:
        """What stands before each part of a list of some length: nothing before the first."""
        usual, last = self.lists[kind]
        return [*[""] * (length > 0), *[usual] * (length - 2), *[last] * (length > 1)]

    def joined(self, kind: str, texts: Sequence[str], spelt: Spelling) -> str:
        """The parts of a list, with what the language puts between them."""
        before = self.between(kind, len(texts))
        return "".join((words and spelt(words)) + text for words, text in zip(before, texts, strict=True))

    def numeral(self, value: int) -> str:
        """A number in a sentence: a word where the language has one for it."""
        return self.numerals.get(value, str(value))


def slots_of(sentence: str) -> tuple[str, ...]:
    """The names of its slots."""
    return tuple(_SLOT.findall(sentence))
