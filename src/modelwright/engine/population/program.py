"""One compiled program for many models of one structure: their states stacked along a leading axis.

The step is assembled from Keras's own stateless parts, so that it is `keras.Model.fit`'s step, with three
additions: numbers may be lifted, the data loss is told apart from the penalties, and a batch may be
partly filled (its real rows weighed so that every mean is theirs).
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.population.bag_layers import bags_multiplied
from modelwright.engine.population.convolutions import convolutions_as_products
from modelwright.engine.population.lifting import lifted
from modelwright.engine.population.trees import rows_at, where

Mode = Literal["vmap", "map"]
"""How members share the program: every operation over all at once, or one member after another."""

State = tuple[list[Any], list[Any], list[Any], list[Any]]
"""Values of trainable, other, optimizer and metric variables."""

SUMS = 3
"""Of an epoch so far: loss x rows, data loss x rows, rows."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Program:
    """What one structure of model computes; the model lends its structure, never its weights.

    Args:
        partly_filled: batches may hold fewer real rows than they are long. Only for models, losses and
            metrics that treat every row by itself.
        ragged: members may have fewer batches than others; they skip what is not theirs.
    """

    model: Any
    mode: Mode
    partly_filled: bool
    ragged: bool
    bag_width: int = 0

    @property
    def kind(self) -> tuple[Any, ...]:
        """All but the model."""
        return (self.mode, self.partly_filled, self.ragged, self.bag_width)

    def train(
        self,
        state: State,
        sums: Any,
        values: dict[str, Any],
        resident: Any,
        batches: Any,
        start: Any,
        stop: Any,
    ) -> tuple[State, Any, dict[str, Any]]:
        """Train every member on its batches from `start` to `stop`.

        Shapes:
            state, values: (members, ...); sums: (members, 3); resident: (rows, ...), shared
            batches: (members, steps, ...)

        Returns:
            The new state and sums, and each metric so far, (members,).
        """

        def of_one(state: Any, sums: Any, values: Any, batches: Any) -> Any:
            def step(index: Any, carried: Any) -> Any:
                batch = rows_at(batches, index)
                return self._trained(carried, values, resident, batch)

            state, sums = self._repeated(step, (state, sums), batches, start, stop)
            return state, sums, self._metrics(state[3])

        return self._of_all(of_one)(state, sums, values, batches)

    def evaluate(
        self,
        state: State,
        sums: Any,
        values: dict[str, Any],
        resident: Any,
        batches: Any,
        start: Any,
        stop: Any,
    ) -> tuple[list[Any], Any, dict[str, Any]]:
        """Losses and metrics of every member on its batches; shapes as in `train`."""

        def of_one(state: Any, sums: Any, values: Any, batches: Any) -> Any:
            def step(index: Any, carried: Any) -> Any:
                batch = rows_at(batches, index)
                return self._evaluated(carried, state, values, resident, batch)

            metrics, sums = self._repeated(step, (state[3], sums), batches, start, stop)
            return metrics, sums, self._metrics(metrics)

        return self._of_all(of_one)(state, sums, values, batches)

    def _of_all(self, of_one: Any) -> Any:
        if self.mode == "vmap":
            return jax.vmap(of_one)

        def unpacked(own: Any) -> Any:
            return of_one(*own)

        def one_by_one(*arguments: Any) -> Any:
            if jax.tree.leaves(arguments)[0].shape[0] > 1:
                return jax.lax.map(unpacked, arguments)
            own = jax.tree.map(_first, arguments)  # no loop around it, so XLA updates the state in place
            return jax.tree.map(_alone, of_one(*own))

        return one_by_one

    def _repeated(self, step: Any, carried: Any, batches: Any, start: Any, stop: Any) -> Any:
        if self.mode == "map" and self.ragged:
            own = jax.numpy.sum(batches["real"] > 0)
            return jax.lax.fori_loop(start, jax.numpy.minimum(stop, own), step, carried)
        if not self.ragged:
            return jax.lax.fori_loop(start, stop, step, carried)

        def only_own(index: Any, before: Any) -> Any:
            after = step(index, before)
            own = batches["real"][index] > 0
            return where(own, after, before)

        return jax.lax.fori_loop(start, stop, only_own, carried)

    def _trained(self, carried: Any, values: Any, resident: Any, batch: Any) -> Any:
        (trainable, others, optimizer, metrics), sums = carried
        data = self._data(resident, batch)

        def losses(trainable: list[Any]) -> Any:
            return self._losses(trainable, others, metrics, values, data, training=True)

        (total, (data_loss, outputs, others, metrics)), gradients = jax.value_and_grad(losses, has_aux=True)(
            trainable
        )
        trainable, optimizer = self.model.optimizer.stateless_apply(optimizer, gradients, trainable)
        metrics = self._counted(metrics, total, outputs, data)
        state = (list(trainable), list(others), list(optimizer), metrics)
        return state, sums + _row_weighted(total, data_loss, data["real"])

    def _evaluated(self, carried: Any, state: Any, values: Any, resident: Any, batch: Any) -> Any:
        metrics, sums = carried
        data = self._data(resident, batch)
        total, (data_loss, outputs, _, metrics) = self._losses(
            state[0], state[1], metrics, values, data, training=False
        )
        return self._counted(metrics, total, outputs, data), sums + _row_weighted(
            total, data_loss, data["real"]
        )

    def _data(self, resident: Any, batch: Any) -> dict[str, Any]:
        """The batch's inputs, targets, weights in the loss and in weighted metrics, and real rows."""
        inputs, targets, weights = rows_at(resident, batch["rows"])
        length = batch["rows"].shape[0]
        real = batch["real"]
        loss_weights, mask = weights, None
        if self.partly_filled:
            mask = (jax.numpy.arange(length) < real).astype("float32")
            weights = mask if weights is None else weights * mask
            loss_weights = weights * (length / jax.numpy.maximum(real, 1))
        return {
            "inputs": inputs,
            "bag": batch.get("bag"),
            "targets": targets,
            "loss_weights": loss_weights,
            "metric_weights": weights,
            "mask": mask,
            "real": real,
            "length": length,
        }

    def _losses(
        self, trainable: Any, others: Any, metrics: Any, values: Any, data: Any, *, training: bool
    ) -> Any:
        """The loss Keras minimises; and the part without penalties, outputs and new states."""
        model = self.model
        with ExitStack() as changed:
            changed.enter_context(lifted(model, values))
            changed.enter_context(convolutions_as_products(model))
            inputs = data["inputs"]
            if data["bag"] is not None:
                inputs = changed.enter_context(
                    bags_multiplied(model, data["bag"], data["length"], self.bag_width)
                )
            told = {"training": training} if model._call_has_training_arg else {}
            outputs, others, penalties = model.stateless_call(
                trainable, others, inputs, return_losses=True, **told
            )
            if penalties:
                model._losses_override.clear()
                model._losses_override = penalties
            total, (_, others, metrics) = model.stateless_compute_loss(
                trainable,
                others,
                metrics,
                x=inputs,
                y=data["targets"],
                y_pred=outputs,
                sample_weight=data["loss_weights"],
                training=training,
            )
            if penalties:
                model._losses_override.clear()
        penalty: Any = sum((jax.numpy.sum(part) for part in penalties), start=np.float32(0.0))
        return total, (total - penalty, outputs, others, metrics)

    def _counted(self, metrics: list[Any], total: Any, outputs: Any, data: Any) -> list[Any]:
        """Metric variables after this batch."""
        model = self.model
        mapping = list(zip(model.metrics_variables, metrics, strict=True))
        with keras.StatelessScope(state_mapping=mapping) as scope, _masked(model, data["mask"]):
            model._loss_tracker.update_state(total, sample_weight=data["real"])
            model.compute_metrics(data["inputs"], data["targets"], outputs, data["metric_weights"])
        values = [scope.get_current_value(variable) for variable in model.metrics_variables]
        return [old if new is None else new for new, old in zip(values, metrics, strict=True)]

    def _metrics(self, metrics: list[Any]) -> dict[str, Any]:
        mapping = list(zip(self.model.metrics_variables, metrics, strict=True))
        with keras.StatelessScope(state_mapping=mapping):
            found = self.model.get_metrics_result()
        return {name: jax.numpy.asarray(value) for name, value in found.items()}


def _first(leaf: Any) -> Any:
    return leaf[0]


def _alone(leaf: Any) -> Any:
    return leaf[None]


def _row_weighted(total: Any, data_loss: Any, real: Any) -> Any:
    rows = real.astype("float32")
    return jax.numpy.stack([total * rows, data_loss * rows, rows])


def _masked(model: Any, mask: Any) -> ExitStack:
    """Inside, metrics that are given no weights count only the batch's real rows."""
    undone = ExitStack()
    if mask is None or model._compile_metrics is None:
        return undone
    for metrics in model._compile_metrics._flat_metrics:
        for metric in metrics.metrics if metrics else ():
            _mask_one(undone, metric, mask)
    return undone


def _mask_one(undone: ExitStack, metric: Any, mask: Any) -> None:
    original = metric.update_state

    def update_state(targets: Any, outputs: Any, sample_weight: Any = None) -> Any:
        return original(targets, outputs, sample_weight=mask)

    object.__setattr__(metric, "update_state", update_state)
    undone.callback(object.__delattr__, metric, "update_state")
