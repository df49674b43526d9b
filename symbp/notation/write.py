"""Network -> text: a whole file of the language, in index notation. Reading it gives the same network.

A size on the left is stated only where the reads do not say it; an equation that was written as a call of the library
is written so again where that reads back as the same equation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from symbp.core import build
from symbp.core.expr import And, Delta, Extreme, First, Mul, Or, Read, Sum, Where
from symbp.core.integers import Index, Node, Poly
from symbp.core.network import LABELS, PARAM, Equation, Network, Tensor
from symbp.core.traverse import children, labels_of, polys
from symbp.errors import CheckFailed, NotationError
from symbp.escape import COMMENT, DOCSTRING, Prose, cleaned, in_python, same_code
from symbp.notation import library
from symbp.notation.blocks import Block, blocks
from symbp.notation.context import Access, access, guarded_by
from symbp.notation.extents import Unknown, infer
from symbp.notation.read import read_network
from symbp.notation.text import write_expr, write_integer, write_range
from symbp.notation.wrap import LONG, lines_of, wrapped

__all__ = ["write_equation", "write_expr", "write_network"]


def write_network(network: Network) -> str:
    """A complete file: `read_network(write_network(n)) == n`."""
    text = _file(network, calls=True)
    if not any(_as_call(network, e) for e in network.equations):
        return text
    try:
        same = read_network(text) == network
    except NotationError:
        same = False
    return text if same else _file(network, calls=False)


def write_equation(network: Network, equation: Equation, calls: bool = True, depth: int = 0) -> str:
    """A statement of the language: `z1[n, h] = ...`; `depth` is how many loops it stands in."""
    if calls and (call := _as_call(network, equation, depth)):
        letters = ", ".join(i.name for i in equation.indices[:depth])
        return f"{equation.name}[{letters}] = {call}" if depth else f"{equation.name} = {call}"
    return f"{_left(network, equation, depth)} = {write_expr(equation.body)}"


def _file(network: Network, calls: bool) -> str:
    sizes = [*(d.name for d in network.dims), *network.widths]
    head = [f'{", ".join(sizes)} = dims("{" ".join(sizes)}")'] if sizes else []
    head += [f'{name} = function("{name}")' for name, _ in network.functions]
    body = [line for f in network.facts for line in _claimed(write_expr(f.statement))]
    body += _statements(network, blocks(network.equations), calls, 0)
    body.append(_return(network))
    parts = [f"from symbp import {', '.join(_imports(network))}"]
    if head:
        parts.append("\n".join(head))
    inputs = "".join(f"    {t.name}: {_annotation(t)},{_named(network, t.name)}\n" for t in network.inputs)
    before = "\n\n".join(parts) + f"\n\n\n@network\ndef {network.name}(\n{inputs}):\n"
    text = before + _indented([*_docstring(network.doc), *body])
    _demand_meant(text, network.doc, before + _indented(body))
    return text


def _named(network: Network, name: str) -> str:
    """What the user calls a tensor, behind the line that defines it."""
    words = network.called(name)
    return f"  # {in_python(words, COMMENT)}" if words else ""


def _indented(lines: list[str]) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in lines)


def _demand_meant(text: str, doc: Prose, bare: str) -> None:
    """CheckFailed unless the text is that of the network without a docstring, with this one: words become no code."""
    tree, other = ast.parse(text), ast.parse(bare)
    function = tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    match function.body.pop(0) if doc else None:
        case None:
            found = ""
        case ast.Expr(value=ast.Constant(value=str(found))):
            pass
        case _:
            raise CheckFailed(_NOT_MEANT)
    if cleaned(found) != doc or not same_code(tree, other):
        raise CheckFailed(_NOT_MEANT)


_NOT_MEANT = "a network does not say what was meant: its docstring is another, or has become code"


def _statements(network: Network, parts: tuple[Equation | Block, ...], calls: bool, depth: int) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Equation):
            lines = _wrapped(write_equation(network, part, calls, depth), depth + 1)
            yield from (*lines[:-1], lines[-1] + _named(network, part.name))
        else:
            yield f"for {part.index.name} in {write_range(part.index)}:"
            yield from (f"    {line}" for line in _statements(network, part.parts, calls, depth + 1))


def _wrapped(statement: str, depth: int) -> list[str]:
    left, right = statement.split(" = ", 1)
    return wrapped(left, right, 4 * depth)


def _claimed(condition: str) -> list[str]:
    """A fact in lines."""
    return [f"assert {condition}"] if len(condition) <= LONG else ["assert (", *lines_of(condition, 4), ")"]


def _imports(network: Network) -> Iterator[str]:
    kinds = {_KIND[t.kind] for t in network.inputs}
    yield from (k for k in ("Data", "Labels", "Param") if k in kinds)
    if network.dims or network.widths:
        yield "dims"
    if network.functions:
        yield "function"
    yield "network"


_KIND = {"data": "Data", PARAM: "Param", LABELS: "Labels"}


def _annotation(tensor: Tensor) -> str:
    sizes = [write_integer(p) for p in (*tensor.shape, *([tensor.classes] if tensor.classes is not None else []))]
    if tensor.each is not None:
        sizes[0] = f"{tensor.each.name}: {sizes[0]}"
    return f"{_KIND[tensor.kind]}[{', '.join(sizes)}]" if sizes else _KIND[tensor.kind]


def _docstring(doc: Prose) -> list[str]:
    """The lines of the docstring; of several lines the first has one of its own where its indentation would be lost."""
    if not doc:
        return []
    lines = in_python(doc, DOCSTRING).split("\n")
    if len(lines) == 1:
        return [f'"""{lines[0]}"""']
    written = [f'"""{lines[0]}', *lines[1:], '"""']
    return written if _reads_as(doc, written) else ['"""', *lines, '"""']


def _reads_as(doc: Prose, lines: list[str]) -> bool:
    """Is the text of these lines, indented, read as this one?"""
    value = ast.literal_eval("\n".join(f"    {line}" if line else "" for line in lines).lstrip(" "))
    return cleaned(str(value)) == doc


def _return(network: Network) -> str:
    outputs = network.outputs
    if len(outputs) == 1:
        only = network.equation(outputs[0])
        return f"return {outputs[0]}" if only is not None and not only.indices else f"return ({outputs[0]},)"
    return f"return {', '.join(outputs)}" if outputs else "return ()"


def _as_call(network: Network, equation: Equation, depth: int = 0) -> str | None:
    """`sigmoid(z1)`, where the call is one of the library's on whole tensors."""
    call = equation.call
    if call is None or call.function not in library.names() or _is_name(network, call.function):
        return None
    lead = [i.name for i in equation.indices[:depth]]
    args = [a.tensor for a in call.args if isinstance(a, Read) and _is_whole(a, lead)]
    if len(args) < len(call.args):
        return None
    letters = f"[{', '.join(lead)}]" if lead else ""
    return f"{call.function}({', '.join(f'{a}{letters}' for a in args)})"


def _is_whole(read: Read, lead: list[str]) -> bool:
    """Does an entry stand for the whole tensor, as far as it is there within loops over these letters?"""
    return all(s.index for s in read.subs) and [str(s) for s in read.subs[: len(lead)]] == lead


def _is_name(network: Network, name: str) -> bool:
    named = (network.tensor(name), network.equation(name))
    return named != (None, None) or name in {d.name for d in network.dims} | {f for f, _ in network.functions}


def _left(network: Network, equation: Equation, depth: int) -> str:
    if not equation.indices:
        return equation.name
    stated = _stated(network, equation, depth)
    parts = [f"{i.name}: {write_integer(i.stop)}" if i in stated else i.name for i in equation.indices]
    return f"{equation.name}[{', '.join(parts)}]"


def _stated(network: Network, equation: Equation, depth: int) -> tuple[Index, ...]:
    """The indices whose size a reader would not infer; those of the loops around it say theirs."""
    own = equation.indices[depth:]
    accesses = tuple(_accesses(network, equation.body, _Under()))
    # How large an entry of a recurrence is cannot be told by its own reads.
    others = tuple(a for a in accesses if a.what != equation.name)
    stated: tuple[Index, ...] = ()
    for _ in range(len(own) + 1):
        left = [i for i in own if i not in stated]
        try:
            infer(left, others)
            found = infer(left, accesses)
        except Unknown as unknown:
            stated = (*stated, unknown.args[0])
            continue
        except NotationError:
            return own
        wrong = tuple(i for i in left if found[i] != i.stop)
        if not wrong:
            return stated
        stated = (*stated, wrong[0])
    return own


@dataclass(frozen=True, slots=True)
class _Under:
    """The indices that the conditions around an expression restrict: of choices, and of comprehensions with `if`."""

    guards: frozenset[Index] = frozenset()
    filters: frozenset[Index] = frozenset()


def _accesses(network: Network, node: Node, under: _Under) -> Iterator[Access]:
    """The subscripts in an expression, as the reader of its text would note them."""
    match node:
        case Read():
            yield from _of_read(network, node, under)
        case _:
            for poly in polys(node):
                yield from _in_labels(network, poly, under)
    for part, place in _placed(node, under):
        yield from _accesses(network, part, place)


def _placed(node: Node, under: _Under) -> Iterator[tuple[Node, _Under]]:
    """What stands directly below a node, each with the indices restricted there."""
    match node:
        case Sum(_, Where(cond, body, build.NIL)) | Extreme(_, _, body, cond) | First(_, _, body, cond, _):
            yield cond, under
            yield body, replace(under, filters=under.filters | guarded_by(cond))
        case Where(cond, then, other):
            inner = replace(under, guards=under.guards | guarded_by(cond))
            yield from ((cond, under), (then, inner), (other, inner))
        case And(args) | Or(args):
            for part in args:
                yield part, under
                under = replace(under, guards=under.guards | guarded_by(part))
        case Mul(args):
            deltas = (a for a in args if isinstance(a, Delta))
            inner = replace(under, guards=under.guards.union(*map(guarded_by, deltas)))
            yield from ((factor, inner) for factor in args)
        case _:
            yield from ((child, under) for child in children(node))


def _of_read(network: Network, read: Read, under: _Under) -> Iterator[Access]:
    for sub, extent in zip(read.subs, network.extents(read), strict=True):
        if any(True for _ in labels_of(sub)):
            yield from _in_labels(network, sub, under)
        else:
            yield access(sub, extent, under.guards, under.filters, read.tensor)


def _in_labels(network: Network, poly: Poly, under: _Under) -> Iterator[Access]:
    for label in labels_of(poly):
        yield from _of_read(network, label, under)
