"""The one way of a user's text into each kind of text, tried with texts that would do something there."""

from __future__ import annotations

import ast
import html.parser
import io
import json
import re
import tokenize
import unicodedata
import warnings
from pathlib import Path

import pytest

import symbp
from symbp.escape import (
    COMMENT,
    DOCSTRING,
    STRING,
    Prose,
    cleaned,
    in_html,
    in_json,
    in_path,
    in_python,
    in_tex,
    joined,
    on_terminal,
    same_code,
)
from tests.hostile import ALL, CONTROLS, texts
from tests.texstructure import CHINESE, printed

TEXTS = list(texts(1500))


def test_prose_has_no_other_way_into_a_text() -> None:
    prose = Prose("x")
    for use in (
        str,
        "{}".format,
        "{!s:>3}".format,
        lambda p: f"{p}",
        lambda p: "".join([p]),
        print,
        io.StringIO().write,
    ):
        with pytest.raises(TypeError):
            use(prose)
    assert "a" + prose + "b" == Prose("axb")


def test_only_one_file_looks_into_it() -> None:
    package = Path(symbp.__file__).parent
    assert [p.name for p in sorted(package.rglob("*.py")) if re.search(r"\.raw\b", p.read_text())] == ["escape.py"]


def test_a_docstring_and_a_string_of_python_have_the_text_as_their_value() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text in TEXTS:
            for quotes in (DOCSTRING, STRING):
                source = f"{quotes}{in_python(text, quotes)}{quotes}"
                assert ast.literal_eval(source) == text
                assert quotes == DOCSTRING or "\n" not in source
                source.encode("utf-8")


def test_a_comment_of_python_stays_one() -> None:
    for text in TEXTS:
        source = f"x = 1  # {in_python(text, COMMENT)}\ny = 2\n"
        assert ast.dump(ast.parse(source)) == ast.dump(ast.parse("x = 1\ny = 2\n"))
        kinds = [t.type for t in tokenize.generate_tokens(io.StringIO(source).readline)]
        assert kinds.count(tokenize.COMMENT) == 1
        assert len(source.splitlines()) == 2


def test_tex_prints_the_text_and_does_nothing_else() -> None:
    for text in TEXTS:
        tex = in_tex(text)
        assert CHINESE.sub("", tex).isascii()
        shown = printed(tex)
        if text.isascii() and text.isprintable():
            assert shown == text


ASCII = "".join(map(chr, range(33, 127)))


def test_every_ascii_character_is_printed_as_itself() -> None:
    for c in ASCII:
        assert printed(in_tex(f"a{c}{c}b {c}")) == f"a{c}{c}b {c}"


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("a_b$c#d%e&f", r"a\_b\$c\#d\%e\&f"),
        (r"C:\Users\me", r"C:\textbackslash{}Users\textbackslash{}me"),
        ("^^5c", r"\textasciicircum{}\textasciicircum{}5c"),
        ("Müller, é, ế, naı̈ve", r"M\"{u}ller, \'{e}, \'{\^{e}}, na\"{\i{}}ve"),
        ("ﬁ Ａ ½ x² ĳ", r"fi A 1$/${}2 x\textsuperscript{2} ij"),
        ("αβ ≤ ∑ → Λ", r"$\alpha${}$\beta${} $\le${} $\sum${} $\to${} $\Lambda${}"),
        ("“so” – or…", r"\textquotedblleft{}so\textquotedblright{} \textendash{} or\dots{}"),
        ("א", r"\texttt{{[}U+05D0{]}}\allowbreak{}"),
        ("权重W_1、“偏”：\\α。", r"权重W\_1、\textquotedblleft{}偏\textquotedblright{}：\textbackslash{}$\alpha${}。"),
        ("a\u200b\u202eb\x00", r"ab\texttt{{[}U+0000{]}}\allowbreak{}"),
        ("--- ,, '' ?` <<", r"-{}-{}- ,{}, '{}' ?{}\`{} \textless{}\textless{}"),
        ("x\n\ty\r\nz\x0cw\u2028v", "x  y  z w v"),
    ],
)  # fmt: skip
def test_what_becomes_of_characters(text: str, tex: str) -> None:
    assert in_tex(text) == tex


def test_formulas_in_tex_are_what_is_found_and_nothing_else() -> None:
    found: list[str] = []
    tex = in_tex(r"W1 \W1 x", re.compile("W1"), lambda w: found.append(w) or f"$W^{{({w[1]})}}$")  # type: ignore[func-returns-value]
    assert tex == r"$W^{(1)}$ \textbackslash{}$W^{(1)}$ x"
    assert found == ["W1", "W1"]


def test_json_has_the_text_as_its_value() -> None:
    for text in TEXTS:
        written = in_json({"a": [text], text: 1})
        assert json.loads(written) == {"a": [text], text: 1}
        assert all(c.isprintable() or c == "\n" for c in written)
        written.encode("utf-8")


class _Reader(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[object] = []
        self.data = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.tags.append(tag)

    def handle_comment(self, data: str) -> None:
        self.tags.append(data)

    handle_decl = unknown_decl = handle_pi = handle_comment

    def handle_data(self, data: str) -> None:
        self.data += data


def test_html_shows_the_text_in_an_element_and_in_an_attribute() -> None:
    for text in TEXTS:
        safe = in_html(text)
        shown = "".join(c if c.isprintable() or c == "\n" else f"[U+{ord(c):04X}]" for c in text)
        for quote in "\"'":
            reader = _Reader()
            reader.feed(f"<p title={quote}{safe}{quote}>{safe}</p>")
            reader.close()
            assert reader.tags == [("p", [("title", shown)]), "p"]
            assert reader.data == shown


def test_a_terminal_gets_marks_and_lines_alone() -> None:
    for text in TEXTS:
        shown = on_terminal(text)
        assert all(c.isprintable() or c in "\n\t" for c in shown)
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in shown if c not in "\n\t")
    assert on_terminal("a\x1b[31m\u202e\ud800\n") == "a\\x1b[31m\\u202e\\ud800\n"


def test_a_name_is_one_part_of_a_path() -> None:
    assert in_path("sigmoid_softmax2") == "sigmoid_softmax2"
    seen = {}
    for text in [*TEXTS, "..", ".", "", "/", "a/../b", "C:\\x", "-rf"]:
        part = in_path(text)
        assert re.fullmatch(r"[A-Za-z0-9_%]+", part)
        assert seen.setdefault(part, text) == text


@pytest.mark.parametrize("text", [t for t in ALL if t not in CONTROLS])
def test_a_cleaned_docstring_stays_as_it_is_in_a_file(text: str) -> None:
    """With an indentation, as the writer of networks writes one."""
    doc = cleaned(text)
    lines = in_python(doc, DOCSTRING).split("\n")
    written = "\n".join(['"""', *(f"    {line}" if line else "" for line in lines), '    """'])
    assert cleaned(ast.literal_eval(written)) == doc


def test_lines_of_prose() -> None:
    prose = Prose("  One, two.\nThree")
    assert (prose.first_line, prose.title) == (Prose("One, two."), Prose("One, two"))
    assert joined(Prose("a b c").wrapped(3)) == Prose("a b\nc")
    assert not Prose()
    assert repr(Prose("\x1b")) == r"Prose('\x1b')"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 2"), ("x = 1", "x = 1.0"), ("x = 0.0", "x = -0.0"), ("x = 'a'", "x = b'a'"),
        ("x = 1", "x = True"),
        ("f(a, b)", "f(a)"), ("f(a)", "f(*a)"), ("f(a=b)", "f(b=b)"), ("f(**b)", "f(b)"), ("a + b", "a - b"),
        ("def f(a): pass", "def f(a=None): pass"), ("def f(a): return", "def f(a): return None"), ("a; b", "b; a"),
        ("a < b", "a <= b"), ("a.b", "a.c"), ("a", "a; a"), ("[a]", "(a,)"), ("a[1:]", "a[:1]"),
        ("x: int", "x: int = 1"),
    ],
)  # fmt: skip
def test_code_is_the_same_where_it_says_the_same(one: str, other: str) -> None:
    laid_out = f"# a comment\n\n{one}  # another\n"
    assert same_code(ast.parse(one), ast.parse(laid_out))
    assert not same_code(ast.parse(one), ast.parse(other))
    assert not same_code(ast.parse(other), ast.parse(one))
