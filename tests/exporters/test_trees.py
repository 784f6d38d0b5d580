from __future__ import annotations

import lightgbm
import numpy as np
import onnxruntime
import pytest

from modelwright.engine.target import Target
from modelwright.engine.trained import Trained
from modelwright.errors import ExportError
from modelwright.exporters.graph import Graph
from modelwright.exporters.trees import write_trees
from modelwright.records import Recipe


def trained_of(booster: lightgbm.Booster) -> Trained:
    return Trained(
        recipe=Recipe(family="trees", name="trees"),
        target=Target(kind="regression", names=("y",)),
        text={"trees": booster.model_to_string()},
    )


def session_of(trained: Trained, width: int) -> onnxruntime.InferenceSession:
    graph = Graph()
    sums = write_trees(graph, trained, graph.input("x", "float32", ("rows", width)))
    graph.output(sums, "y", "float64", ("rows", 1))
    return onnxruntime.InferenceSession(graph.model().SerializeToString())


def booster_on(inputs: np.ndarray, answers: np.ndarray, **settings: object) -> lightgbm.Booster:
    parameters = {"objective": "regression", "verbosity": -1, "num_threads": 1, "use_missing": False}
    return lightgbm.train(parameters | settings, lightgbm.Dataset(inputs, answers), 150)


def test_rows_on_either_side_of_every_threshold_fall_to_the_same_leaf() -> None:
    random = np.random.default_rng(0)
    inputs = random.normal(size=(600, 3)).astype(np.float32)
    answers = inputs[:, 0] * inputs[:, 1] + np.sin(4 * inputs[:, 2])
    booster = booster_on(inputs, answers)
    text = booster.model_to_string()
    lines = [line.split("=")[1] for line in text.splitlines() if line.startswith("threshold=")]
    thresholds = np.unique([float(value) for line in lines for value in line.split()])
    near = thresholds.astype(np.float32)
    beside = [np.nextafter(near, np.float32(bound)) for bound in (-np.inf, np.inf)]
    edge = np.concatenate([near, *beside])
    rows = np.column_stack([edge, np.roll(edge, 1), np.roll(edge, 2)])
    received = session_of(trained_of(booster), 3).run(None, {"x": rows})[0][:, 0]
    expected = np.asarray(booster.predict(rows, raw_score=True))
    assert len(thresholds) > 500
    assert np.abs(received - expected).max() < 1e-6


def test_splits_on_missing_values_are_refused() -> None:
    inputs = np.arange(200, dtype=np.float32).reshape(-1, 1)
    inputs[::3] = np.nan
    booster = booster_on(inputs, np.isnan(inputs[:, 0]).astype(float), use_missing=True)
    with pytest.raises(ExportError, match="never missing"):
        session_of(trained_of(booster), 1)
