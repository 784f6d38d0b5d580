"""Can what the model says of its own sureness be believed? A picture, a table, and plain words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from modelwright.deploy.report.blocks import Figure, Table
from modelwright.deploy.report.chart import SMALL_WIDTH, Axis, Series, chart
from modelwright.deploy.report.figures import percent, share_words, shares_of
from modelwright.deploy.report.sealed import Sealed
from modelwright.deploy.report.wording import counted, quoted
from modelwright.records import Bench
from modelwright.statistics.calibration import FEWEST, Group, calibration

_HEIGHT = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """What was said, held against what came.

    Args:
        said: in plain words. believed: whether no group is off by more than chance.
    """

    said: str
    believed: bool
    figure: Figure
    table: Table


def calibrated(bench: Bench, sealed: Sealed) -> Calibrated | None:
    """The probabilities of the positive class, or of the class answered; None of too few rows."""
    binary = bench.task.kind == "binary"
    said = sealed.outputs[:, 1] if binary else sealed.outputs.max(axis=1)
    happened = sealed.truth == (1 if binary else sealed.answers)
    groups = calibration(said, happened, sealed.units)
    if not groups:
        return None
    what = quoted(bench.dataset.classes[1]) if binary else "its answer is right"
    return Calibrated(
        said=calibration_words(groups, what, len(sealed.rows)),
        believed=not any(group.off for group in groups),
        figure=_figure(groups, what),
        table=_table(groups, what),
    )


def calibration_words(groups: tuple[Group, ...], what: str, rows: int) -> str:
    """The surest group in plain words, and the group that is furthest off, where one is."""
    surest = _group_words(groups[-1], what)
    off = [group for group in groups if group.off]
    judged = f"Judged on the {rows:,} sealed rows, which were opened once the model was chosen."
    if not off:
        return f"{surest} No group of rows differs from what was said by more than chance. {judged}"
    worst = max(off, key=lambda group: abs(group.said - group.happened.value))
    way = "more often than it says" if worst.happened.value > worst.said else "less often than it says"
    told = "" if worst is groups[-1] else f" {_group_words(worst, what)}"
    others = f" ({counted(len(off), 'group')} of {len(groups)} {'is' if len(off) == 1 else 'are'} off)"
    return f"{surest}{told} That is {way}, and not by chance{others}. {judged}"


def _group_words(group: Group, what: str) -> str:
    value, low, high = shares_of(group.happened)
    return (
        f"When it says {percent(group.said)} for {what}, it was so in {value} ({low} to {high}) "
        f"of {counted(group.rows, 'row')}."
    )


def _figure(groups: tuple[Group, ...], what: str) -> Figure:
    return Figure(
        title="Said against seen",
        caption="Of the rows given a probability, in how many was it so? Honest probabilities lie on the "
        "dotted line; whiskers are Wilson's 95% intervals.",
        picture=_picture(groups, what),
    )


def _picture(groups: tuple[Group, ...], what: str) -> Markup:
    points = np.array([[group.said, group.happened.value] for group in groups])
    bars = np.array([[group.happened.low, group.happened.high] for group in groups])
    diagonal = Series(points=np.array([[0.0, 0.0], [1.0, 1.0]]), kind="dotted")
    return chart(
        "Calibration",
        f"{len(groups)} groups of rows with at least {FEWEST} rows each.",
        [diagonal, Series(points=points, dots=True, bars=bars)],
        Axis(title=f"said: {what}", low=0, high=1),
        Axis(title="share in which it was so", low=0, high=1.02),
        width=SMALL_WIDTH,
        height=_HEIGHT,
    )


def _table(groups: tuple[Group, ...], what: str) -> Table:
    rows = tuple(
        (
            percent(group.said),
            share_words(group.happened),
            f"{group.rows:,}",
        )
        for group in groups
    )
    return Table(
        title=f"When it says … for {what}",
        head=("It says", "It was so", "Rows"),
        rows=rows,
        note="In bold what is off by more than chance, all groups looked at together (Bonferroni).",
        strong=tuple(place for place, group in enumerate(groups) if group.off),
    )
