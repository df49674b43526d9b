"""An array program: statements over arrays with symbolic shapes, one operation each, every name assigned once.

What comes out of lowering and what `emit` writes. It knows neither index notation nor NumPy; `lowering.run` evaluates
it. A routine is pure: `Statement.place` stays None until the last pass says where each result is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from symbp.core.build import NIL as ZERO
from symbp.core.expr import Expr
from symbp.core.functions import FUNCTIONS
from symbp.core.integers import Dim, Poly
from symbp.core.network import PARAM, Fact, Tensor, given_sizes, widths_of
from symbp.core.traverse import indices_of
from symbp.escape import Prose

T = TypeVar("T")
Shape = tuple[Poly, ...]

# Of each axis from where to where it goes, and by which step where that is not 1; None is all of it.
Span = tuple[tuple[Poly, ...] | None, ...]

FLOAT, BOOL, INT = "float", "bool", "int"
LIST = "list"  # a list of arrays, one for each value of the first index


@dataclass(frozen=True, slots=True)
class Value:
    """An array by its name. `kind` is float (the dtype of the parameters), bool or int."""

    name: str
    shape: Shape
    kind: str = FLOAT


Operand = Value | Expr  # an Expr is a scalar of numbers and sizes alone: `1 / N`


OF_EXPONENT = 0.63  # of the exponent of 2 that is the first too large; log(2) is 0.693


@dataclass(frozen=True, slots=True, eq=False)
class Reach(Expr):
    """The exponent where exponentials end: e^80 in float32, e^645 in float64, so that a sum of a thousand has room."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a result is written: over operand `operand` ("over"), into the array `name` ("scratch", "out").

    An array of another `shape` is the one that the result is reshaped to by all that needs it. With a `span`, from
    where to where on each axis, it is written into that part of the array.
    """

    how: str
    name: str = ""
    operand: int = 0
    shape: Shape = ()
    span: Span = ()


@dataclass(frozen=True, slots=True)
class Carry:
    """A value of a loop's body that comes from the step before: `start` at the first step, then what `next` was.

    The last pass says how: `how` is "" where a name is bound anew, "buffer" where the step writes into an array kept
    for it, "copy" where it is copied there.
    """

    value: Value
    start: Operand
    next: Operand
    first: Shape = ()  # its shape at the first step, where that is another
    how: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """That `length` is how many of `count` examples are taken at once, `each` of so many entries: a divisor of them."""

    length: Dim
    count: Poly
    each: Poly


@dataclass(frozen=True, slots=True)
class Loop:
    """The body of a loop over `variable`, 0 to `count` - 1, downwards where `backward`.

    `stored` pairs an array of all steps with the value that becomes its entry at this one. With a `step`, each takes as
    many entries at once.
    """

    variable: Dim
    count: Poly
    backward: bool
    statements: tuple[Statement, ...]
    stored: tuple[tuple[Value, Operand], ...]
    carried: tuple[Carry, ...] = ()
    step: Block | None = None

    @property
    def kept(self) -> tuple[Value, ...]:
        """The arrays that a step stores and hands on."""
        return arrays_among([*(v for _, v in self.stored), *(c.next for c in self.carried)])


@dataclass(frozen=True, slots=True)
class Statement:
    """`target = op(args)`. `detail` is what else the operation needs: axes, an order of axes, an exponent, a
    function's name.

    `numbers` are the equations whose value it completes, `comment` their matrix or index form,
    `words` what the user calls them.
    """

    target: Value
    op: str
    args: tuple[Operand, ...]
    detail: tuple[object, ...] = ()
    numbers: tuple[int, ...] = ()
    comment: str = ""
    words: tuple[Prose, ...] = ()
    place: Place | None = None
    loop: Loop | None = None

    @property
    def arrays(self) -> tuple[Value, ...]:
        """The operands that are arrays, in their order."""
        return tuple([a for a in self.args if isinstance(a, Value)])

    @property
    def scalars(self) -> tuple[Expr, ...]:
        """The operands that are numbers and sizes."""
        return tuple(a for a in self.args if isinstance(a, Expr))


@dataclass(frozen=True, slots=True)
class Routine:
    """A function of the module: what it takes, what it does, and what it returns by name.

    One of `FILLING` has a number first, if any, and then an array for each parameter; `numbers` pairs those with the
    equations that give them. `vector` names the variable that holds the part of its vector for each parameter.
    """

    name: str
    inputs: tuple[str, ...]
    statements: tuple[Statement, ...]
    results: tuple[tuple[str, Operand], ...]
    numbers: tuple[tuple[str, tuple[int, ...]], ...] = ()
    vector: tuple[str, ...] = ()

    @property
    def returned(self) -> tuple[Value, ...]:
        """The results that are arrays."""
        return arrays_among(v for _, v in self.results)

    @property
    def makers(self) -> dict[str, Statement]:
        """The statement that makes each value."""
        return {s.target.name: s for s in self.statements}


# The routines that fill the caller's arrays and keep scratch arrays from call to call.
GRADIENTS, HESSIAN = "loss_and_gradients", "hessian_vector_product"
FILLING = (GRADIENTS, HESSIAN)


@dataclass(frozen=True, slots=True)
class Program:
    """The module of a network: `inputs` in the order of the signature, `gradients` pairs (parameter, its value's name).

    `facts` are those that the gradients rely on, and `checks` measures how far data are from them; `functions` the
    unknown functions with their arity; `kinks` says that the loss has kinks;
    `lengths` pairs formulas of sizes with the names that stand for them in the routines, and `blocks` are lengths of
    blocks of examples.
    """

    name: str
    doc: Prose
    dims: tuple[Dim, ...]
    inputs: tuple[Tensor, ...]
    loss: str
    routines: tuple[Routine, ...]
    facts: tuple[Fact, ...] = ()
    functions: tuple[tuple[str, int], ...] = ()
    checks: Routine | None = None
    kinks: bool = False
    extents: tuple[tuple[str, str, Poly], ...] = ()
    lengths: tuple[tuple[Poly, Dim], ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def data(self) -> tuple[str, ...]:
        """The names of the inputs that are not parameters."""
        return tuple(t.name for t in self.inputs if t.kind != PARAM)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of what the loss is differentiated by."""
        return tuple(t.name for t in self.inputs if t.kind == PARAM)

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the sizes that no shape tells: integer keywords of every function."""
        return tuple(d.name for d in given_sizes(self.dims, self.inputs))

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that a routine gives a name to: inputs, sizes, unknown functions, results, letters of loops and
        lists.
        """
        statements = [s for r in self.routines for s in every_statement(r.statements)]
        made = [s.target.name for s in statements] + [s.loop.variable.name for s in statements if s.loop is not None]
        made += [i.name for s in statements for e in s.target.shape for i in indices_of(e)]
        made += widths_of(self.inputs)
        made += [t.each.name for t in self.inputs if t.each is not None]
        made += [v for r in self.routines for v in r.vector]
        return tuple(
            dict.fromkeys(
                (
                    *(t.name for t in self.inputs),
                    *(d.name for d in self.dims),
                    *(b.length.name for b in self.blocks),
                    *(f for f, _ in self.functions),
                    *made,
                )
            )
        )

    def routine(self, name: str) -> Routine:
        """The routine of that name."""
        return next(r for r in self.routines if r.name == name)


def is_carry(name: str) -> bool:
    """Is it the name that `loops` gives to a value carried from step to step? It keeps that name to the last pass."""
    return ".before" in name or ".after" in name


def with_values(s: Statement, new: Callable[[Operand], Operand]) -> Statement:
    """The statement with `new(operand)` for its target and each operand, those of a loop's body included."""
    loop = s.loop and replace(
        s.loop,
        statements=tuple(with_values(t, new) for t in s.loop.statements),
        stored=tuple((new(stack), new(entry)) for stack, entry in s.loop.stored),  # type: ignore[misc]
        carried=tuple(Carry(new(c.value), new(c.start), new(c.next), c.first, c.how) for c in s.loop.carried),  # type: ignore[arg-type]
    )
    return replace(s, target=new(s.target), args=tuple(new(a) for a in s.args), loop=loop)  # type: ignore[arg-type]


def body_of(loop: Loop) -> Routine:
    """The body of a loop as a routine: its results are what it stores and what it carries on."""
    results = ((stack.name, entry) for stack, entry in loop.stored)
    return Routine("loop", (), loop.statements, (("", ZERO), *results, *((c.value.name, c.next) for c in loop.carried)))


def every_statement(statements: tuple[Statement, ...]) -> Iterator[Statement]:
    """The statements, those in the bodies of loops included."""
    for s in statements:
        if s.loop is not None:
            yield from every_statement(s.loop.statements)
        yield s


def each_routine(program: Program, change: Callable[[Routine], Routine]) -> Program:
    """The program with each routine changed."""
    checks = program.checks and change(program.checks)
    return replace(program, routines=tuple(change(r) for r in program.routines), checks=checks)


# Operations by what they do with the shapes of their operands: entry by entry with broadcasting, or otherwise. Every
# pass and the writer dispatch on these words; a new operation is a word here, a row in `run` and a row in
# `emit.operations`.
ARITHMETIC = ("add", "sub", "mul", "div", "//", "power", "maximum", "minimum")
LOGISTIC = "logistic"  # 1 / (1 + exp(-z)), of arrays
UNARY = ("neg", "square", "sqrt", *FUNCTIONS, LOGISTIC)
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
LOGICAL = ("and", "or", "not")
ELEMENTWISE = (*ARITHMETIC, *UNARY, *COMPARISONS, *LOGICAL, "where", "call", "float")
VIEWS = ("transpose", "expand", "reshape", "broadcast", "item", "stacked", "slice", "windows")
GATHERS = ("gather", "take")
REDUCTIONS = ("sum", "max", "min")
POSITIONS = ("argmax", "argmin")
PRODUCTS = ("matmul", "vdot", "vecdot", "row_sum")
SOURCES = ("arange", "ones", "stack", "empty")
ZEROS = "zeros"  # in the detail of a "stack": its entries are 0 before the loop
FILL = "fill"  # a scalar or a view spread over an array of its own


def arrays_among(operands: Iterable[Operand]) -> tuple[Value, ...]:
    """Those of the operands that are arrays."""
    return tuple([a for a in operands if isinstance(a, Value)])


def array_of(operand: Operand) -> Value:
    """The operand where it must be an array."""
    assert isinstance(operand, Value)
    return operand


def by_name(operand: Operand | None, table: Mapping[str, T]) -> T | None:
    """What a table has under an array's name, its maker say; None of a number, of no operand, of what is not in it."""
    return table.get(operand.name) if isinstance(operand, Value) else None


def put(operand: Operand, table: Mapping[str, Value]) -> Operand:
    """What the table has for an array of that name, else the operand."""
    return table.get(operand.name, operand) if isinstance(operand, Value) else operand


def renamed(operand: Operand, names: Mapping[str, str]) -> Operand:
    """The operand by the name that the table has for it, else as it is."""
    if isinstance(operand, Value) and operand.name in names:
        return replace(operand, name=names[operand.name])
    return operand


def is_sum_by_ones(s: Statement) -> bool:
    """Is it the sum over the last axis that a product with ones makes?"""
    return s.op == "matmul" and any(a.name.startswith("ones.") for a in s.arrays)


def shape_of(operand: Operand) -> Shape:
    """The shape of an operand; a scalar has none."""
    return operand.shape if isinstance(operand, Value) else ()


def kind_of(operand: Operand) -> str:
    """The kind of an operand's entries."""
    return operand.kind if isinstance(operand, Value) else FLOAT


def function_name(name: str, orders: tuple[int, ...]) -> str:
    """The keyword of a partial derivative of an unknown function: f, f_d1, f_d2, and f_d12 for a second one."""
    places = "".join(str(k + 1) * order for k, order in enumerate(orders))
    return f"{name}_d{places}" if places else name
