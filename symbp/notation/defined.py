"""Where the text of a network defines a tensor, for a message that is about it."""

from __future__ import annotations

import ast

from symbp.core.network import Network
from symbp.errors import Span


def definition_of(tensor: str, text: str, network: Network) -> Span:
    """Where a network's text defines a tensor, or else where it returns."""
    function = next(f for f in ast.walk(ast.parse(text)) if isinstance(f, ast.FunctionDef) and f.name == network.name)
    last = function.body[-1]
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            named = node.targets[0].value if isinstance(node.targets[0], ast.Subscript) else node.targets[0]
            if isinstance(named, ast.Name) and named.id == tensor:
                last = node
    return Span(last.lineno, last.col_offset, last.end_lineno or last.lineno, last.end_col_offset or 0)
