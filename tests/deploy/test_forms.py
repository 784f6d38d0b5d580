"""A form other than the trained model, shipped: held to its own answers, pruned ones to their model's."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from modelwright.deploy.certify import certify
from modelwright.deploy.forms import answers_of, model_of
from modelwright.deploy.proving import final_of
from modelwright.deploy.ship import ship
from modelwright.engine.columns import columns_of
from modelwright.engine.model import load
from modelwright.errors import ParityError
from modelwright.exporters.onnx import export
from modelwright.exporters.quantising import is_scaled_anew, quantise, quantise_calibrated
from modelwright.exporters.running import feeds_of
from modelwright.records import Estimate, Study, Variant
from modelwright.serving.manifest import GOLDEN_FILE, Golden

NOTHING = Estimate(value=0.0, low=0.0, high=0.0, method="said")


def kept(desk: Any, study: Study, graph: bytes, *, integers: bool, largest: float = 0.01) -> Variant:
    return Variant(
        name="int8 static" if integers else "pruned 90%",
        graph=desk.keep(graph, "bytes"),
        model=final_of(study).model,
        size_bytes=len(graph),
        gzip_bytes=len(graph),
        integers=integers,
        sparsity=0.0,
        drop=NOTHING,
        file_drop=0.0,
        largest_difference=largest,
        scaled_anew=is_scaled_anew(graph),
        companions=0.0,
    )


def made_in_step(desk: Any, study: Study, *, way: str) -> Variant:
    """The confirmed network in a form; a step of its own, for only steps keep blobs."""
    model = load(desk.read(final_of(study).model))
    graph = export(model)
    return kept(desk, study, quantise(graph), integers=way == "dynamic")


def calibrated(desk: Any, study: Study, bench: Any) -> Variant:
    model = load(desk.read(final_of(study).model))
    columns = columns_of(desk.read(bench.dataset.table), bench.dataset)
    feeds = feeds_of(model.preparation, columns, np.arange(128), batch=32)
    return kept(desk, study, quantise_calibrated(export(model), feeds), integers=True)


def test_a_form_of_integers_is_held_to_its_own_answers(frame_orders: Any) -> None:
    framed = frame_orders()
    run, bench, study = framed.project.run, framed.bench, framed.confirmed("network")
    form = run(calibrated, study, bench)
    release = run(ship, bench, study, form)
    plain = run(ship, bench, study)
    assert release.form == form
    assert release.name != plain.name
    assert release.size_bytes < plain.size_bytes
    assert release.parity_max_difference <= 1e-5
    (server,) = run(certify, bench, study, release).answerers
    assert (server.form, server.release) == ("int8 static", release.name)
    assert server.max_difference <= 1e-5
    columns = columns_of(framed.project.read(bench.dataset.table), bench.dataset)

    class Reading:
        read = framed.project.read

    own = answers_of(Reading(), model_of(Reading(), study, form), form, columns)
    trained = answers_of(Reading(), model_of(Reading(), study, None), None, columns)
    assert np.abs(own - trained).max() > 1e-4  # not held to the trained model's: the gate has judged that


def test_golden_rows_may_be_as_far_off_elsewhere_as_integers_moved_them(frame_orders: Any) -> None:
    framed = frame_orders()
    run, bench, study = framed.project.run, framed.bench, framed.confirmed("network")
    for form, most in ((run(calibrated, study, bench), 0.01), (None, 1e-5)):
        release = run(ship, bench, study, form)
        golden = msgspec.json.decode(framed.project.read(release.files[GOLDEN_FILE]), type=Golden)
        assert golden.tolerance == pytest.approx([most, most])


def test_a_pruned_form_that_answers_otherwise_than_its_model_is_not_shipped(frame_orders: Any) -> None:
    framed = frame_orders()
    run, bench, study = framed.project.run, framed.bench, framed.confirmed("network")
    with pytest.raises(ParityError, match="trained model's answer"):
        run(ship, bench, study, run(made_in_step, study, way="spoilt"))


def test_a_form_scaled_anew_in_every_call_is_proved_row_by_row(frame_orders: Any) -> None:
    framed = frame_orders()
    run, bench, study = framed.project.run, framed.bench, framed.confirmed("network")
    release = run(ship, bench, study, run(made_in_step, study, way="dynamic"))
    assert release.form is not None
    assert release.form.scaled_anew
    assert release.parity_max_difference <= 1e-5
