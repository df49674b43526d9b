"""Mistakes of a part of a formula: another name, axis, step or number, a matrix turned, a sign, an operand too many.

A rule goes from a part of a right side to what may stand there instead, with the kind of the mistake. `PARTS` has all
of them in the order in which they are tried, each with what it costs.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import permutations

from symbp.review.scope import Found, Scope, is_scalar, numbers
from symbp.review.slopes import (
    complement,
    less_a_tensor,
    named_constant,
    one_more_factor,
    other_power,
    other_slope,
    power_inside,
    slope,
    softmax_whole,
    times_two,
)
from symbp.review.trees import clone, of, parse


def another_tensor(node: ast.expr, scope: Scope) -> Found:
    """Another name of the same shape."""
    shape = scope.shape(node)
    if shape is not None and isinstance(node, (ast.Name, ast.Attribute)):
        for name in scope.like(shape) if shape else ():
            if name != ast.unparse(node):
                yield "wrong_tensor", parse(name)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        for name in scope.like(shape) if shape else ():
            if name != ast.unparse(node):
                yield "wrong_tensor", parse(name)


def transposed(node: ast.expr, scope: Scope) -> Found:
    """A factor of a matrix product turned, or not."""
    if isinstance(node, ast.Call) and _method(node) in ("dot", "matmul"):
        yield from _turned_call(node, scope)
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)):
        return
    for side in ("left", "right"):
        operand = getattr(node, side)
        for turned in _turned(operand, scope):
            new = clone(node)
            setattr(new, side, turned)
            yield "transpose", new
    if not (_is_turn(node.left) or _is_turn(node.right)):
        yield "transpose", of("b @ a", a=node.left, b=node.right)


def _turned_call(node: ast.Call, scope: Scope) -> Found:
    """The same of `a.dot(b)` and `np.dot(a, b)`."""
    assert isinstance(node.func, ast.Attribute)
    for k, operand in enumerate(node.args):
        for turned in _turned(operand, scope):
            new = clone(node)
            new.args[k] = turned
            yield "transpose", new
    if len(node.args) == 1:
        for turned in _turned(node.func.value, scope):
            method = ast.Attribute(turned, node.func.attr, ast.Load())
            yield "transpose", ast.Call(method, [clone(a) for a in node.args], [])


def _turned(node: ast.expr, scope: Scope) -> Iterator[ast.expr]:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
        return
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("swapaxes", "transpose")
    ):
        yield node.func.value
        return
    shape = scope.shape(node)
    if shape is None or len(shape) == 2:
        yield ast.Attribute(clone(node), "T", ast.Load())
    if shape is None or len(shape) > 2:
        yield of("a.swapaxes(-1, -2)", a=node)


def _is_turn(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "T"


def _method(node: ast.expr) -> str:
    return node.func.attr if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else ""


def mean_for_sum(node: ast.expr, scope: Scope) -> Found:
    """A mean where a sum belongs, and the other way round."""
    other = {"mean": "sum", "sum": "mean", "average": "sum"}.get(_method(node))
    if other:
        new = clone(node)
        new.func.attr = other  # type: ignore[attr-defined]
        yield "mean", new
        if other == "sum":
            for scalar in scope.scalars():
                yield "mean", of("a / n", a=new, n=parse(scalar))


def other_axis(node: ast.expr, scope: Scope) -> Found:
    """A sum over another axis, or none."""
    if _method(node) != "sum":
        return
    assert isinstance(node, ast.Call)
    if any(k.arg == "out" for k in node.keywords):
        return
    function = node.func
    assert isinstance(function, ast.Attribute)
    is_np = isinstance(function.value, ast.Name) and function.value.id in ("np", "numpy")
    summed = node.args[0] if is_np and node.args else function.value
    for text in ("a.sum(axis=0)", "a.sum(axis=1)", "a.sum(axis=-1)", "a.sum()", "a"):
        yield "sum", of(text, a=summed)
    for axis in (0, 1, -1):
        yield "sum", of(f"a.sum(axis={axis}, keepdims=True)", a=summed)


def summed_term(node: ast.expr, scope: Scope) -> Found:
    """A sum left out of one of several terms."""
    shape = scope.shape(node)
    if isinstance(node, (ast.Name, ast.Attribute)) and shape and len(shape) > 1:
        for text in ("a.sum(axis=0)", "a.sum(axis=1)", "a.sum(axis=-1, keepdims=True)", "a.sum(axis=(0, 1))"):
            yield "sum", of(text, a=node)


def summed_product(node: ast.expr, scope: Scope) -> Found:
    """A sum left out of a product that is taken from something."""
    match node:
        case ast.BinOp(left, ast.Sub(), ast.BinOp(_, ast.Mult(), _) as product):
            for text in ("a.sum(axis=-1, keepdims=True)", "a.sum(axis=0)", "a.mean(axis=-1, keepdims=True)"):
                yield "sum", of("b - c", b=left, c=of(text, a=product))


def turned_sign(node: ast.expr, scope: Scope) -> Found:
    """Plus for minus."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        op = "-" if isinstance(node.op, ast.Add) else "+"
        yield "sign", of(f"a {op} b", a=node.left, b=node.right)
        if op == "+":
            yield "sign", of("b - a", a=node.left, b=node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "sign", node.operand


def sum_for_product(node: ast.expr, scope: Scope) -> Found:
    """Factors added."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield "term", of("a * b", a=node.left, b=node.right)


def dropped(node: ast.expr, scope: Scope) -> Found:
    """One operand too many: a factor, a divisor, a term."""
    if not isinstance(node, ast.BinOp):
        return
    if isinstance(node.op, (ast.Mult, ast.Div)):
        kind = "factor" if is_scalar(node.right, scope) else "term"
        yield kind, node.left
        if isinstance(node.op, ast.Mult):
            yield "factor" if is_scalar(node.left, scope) else "term", node.right
    if isinstance(node.op, (ast.Add, ast.Sub)):
        number = is_scalar(node.left, scope) and is_scalar(node.right, scope)
        yield "factor" if number else "path" if isinstance(node.op, ast.Add) else "term", node.left
        if isinstance(node.op, ast.Add):
            yield "path", node.right
    if isinstance(node.op, ast.Pow):
        yield "derivative", node.left
    if isinstance(node.op, ast.FloorDiv):
        yield "dtype", of("a / b", a=node.left, b=node.right)


def other_operator(node: ast.expr, scope: Scope) -> Found:
    """A factor for a divisor, and the other way round."""
    match node:
        case ast.BinOp(left, ast.Mult() | ast.Div() as op, right):
            kind = "factor" if is_scalar(right, scope) else "term"
            yield kind, of("a / b" if type(op) is ast.Mult else "a * b", a=left, b=right)


def other_scalar(node: ast.expr, scope: Scope) -> Found:
    """Another number where one divides or multiplies: N for K, H for its root."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div))):
        return
    for side in ("left", "right"):
        operand = getattr(node, side)
        if is_scalar(operand, scope):
            for new in numbers(scope):
                if ast.unparse(new) != ast.unparse(operand):
                    changed = clone(node)
                    setattr(changed, side, new)
                    yield "factor", changed
            if isinstance(node.op, ast.Div) and side == "right":
                for name, value in scope.values.items():
                    if value.ndim > 0 and 1 in value.shape:
                        yield "factor", of("a / b", a=node.left, b=parse(name))


def less_exact(node: ast.expr, scope: Scope) -> Found:
    """Numbers of fewer digits."""
    if _method(node) == "astype" and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield "dtype", node.func.value
    if isinstance(node, ast.Call) and ast.unparse(node.func) in (
        "np.float32",
        "np.float16",
        "int",
        "round",
        "np.int64",
    ):
        yield "dtype", node.args[0] if node.args else node
    if isinstance(node, ast.Attribute) and node.attr in ("float32", "float16", "half", "single"):
        yield "dtype", parse("np.float64")
    yield from (("dtype", call) for call in _without_keyword(node, "dtype"))


def own_array(node: ast.expr, scope: Scope) -> Found:
    """What is written into an array that is another's too."""
    yield from (("alias", call) for call in _without_keyword(node, "out"))


def _without_keyword(node: ast.expr, name: str) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call) and any(k.arg == name for k in node.keywords):
        new = clone(node)
        new.keywords = [k for k in new.keywords if k.arg != name]
        yield new


def other_step(node: ast.expr, scope: Scope) -> Found:
    """The entry of the step before or after."""
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, (ast.Slice, ast.Tuple, ast.Constant)):
        text = ast.unparse(node.slice)
        if text.replace(" ", "")[:1].isalpha():
            for shift in ("t + 1", "t - 1"):
                yield "step", of("a[i]", a=node.value, i=_shifted(node.slice, shift))
            base = f"{ast.unparse(node.value)}["
            yield from (("step", parse(n)) for n in scope.values if n.startswith(base) and n != ast.unparse(node))


def _shifted(node: ast.expr, shift: str) -> ast.expr:
    if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant):
        undone = (isinstance(node.op, ast.Add), node.right.value) == ("-" in shift, 1)
        if undone:
            return node.left
    return of(shift, t=node)


def other_order(node: ast.expr, scope: Scope) -> Found:
    """Two parts that have changed places."""
    if isinstance(node, (ast.List, ast.Tuple)) and 2 <= len(node.elts) <= 6:
        for i in range(len(node.elts)):
            for j in range(i):
                new = clone(node)
                new.elts[i], new.elts[j] = new.elts[j], new.elts[i]
                yield "order", new
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.outer" and len(node.args) == 2:
        yield "transpose", of("np.outer(b, a)", a=node.args[0], b=node.args[1])


def other_bounds(node: ast.expr, scope: Scope) -> Found:
    """A slice that is cut elsewhere: another stretch, as it stands in another line."""
    if not isinstance(node, ast.Subscript):
        return
    places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for place in (p for p in places if isinstance(p, ast.Slice) and (p.lower or p.upper)):
        for text in scope.bounds:
            if text != ast.unparse(place):
                cut = parse(f"_[{text}]").slice  # type: ignore[attr-defined]
                yield "order", clone(node, {id(place): cut})


def turned_round(node: ast.expr, scope: Scope) -> Found:
    """The entries in the opposite order, or not."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.slice) == "::-1":
        yield "order", node.value
    shape = scope.shape(node)
    if isinstance(node, (ast.Name, ast.Attribute)) and shape:
        yield "order", of("a[::-1]", a=node)
        if len(shape) > 1:
            yield "order", of("a[..., ::-1, ::-1]", a=node)


def overwritten(node: ast.expr, scope: Scope) -> Found:
    """A value from before it was written over in place."""
    if isinstance(node, (ast.Name, ast.Attribute)) and ast.unparse(node) in scope.before:
        yield "overwrite", parse(scope.before[ast.unparse(node)])


def axes_kept(node: ast.expr, scope: Scope) -> Found:
    """Axes that are merged, but in another order first."""
    if _method(node) != "reshape" or not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    inner = node.func.value
    if _method(inner) == "transpose":
        inner = inner.func.value  # type: ignore[attr-defined]
        yield "transpose", ast.Call(ast.Attribute(inner, "reshape", ast.Load()), node.args, node.keywords)
    shape = scope.shape(inner)
    rank = len(shape) if shape and len(shape) < 5 else 0
    for axes in permutations(range(rank)):
        if axes != tuple(range(rank)):
            turned = of(f"a.transpose{axes}", a=inner)
            yield "transpose", ast.Call(ast.Attribute(turned, "reshape", ast.Load()), node.args, node.keywords)


Rule = Callable[[ast.expr, Scope], Found]
PARTS: tuple[tuple[int, Rule], ...] = (
    (1, overwritten),
    (1, other_step),
    (1, transposed),
    (1, mean_for_sum),
    (1, turned_sign),
    (1, summed_product),
    (1, softmax_whole),
    (1, slope),
    (1, other_slope),
    (1, power_inside),
    (1, less_exact),
    (1, own_array),
    (1, other_order),
    (1, dropped),
    (1, other_axis),
    (1, summed_term),
    (1, another_tensor),
    (1, other_operator),
    (1, other_bounds),
    (1, other_scalar),
    (2, turned_round),
    (2, sum_for_product),
    (2, complement),
    (2, times_two),
    (3, axes_kept),
    (3, other_power),
    (3, one_more_factor),
    (3, named_constant),
    (4, less_a_tensor),
)
