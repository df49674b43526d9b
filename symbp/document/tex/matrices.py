r"""Matrix forms as LaTeX: bold letters, \odot and \oslash entry by entry, a column of ones as a bold 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from symbp.core.functions import elementary
from symbp.core.integers import Index, Poly
from symbp.core.traverse import indices_of
from symbp.document.starts import slice_border, slice_ends
from symbp.document.tex.conditions import RELATION
from symbp.document.tex.habits import OPPOSITE, unknown_head
from symbp.document.tex.numbers import number
from symbp.document.tex.pieces import ADD, ATOM, MUL, POWER, Piece, Text, atom, group, signed
from symbp.document.tex.print import MINUS, NIL, UNIT, Printer
from symbp.errors import MissingRule
from symbp.matrix.nodes import (
    Added,
    Apply,
    Beside,
    Called,
    Choose,
    Chosen,
    Diag,
    Guard,
    Hadamard,
    Identity,
    Matrix,
    Named,
    NormSquared,
    Ones,
    Part,
    Plus,
    Power,
    Product,
    RowExtreme,
    Scalar,
    Scale,
    Totals,
    Transpose,
    shape,
)

# A matrix product and a product entry by entry stand in parentheses within each other, whichever is inside.
ENTRYWISE, SIDE, TIGHT = MUL, MUL, POWER


@dataclass(frozen=True, slots=True)
class MatrixPrinter:
    """Prints matrix forms; numbers and names are the printer's."""

    printer: Printer

    def text(self, m: Matrix) -> Text:
        """The printed matrix."""
        match m:
            case Named():
                return atom(self._named(m), self._height(m))
            case Scalar(value):
                return self.printer.text(value)
            case Ones():
                return atom("\\mathbf{1}")
            case Identity():
                return atom("\\mathbb{I}")
            case Transpose(arg):
                return self._transpose(arg)
            case Product(args):
                return self._row(self._bound(args), "\\,", SIDE)
            case Hadamard(args):
                return self._hadamard(args)
            case Plus(args):
                return self._plus(args)
            case Scale(factor, arg):
                return self._scale(factor, arg)
            case Power(base, exponent):
                return self._power(m, base, exponent)
            case Choose():
                return self._choose(m)
            case NormSquared(arg):
                inner = self.text(arg)
                size = ("", "\\Big", "\\bigg")[inner.height]
                return atom(f"{size}\\lVert {inner.tex}{size}\\rVert^{{2}}", inner.height)
            case Apply() | Called() | Diag() | RowExtreme() | Totals():
                return self._call(m)
            case Chosen(labels):
                return atom(f"\\mathbb{{I}}_{{{self.text(labels).tex}}}")
            case Part():
                return self._part(m)
            case Beside(args):
                return self._beside(args)
            case Guard():
                return self._guard(m)
            case Added(indices, arg):
                return self._added(indices, arg)
        raise MissingRule(f"no rule prints {type(m).__name__}; extend symbp/document/tex/matrices.py")

    def _named(self, m: Named, transposed: bool = False) -> str:
        if not m.lead:
            return self.printer.names.whole(m.name, transposed)
        return self.printer.names.slice(m.name, self.printer.subscript(m.lead), len(m.dims), transposed)

    def _height(self, m: Named) -> int:
        return 2 if self.printer.names.is_fraction(m.name) else 0

    def _part(self, m: Part) -> Text:
        """Z[:, H:2H], X[1:T]."""
        ranges = {m.axis: (m.start, m.stop)}
        inner = m.arg
        if isinstance(inner, Part) and inner.axis not in ranges:
            ranges[inner.axis] = (inner.start, inner.stop)
            inner = inner.arg
        rank = len(inner.dims) if isinstance(inner, Named) else 2
        spans = (self._span(*ranges[k]) for k in sorted(ranges))
        before, after = [":"] * (0 not in ranges), [":"] * (1 not in ranges and rank > 1)
        inside = ",".join([*before, *spans, *after])
        return atom(f"{self._at(inner, ATOM).tex}[{inside}]")

    def _span(self, start: Poly, stop: Poly) -> str:
        """2i:2i + U, from where it starts so far; H:2H."""
        first, length = self.printer.poly(start), self.printer.poly(stop - start)
        moving = any(True for _ in indices_of(start)) and not length.startswith("-")
        return f"{first}{{:}}{first} + {length}" if moving else f"{first}{{:}}{self.printer.poly(stop)}"

    def _beside(self, args: Sequence[Matrix]) -> Text:
        """[A | B]; a line may break before a bar."""
        texts = [self.text(a) for a in args]
        pieces: list[Piece] = []
        for k, text in enumerate(texts):
            first = text.pieces[0]
            pieces.append(replace(first, tex=("\\;\\big|\\; " if k else "") + first.tex, depth=0))
            pieces.extend(replace(p, depth=p.depth + 1) for p in text.pieces[1:])
        return group(Text(tuple(pieces), ADD, height=max(t.height for t in texts)), "[")

    def _guard(self, m: Guard) -> Text:
        """What is there at all steps but one; a slice at the border by its subscripts; else a choice."""
        if self._stands_for(m):
            return self.text(m.then)
        test = self.printer.text(m.cond)
        if m.other == Scalar(NIL):
            return self._row([group(test, "["), self._at(m.then, MUL)], "\\,", MUL)
        return self.printer.cases([(self.text(m.then), test.tex)], self.text(m.other))

    def _stands_for(self, m: Guard) -> bool:
        """Is the document told that the slice at the border stands for just this?"""
        borders = [slice_border(m)] if m.border else slice_ends(m)
        return any(b in self.printer.borders for b in borders)

    def _added(self, indices: Sequence[Index], arg: Matrix) -> Text:
        inner = self._at(arg, MUL)
        head = f"\\sum{self.printer.limits(indices, [])} "
        first = replace(inner.pieces[0], tex=head + inner.pieces[0].tex, depth=0)
        rest = (replace(p, depth=p.depth + 1) for p in inner.pieces[1:])
        return Text((first, *rest), MUL, height=max(1, inner.height), open=True)

    def _at(self, m: Matrix, level: float) -> Text:
        text = self.text(m)
        return group(text) if text.level < level or (text.negative and level > ADD) else text

    def _transpose(self, arg: Matrix) -> Text:
        if isinstance(arg, Named):
            return atom(self._named(arg, transposed=True), self._height(arg))
        inner = self._at(arg, ATOM)
        last = inner.pieces[-1]
        return replace(inner, pieces=(*inner.pieces[:-1], replace(last, tex=last.tex + "^{\\top}")))

    def _row(self, texts: Sequence[Text], glue: str, level: int) -> Text:
        """Factors beside each other; a line may break before the glue."""
        pieces: list[Piece] = []
        for k, text in enumerate(texts):
            first = text.pieces[0]
            pieces.append(replace(first, tex=(glue if k else "") + first.tex, depth=1 if k else 0))
            pieces.extend(replace(p, depth=p.depth + 1) for p in text.pieces[1:])
        return Text(tuple(pieces), level, height=max(t.height for t in texts))

    def _bound(self, args: tuple[Matrix, ...]) -> list[Text]:
        """The factors of a matrix product, a diagonal matrix never on another line than what it scales."""
        texts: list[Text] = []
        for k, a in enumerate(args):
            text = self._at(a, TIGHT)
            if texts and any(isinstance(m, Diag) for m in args[k - 1 : k + 1]):
                before, (first, *rest) = texts.pop(), text.pieces
                *start, last = before.pieces
                pieces = (*start, replace(last, tex=f"{last.tex}\\,{first.tex}"), *rest)
                text = replace(text, pieces=pieces, height=max(before.height, text.height))
            texts.append(text)
        return texts

    def _hadamard(self, args: tuple[Matrix, ...]) -> Text:
        up = [a for a in args if not (isinstance(a, Power) and a.exponent < 0)]
        down = [_inverse(a) for a in args if isinstance(a, Power) and a.exponent < 0]
        above = self._row([self._at(a, TIGHT) for a in up] or [atom("1")], " \\odot ", ENTRYWISE)
        if not down:
            return above
        return self._row([above, *(self._at(a, TIGHT) for a in down)], " \\oslash ", ENTRYWISE)

    def _plus(self, args: tuple[Matrix, ...]) -> Text:
        texts = [self._at(a, ADD) for a in args]
        texts = [group(t) if t.level == ADD else t for t in texts]
        pieces = [p for k, t in enumerate(texts) for p in signed(t, first=k == 0)]
        return Text(tuple(pieces), ADD, pieces[0].tex.startswith("-"), max(t.height for t in texts))

    def _scale(self, factor: Matrix, arg: Matrix) -> Text:
        """-1/N (P - Y)."""
        inner = self._at(arg, MUL)
        if isinstance(arg, Scale):
            inner = group(inner)
        if not isinstance(factor, Scalar):
            return self._row([self._at(factor, POWER), inner], "\\,", MUL)
        return self._scaled(factor, inner)

    def _scaled(self, factor: Scalar, inner: Text) -> Text:
        """A number beside a matrix; of -1 the sign alone."""
        number_text = self.printer.text(factor.value)
        if number_text.level == ADD:
            number_text = group(number_text)
        head = "-" if factor.value == MINUS else number_text.tex + "\\,"
        first = replace(inner.pieces[0], tex=head + inner.pieces[0].tex, depth=0)
        rest = (replace(p, depth=p.depth + 1) for p in inner.pieces[1:])
        return Text((first, *rest), MUL, number_text.negative, max(number_text.height, inner.height))

    def _power(self, m: Matrix, base: Matrix, exponent: Fraction) -> Text:
        single = all(d.constant == 1 for d in shape(m))
        if exponent < 0:
            down = self.text(base if exponent == -1 else Power(base, -exponent))
            if single:
                return Text((Piece(f"\\frac{{1}}{{{down.tex}}}"),), POWER, height=2)
            return self._row([atom("1"), self._at(_inverse(m), TIGHT)], " \\oslash ", ENTRYWISE)
        tex = number(exponent, small=True)[0]
        inner = self.text(base)
        if exponent == Fraction(1, 2):
            return atom(f"\\sqrt{{{inner.tex}}}", inner.height)
        bare = isinstance(base, Named) and not self.printer.names.has_label(base.name)
        body = inner.tex if bare else group(inner).tex
        circle = "" if single else "\\circ "
        return atom(f"{body}^{{{circle}{tex}}}", inner.height, POWER)

    def _choose(self, m: Choose) -> Text:
        test = self._test(m.op, m)
        if (m.then, m.other) == (Scalar(UNIT), Scalar(NIL)):
            return test
        if (m.then, m.other) == (Scalar(NIL), Scalar(UNIT)):
            return self._test(OPPOSITE[m.op], m)
        branches = [self._branch(m.op, m, m.then), self._branch(OPPOSITE[m.op], m, m.other)]
        texts = [t for t in branches if t is not None]
        pieces = [p for k, t in enumerate(texts) for p in signed(t, first=k == 0)]
        return Text(tuple(pieces), ADD if len(texts) > 1 else ENTRYWISE, height=max(t.height for t in texts))

    def _branch(self, op: str, m: Choose, value: Matrix) -> Text | None:
        """A branch times the bracket of its condition; nothing for 0, the bracket alone for 1."""
        test = self._test(op, m)
        if value == Scalar(NIL):
            return None
        if value == Scalar(UNIT):
            return test
        if isinstance(value, Scalar):
            return self._scaled(value, test)
        return self._row([test, self._at(value, TIGHT)], " \\odot ", ENTRYWISE)

    def _test(self, op: str, m: Choose) -> Text:
        a, b = self.text(m.a), self.text(m.b)
        return group(Text((Piece(f"{a.tex} {RELATION[op]} {b.tex}"),), ADD, height=max(a.height, b.height)), "[")

    def _call(self, m: Matrix) -> Text:
        match m:
            case Apply("abs", (arg,)):
                inner = self.text(arg)
                size = ("", "\\Big", "\\bigg")[inner.height]
                return atom(f"{size}\\lvert {inner.tex}{size}\\rvert ", inner.height)
            case Apply("log1p", (arg,)):
                return self._applied("\\log", (Plus((Scalar(UNIT), arg)),))
            case Apply("expm1", (arg,)):
                return self._plus((Apply("exp", (arg,)), Scalar(MINUS)))
            case Apply(name, args, orders) if orders:
                return self._applied(unknown_head(self.printer.names.function(name), orders), args)
            case Apply(name, args):
                return self._applied(elementary(name).tex, args)
            case Called(name, args):
                return self._applied(self.printer.names.function(name), args)
            case Diag(arg):
                return self._applied("\\operatorname{diag}", (arg,))
            case RowExtreme(kind, arg):
                return self._applied(f"\\operatorname{{row{kind}}}", (arg,))
            case Totals(arg):
                return self._applied(f"\\operatorname{{{m.name}}}", (arg,))
        raise MissingRule(f"no rule prints {type(m).__name__}; extend symbp/document/tex/matrices.py")

    def _applied(self, head: str, args: tuple[Matrix, ...]) -> Text:
        texts = [self.text(a) for a in args]
        height = max(t.height for t in texts)
        if len(texts) == 1:
            inside = group(texts[0])
        else:
            inside = group(Text((Piece(", ".join(t.tex for t in texts)),), ADD, height=height))
        first = replace(inside.pieces[0], tex=head + inside.pieces[0].tex)
        return Text((first, *inside.pieces[1:]), ATOM, height=height)


def _inverse(m: Matrix) -> Matrix:
    """What to divide by for a factor of negative power."""
    assert isinstance(m, Power)
    return m.base if m.exponent == -1 else Power(m.base, -m.exponent)
