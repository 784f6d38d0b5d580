"""Lab: models trained side by side for their learning curves, and what those say of each."""

from __future__ import annotations

from typing import Literal

from modelwright.records._blob import Blob
from modelwright.records._study import Failure, Recipe
from modelwright.records._verdict import Estimate
from modelwright.records._wire import record

Fit = Literal["too small", "about right", "too large", "needs regularisation", "more training"]


@record
class LabModel:
    """One model's curves over several seeds, and what they say.

    Args:
        curves: float32 array (seeds, epochs, 2): training and validation data loss, penalties left out.
        parameters: trainable numbers.
        best_epoch: where the seeds' mean validation loss is lowest; best_epochs: each seed's own.
        best_loss: how low; last_loss: after all epochs.
        overfits_from: the epoch after which validation loss only rises; None where it never turns.
        choppiness: epoch-to-epoch noise of the validation loss, as a share of its level.
        gap: validation minus training loss at the best epoch.
        fit, reason: the verdict in words, and the evidence.
        notes: what was done otherwise than asked (a model trained by ``fit``, and why).
    """

    recipe: Recipe
    curves: Blob
    parameters: int
    best_epoch: Estimate
    best_epochs: tuple[int, ...]
    best_loss: Estimate
    last_loss: Estimate
    overfits_from: int | None
    choppiness: float
    gap: Estimate
    fit: Fit
    reason: str
    notes: tuple[str, ...] = ()


@record
class Lab:
    """Models compared on one split of one bench (chapter 5).

    Args:
        bench: digest of the Bench. loss: what the curves show.
        text: how texts were given to the models: weighted ``terms`` or multi-hot ``words``.
    """

    bench: str
    loss: str
    seeds: int
    epochs: int
    batch_size: int
    text: Literal["terms", "words"]
    training_rows: int
    validation_rows: int
    models: tuple[LabModel, ...]
    failures: tuple[Failure, ...] = ()
