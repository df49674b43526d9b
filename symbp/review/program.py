"""Someone's functions as data that can be changed: every statement has a number, every assignment passes a probe.

In come a text and the names of the functions or classes in it that are checked, out go `Variant`s: the same code with
some statements written otherwise, compiled into a namespace of its own. The file itself is run once, elsewhere.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbp.review.probe import Probe
from symbp.review.trees import clone

PROBE, BEFORE = "__symbp_probe__", "__symbp_before__"
HOLE, SEEN = "__symbp_hole__", "__symbp_locals__"
MARK = -1  # the leaf of a statement that assigns nothing
INNER = 1000  # leaves from here on are formulas within a right side that a function is called with
Definition = ast.FunctionDef | ast.ClassDef
Edits = Mapping[int, ast.stmt]


@dataclass(slots=True)
class Statement:
    """A statement of the checked code: its node in the user's text, and where it stands in the probed one."""

    number: int
    node: ast.stmt
    definition: int
    function: str
    names: tuple[str, ...]  # what it assigns, as written
    inside: list[ast.stmt] = field(default_factory=list)
    placed: ast.stmt | None = None  # the node in `inside` that it is
    loop: bool = False

    @property
    def line(self) -> int:
        """The line that it begins at."""
        return self.node.lineno


class Program:
    """The definitions of a file, with probes in them."""

    def __init__(self, text: str, path: str, namespace: Mapping[str, Any]):
        self.text, self.path, self.namespace, self.probe = text, path, namespace, Probe()
        tree = ast.parse(text)
        kept = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
        self.definitions: list[Definition] = [clone(n) for n in kept]
        self.statements: dict[int, Statement] = {}
        self.read: dict[str, list[str]] = {}
        self.lists: set[str] = set()  # those that values are appended to
        self.numbers = iter(range(1_000_000))
        for index, node in enumerate(self.definitions):
            self._definition(node, index, node.name)
        for node in self.definitions:
            ast.fix_missing_locations(node)
        slices = [n for s in self.statements.values() for n in ast.walk(s.node) if isinstance(n, ast.Slice)]
        self.bounds = tuple(t for t in dict.fromkeys(map(ast.unparse, slices)) if t != ":")
        self.codes = [self._compiled(n) for n in self.definitions]
        tables = {n: v for n, v in namespace.items() if isinstance(v, (dict, list, set)) and not n.startswith("__")}
        self.kept_by_module = {n: v for n, v in tables.items() if _is_plain(v)}
        own = list(self.statements.values())
        self.written_over = {n for s in own if isinstance(s.node, ast.AugAssign) for n in s.names if n.isidentifier()}
        self.probe.kept = {
            (s.number, k): n
            for s in own
            if isinstance(s.node, (ast.Assign, ast.FunctionDef))
            for k, n in enumerate(s.names)
            if n in self.written_over
        }

    def _compiled(self, node: Definition) -> Any:
        return compile(ast.Module([node], []), self.path, "exec")

    def _definition(self, node: Definition, index: int, name: str) -> None:
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, (ast.FunctionDef, ast.ClassDef)):
                    self._definition(part, index, f"{name}.{part.name}")
            return
        a = node.args
        names = [x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs) if x.arg not in ("self", "cls")]
        head = Statement(next(self.numbers), node, index, name, tuple(names))
        self._body(node.body, index, name, False)
        self.statements[head.number] = head
        node.body[:0] = [self._probe(head.number, k, _name(n)) for k, n in enumerate(names)]

    def _body(self, body: list[ast.stmt], index: int, function: str, loop: bool) -> None:
        """Put the probes into a list of statements."""
        given, body[:] = list(body), []
        for node in given:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                self._definition(node, index, f"{function}.{node.name}")
                body.append(node)
                continue
            targets = list(_targets(node))
            names = tuple(ast.unparse(t) for t in targets) or _appended(node)
            names = (*names, *(n.target.id for n in _walruses(node)))
            own = Statement(next(self.numbers), clone(node), index, function, names, body, node, loop)
            self.statements[own.number] = own
            body.extend(self._probed(node, own, targets))

    def _probed(self, node: ast.stmt, own: Statement, targets: Sequence[ast.expr]) -> Iterator[ast.stmt]:
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return)) and node.value is not None:
            named = {id(n): len(own.names) - k for k, n in enumerate(reversed(list(_walruses(node))), 1)}
            node.value = _Within(own.number, named).visit(node.value)
        probes = [self._probe(own.number, k, t) for k, t in enumerate(targets)]
        for name in ("body", "orelse", "finalbody"):
            if inner := getattr(node, name, None):
                self._body(inner, own.definition, own.function, own.loop or isinstance(node, (ast.For, ast.While)))
        if isinstance(node, ast.For):
            node.body[:0] = probes
            probes = []
        if _appended(node):
            self.lists.update(own.names)
            argument = node.value.args  # type: ignore[attr-defined]
            argument[0] = _call(own.number, 0, argument[0])
        elif isinstance(node, (ast.Expr, ast.Return)):
            yield ast.Expr(_call(own.number, MARK, ast.Constant(None)))
        yield node
        yield from probes

    def _probe(self, number: int, leaf: int, target: ast.expr) -> ast.stmt:
        load, store = clone(target), clone(target)
        _set_context(load, ast.Load())
        _set_context(store, ast.Store())
        return ast.Assign([store], _call(number, leaf, load))

    def entries(self, function: str) -> list[str]:
        """What a function reads of lists, as written: `h[t - 1]`."""
        if function not in self.read:
            own = [s.node for s in self.statements.values() if s.function == function]
            found = [n for node in own for n in ast.walk(node) if isinstance(n, ast.Subscript)]
            texts = dict.fromkeys(ast.unparse(n) for n in found if isinstance(n.ctx, ast.Load))
            plain = [m for t in texts if (m := re.fullmatch(r"(\w+)\[([a-z]\w*)( [+-] 1)?\]", t))]
            beside = [f"{m[1]}[{m[2]}{shift}]" for shift in ("", " + 1", " - 1") for m in plain]
            self.read[function] = list(dict.fromkeys([*texts, *beside]))
        return self.read[function]

    def variant(self, edits: Edits) -> dict[str, Any]:
        """A namespace in which the definitions stand with these statements in the place of their own."""
        changed = {self.statements[n].definition for n in edits}
        kept = []
        for number, node in edits.items():
            s = self.statements[number]
            at = next(k for k, n in enumerate(s.inside) if n is s.placed)
            kept.append((s.inside, at, s.inside[at]))
            s.inside[at] = ast.fix_missing_locations(ast.copy_location(node, s.node))
        try:
            codes = [self._compiled(self.definitions[k]) if k in changed else c for k, c in enumerate(self.codes)]
        finally:
            for inside, at, node in kept:
                inside[at] = node
        namespace = {**self.namespace, PROBE: self.probe, BEFORE: self.probe.before}
        for code in codes:
            exec(code, namespace)
        return namespace

    def renew(self, namespace: dict[str, Any]) -> None:
        """Take out of the module's own lists and tables what an earlier call has left there."""
        namespace.update({n: copy.deepcopy(v) for n, v in self.kept_by_module.items()})


class Holed:
    """The program with a hole for a right side: what is put in is compiled alone, not with all that stands about it.

    The right side that stands there is kept in a function that nobody calls, for the names that it has from outside.
    """

    def __init__(self, program: Program, edits: Edits, number: int) -> None:
        node = clone(edits.get(number, program.statements[number].node))
        value = node.value  # type: ignore[attr-defined]
        kept = ast.Lambda(ast.arguments([], [], None, [], [], None, []), value)
        node.value = ast.Call(_name(HOLE), [ast.Call(_name(SEEN), [], []), kept], [])  # type: ignore[attr-defined]
        self.namespace = program.variant({**edits, number: node})
        self.namespace |= {HOLE: self._value, SEEN: locals}
        self.path, self.code = program.path, compile("None", program.path, "eval")

    def fill(self, node: ast.stmt) -> dict[str, Any]:
        """The namespace with the right side of this statement."""
        self.code = compile(ast.Expression(node.value), self.path, "eval")  # type: ignore[attr-defined]
        return self.namespace

    def _value(self, seen: Mapping[str, Any], kept: Any) -> Any:
        del kept  # which is for the names alone
        return eval(self.code, {**self.namespace, **seen})


class Watched(Holed):
    """The names as a statement is run for a certain time; for the last time where that is not said."""

    count, at = -1, 0
    names: dict[str, Any] | None = None

    def _value(self, seen: Mapping[str, Any], kept: Any) -> Any:
        if self.count in (self.at, -1):
            own = {n: v.copy() if isinstance(v, np.ndarray) else v for n, v in seen.items()}
            self.names = {**self.namespace, **own}
        self.at += 1
        return kept()


def fits_hole(node: ast.stmt, new: ast.stmt) -> bool:
    """Do two statements differ in their right sides alone?"""
    if type(node) is not type(new) or getattr(node, "value", None) is None or getattr(new, "value", None) is None:
        return False
    if isinstance(node, ast.Assign) and isinstance(new, ast.Assign):
        return [ast.unparse(t) for t in node.targets] == [ast.unparse(t) for t in new.targets]
    if isinstance(node, ast.AugAssign) and isinstance(new, ast.AugAssign):
        return type(node.op) is type(new.op) and ast.unparse(node.target) == ast.unparse(new.target)
    return isinstance(node, ast.Return)


class _Within(ast.NodeTransformer):
    """Probes about the formulas that functions are called with: `x @ W + b` of `tanh(x @ W + b)`."""

    def __init__(self, number: int, named: Mapping[int, int]) -> None:
        self.number, self.leaves, self.named = number, iter(range(INNER, 2 * INNER)), named

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.AST:
        leaf = self.named[id(node)]
        self.generic_visit(node)
        node.value = _call(self.number, leaf, node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        for k, argument in enumerate(node.args):
            if isinstance(argument, ast.UnaryOp) and isinstance(argument.operand, ast.BinOp):
                argument.operand = _call(self.number, next(self.leaves), argument.operand)
            elif isinstance(argument, ast.BinOp):
                node.args[k] = _call(self.number, next(self.leaves), argument)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_Lambda  # type: ignore[assignment]


def _walruses(node: ast.stmt) -> Iterator[ast.NamedExpr]:
    """The names that a right side gives to what stands in it."""
    if isinstance(node, (ast.Assign, ast.AnnAssign, ast.Return)) and node.value is not None:
        yield from _named_in(node.value)


def _named_in(node: ast.AST) -> Iterator[ast.NamedExpr]:
    if isinstance(node, ast.NamedExpr):
        yield node
    if not isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        for part in ast.iter_child_nodes(node):
            yield from _named_in(part)


def _appended(node: ast.stmt) -> tuple[str, ...]:
    """The list that a statement appends one value to."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and len(node.value.args) == 1:
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr == "append" and not node.value.keywords:
            return (ast.unparse(function.value),)
    return ()


def _call(number: int, leaf: int, value: ast.expr) -> ast.Call:
    return ast.Call(_name(PROBE), [ast.Constant(number), ast.Constant(leaf), value], [])


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _set_context(node: ast.expr, context: ast.expr_context) -> None:
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        node.ctx = context


def _targets(node: ast.stmt) -> Iterator[ast.expr]:
    """What a statement assigns that a probe can read again."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _leaves(target)
    elif isinstance(node, (ast.AugAssign, ast.For)) or (isinstance(node, ast.AnnAssign) and node.value is not None):
        yield from _leaves(node.target)


def _leaves(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            yield from _leaves(part)
    elif isinstance(target, ast.Subscript) and is_mask(target):
        yield target.value  # all of the array is what it makes of it
    elif isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
        yield target


def _is_plain(value: Any) -> bool:
    """Is it made of numbers, arrays and texts alone?"""
    if isinstance(value, (dict, list, set)):
        return all(map(_is_plain, value.values() if isinstance(value, dict) else value))
    return isinstance(value, (int, float, str, np.ndarray, np.generic, type(None)))


def is_mask(target: ast.Subscript) -> bool:
    """Are the entries chosen by a comparison, as in `dz[z <= 0] = 0`?"""
    chosen = any(isinstance(n, (ast.Compare, ast.Invert)) for n in ast.walk(target.slice))
    return chosen and isinstance(target.value, (ast.Name, ast.Attribute))


def in_place(node: ast.stmt) -> bool:
    """Does it change what a name stands for, and assign no other to it?"""
    if isinstance(node, ast.Assign):
        return any(isinstance(t, ast.Subscript) and is_mask(t) for t in node.targets)
    return isinstance(node, ast.AugAssign)
