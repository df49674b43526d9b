"""Runs of operations that are one word of the library: PyTorch's own layers, exported operation by operation.

A run is taken only where every operation has just the arguments that the word means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from symbp.importing.graph import Argument, Graph, Node, Ref, Size

LAST = (1 << 63) - 1  # an end that is none
HEADS = "symbp.multi_head_attention"
Pattern = Callable[[Graph, int], "tuple[Node, int] | None"]


def composed(graph: Graph) -> Graph:
    """Such runs as one operation each, and no parts that are the whole: `x[:, t]` takes `x[:]` first."""
    graph = _without_wholes(graph)
    nodes: list[Node] = []
    place = 0
    while place < len(graph.nodes):
        found = next((f for pattern in PATTERNS if (f := pattern(graph, place))), None)
        if found is None:
            nodes.append(graph.nodes[place])
            place += 1
            continue
        node, length = found
        nodes.append(node)
        place += length
    return replace(graph, nodes=tuple(nodes))


def _without_wholes(graph: Graph) -> Graph:
    whole: dict[str, str] = {}
    nodes = []
    for node in graph.nodes:
        node = _renamed(node, whole)
        of = node.get("self")
        if isinstance(of, Ref) and _takes_all(node):
            whole[node.results[0]] = of.name
        else:
            nodes.append(node)
    extents = {name: _renamed(node, whole) for name, node in graph.extents.items()}
    outputs = tuple(whole.get(name, name) for name in graph.outputs)
    return replace(graph, nodes=tuple(nodes), extents=extents, outputs=outputs)


def _takes_all(node: Node) -> bool:
    """Is it x[:] along its dimension?"""
    if node.operation != "aten.slice.Tensor":
        return False
    start, end, step = node.get("start", 0) or 0, node.get("end"), node.get("step", 1)
    axis = node.get("dim", 0)
    return (start, step) == (0, 1) and isinstance(axis, int) and (end is None or end == LAST)


def _renamed(node: Node, whole: Mapping[str, str]) -> Node:
    return replace(node, arguments=tuple((key, _renamed_in(value, whole)) for key, value in node.arguments))


def _renamed_in(value: Argument, whole: Mapping[str, str]) -> Argument:
    if isinstance(value, Ref):
        return Ref(whole.get(value.name, value.name))
    return tuple(_renamed_in(v, whole) for v in value) if isinstance(value, tuple) else value


def multi_head_attention(graph: Graph, place: int) -> tuple[Node, int] | None:
    """nn.MultiheadAttention of one sequence to itself, the batch first."""
    run = graph.nodes[place : place + 25]
    if len(run) < 25 or run[0].operation != "aten.transpose.int" or run[1].operation != "aten.linear.default":
        return None
    x, weight, bias = run[0].get("self"), run[1].get("weight"), run[1].get("bias")
    attention, out = run[19], run[22]
    heads = run[16].get("size")
    if not isinstance(x, Ref) or not isinstance(bias, Ref) or not isinstance(heads, tuple) or len(heads) != 4:
        return None
    shape = graph.tensors[x.name].shape
    causal = attention.get("is_causal", False)
    expected = list(_self_attention(run, x, shape, _plain(heads[1]), bool(causal)))
    if len(shape) != 3 or not isinstance(out.get("bias"), Ref) or _inner_reads(graph, run):
        return None
    if [(n.operation, dict(_masked(n))) for n in run] != [(f"aten.{name}", given) for name, given in expected]:
        return None
    arguments: tuple[tuple[str, Argument], ...] = (
        *(("x", x), ("in_weight", weight), ("in_bias", bias), ("out_weight", out.get("weight"))),
        *(("out_bias", out.get("bias")), ("num_heads", _plain(heads[1])), ("causal", bool(causal))),
    )
    return replace(run[1], operation=HEADS, arguments=arguments, results=run[-1].results), len(run)


def _self_attention(
    run: Sequence[Node], x: Ref, shape: Sequence[int], heads: int, causal: bool
) -> Iterator[tuple[str, dict[str, object]]]:
    """The operations of such a layer, each with its arguments: those that are no names of its results."""
    n, t, d = shape if len(shape) == 3 else (0, 0, 0)
    e = d // max(heads, 1)
    made = [Ref(node.results[0]) for node in run]
    yield "transpose.int", {"self": x, "dim0": 1, "dim1": 0}
    yield "linear.default", {"input": made[0], "weight": run[1].get("weight"), "bias": run[1].get("bias")}
    yield "unflatten.int", {"self": made[1], "dim": -1, "sizes": (3, d)}
    yield "unsqueeze.default", {"self": made[2], "dim": 0}
    yield "transpose.int", {"self": made[3], "dim0": 0, "dim1": -2}
    yield "squeeze.dim", {"self": made[4], "dim": -2}
    yield "contiguous.default", {"self": made[5]}
    for k in range(3):
        yield "select.int", {"self": made[6], "dim": 0, "index": k}
    for k in range(3):
        yield "view.default", {"self": made[7 + k], "size": (t, n * heads, e)}
        yield "transpose.int", {"self": made[10 + 2 * k], "dim0": 0, "dim1": 1}
    for k in range(3):
        yield "view.default", {"self": made[11 + 2 * k], "size": (n, heads, t, e)}
    told = {"is_causal": True} if causal else {}
    yield "scaled_dot_product_attention.default", {"query": made[16], "key": made[17], "value": made[18], **told}
    yield "permute.default", {"self": made[19], "dims": (2, 0, 1, 3)}
    yield run[21].operation.removeprefix("aten."), {"self": made[20], _key(run[21]): (t * n, d)}
    yield "linear.default", {"input": made[21], "weight": run[22].get("weight"), "bias": run[22].get("bias")}
    yield "view.default", {"self": made[22], "size": (t, n, d)}
    yield "transpose.int", {"self": made[23], "dim0": 1, "dim1": 0}


def _key(node: Node) -> str:
    return "shape" if node.operation == "aten.reshape.default" else "size"


def _masked(node: Node) -> Iterator[tuple[str, object]]:
    """The arguments that say something, sizes as numbers."""
    for name, value in node.arguments:
        silent = value is None or (name == "dropout_p" and value == 0) or (name == "is_causal" and not value)
        if not silent:
            yield name, tuple(map(_plain, value)) if isinstance(value, tuple) else value


def _plain(value: Argument) -> int:
    return value.value if isinstance(value, Size) else value  # type: ignore[return-value]


def _inner_reads(graph: Graph, run: Sequence[Node]) -> bool:
    """Is anything read elsewhere but what the run ends with?"""
    inner = {r for node in run[:-1] for r in node.results}
    reads = {r for node in graph.nodes if node not in run for r in node.reads()}
    return bool(inner & (reads | set(graph.outputs)))


PATTERNS: tuple[Pattern, ...] = (multi_head_attention,)
