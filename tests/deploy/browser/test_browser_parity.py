"""Models of every family and kind, and of real data, asked a thousand raw rows in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars
import pytest

from modelwright.deploy.browser.build import build_site
from modelwright.deploy.certify import certify
from modelwright.deploy.ship import ship
from modelwright.records import Certificate

FAMILIES = ("linear", "trees", "network")  # dense and text
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("browser_program")]


def certificate(framed: Any, family: str, *code: str) -> Certificate:
    run, bench, confirmed = framed.project.run, framed.bench, framed.confirmed(family, *code)
    release = run(ship, bench, confirmed)
    site = run(build_site, bench, confirmed, release)
    return run(certify, bench, confirmed, release, release, site)


def holds(made: Certificate) -> None:
    assert made.rows >= 1_000
    assert [one.target for one in made.answerers] == ["server", "browser"]
    assert max(one.max_difference for one in made.answerers) <= 1e-5
    assert made.unproved == {}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "vector_regression"])
def test_every_family_and_kind_answers_in_the_browser_as_when_trained(
    frame_orders: Any, kind: str, family: str
) -> None:
    holds(certificate(frame_orders(kind), family))


ARCHITECTURES = """
import keras

layers = keras.layers


def ended(steps, read, output_shape):
    last = {"activation": "sigmoid"} if output_shape == (1,) else {"activation": "softmax"}
    return keras.Model(steps, layers.Dense(*output_shape, **last)(read))


def convolutional(input_shape, output_shape):
    values = keras.Input(input_shape)
    read = layers.Reshape((*input_shape, 1))(values)
    read = layers.Conv1D(8, 5, padding="same", activation="relu")(read)
    read = layers.MaxPooling1D(2)(read)
    read = layers.SeparableConv1D(8, 3, activation="relu")(layers.BatchNormalization()(read))
    return ended(values, layers.GlobalAveragePooling1D()(read), output_shape)


def recurrent(input_shape, output_shape):
    values = keras.Input(input_shape)
    read = layers.Reshape((-1, 4))(layers.ZeroPadding1D((0, -input_shape[0] % 4))(
        layers.Reshape((*input_shape, 1))(values)))
    read = layers.Bidirectional(layers.LSTM(6, return_sequences=True))(read)
    return ended(values, layers.GRU(8)(read), output_shape)


def attention(input_shape, output_shape):
    values = keras.Input(input_shape)
    read = layers.Dense(8)(layers.Reshape((*input_shape, 1))(values))
    read = layers.LayerNormalization()(read + layers.MultiHeadAttention(2, 4)(read, read))
    return ended(values, layers.GlobalMaxPooling1D()(read), output_shape)
"""


@pytest.mark.parametrize("architecture", ["convolutional", "recurrent", "attention"])
def test_your_own_network_answers_in_the_browser_as_when_trained(
    frame_orders: Any, architecture: str
) -> None:
    holds(certificate(frame_orders("multiclass"), "yours", ARCHITECTURES, architecture))


SETS = {
    "sms": ("sms_spam/sms_spam.csv.gz", "label"),
    "adult": ("adult_census/adult.csv.gz", "income"),
    "california": ("california_housing/california_housing.csv.gz", "median_house_value"),
    "imdb": ("imdb/imdb.parquet", "label"),
}
ROWS = 2_000  # of each set: enough for a vocabulary of thousands of terms


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", SETS)
def test_models_of_real_data_answer_in_the_browser_as_when_trained(
    frame_rows: Any, shared_data: Path, name: str, family: str
) -> None:
    file, target = SETS[name]
    source = shared_data / file
    table = polars.read_parquet(source) if file.endswith("parquet") else polars.read_csv(source)
    holds(certificate(frame_rows(table.sample(ROWS, seed=1), target), family))
