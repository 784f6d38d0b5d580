"""The rows that a confirmed model is proved on wherever it goes, always the same ones."""

from __future__ import annotations

from dataclasses import dataclass

from modelwright.deploy.parity import PARITY_ROWS, Scale, scale_of
from modelwright.deploy.raw_rows import RawRow, proving_columns, raw_rows, settle_dates
from modelwright.engine.columns import Columns, targets_of
from modelwright.errors import ReleaseError
from modelwright.records import Bench, Desk, Final, Study
from modelwright.serving.manifest import Manifest

PARITY_SEED = 15  # any fixed number: the same model is always proved on the same rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The rows a release is proved on, as the model reads them and as callers send them."""

    columns: Columns
    rows: list[RawRow]
    scale: Scale


def final_of(confirmed: Study) -> Final:
    """What was confirmed.

    Raises:
        ReleaseError: nothing was.
    """
    if confirmed.final is None:
        raise ReleaseError(
            where=f"study '{confirmed.question}'",
            expected="a confirmed model",
            received="a study without one",
            do_this="Run confirm first; only a model that has seen the sealed test part is shipped.",
        )
    return confirmed.final


def proof_of(desk: Desk, bench: Bench, manifest: Manifest) -> Proof:
    """The rows to prove a release of this manifest on."""
    table, dataset, task = desk.read(bench.dataset.table), bench.dataset, bench.task
    columns = proving_columns(table, dataset, rows=PARITY_ROWS, seed=PARITY_SEED)
    columns = settle_dates(columns, manifest.inputs)
    width = len(manifest.classes) or len(manifest.targets)
    scale = scale_of(task.kind, targets_of(table, dataset, task), width)
    return Proof(columns=columns, rows=raw_rows(columns, manifest.inputs), scale=scale)
