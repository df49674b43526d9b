r"""A textbook's LaTeX as the language: `\frac{\partial L}{\partial W^{(1)}} = X^\top \delta^{(1)}` and its kin.

In comes a bounded text, out goes text of the language, which is read like any other; nothing is evaluated. What two
things beside each other mean is not known here: the product is written as it is asked for, `@` or `*`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from symbp.claims.latex_tokens import (
    BARS,
    COMPARED,
    ENDS,
    FUNCTIONS,
    GREEK,
    INDICATORS,
    MOST,
    SAID,
    STYLES,
    TIMES,
    TURNED,
    Cursor,
    Shape,
    apart,
    kept,
    no_shape,
    no_word,
    tokens_of,
)
from symbp.errors import NotationError


def is_latex(text: str) -> bool:
    """Is it a textbook's, and not the language?"""
    return "\\" in text or "^" in text


def from_latex(
    text: str,
    product: str,
    is_name: Callable[[str], bool] = no_word,
    shape: Callable[[str], Shape | None] = no_shape,
) -> str:
    """The same in the language; NotationError where it cannot be read.

    A word is one name if it is known, else many; of a tensor's name the shape says how many indices it has.
    """
    if len(text) > MOST:
        raise NotationError(f"a claim has at most {MOST} letters")
    plain = re.sub(r"\\(?:mathrm|text|rm)\s*\{\s*d\s*\}", "d ", text)
    tokens = list(kept(tokens_of(plain, is_name)))
    reader = _Reader(tokens, product, shape)
    said = reader.sum()
    if reader.at < len(tokens):
        raise reader.error()
    return said


class _Reader(Cursor):
    """Sums of products of factors, each with its super- and subscripts."""

    def sum(self) -> str:
        said = f"-{self.term()}" if self.next == "-" and self.take() else self.term()
        while self.next in ("+", "-"):
            said = f"{said} {self.take()} {self.term()}"
        return said

    def within(self, tokens: list[str]) -> _Reader:
        """A reader of a part."""
        return _Reader(tokens, self.product, self.shape)

    def term(self) -> str:
        """Factors; what stands side by side goes together before what a sign stands between."""
        said, count = self.beside()
        while self.next and self.next not in ENDS:
            sign = TIMES[self.take()]
            other, more = self.beside()
            if sign == "/" and more > 1 and said != "1":
                raise NotationError(f"{said} / {other}: parentheses say what it is divided by")
            if sign == "/" and more > 1:
                said = f"1 / {self._but_no_number(other)}"
                continue
            said = f"({said})" if count > 1 and sign != "/" else said
            said, count = f"{said} {sign} {f'({other})' if more > 1 else other}", 1
        return said

    def _but_no_number(self, beside: str) -> str:
        """`N x` of `1/N x`, of which the first is below the stroke; of `1/2 N` it cannot be told."""
        first, sign, second = re.split(r" ([@*]) ", beside, maxsplit=1)
        if self.is_number(re.split(r" [@*] ", second)[0]):
            raise NotationError(f"1 / {beside}: parentheses say what it is divided by")
        return f"{first} {sign} {second}"

    def beside(self) -> tuple[str, int]:
        """Factors side by side, and how many; a vector turned makes a product of two vectors, or an outer one."""
        said, count = self.factor(), 1
        if self.is_beside and self.product == "@" and self.is_turned_vector(said):
            said = said.removesuffix(".T")
        while self.is_beside:
            other, count = self.factor(), count + 1
            turned = self.product == "@" and self.is_turned_vector(other)
            sign = "*" if self.is_number(said) or self.is_number(other) else self.product
            said = f"outer({said}, {other[:-2]})" if turned and sign != "*" else f"{said} {sign} {other}"
        return said, count

    @property
    def is_beside(self) -> bool:
        """Does another factor follow without a sign?"""
        return bool(self.next) and self.next not in ENDS and self.next not in TIMES

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
        if token in BARS:
            return self.scripts(f"{self.plain()}_bar", bar=True)
        if token == r"\nabla":
            return self.gradient()
        if token == r"\sum":
            return self.summed()
        if token == "e" and self.next == "^":
            self.take()
            return f"exp({self.power()})"
        if token == r"\begin":
            return self.cases()
        if token in STYLES:
            word = self.plain()
            if word in INDICATORS and self.next in ("[", "(", "{", r"\{", "_"):
                return self.scripts(self.indicator())
            return self.called(word) if word in FUNCTIONS else self.scripts(word)
        if name in FUNCTIONS or (token == r"\sigma"):
            return self.called(SAID.get(name, name))
        if name in GREEK and token.startswith("\\"):
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
        if self.next not in COMPARED:
            raise self.error()
        return f"{left} {COMPARED[self.take()]} {self.sum()}"

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
            word = self.plain() if self.next in STYLES and self.take() else ""
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
        if self.next in COMPARED:
            said = f"where({said} {COMPARED[self.take()]} {self.sum()}, 1, 0)"
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

    def gradient(self) -> str:
        """`\\nabla_W L`."""
        if self.take() != "_":
            raise NotationError("a gradient says by what it is, as in \\nabla_W L")
        said = self.by_quantity(self.group())
        loss = self.plain() if self.next == r"\mathcal" and self.take() else self.take()
        if loss not in ("L", "J", "C", "E", r"\ell"):
            raise NotationError("of gradients that of the loss can be claimed, as \\nabla_W L")
        return said

    def summed(self) -> str:
        """`\\sum_n`, `\\sum_{n=1}^{N}` of what follows, to the next sign of a sum."""
        limits = "".join(self.group()) if self.next == "_" and self.take() else ""
        upper = "".join(self.group()) if self.next == "^" and self.take() else ""
        letter = limits.removesuffix("=1")
        if not re.fullmatch(r"[a-z]", letter):
            raise NotationError("a sum says over which index, as in \\sum_n or \\sum_{n=1}^N")
        body = self.term()
        sizes = list(self.sizes_of(letter, body))
        if not sizes and self.shape(body.removesuffix("_bar")):  # of a tensor without indices its first
            first = (self.shape(body.removesuffix("_bar")) or ("",))[0]
            sizes, body = ([first] if first.lower() == letter else []), f"{body}[{letter}]"
        if not sizes or any(s != sizes[0] for s in sizes) or upper not in ("", sizes[0]):
            raise NotationError(f"it is not known how far the index {letter} of a sum goes")
        return f"sum({body} for {letter} in {sizes[0]})"

    def power(self) -> str:
        """What something is raised to."""
        tokens = self.group()
        if len(tokens) == 1:
            return tokens[0].removeprefix("\\")
        inner = self.within(tokens)
        said = inner.sum()
        if inner.at < len(tokens):
            raise inner.error()
        return said if said.isalnum() else f"({said})"

    def scripts(self, base: str, bar: bool = False) -> str:
        """What stands after it: a layer's number, indices, a power, a transpose."""
        while self.next in ("^", "_", "'"):
            mark = self.take()
            if mark == "'":
                raise NotationError("a prime after what is no function; a transpose is ^T")
            if mark == "_":
                base = self._below(base, self.script(), bar)
                continue
            label = re.fullmatch(r"[(\[](\w+)[)\]](T|top|intercal)?", self.above())
            if label or self.above() in TURNED:
                self.group()
                base = self._below(base, label[1], bar) if label else f"{self._delta(base)}.T"
                base = f"{self._delta(base)}.T" if label and label[2] else base
            else:
                base = f"{base} ** {self.power()}"
        return self._delta(base)

    def _below(self, base: str, label: str, bar: bool) -> str:
        """A name with a label, or a tensor with indices."""
        plain = base.removesuffix("_bar") if bar else base
        name = self._delta(plain)
        indices = label.split(",") if "," in label else list(label)
        shape = self.shape(name.removesuffix("_bar"))
        if (
            shape
            and self.shape(f"{plain}{label}") is None
            and re.fullmatch(r"[a-z,]+", label)
            and len(indices) <= len(shape)
        ):
            return f"{name}{'_bar' if bar else ''}[{', '.join(indices)}]"
        return f"{plain}{label}_bar" if bar else f"{plain}{label}"

    def _delta(self, base: str) -> str:
        """A delta with a layer's number is the loss's derivative by that layer's z."""
        label = re.fullmatch(r"delta(\w*)", base)
        if label and self.shape(base) is None and self.shape(f"z{label[1]}") is not None:
            return f"z{label[1]}_bar"
        return base

    def called(self, name: str) -> str:
        """A function, primed perhaps, of what follows."""
        orders = 0
        while self.next == "'" or (self.next == "^" and self.is_prime()):
            if self.take() == "^":
                self.group()
            orders += 1
        power = f" ** {self.script()}" if self.next == "^" and self.take() else ""
        if orders > 1:
            raise NotationError("of a function the first derivative alone can be claimed")
        opened = self.take() if self.next in ("(", "{", "[") else ""
        inner = self.inside() if opened else self.factor()
        return f"{name}({inner}){'.d1' if orders else ''}{power}"

    def fraction(self) -> str:
        """A derivative, or a quotient."""
        top, bottom = (apart(self.group(), self.shape) for _ in range(2))
        if (
            top[:1]
            and top[0] in (r"\partial", "d")
            and bottom[:1]
            and bottom[0] in (r"\partial", "d")
            and len(bottom) > 1
        ):
            if len(top) > 1 and re.fullmatch(r"[LJCE]|\\ell|\\mathcal", top[1]):
                return self.by_quantity(bottom[1:])
            return self.slope(top[1:], bottom[1:])
        return f"({self.within(top).sum()}) / ({self.within(bottom).sum()})"

    def by_quantity(self, tokens: list[str]) -> str:
        """The loss's derivative by what is named."""
        inner = self.within(tokens)
        quantity = inner.factor()
        array, _, index = quantity.partition("[")
        if inner.at < len(tokens) or not array.isidentifier():
            raise NotationError(f"the loss's derivative is by one quantity, not by {quantity!r}")
        return f"{array}_bar[{index}" if index else f"{array}_bar"

    def slope(self, top: list[str], by: list[str]) -> str:
        """A function's derivative by what it is of: `\\frac{d}{dx} f(x)`, `\\frac{d f(x)}{dx}`."""
        if len(by) != 1 or not by[0].isidentifier():
            raise NotationError(
                "of derivatives those of the loss can be claimed, as dL/dW, and a function's, as df(x)/dx"
            )
        if top:
            inner = self.within(top)
            said = inner.factor()
            if inner.at < len(top):
                raise inner.error()
        else:
            said = self.factor()
            if self.next and self.next not in ENDS:
                raise NotationError(f"d/d{by[0]} of what? Parentheses say how much of it")
        return f"derivative_({said}, {by[0]})"
