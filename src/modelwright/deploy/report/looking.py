"""What do the rows look like? A small picture a column, time, and what is missing together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from markupsafe import Markup

from modelwright.deploy.report.axes import limits, scale
from modelwright.deploy.report.blocks import Figure, Table
from modelwright.deploy.report.chart import Axis, Series, chart
from modelwright.deploy.report.figures import compact, number, percent, value_of
from modelwright.deploy.report.lettering import fitted, text_width
from modelwright.deploy.report.svg import box, line, picture, words
from modelwright.deploy.report.wording import listed, short
from modelwright.records import Bars, ColumnProfile, Counted, Profile, Timeline

MOST_CARDS = 60
_WIDTH, _HEIGHT = 200.0, 62.0
_ROW = 17.0
_SIZE = 11.0
_DAY = 86_400.0
_YEAR_DAYS = 365.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One column: its picture, and what is worth knowing about it in a few words."""

    name: str
    role: str
    picture: Markup | None
    facts: tuple[str, ...]


def cards(profile: Profile, *, sensitive: bool) -> tuple[Card, ...]:
    """The targets first, then the columns that answer most alone, then the others."""
    ordered = sorted(profile.columns, key=lambda one: (one.role != "target", -_told(one, profile.chance)))
    return tuple(_card(one, profile, sensitive=sensitive) for one in ordered[:MOST_CARDS])


def _told(column: ColumnProfile, chance: float) -> float:
    return abs(column.alone.value - chance) if column.alone is not None else -1.0


def _card(column: ColumnProfile, profile: Profile, *, sensitive: bool) -> Card:
    if column.bars is not None:
        drawn = _bars(column, column.bars)
    elif column.top and not sensitive and column.top[0].rows > 1:
        drawn = _top(column, column.top, profile.rows)
    else:
        drawn = None
    facts = [f"{column.unique:,} different"]
    if column.missing:
        facts.append(f"{percent(column.missing / max(1, profile.rows))} missing")
    if column.alone is not None:
        low, high = number(column.alone.low, 2), number(column.alone.high, 2)
        facts.append(f"alone {value_of(column.alone)} ({low} to {high})")
    return Card(name=short(column.name), role=column.role, picture=drawn, facts=tuple(facts))


def _bars(column: ColumnProfile, bars: Bars) -> Markup:
    x = scale(bars.edges[0], bars.edges[-1], 0, _WIDTH)
    y = scale(0, max(bars.rows), _HEIGHT - 16, 2)
    parts = [
        box(x(start) + 0.4, y(rows), x(end) - x(start) - 0.8, y.start - y(rows), "bar")
        for rows, start, end in zip(bars.rows, bars.edges[:-1], bars.edges[1:], strict=True)
        if rows
    ]
    parts.append(line(0, y.start, _WIDTH, y.start, "base"))
    ends = (column.low, column.middle, column.high)
    low, middle, high = (_said(column, value) for value in ends)
    parts.append(words(0, _HEIGHT - 3, low, kind="tick"))
    parts.append(words(_WIDTH, _HEIGHT - 3, high, kind="tick", anchor="end"))
    if text_width(low, _SIZE) + text_width(middle, _SIZE) + text_width(high, _SIZE) < _WIDTH - 24:
        parts.append(words(_WIDTH / 2, _HEIGHT - 3, middle, kind="tick strong", anchor="middle"))
    described = f"From {low} to {high}; half lie below {middle}."
    return picture(_WIDTH, _HEIGHT, f"How {short(column.name)} is spread", described, parts)


def _said(column: ColumnProfile, value: float | None) -> str:
    if value is None:
        return ""
    if column.role == "date":
        return day_of(value)
    return f"{value:,.0f} words" if column.role == "text" else number(value)


def day_of(seconds: float) -> str:
    """``2024-03-01``, of years that the calendar has."""
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return number(seconds)
    return f"{moment:%Y-%m-%d}"


def _top(column: ColumnProfile, top: tuple[Counted, ...], rows: int) -> Markup:
    most = top[0].rows
    counts = [f"{compact(one.rows)}" for one in top]
    room = _WIDTH - max(text_width(count, _SIZE) for count in counts) - 6
    parts: list[Markup] = []
    for place, (one, count) in enumerate(zip(top, counts, strict=True)):
        at = place * _ROW
        parts.append(box(0, at + 1, room * one.rows / most, _ROW - 3, "bar faint"))
        parts.append(words(4, at + 12, fitted(short(one.value, 40), room - 6, _SIZE), kind="tick ink"))
        parts.append(words(_WIDTH, at + 12, count, kind="tick", anchor="end"))
    described = listed([f"{short(one.value, 30)} {percent(one.rows / max(1, rows))}" for one in top])
    return picture(_WIDTH, len(top) * _ROW, f"Most frequent in {short(column.name)}", described, parts)


def timeline_figures(profile: Profile) -> tuple[Figure, ...]:
    """Rows, and the target, over each column of dates."""
    return tuple(one for timeline in profile.timelines for one in _timeline(timeline))


def _timeline(timeline: Timeline) -> list[Figure]:
    edges = np.array(timeline.edges)
    middles = _calendar((edges[:-1] + edges[1:]) / 2)
    rows = np.column_stack([middles, np.array(timeline.rows, dtype=np.float64)])
    name, unit = short(timeline.column), _unit(timeline)
    x_axis = Axis(title=unit, low=float(middles[0]), high=float(middles[-1]))
    counts = chart(
        f"Rows over {name}",
        f"Between {min(timeline.rows):,} and {max(timeline.rows):,} rows a period.",
        [Series(points=rows)],
        x_axis,
        Axis(title="rows", low=0, high=1.05 * max(1, *timeline.rows)),
    )
    figures = [Figure(title=f"Rows over {name}", caption="Rows of each period.", picture=counts)]
    known = [(x, e) for x, e in zip(middles.tolist(), timeline.values, strict=True) if e is not None]
    if len(known) > 1:
        points = np.array([(x, e.value) for x, e in known])
        reach = np.array([(e.low, e.high) for _, e in known])
        low, high = limits(reach.ravel())
        target = chart(
            f"{timeline.of} over {name}",
            f"From {number(float(points[0, 1]))} in the first period to {number(float(points[-1, 1]))}.",
            [Series(points=points, dots=True, bars=reach)],
            x_axis,
            Axis(title=short(timeline.of), low=low, high=high),
        )
        caption = "Each period with its 95% interval."
        figures.append(Figure(title=f"{short(timeline.of)} over {name}", caption=caption, picture=target))
    return figures


def _calendar(seconds: np.ndarray) -> np.ndarray:
    """Years with their fraction where there is more than one, else days since the first."""
    if seconds[-1] - seconds[0] > 2 * _YEAR_DAYS * _DAY:
        return 1970 + seconds / (_YEAR_DAYS * _DAY)
    return (seconds - seconds[0]) / _DAY


def _unit(timeline: Timeline) -> str:
    if timeline.edges[-1] - timeline.edges[0] > 2 * _YEAR_DAYS * _DAY:
        return "year"
    return f"days since {day_of(timeline.edges[0])}"


def missing_table(profile: Profile) -> Table | None:
    """Columns that are missing in the same rows."""
    if not profile.missing_together:
        return None
    rows = tuple(
        (
            listed([short(name, 30) for name in one.columns], 6),
            f"{one.rows:,}",
            _share(one.rows, profile.rows),
        )
        for one in profile.missing_together
    )
    return Table(title="Missing together", head=("Columns", "Rows", "Share"), rows=rows)


def _share(part: int, whole: int) -> str:
    return percent(part / whole) if whole and math.isfinite(part / whole) else ""
