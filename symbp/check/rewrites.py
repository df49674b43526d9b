"""The usual mistakes, as data: each a way to write a statement otherwise, by which a wrong one may become right.

A row has a kind, what it costs (the more a rewriting adds of its own the later it is tried), and a rule from a part of
a right side to what may stand there instead. A rule knows the shapes of the names in scope and nothing of the truth:
whether a rewriting mends the gradients is found by running it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from symbp.check.program import Statement
from symbp.check.trees import clone, of, parse

Shape = tuple[int, ...]
Found = Iterator[tuple[str, ast.expr]]
MOST_NAMES = 40


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that may stand in a statement, each with its value just then, and which were written over in place."""

    values: Mapping[str, np.ndarray]
    before: Mapping[str, str] = field(default_factory=dict)  # a name to what stands for its former value

    def shape(self, node: ast.expr) -> Shape | None:
        """The shape of a name or an attribute, where it is known."""
        value = self.values.get(ast.unparse(node))
        return None if value is None else value.shape

    def like(self, shape: Shape) -> list[str]:
        """The names with that shape."""
        return [n for n, v in self.values.items() if v.shape == shape and v.dtype.kind in "fiub"][:MOST_NAMES]

    def scalars(self) -> list[str]:
        """The names and sizes that are single numbers other than 0 and 1."""
        found = [n for n, v in self.values.items() if v.ndim == 0 and v.dtype.kind in "fi" and abs(v) not in (0, 1)]
        sizes = {
            s: f"{n}.shape[{k}]"
            for n, v in reversed(list(self.values.items()))
            if n.isidentifier()
            for k, s in enumerate(v.shape)
            if s > 1
        }
        known = {int(self.values[n]) for n in found if float(self.values[n]).is_integer()}
        return [*found, *(text for size, text in sizes.items() if size not in known)]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A statement written otherwise; `old` and `new` are the parts that differ."""

    kind: str
    cost: int
    statement: ast.stmt
    old: str
    new: str
    part: ast.AST | None = None  # what stands there now, with its place in the text


# --- parts: what may stand in the place of a part of the right side


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
    function = node.func
    assert isinstance(function, ast.Attribute)
    is_np = isinstance(function.value, ast.Name) and function.value.id in ("np", "numpy")
    summed = node.args[0] if is_np and node.args else function.value
    for text in ("a.sum(axis=0)", "a.sum(axis=1)", "a.sum(axis=-1)", "a.sum()", "a"):
        yield "sum", of(text, a=summed)
    for axis in (0, 1, -1):
        yield "sum", of(f"a.sum(axis={axis}, keepdims=True)", a=summed)


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
        kind = "factor" if _is_scalar(node.right, scope) else "term"
        yield kind, node.left
        if isinstance(node.op, ast.Mult):
            yield "factor" if _is_scalar(node.left, scope) else "term", node.right
        yield kind, of("a / b" if isinstance(node.op, ast.Mult) else "a * b", a=node.left, b=node.right)
    if isinstance(node.op, (ast.Add, ast.Sub)):
        yield "path" if isinstance(node.op, ast.Add) else "term", node.left
        if isinstance(node.op, ast.Add):
            yield "path", node.right
    if isinstance(node.op, ast.Pow):
        yield "derivative", node.left
    if isinstance(node.op, ast.FloorDiv):
        yield "dtype", of("a / b", a=node.left, b=node.right)


def _is_scalar(node: ast.expr, scope: Scope) -> bool:
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Call):
        return ast.unparse(node.func) in ("len", "float", "np.sqrt", "math.sqrt", "np.prod")
    if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith(".shape"):
        return True
    if isinstance(node, ast.BinOp):
        return _is_scalar(node.left, scope) and _is_scalar(node.right, scope)
    return scope.shape(node) == () or (isinstance(node, ast.Attribute) and node.attr == "size")


def other_scalar(node: ast.expr, scope: Scope) -> Found:
    """Another number where one divides or multiplies: N for K, H for its root."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div))):
        return
    for side in ("left", "right"):
        operand = getattr(node, side)
        if _is_scalar(operand, scope):
            for new in _numbers(scope):
                if ast.unparse(new) != ast.unparse(operand):
                    changed = clone(node)
                    setattr(changed, side, new)
                    yield "factor", changed
            if isinstance(node.op, ast.Div) and side == "right":
                for name, value in scope.values.items():
                    if value.ndim > 0 and 1 in value.shape:
                        yield "factor", of("a / b", a=node.left, b=parse(name))


def _numbers(scope: Scope) -> Iterator[ast.expr]:
    yield from (parse(t) for t in ("2", "0.5"))
    for scalar in scope.scalars():
        yield parse(scalar)
        yield of("np.sqrt(n)", n=parse(scalar))


def slope(node: ast.expr, scope: Scope) -> Found:
    """sigma(1 - z) for 1 - sigma(z), a mask turned round, a value for its complement."""
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        inner = node.args[0]
        if isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Sub) and ast.unparse(inner.left) in ("1", "1.0"):
            plain = ast.Call(clone(node.func), [inner.right], [])
            yield "derivative", of("(1 - a)", a=plain)
        if not ast.unparse(node.func).startswith("np."):
            yield "derivative", of("f * (1 - f)", f=node)
            yield "derivative", inner
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        flipped = {ast.Gt: "<=", ast.GtE: "<", ast.Lt: ">=", ast.LtE: ">"}.get(type(node.ops[0]))
        if flipped:
            yield "derivative", of(f"(a {flipped} b)", a=node.left, b=node.comparators[0])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and ast.unparse(node.left) in ("1", "1.0"):
        yield "derivative", of("(1 - a ** 2)", a=node.right)
        if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Pow):
            yield "derivative", of("a * (1 - a)", a=node.right.left)
            yield "derivative", of("(1 - a)", a=node.right.left)
        else:
            yield "derivative", of("a * (1 - a)", a=node.right)
            yield "derivative", node.right


def complement(node: ast.expr, scope: Scope) -> Found:
    """a^2 for 1 - a^2, a for 1 - a: as a factor of a product."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        for side in ("left", "right"):
            factor = getattr(node, side)
            is_power = isinstance(factor, ast.BinOp) and isinstance(factor.op, ast.Pow)
            if is_power or isinstance(factor, (ast.Name, ast.Attribute)):
                changed = clone(node)
                setattr(changed, side, of("(1 - a)", a=factor))
                yield "derivative", changed


def other_power(node: ast.expr, scope: Scope) -> Found:
    """Another power of a factor or a divisor: s for s^2."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        for side in ("left", "right") if isinstance(node.op, ast.Mult) else ("right",):
            factor = getattr(node, side)
            base: ast.expr = factor
            power: object = 1
            if (
                isinstance(factor, ast.BinOp)
                and isinstance(factor.op, ast.Pow)
                and isinstance(factor.right, ast.Constant)
            ):
                base, power = factor.left, factor.right.value
            if isinstance(base, (ast.Name, ast.Attribute)) and isinstance(power, int):
                for other in (p for p in (1, 2, 3) if p != power):
                    changed = clone(node)
                    setattr(changed, side, of(f"a ** {other}", a=base))
                    yield "term", changed


def one_more_factor(node: ast.expr, scope: Scope) -> Found:
    """A factor left out of one of several terms, or inside a product."""
    if isinstance(node, (ast.Name, ast.Attribute)):
        for name, value in scope.values.items():
            if value.ndim and value.dtype.kind in "fb" and name != ast.unparse(node):
                yield "term", of("a * b", a=node, b=parse(name))


def times_two(node: ast.expr, scope: Scope) -> Found:
    """A number left out of one of several terms."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        for side in ("left", "right"):
            for text in ("2 * a", "a / 2"):
                changed = clone(node)
                setattr(changed, side, of(text, a=getattr(node, side)))
                yield "factor", changed


def other_slope(node: ast.expr, scope: Scope) -> Found:
    """a (1 - a) where 1 - a^2 belongs."""
    factors = list(_factors(node))
    for k, factor in enumerate(factors):
        for j, other in enumerate(factors):
            if ast.unparse(other) in (f"1 - {ast.unparse(factor)}", f"1.0 - {ast.unparse(factor)}"):
                new = of("(1 - a ** 2)", a=factor)
                for rest in (f for i, f in enumerate(factors) if i not in (k, j)):
                    new = of("b * a", a=new, b=rest)
                yield "derivative", new


def _factors(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        yield from _factors(node.left)
        yield from _factors(node.right)
    else:
        yield node


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


def other_step(node: ast.expr, scope: Scope) -> Found:
    """The entry of the step before or after."""
    if isinstance(node, ast.Subscript) and not isinstance(node.slice, (ast.Slice, ast.Tuple, ast.Constant)):
        text = ast.unparse(node.slice)
        if text.replace(" ", "")[:1].isalpha():
            for shift in ("t + 1", "t - 1"):
                yield "step", of("a[i]", a=node.value, i=_shifted(node.slice, shift))


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


def overwritten(node: ast.expr, scope: Scope) -> Found:
    """A value from before it was written over in place."""
    if isinstance(node, (ast.Name, ast.Attribute)) and ast.unparse(node) in scope.before:
        yield "overwrite", parse(scope.before[ast.unparse(node)])


def less_a_tensor(node: ast.expr, scope: Scope) -> Found:
    """A difference of which one side is missing."""
    shape = scope.shape(node)
    if isinstance(node, (ast.Name, ast.Attribute)) and shape:
        for name in scope.like(shape):
            if name != ast.unparse(node):
                yield "term", of("(a - b)", a=node, b=parse(name))
                yield "path", of("(a + b)", a=node, b=parse(name))


def named_constant(node: ast.expr, scope: Scope) -> Found:
    """A tensor where a number stands."""
    if isinstance(node, ast.Constant) and node.value in (0, 1):
        yield from (("term", parse(n)) for n, v in scope.values.items() if v.ndim > 0 and v.dtype.kind == "f")


def softmax_whole(node: ast.expr, scope: Scope) -> Found:
    """A softmax differentiated entry by entry."""
    if not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)):
        return
    inside = {ast.unparse(n): n for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Attribute))}
    for p, value in ((p, scope.values.get(p)) for p in inside):
        if value is None or not value.ndim or not np.allclose(value.sum(-1), 1):
            continue
        axis = ", axis=-1, keepdims=True" if value.ndim > 1 else ""
        for g in inside:
            if g != p and scope.shape(inside[g]) == value.shape:
                yield "softmax", parse(f"{p} * ({g} - np.sum({g} * {p}{axis}))")


Rule = Callable[[ast.expr, Scope], Found]
PARTS: tuple[tuple[int, Rule], ...] = (
    (1, overwritten),
    (1, other_step),
    (1, softmax_whole),
    (1, transposed),
    (1, mean_for_sum),
    (1, turned_sign),
    (1, slope),
    (1, other_slope),
    (1, less_exact),
    (1, other_order),
    (1, dropped),
    (1, other_axis),
    (1, another_tensor),
    (1, other_scalar),
    (2, sum_for_product),
    (2, complement),
    (2, times_two),
    (3, other_power),
    (3, one_more_factor),
    (3, named_constant),
    (4, less_a_tensor),
)


# --- wholes: what may stand in the place of the whole right side


def times_a_number(node: ast.expr, target: str, scope: Scope) -> Found:
    """A factor left out."""
    yield "sign", of("-a", a=node)
    yield "factor", of("2 * a", a=node)
    yield "factor", of("a / 2", a=node)
    for number in _numbers(scope):
        if not isinstance(number, ast.Constant):
            yield "factor", of("a / n", a=node, n=number)
            yield "factor", of("a * n", a=node, n=number)


def summed(node: ast.expr, target: str, scope: Scope) -> Found:
    """A sum left out."""
    for axis in ("0", "1", "2", "(0, 1)", "(0, 2)", "(1, 2)", "(0, 2, 3)", "(0, 1, 2)"):
        yield "sum", of(f"a.sum(axis={axis})", a=node)
    yield "sum", of("a.sum()", a=node)
    for axis in ("0", "1", "-1"):
        yield "sum", of(f"a.sum(axis={axis}, keepdims=True)", a=node)


def turned(node: ast.expr, target: str, scope: Scope) -> Found:
    """The transpose of it all."""
    yield "transpose", of("a.T", a=node)


def another_path(node: ast.expr, target: str, scope: Scope) -> Found:
    """A term left out: what comes along another path."""
    shape = scope.shape(parse(target))
    if shape:
        for name in scope.like(shape):
            yield "step" if name == target else "path", of("a + b", a=node, b=parse(name))


def another_slope(node: ast.expr, target: str, scope: Scope) -> Found:
    """A factor that is a derivative left out."""
    shape = scope.shape(parse(target))
    for name in scope.like(shape) if shape else ():
        a = parse(name)
        for text in ("e * a * (1 - a)", "e * (1 - a ** 2)", "e * (a > 0)", "e * (1 - a)"):
            yield "derivative", of(text, a=a, e=node)
        read = any(
            isinstance(n, ast.BinOp) and isinstance(n.op, ast.Sub) and ast.unparse(n) == f"1 - {name}"
            for n in ast.walk(node)
        )
        yield "derivative" if read else "term", of("e * a", a=a, e=node)
    for name, value in scope.values.items():
        if (
            shape
            and value.shape != shape
            and value.ndim
            and (_spreads(value.shape, shape) or _spreads(shape, value.shape))
        ):
            yield "term", of("e * a", a=parse(name), e=node)
            yield "term", of("e / a", a=parse(name), e=node)


def _spreads(small: Shape, large: Shape) -> bool:
    """Can a tensor be multiplied by another without growing?"""
    pairs = zip(reversed(small), reversed(large), strict=False)
    return len(small) <= len(large) and all(a in (1, b) for a, b in pairs)


Whole = Callable[[ast.expr, str, Scope], Found]
WHOLES: tuple[tuple[int, Whole], ...] = (
    (1, summed),
    (1, turned),
    (2, times_a_number),
    (2, another_slope),
    (2, another_path),
)


def rewrites(statement: Statement, scope: Scope, cost: int) -> Iterator[Rewrite]:
    """What may stand there instead, of that cost."""
    yield from (r for r in _statements(statement) if r.cost == cost)
    node = statement.node
    value = getattr(node, "value", None)
    if value is None or not isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)):
        return
    seen = {ast.unparse(node)}
    for kind, part, new in _values(value, statement, scope, cost):
        changed = clone(node, {id(part): new})
        text = ast.unparse(changed)
        if text not in seen:
            seen.add(text)
            yield Rewrite(kind, cost, changed, ast.unparse(part), ast.unparse(new), part)


def _values(value: ast.expr, statement: Statement, scope: Scope, cost: int) -> Iterator[tuple[str, ast.expr, ast.expr]]:
    for price, rule in PARTS:
        if price == cost:
            for part in ast.walk(value):
                if isinstance(part, ast.expr) and not isinstance(getattr(part, "ctx", None), ast.Store):
                    for kind, new in rule(part, scope):
                        yield kind, part, new
    for price, whole in WHOLES:
        if price == cost:
            for part in _roots(value):
                target = statement.names[0] if statement.names else ast.unparse(part)
                for kind, new in whole(part, target, scope):
                    yield kind, part, new


def _roots(value: ast.expr) -> Iterator[ast.expr]:
    """The right side itself; of a display each of its parts."""
    for part in ast.walk(value):
        inside = [value]
        if isinstance(value, (ast.Tuple, ast.List)):
            inside = [*value.elts, *(v for e in value.elts for v in _entries(e))]
        elif _entries(value):
            inside = _entries(value)
        if (
            isinstance(part, ast.expr)
            and any(part is i for i in inside)
            and not isinstance(part, (ast.Tuple, ast.Dict))
        ):
            yield part


def _entries(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Dict):
        return list(node.values)
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "dict":
        return [k.value for k in node.keywords]
    return list(node.elts) if isinstance(node, (ast.Tuple, ast.List)) else []


def _statements(statement: Statement) -> Iterator[Rewrite]:
    """Mistakes of the statement as a whole: `=` for `+=`, a repeated index assigned, something done once too often."""
    node = statement.node
    text = ast.unparse(node)
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and statement.loop:
        target = ast.unparse(node.targets[0])
        if not isinstance(node.targets[0], (ast.Tuple, ast.List)):
            yield _whole("overwrite", 1, text, f"{target} += {ast.unparse(node.value)}")
    if isinstance(node, ast.AugAssign):
        target, value = ast.unparse(node.target), ast.unparse(node.value)
        if isinstance(node.op, ast.Add):
            yield _whole("sign", 1, text, f"{target} -= {value}")
            yield _whole("overwrite", 1, text, f"{target} = {value}")
        if isinstance(node.op, ast.Sub):
            yield _whole("sign", 1, text, f"{target} += {value}")
        if isinstance(node.target, ast.Subscript) and isinstance(node.op, (ast.Add, ast.Sub)):
            array, index = _array_and_index(node.target)
            sign = "-" if isinstance(node.op, ast.Sub) else ""
            yield _whole("index_add", 1, text, f"np.add.at({array}, np.s_{index}, {sign}({value}))")
        yield _whole("path", 2, text, "pass")
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript) and len(node.targets) == 1:
        array, index = _array_and_index(node.targets[0])
        if not isinstance(node.targets[0].slice, ast.Constant):
            yield _whole("index_add", 1, text, f"np.add.at({array}, np.s_{index}, {ast.unparse(node.value)})")
    if isinstance(node, ast.Expr):
        yield _whole("path", 2, text, "pass")


def _array_and_index(node: ast.Subscript) -> tuple[str, str]:
    """`a` and `[i, :]` of `a[i, :]`."""
    array = ast.unparse(node.value)
    return array, ast.unparse(node)[len(array) :]


def _whole(kind: str, cost: int, old: str, new: str) -> Rewrite:
    return Rewrite(kind, cost, ast.parse(new).body[0], old, new)
