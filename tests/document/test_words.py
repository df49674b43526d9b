"""A user's words on the page: printed, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

from symbp.calculus.derive import derive
from symbp.core.equality import Check
from symbp.document.compose import compose
from symbp.document.model import Document
from symbp.document.tex.write import write_latex
from symbp.escape import Prose, cleaned
from symbp.notation.read import read_network
from tests.hostile import texts
from tests.texstructure import CHINESE, printed

TEXT = '''from symbp import Data, Param, dims, network
N, D = dims("N D")
@network
def net_1(x_1: Data[N, D], W: Param[D]):
    """Words."""
    return sum((x_1 @ W) ** 2)
'''


@cache
def document() -> Document:
    derivation = derive(read_network(TEXT))
    lines = {number: (number, number) for _, number in derivation.numbers}
    return compose(derivation, lines, (Check("equalities", "interpreter", 9, 1e-15, 1e-12),))


def parts(tex: str) -> tuple[str, str, str]:
    """What stands before, in and after the line under the title."""
    match = re.search(r"(?<=\\author\{\\parbox\{\\linewidth\}\{\\centering\\normalsize )(.*)(?=\}\}\n\\date)", tex)
    assert match is not None
    return tex[: match.start()], match[0], tex[match.end() :]


def test_a_docstring_is_printed_and_changes_nothing_else() -> None:
    before, words, after = parts(write_latex(document()))
    assert words == "Words"
    for_chinese, _, _ = parts(write_latex(replace(document(), subtitle=Prose("中"))))
    assert for_chinese != before
    for text in texts(400):
        title = cleaned(text).title
        found = parts(write_latex(replace(document(), subtitle=title)))
        assert found[2] == after
        assert found[0] == (before if found[1].isascii() else for_chinese)
        assert CHINESE.sub("", found[1]).isascii()
        shown = printed(found[1])
        plain = title.raw
        if plain.isascii() and plain.isprintable() and not re.search(r"(?<!\\)\$", found[1]):
            assert shown == plain


def test_names_are_printed_as_they_are_written() -> None:
    tex = write_latex(document())
    assert r"\title{Backpropagation through \texttt{net\_1}}" in tex
    assert r"\texttt{x\_1}" in tex


def test_words_that_are_quantities_are_formulas() -> None:
    assert parts(write_latex(replace(document(), subtitle=Prose("W of D = 3 % ٣ + 4"))))[1] == (
        r"$W$ of $D = 3$ \% \texttt{{[}U+0663{]}}\allowbreak{} + 4"
    )


def test_chinese_stands_beside_letters_without_a_space() -> None:
    assert parts(write_latex(replace(document(), subtitle=Prose("参数W，共D = 3个，见W1"))))[1] == (
        "参数$W$，共$D = 3$个，见W1"
    )
    assert cleaned("一层网络。").title == Prose("一层网络")


def test_an_english_document_with_chinese_in_it_says_what_to_run() -> None:
    plain, chinese = (write_latex(replace(document(), subtitle=Prose(words))) for words in ("Words", "一层网络"))
    assert plain.startswith("\\documentclass")
    assert chinese.startswith("% !TeX program = xelatex\n% Run xelatex on this file, twice.")
    assert "\\usepackage[T1]{fontenc}" in plain
    assert "\\usepackage[T1]{fontenc}" not in chinese
    assert "\\RequireXeTeX" in chinese
