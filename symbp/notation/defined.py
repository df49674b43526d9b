"""Where the text of a network defines a tensor, for a message that is about it."""

from __future__ import annotations

import ast

from symbp.core.network import Network
from symbp.errors import Span


def definition_of(tensor: str, text: str, network: Network) -> Span:
    """Where a network's text defines a tensor, or else where it returns."""
    function = _function(text, network.name)
    last = function.body[-1]
    for node in ast.walk(function):
        match node:
            case ast.Assign([ast.Name(name) | ast.Subscript(ast.Name(name)), *_]) if name == tensor:
                last = node
    return Span(last.lineno, last.col_offset, last.end_lineno or last.lineno, last.end_col_offset or 0)


def _function(text: str, name: str) -> ast.FunctionDef:
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.FunctionDef() if node.name == name:
                return node
    raise AssertionError(f"{name} has been read from this text")
