"""What must a form of the model answer, wherever it goes?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.proving import final_of
from modelwright.engine.columns import Columns
from modelwright.engine.model import Model, load
from modelwright.records import Desk, Study, Variant

AS_TRAINED = "float"

Outputs = NDArray[np.float64]


def model_of(desk: Desk, confirmed: Study, form: Variant | None) -> Model:
    """The trained model whose answers count: the confirmed one, or what it became when pruned."""
    return load(desk.read(final_of(confirmed).model if form is None else form.model))


def graph_of(desk: Desk, model: Model, form: Variant | None) -> bytes:
    """The ONNX file."""
    from modelwright.exporters.onnx import export  # LightGBM, Keras and onnx load only when needed

    return export(model) if form is None else desk.read(form.graph)


def answers_of(desk: Desk, model: Model, form: Variant | None, columns: Columns) -> Outputs:
    """What every place must answer to these rows, (rows, outputs).

    As trained or pruned: what the Keras, LightGBM or linear model itself answers. With integer weights: what
    that very file answers here, row by row; how far that is from the trained model is for the gate to say.
    """
    if form is None or not form.integers:
        return model.predict_columns(columns)
    from modelwright.exporters.running import Running, feeds_of

    running, rows = Running(desk.read(form.graph)), np.arange(columns.rows)
    feeds = feeds_of(model.preparation, columns, rows, batch=1)
    return np.concatenate([running.answer(feed) for feed in feeds]).astype(np.float64)


def is_alone(form: Variant | None) -> bool:
    """Whether rows must be answered one at a time, for their answers to be their own."""
    return form is not None and form.scaled_anew


def form_name(form: Variant | None) -> str:
    """What it is called."""
    return AS_TRAINED if form is None else form.name
