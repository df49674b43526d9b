"""From the bytes of a saved program (`torch.export.save`, a .pt2 file) to a Graph.

Such a file is a zip archive: the graph is JSON, each weight the raw bytes of an array. Only these are read; what is
pickled in it, a sample input or a weight of a strange layout, is never opened.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from symbp.importing.graph import (
    BOOLEAN,
    FLOAT,
    INTEGER,
    Argument,
    Arrays,
    Graph,
    Held,
    Node,
    Ref,
    Refused,
    Size,
    Tensor,
    checked,
)

LARGEST = 1 << 34  # bytes of all that is read, unpacked
# The numbers that the archive has for types of entries, as NumPy calls them. Half precision is not among them.
TYPES = {1: "u1", 2: "i1", 3: "<i2", 4: "<i4", 5: "<i8", 7: "<f4", 8: "<f8", 12: "?"}
KINDS = {"f": FLOAT, "i": INTEGER, "u": INTEGER, "b": BOOLEAN}
# What says how a tensor is stored, and nothing of its values.
STORAGE = ("device", "pin_memory", "layout", "memory_format")
Json = Mapping[str, Any]


def read_archive(data: bytes, given: Arrays | None = None) -> Graph:
    """The graph of a saved program; Refused where the archive is none, or holds what is not data.

    `given` are arrays that it need not hold, by attribute path.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(i.file_size for i in archive.infolist()) > LARGEST:
                raise Refused("the archive holds more than 16 GiB: too large to be read")
            return _read(archive, given or {})
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        raise Refused(f"not a program saved by torch.export.save, or of another version: {error!r}") from error


def _read(archive: zipfile.ZipFile, given: Arrays) -> Graph:
    names = {name.split("/", 1)[-1]: name for name in archive.namelist()}
    module = json.loads(archive.read(names["models/model.json"]))["graph_module"]
    graph, specs = module["graph"], module["signature"]["input_specs"]
    held = tuple(_held(spec, graph["tensor_values"]) for spec in specs if "user_input" not in spec)
    arrays = {**given, **_arrays(archive, names, [h.path for h in held if h.path not in given])}
    inputs = tuple(_input(spec) for spec in specs if "user_input" in spec)
    nodes = list(_nodes(graph))
    outputs = [o["user_output"]["arg"] for o in module["signature"]["output_specs"] if "user_output" in o]
    return checked(
        Graph(
            tuple(name for name in inputs if name),
            held,
            tuple(n for n in nodes if any(name in graph["tensor_values"] for name in n.results)),
            {name: n for n in nodes for name in n.results if name in graph["sym_int_values"]},
            tuple(o["as_tensor"]["name"] for o in outputs if "as_tensor" in o),
            {name: _tensor(name, meta) for name, meta in graph["tensor_values"].items()},
            arrays,
        )
    )


def _input(spec: Json) -> str:
    """A tensor's name; nothing where a number or None was given, which the graph holds as it was."""
    argument = spec["user_input"]["arg"]
    return str(argument["as_tensor"]["name"]) if "as_tensor" in argument else ""


def _held(spec: Json, tensors: Json) -> Held:
    """A parameter that is kept as it is, as under LoRA, is none to the network."""
    for kind in ("parameter", "buffer", "tensor_constant"):
        if kind in spec:
            name = spec[kind]["arg"]["name"]
            trained = kind == "parameter" and bool(tensors[name].get("requires_grad", True))
            return Held(name, spec[kind][f"{kind}_name"], trained)
    raise Refused(f"an input of a kind that is no tensor: {', '.join(spec)}")


def _arrays(archive: zipfile.ZipFile, names: Mapping[str, str], wanted: list[str]) -> Arrays:
    found: dict[str, np.ndarray[Any, Any]] = {}
    for folder, file in (("data/weights", "model_weights_config"), ("data/constants", "model_constants_config")):
        config = json.loads(archive.read(names[f"{folder}/{file}.json"]))["config"]
        for path, entry in config.items():
            if path in wanted:
                found[path] = _array(archive, names, folder, path, entry)
    return found


def _array(
    archive: zipfile.ZipFile, names: Mapping[str, str], folder: str, path: str, entry: Json
) -> np.ndarray[Any, Any]:
    meta = entry["tensor_meta"]
    if entry["use_pickle"] or meta["dtype"] not in TYPES:
        raise Refused(f"{path}: stored in a form that is not plain numbers of single or double precision or integers")
    flat = np.frombuffer(archive.read(names[f"{folder}/{entry['path_name']}"]), TYPES[meta["dtype"]])
    shape, strides = _ints(meta["sizes"]), _ints(meta["strides"])
    start = meta["storage_offset"]["as_int"]
    if any(s < 0 for s in (*shape, *strides, start)):
        raise Refused(f"{path}: a negative size in the archive")
    last = start + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
    if math.prod(shape) and last >= flat.size:
        raise Refused(f"{path}: the archive has fewer numbers than its shape says")
    steps = [s * flat.itemsize for s in strides]
    return np.array(np.lib.stride_tricks.as_strided(flat[start:], shape, steps))


def _ints(values: list[Json]) -> tuple[int, ...]:
    return tuple(_int(v) for v in values)


def _int(value: Json) -> int:
    """A size as it was in the export."""
    return int(value["as_int"] if "as_int" in value else value["as_expr"]["hint"]["as_int"])


def _tensor(name: str, meta: Json) -> Tensor:
    code = np.dtype(TYPES[meta["dtype"]]).kind if meta["dtype"] in TYPES else "f"
    return Tensor(name, KINDS[code], _ints(meta["sizes"]))


def _nodes(graph: Json) -> Iterator[Node]:
    sizes = {name: _int(value) for name, value in graph["sym_int_values"].items()}
    for node in graph["nodes"]:
        arguments = ((i["name"], i["arg"]) for i in node["inputs"])
        meta = node["metadata"]
        path, module = _place(meta.get("nn_module_stack", ""))
        yield Node(
            node["target"].removeprefix("torch.ops.").removeprefix("_operator."),
            tuple((name, _argument(value, sizes)) for name, value in arguments if name not in STORAGE),
            tuple(_results(node["outputs"])),
            path,
            meta.get("stack_trace", "").strip().rsplit("File ", 1)[-1].split("\n    ")[-1].strip(),
            module,
        )


def _place(stack: str) -> tuple[str, str]:
    """The innermost module: its attribute path, and what it is."""
    last = stack.split(";")[-1].split(",") if stack else []
    if len(last) < 3:
        return "", ""
    return last[1].partition("@")[0], last[2].rpartition(".")[2]


def _results(outputs: list[Json]) -> Iterator[str]:
    for output in outputs:
        match output:
            case {"as_tensor": {"name": name}} | {"as_sym_int": {"as_name": name}}:
                yield name
            case {"as_tensors": parts}:
                yield from (part["name"] for part in parts)
            case _:
                yield ""


def _argument(value: Json, sizes: Mapping[str, int]) -> Argument:
    ((kind, content),) = value.items()
    match kind:
        case "as_none":
            return None
        case "as_tensor":
            return Ref(content["name"])
        case "as_tensors":
            return tuple(Ref(part["name"]) for part in content)
        case "as_optional_tensors":
            return tuple(Ref(p["as_tensor"]["name"]) if "as_tensor" in p else None for p in content)
        case "as_optional_tensor":
            return Ref(content["as_tensor"]["name"]) if "as_tensor" in content else None
        case "as_float":
            return float(content)
        case "as_int" | "as_bool" | "as_string" | "as_scalar_type":
            return content  # type: ignore[no-any-return]
        case "as_ints" | "as_bools" | "as_strings":
            return tuple(content)
        case "as_floats":
            return tuple(float(c) for c in content)
        case "as_sym_int":
            return _size(content, sizes)
        case "as_sym_ints":
            return tuple(_size(part, sizes) for part in content)
    return f"<{kind}>"


def _size(content: Json, sizes: Mapping[str, int]) -> int | Size:
    return int(content["as_int"]) if "as_int" in content else Size(content["as_name"], sizes[content["as_name"]])
