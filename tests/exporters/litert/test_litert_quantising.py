"""Weights as 8-bit integers: a quarter of the size, nearly the same answers, in the real LiteRT."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from modelwright.errors import ExportError
from modelwright.exporters.litert.flatbuffer import File, packed, unpacked
from modelwright.exporters.litert.operators import operators_of
from modelwright.exporters.litert.quantising import as_integers, quantise, quantised_tensors
from modelwright.exporters.litert.running import Running

DRAW = np.random.default_rng(0)


def stack(*sizes: int) -> bytes:
    """Dense layers one on the other."""
    file = File()
    graph = file.subgraph("main")
    value = graph.input("row", (1, sizes[0]), "float32")
    for inputs, units in itertools.pairwise(sizes):
        weights = graph.constant(DRAW.normal(0, 1 / np.sqrt(inputs), (units, inputs)).astype(np.float32))
        value = graph.operator(
            "FULLY_CONNECTED", [value, weights, None], (1, units), "float32", "FullyConnected"
        )
    graph.output("answer", value)
    return file.written()


def table() -> bytes:
    file = File()
    graph = file.subgraph("main")
    rows = graph.constant(DRAW.normal(0, 1, (3_000, 40)).astype(np.float32))
    ids = graph.input("row", (1, 5), "int32")
    graph.output("answer", graph.operator("GATHER", [rows, ids], (1, 5, 40), "float32", "Gather", axis=0))
    return file.written()


def answers(data: bytes, rows: Any) -> Any:
    running = Running(data)
    return np.concatenate([running.answer({"row": row[None]}) for row in rows])


def test_a_large_model_falls_to_a_quarter_and_answers_nearly_alike() -> None:
    plain, rows = stack(300, 256, 256, 4), DRAW.normal(0, 1, (30, 300)).astype(np.float32)
    small = quantise(plain)
    assert len(plain) > 300_000
    assert len(small) <= 0.28 * len(plain)
    expected = answers(plain, rows)
    assert 0 < np.abs(answers(small, rows) - expected).max() < 0.05 * np.abs(expected).max()


def test_a_look_up_gives_float_rows_of_an_integer_table() -> None:
    plain, rows = table(), DRAW.integers(0, 3_000, (10, 5)).astype(np.int32)
    small = quantise(plain)
    assert len(small) <= 0.28 * len(plain)
    assert operators_of(small) == {"DEQUANTIZE": 1, "GATHER": 1}
    assert np.abs(answers(small, rows) - answers(plain, rows)).max() < 0.02


def test_scales_and_zero_points_can_be_read_from_the_file() -> None:
    (facts,) = quantised_tensors(quantise(stack(300, 256))).values()
    assert len(facts["scale"]) == 256
    assert facts["zero_point"] == [0] * 256
    assert quantised_tensors(stack(300, 256)) == {}


def test_a_small_input_layer_stays_float() -> None:
    small = quantise(stack(8, 256, 256, 256))
    shapes = {len(facts["scale"]) for facts in quantised_tensors(small).values()}
    assert len(quantised_tensors(small)) == 2
    assert shapes == {256}


def test_a_model_without_large_weights_has_no_integers() -> None:
    with pytest.raises(ExportError, match="smaller"):
        quantise(stack(8, 8))


def test_integers_are_off_by_half_a_step_at_most() -> None:
    values = DRAW.normal(0, [[1], [100]], (2, 50)).astype(np.float32)
    integers, scales = as_integers(values, 0)
    assert np.abs(integers * scales[:, None] - values).max(axis=1).tolist() <= (0.501 * scales).tolist()


def test_an_operator_that_is_not_built_in_is_refused() -> None:
    model = unpacked(stack(8, 8))
    model.operatorCodes[0].builtinCode, model.operatorCodes[0].customCode = 32, "mine"
    with pytest.raises(ExportError, match="CUSTOM"):
        operators_of(packed(model))
