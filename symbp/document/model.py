"""What a document is made of, whatever it is written in: sections of blocks, and every formula as data.

A side of an equality is an index expression, a whole matrix, or a call with what it stands for. What is said is
data too (`said`). A writer turns sides into its format and says the sentences in a language (`words`); nothing here is
text of any format, or of any language.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from symbp.core.expr import Cond, Expr
from symbp.core.integers import Index, Poly
from symbp.document.drawn import Drawing, FigureRows, Grids, Picture
from symbp.document.said import LineRange, Part, Product, Quoted, Said, Words
from symbp.document.starts import Starts
from symbp.escape import Prose
from symbp.matrix import Matrix
from symbp.matrix.nodes import Named

# --- sides of equalities


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, or a number."""

    expr: Expr | Cond


@dataclass(frozen=True, slots=True)
class MatrixSide:
    """A whole matrix, or a slice; the letters of its rows and columns are `indices`."""

    matrix: Matrix
    indices: tuple[Index, ...]


@dataclass(frozen=True, slots=True)
class CallSide:
    """A call applied entry by entry, sigmoid(z_nh), and the expression it stands for."""

    function: str
    args: tuple[Expr, ...]
    value: Expr


@dataclass(frozen=True, slots=True)
class Grid:
    """A matrix of which every entry is written out."""

    rows: tuple[tuple[Expr, ...], ...]


Terms = tuple[tuple[float, ...], ...]  # a sum of products of numbers


@dataclass(frozen=True, slots=True)
class Figures:
    """A sum of products of an example's numbers."""

    terms: Terms


@dataclass(frozen=True, slots=True)
class FigureGrid:
    """A matrix of such sums."""

    rows: tuple[tuple[Terms, ...], ...]


Side = Entry | MatrixSide | CallSide | Grid | Figures | FigureGrid


# --- blocks


@dataclass(frozen=True, slots=True)
class Row:
    """`= value`, why, and its equation's number where the row is what the number stands for.

    `beside` says that it may go on in the line of the row before, whose reason is then left out.
    """

    value: Side
    why: Words = ()
    number: int | None = None
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """`lhs = value = value ...`, a row for each; `beside` says that it may stand in the last line of the one before."""

    lhs: Side
    rows: tuple[Row, ...]
    where: Said
    beside: bool = False


@dataclass(frozen=True, slots=True)
class Display:
    """Chains set together, aligned at their equals signs."""

    chains: tuple[Chain, ...]


@dataclass(frozen=True, slots=True)
class Definition:
    """A forward equation: its index form, its matrix form where it has one, its shape, its number, what the user calls
    it.
    """

    index: Chain
    whole: Chain | None
    dims: tuple[Poly, ...]
    number: int
    called: Quoted | None = None


@dataclass(frozen=True, slots=True)
class Definitions:
    """The forward equations."""

    rows: tuple[Definition, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, sentence by sentence."""

    words: Words


@dataclass(frozen=True, slots=True)
class Notes:
    """Remarks that stand beside each other, as many as there are to make."""

    sentences: Words


@dataclass(frozen=True, slots=True)
class Remark:
    """A paragraph under a head of its own, which stands in its first line."""

    head: Said
    words: Words


@dataclass(frozen=True, slots=True)
class Numbers:
    """Tensors with their numbers, of an array of more dimensions a slice: rows of entries; a vector has one row."""

    head: Said
    arrays: tuple[tuple[Named, tuple[tuple[float, ...], ...]], ...]


@dataclass(frozen=True, slots=True)
class Signs:
    """Sentences on signs, each by the name of its sign, partial.bar where it is that of a notation; those of signs that
    are not printed are left out.
    """

    sentences: tuple[tuple[str, Said], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header; a cell may be empty."""

    header: Words
    rows: tuple[tuple[Part | None, ...], ...]
    align: str
    columns: int = 1  # how many times the header stands side by side


@dataclass(frozen=True, slots=True)
class Statement:
    """A condition that holds of the data, with its label; an equality where it is one."""

    label: str
    statement: Cond
    equality: Chain | None


@dataclass(frozen=True, slots=True)
class BoxRow:
    """A line of the box of gradients; `cost` are the operations of its sums of products. It stands `inside` a loop, of
    which it may be the first: `head` says of the loop how it runs.
    """

    chain: Chain
    dims: tuple[Poly, ...]
    number: int | None
    lines: LineRange | None
    gradient: bool
    cost: tuple[Product, ...] = ()
    inside: bool = False
    head: Said | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """All that a backward pass computes, in its order; the gradients are marked."""

    rows: tuple[BoxRow, ...]


@dataclass(frozen=True, slots=True)
class Updates:
    """theta <- theta - eta * gradient, for each parameter, below what is said of it: pairs of a parameter and its
    gradient; of one that differs by layer, slices at a letter.
    """

    words: Words
    pairs: tuple[tuple[Named, Named, Index | None], ...]


EntryRows = tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, slots=True)
class Moves:
    """A step of gradient descent by numbers: of each matrix of weights the weights and their adjoints, both as entries
    and as numbers.
    """

    grids: tuple[tuple[EntryRows, EntryRows, FigureRows, FigureRows], ...]
    rate: float


Block = (
    Display
    | Definitions
    | Paragraph
    | Notes
    | Remark
    | Numbers
    | Signs
    | Table
    | Statement
    | Box
    | Updates
    | Moves
    | Picture
    | Grids
    | Drawing
)


SHORT, STEPS, FULL = DETAILS = "short", "steps", "full"  # results; what a lecture shows; with every line
BAR, PARTIAL, DELTA = NOTATIONS = "bar", "partial", "delta"  # of the derivative of the loss: zbar, dL/dz, delta^z
SCALAR, INDEX, MATRIX = VIEWS = "scalar", "index", "matrix"  # every entry by itself; any entry; whole arrays


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands below it; `level` 1 is a section, 2 a part of one; `details` say at which levels of
    detail it is shown, `views` in which view. One of the scalar view alone speaks of the example's sizes.
    """

    title: Said
    blocks: tuple[Block, ...]
    level: int = 1
    details: tuple[str, ...] = DETAILS
    views: tuple[str, ...] = VIEWS

    @property
    def is_by_entries(self) -> bool:
        """Does it speak of single entries?"""
        return self.views == (SCALAR,)


@dataclass(frozen=True, slots=True)
class Look:
    """What names are given looks: see `names.choose_names`; and the usual ranges of index letters.

    `extents` are long extents, each with the size whose letter it borrows. `borders` are slices that no equation
    defines, H[-1], each with what it stands for, `starts` entries of that kind.
    """

    ranks: tuple[tuple[str, int], ...]
    sizes: tuple[str, ...]
    ranges: tuple[tuple[str, tuple[Poly, Poly]], ...]
    functions: tuple[str, ...]
    calls: tuple[str, ...]
    adjoints: tuple[tuple[str, str], ...]
    tangents: tuple[tuple[str, str], ...]
    loss: str
    loss_number: int | None
    shared: frozenset[str] = field(default_factory=frozenset)
    borders: tuple[tuple[Named, Matrix], ...] = ()
    extents: tuple[tuple[str, Poly], ...] = ()
    starts: Starts = ()
    notation: str = BAR
    parameters: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Document:
    """A derivation to read."""

    name: str
    subtitle: Prose
    look: Look
    sections: tuple[Section, ...]
    sizes: tuple[tuple[str, int], ...] = ()  # those of the example

    def at(self, detail: str) -> Document:
        """What is shown of it at a level of detail."""
        return replace(self, sections=tuple(s for s in self.sections if detail in s.details))
