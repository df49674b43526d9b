"""The language reference: `python -m tests.language` writes docs/language.md anew from the reader's own table."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from pathlib import Path

from symbp.notation import library
from symbp.notation.grammar import Section, Word
from symbp.notation.vocabulary import INPUTS, LIBRARY, SECTIONS, SIZES

PATH = Path(__file__).parent.parent / "docs" / "language.md"
HEAD = """# The language

All words, each with an example. This page is made from the table that the reader of networks uses
(`symbp/notation/vocabulary.py`; `python -m tests.language` writes it anew), and a test runs every example. The README
has the language in short.

The examples are about these sizes and inputs:

```python
{setting}
```
"""
LIBRARY_HEAD = """
# The library

These functions are there without an import. They are written in the language (`symbp/library/`), so nothing in symbp
knows a derivative of them. Names, order and meaning of the arguments are PyTorch's where it has the function. A `def`
in a file of yours takes the place of one of the same name.
"""
WIDTH = 120
BAR = "\\|"  # a bar within a cell


def setting() -> str:
    """The sizes and the inputs of the examples."""
    names = ", ".join(SIZES.split())
    lines = [""]
    for name, form in INPUTS.items():
        more = f"{name}: {form}, "
        lines = [*lines, more] if len(lines[-1] + more) > WIDTH else [*lines[:-1], lines[-1] + more]
    return "\n".join([f'{names} = dims("{SIZES}")', "", *(line.strip() for line in lines)])


def page() -> str:
    """The whole reference."""
    return HEAD.format(setting=setting()) + "".join(_pieces())


def _pieces() -> Iterator[str]:
    for section in SECTIONS:
        if section is LIBRARY[0]:
            yield LIBRARY_HEAD
        yield f"\n## {section.title}\n\n"
        if section.text:
            yield "\n".join(textwrap.wrap(section.text, WIDTH)) + "\n\n"
        yield "".join(_listed(section))


def _listed(section: Section) -> Iterator[str]:
    """A table; where examples are loops or files, a paragraph and a block for each word."""
    if not any(_is_long(w.example) for w in section.words):
        yield "| word | what it is | example |\n| --- | --- | --- |\n"
        yield from map(_row, section.words)
        return
    for word in section.words:
        form, line = described(word)
        yield "\n".join(textwrap.wrap(f"**`{form}`** {line}", WIDTH)) + f"\n\n```python\n{word.example}\n```\n\n"


def _is_long(example: str) -> bool:
    return len(example.splitlines()) > 3 or "\n " in example


def _row(word: Word) -> str:
    form, line = described(word)
    cells = (f"`{form}`", line, f"`{'; '.join(word.example.splitlines())}`")
    return f"| {' | '.join(c.replace('|', BAR) for c in cells)} |\n"


def described(word: Word) -> tuple[str, str]:
    """How a word is written and what it is; a function of the library says so itself."""
    if word.form:
        return word.form, word.line
    found = library.find(word.name)
    assert found is not None
    function = found[1]
    spec = function.args
    defaults = [None] * (len(spec.args) - len(spec.defaults)) + spec.defaults
    args = [a.arg if d is None else f"{a.arg}={ast.unparse(d)}" for a, d in zip(spec.args, defaults, strict=True)]
    return f"{word.name}({', '.join(args)})", (ast.get_docstring(function) or "").splitlines()[0]


if __name__ == "__main__":
    PATH.write_text(page())
