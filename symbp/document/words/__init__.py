"""The languages that a document can be written in: a file and a row for each."""

from __future__ import annotations

from symbp.document.words.en import ENGLISH
from symbp.document.words.language import Fonts, Language
from symbp.document.words.zh import CHINESE

__all__ = ["ENGLISH", "LANGUAGES", "Fonts", "Language"]

LANGUAGES = {"en": ENGLISH, "zh": CHINESE}
