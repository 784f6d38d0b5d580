"""May this model share a program, may its batches be partly filled, and how should members share?"""

from __future__ import annotations

from typing import Any

from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.population.program import Mode
from modelwright.engine.population.signatures import is_keras

# Layers of Keras whose training step mixes the rows of a batch, or hides what it does.
MIXING_LAYERS = (
    "BatchNormalization",
    "SpectralNormalization",
    "Lambda",
    "TorchModuleWrapper",
    "TFSMLayer",
    "JaxLayer",
    "FlaxLayer",
)
# Layers that are slower when members share every operation on a processor: per-member kernels make
# grouped convolutions, and per-member tables make gathers and scatters over all of them.
ONE_BY_ONE_LAYERS = ("Conv", "Embedding", "LSTM", "GRU", "RNN", "Attention")
# A product this large keeps the processor busy for one member alone: nothing is saved by sharing it.
LARGE_KERNEL = 100_000


def why_not_shared(model: Any, callbacks: Any) -> str | None:
    """Why this model must be trained by ``fit``, or None."""
    trainer = keras.Model
    for name in ("train_step", "test_step", "fit", "evaluate", "make_train_function"):
        if getattr(type(model), name) is not getattr(trainer, name):
            return f"{type(model).__name__} has a {name} of its own"
    if callbacks:
        return "callbacks are called between the steps of fit"
    if model.run_eagerly:
        return "the model is compiled with run_eagerly=True"
    if model.optimizer.use_ema:
        return "its optimizer averages the weights when fit ends (use_ema)"
    if not isinstance(model.optimizer, keras.optimizers.Optimizer) or hasattr(
        model.optimizer, "inner_optimizer"
    ):
        return "its optimizer scales the loss"
    return None


def mode_of(model: Any, members: int, *, bags: bool) -> Mode:
    """One member after another where that is quicker, all at once elsewhere."""
    if jax.default_backend() != "cpu":
        return "vmap"
    names = [type(layer).__name__ for layer in model._flatten_layers(include_self=False)]
    one_by_one = any(part in name for name in names for part in ONE_BY_ONE_LAYERS)
    return "map" if bags or members == 1 or one_by_one or is_large(model) else "vmap"


def is_large(model: Any) -> bool:
    """Whether a step of one model is so much work that nothing is gained by training more in one call."""
    return any(variable.value.size >= LARGE_KERNEL for variable in model.trainable_variables)


def treats_rows_alone(model: Any) -> bool:
    """Whether every layer, the loss and all metrics treat each row of a batch by itself."""
    return (
        all(_layer_treats_rows_alone(layer) for layer in model._flatten_layers(include_self=False))
        and type(model).compute_loss is keras.Model.compute_loss
        and type(model).compute_metrics is keras.Model.compute_metrics
        and is_keras(model)  # what a subclass's call does with a batch is not known
        and len(getattr(model, "outputs", None) or [None]) == 1
        and _is_row_mean(model._compile_config.config.get("loss"))
        and all(_is_keras_metric(metric) for metric in _metrics(model))
    )


def _layer_treats_rows_alone(layer: Any) -> bool:
    own = bool(getattr(type(layer), "treats_rows_alone", False))
    if getattr(layer, "activity_regularizer", None) is not None:
        return False
    return own or (is_keras(layer) and type(layer).__name__ not in MIXING_LAYERS)


def _is_row_mean(loss: Any) -> bool:
    if isinstance(loss, str):
        return True
    return is_keras(loss) and getattr(loss, "reduction", "") in ("sum_over_batch_size", "mean")


def _metrics(model: Any) -> list[Any]:
    given = model._compile_config.config
    found: list[Any] = []
    for name in ("metrics", "weighted_metrics"):
        found += keras.tree.flatten(given.get(name) or [])
    return found


def _is_keras_metric(metric: Any) -> bool:
    return isinstance(metric, str) or is_keras(metric)
