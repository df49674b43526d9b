"""Statements of a network and of a function that is inlined: a rule for each kind, one after the other."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

from symbp.core.expr import FALSE, TRUE, Cond
from symbp.core.guards import settle_condition
from symbp.core.network import Fact
from symbp.core.views import conjuncts
from symbp.notation.bounds import check_equation
from symbp.notation.context import Binding, Context
from symbp.notation.definitions import define_several, define_whole
from symbp.notation.extents import check_access
from symbp.notation.facts import state
from symbp.notation.indexed import define_entries
from symbp.notation.letters import name_equation
from symbp.notation.loops import list_index, loop, note_defined
from symbp.notation.naming import check_carried
from symbp.notation.recurrence import Recurrent
from symbp.notation.source import Placed
from symbp.notation.values import Value, decided, tensor


def run(context: Context, body: Sequence[ast.stmt]) -> Context:
    """The context after some statements."""
    for place, statement in enumerate(body):
        match statement:
            case ast.Expr(value=ast.Constant(value=str())) if place == 0:
                continue
        rule = _RULES.get(type(statement))
        if rule is None:
            what = _KINDS.get(type(statement), "this statement")
            context.fail(statement, f"{what} is not in the language; expected `name = ...`, assert or return")
        before = len(context.work.pending)
        context = rule(context, statement)
        if context.loops:
            context = note_defined(context, context.work.pending[before:], statement)
        if context.results is None and not context.loops:
            context = flush(context, statement)
    return context


def flush(context: Context, node: Placed) -> Context:
    """Ends a statement of the network, a loop with all in it: checks reads, gives indices letters, names shapes."""
    work = context.work
    for access in () if work.unknown_shapes else work.accesses:
        check_access(access)
    named: dict[str, Binding] = {}
    for pending in work.pending:
        check_equation(context, node, pending)
        equation = name_equation(pending, work.letters_taken(), work.letters_of_dims)
        work.equations.append(equation)
        if not isinstance(context.scope.get(equation.name), Recurrent):
            each = list_index(equation.shape, equation.indices)
            named[equation.name] = tensor(equation.name, equation.shape, each)
    work.pending.clear()
    work.accesses.clear()
    return context.under(**named) if named else context


def _assign(context: Context, node: ast.Assign) -> Context:
    if len(node.targets) != 1:
        context.fail(node, "a chained assignment; write one for each name")
    match node.targets[0]:
        case ast.Name() as target:
            check_carried(context, target, ())
            return define_whole(context, node, target)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            return define_several(context, node, targets)
        case ast.Subscript() as target:
            return define_entries(context, node, target)
    raise context.error(node.targets[0], "expected a name or a subscripted name on the left")


def _refuse_again(context: Context, node: ast.AugAssign) -> Context:
    context.fail(node, "a name is assigned once; expected a new name and `=`")


def _assert(context: Context, node: ast.Assert) -> Context:
    return context.work.fact(context, node) if context.results is None else _demand(context, node)


def _demand(context: Context, node: ast.Assert) -> Context:
    """`assert padding >= 0, "..."` in a function: what it demands of its options and sizes, as far as that is known."""
    test = context.read(node.test)
    match decided(test), test:
        case False, _:
            said = node.msg.value if isinstance(node.msg, ast.Constant) else f"expected {ast.unparse(node.test)}"
            context.fail(node, str(said))
        case True, _:
            return context
        case None, Value((), truth=True) as claim if all(map(_of_sizes, conjuncts(claim.cond()))):
            return state(context, node, settle_condition(claim.cond()))
    raise context.error(node, "a fact is stated in the network, not in a function")


def _of_sizes(cond: Cond) -> bool:
    """Is it a comparison of sizes and numbers alone?"""
    return cond in (TRUE, FALSE) or bool(Fact("", cond).differences)


_RULES: dict[type[ast.stmt], Callable[[Context, Any], Context]] = {
    ast.Assign: _assign,
    ast.Assert: _assert,
    ast.For: loop,
    ast.AugAssign: _refuse_again,
}

_KINDS: dict[type[ast.stmt], str] = {
    ast.If: "`if` as a statement",
    ast.While: "a while loop",
    ast.AnnAssign: "an annotation on an assignment",
    ast.Expr: "an expression that nobody uses",
    ast.FunctionDef: "a function inside a function",
    ast.Return: "a return before the end",
    ast.Pass: "pass",
    ast.Import: "an import inside a function",
    ast.ImportFrom: "an import inside a function",
    ast.With: "`with`",
    ast.Try: "`try`",
    ast.Raise: "`raise`",
    ast.Delete: "`del`",
    ast.Global: "`global`",
    ast.ClassDef: "a class",
}
