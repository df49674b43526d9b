"""The Chinese document: it says all that the English one does, in Chinese throughout, and xelatex sets it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from symbp import networks
from symbp.document.tex.write import write_latex
from symbp.document.words import ENGLISH, LANGUAGES, Language
from symbp.document.words.language import slots_of
from symbp.escape import HAN
from symbp.pipeline import Build
from symbp.sources import Source
from tests.document import test_catalogue

CHINESE = LANGUAGES["zh"]
SIX = ("sigmoid_softmax", "linear_2_2_2", "neuron_chain", "lstm", "attention_head", "conv_layer")
# Names that are the same in Chinese: of programs, of functions, of what is called so in the module.
NAMES = {"SymPy", "argmax", "softmax", "out", "work"}

NET = '''from symbp import Data, Param, dims, network

N, D = dims("N D")


@network
def line(x: Data[N, D], t: Data[N], w: Param[D]):
    """一层线性网络：权重w、100%“均方误差”\\\\input{file} $ } ^^41 \\u05d0。

    每个样本算一次。
    """
    y = x @ w  # 预测值
    return mean((y - t) ** 2)
'''


@cache
def build(name: str) -> Build:
    return Build(Source(*networks.source(name), name), symbolic=False)


def sentences(language: Language) -> Iterator[tuple[str, str]]:
    for name, sentence in language.sentences.items():
        yield from ((name, s) for s in ((sentence,) if isinstance(sentence, str) else sentence.values()))


def test_every_sentence_has_the_name_and_the_slots_of_the_english_one() -> None:
    assert list(CHINESE.sentences) == list(ENGLISH.sentences)
    for name, sentence in CHINESE.sentences.items():
        english = next(s for n, s in sentences(ENGLISH) if n == name)
        assert isinstance(sentence, str)
        assert set(slots_of(sentence)) == set(slots_of(english)), name


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_fonts_have_every_letter_of_the_language(name: str) -> None:
    language = LANGUAGES[name]
    lists = (part for pair in language.lists.values() for part in pair)
    text = "".join((*(s for _, s in sentences(language)), *lists, *language.numerals.values()))
    assert {c for c in text if not language.fonts.have(c)} == set()
    assert not language.fonts.have("\u05d0")


def test_a_sentence_is_chinese_and_has_its_punctuation() -> None:
    """No comma, full stop or bracket of English beside a character, no space, and no sentence left in English."""
    for name, sentence in sentences(CHINESE):
        words = re.sub(r"\{\w+\}", "", sentence)
        english = set(re.findall("[A-Za-z]+", re.sub(r"\{\w+\}", "", dict(sentences(ENGLISH))[name])))
        assert re.search("[\u4e00-\u9fff]", words) or not english - NAMES, name
        assert not re.search(rf"[{HAN}}}][,.;:!?]|[ ]", sentence), name
        assert set(re.findall(r"[A-Za-z]{2,}", words)) <= NAMES, name
        assert "伴随" not in words, name
        assert re.search("[。：]$", sentence) is not None or not dict(sentences(ENGLISH))[name].endswith((".", ":"))


@pytest.mark.parametrize("name", ["", "mlp", "max_pool_layer", "linear_2_2_2"])
def test_no_word_of_english_is_on_the_page(name: str) -> None:
    document = test_catalogue.document(name)
    found = test_catalogue.words_of(write_latex(document, CHINESE).replace(document.subtitle.raw, ""))
    assert found - NAMES == set()


def test_a_list_is_joined() -> None:
    joined = [CHINESE.joined("and", ["a", "b", "c"][:n], str) for n in range(4)]
    assert joined == ["", "a", "a和b", "a、b和c"]
    assert [CHINESE.numeral(n) for n in (2, 7, 8)] == ["两", "七", "8"]


def test_words_of_a_formula_and_of_a_reason() -> None:
    tex = write_latex(build("sigmoid_softmax").document, CHINESE)
    assert r"\why{由已知条件\eqref{fact:F1}}" in tex
    assert r"\why{消去求和，$m\to n$}" in tex
    assert r"\why{代入式\eqref{eq:6}和\eqref{eq:7}}" in tex
    swaps = r"以~$\mathbf{Z}^{(1)}$~代~$\mathbf{Z}^{(2)}$，以~$\mathbf{X}$~代~$\mathbf{A}^{(1)}$"
    assert rf"\why{{同式\eqref{{eq:9}}，{swaps}}}" in tex
    assert r"\why{($D\times N$)($N\times H$)得$D\times H$}" in tex
    assert r"\text{~且~}" in write_latex(build("conv_layer").document, CHINESE)


@pytest.mark.parametrize("name", SIX)
def test_words_alone_differ_from_the_english_document(name: str) -> None:
    english, chinese = (without_words(write_latex(build(name).document, x)) for x in (ENGLISH, CHINESE))
    assert len(english) > 1000
    assert english == chinese


def without_words(tex: str) -> str:
    """The displays and pictures of a document, without reasons and words within formulas."""
    parts = re.findall(r"\\begin\{(flalign\*|tikzpicture)\}(.*?)\\end\{\1\}", tex, re.DOTALL)
    body = "".join(text for _, text in parts)
    return re.sub(r"\\why\{.*?\}(?= \\tag| \\free| \\unnumbered| \\\\|\n)|\\text\{[^}]*\}|\s", "", body)


def compiled(tex: str, folder: Path) -> str:
    """The log of xelatex, after the two runs that the references need."""
    (folder / "derivation.tex").write_text(tex, encoding="utf-8")
    for _ in range(2):
        run = ["xelatex", "-interaction=nonstopmode", "-halt-on-error", "derivation.tex"]
        done = subprocess.run(run, cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
    return (folder / "derivation.log").read_text(encoding="utf-8", errors="replace")


needs_xelatex = pytest.mark.skipif(
    shutil.which("xelatex") is None
    or subprocess.run(["kpsewhich", "xeCJK.sty"], capture_output=True, check=False).returncode != 0,
    reason="xelatex or its Chinese is not installed",
)
COMPLAINTS = re.compile(r"^(?:Overfull|LaTeX Warning|Package \w+ Warning|Missing character|! ).*", re.MULTILINE)


@needs_xelatex
@pytest.mark.parametrize("name", SIX)
def test_xelatex_sets_it_without_a_complaint(name: str, tmp_path: Path) -> None:
    assert COMPLAINTS.findall(compiled(write_latex(build(name).document, CHINESE), tmp_path)) == []


@needs_xelatex
def test_xelatex_sets_it_without_ctex(tmp_path: Path) -> None:
    tex = write_latex(build("linear_2_2_2").document, CHINESE)
    assert tex.count("ctex.sty") == 1
    log = compiled(tex.replace("ctex.sty", "no-such-file.sty"), tmp_path)
    assert "xeCJK.sty" in log
    assert "/ctex.sty" not in log
    assert COMPLAINTS.findall(log) == []


@needs_xelatex
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_chinese_docstring_is_printed_in_either_language(language: str, tmp_path: Path) -> None:
    found = Build(Source(NET, "line.py", "line"))
    tex = write_latex(found.document, LANGUAGES[language])
    assert r"一层线性网络：权重$w$、100\%" in tex
    assert r"\textbackslash{}input\{file\}" in tex
    log = compiled(tex, tmp_path)
    assert COMPLAINTS.findall(log) == []
    if shutil.which("pdftotext"):
        subprocess.run(["pdftotext", "derivation.pdf"], cwd=tmp_path, check=True)
        text = (tmp_path / "derivation.txt").read_text(encoding="utf-8")
        assert "一层线性网络" in text
        assert ("网络结构" in text) == (language == "zh")
