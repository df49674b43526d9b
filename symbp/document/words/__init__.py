"""The languages that a document can be written in: a file and a row for each."""

from __future__ import annotations

from symbp.document.words.en import ENGLISH
from symbp.document.words.language import Language

__all__ = ["ENGLISH", "LANGUAGES", "Language"]

LANGUAGES = {"en": ENGLISH}
