"""The value of a formula where it stands: names and what they are just then, worked out without running the rest."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from types import CodeType
from typing import Any

import numpy as np

from symbp.review.probe import is_tensor
from symbp.review.trees import clone

PART = "__symbp_part__"


def value_of(node: ast.expr, names: Mapping[str, Any]) -> Any:
    """The value of a formula as an array of numbers; None where it has none."""
    code = compiled(node)
    return None if code is None else number_of(code, names)


def compiled(node: ast.expr) -> CodeType | None:
    """A formula that is worked out several times; None where it is none."""
    try:
        return compile(ast.fix_missing_locations(ast.Expression(clone(node))), "<part>", "eval")
    except (SyntaxError, ValueError, RecursionError):
        return None


def number_of(code: CodeType, names: Mapping[str, Any]) -> Any:
    """Its value with these names; None where it has none that is a number."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found = eval(code, dict(names))
        if is_tensor(found):
            found = found.detach().numpy()
        array = np.asarray(found)
        return array.astype(float) if array.dtype.kind in "fiub" else None
    except Exception:
        return None


def whole_of(node: ast.stmt) -> ast.expr | None:
    """The formula of what a statement assigns: the sum, where something is added."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return node.value
    if isinstance(node, ast.AugAssign):
        target = clone(node.target)
        target.ctx = ast.Load()
        return ast.BinOp(target, node.op, node.value)
    return None
