"""ONNX models are read as data, without any library, and compute what PyTorch computed before it wrote them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from symbp.imported import import_onnx
from symbp.importing.graph import Refused
from symbp.importing.onnx.model import read_onnx
from symbp.pipeline import Build
from symbp.sources import Source

MODELS = Path(__file__).parent / "models"


@pytest.mark.parametrize("name", ["lenet", "encoder", "lstm"])
def test_a_model_computes_what_it_did(name: str) -> None:
    """Of images, of labels through an encoder layer, of sequences; `y` is what PyTorch gave for `x`."""
    made = import_onnx(MODELS / f"{name}.onnx", "none")
    exec(Build(Source(made.source, "net.py", made.name)).module[0], module := {})
    known = np.load(MODELS / f"{name}.npz")
    x, y = known["x"], known["y"].astype(np.float64)
    cotangent = np.random.default_rng(0).normal(size=y.shape)
    weights = {n: w.astype(np.float64) for n, w in made.weights.items()}
    data = {"x": x if x.dtype.kind == "i" else x.astype(np.float64), "cotangent": cotangent, **weights}
    arguments = [data[n] for n in module["DATA"]]
    loss = module["loss"](*arguments, **{n: weights[n] for n in module["PARAMETERS"]})
    assert loss == pytest.approx(float((cotangent * y).sum()), rel=1e-5, abs=1e-5)


def test_another_batch_is_taken() -> None:
    """A size without a number in the file stays free."""
    made = import_onnx(MODELS / "lenet.onnx", "cross_entropy")
    assert "x: Data[N, 1, 8, 8]" in made.source


@pytest.mark.parametrize("cut", [0, 1, 17, 500, 2000])
def test_half_a_file_is_refused(cut: int) -> None:
    data = (MODELS / "lenet.onnx").read_bytes()
    with pytest.raises(Refused, match="not an ONNX model"):
        read_onnx(data[:cut])


def test_an_operator_without_a_counterpart_is_named(tmp_path: Path) -> None:
    data = (MODELS / "lenet.onnx").read_bytes()
    (tmp_path / "other.onnx").write_bytes(data.replace(b"MaxPool", b"MinPool"))
    with pytest.raises(Refused, match="ONNX's MinPool at the top: it has no counterpart"):
        import_onnx(tmp_path / "other.onnx", "mse")


def test_arrays_in_other_files_are_refused() -> None:
    """A model may name a file that holds its arrays; it is not opened."""
    tensor = bytes([8, 1, 16, 1, 66, 1, 119, 106, 0, 112, 1])  # dims 1, float, called w, external
    graph = bytes([42, len(tensor), *tensor])
    with pytest.raises(Refused, match="in another file"):
        read_onnx(bytes([58, len(graph), *graph]))
