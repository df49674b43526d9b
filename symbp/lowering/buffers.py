"""The last pass: where each result is written.

A result goes over an operand that nothing needs any more, into the caller's gradient array, or into a scratch array
that is free again; scratch arrays are shared by values of one shape whose lives do not overlap. Without scratch
(`forward`, `loss`) what does not fit over an operand is simply new.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from symbp.core.integers import Dim
from symbp.lowering.bodies import varies
from symbp.lowering.program import (
    ARITHMETIC,
    COMPARISONS,
    FILL,
    FILLING,
    FLOAT,
    GATHERS,
    LIST,
    LOGICAL,
    POSITIONS,
    REDUCTIONS,
    UNARY,
    VIEWS,
    Carry,
    Place,
    Program,
    Routine,
    Span,
    Statement,
    Value,
    body_of,
    each_routine,
    is_carry,
    view_roots,
)

UFUNCS = (*ARITHMETIC, *UNARY, *COMPARISONS, *LOGICAL)
WRITES_OUT = (*UFUNCS, *REDUCTIONS, "matmul", "vecdot", "row_sum", "float")


def place_results(program: Program) -> Program:
    """The program with a place for each array that it computes."""
    return each_routine(program, _place_results)


def _place_results(routine: Routine) -> Routine:
    return placed_by(_Plan(routine, routine.name in FILLING), routine)


def placed_by(plan: _Plan, routine: Routine) -> Routine:
    """The routine with the places that a plan gives."""
    return replace(routine, statements=tuple(plan.placed(k, s) for k, s in enumerate(routine.statements)))


def _placed_loop(s: Statement, plan: _Plan) -> Statement:
    """A loop with places in its body, which keeps to scratch arrays of its own: what stands around it stays."""
    assert s.loop is not None
    routine = body_of(s.loop)
    lists = frozenset(stack.name for stack, _ in s.loop.stored if stack.kind == LIST)
    body = _BodyPlan(routine, plan.kept, (*plan.variables, s.loop.variable), lists=lists)
    statements = placed_by(body, routine).statements
    carried = _placed_carries(s.loop.carried, body)
    return replace(s, loop=replace(s.loop, statements=statements, carried=carried))


def _placed_carries(carried: tuple[Carry, ...], body: _BodyPlan) -> tuple[Carry, ...]:
    """How each is carried on; what a step only hands on comes first, before the array that held it is filled again."""
    done: dict[str, Carry] = {}
    handed: list[Carry] = []
    for c in carried:
        given = done.get(c.next.name) if isinstance(c.next, Value) else None
        placed = replace(c, how="copy") if given is not None and given.how else body.carry(c)
        done[c.value.name] = placed
        handed += [placed] if given is not None else []
    return (*reversed(handed), *(c for c in done.values() if c not in handed))


@dataclass(frozen=True, slots=True)
class _Part:
    """Part `number` of the array that is made of slices by the statement at `place`."""

    place: int
    number: int


# What is written where from the start: into the caller's array or the array of all steps of that name, or into a part.
_Destined = dict[str, "str | _Part"]


@dataclass(slots=True)
class _Plan:
    """What is known going down the statements: who owns which storage, and which storage is free."""

    routine: Routine
    kept: bool
    variables: tuple[Dim, ...] = ()  # of the loops around
    last: dict[str, int] = field(init=False)
    destined: _Destined = field(init=False)
    views: frozenset[str] = field(init=False)
    reshaped: frozenset[str] = field(init=False)
    shown: dict[str, Value] = field(init=False)
    storage: dict[str, str] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    free: list[Value] = field(default_factory=list)
    scratch: dict[str, Value] = field(default_factory=dict)
    early: dict[int, Place | None] = field(default_factory=dict)  # places of arrays whose parts came before them

    def __post_init__(self) -> None:
        roots = view_roots(self.routine)
        self.last = _last_uses(self.routine, roots)
        self.views = frozenset(s.target.name for s in self.routine.statements if s.op in VIEWS)
        self.reshaped = _reshaped(self.routine)
        self.shown = _shown(self.routine)
        destined = self.destinations()
        self.destined = {**self.parts(destined), **destined}

    def destinations(self) -> _Destined:
        """The values that have a place of their own from the start."""
        return _destinations(self.routine, self.last) if self.kept else {}

    def parts(self, destined: _Destined) -> _Destined:
        """The values that are computed in the slice that they are for."""
        if not self.kept:
            return {}
        others = {s.target.name for s in self.routine.statements if s.op not in UFUNCS}
        parts = _followed(self.routine, self.last, _parts(self.routine, destined), frozenset({*destined, *others}))
        inner = {k for k, s in enumerate(self.routine.statements) if s.op == "pieces" and s.target.name in parts}
        # What is made of slices and is itself a slice stands alone: a place is a slice of an array, not of a slice.
        return {name: part for name, part in parts.items() if isinstance(part, _Part) and part.place not in inner}

    def placed(self, k: int, s: Statement) -> Statement:
        """The statement with its place; what it was the last to need is free afterwards."""
        if s.op in VIEWS:
            base = s.args[0]
            if isinstance(base, Value) and base.name in self.storage:
                self._put(s.target.name, self.storage[base.name])
            return s
        if s.loop is not None:
            s = _placed_loop(s, self)
            self._release(k, s)
            return s
        place = self._place(k, s) if (s.target.shape or s.op == FILL) and s.op != "arange" else None
        self._release(k, s)
        return replace(s, place=place)

    def _place(self, k: int, s: Statement) -> Place | None:
        name = s.target.name
        if k in self.early:
            return self.early[k]
        if s.op == FILL:
            return Place("out", name.removesuffix(".fill"))
        if name in self.destined and s.op != "ones":
            return self._destined(s)
        over = self._over(k, s)
        if over is not None:
            operand = s.args[over]
            assert isinstance(operand, Value)
            self._put(name, self.storage[operand.name])
            return Place("over", operand.name, over)
        if s.op in ("call", "where", *GATHERS, *POSITIONS):
            self._put(name, f"new.{name}")
            return None
        if not self.kept or varies(s.target.shape, self.variables):
            self._put(name, f"new.{name}")
            return None
        shown = self.shown.get(name, s.target)
        shape = shown.shape if shown.shape != s.target.shape else ()
        store = self._take(s, shown)
        if s.op == "ones":
            self.ends[store] = len(self.routine.statements)  # the next call needs them: nothing is written over them
        return Place("ones" if s.op == "ones" else "scratch", store, shape=shape)

    def _destined(self, s: Statement) -> Place:
        """The array or the part of one that it is for, or over what is there already."""
        there = self.destined[s.target.name]
        for operand, a in enumerate(s.args):
            if isinstance(a, Value) and self.destined.get(a.name) == there:
                return Place("over", a.name, operand)
        return self._part(there) if isinstance(there, _Part) else self.array(there)

    def array(self, name: str) -> Place:
        """The array of that name, which is there before the routine begins."""
        return Place("out", name)

    def _part(self, part: _Part) -> Place:
        """A part of an array, whose place is settled with the first of them."""
        whole = self.routine.statements[part.place]
        if part.place not in self.early:
            self.early[part.place] = self._place(part.place, whole)
        place = self.early[part.place]
        assert place is not None
        return replace(place, span=whole.detail[0][part.number])  # type: ignore[index]

    def _over(self, k: int, s: Statement) -> int | None:
        """The operand that the result may replace."""
        if s.op not in (*UFUNCS, "plus"):
            return None
        for place, a in enumerate(s.args if s.op != "plus" else s.args[:1]):
            if isinstance(a, Value) and self._gives_way(k, a, s):
                return place
        return None

    def _gives_way(self, k: int, a: Value, s: Statement) -> bool:
        store = self.storage.get(a.name)
        if store is None or (a.shape, a.kind) != (s.target.shape, s.target.kind) or store in self.destined.values():
            return False
        if (a.name in self.views and a.name not in self.reshaped) or self._last_of(store) > k:
            return False
        return all(b == a for b in s.args if isinstance(b, Value) and self.storage.get(b.name) == store)

    def _put(self, name: str, store: str) -> None:
        """Note where a value is; `ends` keeps, for each storage, the last use of all that was ever in it."""
        self.storage[name] = store
        self.ends[store] = max(self.ends.get(store, -1), self.last.get(name, -1))

    def _last_of(self, store: str) -> int:
        return self.ends[store]

    def _take(self, s: Statement, shown: Value) -> str:
        """A free scratch array of the shape in which the result is shown, or a new one."""
        name = shown.name
        fits = [v for v in self.free if (v.shape, v.kind) == (shown.shape, shown.kind)]
        if fits and s.op != "ones":
            self.free.remove(fits[-1])
            self._put(s.target.name, fits[-1].name)
            return fits[-1].name
        if s.op != "ones":
            self.scratch[name] = shown
        self._put(s.target.name, name)
        return name

    def _release(self, k: int, s: Statement) -> None:
        for a in dict.fromkeys((*s.args, s.target)):
            store = self.storage.get(a.name) if isinstance(a, Value) else None
            if store in self.scratch and self._last_of(store) <= k and self.scratch[store] not in self.free:
                self.free.append(self.scratch[store])


@dataclass(slots=True)
class _BodyPlan(_Plan):
    """The same for the body of a loop: what a step stores goes straight to its entry in the array of all steps."""

    lists: frozenset[str] = frozenset()

    def destinations(self) -> _Destined:
        """Entries of the arrays of all steps, and the arrays for what is carried on, unless they are still read."""
        destined = _destinations(self.routine, self.last)
        roots = view_roots(self.routine)
        made = {s.target.name: s for s in self.routine.statements}
        for name, v in self.routine.results[1:]:
            if not isinstance(v, Value):
                continue
            root = roots.get(v.name)
            if root is not None and made[v.name].op == "stacked" and root in made:
                destined.setdefault(root, name)
        return {v: name for v, name in destined.items() if isinstance(name, str) and self._may_be(v, name)}

    def _may_be(self, value: str, name: str) -> bool:
        place, s = next((k, s) for k, s in enumerate(self.routine.statements) if s.target.name == value)
        if is_carry(name) and varies(s.target.shape, self.variables):
            return False
        return self.last.get(name, -1) < place and (self.kept or not (is_carry(name) or name in self.lists))

    def array(self, name: str) -> Place:
        """The entry of this step, or the array for what is carried on."""
        return Place("buffer" if is_carry(name) else "step", name)

    def carry(self, c: Carry) -> Carry:
        """How a value is carried on: by its name alone where it is an entry of an array of all steps."""
        if not c.value.shape or not self.kept or not isinstance(c.next, Value):
            return c
        root = view_roots(self.routine).get(c.next.name, c.next.name)
        there = self.destined.get(root, "")
        if root not in {s.target.name for s in self.routine.statements}:
            return c
        if there == c.value.name:
            return replace(c, how="buffer")
        stored = isinstance(there, str) and there != "" and not is_carry(there)
        return c if stored or varies(c.next.shape, self.variables) else replace(c, how="copy")


def _reshaped(routine: Routine) -> frozenset[str]:
    """The values that show all of an array, in another shape."""
    found: set[str] = set()
    made = {s.target.name for s in routine.statements if s.op not in VIEWS}
    for s in routine.statements:
        if s.op == "reshape" and isinstance(s.args[0], Value) and s.args[0].name in made | found:
            found.add(s.target.name)
    return frozenset(found)


def _shown(routine: Routine) -> dict[str, Value]:
    """Of each product that is only ever seen in one other shape the value that it then is."""
    users: dict[str, list[Statement]] = {}
    for s in routine.statements:
        for a in s.args:
            if isinstance(a, Value):
                users.setdefault(a.name, []).append(s)
    results = {v.name for _, v in routine.results if isinstance(v, Value)}
    return {
        s.target.name: users[s.target.name][0].target
        for s in routine.statements
        if s.op in ("matmul", "vecdot", "row_sum")
        and "." in s.target.name  # a tensor of the network keeps its shape, and with it its name
        and s.target.name not in results
        and [u.op for u in users.get(s.target.name, ())] == ["reshape"]
    }


def _last_uses(routine: Routine, roots: dict[str, str]) -> dict[str, int]:
    """The place of the last statement that needs a value, its views included; a result is needed to the end."""
    last: dict[str, int] = {}
    for k, s in enumerate(routine.statements):
        if s.op in VIEWS:
            continue
        for a in s.args:
            if isinstance(a, Value):
                last[a.name] = last[roots.get(a.name, a.name)] = k
    for _, v in routine.results:
        if isinstance(v, Value):
            last[v.name] = last[roots.get(v.name, v.name)] = len(routine.statements)
    return last


def _destinations(routine: Routine, last: dict[str, int]) -> _Destined:
    """Values to be written into the caller's gradient arrays: the gradients, and what they are made of in place."""
    destined: dict[str, str] = {}
    for name, v in routine.results[1:]:
        if isinstance(v, Value) and v.shape and v.name not in destined:
            destined[v.name] = name
    computed = _computed(routine)
    return _followed(routine, last, {v: name for v, name in destined.items() if v in computed})


def _computed(routine: Routine) -> frozenset[str]:
    return frozenset(s.target.name for s in routine.statements if s.op not in (*VIEWS, "arange", "ones"))


def _followed(
    routine: Routine, last: dict[str, int], destined: _Destined, taken: frozenset[str] = frozenset()
) -> _Destined:
    """With what has a destination, what that is made of in place; but not what is taken."""
    destined, computed = dict(destined), _computed(routine) - taken
    for k, s in reversed(tuple(enumerate(routine.statements))):
        if s.target.name in destined and s.op in UFUNCS:
            for a in s.args:
                if _may_follow(a, k, s, last, destined, computed):
                    destined[a.name] = destined[s.target.name]  # type: ignore[union-attr]
                    break
    return destined


def _may_follow(
    a: object, k: int, s: Statement, last: dict[str, int], destined: _Destined, computed: frozenset[str]
) -> bool:
    if not isinstance(a, Value) or a.name not in computed or a.name in destined or a.kind != FLOAT:
        return False
    return a.shape == s.target.shape and last.get(a.name, -1) == k


def _parts(routine: Routine, destined: _Destined) -> _Destined:
    """Values that are needed for one slice of an array and nothing else, and fill it.

    Not where the array holds something else until it is made: what is carried from step to step, or zeros to come.
    """
    made = {s.target.name: s for s in routine.statements}
    uses = Counter(a.name for s in routine.statements for a in s.args if isinstance(a, Value))
    uses.update(v.name for _, v in routine.results if isinstance(v, Value))
    parts: _Destined = {}
    for k, s in enumerate(routine.statements):
        there = destined.get(s.target.name, "")
        if s.op != "pieces" or s.detail[1] or isinstance(there, _Part) or is_carry(there):
            continue
        spans, _, splits = s.detail
        for number, (a, span, split) in enumerate(zip(s.args, spans, splits, strict=True)):  # type: ignore[call-overload]
            alone = isinstance(a, Value) and uses[a.name] == 1 and a.name not in destined
            if alone and not split and a.name in made and _fills(made[a.name], s, span):
                parts[a.name] = _Part(k, number)
    return parts


def _fills(part: Statement, whole: Statement, span: Span) -> bool:
    """Can a statement write its result straight into that slice?"""
    if any(ends is not None and len(ends) > 2 for ends in span):
        return False
    axes = zip(whole.target.shape, span, strict=True)
    shape = tuple(extent if ends is None else ends[1] - ends[0] for extent, ends in axes)
    return part.op in UFUNCS and (part.target.shape, part.target.kind) == (shape, FLOAT)
