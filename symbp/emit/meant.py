"""That the module's text says what was meant and nothing more, before anything runs it.

Its tree is held against that of the module of the same program without the user's words: docstring and comments gone,
they are the same tree, so that what a user wrote in words is a constant and no code. And whatever the rest of symbp
does, the module imports NumPy alone, and names nothing that reaches beyond its arguments.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import replace

from symbp.errors import CheckFailed
from symbp.escape import Prose, same_code
from symbp.lowering.program import Program, Statement

# Python's own functions that work on their arguments alone.
HARMLESS = frozenset(
    (
        *("abs", "all", "any", "bool", "complex", "dict", "divmod", "enumerate", "filter", "float", "frozenset"),
        *("getattr", "hasattr", "id", "int", "isinstance", "issubclass", "iter", "len", "list", "map", "max", "min"),
        *("next", "pow", "range", "repr", "reversed", "round", "set", "slice", "sorted", "str", "sum", "tuple", "type"),
        *(
            "zip",
            "ArithmeticError",
            "Exception",
            "FloatingPointError",
            "IndexError",
            "KeyError",
            "OverflowError",
            "TypeError",
        ),
        *("ValueError", "ZeroDivisionError"),
    )
)
# What NumPy and its arrays have that reads or writes files.
REACHING = frozenset(
    (
        *("load", "save", "savez", "savez_compressed", "loadtxt", "savetxt", "genfromtxt", "fromfile", "fromregex"),
        *("tofile", "dump", "dumps", "memmap", "open_memmap", "DataSource", "ctypeslib", "f2py", "distutils"),
        "testing",
    )
)
# Statements and expressions that no module of symbp's needs.
FOREIGN = (
    ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await, ast.Global, ast.Nonlocal, ast.ImportFrom, ast.Delete,
    ast.Match,
)  # fmt: skip
DUNDER = ("__name__",)  # of a type, in messages


def without_words(program: Program) -> Program:
    """The same program without what a user has written in words."""
    routines = tuple(replace(r, statements=_bare(r.statements)) for r in program.routines)
    checks = program.checks and replace(program.checks, statements=_bare(program.checks.statements))
    return replace(program, doc=Prose(), routines=routines, checks=checks)


def _bare(statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    return tuple(
        replace(s, comment="", words=(), loop=s.loop and replace(s.loop, statements=_bare(s.loop.statements)))
        for s in statements
    )


def demand_meant(text: str, docstring: Prose, bare: str) -> None:
    """CheckFailed unless the text is a module with this docstring whose tree is else that of `bare`."""
    try:
        tree, other = ast.parse(text), ast.parse(bare)
    except (SyntaxError, ValueError) as error:
        raise _wrong(f"it is no Python ({error})") from error
    first, plain = tree.body.pop(0), other.body.pop(0)
    if not (_is_docstring(first) and _is_docstring(plain)) or _value(first) != docstring:
        raise _wrong("its docstring is another")
    if not same_code(tree, other):
        raise _wrong("some of the network's words have become code")
    for fault in _faults(tree):
        raise _wrong(fault)


def _wrong(what: str) -> CheckFailed:
    return CheckFailed(f"gradients.py does not say what was meant: {what}")


def _is_docstring(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(ast.Constant()):
            return True
    return False


def _value(statement: ast.stmt) -> Prose | None:
    match statement:
        case ast.Expr(ast.Constant(str(text))):
            return Prose(text)
    return None


def _faults(tree: ast.Module) -> Iterator[str]:
    """What in the tree is not the module's own, NumPy's or harmless."""
    module = HARMLESS.union(_bound(tree.body))
    for statement in tree.body:
        nodes = list(ast.walk(statement))
        allowed = module.union(_bound(nodes)) if isinstance(statement, ast.FunctionDef) else module
        for node in nodes:
            match node:
                case ast.Import(names=names) if [(n.name, n.asname) for n in names] != [("numpy", "np")]:
                    yield f"it imports {', '.join(n.name for n in names)}"
                case ast.Attribute(attr=name) if name in REACHING or (name.startswith("_") and name not in DUNDER):
                    yield f"it uses .{name}"
                case ast.Name(id=name) if name not in allowed:
                    yield f"it uses {name}, which is not its own"
                case _ if isinstance(node, FOREIGN):
                    yield f"it has a {type(node).__name__}"


def _bound(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Every name that one of these gives to something."""
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.ExceptHandler(name=str() as name):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name
            case ast.Assign(targets=targets):
                yield from _bound(targets)
            case ast.Import(names=names):
                yield from _bound(names)
