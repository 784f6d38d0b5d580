"""The network contenders, built-in and yours: trained, answered with, and rebuilt from their weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.engine import yours
from modelwright.engine.choices import read_choices
from modelwright.engine.folds import Part
from modelwright.engine.keras_backend import keras
from modelwright.engine.last_layer import RegressionLoss, last_layer, loss_answers
from modelwright.engine.network_answers import answerer
from modelwright.engine.network_architecture import Architecture, build_network, network_inputs, table_rows
from modelwright.engine.network_population import Training, trained_together
from modelwright.engine.target import Target, probabilities, standardise
from modelwright.engine.trained import Trained
from modelwright.errors import ModelError
from modelwright.records import Recipe, decode, encode, record

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared


WEIGHT = "weight_"
"""What the names of weights begin with among a `Trained`'s arrays."""


@record
class NetworkChoices:
    """What may be chosen.

    Args:
        layers, units: of the dense stack; 0 layers make a linear model.
        embedding_units: of each word.
        dropout: share of a dense layer's outputs dropped in training. l1, l2: penalties on its kernel.
        max_epochs: at most so many, where validation rows tell when to stop.
        epochs: exactly so many, where there are no validation rows.
        patience: epochs without improvement before training stops.
        loss: regression: what is minimised.
    """

    layers: int = 2
    units: int = 64
    embedding_units: int = 16
    activation: Literal["relu", "tanh", "gelu", "silu", "elu"] = "relu"
    dropout: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    learning_rate: float = 1e-3
    batch_size: int = 128
    max_epochs: int = 50
    epochs: int = 10
    patience: int = 5
    loss: RegressionLoss = "squared"


def train_networks(recipe: Recipe, target: Target, parts: Sequence[Part]) -> list[Trained]:
    """Train the built-in network, or a user's (family ``yours``), on every part at once.

    Raises:
        ModelError: training diverged, or the user's code failed.
    """
    scales = [None if target.classifies else standardise(part.answers)[1:] for part in parts]
    wanted = [scaled_part(target, part, scale) for part, scale in zip(parts, scales, strict=True)]
    if recipe.family == "yours":
        found = yours.train_yours(recipe, target, wanted)
    else:
        found = _train_built_in(recipe, target, wanted)
    return [_trained(recipe, target, one, scale) for one, scale in zip(found, scales, strict=True)]


def predict_network(trained: Trained, prepared: Prepared) -> NDArray[np.float64]:
    """Probabilities, or values in the target's unit: (rows, outputs)."""
    if prepared.rows == 0:
        return np.empty((0, trained.target.outputs))
    weights = _weights(trained)
    if trained.recipe.family == "yours":
        raw = yours.answers(trained, weights, prepared)
    else:
        text = trained.text["architecture"]
        raw = answerer(text, lambda: _built(text))(weights, network_inputs(prepared))
    if not trained.target.classifies:
        values: NDArray[np.float64] = raw * trained.arrays["scale"] + trained.arrays["centre"]
        return values
    return probabilities(raw) if raw.shape[1] == 1 else raw


def keras_model(trained: Trained) -> Any:
    """The Keras model with its trained weights: built-in ones Functional, yours as your code builds it.

    Raises:
        ModelError: the user's code no longer builds a model of these weights.
    """
    if trained.recipe.family == "yours":
        model = yours.rebuild(trained)
    else:
        model = _built(trained.text["architecture"])
    model.set_weights(_weights(trained))
    return model


def weight_name(position: int) -> str:
    """Where `Trained.arrays` keeps the weight at that position of ``model.weights``."""
    return f"{WEIGHT}{position:03d}"


def scaled_part(target: Target, part: Part, scale: tuple[NDArray[Any], NDArray[Any]] | None) -> Part:
    """The part with regression targets of mean 0 and deviation 1, as measured on its training rows."""
    if scale is None:
        return part
    centre, deviation = scale
    held_out = part.validation_answers
    return Part(
        training=part.training,
        answers=(part.answers.reshape(-1, target.outputs) - centre) / deviation,
        validation=part.validation,
        validation_answers=None
        if held_out is None
        else (held_out.reshape(-1, target.outputs) - centre) / deviation,
    )


def _trained(recipe: Recipe, target: Target, found: Training, scale: Any) -> Trained:
    arrays: dict[str, NDArray[Any]] = {}
    if scale is not None:
        arrays["centre"], arrays["scale"] = scale
    arrays |= {weight_name(position): weight for position, weight in enumerate(found.weights)}
    return Trained(
        recipe=recipe,
        target=target,
        arrays=arrays,
        text={"architecture": found.architecture},
        parameters=found.parameters,
        best_epochs=found.best_epochs,
        curves=found.curves,
        notes=found.notes,
    )


def _weights(trained: Trained) -> list[NDArray[Any]]:
    names = [name for name in trained.arrays if name.startswith(WEIGHT)]
    return [trained.arrays[weight_name(position)] for position in range(len(names))]


def _built(architecture: str) -> Any:
    return build_network(decode(architecture.encode(), Architecture))


def _train_built_in(recipe: Recipe, target: Target, parts: list[Part]) -> list[Training]:
    choices = read_choices(recipe, NetworkChoices)
    architectures = [encode(_architecture(recipe, target, part.training, choices)).decode() for part in parts]

    def build(architecture: str) -> Any:
        shape = decode(architecture.encode(), Architecture)
        model = build_network(shape, recipe.seed)
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate=choices.learning_rate), loss=shape.last.loss
        )
        return model

    def answers(values: NDArray[Any]) -> NDArray[Any]:
        last = last_layer(target, choices.loss)
        return loss_answers(target, values, last.units, last.loss)

    return trained_together(build, architectures, parts, network_inputs, answers, choices, recipe)


def _architecture(
    recipe: Recipe, target: Target, training: Prepared, choices: NetworkChoices
) -> Architecture:
    architecture = Architecture(
        features=training.numbers.shape[1],
        category_sizes=tuple(table_rows(size) for size in training.category_sizes),
        word_counts=tuple(table_rows(size) for size in training.word_counts),
        max_tokens=training.tokens.shape[2] if training.tokens.shape[1] else 0,
        layers=choices.layers,
        units=choices.units,
        embedding_units=choices.embedding_units,
        activation=choices.activation,
        dropout=choices.dropout,
        l1=choices.l1,
        l2=choices.l2,
        last=last_layer(target, choices.loss),
    )
    if not (architecture.features or architecture.category_sizes or architecture.word_counts):
        raise ModelError(
            where=f"recipe '{recipe.name}' (network)",
            expected="at least one input",
            received="none",
            do_this="Give the task a column to predict from.",
        )
    return architecture
