"""Calls: which function a name is, in the order in which names are looked up."""

from __future__ import annotations

import ast
import re

from symbp.core.expr import Fn
from symbp.notation import library
from symbp.notation.arrays import ARRAY_RULES
from symbp.notation.builtins import BUILTIN_RULES
from symbp.notation.context import Context
from symbp.notation.functions import nested
from symbp.notation.integers import labels
from symbp.notation.joined import JOINED_RULES
from symbp.notation.meanings import instead
from symbp.notation.shapes import SHAPE_RULES
from symbp.notation.syntax import called
from symbp.notation.toplevel import File
from symbp.notation.values import Constant, Value, elementwise

Written = tuple[ast.Call, File, ast.FunctionDef]  # a call, the function, and the file it stands in
ARRAYS = {**SHAPE_RULES, **JOINED_RULES, **ARRAY_RULES}
# The words that NumPy's arrays have as methods with the same meaning.
ALONG_AXES = ("sum", "mean", "max", "min", "var", "std", "prod", "cumsum", "cumprod")  # the first argument is an axis
METHODS = (*ALONG_AXES, "reshape", "transpose", "swapaxes", "squeeze", "repeat", "trace", "clip")
_PARTIAL = re.compile(r"d([1-9]+)\Z")


def call(context: Context, node: ast.Call) -> Value | Constant:
    """What a call within an expression stands for."""
    match node.func:
        case ast.Attribute() as func:
            return _attribute(context, node, func)
        case ast.Name(id="isinstance"):
            return _is_kind(context, node)
        case ast.Name(id=name):
            return _named(context, node, name)
    raise context.error(node.func, "only a function's name can be called")


def _named(context: Context, node: ast.Call, name: str) -> Value:
    if not _is_own(context, name) and (rule := BUILTIN_RULES.get(name)):
        return rule(context, node)
    if name in context.file.unknown:
        return _unknown(context, node, name, ())
    found = defined(context, node.func)
    if found is not None:
        return nested(context, node, *found)
    if name in ARRAYS:
        return ARRAYS[name](context, node)
    known = [*BUILTIN_RULES, *ARRAYS, *context.file.functions, *context.file.unknown, *library.names()]
    raise context.error(node.func, f"`{name}` is no function of the language{instead(name, known)}")


def _is_own(context: Context, name: str) -> bool:
    """Is it a function of the file, known or unknown?"""
    return name in context.file.functions or name in context.file.unknown


def defined(context: Context, node: ast.expr) -> tuple[File, ast.FunctionDef] | None:
    """The function of the file or of the library that a name stands for."""
    name = node.id if isinstance(node, ast.Name) else ""
    if not name or (name in BUILTIN_RULES and not _is_own(context, name)):
        return None
    if name in context.scope:
        context.fail(node, f"`{name}` is not a function here, so it cannot be called")
    if name in context.file.networks:
        context.fail(node, f"`{name}` is a network; only a function can be called")
    if name in context.file.functions:
        return context.file, context.file.functions[name]
    return library.find(name, context.file)


def written_out(context: Context, node: ast.expr) -> Written | None:
    """The call that an expression is, if it is one of a function of the file or the library, which is written out."""
    if not isinstance(node, ast.Call) or called(node) in context.file.unknown:
        return None
    found = defined(context, node.func)
    return None if found is None else (node, *found)


def _is_kind(context: Context, node: ast.Call) -> Constant:
    """`isinstance(target, Labels)`, `isinstance(stride, tuple)`, decided while a function is inlined."""
    match node.args:
        case [ast.Name() as of, ast.Name(id="Labels")]:
            return Constant(labels(context, of) is not None)
        case [ast.Name() as of, ast.Name(id="tuple")]:
            option = context.bound(of)
            return Constant(isinstance(option, Constant) and isinstance(option.value, tuple))
    raise context.error(node, "expected isinstance(NAME, Labels) or isinstance(NAME, tuple)")


def _attribute(context: Context, node: ast.Call, func: ast.Attribute) -> Value:
    """`f.d1(u, v)`, a partial of an unknown function."""
    base = func.value.id if isinstance(func.value, ast.Name) else ""  # of `x[n].max()` it is an entry that has it
    if base in context.file.unknown:
        digits = _PARTIAL.match(func.attr)
        if digits is None:
            context.fail(func, f"a partial of `{base}` is written {base}.d1(...), {base}.d2(...), {base}.d12(...)")
        return _unknown(context, node, base, tuple(int(d) for d in digits.group(1)))
    if func.attr in METHODS and base not in (*context.file.sizes, "np"):
        return call(context, _as_word(node, func))  # type: ignore[return-value]
    if base == "np":
        context.fail(func, f"write `{func.attr}` without `np.`; the language has its own functions")
    raise context.error(func, f"an array has no functions of its own; write {func.attr}(x) where the language has it")


def _as_word(node: ast.Call, func: ast.Attribute) -> ast.Call:
    """`x.max(1)` as `max(x, axis=1)`; the axes of `x.transpose(0, 2, 1)` are one argument there."""
    rest, keywords = node.args, node.keywords
    if func.attr in ALONG_AXES and rest:
        keywords = [ast.copy_location(ast.keyword("axis", rest[0]), rest[0]), *keywords]
        rest = rest[1:]
    if func.attr == "transpose" and len(rest) > 1:
        rest = [ast.copy_location(ast.Tuple(rest, ast.Load()), node)]
    word = ast.copy_location(ast.Name(func.attr, ast.Load()), func)
    return ast.copy_location(ast.Call(word, [func.value, *rest], keywords), node)


def _unknown(context: Context, node: ast.Call, name: str, by: tuple[int, ...]) -> Value:
    """An unknown function, entry by entry, with the same number of arguments everywhere."""
    if node.keywords or not node.args:
        context.fail(node, f"`{name}` takes its arguments by position, at least one")
    count = len(node.args)
    if context.work.arities.setdefault(name, count) != count:
        context.fail(node, f"`{name}` had {context.work.arities[name]} arguments before and has {count} here")
    if by and max(by) > count:
        context.fail(node, f"`{name}` has {count} arguments, so it has no partial by argument {max(by)}")
    if len(by) > 8:
        context.fail(node, "a partial of this order is no formula's")
    orders = tuple(by.count(i + 1) for i in range(count))
    return elementwise(lambda *args: Fn(name, args, orders), *(context.value(a) for a in node.args))
