"""Members whose models cannot share a program: one after another, by `keras.Model.fit` itself."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.budget import remaining_seconds
from modelwright.engine.keras_backend import keras
from modelwright.engine.population.bags import Bags
from modelwright.engine.population.members import Group, Wanted
from modelwright.engine.population.population import Outcome
from modelwright.engine.population.trees import numpy_rows
from modelwright.engine.population.work import Work


def fit_one_by_one(group: Group, work: Work, callbacks: tuple[Any, ...], build: Any) -> list[Outcome]:
    """Fit every member of the group; `build` gives a member's model anew, freshly seeded."""
    return [_fitted(member, work, callbacks, build(member.index)) for member in group.wanted]


def _fitted(member: Wanted, work: Work, callbacks: tuple[Any, ...], model: Any) -> Outcome:
    watcher = _Watcher(work)
    own: list[Any] = [*callbacks, keras.callbacks.TerminateOnNaN(), watcher]
    if work.plan.patience is not None:
        stopping = keras.callbacks.EarlyStopping(
            "val_loss", patience=work.plan.patience, restore_best_weights=True
        )
        own.append(stopping)
    weights = work.training_weights
    history = _fit(
        model,
        _rows(work.inputs, member.training),
        _rows(work.targets, member.training),
        batch_size=work.batch_size,
        epochs=work.plan.epochs,
        verbose=0,
        callbacks=own,
        validation_data=_validation(work, member),
        sample_weight=None if weights is None else weights[member.training],
    ).history
    epochs = len(history["loss"])
    curves = {name: [float(value) for value in values] for name, values in history.items()} | watcher.curves
    best = epochs
    if work.plan.patience is not None:
        best = int(np.nanargmin(history["val_loss"])) + 1
    return Outcome(
        index=member.index,
        weights=[np.array(np.asarray(variable.value)) for variable in model.weights],
        curves=curves,
        epochs=epochs,
        best_epoch=best,
        parameters=sum(variable.value.size for variable in model.trainable_variables),
        diverged=not np.isfinite(history["loss"][-1]),
    )


def _fit(model: Any, *data: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras's own, about numpy's copies
        return model.fit(*data, **options)


def _validation(work: Work, member: Wanted) -> Any:
    if not len(member.validation):
        return None
    data = (_rows(work.inputs, member.validation), _rows(work.targets, member.validation))
    weights = work.validation_weights
    return data if weights is None else (*data, weights[member.validation])


def _rows(data: Any, rows: NDArray[np.int64]) -> Any:
    if isinstance(data, Bags):
        return data.dense(rows)
    return numpy_rows(data, rows)


class _Watcher(keras.callbacks.Callback):  # pyright: ignore[reportUntypedBaseClass]  # keras has no types
    """Tells of every epoch, leaves the penalty out of the validation loss, and ends with the budget."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work
        self.curves: dict[str, list[float]] = {}

    @property
    def _watched(self) -> Any:
        return self.model

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Called by Keras."""
        logs, model = logs or {}, self._watched
        penalty = float(sum(np.sum(np.asarray(loss)) for loss in model.losses))
        for name in ("loss", "val_loss"):
            if name in logs and (name == "val_loss" or not model.losses):
                known = self.curves.setdefault(name.replace("loss", "data_loss"), [])
                known.append(float(logs[name]) - penalty)
        self.work.tell(1, float(logs.get("val_loss", logs["loss"])))
        if remaining_seconds() <= 0 or self.work.stopped:
            model.stop_training = True
