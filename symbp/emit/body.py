"""The statements of a routine as lines of Python, each equation under a comment with its number and its form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from symbp.core.expr import Expr
from symbp.emit.formula import Text, scalar
from symbp.emit.inside import standing_inside
from symbp.emit.layout import split_line
from symbp.emit.loops import before_loop, end_of_step, entries, head, stack_lines
from symbp.emit.onehot import plus_lines, rows_line
from symbp.emit.operations import AUGMENTED, call, expression
from symbp.emit.pieces import part_of, pieces
from symbp.emit.scatters import added_lines, scatter_lines
from symbp.emit.views import is_scalar, reshaped, shape
from symbp.emit.words import DTYPE, ZIP
from symbp.escape import COMMENT, in_python
from symbp.lowering.program import (
    FILLING,
    LIST,
    VIEWS,
    Loop,
    Operand,
    Routine,
    Statement,
    Value,
    arrays_among,
    body_of,
    by_name,
)


@dataclass(frozen=True, slots=True)
class Body:
    """Lines of code, and for the number of each equation the places of its first and last line among them.

    `inline` holds the text of each value that is no variable: views, and scalars needed once.
    """

    lines: tuple[str, ...]
    spans: tuple[tuple[int, tuple[int, int]], ...]
    inline: Mapping[str, Text]


def write_body(routine: Routine) -> Body:
    """The statements in order; what is a view or a scalar needed once stands where it is used."""
    writer = _Writer(routine, kept=routine.name in FILLING)
    for s in routine.statements:
        writer.add(s)
    return Body((*writer.lines, *writer.pending), tuple(writer.spans.items()), writer.inline)


@dataclass(slots=True)
class _Writer:
    routine: Routine
    lines: list[str] = field(default_factory=list)
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    inline: dict[str, Text] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    uses: dict[str, int] = field(init=False)
    placed: frozenset[str] = field(init=False)  # values that stand in the slice that they are for
    variable: str = ""
    kept: bool = False
    indent: int = 4
    arrays: dict[str, str] = field(default_factory=dict)
    empty: frozenset[str] = frozenset()  # lists of all steps whose entries are yet to be made
    looped: frozenset[str] = field(init=False)
    inside: frozenset[str] = field(init=False)
    returned: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.placed = frozenset(_placed(self.routine))
        self.returned = {v.name: 1 for v in self.routine.returned}
        read = {a.name for s in self.routine.statements for a in s.arrays}
        there = self.returned.keys() - read if self.kept else ()  # what only shows a gradient where it is written
        needed = [
            a
            for s in self.routine.statements
            for a in s.arrays
            if not ((s.op == "pieces" and a.name in self.placed) or (s.op == "reshape" and s.target.name in there))
        ]
        self.uses = Counter(a.name for a in (*needed, *self.routine.returned))
        self.looped = frozenset(a.name for s in self.routine.statements if s.loop is not None for a in s.arrays)
        self.inside = standing_inside(self.routine, self._may_stand_inside)

    def add(self, s: Statement) -> None:
        """Write a statement; a comment goes above the first line of what it completes."""
        args = tuple(self.text(a) for a in s.args)
        if s.loop is not None:
            self._loop(s.loop)
            return
        if s.op == "stack":
            self._stack(s)
            return
        if s.op == "reshape" and (array := self._array_of(s.args[0])):
            if array != s.target.name:  # it has been another's
                (self.pending or self.lines).append(f"{s.target.name} = {array}")
            return
        if s.op in VIEWS or (s.op == "float" and s.detail) or s.target.name in self.inside:
            self.inline[s.target.name] = expression(s, args)
            return
        if s.op in ("ones", "empty") and s.place is not None:
            if s.place.name != s.target.name:  # room that another array has left
                self.inline[s.target.name] = Text(s.place.name)
            return
        if s.op == "pieces":
            s, args = self._without_placed(s, args)
        asked = self.uses.get(s.target.name, 0)
        if s.target.name in self.placed and not asked and s.place is not None and s.place.how == "over":
            s = replace(s, target=replace(s.target, name=s.place.name))  # nothing asks for it by its own name
        args = self._over_view(s, args)
        if s.place is not None and s.place.shape and s.place.how == "scratch":
            self.arrays[s.target.name] = s.place.name
        needed = self.uses.get(s.target.name, 0) > self.returned.get(s.target.name, 0)
        lines = _lines(s, args, self.variable, needed)  # none where all slices are there already
        lines = (*(_with_shape(line, s) for line in lines[:1]), *lines[1:])
        self.pending += [part for text in lines for part in split_line(text, self.indent)]
        if s.numbers:
            self._flush(s)

    def _array_of(self, a: Operand) -> str:
        """The array in which a result has been written in another shape than its own."""
        return by_name(a, self.arrays) or ""

    def _without_placed(self, s: Statement, args: tuple[Text, ...]) -> tuple[Statement, tuple[Text, ...]]:
        """An array made of slices, without those that are there already."""
        spans, gaps, splits = s.detail
        left = [
            (text, span, split)
            for a, text, span, split in zip(s.args, args, spans, splits, strict=True)  # type: ignore[call-overload]
            if not any(v.name in self.placed for v in arrays_among((a,)))
        ]
        texts, spans, splits = zip(*left, strict=True) if left else ((), (), ())
        return replace(s, detail=(spans, gaps, splits)), texts

    def _over_view(self, s: Statement, args: tuple[Text, ...]) -> tuple[Text, ...]:
        """What is written over an array in another shape first bears its name: `z1 = product.reshape(F, I, J, N)`."""
        if s.place is None or s.place.how != "over" or s.place.name not in self.inline:
            return args
        view = self.inline.pop(s.place.name)
        if view.code != s.place.name:
            self.pending.append(f"{s.place.name} = {view.code}")
        own = {s.place.name: Text(s.place.name)}
        return tuple(by_name(a, own) or t for a, t in zip(s.args, args, strict=True))

    def _may_stand_inside(self, s: Statement) -> bool:
        if s.op in VIEWS or s.op == "fill" or s.target.name in self.looped:
            return False
        return is_scalar(s.target) and not s.numbers and self.uses.get(s.target.name) == 1 and s.op != "call"

    def _stack(self, s: Statement) -> None:
        if s.place is None and s.target.kind == LIST:
            self.empty |= {s.target.name}
        self.pending += stack_lines(s, self.variable, expression(s, ()).code)

    def _loop(self, loop: Loop) -> None:
        """The lines of a loop; the body's comments and places of equations are those of a routine of its own."""
        kept = self.kept
        inner = _Writer(
            body_of(loop),
            inline=dict(self.inline),
            variable=entries(loop),
            empty=self.empty,
            kept=kept,
            indent=self.indent + 4,
        )
        for s in loop.statements:
            inner.add(s)
        self.lines += [*self.pending, *before_loop(loop, self.text), head(loop)]
        self.pending = []
        first = len(self.lines)
        lines = [*inner.lines, *inner.pending, *end_of_step(loop, self.empty, inner.text)]
        self.lines += [f"    {line}" for line in lines or ["pass"]]
        self.spans |= {number: (first + a, first + b) for number, (a, b) in inner.spans.items()}

    def _flush(self, s: Statement) -> None:
        first = len(self.lines)
        if not s.comment and not s.words and len(self.pending) == 1:
            self.lines.append(_with_number(self.pending[0], s))
        else:
            self.lines += [_comment(s), *self.pending]
        self.pending = []
        for number in s.numbers:
            self.spans[number] = (first, len(self.lines) - 1)

    def text(self, a: Operand) -> Text:
        """An operand as it stands in the code."""
        return text_of(a, self.inline)


def text_of(operand: Operand, inline: Mapping[str, Text]) -> Text:
    """An operand as it stands in the code: by its name, if it has not its own text."""
    match operand:
        case Value(name):
            return inline.get(name, Text(name))
        case Expr():
            return scalar(operand)


def _placed(routine: Routine) -> Iterator[str]:
    """The values that are written into a slice of the array that is made of them."""
    inside: set[str] = set()  # down the statements: a name may be given again to what replaces the value
    for s in routine.statements:
        if s.op == "pieces":
            yield from (a.name for a in s.arrays if a.name in inside)
        place = s.place
        if place is not None and (place.span or (place.how == "over" and place.name in inside)):
            inside.add(s.target.name)
        else:
            inside.discard(s.target.name)


def _comment(s: Statement) -> str:
    numbers = ", ".join(map(str, s.numbers))
    called = "".join(f" ({in_python(w.part(han=False), COMMENT)})" for w in s.words)
    return f"# [{numbers}] {in_python(s.comment, COMMENT)}".rstrip() + called


def _with_number(line: str, s: Statement) -> str:
    """The number of an equation that has no matrix form, at the end of its only line."""
    numbers = f"[{', '.join(map(str, s.numbers))}]"
    return f"{line} {numbers}" if "  # " in line else f"{line}  # {numbers}"


# Operations that take several lines, each of which writes into the result.
LINES = {
    "copy": lambda s, args, target: (f"{target}[...] = {args[0].code}",),
    "pieces": pieces,
    "scatter": scatter_lines,
    "added": added_lines,
    "rows": rows_line,
    "plus": plus_lines,
}


def _lines(s: Statement, args: tuple[Text, ...], variable: str, needed: bool) -> tuple[str, ...]:
    """The lines of a statement; a gradient that nothing else needs gets no name beside its place in `out`."""
    name = s.target.name
    if s.place is None and s.op in LINES:
        return (f"{name} = np.empty({shape(s)}, {DTYPE})", *LINES[s.op](s, args, name))
    if s.place is None:
        return (f"{name} = {expression(s, args).code}",)
    if s.place.how == "over" and s.op in AUGMENTED and name == s.place.name:
        other = _other(s, args, name)
        if other is not None:
            return (f"{name} {AUGMENTED[s.op]} {other.code}",)
    targets = {"out": f'out["{s.place.name}"]', "step": f"{s.place.name}[{variable}]"}
    target = part_of(targets.get(s.place.how, s.place.name), s.place.span)
    if s.op == "fill" and s.target.kind == LIST:
        return (f"for _own, _new in {ZIP}({target}, {args[0].code}):", "    _own[...] = _new")
    if s.op == "fill":
        return (f"{target}[...] = {args[0].code}",)
    if s.place.shape:
        target = reshaped(s, target)
        if s.place.how == "scratch":  # what it is only ever seen as bears its name
            return (str(call(s, args, target)),)
    named = name != target and (needed or not (s.place.span or s.place.how in ("out", "step", "buffer")))
    if s.op in LINES:
        lines = LINES[s.op](s, args, target)
        return (*lines, f"{name} = {target}") if named else lines
    code = call(s, args, target)
    if code is None:
        value = args[0] if s.op == "float" else expression(s, args)  # filling turns truth values into numbers
        filled = f"{target}[...] = {value.code}"
        return (filled, f"{name} = {target}") if named else (filled,)
    return (f"{name} = {code}",) if named else (code,)


def _other(s: Statement, args: tuple[Text, ...], name: str) -> Text | None:
    """The operand that is put upon the one written over."""
    if args[0].code == name:
        return args[1]
    if args[1].code == name and s.op in ("add", "mul"):
        return args[0]
    return None


def _with_shape(line: str, s: Statement) -> str:
    if not s.target.shape or not (s.numbers or s.place is None or s.place.how == "scratch"):
        return line
    return f"{line}  # {shape(s)}"
