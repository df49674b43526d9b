"""Facts: what an `assert` states of the data. Only what the derivation can use is accepted."""

from __future__ import annotations

import ast

from symbp.core.entries import equal_entries
from symbp.core.expr import FALSE, TRUE, Add, And, Compare, Cond, Expr, Int, Mul, Num, Or, Pow, Read, Sum
from symbp.core.integers import Atom, Dim, Index, Poly
from symbp.core.network import PARAM, Fact
from symbp.core.traverse import free_indices, nodes, reads, substitute, walk
from symbp.core.views import conjuncts
from symbp.notation.context import Context
from symbp.notation.extents import Unknown, infer
from symbp.notation.letters import name_free
from symbp.notation.orders import is_of_sizes
from symbp.notation.syntax import items_of, name_of, names_in, pieces
from symbp.notation.words import why_not

USABLE = "expected sums or means equal to a constant, entries in a range or a finite set, positivity, or symmetry"


def fact(context: Context, node: ast.Assert) -> Context:
    """Adds the fact to the network; letters bound by no comprehension mean "for all"."""
    if node.msg is not None:
        context.fail(node.msg, "a fact has no message; expected `assert CONDITION`")
    if is_of_sizes(context.file, node.test):
        return state(context, node, context.guard().cond(node.test).cond(()))
    inner, letters = _free_letters(context.guard(), node.test)
    value = inner.cond(node.test)
    cond = value.cond(context.work.somewhere(value.shape))
    table: dict[Atom, Poly] = {i: Poly.of(new) for i, new in _ranges(context, node, letters).items()}
    context.work.settle(0, 0, table)
    cond = substitute(cond, table)
    if not all(_usable(part) or _equates_entries(context, part) for part in conjuncts(cond)):
        context.fail(node.test, f"this fact cannot be used; {USABLE}")
    _about_data(context, node, cond)
    named = name_free(cond, context.work.letters_taken(), context.work.letters_of_dims)
    for statement in _apart(named):
        context.work.facts.append(Fact(f"F{len(context.work.facts) + 1}", statement))
    return context


def state(context: Context, node: ast.Assert, cond: Cond) -> Context:
    """Adds what is said of sizes, but for what goes without saying."""
    for part in conjuncts(cond):
        if part == FALSE:
            context.fail(node.test, "this is never so")
        known = part == TRUE or any(f.statement == part for f in context.work.facts)
        if not known and isinstance(part, Compare):
            context.work.facts.append(Fact(f"F{len(context.work.facts) + 1}", part))
    return context


def _apart(cond: Cond) -> tuple[Cond, ...]:
    """What `and` joins, each a fact of its own if any of it is an equation, which is used by itself."""
    parts = conjuncts(cond)
    return parts if any(isinstance(p, Compare) and p.op == "==" for p in parts) else (cond,)


def _free_letters(context: Context, test: ast.expr) -> tuple[Context, dict[Index, str]]:
    """The letters in subscripts that mean nothing yet become indices with a range still to be found."""
    letters: dict[Index, str] = {}
    bound = [name_of(p.target) for p in pieces(test, ast.comprehension)]
    for name in (n for p in pieces(test, ast.Subscript) for item in items_of(p.slice) for n in names_in(item)):
        if name not in context.scope and name not in bound and not why_not(name):
            index = context.work.index(Poly.of(Dim(f"%{name}")), hint=name)
            letters[index] = name
            context = context.under(**{name: index})
    return context, letters


def _ranges(context: Context, node: ast.Assert, letters: dict[Index, str]) -> dict[Index, Index]:
    try:
        found = infer(list(letters), context.work.accesses)
    except Unknown as unknown:
        context.fail(node.test, f"no read says how far `{letters[unknown.args[0]]}` goes")
    return {i: Index(i.name, stop) for i, stop in found.items()}


def _usable(cond: Cond) -> bool:
    match cond:
        case And(args):
            return bool(args) and all(_usable(a) for a in args)
        case Or(args):
            entries = {_given(a) for a in args}
            return len(entries) == 1 and None not in entries
        case Compare("==", a, b):
            return _total(a) and _constant(b)
        case Compare("<" | "<=" | ">" | ">=", Read(), b):
            return _constant(b)
        case Compare("<" | "<=" | ">" | ">=", a, Read()):
            return _constant(a)
    return False


def _given(cond: Cond) -> Read | None:
    """The entry that is said to be a constant."""
    match cond:
        case Compare("==", Read() as entry, b) if _constant(b):
            return entry
    return None


def _equates_entries(context: Context, cond: Cond) -> bool:
    """Does it equate two entries of inputs, one for one, as symmetry does?"""
    inputs = context.work.inputs
    return all(r.tensor in inputs for r in reads(cond)) and equal_entries(cond, lambda t: inputs[t].shape) is not None


def _constant(e: Expr) -> bool:
    """A number, or one computed from numbers and sizes."""
    return all(isinstance(p, (Num, Add, Mul, Pow, Int)) for p in walk(e)) and not free_indices(e)


def _total(e: Expr) -> bool:
    """A read, a sum of reads, a mean of reads."""
    match e:
        case Mul(args):
            rest = [a for a in args if not _constant(a)]
            return len(rest) == 1 and _total(rest[0])
        case Read():
            return True
        case Sum(_, body):
            return not any(True for _ in nodes(body, Sum))
    return False


def _about_data(context: Context, node: ast.Assert, cond: Cond) -> None:
    named = reads(cond)
    for read in named:
        given = context.work.inputs.get(read.tensor)
        if given is None or given.kind == PARAM:
            what = "a parameter, which training changes" if given else "computed"
            context.fail(node.test, f"a fact is about data, and `{read.tensor}` is {what}")
    if not named:
        context.fail(node.test, f"this says nothing about the data; {USABLE}")
