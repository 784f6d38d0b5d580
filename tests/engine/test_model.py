from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from modelwright.engine.model import CHUNK_ROWS, Model, load, save
from modelwright.engine.training import train
from modelwright.errors import CorruptError
from modelwright.records import Recipe

SMALL = {
    "prior": {},
    "linear": {},
    "trees": {"trees": 12, "num_leaves": 7},
}


def fitted(data, family: str, kind: str) -> Model:
    preparation, (target, answers) = data.preparation(), data.answers(kind)
    recipe = Recipe(family=family, name=family, choices=SMALL[family], seed=3)
    return Model(preparation=preparation, trained=train(recipe, target, data.prepared(), answers))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "vector_regression"])
@pytest.mark.parametrize("family", SMALL)
def test_a_saved_model_comes_back_bit_for_bit(made_up, family, kind) -> None:
    data = made_up(120)
    model = fitted(data, family, kind)
    saved = save(model)
    loaded = load(saved)
    assert save(loaded) == saved
    expected = model.predict_columns(data.columns)
    assert expected.shape == (120, model.trained.target.outputs)
    np.testing.assert_array_equal(loaded.predict_columns(data.columns), expected)


def test_a_saved_model_holds_no_pickle_and_no_time(made_up) -> None:
    archive = zipfile.ZipFile(io.BytesIO(save(fitted(made_up(80), "linear", "binary"))))
    for entry in archive.infolist():
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert not entry.filename.endswith((".pkl", ".joblib"))
        assert b"\x80\x04" not in archive.read(entry)[:2]


def test_rows_are_answered_in_the_order_asked_whatever_the_chunks(made_up) -> None:
    data = made_up(CHUNK_ROWS + 50)
    model = fitted(made_up(100), "linear", "binary")
    rows = np.arange(data.columns.rows, dtype=np.int64)[::-1]
    np.testing.assert_allclose(
        model.predict_columns(data.columns, rows)[::-1], model.predict_columns(data.columns), atol=1e-12
    )
    assert model.predict_columns(data.columns, rows[:0]).shape == (0, 2)


@pytest.mark.parametrize("damage", [b"", b"not a zip", None])
def test_damaged_bytes_are_refused_in_words(made_up, damage) -> None:
    saved = save(fitted(made_up(60), "prior", "binary"))
    with pytest.raises(CorruptError, match="saved model"):
        load(saved[: len(saved) // 2] if damage is None else damage)
