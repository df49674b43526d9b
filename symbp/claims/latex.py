r"""A textbook's LaTeX as the language: `\frac{\partial L}{\partial W^{(1)}} = X^\top \delta^{(1)}` and its kin.

In comes a bounded text, out goes text of the language, which is read like any other; nothing is evaluated. What two
things beside each other mean is not known here: the product is written as it is asked for, `@` or `*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from symbp.errors import NotationError

MOST = 2_000  # letters of a claim
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]|\d+(?:\.\d+)?|\S")
_WORD = re.compile(r"\\[A-Za-z]+|\\.|[A-Za-z]\w*|\d+(?:\.\d+)?|\S")
_FUNCTIONS = {"tanh", "exp", "log", "ln", "sin", "cos", "max", "min", "softmax", "relu", "ReLU", "sigmoid", "softplus"}
_SAID = {"ln": "log", "ReLU": "relu", "sigma": "sigmoid"}
_GREEK = {"alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "lambda", "mu", "phi", "psi", "omega", "hat"}
_NOTHING = {r"\left", r"\right", r"\,", r"\;", r"\!", r"\quad", r"\displaystyle", r"\big", r"\Big", "&"}
_STYLES = {
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
_BARS = {r"\bar", r"\overline"}
_TIMES = {r"\cdot": "*", r"\odot": "*", r"\circ": "*", r"\times": "*", "*": "*", "/": "/", "@": "@"}
_COMPARED = {
    **{s: s for s in ("<", ">")},
    r"\le": "<=",
    r"\leq": "<=",
    r"\ge": ">=",
    r"\geq": ">=",
    r"\gt": ">",
    r"\lt": "<",
}
_ENDS = ("+", "-", ")", "]", "}", ",", r"\}", "=", "&", r"\\", r"\end", *_COMPARED)  # of a product
_INDICATORS = ("1", "I", "mathbbm1")  # \mathbb{1}[z > 0], and its kin
_TURNED = {"T", "top", "intercal", "mathsf", "prime"}


def is_latex(text: str) -> bool:
    """Is it a textbook's, and not the language?"""
    return "\\" in text or "^" in text


def _no_word(_word: str) -> bool:
    return False


def from_latex(text: str, product: str, is_name: Callable[[str], bool] = _no_word) -> str:
    """The same in the language; NotationError where it cannot be read. A word is one name if it is known, else many."""
    if len(text) > MOST:
        raise NotationError(f"a claim has at most {MOST} letters")
    tokens = list(_kept(_tokens(text, is_name)))
    reader = _Reader(tokens, product)
    said = reader.sum()
    if reader.at < len(tokens):
        raise reader.error()
    return said


def _kept(tokens: Iterator[str]) -> Iterator[str]:
    """Without what only spaces; in a display of cases an ampersand stands between a value and its condition."""
    cases = False
    for token in tokens:
        cases = token == r"\begin" or (cases and token != r"\end")
        if token not in _NOTHING or (token == "&" and cases):
            yield token


def _tokens(text: str, is_name: Callable[[str], bool]) -> Iterator[str]:
    for word in _WORD.findall(text):
        yield from (word,) if is_name(word) else _TOKEN.findall(word)


@dataclass
class _Reader:
    """Sums of products of factors, each with its super- and subscripts; `at` is the next token."""

    tokens: list[str]
    product: str
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

    def sum(self) -> str:
        said = f"-{self.term()}" if self.next == "-" and self.take() else self.term()
        while self.next in ("+", "-"):
            said = f"{said} {self.take()} {self.term()}"
        return said

    def term(self) -> str:
        said = self.factor()
        while self.next and self.next not in (
            "+",
            "-",
            ")",
            "]",
            "}",
            ",",
            r"\}",
            "=",
            "&",
            r"\\",
            r"\end",
            *_COMPARED,
        ):
            sign = _TIMES.get(self.next)
            if sign:
                self.take()
            said = f"{said} {sign or self.product} {self.factor()}"
        return said

    def factor(self) -> str:
        token = self.take()
        name = token.removeprefix("\\")
        if token in ("(", "[") or token == r"\{":
            return self.scripts(f"({self.inside()})")
        if token == "{":
            return self.scripts(f"({self.inside()})")
        if token == "-":
            return f"(-{self.factor()})"
        if token == r"\frac" or token == r"\dfrac" or token == r"\tfrac":
            return self.scripts(self.fraction())
        if token == r"\sqrt":
            return self.scripts(f"sqrt({self.braced()})")
        if token in _BARS:
            return self.scripts(f"{self.plain()}_bar", bar=True)
        if token == r"\begin":
            return self.cases()
        if token in _STYLES:
            word = self.plain()
            if word in _INDICATORS and self.next in ("[", "(", "{", r"\{", "_"):
                return self.scripts(self.indicator())
            return self.called(word) if word in _FUNCTIONS else self.scripts(word)
        if name in _FUNCTIONS or (token == r"\sigma"):
            return self.called(_SAID.get(name, name))
        if name in _GREEK and token.startswith("\\"):
            return self.scripts(name)
        if re.fullmatch(r"\d+(\.\d+)?|[A-Za-z]\w*", token):
            return self.scripts(token)
        self.at -= 1
        raise self.error()

    def indicator(self) -> str:
        """The condition of `\\mathbb{1}[z > 0]` or `\\mathbb{1}_{z > 0}`."""
        if self.next == "_":
            self.take()
        opened = 0
        while self.next in ("[", "(", "{", r"\{"):
            self.take()
            opened += 1
        said = f"where({self.condition()}, 1, 0)"
        for _ in range(opened):
            if self.take() not in (")", "]", "}", r"\}"):
                self.at -= 1
                raise self.error()
        return said

    def condition(self) -> str:
        """Two sums and what compares them."""
        left = self.sum()
        if self.next not in _COMPARED:
            raise self.error()
        return f"{left} {_COMPARED[self.take()]} {self.sum()}"

    def cases(self) -> str:
        """`\\begin{cases} a & z > 0 \\\\ 0 & \\text{otherwise} \\end{cases}`: each value where its condition holds."""
        if self.plain() != "cases":
            raise self.error()
        rows: list[tuple[str, str]] = []
        while self.next and self.next != r"\end":
            value = self.sum()
            if self.next == ",":
                self.take()
            if self.next == "&":
                self.take()
            word = self.plain() if self.next in _STYLES and self.take() else ""
            rows.append((value, "" if word[:4] in ("othe", "else") else self.condition()))
            if self.next in (r"\\", ",", ";"):
                self.take()
        self.take()
        self.plain()
        said = "0" if not rows or rows[-1][1] else rows.pop()[0]  # where no case is said to hold
        for value, condition in reversed(rows):
            said = f"where({condition}, {value}, {said})"
        return said

    def inside(self) -> str:
        said = self.sum()
        if self.next in _COMPARED:
            said = f"where({said} {_COMPARED[self.take()]} {self.sum()}, 1, 0)"
        while self.next == ",":
            self.take()
            said = f"{said}, {self.sum()}"
        if self.take() not in (")", "]", "}", r"\}"):
            self.at -= 1
            raise self.error()
        return said

    def braced(self) -> str:
        if self.next == "{":
            self.take()
            return self.inside()
        return self.factor()

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
            elif token not in _STYLES:
                parts.append(token.removeprefix("\\"))
        self.take()
        return "".join(parts)

    def script(self) -> str:
        """The letters and digits of a script: `1` of `^{(1)}`."""
        if self.next != "{":
            return self.take().removeprefix("\\")
        self.take()
        parts: list[str] = []
        depth = 1
        while depth and self.next:
            token = self.take()
            depth += (token == "{") - (token == "}")
            parts.append(token.removeprefix("\\"))
        return re.sub(r"[^A-Za-z0-9]", "", "".join(parts))

    def scripts(self, base: str, bar: bool = False) -> str:
        """What stands after it: a layer's number, a power, a transpose."""
        while self.next in ("^", "_", "'"):
            mark = self.take()
            after = self.script() if mark != "'" else "prime"
            if mark == "_" or (mark == "^" and after.isdigit() and self.tokens[self.at - 2] == ")"):
                base = f"{base[:-4]}{after}_bar" if bar else f"{base}{after}"
            elif after in _TURNED:
                base = f"{base}.T"
            else:
                base = f"{base} ** {after}"
        return base

    def called(self, name: str) -> str:
        """A function, primed perhaps, of what follows."""
        orders = 0
        while self.next == "'" or (self.next == "^" and self.tokens[self.at + 1 : self.at + 2] == [r"\prime"]):
            self.at += 1 if self.next == "'" else 2
            orders += 1
        power = f" ** {self.script()}" if self.next == "^" and self.take() else ""
        if orders > 1:
            raise NotationError("of a function the first derivative alone can be claimed")
        opened = self.take() if self.next in ("(", "{", "[") else ""
        inner = self.inside() if opened else self.factor()
        return f"{name}({inner}){'.d1' if orders else ''}{power}"

    def fraction(self) -> str:
        """A derivative, or a quotient."""
        top, bottom = self._group(), self._group()
        if (
            top[:1]
            and top[0] in (r"\partial", "d")
            and bottom[:1]
            and bottom[0] in (r"\partial", "d")
            and len(bottom) > 1
        ):
            if len(top) > 1 and re.fullmatch(r"[LJCE]|\\ell|\\mathcal", top[1]):
                quantity = _Reader(bottom[1:], self.product).term()
                return f"{quantity}_bar" if quantity.isidentifier() else f"({quantity})_bar"
            raise NotationError("of derivatives those of the loss can be claimed, as dL/dW")
        return f"({_Reader(top, self.product).sum()}) / ({_Reader(bottom, self.product).sum()})"

    def _group(self) -> list[str]:
        if self.next != "{":
            return [self.take()]
        self.take()
        return list(self._until())

    def _until(self) -> Iterator[str]:
        depth = 1
        while self.next:
            token = self.take()
            depth += (token == "{") - (token == "}")
            if not depth:
                return
            yield token
