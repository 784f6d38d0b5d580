"""The splits of a bench, each with its preparation fitted on its own training rows only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.columns import Columns, columns_of, targets_of
from modelwright.engine.preparation.applying import prepare_rows
from modelwright.engine.preparation.augmenting import augment_rows, augmented_sources
from modelwright.engine.preparation.fitting import fit_preparation
from modelwright.engine.preparation.prepared import Prepared
from modelwright.engine.target import Target
from modelwright.records import Bench, Desk, Run, digest

Rows = NDArray[np.int64]
Outputs = NDArray[np.float64]
CACHED_BYTES = 2_000_000_000
"""Prepared splits are kept in memory up to here; beyond it each is prepared again when needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One split, ready to train on.

    Args:
        training, answers: what the candidate learns from.
        validation, validation_answers: what it is judged on; `rows` are their positions in the dataset.
    """

    training: Prepared
    answers: NDArray[Any]
    validation: Prepared
    validation_answers: NDArray[Any]
    rows: Rows


@dataclass(slots=True, kw_only=True)
class Folds:
    """All splits of one bench.

    Args:
        answers: int64 (rows,) class positions or float64 (rows, targets), of the whole dataset.
        units: int64 (rows,), duplicates and groups.
        splits: int8 (splits, rows).
    """

    bench: Bench
    columns: Columns
    answers: NDArray[Any]
    units: NDArray[np.int64]
    splits: NDArray[np.int8]
    target: Target
    _ready: dict[int, Fold] = field(default_factory=dict[int, Fold])
    _bytes: int = 0

    def __len__(self) -> int:
        return len(self.splits)

    @property
    def developed(self) -> Rows:
        """Rows that any split validates: where predictions can be compared."""
        return np.flatnonzero((self.splits == 2).any(axis=0))

    @property
    def usable(self) -> Rows:
        """Every row that development may use: all but the sealed test part and its duplicates."""
        return np.flatnonzero((self.splits > 0).any(axis=0))

    def fold(self, index: int) -> Fold:
        """The split at that position, prepared (and remembered while memory allows)."""
        if index not in self._ready:
            fold = self._prepare(index)
            size = _size_bytes(fold.training) + _size_bytes(fold.validation)
            if self._bytes + size > CACHED_BYTES:
                return fold
            self._ready[index] = fold
            self._bytes += size
        return self._ready[index]

    def size_bytes(self, indices: range) -> int:
        """About how much memory these splits take, going by the first of them."""
        first = self.fold(indices[0])
        return len(indices) * (_size_bytes(first.training) + _size_bytes(first.validation))

    def _prepare(self, index: int) -> Fold:
        plan = self.bench.plan
        training_rows = np.flatnonzero(self.splits[index] == 1)
        rows = np.flatnonzero(self.splits[index] == 2)
        preparation = fit_preparation(plan, self.columns, training_rows)
        columns, augmented, sources = augmented_rows(self, training_rows)
        return Fold(
            training=prepare_rows(preparation, columns, augmented),
            answers=self.answers[sources],
            validation=prepare_rows(preparation, self.columns, rows),
            validation_answers=self.answers[rows],
            rows=rows,
        )


def augmented_rows(folds: Folds, rows: Rows) -> tuple[Columns, Rows, Rows]:
    """The training rows plus their copies with columns dropped, and the dataset row each came from."""
    plan, seed = folds.bench.plan, folds.bench.protocol.seed
    columns, augmented = augment_rows(plan, folds.columns, rows, seed)
    return columns, augmented, augmented_sources(plan, rows, seed)


def _size_bytes(prepared: Prepared) -> int:
    bags = prepared.bags.data.nbytes + prepared.bags.indices.nbytes + prepared.bags.indptr.nbytes
    return prepared.numbers.nbytes + prepared.codes.nbytes + prepared.tokens.nbytes + bags


def outputs_on(desk: Desk, run: Run, rows: Rows) -> Outputs | None:
    """A run's validation outputs on these rows; None where it was not judged on all of them.

    Shapes:
        result: (rows, repeats, outputs)
    """
    outputs: Outputs = desk.read(run.predictions)[rows]
    outputs = outputs[:, np.isfinite(outputs[0, :, 0])]
    return outputs if outputs.shape[1] and np.isfinite(outputs).all() else None


_latest: dict[str, Folds] = {}


def folds_of(desk: Desk, bench: Bench) -> Folds:
    """The bench's folds; those of the latest bench stay in memory, as candidates come one by one."""
    key = digest(bench)
    if key not in _latest:
        _latest.clear()
        _latest[key] = _read_folds(desk, bench)
    return _latest[key]


def _read_folds(desk: Desk, bench: Bench) -> Folds:
    table = desk.read(bench.dataset.table)
    dataset, task, protocol = bench.dataset, bench.task, bench.protocol
    return Folds(
        bench=bench,
        columns=columns_of(table, dataset),
        answers=targets_of(table, dataset, task),
        units=desk.read(protocol.units),
        splits=desk.read(protocol.splits),
        target=Target(kind=task.kind, classes=dataset.classes, names=task.targets),
    )
