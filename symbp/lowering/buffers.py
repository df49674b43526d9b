"""The last pass: where each result is written.

A result goes over an operand that nothing needs any more, into the caller's gradient array, or into a scratch array
that is free again; scratch arrays are shared by values of one shape whose lives do not overlap. Without scratch
(`forward`, `loss`) what does not fit over an operand is simply new.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from symbp.core.integers import Dim
from symbp.lowering.bodies import varies
from symbp.lowering.destinations import UFUNCS, Part, destinations_of, parts_of
from symbp.lowering.program import (
    FILL,
    FILLING,
    GATHERS,
    LIST,
    POSITIONS,
    VIEWS,
    Carry,
    Place,
    Program,
    Routine,
    Shape,
    Statement,
    Value,
    array_of,
    body_of,
    by_name,
    each_routine,
    is_carry,
    shape_of,
)
from symbp.lowering.uses import users_of, view_roots


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
        given = by_name(c.next, done)
        placed = replace(c, how="copy") if given is not None and given.how else body.carry(c)
        done[c.value.name] = placed
        handed += [placed] if given is not None else []
    return (*reversed(handed), *(c for c in done.values() if c not in handed))


@dataclass(slots=True)
class _Plan:
    """What is known going down the statements: who owns which storage, and which storage is free."""

    routine: Routine
    kept: bool
    variables: tuple[Dim, ...] = ()  # of the loops around
    last: dict[str, int] = field(init=False)
    destined: dict[str, str | Part] = field(
        init=False
    )  # what is written where it is wanted: an array's name, or a part
    views: frozenset[str] = field(init=False)
    reshaped: frozenset[str] = field(init=False)
    shown: dict[str, Value] = field(init=False)
    shapes: dict[str, Shape] = field(init=False)  # of the results
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
        self.shapes = {name: shape_of(v) for name, v in self.routine.results}
        destined = self.destinations()
        self.destined = {**(parts_of(self.routine, self.last, destined) if self.kept else {}), **destined}

    def destinations(self) -> dict[str, str]:
        """The values that have a place of their own from the start."""
        return destinations_of(self.routine, self.last) if self.kept else {}

    def placed(self, k: int, s: Statement) -> Statement:
        """The statement with its place; what it was the last to need is free afterwards."""
        if s.op in VIEWS:
            for base in s.arrays[:1]:
                if base.name in self.storage:
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
            operand = array_of(s.args[over])
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
        for a in s.arrays:
            if self.destined.get(a.name) == there:
                return Place("over", a.name, s.args.index(a))
        match there:
            case Part():
                return self._part(there)
        place = self.array(there)
        wanted = self.shapes.get(there, s.target.shape)
        return place if wanted == s.target.shape else replace(place, shape=wanted)

    def array(self, name: str) -> Place:
        """The array of that name, which is there before the routine begins."""
        return Place("out", name)

    def _part(self, part: Part) -> Place:
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
        able = (a for a in (s.arrays if s.op != "plus" else s.arrays[:1]) if self._gives_way(k, a, s))
        over = next(able, None)
        return None if over is None else s.args.index(over)

    def _gives_way(self, k: int, a: Value, s: Statement) -> bool:
        store = self.storage.get(a.name)
        if store is None or (a.shape, a.kind) != (s.target.shape, s.target.kind) or store in self.destined.values():
            return False
        if (a.name in self.views and a.name not in self.reshaped) or self._last_of(store) > k:
            return False
        return all(b == a for b in s.arrays if self.storage.get(b.name) == store)

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
        for name in dict.fromkeys([*(a.name for a in s.arrays), s.target.name]):
            store = self.storage.get(name)
            if store in self.scratch and self._last_of(store) <= k and self.scratch[store] not in self.free:
                self.free.append(self.scratch[store])


@dataclass(slots=True)
class _BodyPlan(_Plan):
    """The same for the body of a loop: what a step stores goes straight to its entry in the array of all steps."""

    lists: frozenset[str] = frozenset()

    def destinations(self) -> dict[str, str]:
        """Entries of the arrays of all steps, and the arrays for what is carried on, unless they are still read."""
        destined = destinations_of(self.routine, self.last)
        roots = view_roots(self.routine)
        made = self.routine.makers
        for name, v in self.routine.results[1:]:
            maker = by_name(v, made)
            if maker is not None and maker.op == "stacked" and (root := roots[maker.target.name]) in made:
                destined.setdefault(root, name)
        return {v: name for v, name in destined.items() if self._may_be(v, name)}

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
        made = self.routine.makers
        if not c.value.shape or not self.kept or by_name(c.next, made) is None:
            return c
        following = array_of(c.next)
        root = view_roots(self.routine).get(following.name, following.name)
        if root not in made:
            return c
        match self.destined.get(root):
            case str(there) if there == c.value.name:
                return replace(c, how="buffer")
            case str(there) if not is_carry(there):
                return c
        return c if varies(following.shape, self.variables) else replace(c, how="copy")


def _reshaped(routine: Routine) -> frozenset[str]:
    """The values that show all of an array, in another shape."""
    found: set[str] = set()
    made = {s.target.name for s in routine.statements if s.op not in VIEWS}
    for s in routine.statements:
        if s.op == "reshape" and any(a.name in made or a.name in found for a in s.arrays):
            found.add(s.target.name)
    return frozenset(found)


def _shown(routine: Routine) -> dict[str, Value]:
    """Of each product that is only ever seen in one other shape the value that it then is."""
    users, results = users_of(routine.statements), {v.name for v in routine.returned}
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
    needed = [() if s.op in VIEWS else s.arrays for s in routine.statements]
    for k, arrays in enumerate([*needed, routine.returned]):
        for a in arrays:
            last[a.name] = last[roots.get(a.name, a.name)] = k
    return last
