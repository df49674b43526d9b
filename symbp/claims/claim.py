"""A claim, `LEFT = RIGHT`, as a network: what it is about, and both sides as tensors beside it.

Derivatives in it are names: `W1_bar`, `dW1` or a textbook's fraction is the loss's by W1, `sigmoid(z).d1` a function's
by its first argument. They become data of the network, and `by` says of each what it is the derivative of, and by what.
The claim is read, never run.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from symbp.claims.latex import from_latex, is_latex
from symbp.claims.latex_tokens import MOST
from symbp.core.network import Network
from symbp.errors import NotationError
from symbp.notation.read import read_network
from symbp.review.names import quantities
from symbp.review.trees import clone

LEFT, RIGHT, LOSS = "claimed_left", "claimed_right", "claimed_loss"
MOST_NODES = 600
SLOPE = "derivative_"  # of a formula by a name in it
WHOLE = ("softmax", "sum", "mean", "max", "min", "log_softmax", "logsumexp", "cumsum", "norm", "prod")
KINDS = ("Data", "Data[K]", "Data[N, K]")  # what free names may stand for, in the order in which it is tried


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim's network; `by` has for each derivative's name what it is of, and by what."""

    left: str
    right: str
    network: Network
    by: Mapping[str, tuple[str, str]]
    kind: str = "Data"  # what free names stand for

    def is_own(self, name: str) -> bool:
        """Is it what the claim is about, and no part of its sides?"""
        return not name.startswith((LEFT, RIGHT)) and name not in self.network.outputs


@dataclass
class _Names:
    """What the derivatives of a claim are called, and what must be defined for them."""

    known: Mapping[str, object]
    by: dict[str, tuple[str, str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)


def sides(text: str, product: str = "@", network: Network | None = None) -> tuple[str, str]:
    """The two sides, in the language; what is a name, a network tells."""
    if len(text) > MOST:
        raise NotationError(f"a claim has at most {MOST} letters")
    parts = [p.strip() for p in _split(text.strip().strip("$"))]
    if len(parts) != 2 or not all(parts):
        raise NotationError(f"{text!r}: a claim is of the form LEFT = RIGHT")
    powers = [re.sub(r"\^(?=[-(\d])", "**", p) for p in parts]  # tanh(z)^2 is of the language but for its sign
    if all(not is_latex(p) and _parses(p) for p in powers):
        return powers[0], powers[1]
    names = _names_of(network) if network else ()

    def is_name(word: str) -> bool:
        return word in names or any(q in names for q in quantities(word))

    def shape(name: str) -> tuple[str, ...] | None:
        if network and name in {d.name for d in network.dims}:
            return ()
        return tuple(map(str, network.shape(name))) if network and name in names else None

    left, right = (from_latex(p, product, is_name, shape) if is_latex(text) else p for p in parts)
    return left, right


def _names_of(network: Network) -> tuple[str, ...]:
    return (*(t.name for t in network.inputs), *(e.name for e in network.equations))


def _parses(text: str) -> bool:
    try:
        return bool(ast.parse(text, mode="eval"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _split(text: str) -> list[str]:
    """At every equals sign that stands in no parentheses."""
    parts, depth = [""], 0
    for k, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        alone = letter == "=" and "=" not in (text[k + 1 : k + 2], text[k - 1 : k])
        if alone and not depth and text[k - 1 : k] not in ("<", ">", "!"):
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def read_claim(left: str, right: str, definition: tuple[str, Network] | None, kind: str = "Data") -> Claim:
    """Both sides as tensors beside a network's own, or beside free names that stand for this."""
    trees = [_parsed(s) for s in (left, right)]
    return _alone(kind, left, right, trees) if definition is None else _about(definition, left, right, trees)


def _parsed(text: str) -> ast.expr:
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise NotationError(f"{text!r} is no formula of the language") from None
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise NotationError("a claim is too long")
    return _Masks().visit(tree)  # type: ignore[no-any-return]


class _Masks(ast.NodeTransformer):
    """A comparison that is a factor, as NumPy has it: `dh * (h > 0)`."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        node.left, node.right = (_as_number(part) for part in (node.left, node.right))
        return node


def _as_number(node: ast.expr) -> ast.expr:
    if not isinstance(node, ast.Compare):
        return node
    return ast.Call(ast.Name("where", ast.Load()), [node, ast.Constant(1), ast.Constant(0)], [])


def _about(definition: tuple[str, Network], left: str, right: str, trees: list[ast.expr]) -> Claim:
    text, network = definition
    module = ast.parse(text)
    function = next(n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == network.name)
    names = _Names({n: network.shape(n) for n in _names_of(network)})
    changed = [ast.unparse(_Derivatives(names).visit(t)) for t in trees]
    annotations = {bar: _annotation(network, by) for bar, (of, by) in names.by.items() if of == LOSS}
    output = function.body.pop()
    if not isinstance(output, ast.Return) or isinstance(output.value, ast.Tuple):
        raise NotationError(f"{network.name} returns no single value, of which nothing can be claimed")
    loss = ast.unparse(output.value) if output.value else ""
    if network.shape(network.outputs[0]):
        annotations["cotangent"] = _annotation(network, network.outputs[0])
        loss = f"sum(cotangent * ({loss}))"
    function.args.args += [ast.arg(n, ast.parse(a, mode="eval").body) for n, a in annotations.items()]
    index = _index(trees)
    sides = [f"{LEFT}{index} = {changed[0]}", f"{RIGHT}{index} = {changed[1]}"]
    lines = [f"{LOSS} = 1 * ({loss})", *names.lines, *sides]
    function.body += ast.parse("\n".join([*lines, f"return sum({LEFT}) + sum({RIGHT}) + {LOSS}"])).body
    return _read(ast.unparse(ast.fix_missing_locations(module)), network.name, left, right, names)


def _index(trees: list[ast.expr]) -> str:
    """The indices that a claim is for all of: those of its left side, that no sum goes over."""
    left, right = (_free(t) for t in trees)
    if set(left) != set(right) and (left or right):
        other = ", ".join(sorted(set(left) ^ set(right)))
        raise NotationError(f"the index {other} stands on one side alone")
    return f"[{', '.join(left)}]" if left else ""


def _free(tree: ast.expr) -> list[str]:
    """The letters in subscripts that are bound by no sum, in their order."""
    bound = {
        n.id
        for c in ast.walk(tree)
        if isinstance(c, ast.comprehension)
        for n in ast.walk(c.target)
        if isinstance(n, ast.Name)
    }
    found: dict[str, None] = {}
    for part in ast.walk(tree):
        if isinstance(part, ast.Subscript):
            letters = part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]
            found |= {n.id: None for n in letters if isinstance(n, ast.Name) and len(n.id) == 1 and n.id.islower()}
    return [n for n in found if n not in bound]


def _annotation(network: Network, name: str) -> str:
    shape = ", ".join(map(str, network.shape(name)))
    return f"Data[{shape}]" if shape else "Data"


def _alone(kind: str, left: str, right: str, trees: list[ast.expr]) -> Claim:
    called = {id(n.func) for t in trees for n in ast.walk(t) if isinstance(n, ast.Call)}
    inside = {
        id(n.func.value)
        for t in trees
        for n in ast.walk(t)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    }
    found = [n for t in trees for n in ast.walk(t) if isinstance(n, ast.Name) and id(n) not in called | inside]
    free = sorted({n.id for n in found if n.id not in ("pi", "N", "K")})
    names = _Names(dict.fromkeys(free))
    changed = [ast.unparse(_Derivatives(names).visit(t)) for t in trees]
    taken = ", ".join(f"{n}: {kind}" for n in free)
    lines = [*names.lines, f"{LEFT} = {changed[0]}", f"{RIGHT} = {changed[1]}"]
    body = "".join(f"    {line}\n" for line in [*lines, f"return sum({LEFT}) + sum({RIGHT})"])
    head = 'from symbp import Data, dims, network\n\nN, K = dims("N K")\n\n\n@network\n'
    read = _read(f"{head}def claim({taken}):\n{body}", "claim", left, right, names)
    return replace(read, kind=kind)


def _read(text: str, name: str, left: str, right: str, names: _Names) -> Claim:
    try:
        network = read_network(text, "the claim", name)
    except NotationError as error:
        said = error.message.replace(LEFT, "the left side").replace(RIGHT, "the right side")
        raise NotationError(f"{left} = {right}: {said}") from None
    return Claim(left, right, network, dict(names.by))


class _Derivatives(ast.NodeTransformer):
    """Names for what a claim says of derivatives."""

    def __init__(self, names: _Names):
        self.names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if re.fullmatch(r"d\d", node.attr) and isinstance(node.value, ast.Call):
            return self._partial(node.value, int(node.attr[1]))
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id == SLOPE:
            return self._slope(*node.args)
        if isinstance(node.func, ast.Attribute) and re.fullmatch(r"d\d", node.func.attr):
            plain = ast.Call(node.func.value, node.args, node.keywords)
            return self._partial(plain, int(node.func.attr[1]))
        node.args = [self.visit(a) for a in node.args]
        if isinstance(node.func, ast.Attribute):
            node.func = ast.Attribute(self.visit(node.func.value), node.func.attr, ast.Load())
        return node

    def _slope(self, of: ast.expr, by: ast.expr) -> ast.AST:
        """The derivative of a formula by a name in it, entry by entry."""
        assert isinstance(by, ast.Name)
        if any(isinstance(n, ast.Call) and ast.unparse(n.func) in WHOLE for n in ast.walk(of)) or "@" in ast.unparse(
            of
        ):
            raise NotationError(f"the derivative of {ast.unparse(of)} by {by.id} has more entries than {by.id}")
        if not any(isinstance(n, ast.Name) and n.id == by.id for n in ast.walk(of)):
            raise NotationError(f"{ast.unparse(of)} says nothing of {by.id}")
        number = len(self.names.lines) + 1
        argument = f"argument{number}1_"
        within = clone(of, {id(n): ast.Name(argument, ast.Load()) for n in ast.walk(of) if ast.unparse(n) == by.id})
        self.names.lines += [f"{argument} = 1 * {by.id}", f"value{number}_ = 1 * ({ast.unparse(self.visit(within))})"]
        self.names.lines.append(f"slope{number}_ = 1 * {argument}")
        self.names.by[f"slope{number}_"] = f"value{number}_", argument
        return ast.Name(f"slope{number}_", ast.Load())

    def _partial(self, call: ast.Call, place: int) -> ast.AST:
        if not 1 <= place <= len(call.args):
            raise NotationError(f"{ast.unparse(call)} has no argument {place}")
        number = len(self.names.lines) + 1
        arguments = [f"argument{number}{k}_" for k in range(1, len(call.args) + 1)]
        self.names.lines += [
            f"{n} = 1 * ({ast.unparse(self.visit(a))})" for n, a in zip(arguments, call.args, strict=True)
        ]
        value = f"value{number}_"
        self.names.lines.append(f"{value} = 1 * {ast.unparse(call.func)}({', '.join(arguments)})")
        self.names.lines.append(f"slope{number}_ = 1 * {arguments[place - 1]}")  # what has its shape
        self.names.by[f"slope{number}_"] = value, arguments[place - 1]
        return ast.Name(f"slope{number}_", ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id not in self.names.known:
            for quantity in quantities(node.id):
                if quantity in self.names.known and quantity != node.id and self.names.known[quantity] is not None:
                    self.names.by[node.id] = LOSS, quantity
                    break
        return node
