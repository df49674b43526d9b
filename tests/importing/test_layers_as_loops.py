"""Which operations are the turns of a loop is decided by structure: no names, no paths."""

from __future__ import annotations

from symbp.importing.blocks import repeated
from symbp.importing.graph import FLOAT, Graph, Held, Node, Ref, Tensor


def stack(turns: int, extra: bool = False, shared: bool = False, wide_at: int = -1) -> Graph:
    """x = relu(norm(x @ w)) + x, so many times, with a weight each."""
    nodes, x = [], "x"
    shape = (3, 4)
    tensors = {"x": Tensor("x", FLOAT, shape)}
    weights = []
    for k in range(turns):
        w = "w" if shared else f"w{k}"
        if w not in tensors:
            weights.append(Held(w, f"layers.{k}.weight", True))
            tensors[w] = Tensor(w, FLOAT, (4, 5 if k == wide_at else 4))
        names = [f"{op}{k}" for op in ("product", "norm", "relu", "sum")]
        tensors |= {n: Tensor(n, FLOAT, shape) for n in names}
        nodes += [
            Node("aten.linear.default", (("input", Ref(x)), ("weight", Ref(w))), (names[0],)),
            Node("aten.layer_norm.default", (("input", Ref(names[0])),), (names[1],)),
            Node("aten.relu.default", (("self", Ref(names[1])),), (names[2],)),
            Node("aten.add.Tensor", (("self", Ref(names[2])), ("other", Ref(x))), (names[3],)),
        ]
        x = names[3]
    last = x
    if extra:  # the second turn's value is read after the loop
        tensors["end"] = Tensor("end", FLOAT, shape)
        nodes.append(Node("aten.add.Tensor", (("self", Ref(x)), ("other", Ref("sum1"))), ("end",)))
        last = "end"
    return Graph(("x",), tuple(weights), tuple(nodes), {}, (last,), tensors, {})


def test_four_turns_are_one_block() -> None:
    block = repeated(stack(5))
    assert block is not None
    assert (block.start, block.period, block.turns) == (0, 4, 5)
    assert block.carried == (("x", "sum0"),)
    assert block.stacked == {"w0": ("w0", "w1", "w2", "w3", "w4")}
    assert list(block.results(stack(5))) == [("sum0", "sum4")]


def test_a_turn_of_another_shape_ends_the_block() -> None:
    block = repeated(stack(6, wide_at=5))
    assert block is not None
    assert (block.start, block.turns) == (0, 5)


def test_what_two_turns_share_is_no_layer() -> None:
    assert repeated(stack(5, shared=True)) is None


def test_what_is_read_from_the_middle_is_no_loop() -> None:
    """Only what comes after the turn that is read outside can be one."""
    block = repeated(stack(8, extra=True))
    assert block is None or block.start > 4
    assert block is None or all(a != "sum1" for a, _ in block.results(stack(8, extra=True)))


def test_few_operations_are_written_out() -> None:
    assert repeated(stack(3)) is None
