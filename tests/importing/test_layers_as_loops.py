"""Which operations are the turns of a loop is decided by structure: no names, no paths."""

from __future__ import annotations

from dataclasses import replace

import pytest

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


def steps(order: list[int], entries: int, shared_start: bool = False) -> Graph:
    """h = tanh(x[:, t] + h + c), c = h * c, an entry of x after the other; what all of them make is stacked."""
    shape, nodes = (3, 4), []
    tensors = {"x": Tensor("x", FLOAT, (3, entries, 4)), "zero": Tensor("zero", FLOAT, shape)}
    tensors["one"] = tensors["zero"] if shared_start else Tensor("one", FLOAT, shape)
    h, c = "zero", "zero" if shared_start else "one"
    for k, place in enumerate(order):
        names = [f"{what}{k}" for what in ("entry", "sum", "more", "h", "c")]
        tensors |= {n: Tensor(n, FLOAT, shape) for n in names}
        nodes += [
            Node("aten.select.int", (("self", Ref("x")), ("dim", 1), ("index", place)), (names[0],)),
            Node("aten.add.Tensor", (("self", Ref(names[0])), ("other", Ref(h))), (names[1],)),
            Node("aten.add.Tensor", (("self", Ref(names[1])), ("other", Ref(c))), (names[2],)),
            Node("aten.tanh.default", (("self", Ref(names[2])),), (names[3],)),
            Node("aten.mul.Tensor", (("self", Ref(names[3])), ("other", Ref(c))), (names[4],)),
        ]
        h, c = names[3:]
    every = tuple(Ref(f"h{k}") for k in range(len(order)))
    nodes.append(Node("aten.stack.default", (("tensors", every), ("dim", 1)), ("all",)))
    tensors["all"] = Tensor("all", FLOAT, (3, len(order), 4))
    return Graph(("x", "zero", "one"), (), tuple(nodes), {}, ("all",), tensors, {})


def test_steps_that_take_one_entry_after_the_other_are_a_loop() -> None:
    graph = steps([0, 1, 2, 3], 4)
    block = repeated(graph)
    assert block is not None
    assert (block.start, block.period, block.turns, block.moving) == (0, 5, 4, (0,))
    assert block.carried == (("zero", "h0"), ("one", "c0"))
    assert block.gathered == {"all": "h0"}
    assert list(block.results(graph)) == []


def test_states_that_start_as_one_value_are_two() -> None:
    block = repeated(steps([0, 1, 2, 3], 4, shared_start=True))
    assert block is not None
    assert block.carried == (("zero", "h0"), ("zero 1", "c0"))
    assert block.starts == {(2, 1): "zero 1", (4, 1): "zero 1"}


@pytest.mark.parametrize(
    ("order", "entries"), [([3, 2, 1, 0], 4), ([0, 2, 1, 3], 4), ([0, 1, 2, 3], 5), ([1, 2, 3], 4)]
)
def test_steps_in_another_order_or_of_a_part_are_written_out(order: list[int], entries: int) -> None:
    assert repeated(steps(order, entries)) is None


def test_a_stack_in_another_order_is_no_array_of_the_turns() -> None:
    graph = steps([0, 1, 2, 3], 4)
    parts = tuple(Ref(f"h{k}") for k in (0, 1, 3, 2))
    last = Node("aten.stack.default", (("tensors", parts), ("dim", 1)), ("all",))
    assert repeated(replace(graph, nodes=(*graph.nodes[:-1], last))) is None
