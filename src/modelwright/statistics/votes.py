"""Answers of several annotators to the same items, in long form: one place an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Votes:
    """Who answered which item with which class; nobody needs to have answered all.

    Args:
        item_count, annotator_count, classes: how many there are, also where none was answered.
        known: the right class of items of which it is known (gold, decided), -1 of the others.

    Shapes:
        items, annotators, labels: int64 (answers,), positions from 0
        known: int64 (items,)
    """

    items: Places
    annotators: Places
    labels: Places
    item_count: int
    annotator_count: int
    classes: int
    known: Places | None = None

    def is_known(self) -> NDArray[np.bool_]:
        """Of which items the right class is known, (items,)."""
        return np.zeros(self.item_count, dtype=bool) if self.known is None else self.known >= 0

    def settled(self, probable: Array) -> Array:
        """Probabilities of each item's classes, (items, classes), with certainty where a class is known."""
        if self.known is None:
            return probable
        certain = np.eye(self.classes)[np.maximum(self.known, 0)]
        return np.where(self.is_known()[:, None], certain, probable)

    def counts(self) -> Array:
        """How many answered each item with each class, (items, classes)."""
        places = self.items * self.classes + self.labels
        flat = np.bincount(places, minlength=self.item_count * self.classes)
        return flat.reshape(self.item_count, self.classes).astype(np.float64)

    def answers_each(self) -> Places:
        """How many answered each item, (items,)."""
        return np.bincount(self.items, minlength=self.item_count).astype(np.int64)

    def where(self, kept: NDArray[np.bool_]) -> Votes:
        """Only some of the answers; items and annotators keep their positions."""
        return replace(
            self, items=self.items[kept], annotators=self.annotators[kept], labels=self.labels[kept]
        )


def votes_of(table: NDArray[Any], classes: int) -> Votes:
    """Votes from a table of class positions, (annotators, items), where anything below 0 is no answer.

    Example:
        >>> votes_of(np.array([[0, 1], [0, -1]]), 2).counts().tolist()
        [[2.0, 0.0], [0.0, 1.0]]
    """
    annotators, items = np.nonzero(table >= 0)
    return Votes(
        items=items.astype(np.int64),
        annotators=annotators.astype(np.int64),
        labels=table[annotators, items].astype(np.int64),
        item_count=table.shape[1],
        annotator_count=table.shape[0],
        classes=classes,
    )
