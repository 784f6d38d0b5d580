"""Forms of a model in a real browser: timed there, and held to their own answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from modelwright.deploy.browser import racing
from modelwright.deploy.browser.build import build_site
from modelwright.deploy.certify import certify
from modelwright.deploy.proving import final_of
from modelwright.deploy.ship import ship
from modelwright.engine.model import load
from modelwright.exporters.graph import Graph
from modelwright.exporters.onnx import export
from modelwright.exporters.quantising import quantise
from modelwright.records import Estimate, Study, Variant
from modelwright.serving.manifest import FORMAT, Field, Manifest

pytestmark = pytest.mark.slow
NOTHING = Estimate(value=0.0, low=0.0, high=0.0, method="said")


def scaled_anew(desk: Any, study: Study) -> Variant:
    graph = quantise(export(load(desk.read(final_of(study).model))))
    return Variant(
        name="int8 dynamic",
        graph=desk.keep(graph, "bytes"),
        model=final_of(study).model,
        size_bytes=len(graph),
        gzip_bytes=len(graph),
        integers=True,
        sparsity=0.0,
        drop=NOTHING,
        file_drop=0.0,
        largest_difference=0.01,
        scaled_anew=True,
        companions=0.01,
    )


@pytest.mark.usefixtures("browser_program")
def test_a_form_scaled_anew_answers_rows_one_at_a_time_however_they_are_asked(frame_orders: Any) -> None:
    """`certify` asks all rows at once, too: joined, a row of absurd numbers would spoil the others."""
    framed = frame_orders()
    run, bench, study = framed.project.run, framed.bench, framed.confirmed("network")
    release = run(ship, bench, study, run(scaled_anew, study))
    site = run(build_site, bench, study, release)
    assert msgspec.json.decode(framed.project.read(site.files["manifest.json"]))["alone"] is True
    (page,) = run(certify, bench, study, None, release, site).answerers
    assert (page.target, page.form, page.release) == ("browser", "int8 dynamic", release.name)
    assert page.max_difference <= 1e-5


def products(times: int) -> bytes:
    """A graph that multiplies a 600 x 600 matrix so many times."""
    graph = Graph()
    size = graph.input("column_0", "float64", ("rows",))
    column = graph.cast(graph.node("Unsqueeze", size, graph.integers(1)), "float32")
    values = graph.node("MatMul", column, graph.constant(np.ones((1, 600), dtype=np.float32)))
    matrix = graph.constant(np.full((600, 600), 1 / 600, dtype=np.float32))
    for _ in range(times):
        values = graph.node("MatMul", values, matrix)
    mean = graph.node("ReduceMean", values, graph.integers(1), keepdims=1)
    graph.output(graph.cast(mean, "float64"), "outputs", "float64", ("rows", 1))
    return graph.model().SerializeToString()


def test_a_form_with_a_quarter_of_the_work_is_found_faster_there(
    browser_program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(racing, "ROUNDS", 7)
    field = Field(name="size", tensor="column_0", dtype="number")
    manifest = Manifest(format=FORMAT, name="t", kind="regression", targets=("size",), inputs=(field,))
    graphs = {"float": products(20), "quarter": products(5)}
    times, where = racing.race(graphs, manifest, [{"size": 1.5}, {"size": "2"}], browser_program)
    assert times["float"].ratio.value == 1
    assert times["quarter"].ratio.high < 0.6
    assert 0 < times["quarter"].milliseconds < times["float"].milliseconds
    assert "one thread" in where
