"""MW109: do rows belong together, so that a random split would put a patient or film on both sides?"""

from __future__ import annotations

import numpy as np
import polars

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, share
from modelwright.checks.judging import Judged, judged_targets, score_alone
from modelwright.records import Column, Estimate, Finding

CODE: str = "MW109"
TITLE: str = "Rows that belong together"

MIN_ENTITIES = 20
MIN_ROWS_AN_ENTITY = 1.5
"""Fewer different values are categories; with fewer rows a value it is an id that hardly comes again."""

CHANCE_AUC, CHANCE_R2 = 0.5, 0.0
LEAST_AUC, LEAST_R2 = 0.55, 0.05
"""What the other rows of an entity must tell of its target, beyond chance with the whole interval. From here
on a model that recognises the entity, by its text or its measurements, scores visibly better on it than on a
new one."""


def look(inspection: Inspection) -> Outcome:
    """Ids that come again, whose rows share more of the target than chance would have them share."""
    if inspection.task.group is not None:
        return NotApplicable(f"rows are kept together by {inspection.task.group} already")
    repeated = [c for c in inspection.dataset.columns if c.role == "id" and _comes_again(c, inspection)]
    if not repeated:
        return NotApplicable("no id comes again")
    table = inspection.known
    judged = judged_targets(inspection, table)
    if isinstance(judged, NotApplicable):
        return judged
    findings = [_finding(inspection, table, column, one) for column in repeated for one in judged]
    return tuple(finding for finding in findings if finding is not None)


def _comes_again(column: Column, inspection: Inspection) -> bool:
    rows = inspection.dataset.rows - column.missing
    return column.unique >= MIN_ENTITIES and rows >= MIN_ROWS_AN_ENTITY * column.unique


def _finding(
    inspection: Inspection, table: polars.DataFrame, column: Column, judged: Judged
) -> Finding | None:
    least, chance = (LEAST_AUC, CHANCE_AUC) if judged.classes else (LEAST_R2, CHANCE_R2)
    score = score_alone(table[column.name][judged.rows], judged, inspection.seed, least=least)
    if score is None or score.low <= chance:
        return None
    straddling = _straddling(inspection, column.name)
    return Finding(
        code=CODE,
        title=TITLE,
        severity="warning",
        columns=(column.name,),
        message=f"rows of one `{column.name}` are alike in `{judged.name}`: a random split flatters",
        evidence=(
            _score_words(column, judged, score),
            f"{column.unique:,} different values in {inspection.dataset.rows - column.missing:,} rows",
            *straddling,
        ),
        advice=f"If the model will meet new ones in service, keep the rows of one together: --group "
        f"{column.name} (or group in task.toml). If it will only ever meet these, say that it may read it: "
        'role = "categorical" on its line under [inputs].',
    )


def _score_words(column: Column, judged: Judged, score: Estimate) -> str:
    return (
        f"{judged.title} {score.value:.3f} ({score.level:.0%} interval {score.low:.3f} to {score.high:.3f}) "
        f"for answering each row by the other rows of its `{column.name}`"
    )


def _straddling(inspection: Inspection, name: str) -> tuple[str, ...]:
    """How many test rows have an entity that is learnt from, too."""
    if not inspection.has_test:
        return ()
    tested = inspection.table[name].filter(polars.Series(inspection.test))
    known = inspection.known[name].drop_nulls().unique()
    rows = int(tested.is_in(known.to_list()).fill_null(False).sum())
    if not rows:
        return ("no test row has one that is learnt from: the test part was split by it",)
    return (f"{share(rows, int(np.sum(inspection.test)))} test rows have one that is learnt from, too",)
