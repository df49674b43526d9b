"""Operators that are a layer, as operations of PyTorch's: products with weights, windows, norms, recurrences."""

from __future__ import annotations

import numpy as np

from symbp.importing.graph import Argument, Ref
from symbp.importing.onnx.model import Operation
from symbp.importing.onnx.reader import Convert, Reader, demand


def gemm(r: Reader, op: Operation) -> None:
    """alpha A B + beta C; with B transposed it is a linear layer."""
    demand(op, op.get("alpha", 1.0) == 1 and op.get("beta", 1.0) == 1, "no factors")
    a, b = (r.argument(n) for n in op.inputs[:2])
    if op.get("transA", 0):
        a = r.emit(op, "t.default", (f"{op.outputs[0]}_a",), self=a)
    if not op.get("transB", 0):
        b = r.emit(op, "t.default", (f"{op.outputs[0]}_b",), self=b)
    bias = {"bias": r.argument(op.inputs[2])} if len(op.inputs) > 2 and op.inputs[2] else {}
    r.emit(op, "linear.default", op.outputs, input=a, weight=b, **bias)


def _pads(op: Operation, rank: int) -> tuple[int, ...]:
    """Padding that is the same on both sides."""
    pads = tuple(op.get("pads", (0,) * (2 * rank)))
    even = op.get("auto_pad", "NOTSET") in ("NOTSET", "VALID") and pads[:rank] == pads[rank:]
    demand(op, even, "the same padding on both sides")
    return pads[:rank]


def convolution(r: Reader, op: Operation) -> None:
    rank = len(r.shape(op.inputs[1])) - 2
    demand(op, rank in (1, 2), "a sequence or an image")
    ones = (1,) * rank
    bias = {"bias": r.argument(op.inputs[2])} if len(op.inputs) > 2 and op.inputs[2] else {}
    r.emit(
        op, f"conv{rank}d.default", op.outputs, input=r.argument(op.inputs[0]), weight=r.argument(op.inputs[1]), **bias,
        stride=tuple(op.get("strides", ones)), padding=_pads(op, rank), dilation=tuple(op.get("dilations", ones)),
        groups=op.get("group", 1),
    )  # fmt: skip


def pooling(operation: str) -> Convert:
    def convert(r: Reader, op: Operation) -> None:
        kernel = tuple(op.get("kernel_shape", ()))
        plain = len(kernel) == 2 and not op.get("ceil_mode", 0) and len(op.outputs) == 1
        demand(op, plain, "windows on images, rounded down, without their places")
        padding = _pads(op, 2)
        more: dict[str, Argument] = {}
        if operation.startswith("avg"):
            more = {"count_include_pad": bool(op.get("count_include_pad", 0)) or not any(padding)}
        else:
            more = {"dilation": tuple(op.get("dilations", (1, 1)))}
        r.emit(
            op, operation, op.outputs, self=r.argument(op.inputs[0]), kernel_size=kernel,
            stride=tuple(op.get("strides", (1, 1))), padding=padding, **more,
        )  # fmt: skip

    return convert


def global_mean(r: Reader, op: Operation) -> None:
    axes = tuple(range(2, len(r.shape(op.inputs[0]))))
    r.emit(op, "mean.dim", op.outputs, self=r.argument(op.inputs[0]), dim=axes, keepdim=True)


def batch_norm(r: Reader, op: Operation) -> None:
    """By the statistics that are kept, which are not trained."""
    demand(op, not op.get("training_mode", 0), "no training")
    x, gamma, beta = (r.argument(n) for n in op.inputs[:3])
    mean, var = (r.argument(n, trained=False) for n in op.inputs[3:5])
    r.emit(
        op, "batch_norm.default", op.outputs[:1], input=x, weight=gamma, bias=beta, running_mean=mean, running_var=var,
        training=False, momentum=0.1, eps=_tidy(op.get("epsilon", 1e-5)), cudnn_enabled=False,
    )  # fmt: skip


def _tidy(value: float) -> float:
    """A number that was written in single precision."""
    return float(f"{value:.7g}")


def layer_norm(r: Reader, op: Operation) -> None:
    x, rank = r.argument(op.inputs[0]), len(r.shape(op.inputs[0]))
    plain = op.get("axis", -1) % rank == rank - 1 and len([o for o in op.outputs if o]) == 1
    demand(op, plain, "the last dimension")
    bias = {"bias": r.argument(op.inputs[2])} if len(op.inputs) > 2 and op.inputs[2] else {}
    r.emit(
        op, "layer_norm.default", op.outputs[:1], input=x, normalized_shape=r.shape(op.inputs[0])[-1:],
        weight=r.argument(op.inputs[1]), **bias, eps=_tidy(op.get("epsilon", 1e-5)),
    )  # fmt: skip


def softmax(operation: str) -> Convert:
    def convert(r: Reader, op: Operation) -> None:
        r.emit(op, operation, op.outputs, self=r.argument(op.inputs[0]), dim=op.get("axis", -1))

    return convert


# Which of PyTorch's gates each of ONNX's is: input, output, forget, cell; update, reset, hidden.
GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
LAYERS = {"LSTM": "lstm.input", "GRU": "gru.input", "RNN": "rnn_tanh.input"}


def recurrent(r: Reader, op: Operation) -> None:
    """One layer in one direction; its weights get PyTorch's order of gates, its biases are two."""
    names = [*op.inputs, "", "", "", ""]
    x, w, u = (op.inputs[k] for k in range(3))
    plain = op.get("direction", "forward") == "forward" and not op.get("layout", 0) and not names[4] and not names[7]
    plain = plain and (op.kind != "GRU" or bool(op.get("linear_before_reset", 0)))
    plain = plain and "activations" not in op.attributes and "clip" not in op.attributes
    demand(op, plain, "PyTorch's layer in one direction")
    h, n = r.arrays[u].shape[2], r.shape(x)[1]
    order = [k * h + j for k in GATES[op.kind] for j in range(h)]
    weights = [r.hold(f"{name}.weight", r.arrays[name][0][order]) for name in (w, u)]
    if names[3]:
        both = r.arrays[names[3]][0].reshape(2, -1)
        weights += [r.hold(f"{names[3]}.{part}", both[k][order]) for k, part in enumerate(("input", "state"))]
    starts = []
    for k, name in enumerate(names[5:7] if op.kind == "LSTM" else names[5:6]):
        if name and name not in r.known:
            starts.append(r.argument(name))
        else:
            demand(op, not name or not np.any(r.known[name]), "a start of zeros or a tensor")
            starts.append(r.emit(op, "zeros.default", (f"{op.outputs[0]}_start{k}",), size=(1, n, h), dtype=8))
    outputs = [*op.outputs, "", "", ""]
    made = f"{op.outputs[0]}_states"
    hx: Argument = tuple(starts) if op.kind == "LSTM" else starts[0]
    results = (made, *(name or f"{made}_{k}" for k, name in enumerate(outputs[1 : 1 + len(starts)])))
    r.emit(
        op, LAYERS[op.kind], results, input=r.argument(x), hx=hx, params=tuple(weights), has_biases=bool(names[3]),
        num_layers=1, dropout=0.0, train=False, bidirectional=False, batch_first=False,
    )  # fmt: skip
    if outputs[0]:
        r.emit(op, "unsqueeze.default", (outputs[0],), self=Ref(made), dim=1)
