"""A saved program is data: what is pickled in it is never opened, and no text of it gets into a file but as a name."""

from __future__ import annotations

import ast
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="archives are written by PyTorch, pip install '.[torch]'")

from torch import nn  # noqa: E402

from symbp.importing import traced  # noqa: E402
from symbp.importing.archive import read_archive  # noqa: E402
from symbp.importing.bring import bring  # noqa: E402
from symbp.importing.graph import Refused  # noqa: E402

MODEL = "archive/models/model.json"
WEIGHTS = "archive/data/weights/model_weights_config.json"


@pytest.fixture(scope="module")
def archive() -> bytes:
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    free = ({0: torch.export.Dim.AUTO},)
    program = torch.export.export(net, (torch.randn(5, 3).double(),), dynamic_shapes=free, strict=False)
    torch.export.save(program, file := io.BytesIO())
    return file.getvalue()


def test_what_is_given_need_not_be_held(archive: bytes) -> None:
    """A module's own weights go by the archive, which is small then; the graph is the same."""
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    bare = traced.exported(net, (torch.randn(5, 3),))
    graph = read_archive(bare, traced.held(net))
    assert graph.nodes == read_archive(archive).nodes
    assert (graph.arrays["0.weight"] == net[0].weight.detach().numpy()).all()
    with pytest.raises(Refused):
        bring(read_archive(bare), "net", "", "mse")


def changed(data: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """The archive with one of its texts changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out := io.BytesIO(), "w") as new:
        for entry in old.namelist():
            text = old.read(entry)
            new.writestr(entry, change(text.decode()).encode() if entry == name else text)
    return out.getvalue()


def test_a_pickle_is_never_opened(archive: bytes) -> None:
    """A sample input that would raise when it is unpickled changes nothing; a weight that is one is refused."""
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out := io.BytesIO(), "w") as new:
        for entry in old.namelist():
            new.writestr(entry, b"cos\n_exit\n(I3\ntR." if "sample_inputs" in entry else old.read(entry))
    assert read_archive(out.getvalue()).nodes == read_archive(archive).nodes
    pickled = changed(archive, WEIGHTS, lambda t: t.replace('"use_pickle": false', '"use_pickle": true'))
    with pytest.raises(Refused, match="not plain numbers"):
        read_archive(pickled)


def without_numbers(text: str) -> str:
    """Weights that are said to be larger than they are."""
    config = json.loads(text)
    for entry in config["config"].values():
        entry["tensor_meta"]["sizes"][0] = {"as_int": 1 << 40}
    return json.dumps(config)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (MODEL, lambda t: "{}"),
        (MODEL, lambda t: "[" * 100_000),
        (MODEL, lambda t: t.replace('"as_ints"', '"as_nothing"').replace('"as_tensor"', '"as_other"')),
        (WEIGHTS, without_numbers),
        (WEIGHTS, lambda t: t.replace('"as_int": 4', '"as_int": -4')),
    ],
)
def test_a_wrong_archive_is_refused(archive: bytes, name: str, change: Any) -> None:
    with pytest.raises(Refused):
        read_archive(changed(archive, name, change))


@pytest.mark.parametrize("data", [b"", b"PK", b"not an archive"])
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match=r"not a program saved by torch\.export\.save"):
        read_archive(data)


def test_names_are_made_names(archive: bytes) -> None:
    """What a hostile archive calls its weights and inputs is text that becomes a name, whatever it is."""
    hostile = "x]\\n):\\n    import os #\\u202e"
    text = changed(
        archive, MODEL, lambda t: t.replace('"input"}', f'"{hostile}"}}').replace('"input": {', f'"{hostile}": {{')
    )
    text = changed(text, MODEL, lambda t: t.replace("0.weight", hostile))
    text = changed(text, WEIGHTS, lambda t: t.replace("0.weight", hostile))
    graph = read_archive(text)
    assert any(h.path == json.loads(f'"{hostile}"') for h in graph.held)
    source = bring(graph, 'net"""\nimport os', '"""\nimport os\n', "mse").written.source
    tree = ast.parse(source)
    assert [type(s).__name__ for s in tree.body] == ["ImportFrom", "Assign", "FunctionDef"]
    assert "import os" not in [line.strip() for line in source.splitlines() if not line.startswith('    """')][:3]
    function = tree.body[-1]
    assert isinstance(function, ast.FunctionDef)
    assert len(function.args.args) == 6


def test_an_operation_of_another_library_is_refused(archive: bytes) -> None:
    graph = read_archive(changed(archive, MODEL, lambda t: t.replace("torch.ops.aten.relu.default", "os.system")))
    with pytest.raises(Refused, match="has no counterpart"):
        bring(graph, "net", "", "mse")
