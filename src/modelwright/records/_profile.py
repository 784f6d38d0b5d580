"""Profile: what rows look like, as far as they may be looked at."""

from __future__ import annotations

from modelwright.records._blob import Blob
from modelwright.records._task import Role
from modelwright.records._verdict import Estimate
from modelwright.records._wire import record


@record
class Bars:
    """Rows between edges; the outermost bars hold what lies beyond as well.

    Args:
        edges: ascending, one more than bars; dates in seconds since 1970, texts in words.
        rows: of each bar.
    """

    edges: tuple[float, ...]
    rows: tuple[int, ...]


@record
class Counted:
    """A value, and how many rows have it."""

    value: str
    rows: int


@record
class ColumnProfile:
    """One column.

    Args:
        missing: rows without a value. unique: distinct values in the whole table.
        low, middle, high: the smallest, the median and the largest value (dates in seconds since 1970, texts
            in words); None for words and where no value is finite.
        bars: of numbers, dates and texts. top: most frequent values of words, the most frequent first.
        alone: what the column alone answers, on rows it was not fitted on; None where nothing was judged.
    """

    name: str
    role: Role
    missing: int
    unique: int
    low: float | None = None
    middle: float | None = None
    high: float | None = None
    bars: Bars | None = None
    top: tuple[Counted, ...] = ()
    alone: Estimate | None = None


@record
class MissingTogether:
    """Columns that are missing in the very same rows."""

    columns: tuple[str, ...]
    rows: int


@record
class Timeline:
    """How many rows there are over time, and what became of the target.

    Args:
        edges: periods of equal length, seconds since 1970, one more than periods.
        rows: of each period. of: what `values` are, in words. values: of each period with rows enough.
    """

    column: str
    edges: tuple[float, ...]
    rows: tuple[int, ...]
    of: str
    values: tuple[Estimate | None, ...]


@record
class Places:
    """Rows on the map.

    Args:
        points: float64 array (points, 3): longitude and latitude in degrees, and the target: a class's
            position or a value's rank from 0 to 1.
    """

    latitude: str
    longitude: str
    points: Blob


@record
class Cell:
    """A column's name and what a row holds there, at most 600 characters."""

    name: str
    value: str


@record
class Sample:
    """One row worth reading.

    Args:
        why: what it is an example of, e.g. ``"longest `message`"``. line: in the file.
    """

    why: str
    line: int
    labels: tuple[Cell, ...]
    cells: tuple[Cell, ...]


@record
class Profile:
    """What the rows look like that development may use; sealed rows are not among them.

    Args:
        rows: how many there are. drawn: how many of them, drawn at random, medians, bars, timelines, places
            and samples are of; counts of missing and frequent values and the extremes are of all.
        alone: the measure of `ColumnProfile.alone`, in words. chance: what no information scores.
    """

    rows: int
    drawn: int
    alone: str
    chance: float
    columns: tuple[ColumnProfile, ...]
    missing_together: tuple[MissingTogether, ...] = ()
    timelines: tuple[Timeline, ...] = ()
    places: tuple[Places, ...] = ()
    samples: tuple[Sample, ...] = ()
