"""The top level of a file: sizes, unknown functions, functions and networks, by name. Nothing is elaborated here."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from symbp.core.integers import Dim, Poly, quotient
from symbp.core.ranges import is_nonnegative
from symbp.notation.source import Source, parse
from symbp.notation.syntax import called, listed, parameters
from symbp.notation.words import IMPORTS, why_not


@dataclass(frozen=True, slots=True)
class File:
    """What a file declares. `sizes` has the dims and the sizes named by formulas, `dims` the former in order."""

    source: Source
    dims: list[Dim] = field(default_factory=list)
    sizes: dict[str, Poly] = field(default_factory=dict)
    unknown: dict[str, ast.Assign] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    networks: dict[str, ast.FunctionDef] = field(default_factory=dict)

    def declared(self, name: str) -> bool:
        return any(name in table for table in (self.sizes, self.unknown, self.functions, self.networks))


EXPECTED = "expected imports from symbp, dims, sizes, functions and networks"


def scan(text: str, path: str) -> File:
    """The declarations of a file."""
    source, tree = parse(text, path)
    file = File(source)
    try:
        return _declare(file, tree)
    except RecursionError:
        raise source.error(None, "the file is nested too deeply to be read") from None


def _declare(file: File, tree: ast.Module) -> File:
    for place, statement in enumerate(tree.body):
        match statement:
            case ast.Expr(value=ast.Constant(value=str())) if place == 0:
                continue
        rule = _RULES.get(type(statement))
        if rule is None:
            raise file.source.error(statement, f"a statement that a network file cannot have; {EXPECTED}")
        rule(file, statement)
    return file


def _import_from(file: File, statement: ast.ImportFrom) -> None:
    known = {"__future__": ("annotations",), "symbp": IMPORTS}.get(statement.module or "")
    library = statement.module == "symbp.library"
    if statement.level or not (known or library):
        raise file.source.error(statement, "only `from symbp import ...` and `from __future__ import annotations`")
    for alias in statement.names:
        if alias.asname and alias.asname != alias.name:
            raise file.source.error(alias, f"`{alias.name}` cannot be renamed; import it under its own name")
        if not library and alias.name not in (known or ()):
            raise file.source.error(
                alias, f"`{alias.name}` is not in {statement.module}; it has {', '.join(known or ())}"
            )


def _import(file: File, statement: ast.Import) -> None:
    raise file.source.error(statement, "only `from symbp import ...` and `from __future__ import annotations`")


def _assign(file: File, statement: ast.Assign) -> None:
    names = _targets(file, statement)
    if (rule := _DECLARED.get(called(statement.value))) is not None:
        rule(file, statement, names, _one_text(file, statement.value))
        return
    if len(names) != 1:
        raise file.source.error(statement, f"several names on the left; {EXPECTED}")
    file.sizes[names[0]] = top_size(file, statement.value)


def _targets(file: File, statement: ast.Assign) -> list[str]:
    if len(statement.targets) != 1:
        raise file.source.error(statement, "a chained assignment; write one for each name")
    names: list[str] = []
    for part in listed(statement.targets[0]):
        if not isinstance(part, ast.Name):
            raise file.source.error(part, f"expected a name here; {EXPECTED}")
        check_new(file, part, part.id)
        if part.id in names:
            raise file.source.error(part, f"`{part.id}` is defined twice")
        names.append(part.id)
    return names


def check_new(file: File, node: ast.expr | ast.stmt, name: str) -> None:
    """Refuses a name that is reserved or taken at the top level."""
    if reason := why_not(name):
        raise file.source.error(node, reason)
    if file.declared(name):
        raise file.source.error(node, f"`{name}` is defined twice")


def _one_text(file: File, call: ast.expr) -> str:
    match call:
        case ast.Call(args=[ast.Constant(value=str(text))], keywords=[]):
            return text
    raise file.source.error(call, 'expected one text here, as in dims("N D") or function("f")')


def _declare_dims(file: File, statement: ast.Assign, names: list[str], text: str) -> None:
    declared = text.replace(",", " ").split()
    if declared != names:
        wanted = ", ".join(declared) or "no name"
        raise file.source.error(statement, f"the names on the left are not those in the text: expected {wanted}")
    for name in names:
        file.dims.append(Dim(name))
        file.sizes[name] = Poly.of(Dim(name))


def _declare_unknown(file: File, statement: ast.Assign, names: list[str], text: str) -> None:
    if names != [text]:
        raise file.source.error(
            statement, f'an unknown function bears its own name: {names[0]} = function("{names[0]}")'
        )
    file.unknown[text] = statement


_DECLARED = {"dims": _declare_dims, "function": _declare_unknown}


def top_size(file: File, node: ast.expr) -> Poly:
    """A size named at the top: `M = T - 2`."""
    match node:
        case ast.Constant(value=int(value)) if not isinstance(value, bool) and 0 <= value < 10**9:
            return Poly.of(value)
        case ast.Name(id=name) if name in file.sizes:
            return file.sizes[name]
        case ast.BinOp(left, op, right) if type(op) in _OPERATIONS:
            size = _OPERATIONS[type(op)](top_size(file, left), top_size(file, right))
            if size is not None:
                return size
    raise file.source.error(node, f"not a size made of declared sizes and whole numbers; {EXPECTED}")


def _quotient(top: Poly, bottom: Poly) -> Poly | None:
    return quotient(top, bottom) if is_nonnegative(bottom - 1) else None


def _remainder(top: Poly, bottom: Poly) -> Poly | None:
    return top - quotient(top, bottom) * bottom if is_nonnegative(bottom - 1) else None


def _product(a: Poly, b: Poly) -> Poly | None:
    """None where it is larger than any size that a network needs."""
    product = a * b
    small = len(product.terms) <= 64 and max((abs(c) for _, c in product.terms), default=0) < 10**9
    return product if small else None


# What an operation makes of two sizes; None where that is no size.
_OPERATIONS: dict[type[ast.operator], Callable[[Poly, Poly], Poly | None]] = {
    ast.Add: Poly.__add__,
    ast.Sub: Poly.__sub__,
    ast.Mult: _product,
    ast.FloorDiv: _quotient,
    ast.Mod: _remainder,
}


def _function(file: File, statement: ast.FunctionDef) -> None:
    check_new(file, statement, statement.name)
    _refuse_twice(file, statement)
    table = file.functions
    for decorator in statement.decorator_list:
        if not (isinstance(decorator, ast.Name) and decorator.id == "network"):
            raise file.source.error(decorator, "the only decorator is @network")
        if table is file.networks:
            raise file.source.error(decorator, "@network is written twice; expected it once")
        table = file.networks
    table[statement.name] = statement


def _refuse_twice(file: File, function: ast.FunctionDef) -> None:
    """Python itself finds an argument that is named twice only when it compiles."""
    names: list[str] = []
    for argument in parameters(function):
        if argument.arg in names:
            raise file.source.error(argument, f"the argument `{argument.arg}` is there twice")
        names.append(argument.arg)


def _refuse_async(file: File, statement: ast.AsyncFunctionDef) -> None:
    raise file.source.error(statement, "a network is a plain function, not an async one")


_RULES: dict[type[ast.stmt], Callable[[File, ast.stmt], None]] = {
    ast.ImportFrom: _import_from,  # type: ignore[dict-item]
    ast.Import: _import,  # type: ignore[dict-item]
    ast.Assign: _assign,  # type: ignore[dict-item]
    ast.FunctionDef: _function,  # type: ignore[dict-item]
    ast.AsyncFunctionDef: _refuse_async,  # type: ignore[dict-item]
}
