"""What can the model not do? Limits, each with what it rests on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars

from modelwright.deploy.report.calibrated import Calibrated
from modelwright.deploy.report.figures import number, shares_of
from modelwright.deploy.report.looking import day_of
from modelwright.deploy.report.sealed import Sealed
from modelwright.deploy.report.weak import slice_words
from modelwright.deploy.report.wording import counted, listed, quoted
from modelwright.records import Bench, ColumnProfile, Final, Opening, Profile, Verdict, Weaknesses
from modelwright.statistics.shares import share

FEW = 30
"""Of a class with fewer sealed rows it is hardly known how often it is found."""

_MOST_LISTED = 6


def limits_of(
    bench: Bench,
    final: Final,
    sealed: Sealed,
    findings: Verdict,
    profile: Profile | None,
    weaknesses: Weaknesses | None,
    believed: Calibrated | None,
    openings: tuple[Opening, ...],
) -> tuple[str, ...]:
    """Sentences, the gravest first."""
    return (
        *_broken(final, openings),
        *_weak(bench, weaknesses),
        *_rare(bench, sealed, final),
        *_unseen(bench, sealed),
        *_outside(bench, profile),
        *_time(bench, profile),
        *_late(bench),
        *_doubts(findings),
        *_unbelieved(believed),
        "It says what goes with what, not why: changing a column need not change the outcome.",
    )


def _broken(final: Final, openings: tuple[Opening, ...]) -> Iterator[str]:
    if not final.kept_promise:
        yield "It did not keep what development promised: expect what the sealed rows show, or less."
    if len(openings) > 1:
        yield (
            f"The sealed rows were opened {len(openings)} times: scores on them are no longer those of rows "
            "that nobody has seen."
        )


def _weak(bench: Bench, weaknesses: Weaknesses | None) -> Iterator[str]:
    for one in weaknesses.found[:_MOST_LISTED] if weaknesses is not None else ():
        yield f"It is weaker where {slice_words(bench, one)} ({counted(one.rows, 'row')})."


def _rare(bench: Bench, sealed: Sealed, final: Final) -> Iterator[str]:
    classes = bench.dataset.classes
    if not classes:
        return
    rows = np.bincount(sealed.truth, minlength=len(classes))
    for index in np.argsort(rows, kind="stable").tolist()[:_MOST_LISTED]:
        if rows[index] >= FEW:
            break
        if rows[index] == 0:
            yield f"Of {quoted(classes[index])} no sealed row was there: how often it is found is not known."
            continue
        answers = sealed.answers
        if bench.task.kind == "binary" and final.threshold is not None:
            answers = (sealed.outputs[:, 1] >= final.threshold).astype(np.int64)
        found = float(np.sum((answers == index) & (sealed.truth == index)))
        value, low, high = shares_of(share(found, float(rows[index])))
        yield (
            f"Of {quoted(classes[index])} only {counted(float(rows[index]), 'row was', 'rows were')} judged: "
            f"it finds {value} of them, and of all that may be between {low} and {high}."
        )


def _unseen(bench: Bench, sealed: Sealed) -> Iterator[str]:
    """How many sealed rows had words that development had never seen, and would meet again."""
    inside = np.zeros(sealed.table.height, dtype=bool)
    inside[sealed.rows] = True
    names = [one.name for one in bench.dataset.features if one.role == "categorical"]
    if not names:
        return
    late, early = sealed.table.filter(inside).select(names), sealed.table.filter(~inside).select(names)
    counts = {name: _strangers(late[name], early[name]) for name in names}
    told = sorted((name for name in names if counts[name]), key=lambda name: -counts[name])[:3]
    if told:
        said = listed([f"{quoted(name)} in {counts[name]:,} of {late.height:,} sealed rows" for name in told])
        yield f"It does not know values that it never saw, and there will be new ones: {said} had one."


def _strangers(late: polars.Series, early: polars.Series) -> int:
    known = early.drop_nulls().unique()
    return int((~late.drop_nulls().is_in(known.implode())).sum())


def _outside(bench: Bench, profile: Profile | None) -> Iterator[str]:
    """Ranges of numbers that were never seen; the columns that tell most alone come first."""
    if profile is None:
        return
    names = {one.name for one in bench.dataset.features}
    ranged = [c for c in profile.columns if c.role == "numeric" and c.name in names and c.low is not None]
    told = sorted(ranged, key=lambda one: -_tells(one, profile.chance))[:_MOST_LISTED]
    if told:
        said = listed([f"{quoted(one.name)} {number(one.low, 5)} to {number(one.high, 5)}" for one in told])
        yield f"It was shown nothing outside these ranges, and what it says beyond them is a guess: {said}."


def _tells(column: ColumnProfile, chance: float) -> float:
    return abs(column.alone.value - chance) if column.alone is not None else 0.0


def _time(bench: Bench, profile: Profile | None) -> Iterator[str]:
    dated = [] if profile is None else [c for c in profile.columns if c.role in ("date", "time") and c.low]
    seen = f" Its rows are from {day_of(dated[0].low or 0)} to {day_of(dated[0].high or 0)}." if dated else ""
    if bench.protocol.kind == "forward":
        yield f"It was judged on later rows than it learnt from, but the world goes on changing.{seen}"
    else:
        yield (
            "Whether it still holds later was not tested: rows were dealt at random, not by time. Judge it "
            f"again on new rows from time to time.{seen}"
        )


def _late(bench: Bench) -> Iterator[str]:
    late = [one.name for one in bench.task.inputs if one.known_at == "after"]
    if late:
        said = listed([quoted(name) for name in late], 6)
        yield f"It cannot answer before {said} is known, and that is after the fact."


def _doubts(findings: Verdict) -> Iterator[str]:
    grave = [one for one in findings.findings if one.severity != "info"]
    if grave:
        titles = list(dict.fromkeys(one.title.lower() for one in grave))
        yield f"It is no better than its data, of which checks say: {listed(titles, _MOST_LISTED)}."


def _unbelieved(believed: Calibrated | None) -> Iterator[str]:
    if believed is not None and not believed.believed:
        yield "Its percentages are not to be taken at their word (see “Can its percentages be believed?”)."
