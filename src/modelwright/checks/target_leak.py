"""MW102: does a column give the target away?"""

from __future__ import annotations

from dataclasses import dataclass

import polars

from modelwright.checks.formulas import find_sum
from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, percent, quoted
from modelwright.checks.judging import Judged, judged_targets, score_alone
from modelwright.checks.repeated_answers import LEAST_KAPPA, repeats
from modelwright.checks.single_column import sampled
from modelwright.records import Column, Estimate, Finding

CODE: str = "MW102"
TITLE: str = "Target leak"

MAX_ID_PARTS = 6
"""Runs of letters or digits of an id that are looked at; paths seldom have more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one column's score alone must reach to be reported, and to be grave.

    Args:
        least: the least the 95% interval may reach down to, so that luck is not reported.
    """

    warning: float
    serious: float
    least: float


AUC_LIMITS = Limits(warning=0.98, serious=0.995, least=0.9)
"""ROC AUC. What is known only afterwards reaches 1 (IMDB's rating, TalkingData's attributed_time); the best
honest columns measured have 0.95 (card fraud's V14, TalkingData's app). A perfect column of 35 positive rows
is just certain enough to be reported: Wilson's interval then begins at 0.90."""

R2_LIMITS = Limits(warning=0.9, serious=0.99, least=0.8)
"""R2. Measured: `registered`, eight tenths of the bicycles counted, has 0.95; the best honest column has 0.59
(Boston's LSTAT)."""


def look(inspection: Inspection) -> Outcome:
    """Columns, or exact sums of columns, that answer nearly perfectly alone or repeat the target; test rows
    are not read."""
    columns = [c for c in inspection.features if c.role != "text"]
    ids = [c for c in inspection.dataset.columns if c.role == "id"]
    declared = _declared(inspection)
    table = inspection.known
    judged = judged_targets(inspection, table)
    if not columns and not ids:
        judged = NotApplicable("no column but free text, which is the model's to read")
    if isinstance(judged, NotApplicable):
        return tuple(declared) or judged
    findings = declared
    for one in judged:
        sums = [] if inspection.dataset.classes else _sums(table, one.name, columns)
        summed = {name for finding in sums for name in finding.columns}
        alone = [column for column in columns if column.name not in summed]
        findings += [*sums, *_alone(inspection, table, one, alone)]
        findings += [
            found for column in ids if (found := _inside(inspection, table, one, column)) is not None
        ]
    return tuple(findings)


def _declared(inspection: Inspection) -> list[Finding]:
    """Columns read though the task itself says that they are known only after the answer."""
    late = {entry.name for entry in inspection.task.inputs if entry.known_at == "after"}
    names = tuple(column.name for column in inspection.features if column.name in late)
    if not names:
        return []
    return [
        Finding(
            code=CODE,
            title="Known only after the answer",
            severity="serious",
            columns=names,
            message=f"{quoted(names)}: read by the model, yet known only after the answer is needed",
            evidence=('known_at = "after" under [inputs] in task.toml',),
            advice=f"Leave them out: {' '.join(f'--ignore {name}' for name in names)}.",
        )
    ]


def _alone(
    inspection: Inspection, table: polars.DataFrame, judged: Judged, columns: list[Column]
) -> list[Finding]:
    """Columns whose score alone, with its whole interval, is too good, or that repeat the target."""
    findings: list[Finding] = []
    rows = sampled(table.height, inspection.seed)
    for column in columns:
        score = _too_good(table[column.name][judged.rows], judged, inspection.seed)
        if score is not None:
            findings.append(_leak(column, judged, score))
        elif (found := _repeated(table[rows], judged, column)) is not None:
            findings.append(found)
    return findings


def _repeated(table: polars.DataFrame, judged: Judged, column: Column) -> Finding | None:
    """A column that is the target written down again, but for some rows."""
    found = repeats(table[column.name], table[judged.name], classes=judged.classes)
    if found is None:
        return None
    return Finding(
        code=CODE,
        title="Target written down again",
        severity="warning",
        columns=(column.name,),
        message=f"`{column.name}` says what `{judged.name}` says in {percent(found.share)} of the rows",
        evidence=(
            f"by chance {percent(found.chance)} would agree: kappa {found.kappa:.3f}, at least "
            f"{found.least_kappa:.3f} (95%)",
            f"compared in {found.rows:,} rows; from a kappa of {LEAST_KAPPA:g} on it is reported",
        ),
        advice=f"Ask where `{column.name}` comes from: an earlier label, another system, the outcome "
        f"itself? If it is known only after the answer, leave it out (--ignore {column.name}). If before, "
        "it is the existing solution: measure the model against it.",
    )


def _too_good(values: polars.Series, judged: Judged, seed: int) -> Estimate | None:
    """The score of these values alone where it, and its whole interval, is too good to be honest."""
    limits = _limits(judged)
    score = score_alone(values, judged, seed, least=limits.warning)
    return score if score is not None and score.low >= limits.least else None


def _limits(judged: Judged) -> Limits:
    return AUC_LIMITS if judged.classes else R2_LIMITS


def _leak(column: Column, judged: Judged, score: Estimate) -> Finding:
    title = judged.title
    return Finding(
        code=CODE,
        title=TITLE,
        severity="serious" if score.value >= _limits(judged).serious else "warning",
        columns=(column.name,),
        message=f"`{column.name}` alone nearly gives `{judged.name}` away: {title} {score.value:.3f}",
        evidence=(
            f"{title} {score.value:.4f} ({score.level:.0%} interval {score.low:.4f} to {score.high:.4f}) "
            "from this column alone, each row answered by rows of other folds",
            f"judged on {len(judged.rows):,} rows; from {_limits(judged).warning:g} on it is reported",
        ),
        advice=f"Ask when `{column.name}` is known. If only after the answer, leave it out "
        f"(--ignore {column.name}, or add it to ignore in task.toml). "
        "If before, a lookup answers without a model.",
    )


def _inside(
    inspection: Inspection, table: polars.DataFrame, judged: Judged, column: Column
) -> Finding | None:
    """An id whose text holds the target: ``train/pos/127_9``. Ids are not read; such a one must not be."""
    cells = table[column.name].cast(polars.String)[judged.rows]
    for place, part in enumerate(_parts(cells), start=1):
        score = _too_good(part, judged, inspection.seed)
        if score is not None:
            return _told_by_id(cells, column, place, judged, score)
    return None


def _parts(cells: polars.Series) -> list[polars.Series]:
    """The runs of letters and the runs of digits in a column of ids, by their place: each (rows,)."""
    runs = cells.str.extract_all(r"[A-Za-z]+|[0-9]+")
    places = min(int(runs.list.len().max() or 0), MAX_ID_PARTS)  # pyright: ignore[reportArgumentType]  # of a list's lengths
    parts = [runs.list.get(place, null_on_oob=True) for place in range(places)]
    return [_as_numbers(part) for part in parts]


def _as_numbers(part: polars.Series) -> polars.Series:
    numbers = part.cast(polars.Float64, strict=False)
    return numbers if numbers.null_count() == part.null_count() else part


def _told_by_id(cells: polars.Series, column: Column, place: int, judged: Judged, score: Estimate) -> Finding:
    return Finding(
        code=CODE,
        title="Target inside an id",
        severity="warning",
        columns=(column.name,),
        message=f"`{column.name}` holds `{judged.name}` in its text, say part {place} of "
        f"{cells.drop_nulls().item(0)!r}: {judged.title} {score.value:.3f}",
        evidence=(
            f"{judged.title} {score.value:.4f} ({score.level:.0%} interval {score.low:.4f} to "
            f"{score.high:.4f}) from part {place} of the id alone, each row answered by rows of other folds",
            "it is read as an id, and so left out of the model",
        ),
        advice=f"Keep it out (--ignore {column.name} says so for good), and out of file names, paths and "
        "row order that a model or a person labelling may see.",
    )


def _sums(table: polars.DataFrame, target: str, columns: list[Column]) -> list[Finding]:
    """The target as an exact sum of a few columns."""
    names = [column.name for column in columns if column.dtype == "number"]
    formula = find_sum(table.select(names), table[target].cast(polars.Float64))
    if formula is None:
        return []
    parts = tuple(formula.weights)
    return [
        Finding(
            code=CODE,
            title="Target is a sum of columns",
            severity="serious",
            columns=parts,
            message=f"{quoted(parts)} give `{target}` away: {formula.spelled(target)}",
            evidence=(f"{formula.spelled(target)}, exactly, in all {formula.rows:,} rows that have them",),
            advice="A formula needs no model. If these columns are known only after the answer, leave them "
            f"out: {' '.join(f'--ignore {name}' for name in parts)}.",
        )
    ]
