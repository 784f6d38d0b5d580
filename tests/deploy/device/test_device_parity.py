"""Models of every kind and architecture, and of real data, asked a thousand raw rows in the real LiteRT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.deploy.certify import certify
from modelwright.deploy.device import integers
from modelwright.deploy.device.asking import ask_device
from modelwright.deploy.device.build import build_device
from modelwright.engine.model import load, save
from modelwright.errors import ExportError, ParityError
from modelwright.exporters.litert import quantising
from modelwright.exporters.litert.model import export_litert
from modelwright.records import Certificate

KINDS = ("binary", "multiclass", "regression", "vector_regression")

START = """
import keras
from keras import layers
def build(input_shape, output_shape):
    row = keras.Input(input_shape)
"""
END = """
    return keras.Model(row, layers.Dense(output_shape[0], activation="sigmoid")(last))
"""
ARCHITECTURES = {
    "convolutional": """
    steps = layers.Reshape((*input_shape, 1))(row)
    seen = layers.MaxPooling1D(2)(layers.Conv1D(8, 3, padding="same", activation="relu")(steps))
    last = layers.Flatten()(layers.BatchNormalization()(seen))
""",
    "recurrent": """
    steps = layers.Reshape((4, 8))(layers.Dense(32)(row))
    last = layers.GRU(5)(layers.LSTM(6, return_sequences=True)(steps))
""",
    "attention": """
    steps = layers.Reshape((4, 8))(layers.Dense(32)(row))
    seen = layers.MultiHeadAttention(2, 4)(steps, steps)
    last = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(layers.Add()([steps, seen])))
""",
}


def certificate(device_of: Any, framed: Any, family: str, code: str = "") -> Certificate:
    release, confirmed, device = device_of(framed, family, code)
    nowhere_else = (None, None, None, None, ())
    made = framed.project.run(certify, framed.bench, confirmed, *nowhere_else, release, device)
    (answerer,) = made.answerers
    assert made.rows >= 1_000
    assert answerer.target == "device"
    assert "LiteRT" in answerer.program
    assert answerer.max_difference <= 1e-5
    if framed.bench.dataset.classes:
        assert answerer.disagreements == 0
    return made


@pytest.mark.usefixtures("float_only")
@pytest.mark.parametrize("family", ["linear", "network"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_answers_in_litert_as_when_trained(
    device_of: Any, frame_orders: Any, kind: str, family: str
) -> None:
    certificate(device_of, frame_orders(kind), family)


@pytest.mark.slow
@pytest.mark.usefixtures("float_only")
@pytest.mark.parametrize("name", list(ARCHITECTURES))
def test_architectures_of_ones_own_answer_in_litert_as_when_trained(
    device_of: Any, frame_orders: Any, name: str
) -> None:
    certificate(device_of, frame_orders(), "yours", START + ARCHITECTURES[name] + END)


SETS = {
    "sms": ("sms_spam/sms_spam.csv.gz", "label"),
    "adult": ("adult_census/adult.csv.gz", "income"),
    "california": ("california_housing/california_housing.csv.gz", "median_house_value"),
    "imdb": ("imdb/imdb.parquet", "label"),
}
ROWS = 1_000  # of each set: enough for a vocabulary of thousands of terms


@pytest.mark.slow
@pytest.mark.usefixtures("float_only")
@pytest.mark.parametrize("family", ["linear", "network"])
@pytest.mark.parametrize("name", list(SETS))
def test_models_of_real_data_answer_in_litert_as_when_trained(
    device_of: Any, frame_rows: Any, shared_data: Path, name: str, family: str
) -> None:
    file, target = SETS[name]
    source = shared_data / file
    table = polars.read_parquet(source) if file.endswith("parquet") else polars.read_csv(source)
    certificate(device_of, frame_rows(table.sample(ROWS, seed=1), target), family)


def test_trees_cannot_go_to_a_device_and_what_can_is_named(device_of: Any, frame_orders: Any) -> None:
    with pytest.raises(ExportError) as caught:
        device_of(frame_orders(), "trees")
    assert "trees" in caught.value.received
    assert "runs_on" in caught.value.do_this


@pytest.mark.usefixtures("float_only")
def test_a_file_that_answers_otherwise_is_not_made(
    device_of: Any, frame_orders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shifted(model: Any) -> bytes:
        other = load(save(model))
        other.trained.arrays["intercept"] = other.trained.arrays["intercept"] + 0.001
        return export_litert(other)

    monkeypatch.setattr("modelwright.exporters.litert.model.export_litert", shifted)
    with pytest.raises(ParityError, match="the LiteRT file"):
        device_of(frame_orders(), "linear")


def test_integers_go_out_only_through_both_gates_and_are_told(
    device_of: Any, frame_orders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integers, "MAX_DROP", 0.05)  # what 240 rows can show
    faster(monkeypatch)
    framed = frame_orders()
    made = certificate(device_of, framed, "network")
    assert made.rounded is not None
    assert made.rounded.drop.high <= 0.05
    assert 0 < made.rounded.max_difference < 0.5
    assert made.rounded.share < 0.6
    device = framed.project.last(build_device)
    assert {"model_int8.tflite", "model_int8.h", "model_int8.cc"} < device.files.keys()
    assert device.no_integers == ""


def test_a_broken_quantisation_is_caught_and_left_out(
    device_of: Any, frame_orders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(values: Any, axis: int | None) -> Any:
        whole, scales = as_integers(values, axis)
        return np.roll(whole, 1, axis=0), scales  # each unit has its neighbour's weights

    as_integers = quantising.as_integers
    monkeypatch.setattr(quantising, "as_integers", broken)
    monkeypatch.setattr(integers, "MAX_DROP", 0.05)
    faster(monkeypatch)
    framed = frame_orders()
    made = certificate(device_of, framed, "network")
    device = framed.project.last(build_device)
    assert made.rounded is None
    assert "model_int8.tflite" not in device.files
    assert "loses" in device.no_integers or "may lose" in device.no_integers
    assert device.integers.option.accurate is False


def faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is this machine's, and no matter here: the int8 file takes half of it."""
    from modelwright.records import Estimate, Timing

    half = Estimate(value=0.5, low=0.4, high=0.6, method="said")
    timing = Timing(milliseconds=0.01, ratio=half)
    monkeypatch.setattr(integers, "_timed", lambda *_: {"float": timing, "int8": timing})


@pytest.mark.usefixtures("float_only")
def test_a_device_that_answers_otherwise_is_not_certified(
    device_of: Any, frame_orders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another(*asked: Any) -> Any:
        said = ask_device(*asked)
        said.answers[7]["outputs"] = [0.123, 0.877]
        return said

    monkeypatch.setattr("modelwright.deploy.certify.ask_device", another)
    with pytest.raises(ParityError, match="the answer of the device"):
        certificate(device_of, frame_orders(), "linear")
