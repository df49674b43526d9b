r"""A small reader of derivation.tex: every displayed equality, from the characters to what can be evaluated.

It shares nothing with the printer. What letters mean it learns from the document: the table of quantities, the left
sides of the numbered equations, the sentence on index letters. Formulas become index expressions; a product of bold
letters is a matrix product, whose shapes must fit. `Page.equalities` are the equalities, `Page.signs` how many equals
signs there are in all the mathematics of the document, so that a test can see that none was left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from symbp.core import build
from symbp.core.equality import Equality
from symbp.core.expr import TRUE, And, Compare, Cond, Delta, Expr, Extreme, Fn, Mul, Or, Partial, Pi, Read, Sum, Where
from symbp.core.integers import Dim, DimAt, Index, Poly, Quotient
from symbp.core.network import Network
from symbp.core.traverse import indices_of, replace_reads, substitute

TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|\d+\.\d+|\d+|[a-zA-Z']|[^\s]")
SPACES = {"\\,", "\\;", "\\:", "\\!", "\\ ", "\\quad", "\\qquad", "\\displaystyle"}
SIZES = re.compile(r"\\(?:big|Big|bigg|Bigg)[lrm]?$")
RELATIONS = {"<": "<", "\\le": "<=", ">": ">", "\\ge": ">=", "=": "==", "\\ne": "!="}
FUNCTIONS = {f"\\{name}": name for name in ("log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh")} | {
    "\\arctan": "atan",
    "\\psi": "digamma",
}
POLYGAMMA = ("digamma", "trigamma", "tetragamma")
LETTER = re.compile(r"\\(?:mathit|mathbf|mathbb|boldsymbol|tilde|hat|mathrm)$")
TOTALS = {f"{along}{kind}": (along, kind == "mean") for along in ("row", "col") for kind in ("sum", "mean")}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


class Misread(Exception):
    """The page says something that the reader cannot make sense of."""


class UnknownCall(Misread):
    """A call of whole tensors that the page does not define entry by entry."""


def logistic(u: Expr) -> Expr:
    return build.div(build.UNIT, build.add(build.UNIT, Fn("exp", (build.neg(u),))))


def ramp(u: Expr) -> Expr:
    return Where(Compare(">", u, build.NIL), u, build.NIL)


CALLS: dict[str, Callable[[Expr], Expr]] = {"\\sigma": logistic, "relu": ramp}


# --- the page: displays, rows, cells


def balanced(text: str, start: int) -> int:
    """Where the group that opens at `start` ends."""
    depth = 0
    for k in range(start, len(text)):
        depth += (text[k] == "{") - (text[k] == "}")
        if not depth:
            return k + 1
    raise Misread("unbalanced braces")


def without(text: str, *commands: str) -> str:
    """The text without these commands and their arguments."""
    for command in commands:
        while (at := text.find(command + "{")) >= 0:
            text = text[:at] + text[balanced(text, at + len(command)) :]
    return text


def displays(tex: str) -> list[str]:
    return re.findall(r"\\begin\{flalign\*\}(.*?)\\end\{flalign\*\}", tex, re.S)


def boxed(tex: str) -> list[list[str]]:
    """The rows of the box: a formula and the lines that go on with it."""
    rows: list[list[str]] = []
    for cell in re.findall(r"\$\\displaystyle\s*(.*?)\$", tex, re.S):
        if cell.startswith("\\qquad"):
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return rows


def split_top(text: str, sign: str) -> list[str]:
    """The parts between signs that stand outside all braces and environments."""
    parts, depth, begin, bracket, k = [""], 0, 0, 0, 0
    while k < len(text):
        bracket = max(0, bracket + (text[k] == "[") - (text[k] == "]"))
        if text.startswith("\\begin{", k):
            begin += 1
        if text.startswith("\\end{", k):
            begin -= 1
        depth += (text[k] == "{") - (text[k] == "}")
        if (
            not depth
            and not begin
            and not (bracket and sign in "=,")
            and text.startswith(sign, k)
            and (k == 0 or text[k - 1] != "\\" or sign != "&")
        ):
            parts.append("")
            k += len(sign)
            continue
        parts[-1] += text[k]
        k += 1
    return parts


def chains(display: str) -> list[list[str]]:
    """The chains of a display, each a list of sides; a line without an equals sign goes on with the side before it."""
    found: list[list[str]] = []
    for row in split_top(display.replace("\\free", "").replace("\\unnumbered", ""), "\\\\"):
        row = re.sub(r"^\*?(\[\d+pt\])?", "", row.strip())
        cells = split_top(without(row, "\\tag", "\\label", "\\why", "\\whybelow", "\\shape"), "&")
        for left, right in zip(cells[::2], cells[1::2], strict=False):
            _take(found, left.strip(), right.strip())
        if len(cells) % 2 and cells[-1].strip():
            raise Misread(f"a cell without a partner: {cells[-1]}")
    return found


def _take(found: list[list[str]], left: str, right: str) -> None:
    """A line of a display; what is laid over the next column and has no sign before it is a left side."""
    if not left and right.startswith("\\mathrlap{") and not right.startswith("\\mathrlap{{}"):
        left, right = right, ""
    if not left and not right:
        return
    right = unfit(right).strip().removeprefix("\\quad").removeprefix("{}").strip()
    right, *beside = split_top(right, "\\qquad")
    sides = [s.strip() for s in split_top(right, "=")]
    if left:
        found.append([unfit(left)])
    if sides[0]:
        found[-1][-1] += " " + sides[0].removeprefix("\\quad").strip()
    found[-1].extend(sides[1:])
    found.extend([s.strip() for s in split_top(chain, "=")] for chain in beside)


def unlapped(text: str) -> str:
    r"""What \\mathrlap lays over the next column."""
    while (at := text.find("\\mathrlap{")) >= 0:
        end = balanced(text, at + 9)
        text = text[:at] + text[at + 10 : end - 1] + text[end:]
    return text


def unfit(text: str) -> str:
    r"""What \fit shrinks, at its own size."""
    text = unlapped(text)
    while (at := text.find("\\fit{")) >= 0:
        end = balanced(text, at + 4)
        stop = balanced(text, end)
        text = text[:at] + text[end + 1 : stop - 1] + text[stop:]
    return text


def count_signs(tex: str) -> int:
    """The equals signs in all mathematics: displays, the box, running text; not those of conditions and options."""
    body = re.sub(r"\\begin\{tikzpicture\}.*?\\end\{tikzpicture\}", "", tex, flags=re.S)
    body = re.sub(r"\\text\{if \}[^\\&]*", "", body)
    body = re.sub(r"\\lead\{In words\.\}.*?\\par\b", "", body, flags=re.S)  # a user's own
    count = bracket = 0
    for sign in body:
        bracket = max(0, bracket + (sign == "[") - (sign == "]"))
        count += sign == "=" and not bracket
    return count


# --- what the letters mean


Marks = tuple[str, ...]  # above a letter, the outermost first: \\dot over \\adj


@dataclass
class Letters:
    """What the document's letters stand for: entries and whole tensors by their looks, sizes, index letters."""

    entries: dict[str, str] = field(default_factory=dict)
    wholes: dict[str, str] = field(default_factory=dict)
    shapes: dict[str, tuple[Poly, ...]] = field(default_factory=dict)
    sizes: dict[str, Poly] = field(default_factory=dict)
    indices: dict[str, Poly] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    adjoints: Mapping[str, str] = field(default_factory=dict)
    tangents: Mapping[str, str] = field(default_factory=dict)
    calls: dict[str, Callable[[Expr], Expr]] = field(default_factory=dict)
    vectors: dict[str, str] = field(default_factory=dict)  # slices that are vectors bear no capital
    borders: dict[str, list[tuple[list[str], str]]] = field(default_factory=dict)
    widths: dict[str, str] = field(default_factory=dict)  # sizes that differ by layer, by their looks
    loose: tuple[str, ...] = ()  # index letters that run as far as the dimension where they stand
    extents: Callable[[Read], tuple[Poly, ...]] = lambda r: ()

    def code(self, look: str) -> str | None:
        return self.entries.get(look)

    def marked(self, code: str, marks: Marks) -> str:
        """The name of what a quantity's letter with these marks above it stands for."""
        for mark in reversed(marks):
            code = {"\\adj": self.adjoints, "\\dot": self.tangents}[mark][code]
        return code


def with_marks(look: str, marks: Marks) -> str:
    """The look of a quantity's letter with marks above it: the bar ends before the label."""
    letter, hat, label = look.partition("^")
    for mark in reversed(marks):
        letter = f"{mark}{{{letter}}}"
    return letter + hat + label


def strip_subscript(look: str) -> str:
    """The look of an entry without its indices."""
    places = (m.start() for m in re.finditer(r"_\{", look))
    return next((look[:at] for at in places if balanced(look, at + 1) == len(look)), look)


def learn(tex: str, network: Network, adjoints: Mapping[str, str]) -> Letters:
    """Read the table of quantities, the sentences on index letters and functions, and the numbered left sides."""
    letters = Letters(adjoints=adjoints, extents=network.extents)
    letters.widths = {_size_look(name): name for name in _widths(network)}
    letters.sizes = {_size_look(d.name): Poly.of(Dim(d.name)) for d in network.dims}
    table = tex[tex.index("\\midrule") : tex.index("\\bottomrule")]
    for row in table.removeprefix("\\midrule").split("\\\\\n"):
        cells = [c.strip().strip("$") for c in row.replace("\\\\ \\bottomrule", "").split(" & ")]
        cells = [c.removesuffix("\\\\").strip() for c in cells]
        beside = [cells] if len(cells) in (3, 5) and cells[-1] else [cells[:3], cells[3:]]  # scalars have two columns
        for group in beside:
            if len(group) > 2 and group[0]:
                _learn_input(letters, group, network)
    for look, code in re.findall(r"\\texorpdfstring\{\$(.*?)\$\}\{(.*?)\}\}", tex):
        if "\\mathbf" in look or "\\boldsymbol" in look:
            letters.wholes[look] = code.replace("\\_", "_")
    for look, extent in re.findall(r"\$([A-Za-z](?:'+|_\{\d+\}))\$ is \$([^$]*)\$", tex):
        letters.sizes[look] = integer(extent, letters)
    _learn_ranges(letters, tex)
    _learn_borders(letters, tex)
    _learn_functions(letters, tex, network)
    return letters


def _widths(network: Network) -> list[str]:
    shapes = [network.shape(t.name) for t in (*network.inputs, *network.equations)]
    return [a.name for shape in shapes for p in shape for a in p.atoms() if isinstance(a, DimAt)]


def _learn_borders(letters: Letters, tex: str) -> None:
    """H_{-1} stands for H^{(0)}: what a slice outside is, found by its look once the looks are known."""
    for look, given in re.findall(r"\$([^$]*)\$ stands for \$([^$]*)\$", tex):
        whole = strip_subscript(look)
        letters.borders.setdefault(whole, []).append((subscript_parts(look[len(whole) + 2 : -1]), given))


def _size_look(name: str) -> str:
    match = re.fullmatch(r"([A-Za-z])(\d+)", name)
    return f"{match[1]}_{{{match[2]}}}" if match else name if len(name) == 1 else f"\\mathit{{{name}}}"


def _learn_input(letters: Letters, cells: list[str], network: Network) -> None:
    code = next(c for c in cells if c.startswith("\\texttt"))[len("\\texttt{") : -1].replace("\\_", "_")
    tensor = network.tensor(code)
    assert tensor is not None
    letters.shapes[code] = tensor.shape
    letters.wholes[cells[0]] = code
    for letter in re.findall(r"^\\mathbf\{([A-Z])\}", cells[0]):
        letters.vectors[cells[0].replace(letter, letter.lower(), 1)] = code
    entry = cells[1] if tensor.shape else cells[0]
    letters.entries[strip_subscript(entry) if tensor.shape else entry] = code


def _learn_ranges(letters: Letters, tex: str) -> None:
    sentence = re.search(r"Indices count from 0: (.*?)\.\s+(?:A bar|\$)", tex)
    loose = re.search(r"(\$[^.]*?) runs? as far as the dimension goes", tex)
    letters.loose = tuple(re.findall(r"\$([^$]*)\$", loose[1])) if loose else ()
    for group, stop in re.findall(r"\$([^$<]*)<([^$]*)\$", sentence[1] if sentence else ""):
        for letter in group.split(","):
            letters.indices[letter.strip()] = integer(stop, letters)


def _learn_functions(letters: Letters, tex: str, network: Network) -> None:
    if network.functions:
        sentence = re.search(r"((?:\$[^$]*\$(?:, | and )?)+) (?:is an|are) unknown function", tex)
        assert sentence
        looks = re.findall(r"\$([^$]*)\$", sentence[1])
        letters.functions = dict(zip(looks, (f for f, _ in network.functions), strict=True))


def integer(text: str, letters: Letters, letter: Callable[[str], Poly] | None = None) -> Poly:
    """An integer expression: N, 2, 4H + 1, \\lfloor (I + 1)/2\\rfloor, a label t_{n}; an index by `letter`."""
    reader = Whole(TOKEN.findall(text), letters, letter)
    value = reader.sum()
    if reader.tokens:
        raise Misread(f"{reader.tokens} left over in {text}")
    return value


@dataclass
class Whole:
    """Reads an integer expression."""

    tokens: list[str]
    letters: Letters
    letter: Callable[[str], Poly] | None

    def sum(self) -> Poly:
        total = Poly()
        sign = 1
        if self.tokens[:1] == ["-"]:
            sign = -1
            self.tokens.pop(0)
        while True:
            total = total + self.product() * sign
            if not self.tokens or self.tokens[0] not in ("+", "-"):
                return total
            sign = 1 if self.tokens.pop(0) == "+" else -1

    def product(self) -> Poly:
        value = self.factor()
        while self.tokens and self.tokens[0] not in ("+", "-", "/", ")", "\\rfloor"):
            value = value * self.factor()
        return value

    def factor(self) -> Poly:
        token = self.tokens.pop(0)
        if token.isdigit():
            return Poly.of(int(token))
        if token == "(":
            value = self.sum()
            assert self.tokens.pop(0) == ")"
            return value
        if token == "\\lfloor":
            top = self.sum()
            assert self.tokens.pop(0) == "/"
            value = Poly.of(Quotient(top, self.sum()))
            assert self.tokens.pop(0) == "\\rfloor"
            return value
        look = token + self.group() if LETTER.match(token) else token
        while self.tokens[:1] == ["'"]:
            look += self.tokens.pop(0)
        return self.name(look)

    def group(self) -> str:
        """A group in braces, as it stands."""
        depth, text = 0, ""
        while True:
            token = self.tokens.pop(0)
            depth += (token == "{") - (token == "}")
            text += token
            if not depth:
                return text

    def name(self, look: str) -> Poly:
        label = ""
        if self.tokens[:1] == ["^"]:
            self.tokens.pop(0)
            look += "^" + self.group()
        if self.tokens[:1] == ["_"]:
            self.tokens.pop(0)
            label = self.group()
        code = self.letters.entries.get(look)
        if code is not None and self.letters.shapes[code]:
            parts = split_top(label[1:-1], ",") if "," in label else letters_of(label[1:-1])
            return Poly.of(Read(code, tuple(integer(x, self.letters, self.letter) for x in parts)))
        if look in self.letters.widths:
            return Poly.of(DimAt(self.letters.widths[look], integer(label[1:-1], self.letters, self.letter)))
        full = look + (f"_{label}" if label else "")
        if full in self.letters.sizes:
            return self.letters.sizes[full]
        if self.letter is None:
            raise Misread(f"what is {full}?")
        return self.letter(full)


# --- formulas


@dataclass
class M:
    """A matrix that is being read: rows, columns (None: as many as its neighbour needs), and its entries."""

    rows: Poly | None
    columns: Poly | None
    at: Callable[[Poly, Poly], Expr]
    number: bool = False  # a number stands for every entry alike


ONE = Poly.of(1)


def divides(a: Expr, b: Expr) -> Expr:
    """[a | b] of integers: 1 where a goes into b without remainder, else 0."""
    bottom, top = build.as_integer(a), build.as_integer(b)
    assert bottom is not None
    assert top is not None
    even = Compare("==", build.integer(bottom * Quotient(top, bottom)), build.integer(top))
    return Where(even, build.UNIT, build.NIL)


def number(value: Expr) -> M:
    return M(ONE, ONE, lambda r, c: value, number=True)


def same(a: Poly | None, b: Poly | None) -> Poly | None:
    if a is not None and b is not None and a != b:
        if isinstance(a.atom, DimAt) and isinstance(b.atom, DimAt) and a.atom.name == b.atom.name:
            return general(a, b)
        raise Misread(f"{a} against {b}")
    return a if b is None else b


def general(*extents: Poly | None) -> Poly | None:
    """The width of any layer, where another is that of a layer that is known: the evaluation says whether they fit."""
    known = [e for e in extents if e is not None]
    return next((e for e in known if any(True for _ in indices_of(e))), known[0] if known else None)


def apart(a: Poly, b: Poly) -> bool:
    """Two named sizes that differ; a part of a tensor may be read with a smaller range."""
    return a != b and isinstance(a.atom, Dim) and isinstance(b.atom, Dim)


class Reader:
    """Reads one side; `whole` reads bold letters, with matrix products."""

    def __init__(self, text: str, letters: Letters, whole: bool, free: dict[str, Index]) -> None:
        self.tokens = [t for t in TOKEN.findall(text) if t not in SPACES and not SIZES.match(t)]
        self.letters, self.whole, self.free = letters, whole, free
        self.bound: list[dict[str, Index]] = []
        self.count = 0
        self.k = 0

    # tokens

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.k + ahead] if self.k + ahead < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if expected and token != expected:
            raise Misread(f"{expected} expected, {token} found in {''.join(self.tokens)}")
        self.k += 1
        return token

    def braced(self) -> str:
        """The raw text of a group in braces, or a single token."""
        if self.peek() != "{":
            return self.take()
        depth, start = 0, self.k
        while True:
            depth += (self.peek() == "{") - (self.peek() == "}")
            self.k += 1
            if not depth:
                return joined(self.tokens[start + 1 : self.k - 1])

    def inner(self, text: str) -> M:
        """A group read by itself, with the same letters."""
        reader = Reader(text, self.letters, self.whole, self.free)
        reader.bound, reader.count = self.bound, self.count + 50
        value = reader.sum()
        if reader.peek():
            raise Misread(f"{reader.peek()} left over in {text}")
        return value

    # sums and products

    def side(self) -> M:
        value = self.sum()
        if self.peek():
            raise Misread(f"{self.peek()} left over in {''.join(self.tokens)}")
        return value

    def sum(self) -> M:
        negative = self.peek() == "-" and bool(self.take())
        total = self.product()
        total = self.negated(total) if negative else total
        while self.peek() in ("+", "-"):
            sign = self.take()
            term = self.product()
            total = self.plus(total, term if sign == "+" else self.negated(term))
        return total

    def negated(self, a: M) -> M:
        return M(a.rows, a.columns, lambda r, c: build.neg(a.at(r, c)), a.number)

    def entrywise(self, a: M, b: M, combine: Callable[[Expr, Expr], Expr]) -> M:
        if a.number and b.number:
            return number(combine(a.at(ONE, ONE), b.at(ONE, ONE)))
        rows = b.rows if a.number else a.rows if b.number else same(a.rows, b.rows)
        columns = b.columns if a.number else a.columns if b.number else same(a.columns, b.columns)
        return M(rows, columns, lambda r, c: combine(a.at(r, c), b.at(r, c)))

    def plus(self, a: M, b: M) -> M:
        return self.entrywise(a, b, build.add)

    def product(self) -> M:
        value = self.factor()
        while (token := self.peek()) and token not in (
            "+",
            "-",
            ")",
            "]",
            "|",
            "}",
            "&",
            ",",
            "\\\\",
            "\\mid",
            "\\rvert",
            "\\rVert",
        ):
            if token in RELATIONS or token in ("\\end", "\\text"):
                break
            if token in ("\\odot", "\\oslash"):
                self.take()
                other = self.factor_row()
                divide = token == "\\oslash"
                value = self.entrywise(value, other, lambda x, y, d=divide: build.div(x, y) if d else times(x, y))
                continue
            if token == "/":
                self.take()
                value = self.entrywise(value, self.factor(), build.div)
                continue
            if token == "\\cdot":
                self.take()
            value = self.times(value, self.factor())
        return value

    def factor_row(self) -> M:
        """What stands behind an entrywise sign: a single factor (a matrix product there is in parentheses)."""
        return self.factor()

    def times(self, a: M, b: M) -> M:
        if a.columns is None and self.single(b) and not b.number:
            return M(a.rows, ONE, lambda r, c: times(a.at(r, Poly()), b.at(Poly(), Poly())))
        if a.number or b.number or self.single(a) or self.single(b):
            if self.single(a) and not a.number:
                a = number(a.at(Poly(), Poly()))
            elif self.single(b) and not b.number:
                b = number(b.at(Poly(), Poly()))
            return self.entrywise(a, b, times)
        inside = same(a.columns, b.rows)
        if inside is None:
            raise Misread("ones beside ones")
        if inside == ONE:
            return M(a.rows, b.columns, lambda r, c: times(a.at(r, Poly()), b.at(Poly(), c)))
        self.count += 1
        k = Index(f"s{self.count}", inside)
        of = Poly.of(k)
        return M(a.rows, b.columns, lambda r, c: Sum((k,), times(a.at(r, of), b.at(of, c))))

    def single(self, a: M) -> bool:
        return a.rows == ONE and a.columns == ONE

    # factors

    def factor(self) -> M:
        value = self.primary()
        while self.peek() == "^" or (self.peek() == "[" and ":" in self.tokens[self.k : self.closing(self.k + 1)]):
            value = self.raised(value, self.braced()) if self.take() == "^" else self.part(value)
        return value

    def part(self, value: M) -> M:
        """Z[:, H:2H]: rows and columns from a number on, up to another."""
        end = self.closing()
        text = joined(self.tokens[self.k : end]).replace("{:}", ":")
        spans = [span.split(":") for span in split_top(text, ",")]
        self.k = end + 1
        spans += [["", ""]] * (2 - len(spans))
        (r0, rows), (c0, columns) = (
            self.span(a, b, extent) for (a, b), extent in zip(spans, (value.rows, value.columns), strict=True)
        )
        return M(rows, columns, lambda r, c: value.at(r + r0, c + c0))

    def span(self, start: str, stop: str, extent: Poly | None) -> tuple[Poly, Poly | None]:
        if not stop.strip():
            return Poly(), extent
        first = self.poly(start)
        return first, self.poly(stop) - first

    def raised(self, value: M, exponent: str) -> M:
        if exponent == "\\top":
            return M(value.columns, value.rows, lambda r, c: value.at(c, r))
        power = self.inner(exponent.removeprefix("\\circ ").removeprefix("\\circ")).at(ONE, ONE)
        if not value.number and not self.single(value) and "\\circ" not in exponent:
            raise Misread("a matrix to a power")
        return M(value.rows, value.columns, lambda r, c: build.power(value.at(r, c), power), value.number)

    def primary(self) -> M:
        token = self.peek()
        if token and (token[0].isdigit()):
            return number(build.num(self.take()))
        rule = {
            "\\frac": self.fraction, "\\sqrt": self.root, "\\sum": self.summation, "\\max": self.extreme,
            "\\min": self.extreme, "(": self.parentheses, "[": self.iverson, "\\begin": self.environment,
            "\\lvert": self.absolute, "\\lVert": self.norm, "\\delta": self.delta, "\\operatorname": self.named,
            "\\pi": self.pi, "\\partial": self.unknown_partial, ".": self.dotted, "\\lfloor": self.floor,
        }.get(token)  # fmt: skip
        if rule:
            return rule()
        if token in FUNCTIONS:
            return self.applied(FUNCTIONS[self.take()])
        if token == "e" and self.peek(1) == "^" and "e" not in self.letters.entries:
            self.take()
            self.take()
            inner = self.inner(self.braced())
            return M(inner.rows, inner.columns, lambda r, c: Fn("exp", (inner.at(r, c),)), inner.number)
        return self.name()

    def floor(self) -> M:
        """A quotient rounded down, of integers."""
        end = self.tokens.index("\\rfloor", self.k) + 1
        text = joined(self.tokens[self.k : end])
        self.k = end
        return number(build.integer(self.poly(text)))

    def dotted(self) -> M:
        r"""\biggl. \frac \biggr|_{(n)}: a partial derivative through equation n alone."""
        self.take(".")
        value = self.fraction()
        self.take("|")
        self.take("_")
        self.braced()
        return value

    def fraction(self) -> M:
        self.take("\\frac")
        up, down = self.braced(), self.braced()
        if up.startswith("\\partial") and down.startswith("\\partial"):
            of, by = (inside(self.inner(t.removeprefix("\\partial")).at(ONE, ONE)) for t in (up, down))
            if not isinstance(of, Read) or not isinstance(by, Read):
                raise Misread(f"a partial derivative of {up} by {down}")
            return number(Partial(of, by))
        return self.entrywise(self.inner(up), self.inner(down), build.div)

    def root(self) -> M:
        self.take()
        inner = self.inner(self.braced())
        return M(inner.rows, inner.columns, lambda r, c: build.power(inner.at(r, c), build.num("1/2")), inner.number)

    def parentheses(self) -> M:
        self.take("(")
        value = self.sum()
        self.take(")")
        return value

    def comparison(self) -> M:
        """1 where it holds, else 0: conditions may be whole matrices."""
        a = self.sum()
        if self.peek() == "\\mid":
            self.take()
            return self.entrywise(a, self.sum(), divides)
        result: M | None = None
        while self.peek() in RELATIONS:
            op = RELATIONS[self.take()]
            b = self.sum()
            one = self.entrywise(a, b, lambda x, y, op=op: Where(Compare(op, x, y), build.UNIT, build.NIL))
            result, a = one if result is None else self.entrywise(result, one, both), b
        if result is None:
            raise Misread(f"no comparison in {''.join(self.tokens)}")
        return result

    def condition(self) -> M:
        """Comparisons joined by a word."""
        value = self.comparison()
        while self.peek() == "\\text":
            self.take()
            word = self.braced()
            if word not in ("and", "or"):
                raise Misread(f"what is {word}?")
            other = self.comparison()
            value = self.entrywise(value, other, both if word == "and" else either)
        return value

    def iverson(self) -> M:
        self.take("[")
        inside = self.tokens[self.k : self.closing()]
        value = self.argmax() if "\\operatorname*" in inside else self.beside() if "|" in inside else self.condition()
        self.take("]")
        return value

    def beside(self) -> M:
        """[A | B]: matrices side by side."""
        blocks = [self.sum()]
        while self.peek() == "|":
            self.take()
            blocks.append(self.sum())
        stops, total = [], Poly()
        for block in blocks:
            assert block.columns is not None
            total = total + block.columns
            stops.append((total, block.columns, block))

        def at(r: Poly, c: Poly) -> Expr:
            last, width, block = stops[-1]
            result = block.at(r, c - last + width)
            for stop, width, block in reversed(stops[:-1]):
                inside = Compare("<", build.integer(c), build.integer(stop))
                result = Where(inside, block.at(r, c - stop + width), result)
            return result

        return M(blocks[0].rows, total, at)

    def closing(self, start: int | None = None) -> int:
        """Where the bracket that is open here closes."""
        depth = 1
        for k in range(self.k if start is None else start, len(self.tokens)):
            depth += (self.tokens[k] == "[") - (self.tokens[k] == "]")
            if not depth:
                return k
        raise Misread("a bracket that is never closed")

    def argmax(self) -> M:
        """[(a, b) = argmax_{u,v} x]: x is extreme at (a, b), and at no place before it in row-major order."""
        end = self.tokens.index("=", self.k)
        text = joined(self.tokens[self.k : end]).removeprefix("(").removesuffix(")")
        self.k = end + 2
        kind = self.braced().removeprefix("arg")
        self.limits()
        found = dict(self.bound[-1])
        body = self.product().at(ONE, ONE)
        self.bound.pop()
        places = [self.poly(x) for x in (split_top(text, ",") if len(found) > 1 else [text])]
        letters = tuple(found.values())
        best = Extreme(kind, letters, body, TRUE)
        others = tuple(Index(f"{i.name}_other", i.stop) for i in letters)
        there = substitute(body, {i: Poly.of(o) for i, o in zip(letters, others, strict=True)})
        mine, before = Poly(), Poly()
        for i, place, other in zip(letters, places, others, strict=True):
            mine, before = mine * i.stop + place, before * i.stop + other
        earlier = And((Compare("<", build.integer(before), build.integer(mine)), Compare("==", there, best)))
        count = Sum(others, Where(earlier, build.UNIT, build.NIL))
        hit = Compare("==", substitute(body, dict(zip(letters, places, strict=True))), best)
        return number(Where(And((hit, Compare("==", count, build.NIL))), build.UNIT, build.NIL))

    def environment(self) -> M:
        self.take("\\begin")
        return self.written_out() if self.braced() == "bmatrix" else self.cases()

    def written_out(self) -> M:
        """A matrix of which every entry stands there."""
        rows: list[list[Expr]] = [[]]
        while self.peek() != "\\end":
            rows[-1].append(self.sum().at(ONE, ONE))
            if self.peek() == "&":
                self.take()
            elif self.peek() == "\\\\":
                self.take()
                self.k = self.closing(self.k + 1) + 1  # the space between two rows
                rows.append([])
        self.take("\\end")
        self.braced()

        def at(r: Poly, c: Poly) -> Expr:
            places = (
                (build.delta(r, Poly.of(k)), build.delta(c, Poly.of(j)), e)
                for k, row in enumerate(rows)
                for j, e in enumerate(row)
            )
            return build.add(*(build.mul(*place) for place in places))

        return M(Poly.of(len(rows)), Poly.of(len(rows[0])), at)

    def joined_rows(self) -> None:
        """A line of a value that goes on in the next has no condition behind it: the two are one."""
        depth, told, k = 1, False, self.k
        while depth:
            token = self.tokens[k]
            depth += {"\\begin": 1, "\\end": -1}.get(token, 0)
            if depth == 1 and token == "\\\\" and not told:
                del self.tokens[k]
                continue
            told = (told or token == "&") and token != "\\\\" if depth == 1 else told
            k += 1

    def cases(self) -> M:
        self.joined_rows()
        rows: list[tuple[M, Cond | None]] = []
        while self.peek() != "\\end":
            value = self.sum()
            self.take("&")
            self.take("\\text")
            words = self.braced()
            if words.startswith("if"):
                rows.append((value, holds(self.condition().at(ONE, ONE))))
            else:
                rows.append((value, None))
            if self.peek() == "\\\\":
                self.take()
        self.take("\\end")
        self.braced()
        full, last = rows[-1]
        assert last is None

        def at(r: Poly, c: Poly) -> Expr:
            result = full.at(r, c)
            for value, cond in reversed(rows[:-1]):
                assert cond is not None
                result = Where(cond, value.at(r, c), result)
            return result

        shown = [value for value, _ in reversed(rows) if not value.number] or [full]
        size = general(*(v.rows for v in shown)), general(*(v.columns for v in shown))
        return M(*size, at, all(value.number for value, _ in rows))

    def absolute(self) -> M:
        self.take()
        inner = self.sum()
        self.take("\\rvert")
        return M(inner.rows, inner.columns, lambda r, c: Fn("abs", (inner.at(r, c),)), inner.number)

    def norm(self) -> M:
        self.take()
        inner = self.sum()
        self.take("\\rVert")
        self.take("^")
        assert self.braced() == "2"
        self.count += 2
        i, j = (
            Index(f"s{self.count - k}", extent) for k, extent in enumerate((inner.rows or ONE, inner.columns or ONE))
        )
        return number(Sum((i, j), build.power(inner.at(Poly.of(i), Poly.of(j)), build.num(2))))

    def pi(self) -> M:
        self.take()
        return number(Pi())

    # sums

    def limits(self) -> list[str]:
        r"""Below a sum: n,k or 0 \\le s<T, and conditions; the letters are bound from here on."""
        self.take("_")
        text = self.braced()
        text = text.removeprefix("\\substack{").removesuffix("}") if text.startswith("\\substack") else text
        found: dict[str, Index] = {}
        conditions: list[str] = []
        self.bound.append(found)
        for part in text.split("\\\\"):
            match = re.fullmatch(r"(?:(.*)\\le )?\s*([^<]*)<(.*)", part.strip())
            if match and self.is_new(match[2].strip(), found):
                start = self.poly(match[1]) if match[1] else Poly()
                letter, stop = match[2].strip(), self.poly(match[3])
                found[letter] = Index(plain(letter), stop, start)
            elif re.search(r"[<>=]|\\(?:le|ge|ne|mid)\b", part):
                conditions.append(part)
            else:
                for letter in (x.strip() for x in part.split(",")):
                    found[letter] = Index(plain(letter), self.letters.indices[letter])
        return conditions

    def is_new(self, letter: str, found: Mapping[str, Index]) -> bool:
        """Is it a letter that the sum brings in, and not one that a condition speaks of?"""
        known = letter in found or letter in self.free or any(letter in scope for scope in self.bound)
        return letters_of(letter) == [letter] and letter not in self.letters.sizes and not known

    def bound_body(self) -> tuple[tuple[Index, ...], M, Cond]:
        """The indices below a sum, what is summed, and under which conditions."""
        conditions = [holds(self.condition_of(c)) for c in self.limits()]
        body = self.product()
        found = tuple(self.bound.pop().values())
        return found, body, And(tuple(conditions)) if conditions else TRUE

    def condition_of(self, text: str) -> Expr:
        reader = Reader(text, self.letters, self.whole, self.free)
        reader.bound = self.bound
        return reader.condition().at(ONE, ONE)

    def summation(self) -> M:
        self.take()
        found, body, cond = self.bound_body()

        def at(r: Poly, c: Poly) -> Expr:
            inner = body.at(r, c)
            return Sum(found, inner if cond == TRUE else Where(cond, inner, build.NIL))

        return M(body.rows, body.columns, at, body.number)

    def extreme(self) -> M:
        kind = self.take().removeprefix("\\")
        found, body, cond = self.bound_body()
        return number(Extreme(kind, found, body.at(ONE, ONE), cond))

    # names

    def delta(self) -> M:
        self.take()
        self.take("_")
        a, b = self.subscripts(self.braced(), (None, None))
        return number(Delta(a, b))

    def subscripts_of(self, code: str, text: str) -> tuple[Poly, ...]:
        """The letters of a tensor's subscript; how far the others go may depend on the first."""
        first = self.letter(subscript_parts(text)[0].strip(), self.letters.shapes[code][0])
        return self.subscripts(text, self.letters.extents(Read(code, (first,))))

    def subscripts(self, text: str, dims: tuple[Poly | None, ...]) -> tuple[Poly, ...]:
        """The letters of a subscript; a free letter takes the extent of the first tensor that it stands at."""
        parts = subscript_parts(text)
        if len(parts) != len(dims) == len(text):
            parts = list(text)  # numbers of one digit
        if len(parts) != len(dims):
            raise Misread(f"{len(dims)} indices expected in {text}")
        return tuple(self.letter(p.strip(), d) for p, d in zip(parts, dims, strict=True))

    def letter(self, text: str, extent: Poly | None) -> Poly:
        for scope in reversed(self.bound):
            if text in scope:
                if extent is not None and apart(scope[text].stop, extent):
                    raise Misread(f"{text} runs to {scope[text].stop}, the tensor to {extent}")
                return Poly.of(scope[text])
        if text in self.letters.indices:
            stop = extent if extent is not None else self.letters.indices[text]
            known = self.free.setdefault(text, Index(plain(text), stop))
            if extent is not None and apart(known.stop, extent):
                raise Misread(f"{text} runs to {known.stop}, the tensor to {extent}")
            return Poly.of(known)
        if text in self.letters.loose and extent is not None:
            return Poly.of(self.free.setdefault(text, Index(plain(text), extent)))
        return self.poly(text)

    def poly(self, text: str) -> Poly:
        """A size, an index or a sum of such."""
        return integer(text.strip(), self.letters, self.known_letter)

    def known_letter(self, text: str) -> Poly:
        """An index letter that is bound or free."""
        for scope in reversed(self.bound):
            if text in scope:
                return Poly.of(scope[text])
        if text in self.letters.loose and text in self.free:
            return Poly.of(self.free[text])
        if text not in self.letters.indices:
            raise Misread(f"what is {text}?")
        return Poly.of(self.free.setdefault(text, Index(plain(text), self.letters.indices[text])))

    def name(self) -> M:
        """A tensor's entry or a whole one, a size, an unknown function."""
        letter, marks = self.head()
        if letter == "\\mathbf{1}":
            return M(None, ONE, lambda r, c: build.UNIT)
        if letter == "\\mathbb{I}":
            return self.unit()
        label = ""
        if self.peek() == "^" and not self.power_follows(letter):
            self.take()
            label = self.braced()
        top = label.endswith("\\top")
        label = label.removesuffix("\\top")
        look = letter + (f"^{{{label}}}" if label else "")
        if self.peek() == "_" and self.is_name(look + self.subscript_ahead()):
            look += self.subscript_ahead()
            self.take()
            self.braced()
        while self.peek() == "'" and look not in self.letters.functions:
            look += self.take()
        code = self.letters.wholes.get(look) or self.letters.vectors.get(look)
        if code and self.peek() == "_" and ("\\mathbf" in look or "\\boldsymbol" in look):
            self.take()
            return self.slice(look, code, marks, top, self.braced())
        if look in self.letters.wholes and (self.whole or look not in self.letters.entries):
            return self.matrix(self.letters.wholes[look], marks, top)
        if look in self.letters.entries:
            return self.entry(self.letters.entries[look], marks)
        if look in self.letters.sizes:
            return number(build.integer(self.letters.sizes[look]))
        if look in self.letters.indices or any(look in s for s in self.bound):
            return number(build.integer(self.letter(look, None)))
        if look in self.letters.functions or look in CALLS:
            return self.call(look)
        raise Misread(f"what is {look}? in {''.join(self.tokens)}")

    def unit(self) -> M:
        """The unit matrix, or the rows of it that labels name."""
        if self.peek() != "_":
            return M(None, None, lambda r, c: build.delta(r, c))
        self.take()
        labels = self.inner(self.braced())

        def at(r: Poly, c: Poly) -> Expr:
            label = labels.at(r, Poly())
            assert isinstance(label, Read)
            return Delta(Poly.of(label), c)

        return M(labels.rows, None, at)

    def slice(self, look: str, code: str, marks: Marks, top: bool, text: str) -> M:
        """The slice at the first subscripts; where the page says that it stands for something else, that."""
        parts = [p.strip() for p in subscript_parts(text)]
        first = self.letter(parts[0], self.letters.shapes[code][0])
        extents = self.letters.extents(Read(code, (first,)))
        lead = tuple(self.letter(p, d) for p, d in zip(parts, extents, strict=False))
        dims = extents[len(lead) :]
        name = self.letters.marked(code, marks)
        borders = [self.border(b, lead) for b in self.letters.borders.get(with_marks(look, marks), [])]

        def at(r: Poly, c: Poly) -> Expr:
            result: Expr = Read(name, (*lead, *(r, c)[: len(dims)]))
            for cond, given, table in borders:
                if cond != TRUE:
                    result = chosen(cond, substitute(given.at(r, c), table), result)
            return result

        rows, columns = (*dims, ONE, ONE)[:2]
        return M(columns, rows, lambda r, c: at(c, r)) if top else M(rows, columns, at)

    def border(self, said: tuple[list[str], str], lead: tuple[Poly, ...]) -> tuple[Cond, M, dict[Index, Poly]]:
        """When a slice is one that the page says stands for another, and that other, its letters replaced."""
        conditions: list[Cond] = []
        table: dict[Index, Poly] = {}
        inner = Reader(said[1], self.letters, True, {})
        for text, sub in zip(said[0], lead, strict=True):
            if text.strip() in self.letters.indices or text.strip() in self.letters.loose:
                stop = self.letters.indices.get(text.strip(), sub.index.stop if sub.index else ONE)
                inner.free[text.strip()] = letter = Index(f"border{len(table)}", stop)
                table[letter] = sub
            elif sub.index is None:
                conditions.append(build.compare("==", build.integer(sub), build.integer(self.poly(text))))
            else:
                return TRUE, number(build.NIL), {}
        return build.both(*conditions), inner.side(), table

    def is_name(self, look: str) -> bool:
        """Is it a scalar, a size or an index letter with its number below?"""
        known = {**self.letters.entries, **self.letters.sizes, **self.letters.indices}
        return look in known or any(look in scope for scope in self.bound)

    def head(self) -> tuple[str, Marks]:
        token = self.take()
        if token in ("\\adj", "\\dot"):
            letter, marks = self.braced(), [token]
            while match := re.fullmatch(r"(\\adj|\\dot)\{(.*)\}", letter):
                marks.append(match[1])
                letter = match[2]
            return letter, tuple(marks)
        return (f"{token}{{{self.braced()}}}" if LETTER.match(token) else token), ()

    def power_follows(self, letter: str) -> bool:
        """Is what stands raised an exponent and no label?"""
        text = Reader.braced_at(self, self.k + 1)
        known = {**self.letters.entries, **self.letters.wholes, **self.letters.vectors}
        label = text.removesuffix("\\top")
        return f"{letter}^{{{label}}}" not in known and text != "\\top"

    def braced_at(self, k: int) -> str:
        saved, self.k = self.k, k
        text = self.braced()
        self.k = saved
        return text

    def subscript_ahead(self) -> str:
        return f"_{{{self.braced_at(self.k + 1)}}}"

    def entry(self, code: str, marks: Marks) -> M:
        dims = self.letters.shapes[code]
        subs: tuple[Poly, ...] = ()
        if dims:
            self.take("_")
            subs = self.subscripts_of(code, self.braced())
        value: Expr = Read(self.letters.marked(code, marks), subs)
        for cond, given, table in [self.border(b, subs) for b in self.starts(code, marks)] if dims else []:
            if cond != TRUE:
                value = chosen(cond, substitute(given.at(ONE, ONE), table), value)
        return number(value)

    def starts(self, code: str, marks: Marks) -> list[tuple[list[str], str]]:
        """What the page says of entries that no equation defines."""
        looks = [with_marks(look, marks) for look, name in self.letters.entries.items() if name == code]
        return [b for look in looks for b in self.letters.borders.get(look, [])]

    def matrix(self, code: str, marks: Marks, top: bool) -> M:
        dims = self.letters.shapes[code]
        name = self.letters.marked(code, marks)
        rows, columns = (*dims, ONE, ONE)[:2]
        if not dims:
            return number(Read(name))
        value = M(rows, columns, lambda r, c: Read(name, (r, c)[: len(dims)]))
        return M(columns, rows, lambda r, c: value.at(c, r)) if top else value

    # functions

    def arguments(self) -> list[M]:
        self.take("(")
        args = [self.sum()]
        while self.peek() == ",":
            self.take()
            args.append(self.sum())
        self.take(")")
        return args

    def applied(self, name: str) -> M:
        """log p of a single name, or log(...); log_2 p, log Gamma(...), psi'(...)."""
        if name == "log" and self.peek() == "_":
            self.take()
            name = f"log{self.take()}"
        if name == "log" and self.peek() == "\\Gamma" and self.peek(1) == "(":
            self.take()
            name = "lgamma"
        while name in POLYGAMMA and self.peek() == "'":
            self.take()
            name = POLYGAMMA[POLYGAMMA.index(name) + 1]
        inner = self.parentheses() if self.peek() == "(" else self.name()
        return M(inner.rows, inner.columns, lambda r, c: Fn(name, (inner.at(r, c),)), inner.number)

    def call(self, look: str) -> M:
        orders = 0
        while self.peek() == "'":
            self.take()
            orders += 1
        args = self.arguments()
        if look in self.letters.functions:
            marks = (orders,) if len(args) == 1 else (0,) * len(args)
            return self.fn(self.letters.functions[look], args, marks)
        body = CALLS[look]
        return M(args[0].rows, args[0].columns, lambda r, c: body(args[0].at(r, c)), args[0].number)

    def fn(self, name: str, args: list[M], orders: tuple[int, ...]) -> M:
        first = args[0]
        return M(
            first.rows, first.columns, lambda r, c: Fn(name, tuple(a.at(r, c) for a in args), orders), first.number
        )

    def unknown_partial(self) -> M:
        places: list[int] = []
        while self.peek() == "\\partial":
            self.take()
            self.take("_")
            places.append(int(self.braced()))
            if self.peek() == "^":
                self.take()
                places.extend(places[-1:] * (int(self.braced()) - 1))
        look, _ = self.head()
        if self.peek() == "_":
            look += self.subscript_ahead()
            self.take()
            self.braced()
        args = self.arguments()
        orders = tuple(places.count(k) for k in range(1, len(args) + 1))
        return self.fn(self.letters.functions[look], args, orders)

    def named(self) -> M:
        self.take()
        name = self.braced().replace("\\_", "_")
        first = self.arguments()[0] if self.peek() == "(" else self.name()
        if name == "softmax":
            self.count += 1
            column = first.columns == ONE
            k = Index(f"s{self.count}", (first.rows if column else first.columns) or ONE)
            place = Poly.of(k)
            return M(first.rows, first.columns, lambda r, c: build.div(
                Fn("exp", (first.at(r, c),)),
                Sum((k,), Fn("exp", (first.at(place, c) if column else first.at(r, place),)))))  # fmt: skip
        if name == "diag":
            return M(first.rows, first.rows, lambda r, c: times(build.delta(r, c), first.at(r, Poly())))
        body = CALLS.get(name) or self.letters.calls.get(name)
        if body:
            return M(first.rows, first.columns, lambda r, c: body(first.at(r, c)), first.number)
        if name in TOTALS:
            return self.total(first, *TOTALS[name])
        if name.startswith("row"):
            self.count += 1
            k = Index(f"s{self.count}", first.columns or ONE)
            return M(first.rows, ONE, lambda r, c: Extreme(name[3:], (k,), first.at(r, Poly.of(k)), TRUE))
        if name not in ("erf", "erfc", "sign"):
            raise UnknownCall(f"what is {name}?")
        return M(first.rows, first.columns, lambda r, c: Fn(name, (first.at(r, c),)), first.number)

    def total(self, first: M, along: str, mean: bool) -> M:
        """At each place the sum, or the mean, of its row or its column."""
        size = first.columns if along == "row" else first.rows
        if size is None:
            raise Misread("the sum of ones that are any number")
        self.count += 1
        k = Index(f"s{self.count}", size)
        of = Poly.of(k)
        share = build.power(build.integer(size), build.MINUS) if mean else build.UNIT
        return M(first.rows, first.columns, lambda r, c: times(
            share, Sum((k,), first.at(r, of) if along == "row" else first.at(of, c))))  # fmt: skip


def holds(bracket: Expr) -> Cond:
    assert isinstance(bracket, Where)
    return bracket.cond


def both(a: Expr, b: Expr) -> Expr:
    return Where(And((holds(a), holds(b))), build.UNIT, build.NIL)


def either(a: Expr, b: Expr) -> Expr:
    return Where(Or((holds(a), holds(b))), build.UNIT, build.NIL)


def times(a: Expr, b: Expr) -> Expr:
    """A product as it is written, nothing cancelled; a bracket that is 0 makes it 0 whatever stands beside it."""
    for bracket, other in ((a, b), (b, a)):
        if isinstance(bracket, Where) and bracket.other == build.NIL:
            inside = other if bracket.then == build.UNIT else Mul((bracket.then, other))
            return Where(bracket.cond, inside, build.NIL)
    return Mul((a, b))


def chosen(cond: Cond, given: Expr, otherwise: Expr) -> Expr:
    """What is given where a condition holds; where that is 0, what stands beside it is not asked for."""
    if given == build.NIL:
        return Where(build.negate(cond), otherwise, given)
    return build.where(cond, given, otherwise)


def inside(e: Expr) -> Expr:
    """An entry as it is where it is one of its tensor, whatever it stands for outside."""
    return inside(e.then if e.other == build.NIL else e.other) if isinstance(e, Where) else e


def plain(letter: str) -> str:
    return re.sub(r"\W", "", letter.replace("'", "_"))


def joined(tokens: list[str]) -> str:
    after = [*tokens[1:], ""]
    return "".join(
        t + " " if t.startswith("\\") and t[-1].isalpha() and follow[:1].isalpha() else t
        for t, follow in zip(tokens, after, strict=True)
    )


def subscript_parts(text: str) -> list[str]:
    """What stands between commas; letters side by side; or one longer subscript."""
    if "," in text:
        return split_top(text, ",")
    parts = letters_of(text)
    return parts if "".join(parts).replace(" ", "") == text.replace(" ", "") else [text]


def letters_of(text: str) -> list[str]:
    """The letters of a subscript without commas, each with its own number, accent or primes."""
    return re.findall(r"(?:\\(?:tilde|hat|mathit)\s*\{[^}]*\}|(?:\\[a-zA-Z]+\s?|[a-zA-Z])(?:_\{\d+\})?)'*|\d+", text)


# --- the whole page


@dataclass
class Page:
    """What was read: the equalities, those with a call known by its name alone, and how many signs there are."""

    equalities: list[Equality]
    by_name: list[str]
    signs: int


def read_page(
    tex: str, network: Network, adjoints: Mapping[str, str], tangents: Mapping[str, str] | None = None
) -> Page:
    """Read every displayed equality of a derivation."""
    letters, rows = learn_page(tex, network, adjoints)
    letters.tangents = tangents or {}
    page = Page([], [], count_signs(tex[tex.index("\\begin{document}") :]))
    for sides in rows:
        try:
            page.equalities += read_chain(sides, letters)
        except UnknownCall:
            page.by_name += sides[1:]
    return page


def learn_page(tex: str, network: Network, adjoints: Mapping[str, str]) -> tuple[Letters, list[list[str]]]:
    """What the letters mean, and every chain that is displayed."""
    tex = tex[tex.index("\\begin{document}") :]
    letters = learn(tex, network, adjoints)
    rows = [chain for d in displays(tex) if "=" in d for chain in chains(d)]
    rows += [[s.strip() for s in split_top(unfit(" ".join(cells).replace("\\qquad", "")), "=")] for cells in boxed(tex)]
    definitions = iter(network.equations)
    for sides in rows:
        _learn_definition(sides[0], letters, definitions)
    return letters, rows


def _learn_definition(left: str, letters: Letters, definitions: object) -> None:
    """The left side of a numbered equation names the next quantity of the network; then its bold letter."""
    if "\\adj" in left or "\\dot" in left or left.startswith(("\\frac", "\\sum", "\\bigg")) or is_known(left, letters):
        return
    bold = "\\mathbf" in left or "\\boldsymbol" in left
    left = strip_subscript(left) if bold else left
    if bold and (left in letters.wholes or left in letters.vectors):
        return
    if bold:
        letters.wholes[left] = next(reversed(letters.shapes))
        return
    equation = next(definitions)  # type: ignore[call-overload]
    letters.shapes[equation.name] = equation.shape
    look = strip_subscript(left) if equation.shape else left
    letters.entries[look] = equation.name
    if not equation.shape:
        letters.wholes[look] = equation.name
        return
    match = re.fullmatch(r"([a-zA-Z])(\^\{.*\})?", look)
    if match:
        for letter in (match[1].upper(), match[1]):
            letters.wholes.setdefault(f"\\mathbf{{{letter}}}{match[2] or ''}", equation.name)
        letters.vectors[f"\\mathbf{{{match[1]}}}{match[2] or ''}"] = equation.name


def is_known(left: str, letters: Letters) -> bool:
    if left in letters.wholes or left in letters.entries or strip_subscript(left) in letters.vectors:
        return True
    code = letters.entries.get(strip_subscript(left))
    return code is not None and bool(letters.shapes[code])


def _learn_call(sides: list[str], letters: Letters) -> None:
    """z = elu(u) = ...: what stands behind a call of a single entry is its definition."""
    pattern = r"\\operatorname\{([^}]*)\}\\?[a-z]*\((.*?)\\?[a-z]*\)"
    match = re.fullmatch(pattern, sides[1]) if len(sides) == 3 else None
    if match is None or match[1].replace("\\_", "_") in {**CALLS, **letters.calls}:
        return
    free: dict[str, Index] = {}
    argument = Reader(match[2], letters, False, free).side().at(ONE, ONE)
    body = Reader(sides[2], letters, False, free).side().at(ONE, ONE)
    name = match[1].replace("\\_", "_")
    letters.calls[name] = lambda u: replace_reads(body, lambda r: u if r == argument else None)


def read_chain(sides: list[str], letters: Letters) -> list[Equality]:
    whole = any("\\mathbf" in s or "\\boldsymbol" in s or "\\lVert" in s for s in sides)
    free: dict[str, Index] = {}
    _learn_call(sides, letters)
    values = [Reader(s, letters, whole, free).side() for s in sides]
    left = values[0]
    r, c = (
        Poly.of(Index(n, e)) if e not in (None, ONE) else Poly() for n, e in (("row", left.rows), ("col", left.columns))
    )
    for value in values[1:]:
        if whole and not value.number:
            same(left.rows, value.rows)
            same(left.columns, value.columns)
    entries = [v.at(r, c) for v in values]
    return [Equality(a, b, " = ".join(sides)[:200]) for a, b in pairwise(entries)]
