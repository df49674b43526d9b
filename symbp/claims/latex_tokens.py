r"""A textbook's LaTeX as tokens, and what they are called: the first step of reading it (`latex`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symbp.errors import NotationError

MOST = 2_000  # letters of a claim
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]|\d+(?:\.\d+)?|\S")
_WORD = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]\w*|\d+(?:\.\d+)?|\S")
FUNCTIONS = {"tanh", "exp", "log", "ln", "sin", "cos", "max", "min", "softmax", "relu", "ReLU", "sigmoid", "softplus"}
SAID = {"ln": "log", "ReLU": "relu", "sigma": "sigmoid"}
GREEK = {"alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "lambda", "mu", "phi", "psi", "omega", "hat"}
NOTHING = {r"\left", r"\right", r"\,", r"\;", r"\!", r"\quad", r"\displaystyle", r"\big", r"\Big", "&"}
STYLES = {
    r"\mathbf",
    r"\boldsymbol",
    r"\bm",
    r"\mathrm",
    r"\text",
    r"\operatorname",
    r"\mathit",
    r"\bf",
    r"\rm",
    r"\mathbb",
    r"\mathds",
}
BARS = {r"\bar", r"\overline"}
TIMES = {r"\cdot": "*", r"\odot": "*", r"\circ": "*", r"\times": "*", "*": "*", "/": "/", "@": "@"}
COMPARED = {
    **{s: s for s in ("<", ">")},
    r"\le": "<=",
    r"\leq": "<=",
    r"\ge": ">=",
    r"\geq": ">=",
    r"\gt": ">",
    r"\lt": "<",
}
ENDS = ("+", "-", ")", "]", "}", ",", r"\}", "=", "&", r"\\", r"\end", *COMPARED)  # of a product
INDICATORS = ("1", "I", "mathbbm1")  # \mathbb{1}[z > 0], and its kin
TURNED = {"T", "top", "intercal", "mathsf", "prime"}


Shape = tuple[str, ...]


def no_word(_word: str) -> bool:
    return False


def no_shape(_name: str) -> Shape | None:
    return None


def kept(tokens: Iterator[str]) -> Iterator[str]:
    """Without what only spaces; in a display of cases an ampersand stands between a value and its condition."""
    cases = False
    for token in tokens:
        cases = token == r"\begin" or (cases and token != r"\end")
        if token not in NOTHING or (token == "&" and cases):
            yield token


def tokens_of(text: str, is_name: Callable[[str], bool]) -> Iterator[str]:
    for word in _WORD.findall(text):
        together = word.replace("_", "")  # `dz_2` of `z2`
        if is_name(word) or (re.search("_.", word) and is_name(together)):
            yield word if is_name(word) else together
        else:
            yield from _TOKEN.findall(word)


@dataclass
class Cursor:
    """The tokens of a text, the next of which is at `at`, and what is read of them without knowing what it means."""

    tokens: list[str]
    product: str
    shape: Callable[[str], Shape | None] = no_shape
    at: int = 0

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token, self.at = self.next, self.at + 1
        return token

    def error(self) -> NotationError:
        around = " ".join(self.tokens[max(0, self.at - 3) : self.at + 4])
        return NotationError(f"LaTeX cannot be read at {self.next or 'its end'!r}, about {around!r}")

    def plain(self) -> str:
        r"""A name alone: of `{W}`, `W`, `{\rm softmax}`, with its scripts inside."""
        if self.next != "{":
            return self.take().removeprefix("\\")
        self.take()
        parts: list[str] = []
        while self.next not in ("}", ""):
            token = self.take()
            if token in ("^", "_"):
                parts.append(self.script())
            elif token not in STYLES:
                parts.append(token.removeprefix("\\"))
        self.take()
        return "".join(parts)

    def script(self) -> str:
        """The letters and digits of a script: `1` of `^{(1)}`; what is more than a label is an error."""
        if self.next != "{":
            return self.take().removeprefix("\\")
        said = "".join(t.removeprefix("\\") for t in self.group())
        if not re.fullmatch(r"[A-Za-z0-9,]*|\(\w*\)|\[\w*\]", said):
            self.at -= 1
            raise self.error()
        return re.sub(r"[^A-Za-z0-9,]", "", said)

    def above(self) -> str:
        """What stands above, without taking it."""
        at = self.at
        said = "".join(t.removeprefix("\\") for t in self.group())
        self.at = at
        return said

    def group(self) -> list[str]:
        if self.next != "{":
            return [self.take()]
        self.take()
        return list(self.until())

    def until(self) -> Iterator[str]:
        depth = 1
        while self.next:
            token = self.take()
            depth += (token == "{") - (token == "}")
            if not depth:
                return
            yield token

    def is_number(self, said: str) -> bool:
        """Is it made of numbers and sizes alone?"""
        names = set(re.findall(r"[A-Za-z_]\w*", said)) - {"sqrt", "exp", "log"}
        return all(self.shape(n) == () for n in names)

    def is_turned_vector(self, said: str) -> bool:
        """Is it the transpose of what has one dimension?"""
        name = said.removesuffix(".T")
        return said.endswith(".T") and len(self.shape(name.removesuffix("_bar")) or ()) == 1

    def sizes_of(self, letter: str, body: str) -> Iterator[str]:
        for name, index in re.findall(r"(\w+)\[([\w, ]+)\]", body):
            shape = self.shape(name.removesuffix("_bar")) or ()
            letters = index.split(", ")
            yield from (size for at, size in zip(letters, shape, strict=False) if at == letter)

    def is_prime(self) -> bool:
        at, self.at = self.at, self.at + 1
        said, self.at = self.above(), at
        return said == "prime"


def apart(tokens: list[str], shape: Callable[[str], Shape | None]) -> list[str]:
    """`dL` and `dz2`, each a name by itself, as a d and what it is of."""
    first = tokens[0] if tokens else ""
    is_one = len(first) > 1 and first[0] == "d" and shape(first) is None and first[1:].isidentifier()
    return ["d", first[1:], *tokens[1:]] if is_one else tokens
