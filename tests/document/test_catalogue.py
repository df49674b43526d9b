"""All words of a document stand in one file for each language: whole sentences, each of them used, none elsewhere."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import symbp
from symbp.calculus.derive import derive
from symbp.calculus.hessian import differentiate_along
from symbp.calculus.steps import RULES, Rule
from symbp.core.equality import Check
from symbp.document.compose import compose
from symbp.document.model import Document, Remark
from symbp.document.rules import SPECIAL, why
from symbp.document.tex.write import write_latex
from symbp.document.words import ENGLISH, LANGUAGES, Language
from symbp.document.words.language import slots_of
from symbp.errors import MissingRule
from symbp.notation.read import read_network
from tests.document import catalogue
from tests.document.catalogue import Use
from tests.shared import derivation_of

PACKAGE = Path(symbp.__file__).parent
WORDS = PACKAGE / "document" / "words"
DOCUMENT = [p for p in sorted((PACKAGE / "document").rglob("*.py")) if WORDS not in p.parents]
CALCULUS = sorted((PACKAGE / "calculus").rglob("*.py"))

# How the names of sentences begin that are made of another name, and which names those are.
MADE_OF = {
    "rule.": lambda name: name in RULES and name not in SPECIAL,
    "witness.": lambda name: name in names_of_checks(),
    "checked.": lambda name: {name, f"H v: {name}"} & names_of_checks(),
}
# Words in the source that no page shows.
NO_SENTENCE = {
    "document/letters.py": r"alpha beta gamma .*",  # names of letters
    "document/tex/graph.py": r".*[\\=|].*",  # TikZ
    "calculus/kernels.py": r" moved",  # a name for what no network can have
}


@cache
def names_of_checks() -> set[str]:
    """The strings of the rooms that name what is checked and against what."""
    files = (*sorted((PACKAGE / "verify").rglob("*.py")), PACKAGE / "core" / "equality.py")
    return {n.value for p in files for n in ast.walk(ast.parse(p.read_text())) if isinstance(n, ast.Constant)}


@cache
def named() -> tuple[tuple[str, Use], ...]:
    """Every call that names a sentence, with the file that it stands in."""
    return tuple((p.name, use) for p in DOCUMENT for use in catalogue.uses(p.read_text()))


def forms(language: Language, name: str) -> Iterator[str]:
    sentence = language.sentences[name]
    yield from (sentence,) if isinstance(sentence, str) else sentence.values()


def test_every_name_is_in_the_catalogue_with_just_these_slots() -> None:
    for file, use in named():
        for name in use.names:
            assert name in ENGLISH.sentences, f"{file}:{use.line}: {name}"
            assert use.counted or isinstance(ENGLISH.sentences[name], str), f"{file}:{use.line}: {name} needs a count"
            for sentence in forms(ENGLISH, name):
                assert set(slots_of(sentence)) == use.slots, f"{file}:{use.line}: {name}"


def test_every_sentence_is_used() -> None:
    literal = {name for _, use in named() for name in use.names}
    prefixes = {use.prefix for _, use in named() if use.prefix}
    assert prefixes == set(MADE_OF)
    for name in ENGLISH.sentences.keys() - literal:
        prefix = next((p for p in prefixes if name.startswith(p)), "")
        assert prefix, f"{name} is said nowhere"
        assert MADE_OF[prefix](name.removeprefix(prefix)), f"{name} is said nowhere"
        assert [set(slots_of(s)) for s in forms(ENGLISH, name)] == [set()], name


def test_every_rule_is_named_once_and_has_words() -> None:
    made = {name for p in CALCULUS for name in catalogue.rules(p.read_text())}
    also = {"quotient"}  # part of another, which says it
    assert made | also == set(RULES)
    assert len(RULES) == len(set(RULES))
    assert set(SPECIAL) <= set(RULES)
    for name in set(RULES) - set(SPECIAL) - also:
        assert f"rule.{name}" in ENGLISH.sentences


def test_no_sentence_stands_elsewhere() -> None:
    for path in (*DOCUMENT, *CALCULUS):
        here = path.relative_to(PACKAGE).as_posix()
        for line, text in catalogue.sentences(path.read_text()):
            allowed = text in RULES or re.fullmatch(NO_SENTENCE.get(here, "(?!)"), text, re.DOTALL)
            assert allowed, f"{here}:{line}: {text!r} belongs into {ENGLISH.file}"


def test_every_check_has_words() -> None:
    reports = [json.loads(p.read_text()) for p in sorted((PACKAGE.parent / "generated").glob("*/report.json"))]
    checks = [c for report in reports for c in report["checks"]]
    assert {f"witness.{c['against']}" for c in checks} <= ENGLISH.sentences.keys()
    assert {f"checked.{c['what']}" for c in checks if " " in c["what"]} <= ENGLISH.sentences.keys()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('words = "The factor enters here."', 1),
        ('words = f"line{s} {number}"', 1),
        ('words = (" alone",)', 1),
        (r'tex = "\\text{else}"', 1),
        (r'tex = f"\\text{{ or }}{x}"', 1),
        ('def f() -> str:\n    """A docstring."""\n    raise MissingRule("no rule prints this")', 0),
        (r'tex = "\\begin{cases}" + r"\frac{a}{b}"', 0),
        ('name = "mean.enters"', 0),
    ],
)
def test_a_sentence_in_the_source_is_found(source: str, found: int) -> None:
    assert len(list(catalogue.sentences(source))) == found


def test_what_a_call_names_is_seen() -> None:
    first, second, third = catalogue.uses(
        'said("a" if x else "b", len(y), slot=z)\nself.words.said("c", one=1, two=2)\nsaid("rule." + name)'
    )
    assert (first.names, first.slots, first.counted) == (("a", "b"), {"slot"}, True)
    assert (second.names, second.slots, second.counted) == (("c",), {"one", "two"}, False)
    assert (third.names, third.prefix) == ((), "rule.")
    with pytest.raises(AssertionError, match="not to be seen"):
        list(catalogue.uses("said(name)"))


# --- languages


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_language_says_everything(name: str) -> None:
    language = LANGUAGES[name]
    counted = {name for _, use in named() if use.counted for name in use.names}
    assert (PACKAGE.parent / language.file).exists()
    assert language.sentences.keys() == ENGLISH.sentences.keys()
    assert language.lists.keys() == ENGLISH.lists.keys()
    for key, sentence in language.sentences.items():
        wanted = set(slots_of(next(forms(ENGLISH, key))))
        assert all(set(slots_of(s)) == wanted for s in forms(language, key)), key
        if isinstance(sentence, Mapping):
            assert key in counted, f"no count is given with {key}"
            assert {language.form(n) for n in range(1, 200)} <= sentence.keys(), key


def test_every_kind_of_list_is_used() -> None:
    used = {kind for p in DOCUMENT for kind in catalogue.kinds_of_list(p.read_text())}
    assert used == set(ENGLISH.lists)


def test_a_list_is_joined() -> None:
    joined = [ENGLISH.joined("and", ["a", "b", "c"][:n], str) for n in range(4)]
    assert joined == ["", "a", "a and b", "a, b and c"]


def test_numbers_and_forms() -> None:
    assert [ENGLISH.numeral(n) for n in (2, 7, 8)] == ["two", "seven", "8"]
    said = [ENGLISH.fill("rule.fact", {"facts": "F"}, str, n) for n in (1, 2)]
    assert said == ["fact F", "facts F"]


@pytest.mark.parametrize(
    ("name", "slots", "count", "message"),
    [
        ("rule.nothing", {}, None, r"no words for rule\.nothing; extend symbp/document/words/en\.py"),
        ("rule.insert", {"equation": "1"}, None, r"rule\.insert has no place for just equation; .*words/en\.py"),
        ("rule.fact", {"facts": "F"}, None, r"no words for rule\.fact; extend"),
        ("rule.insert", {}, 2, r"rule\.insert has no place for just nothing"),
    ],
)
def test_what_lacks_is_named(name: str, slots: dict[str, str], count: int | None, message: str) -> None:
    with pytest.raises(MissingRule, match=message):
        ENGLISH.fill(name, slots, str, count)


def test_a_rule_without_a_name_is_refused() -> None:
    derivation = derivation_of("two_paths")
    with pytest.raises(MissingRule, match=r"extend RULES in symbp/calculus/steps\.py"):
        why(Rule("guess"), derivation, None)


# --- a document in another language has no word of English

TEXT = '''from symbp import Data, Labels, Param, dims, function, network
N, D, H, K, T = dims("N D H K T")
f = function("f")
g = function("g")
@network
def net(x: Data[N, D], q: Data[T, N, H], t: Labels[N, K], s: Data[N], h0: Data[N, H], W: Param[D, H], U: Param[H, H],
        V: Param[H, K], unreached: Param[D], c: Param):
    """W."""
    assert sum(x[n, d] for d in D) == 1
    assert s > 0
    z = x @ W
    a = relu(z) + abs(z) * f(c) + g(c, c)
    m[n] = max(a[n, j] for j in H)
    h[-1] = h0 + a
    for i in T:
        h[i] = tanh(h[i - 1] @ U + q[i])
    p = softmax(h[T - 1] @ V)
    b[n] = a[n, 0] if n < 2 and not (n == 1 or z[n, 0] > 0) else m[n]
    return -sum(log(p[n, t[n]]) for n in N) / N + sum(b * s) / 2 + mean(m ** 2)
'''


@cache
def document(name: str = "") -> Document:
    """A network that has much to be said of it, or a built-in one."""
    derivation = derivation_of(name) if name else derive(read_network(TEXT))
    product = None if name else differentiate_along(derivation)
    keys = (*derivation.numbers, *(product.numbers if product else ()))
    one = derivation.network.parameters[0]
    names = ("loss", one, f"H v by {one}", "H v: float32", "u . H v")
    witnesses = ("interpreter", "complex step", "rounding", "symmetry")
    checks = [Check(n, w, 9, 0.0, 1e-9) for n in names for w in witnesses]
    checks += [Check("equalities", "interpreter", 9, 0.0, 1e-12), Check("inputs unchanged", "interface", 1, 0.0, 0.0)]
    return compose(derivation, {n: (n, n + n % 2) for _, n in keys}, tuple(checks), product)


def veiled(language: Language) -> Language:
    """The language with every word of it replaced: what still reads as a word comes from elsewhere."""

    def veil(text: str) -> str:
        return "".join(
            part if k % 2 else re.sub(r"[A-Za-z0-9]+", "zz", part)
            for k, part in enumerate(re.split(r"(\{\w+\})", text))
        )

    sentences = {
        name: veil(s) if isinstance(s, str) else {form: veil(text) for form, text in s.items()}
        for name, s in language.sentences.items()
    }
    lists = {kind: (veil(usual), veil(last)) for kind, (usual, last) in language.lists.items()}
    numerals = {n: veil(word) for n, word in language.numerals.items()}
    return replace(language, sentences=sentences, lists=lists, numerals=numerals)


LAYOUT = {"quiet", "em", "pt", "mm"}  # a colour and units; l and r align columns


def words_of(tex: str) -> set[str]:
    """The words on the page, without mathematics, names in the code and commands; those within mathematics too."""
    body = tex[tex.index("\\title") :]
    inner = set(re.findall(r"\\text\{([^}]*)\}", body))
    body = re.sub(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", "", body, flags=re.DOTALL)
    body = re.sub(r"\\texttt\{[^}]*\}|\\texorpdfstring\{[^$]*\$[^$]*\$\}\{[^}]*\}", "", body)
    displays = re.findall(r"\\why\{(.*?)\}(?: \\tag| \\free| \\\\|\n)", body)
    body = re.sub(r"\\begin\{flalign\*\}.*?\\end\{flalign\*\}", "", body, flags=re.DOTALL)
    text = re.sub(r"\$[^$]*\$", "", " ".join((body, *displays, *inner)))
    text = re.sub(
        r"\\(?:begin|end|setlength|author|parbox|eqref|room|rule)\{[^}]*\}(?:\{[^}]*\})?|\\[A-Za-z]+", "", text
    )
    return {w for w in re.findall(r"[A-Za-z]{2,}", text) if w not in LAYOUT and not re.fullmatch("[rl]+", w)}


def without_meanings(made: Document) -> Document:
    """The document without what files say of their functions, which they say in their own words."""
    sections = (
        replace(s, blocks=tuple(b for b in s.blocks if not (isinstance(b, Remark) and b.head.name == "head.meanings")))
        for s in made.sections
    )
    return replace(made, sections=tuple(sections))


@pytest.mark.parametrize("name", ["", "mlp", "max_pool_layer", "linear_2_2_2"])
def test_another_language_is_said_throughout(name: str) -> None:
    own = without_meanings(document(name))
    english, other = (words_of(write_latex(own, language)) for language in (ENGLISH, veiled(ENGLISH)))
    assert {"gradient", "quantity", "Backpropagation", "rule", "learning"} <= english
    assert other - {"zz"} == set()
