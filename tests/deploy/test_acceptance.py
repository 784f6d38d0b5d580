"""An artefact is accepted only if it loads alone and reads and answers what it declares."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest

from modelwright.deploy.acceptance import require_declared
from modelwright.errors import ExportError
from modelwright.exporters.graph import Graph
from modelwright.serving.manifest import FORMAT, Field, Manifest

MANIFEST = Manifest(
    format=FORMAT,
    name="sum",
    kind="regression",
    targets=("sum",),
    inputs=(
        Field(name="size", tensor="column_0", dtype="number"),
        Field(name="shop", tensor="column_1", dtype="string"),
    ),
)


def written(names: tuple[str, ...] = ("column_0", "column_1"), output: str = "outputs") -> bytes:
    graph = Graph()
    types = ("float64", "string")
    first, *_ = [graph.input(name, types[place % 2], ("rows",)) for place, name in enumerate(names)]
    graph.output(graph.node("Unsqueeze", first, graph.integers(1)), output, "float64", ("rows", 1))
    return graph.model().SerializeToString()


def test_what_is_declared_is_accepted() -> None:
    require_declared(MANIFEST, written())


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (written(("column_0", "column_2")), "column_2"),
        (written(("column_0",)), "exactly the inputs"),
        (written(("column_0", "column_1", "column_2")), "column_2"),
        (written(output="answers"), "exactly the output outputs"),
        (b"no graph at all", "loads alone"),
    ],
)
def test_another_input_output_or_no_graph_is_refused(graph: bytes, said: str) -> None:
    with pytest.raises(ExportError, match=said):
        require_declared(MANIFEST, graph)


def test_a_graph_that_needs_a_file_beside_it_is_refused(tmp_path: Any) -> None:
    graph = Graph()
    size = graph.input("column_0", "float64", ("rows",))
    graph.input("column_1", "string", ("rows",))
    added = graph.node("Add", size, graph.constant(np.array([1.5])))
    graph.output(graph.node("Unsqueeze", added, graph.integers(1)), "outputs", "float64", ("rows", 1))
    model = graph.model()
    onnx.external_data_helper.convert_model_to_external_data(model, location="beside.bin", size_threshold=0)
    onnx.save(model, str(tmp_path / "model.onnx"))
    with pytest.raises(ExportError, match="loads alone"):
        require_declared(MANIFEST, (tmp_path / "model.onnx").read_bytes())
