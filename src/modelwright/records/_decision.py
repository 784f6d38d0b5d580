"""Decision and Weaknesses: from which probability on to act, and where a model is weaker than elsewhere."""

from __future__ import annotations

from typing import Literal

from modelwright.records._blob import Blob
from modelwright.records._verdict import Estimate
from modelwright.records._wire import record


@record
class Decision:
    """What acting from each of some thresholds on would mean on a day.

    Counted on validation rows, each answered by a model that was not trained on it: the sealed rows are for
    one last look, not for choosing a threshold by.

    Args:
        table: float64 array (thresholds, 13), rising thresholds: the threshold; rows rightly left alone,
            false alarms, missed, found; then the low and high end of a single day's false alarms, missed,
            found and acted on.
        rows: counted. candidates: among which the model was picked by these rows.
        cases: on a day. stated: whether the task says so.
        chosen: the row of the threshold in use. cheapest: the row of the least expected cost.
    """

    table: Blob
    rows: int
    candidates: int
    cases: float
    stated: bool
    chosen: int
    cheapest: int


@record
class Condition:
    """One thing that rows have in common.

    Args:
        column: of the data. measured: the value itself, or a text's length in words.
        value: words have this value. low, high: numbers (dates in seconds since 1970) are in [low, high);
            None where there is no end.
        missing: the column is empty.
    """

    column: str
    measured: Literal["value", "words"] = "value"
    value: str | None = None
    low: float | None = None
    high: float | None = None
    missing: bool = False


@record
class WeakSlice:
    """Rows on which a model is weaker than on the others, shown on rows that did not suggest them.

    Args:
        conditions: one or two.
        rows: that have them, among those it was confirmed on. share: of these.
        inside, outside: mean loss of rows that have them and of the others.
        p_value: of losses as high in a slice that has nothing to do with them.
        worst: positions in the data set of rows inside, the largest loss first.
    """

    conditions: tuple[Condition, ...]
    rows: int
    share: float
    inside: Estimate
    outside: Estimate
    p_value: float
    worst: tuple[int, ...]


@record
class Weaknesses:
    """Slices looked through, those that stood out, and those that were confirmed.

    Args:
        loss: what is compared: ``wrong`` (share of wrong answers), ``cost`` (of errors, a case) or ``off``
            (distance from the truth).
        searched: slices looked through, on `searched_on` (in words). candidates: those that stood out.
        confirmed_on: other rows, in words; `rows` of them.
        found: the confirmed ones, the weakest first.
        rate: the share of findings that are expected to be false, at most.
    """

    loss: Literal["wrong", "cost", "off"]
    searched: int
    candidates: int
    searched_on: str
    confirmed_on: str
    rows: int
    rate: float
    found: tuple[WeakSlice, ...]
