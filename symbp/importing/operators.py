"""From an ONNX model to a Graph: each operator as the operations of PyTorch's that mean the same.

Sizes are numbers in the Graph, so what computes shapes is worked out here; a free size is given a number of its own.
Arrays of real numbers are taken for trained ones, except where an operator says that they are not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from symbp.importing.at import State
from symbp.importing.draft import Input, Value
from symbp.importing.graph import BOOLEAN, FLOAT, INTEGER, Argument, Graph, Held, Node, Ref, Refused, Tensor, checked
from symbp.importing.onnx import Model, Operation
from symbp.importing.translate import read_operation

Array = np.ndarray[Any, Any]
FREE = (3, 5, 7, 11, 13)  # what sizes without a number are taken for, each its own
INPUT_KINDS = {1: FLOAT, 11: FLOAT, 6: INTEGER, 7: INTEGER, 9: BOOLEAN}


@dataclass(slots=True)
class Reader:
    """What has been read so far: the operations, which tensors there are, which values are known as numbers."""

    arrays: dict[str, Array]
    known: dict[str, Array] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    nodes: list[Node] = field(default_factory=list)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    state: State = field(default_factory=State)

    def add(self, name: str, kind: str, shape: Sequence[int]) -> None:
        self.tensors[name] = Tensor(name, kind, tuple(shape))
        self.state.env[name] = Value(self.state.sizes.shape(shape), kind, name)

    def argument(self, name: str, trained: bool = True) -> Argument:
        """What an operation reads: a tensor, or a single number."""
        if name in self.known and name not in self.held and self.known[name].size == 1 and name not in self.arrays:
            return self.known[name].item()  # type: ignore[no-any-return]
        array = self.arrays.get(name, self.known.get(name))
        if name not in self.tensors and array is not None:
            if array.ndim == 0:
                return array.item()  # type: ignore[no-any-return]
            self.hold(name, array, trained)
        if name not in self.tensors:
            raise Refused(f"{name}: read and never made")
        return Ref(name)

    def hold(self, name: str, array: Array, trained: bool = True) -> Ref:
        """An array as a parameter or a buffer."""
        real = array.dtype.kind == "f"
        self.arrays[name] = array
        self.held[name] = Held(name, name, trained and real)
        self.add(name, FLOAT if real else INTEGER, array.shape)
        return Ref(name)

    def shape(self, name: str) -> tuple[int, ...]:
        if name in self.tensors:
            return self.tensors[name].shape
        array = self.arrays[name] if name in self.arrays else self.known[name]
        return tuple(map(int, array.shape))

    def emit(self, at: Operation, operation: str, results: Sequence[str], /, **arguments: Argument) -> Ref:
        """One operation of PyTorch's, whose shapes are found by its rule."""
        node = Node(f"aten.{operation}", tuple(arguments.items()), tuple(results), _path(at))
        self.nodes.append(node)
        read_operation(self.state, node)
        for name in results:
            if name:
                value = self.state.env[name]
                self.tensors[name] = Tensor(name, value.kind, tuple(map(self.state.sizes.value, value.shape)))
        return Ref(results[0])


Convert = Callable[[Reader, Operation], None]


def graph_of(model: Model) -> Graph:
    """The graph of a model; Refused where an operator has no counterpart."""
    reader = Reader(dict(model.arrays))
    free: dict[str, int] = {}
    for name, (kind, shape) in model.inputs.items():
        if kind not in INPUT_KINDS:
            raise Refused(f"{name}: an input of a type that is no number of single or double precision or integer")
        sizes = [s if isinstance(s, int) else free.setdefault(s, FREE[len(free) % len(FREE)]) for s in shape]
        reader.add(name, INPUT_KINDS[kind], sizes)
        reader.state.inputs[reader.state.env[name]] = Input(reader.state.env[name], "Data")
    for operation in model.operations:
        _read(reader, operation)
    outputs = tuple(name for name in model.outputs if name in reader.tensors)
    held = tuple(reader.held.values())
    arrays = {h.path: reader.arrays[h.path] for h in held}
    return checked(Graph(tuple(model.inputs), held, tuple(reader.nodes), {}, outputs, reader.tensors, arrays))


def _read(reader: Reader, operation: Operation) -> None:
    if operation.kind in FOLDED and _is_known(reader, operation):
        values = [_value(reader, name) for name in operation.inputs]
        try:
            reader.known[operation.outputs[0]] = np.asarray(FOLDED[operation.kind](operation, values))
        except (TypeError, ValueError, IndexError, KeyError, ZeroDivisionError) as error:
            raise _refused(operation, f"its arguments are not understood ({error!r})") from error
        return
    convert = OPERATORS.get(operation.kind)
    if convert is None:
        raise _refused(operation, "it has no counterpart")
    try:
        convert(reader, operation)
    except (AssertionError, TypeError, ValueError, IndexError, KeyError, ZeroDivisionError) as error:
        raise _refused(operation, f"its arguments are not understood ({error!r})") from error


def _refused(operation: Operation, why: str) -> Refused:
    return Node(f"ONNX's {operation.kind}", (), (), _path(operation)).refused(why)


def demand(operation: Operation, holds: bool, what: str) -> None:
    """Refuse an operator that asks for something else."""
    if not holds:
        raise _refused(operation, f"expected {what}")


def _path(operation: Operation) -> str:
    """The attribute path of the module that an operator stands in, where its name says it: /fc1/Gemm."""
    return operation.name.strip("/").replace("/", ".").rpartition(".")[0]


# --- what is worked out


def _is_known(reader: Reader, operation: Operation) -> bool:
    """Are all arguments whole numbers or single ones that are known, or is only a shape asked for?"""
    if operation.kind == "Shape":
        return True
    for name in operation.inputs:
        array = reader.known.get(name)
        if name and array is None:
            held = reader.arrays.get(name)
            if held is None or name in reader.held or (held.dtype.kind == "f" and held.size > 1):
                return False
    return True


def _value(reader: Reader, name: str) -> Any:
    if name in reader.known or name in reader.arrays:
        return reader.known.get(name, reader.arrays.get(name))
    return np.empty(reader.shape(name)) if name else None


def _shape(op: Operation, v: Sequence[Any]) -> Any:
    return np.array(v[0].shape[op.get("start", 0) : op.get("end", None)], np.int64)


def _cut(op: Operation, v: Sequence[Any]) -> Any:
    starts, ends = v[1].ravel(), v[2].ravel()
    axes = v[3].ravel() if len(v) > 3 and v[3] is not None else range(len(starts))
    steps = v[4].ravel() if len(v) > 4 and v[4] is not None else [1] * len(starts)
    cuts = [slice(None)] * v[0].ndim
    for a, s, e, t in zip(axes, starts, ends, steps, strict=True):
        cuts[int(a)] = slice(int(s), int(e), int(t))
    return v[0][tuple(cuts)]


def _axes(op: Operation, v: Sequence[Any]) -> tuple[int, ...]:
    given = v[1] if len(v) > 1 and v[1] is not None else op.get("axes", None)
    return tuple(int(a) for a in np.ravel(given)) if given is not None else ()


def _constant(op: Operation, _v: Sequence[Any]) -> Any:
    for name in ("value", "value_int", "value_float", "value_ints", "value_floats"):
        if op.get(name, None) is not None:
            return op.get(name, None)
    raise ValueError("a constant of another kind")


def _unsqueezed(op: Operation, v: Sequence[Any]) -> Any:
    return np.expand_dims(v[0], _axes(op, v))


def _divided(_op: Operation, v: Sequence[Any]) -> Any:
    return v[0] // v[1] if v[0].dtype.kind in "iu" else v[0] / v[1]


FOLDED: dict[str, Callable[[Operation, Sequence[Any]], Any]] = {
    "Constant": _constant,
    "Shape": _shape,
    "Identity": lambda op, v: v[0],
    "Cast": lambda op, v: v[0],
    "Gather": lambda op, v: np.take(v[0], v[1].astype(int), axis=op.get("axis", 0)),
    "Concat": lambda op, v: np.concatenate([np.atleast_1d(x) for x in v], axis=op.get("axis", 0)),
    "Unsqueeze": _unsqueezed,
    "Squeeze": lambda op, v: np.squeeze(v[0], _axes(op, v) or None),
    "Slice": _cut,
    "Reshape": lambda op, v: v[0].reshape(v[1]),
    "ConstantOfShape": lambda op, v: np.full(v[0], np.ravel(op.get("value", np.zeros(1, np.float32)))[0]),
    "Expand": lambda op, v: np.broadcast_to(v[0], v[1]),
    "Range": lambda op, v: np.arange(v[0].item(), v[1].item(), v[2].item()),
    "Add": lambda op, v: v[0] + v[1],
    "Sub": lambda op, v: v[0] - v[1],
    "Mul": lambda op, v: v[0] * v[1],
    "Div": _divided,
    "Mod": lambda op, v: v[0] % v[1],
    "Sqrt": lambda op, v: np.sqrt(v[0]),
    "Equal": lambda op, v: v[0] == v[1],
    "Where": lambda op, v: np.where(v[0], v[1], v[2]),
}


# --- what becomes an operation


def each(operation: str, **options: str) -> Convert:
    """Entry by entry; `options` are attributes by PyTorch's names."""

    def convert(r: Reader, op: Operation) -> None:
        given = {new: op.attributes[old] for new, old in options.items() if old in op.attributes}
        r.emit(op, operation, op.outputs, self=r.argument(op.inputs[0]), **given)

    return convert


def pair(operation: str) -> Convert:
    def convert(r: Reader, op: Operation) -> None:
        a, b = (r.argument(n) for n in op.inputs)
        if not isinstance(a, Ref):
            if operation in ("add.Tensor", "mul.Tensor"):
                a, b = b, a
            elif operation == "sub.Tensor":
                r.emit(op, "rsub.Scalar", op.outputs, self=b, other=a)
                return
            else:
                demand(op, operation == "div.Tensor", "a tensor on the left")
                b = r.emit(op, "reciprocal.default", (f"{op.outputs[0]}_one",), self=b)
                r.emit(op, "mul.Tensor", op.outputs, self=b, other=a)
                return
        r.emit(op, operation if isinstance(b, Ref) else _scalar(operation), op.outputs, self=a, other=b)

    return convert


def _scalar(operation: str) -> str:
    return operation.replace(".Tensor", ".Scalar")


def power(r: Reader, op: Operation) -> None:
    a, b = (r.argument(n) for n in op.inputs)
    demand(op, isinstance(a, Ref), "a tensor on the left")
    r.emit(op, "pow.Tensor_Scalar" if not isinstance(b, Ref) else "pow.Tensor_Tensor", op.outputs, self=a, exponent=b)


def matmul(r: Reader, op: Operation) -> None:
    r.emit(op, "matmul.default", op.outputs, self=r.argument(op.inputs[0]), other=r.argument(op.inputs[1]))


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


def reduction(operation: str) -> Convert:
    def convert(r: Reader, op: Operation) -> None:
        shape = r.shape(op.inputs[0])
        values = [None, _value(r, op.inputs[1])] if len(op.inputs) > 1 and op.inputs[1] else [None]
        axes = _axes(op, values) or tuple(range(len(shape)))
        keep = bool(op.get("keepdims", 1))
        r.emit(op, operation, op.outputs, self=r.argument(op.inputs[0]), dim=axes, keepdim=keep)

    return convert


def flatten(r: Reader, op: Operation) -> None:
    shape = r.shape(op.inputs[0])
    axis = op.get("axis", 1) % (len(shape) + 1)
    size = (math.prod(shape[:axis]), math.prod(shape[axis:]))
    r.emit(op, "reshape.default", op.outputs, self=r.argument(op.inputs[0]), shape=size)


def reshape(r: Reader, op: Operation) -> None:
    old, wanted = r.shape(op.inputs[0]), np.ravel(_value(r, op.inputs[1]))
    size = [old[k] if s == 0 and not op.get("allowzero", 0) else int(s) for k, s in enumerate(wanted)]
    r.emit(op, "reshape.default", op.outputs, self=r.argument(op.inputs[0]), shape=tuple(size))


def transpose(r: Reader, op: Operation) -> None:
    rank = len(r.shape(op.inputs[0]))
    dims = tuple(op.get("perm", tuple(range(rank))[::-1]))
    r.emit(op, "permute.default", op.outputs, self=r.argument(op.inputs[0]), dims=dims)


def unsqueeze(r: Reader, op: Operation) -> None:
    made = r.argument(op.inputs[0])
    axes = _axes(op, [None, *(_value(r, n) for n in op.inputs[1:])])
    rank = len(r.shape(op.inputs[0])) + len(axes)
    ordered = sorted(a % rank for a in axes)
    for k, axis in enumerate(ordered):
        name = op.outputs[0] if k == len(ordered) - 1 else f"{op.outputs[0]}_{k}"
        made = r.emit(op, "unsqueeze.default", (name,), self=made, dim=axis)


def squeeze(r: Reader, op: Operation) -> None:
    axes = _axes(op, [None, *(_value(r, n) for n in op.inputs[1:])])
    axes = axes or tuple(k for k, s in enumerate(r.shape(op.inputs[0])) if s == 1)
    r.emit(op, "squeeze.dims", op.outputs, self=r.argument(op.inputs[0]), dim=axes)


def concatenate(r: Reader, op: Operation) -> None:
    r.emit(op, "cat.default", op.outputs, tensors=tuple(r.argument(n) for n in op.inputs), dim=op.get("axis", 0))


def split(r: Reader, op: Operation) -> None:
    axis = op.get("axis", 0)
    size = r.shape(op.inputs[0])[axis]
    given = _value(r, op.inputs[1]) if len(op.inputs) > 1 and op.inputs[1] else op.get("split", None)
    n = len(op.outputs)
    sizes = tuple(int(s) for s in np.ravel(given)) if given is not None else (size // n,) * n
    r.emit(op, "split_with_sizes.default", op.outputs, self=r.argument(op.inputs[0]), split_sizes=sizes, dim=axis)


def cut(r: Reader, op: Operation) -> None:
    made = r.argument(op.inputs[0])
    v = [None, *(_value(r, n) for n in op.inputs[1:])]
    starts, ends = np.ravel(v[1]), np.ravel(v[2])
    axes = np.ravel(v[3]) if len(v) > 3 and v[3] is not None else range(len(starts))
    steps = np.ravel(v[4]) if len(v) > 4 and v[4] is not None else [1] * len(starts)
    rows = list(zip(axes, starts, ends, steps, strict=True))
    for k, (axis, start, end, step) in enumerate(rows):
        name = op.outputs[0] if k == len(rows) - 1 else f"{op.outputs[0]}_{k}"
        last = min(int(end), 2**62)
        made = r.emit(op, "slice.Tensor", (name,), self=made, dim=int(axis), start=int(start), end=last, step=int(step))


def gather(r: Reader, op: Operation) -> None:
    """Rows of a table by labels, or one entry."""
    axis, places = op.get("axis", 0), r.known.get(op.inputs[1], r.arrays.get(op.inputs[1]))
    if places is not None:
        demand(op, places.size == 1, "one place")
        x, index = r.argument(op.inputs[0]), int(places.ravel()[0])
        if places.ndim == 0:
            r.emit(op, "select.int", op.outputs, self=x, dim=axis, index=index)
        else:
            end = index + 1 if index != -1 else 2**62
            r.emit(op, "slice.Tensor", op.outputs, self=x, dim=axis, start=index, end=end, step=1)
        return
    demand(op, axis == 0, "rows")
    r.emit(op, "embedding.default", op.outputs, weight=r.argument(op.inputs[0]), indices=r.argument(op.inputs[1]))


def clip(r: Reader, op: Operation) -> None:
    bounds = [r.argument(n) if n else None for n in op.inputs[1:]] + [None, None]
    low, high = op.get("min", bounds[0]), op.get("max", bounds[1])
    given = {k: v for k, v in (("min", low), ("max", high)) if v is not None}
    r.emit(op, "clamp.default", op.outputs, self=r.argument(op.inputs[0]), **given)


def gelu(r: Reader, op: Operation) -> None:
    how = op.get("approximate", "none")
    r.emit(op, "gelu.default", op.outputs, self=r.argument(op.inputs[0]), approximate=how)


def where(r: Reader, op: Operation) -> None:
    c, a, b = (r.argument(n) for n in op.inputs)
    kinds = {(True, True): "self", (True, False): "ScalarOther", (False, True): "ScalarSelf", (False, False): "Scalar"}
    kind = kinds[isinstance(a, Ref), isinstance(b, Ref)]
    r.emit(op, f"where.{kind}", op.outputs, condition=c, self=a, other=b)


def same(r: Reader, op: Operation) -> None:
    r.emit(op, "clone.default", op.outputs[:1], self=r.argument(op.inputs[0]))


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


OPERATORS: dict[str, Convert] = {
    **{k: each(f"{k.lower()}.default") for k in ("Relu", "Sigmoid", "Tanh", "Exp", "Log", "Sqrt", "Neg", "Abs", "Erf")},
    **{k: each(f"{k.lower()}.default") for k in ("Sin", "Cos", "Softplus", "Mish", "HardSwish", "Reciprocal", "Selu")},
    "LeakyRelu": each("leaky_relu.default", negative_slope="alpha"),
    "Elu": each("elu.default", alpha="alpha"),
    "Gelu": gelu,
    "Clip": clip,
    "Add": pair("add.Tensor"),
    "Sub": pair("sub.Tensor"),
    "Mul": pair("mul.Tensor"),
    "Div": pair("div.Tensor"),
    "Equal": pair("eq.Tensor"),
    "Greater": pair("gt.Tensor"),
    "Less": pair("lt.Tensor"),
    "Pow": power,
    "Where": where,
    "MatMul": matmul,
    "Gemm": gemm,
    "Conv": convolution,
    "MaxPool": pooling("max_pool2d.default"),
    "AveragePool": pooling("avg_pool2d.default"),
    "GlobalAveragePool": global_mean,
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "Softmax": softmax("softmax.int"),
    "LogSoftmax": softmax("log_softmax.int"),
    "ReduceMean": reduction("mean.dim"),
    "ReduceSum": reduction("sum.dim_IntList"),
    "ReduceMax": reduction("amax.default"),
    "Flatten": flatten,
    "Reshape": reshape,
    "Transpose": transpose,
    "Unsqueeze": unsqueeze,
    "Squeeze": squeeze,
    "Concat": concatenate,
    "Split": split,
    "Slice": cut,
    "Gather": gather,
    "Identity": same,
    "Dropout": same,
    "Cast": same,
    "LSTM": recurrent,
    "GRU": recurrent,
    "RNN": recurrent,
}
