"""A threshold to move: all its figures as data for the page's script, and those in use as they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from modelwright.deploy.deciding import Weighed
from modelwright.deploy.report.policies import alarms_and_misses
from modelwright.deploy.report.svg import box, element, path, picture, words
from modelwright.deploy.report.wording import quoted, short
from modelwright.records import Costs, Decision

_DAY = (
    ("acted", "To be looked at"),
    ("found", "of them {yes}, found"),
    ("alarms", "of them false alarms"),
    ("missed", "{yes}, missed"),
    ("cost", "Cost in {unit}"),
)
_LEFT, _WIDTH, _TOP, _BOTTOM = 60.0, 565.0, 20.0, 165.0
"""Of the picture of costs; the script draws it anew by the same numbers when prices change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """A line of the table of a day."""

    kind: str
    name: str
    expected: str
    span: str
    strong: bool


def threshold_facts(
    costs: Costs, classes: tuple[str, ...], decision: Decision, weighed: Weighed
) -> dict[str, Any]:
    """All that the page's threshold shows, at the threshold in use, and the data to show every other."""
    at = weighed.chosen
    no, yes = (quoted(name) for name in classes)
    unit, period = short(costs.unit, 24), " a day" if decision.stated else ""
    figures = {name: getattr(weighed, name)[at] for name in ("acted", "found", "alarms", "missed")}
    figures["cost"] = weighed.cost(costs)[at]
    told = {name: (_whole(day[0]), f"{_whole(day[1])} to {_whole(day[2])}") for name, day in figures.items()}
    both = {name: f"{expected} ({span})" for name, (expected, span) in told.items()}
    positives = _whole(figures["missed"][0] + figures["found"][0])
    return {
        "said": f"Of {_whole(weighed.cases)} cases{period}, about {both['alarms']} {no} would be taken for "
        f"{yes}, and {both['missed']} of {positives} {yes} missed; {both['acted']} are to be looked at, and "
        f"errors cost {both['cost']} {unit}.",
        "at": named(weighed, at),
        "last": len(weighed.thresholds) - 1,
        "chosen": at,
        "unit": unit,
        "prices": {"false_positive": costs.false_positive, "false_negative": costs.false_negative},
        "title": f"{_whole(weighed.cases)} cases{period}",
        "day": [
            DayLine(
                kind=kind,
                name=name.format(yes=yes, unit=unit),
                expected=told[kind][0],
                span=told[kind][1],
                strong=kind == "cost",
            )
            for kind, name in _DAY
        ],
        "rows": decision.rows,
        "no": no,
        "yes": yes,
        "counts": [f"{count:,}" for count in weighed.counts[at].tolist()],
        "picture": _picture(weighed, weighed.cost(costs)[:, 0]),
        "notes": _notes(costs, decision),
        "data": _data(weighed, {"no": no, "yes": yes, "unit": unit, "period": period, "rows": decision.rows}),
    }


def named(weighed: Weighed, at: int) -> str:
    """A threshold in words."""
    never = at == len(weighed.thresholds) - 1
    return "1: never act" if never else f"{weighed.thresholds[at]:.3g}"


def _whole(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0") if value < 10 else f"{value:,.0f}"


def _notes(costs: Costs, decision: Decision) -> list[str]:
    notes: list[str] = []
    if not decision.stated:
        notes.append(
            f"The task states no volume (volume_per_day in task.toml): figures are for {decision.cases:,.0f} "
            "cases."
        )
    if not costs.stated:
        notes.append(f"The task states no costs ([costs] in task.toml): {alarms_and_misses(costs)}.")
    picked = (
        f" The model was picked among {decision.candidates:,} by these rows, so they flatter it a little."
        if decision.candidates > 1
        else ""
    )
    notes.append(
        "Counted on rows of development that the answering model was not trained on: sealed rows are for "
        f"one last look, not for choosing a threshold by.{picked} To use another threshold, say under "
        "[costs] in task.toml what errors cost, and run again. Intervals are of a single day, with its own "
        "luck, and assume that days to come are mixed as these rows are."
    )
    return notes


def _data(weighed: Weighed, words_of: dict[str, Any]) -> dict[str, Any]:
    """What the script reads."""
    kinds = (weighed.alarms, weighed.missed, weighed.found, weighed.acted)
    return {
        **words_of,
        "cases": weighed.cases,
        "chosen": weighed.chosen,
        "thresholds": weighed.thresholds.tolist(),
        "counts": weighed.counts.tolist(),
        "ends": np.column_stack([kind[:, 1:] for kind in kinds]).round(2).tolist(),
    }


def _picture(weighed: Weighed, cost: Any) -> Markup:
    last, high = len(cost) - 1, float(cost.max()) or 1.0
    places = [(_LEFT + _WIDTH * at / last, _y(value / high)) for at, value in enumerate(cost.tolist())]
    cheapest, here = places[int(np.argmin(cost))], places[weighed.chosen]
    parts = [
        box(_LEFT, _TOP, 0, _BOTTOM - _TOP, ""),
        path(places, "line"),
        element("circle", kind="ring", cx=cheapest[0], cy=cheapest[1], r=6),
        element("circle", kind="here", cx=here[0], cy=here[1], r=4.5),
        words(0, _BOTTOM + 4, "0"),
        element("text", Markup(_whole(high)), x=0, y=_TOP + 4, data_high=""),
        words(_LEFT, 186, "act always"),
        words(_LEFT + _WIDTH, 186, "never act", anchor="end"),
    ]
    said = f"Least at a threshold of {named(weighed, int(np.argmin(cost)))}."
    return picture(640, 190, "Expected cost by threshold", said, parts)


def _y(share: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * share
