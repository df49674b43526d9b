r"""Index expressions as LaTeX: each rule takes a node and returns its text with how tightly it binds.

A text is a tuple of `Piece`s: a long formula may be broken before a piece, best where `depth` is least. What stands
between parentheses lies deeper. Parentheses are single signs of a fixed size (`\Bigl(`), never \left and \right, so
that a line may break inside them. Nothing is reordered and nothing is simplified here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import singledispatchmethod

from symbp.core import build
from symbp.core.expr import (
    TRUE,
    Add,
    And,
    Compare,
    Delta,
    Expr,
    Extreme,
    First,
    Fn,
    Int,
    Mul,
    Not,
    Num,
    Or,
    Partial,
    Pi,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.functions import elementary
from symbp.core.integers import Atom, Dim, DimAt, Index, Node, Poly, Quotient, write_poly
from symbp.core.traverse import free_indices, reads
from symbp.core.views import conjuncts, is_guarded
from symbp.document.model import DELTA
from symbp.document.ranges import chained
from symbp.document.starts import Starts, stands_for
from symbp.document.tex.breaking import lines
from symbp.document.tex.conditions import Conditions
from symbp.document.tex.habits import fits_above, is_letter, negated, spaced, unknown_head
from symbp.document.tex.names import Names
from symbp.document.tex.numbers import number
from symbp.document.tex.pieces import ADD, ATOM, MUL, POWER, Piece, Text, atom, group, signed
from symbp.document.tex.product import Product
from symbp.document.tex.spelling import in_formula
from symbp.document.tex.width import width
from symbp.document.words import ENGLISH, Language
from symbp.errors import MissingRule
from symbp.matrix import Matrix
from symbp.matrix.nodes import Named

OPEN, CLOSE = {"(": "(", "[": "["}, {"(": ")", "[": "]"}
WIDEST_CASES = 320.0  # points: what is wider, of a value and its condition, goes on in the next line
NIL, UNIT, MINUS = Num(Fraction(0)), Num(Fraction(1)), Num(Fraction(-1))


@dataclass(frozen=True, slots=True)
class Printer:
    """Prints with the looks of one document. `ranges` are the usual ranges of index letters: others are spelt out.

    `loss` and `through` are for local derivatives of the loss: where a quantity reaches the loss along other paths
    too, its partial derivative through the loss's own equation alone bears that equation's number. `borders` are for
    matrix forms, `starts` the same for entries. Words between formulas are of the `language`.
    """

    names: Names
    ranges: dict[str, tuple[Poly, Poly]]
    loss: str = ""
    loss_number: int | None = None
    shared: frozenset[str] = frozenset()
    borders: tuple[tuple[Named, Matrix], ...] = ()
    starts: Starts = ()
    language: Language = ENGLISH
    texts: dict[tuple[Node, bool], Text] = field(default_factory=dict, init=False, repr=False, compare=False)

    def said(self, name: str, /, **slots: str) -> str:
        """Words within a formula."""
        return self.language.fill(name, slots, in_formula)

    def joined(self, kind: str, count: int) -> list[str]:
        """What stands before each part of a list within a formula."""
        return [words and in_formula(words) for words in self.language.between(kind, count)]

    # --- integers: sizes, indices, subscripts

    def poly(self, poly: Poly) -> str:
        """A size, an extent or a subscript."""
        look = next((look for extent, look in self.names.extents if extent == poly), None)
        if look is not None:
            return look
        return write_poly(self._short(poly), self.atom_of, times="")

    def _short(self, poly: Poly) -> Poly:
        """With the letter of a long extent, which is a quotient and a number, for the quotient."""
        for extent, look in self.names.extents:
            quotient = next(iter(extent.atoms_of(Quotient)), None)
            if quotient is not None and quotient in poly.atoms():
                here = Poly.of(Dim(look)) - (extent - quotient)
                poly = poly.replace(lambda a, q=quotient, h=here: h if a == q else None)  # type: ignore[misc]
        return poly

    def atom_of(self, a: Atom) -> str:
        match a:
            case Dim(name):
                return self.names.sizes.get(name, name)
            case DimAt(name, at):
                return f"{self.names.sizes[name]}_{{{self.poly(at)}}}"
            case Index(name):
                return self.names.indices[name]
            case Quotient(top, bottom):
                over = (f"({p})" if re.search("[+-]", p) else p for p in (self.poly(top), self.poly(bottom)))
                return f"\\lfloor {'/'.join(over)}\\rfloor"
            case Read(tensor, subs):
                return self.names.entry(tensor, self.subscript(subs))
        raise MissingRule(f"no rule prints the atom {type(a).__name__}; extend symbp/document/tex/print.py")

    def subscript(self, subs: Sequence[Poly]) -> str:
        """Letters side by side; anything longer is set apart by commas."""
        parts = [self.poly(s) for s in subs]
        plain = all(is_letter(p) for p in parts)
        return "".join(spaced(parts)) if plain else ",".join(parts)

    # --- expressions

    def tex(self, node: Node, level: int = ADD, small: bool = False) -> str:
        """The text of an expression or condition on one line, in parentheses where it binds less than `level`."""
        return self.at(node, level, small).tex

    def at(self, node: Node, level: int, small: bool = False, last: bool = True) -> Text:
        """The text, in parentheses where it binds less than `level`, or would swallow what follows (not `last`)."""
        text = self.text(node, small)
        if text.level < level or (text.negative and level > ADD) or (text.open and not last):
            return group(text)
        return text

    def text(self, node: Node, small: bool = False) -> Text:
        """The printed expression; `small` sets it for an exponent or a limit, without displayed fractions."""
        if (node, small) not in self.texts:
            self.texts[node, small] = self._text(node, small)
        return self.texts[node, small]

    @singledispatchmethod
    def _text(self, node: Node, small: bool) -> Text:
        raise MissingRule(f"no rule prints {type(node).__name__}; extend symbp/document/tex/print.py")

    @_text.register
    def _num(self, node: Num, small: bool) -> Text:
        value = node.value
        tex, level, height = number(abs(value), small)
        return Text((Piece(("-" if value < 0 else "") + tex),), level if value >= 0 else MUL, value < 0, height)

    @_text.register
    def _pi(self, node: Pi, small: bool) -> Text:
        return atom("\\pi")

    @_text.register
    def _int(self, node: Int, small: bool) -> Text:
        tex = self.poly(node.value)
        level = ATOM if node.value.atom is not None or node.value.constant is not None else ADD
        return Text((Piece(tex),), level, tex.startswith("-"))

    @_text.register
    def _read(self, node: Read, small: bool) -> Text:
        tex = self.names.entry(node.tensor, self.subscript(node.subs), small)
        if self.names.is_fraction(node.tensor):
            return atom(tex, 0 if small else 2, MUL if small else ATOM)
        return atom(tex)

    @_text.register
    def _delta(self, node: Delta, small: bool) -> Text:
        if self.names.notation == DELTA:  # whose letter is another's then
            return group(atom(f"{self.poly(node.a)} = {self.poly(node.b)}"), "[")
        return atom(f"\\delta_{{{self.subscript((node.a, node.b))}}}")

    @_text.register
    def _add(self, node: Add, small: bool) -> Text:
        pieces: list[Piece] = []
        height = 0
        for place, arg in enumerate(node.args):
            text = self.text(arg, small)
            if text.level == ADD:
                text = group(text)
            height = max(height, text.height)
            pieces.extend(signed(text, first=place == 0))
        return Text(tuple(pieces), ADD, pieces[0].tex.startswith("-"), height)

    @_text.register
    def _mul(self, node: Mul, small: bool) -> Text:
        bare = (f.then if isinstance(f, Where) and stands_for(f, self.starts) else f for f in node.args)
        return Product(self, small).of(Mul(tuple(bare)))

    @_text.register
    def _pow(self, node: Pow, small: bool) -> Text:
        match node.exponent:
            case Num(value) if value < 0:
                return Product(self, small).of(Mul((node,)))
            case Num(value) if value == Fraction(1, 2):
                inner = self.text(node.base, small)
                return atom(f"\\sqrt{{{inner.tex}}}", height=inner.height)
        exponent = self.tex(node.exponent, small=True)
        return atom(f"{self._base(node.base, small)}^{{{exponent}}}", self.text(node.base, small).height, POWER)

    def _base(self, base: Expr, small: bool) -> str:
        """What an exponent can be put on: a name with nothing raised, a number that is no fraction, or parentheses."""
        bare = isinstance(base, Read) and not self.names.has_label(base.tensor)
        text = self.text(base, small)
        if bare or isinstance(base, Int) or (isinstance(base, Num) and text.level == ATOM and "^" not in text.tex):
            return text.tex if text.level == ATOM else group(text).tex
        return group(text).tex

    @_text.register
    def _fn(self, node: Fn, small: bool) -> Text:
        if node.orders:
            return self._unknown(node, small)
        argument = node.args[0]
        inner = self.text(argument, small)
        match node.name:
            case "exp" if self.names.e_is_free and fits_above(argument):
                return atom(f"e^{{{self.tex(argument, small=True)}}}", level=POWER)
            case "abs":
                size = ("", "\\Big", "\\bigg")[inner.height]
                return atom(f"{size}\\lvert {inner.tex}{size}\\rvert ", inner.height)
            case "log1p":
                return self._named("\\log", Add((UNIT, argument)), small)
            case "expm1":
                return self.text(Add((Fn("exp", node.args), Num(Fraction(-1)))), small)
        row = elementary(node.name)
        return self._named(row.tex, argument, small, bare=not row.letter)

    def _named(self, name: str, argument: Expr, small: bool, bare: bool = True) -> Text:
        """log p, or log(p + 1): a single entry needs no parentheses where the function is a word, and swallows what
        follows."""
        inner = self.text(argument, small)
        if bare and isinstance(argument, Read):
            return Text((Piece(f"{name} {inner.tex}"),), MUL, height=inner.height, open=True)
        inside = group(inner)
        first = replace(inside.pieces[0], tex=f"{name}{inside.pieces[0].tex}")
        return replace(inside, pieces=(first, *inside.pieces[1:]), level=POWER)

    def _unknown(self, node: Fn, small: bool) -> Text:
        r"""f(u, v), f'(u), \partial_1 f(u, v)."""
        texts = [self.text(a, small) for a in node.args]
        height = max(t.height for t in texts)
        name = self.names.function(node.name)
        name = unknown_head(name, node.orders)
        inside = group(Text((Piece(", ".join(t.tex for t in texts)),), ADD, height=height))
        return Text((Piece(name + inside.tex),), POWER, height=height)

    @_text.register
    def _sum(self, node: Sum, small: bool) -> Text:
        body, below, before = node.body, [], ""
        while is_guarded(body) and not reads(body.cond):
            if stands_for(body, self.starts):
                pass
            elif any(i in node.indices for i in free_indices(body.cond)):
                below += [self.tex(build.both(*c), small=True) for c in chained(conjuncts(body.cond))]
            else:
                before += group(self.text(body.cond, small), "[").tex + "\\,"
            body = body.then
        inner = self.at(body, MUL, small)
        head = f"{before}\\sum{self.limits(node.indices, below)} "
        first, rest = inner.pieces[0], inner.pieces[1:]
        pieces = (replace(first, tex=head + first.tex, depth=0), *(replace(p, depth=p.depth + 1) for p in rest))
        return Text(pieces, MUL, height=max(1, inner.height), open=True)

    def limits(self, indices: Sequence[Index], conditions: Sequence[str]) -> str:
        """Below a sum: its letters, a range where it is not the letter's usual one, and what else must hold."""
        usual = [i for i in indices if self.ranges.get(i.name) == (i.start, i.stop)]
        parts = [",".join(self.names.indices[i.name] for i in usual)] if usual else []
        parts += [self.span(i) for i in indices if i not in usual]
        parts += conditions
        if len(parts) == 1:
            return f"_{{{parts[0]}}}"
        return "_{\\substack{" + "\\\\ ".join(parts) + "}}"

    def span(self, i: Index) -> str:
        """0 \\le t < T."""
        start = f"{self.poly(i.start)}\\le " if i.start.constant != 0 else ""
        return f"{start}{self.names.indices[i.name]}<{self.poly(i.stop)}"

    @_text.register
    def _extreme(self, node: Extreme, small: bool) -> Text:
        conditions = [] if node.cond == TRUE else [self.tex(node.cond, small=True)]
        inner = self.at(node.body, MUL, small)
        return atom(f"\\{node.kind}{self.limits(node.indices, conditions)} {inner.tex}", max(1, inner.height), MUL)

    @_text.register
    def _partial(self, node: Partial, small: bool) -> Text:
        of, by = self.tex(node.of), self.tex(node.by)
        tex = f"\\frac{{\\partial {of}}}{{\\partial {by}}}"
        if node.of.tensor == self.loss and node.by.tensor in self.shared:
            return atom(f"\\biggl.{tex}\\biggr|_{{({self.loss_number})}}", 2)
        return atom(tex, 2)

    # --- choices and conditions

    @_text.register
    def _where(self, node: Where, small: bool) -> Text:
        if stands_for(node, self.starts):
            return self.text(node.then, small)
        if (node.then, node.other) == (UNIT, NIL):
            return group(self.text(node.cond, small), "[")
        if (node.then, node.other) == (NIL, UNIT):
            return group(self.text(negated(node.cond), small), "[")
        if node.other == NIL and (not reads(node.cond) or isinstance(node.cond, First)):
            return Product(self, small).of(Mul((Where(node.cond, UNIT, NIL), node.then)))
        return self._cases(node)

    def _cases(self, node: Where) -> Text:
        rows, other = [(node.then, node.cond)], node.other
        while isinstance(other, Where) and not {UNIT, NIL} >= {other.then, other.other}:
            rows.append((other.then, other.cond))
            other = other.other
        return self.cases([(self.text(value), self.tex(cond)) for value, cond in rows], self.text(other))

    def cases(self, rows: Sequence[tuple[Text, str]], other: Text) -> Text:
        """Values, each with its condition, and what is there otherwise; a long value goes on in the next line."""
        tests = [*(self.said("case.if", condition=" " + cond) for _, cond in rows), self.said("case.else")]
        values = [*(value for value, _ in rows), other]
        room = WIDEST_CASES - max(map(width, tests))
        long = any(width(value.tex) > room for value in values)
        texts = [" \\\\ \\quad ".join(lines(v.pieces, room)) if long else v.tex for v in values]
        body = " \\\\ ".join(f"{text} & {test}" for text, test in zip(texts, tests, strict=True))
        return Text((Piece(f"\\begin{{cases}}{body}\\end{{cases}}"),), MUL, height=2, open=True)

    @_text.register
    def _condition(self, node: Compare | First | And | Or | Not, small: bool) -> Text:
        return Conditions(self, small).of(node)
