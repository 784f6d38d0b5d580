"""What each column is for: a number, a category, a date, a text, an id, or nothing a model can read."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import polars

from modelwright.records import Dtype, Role, record
from modelwright.sources.casting import COLUMNS_AT_ONCE
from modelwright.sources.cells import (
    AUTOMATIC_MISSING,
    INFINITE,
    LEADING_ZERO,
    NUMBER,
    WHOLE,
    beyond_exact,
    is_nested,
    stripped,
)
from modelwright.sources.dates import EIGHT_DIGITS, ISO, find_date_format, parse_dates

MIN_TYPED_SHARE = 0.995
"""Share of the cells that must be numbers (or dates) for the column to be one; the rest become null."""

MIN_UNIQUE_TEXT = 0.5
"""A column of several words a cell is text when at least this share of its cells are distinct."""

MIN_WORDS_OF_PROSE = 4.0
MIN_DISTINCT_PROSE = 50
"""Or when its cells have this many words on average and this many distinct values (reviews, repeated)."""

MIN_UNIQUE_CODE = 0.98
"""Codes are ids when this share is distinct: duplicated rows repeat their id."""

MIN_ID_ROWS = 20
"""Below this many cells "all different" says little, and only codes with digits are called ids."""

MIN_ENTITIES = 20
MIN_ROWS_AN_ENTITY = 30
"""A repeated id with fewer rows a value (films, patients) is not read: production brings new ones. With
more (45 stores of 1,000 rows each) it is a category like any other."""

_UNSPACED = r"[\u{3040}-\u{30ff}\u{3400}-\u{9fff}\u{0e00}-\u{0e7f}]{8,}"  # Japanese, Chinese, Thai: no blanks
_DECIMAL_COMMA = r"^[+-]?[0-9]{1,3}(?:\.?[0-9]{3})*,[0-9]+$"
_NAMED_ID = r"(?:^|[_\s.-])(?i:id|uuid|guid)$|[a-z](?:Id|ID)$"
_NESTED = r"(?s)^(?:\{.*\}|\[.*\])$"
_SAMPLE = 2_000


@record
class Guess:
    """What a column seems to be, and why.

    Args:
        role: numeric, categorical, date, text, id or ignored.
        dtype: how its values are to be stored.
        reason: why, in words for a person.
        date_format: of a date, its strptime format or ``iso``.
    """

    role: Role
    dtype: Dtype
    reason: str
    date_format: str | None = None


def infer_roles(table: polars.DataFrame, missing: Mapping[str, tuple[str, ...]] = {}) -> dict[str, Guess]:
    """Guess the role of every column of a snapshot's table, by name.

    Args:
        table: the snapshot's table, not yet cast.
        missing: further spellings of "missing", by column.
    """
    with ThreadPoolExecutor(COLUMNS_AT_ONCE) as pool:
        spelled = [missing.get(name, ()) for name in table.columns]
        return dict(zip(table.columns, pool.map(guess_role, table.get_columns(), spelled), strict=True))


def guess_role(series: polars.Series, missing: tuple[str, ...] = ()) -> Guess:
    """Guess the role of one column from its cells."""
    if is_nested(series):
        return Guess(role="ignored", dtype="string", reason="holds nested values, which no model reads")
    if series.dtype.base_type() in (polars.Date, polars.Datetime) and series.null_count() < series.len():
        return Guess(role="date", dtype="date", reason="the file stores dates", date_format=ISO)
    cells = stripped(series).drop_nulls()
    if missing:
        cells = cells.filter(~cells.is_in(missing))
    if not cells.len():
        return Guess(role="ignored", dtype="string", reason="every cell is missing")
    if series.dtype == polars.Boolean:
        return Guess(role="categorical", dtype="string", reason="true or false")
    if series.dtype.is_float() or series.dtype.is_decimal():
        return Guess(role="numeric", dtype="number", reason="the file stores numbers")
    return _guess_typed(series.name, cells) or _guess_string(series.name, cells, series.len())


def number_share(series: polars.Series, missing: tuple[str, ...] = ()) -> float:
    """The share of a column's cells, those spelled as missing apart, that are numbers; 0 for none."""
    if series.dtype.is_numeric():
        return 1.0
    cells = stripped(series).drop_nulls()
    said = cells.filter(~(cells.is_in([*AUTOMATIC_MISSING, *missing]) | cells.str.contains(INFINITE)))
    return _share_like(said, NUMBER) if said.len() else 0.0


def _guess_typed(name: str, cells: polars.Series) -> Guess | None:
    """A number, a date, or an id made of digits; None where the cells are words."""
    said = cells.filter(~(cells.is_in(AUTOMATIC_MISSING) | cells.str.contains(INFINITE)))
    if not said.len():
        return None
    date_format = find_date_format(said, MIN_TYPED_SHARE)
    if date_format:
        return _date(said, date_format)
    numbers = said.filter(said.str.contains(NUMBER))
    if numbers.len() < MIN_TYPED_SHARE * said.len():
        return None
    if numbers.str.contains(WHOLE).all():
        return _guess_whole(name, numbers, said.len())
    return Guess(role="numeric", dtype="number", reason=_share("numbers", numbers.len(), said.len()))


def _guess_whole(name: str, cells: polars.Series, said: int) -> Guess:
    if cells.str.contains(LEADING_ZERO).any():
        return _code(cells, "whole numbers with leading zeros, which are codes")
    if beyond_exact(cells).any():
        return _code(cells, "whole numbers beyond 2^53, exact only as text")
    whole = cells.str.strip_chars_start("+").cast(polars.Int64)
    distinct = whole.n_unique()
    if distinct >= MIN_UNIQUE_CODE * whole.len() and _named_id(name):
        return Guess(role="id", dtype="string", reason="named an id, and nearly all different")
    if _names_entities(name, distinct, whole.len()):
        return _entity(name, distinct)
    if distinct == whole.len() >= MIN_ID_ROWS and _counts(name, whole):
        return Guess(role="id", dtype="string", reason="whole numbers, all different, that only count rows")
    return Guess(role="numeric", dtype="number", reason=_share("whole numbers", cells.len(), said))


def _counts(name: str, whole: polars.Series) -> bool:
    """Whether distinct whole numbers number the rows rather than measure something."""
    if "year" in name.lower():
        return False
    span = int(whole.max()) - int(whole.min()) + 1  # type: ignore[arg-type]  # never null: cells are numbers
    return span == whole.len() or bool((whole.diff().drop_nulls() > 0).all())


def _named_id(name: str) -> bool:
    return bool(polars.Series([name]).str.contains(_NAMED_ID).all())


def _names_entities(name: str, distinct: int, cells: int) -> bool:
    """Whether a column named an id has so many values, each so rare, that the next row brings a new one."""
    return _named_id(name) and distinct >= MIN_ENTITIES and cells < MIN_ROWS_AN_ENTITY * distinct


def _entity(name: str, distinct: int) -> Guess:
    reason = (
        f"named an id, {distinct:,} of them: a model would learn whom it has seen, not the pattern; "
        f"--group {name} keeps the rows of one on one side of every split"
    )
    return Guess(role="id", dtype="string", reason=reason)


def _code(cells: polars.Series, reason: str) -> Guess:
    if cells.n_unique() >= MIN_UNIQUE_CODE * cells.len() and cells.len() >= MIN_ID_ROWS:
        return Guess(role="id", dtype="string", reason=f"{reason}, nearly all different")
    return Guess(role="categorical", dtype="string", reason=reason)


def _date(cells: polars.Series, date_format: str) -> Guess:
    dates = cells.len() - parse_dates(cells, date_format).null_count()
    reason = _share(f"dates written {date_format}", dates, cells.len())
    if date_format == EIGHT_DIGITS:
        reason = "all cells are eight digits that make a date (YYYYMMDD)"
    if date_format.startswith("%m") and "%d" in date_format:
        other = date_format.replace("%m", "%?").replace("%d", "%m").replace("%?", "%d")
        if cells.len() - parse_dates(cells, other).null_count() >= dates:
            reason += f"; {other} fits as well"
    return Guess(role="date", dtype="date", reason=reason, date_format=date_format)


def _guess_string(name: str, cells: polars.Series, rows: int) -> Guess:
    distinct = cells.n_unique()
    share = distinct / cells.len()
    sample = cells.gather_every(max(1, cells.len() // _SAMPLE))
    if _share_like(sample, _NESTED) == 1.0:
        return Guess(role="ignored", dtype="string", reason="nested JSON values; flatten them to use them")
    counts = sample.str.count_matches(r"\S+").to_numpy()
    wordy = max(float((counts >= 2).mean()), _share_like(sample, _UNSPACED))
    prose = float(counts.mean()) >= MIN_WORDS_OF_PROSE and distinct >= MIN_DISTINCT_PROSE
    if wordy >= 0.5 and distinct > 2 and (share >= MIN_UNIQUE_TEXT or prose):
        return Guess(
            role="text", dtype="string", reason=f"several words a cell, {distinct:,} different texts"
        )
    if _share_like(sample, _DECIMAL_COMMA) >= MIN_TYPED_SHARE:
        reason = "looks like numbers with a decimal comma; write them with a point to use them as numbers"
        return Guess(role="categorical", dtype="string", reason=reason)
    enough = cells.len() >= MIN_ID_ROWS or _share_like(sample, r"[0-9]") == 1.0
    if wordy < 0.5 and share >= MIN_UNIQUE_CODE and distinct >= 2 and enough:
        return Guess(role="id", dtype="string", reason="codes of one word, nearly all different")
    if _names_entities(name, distinct, cells.len()):
        return _entity(name, distinct)
    reason = f"{distinct:,} different values in {rows:,} rows"
    return Guess(role="categorical", dtype="string", reason=reason)


def _share_like(cells: polars.Series, pattern: str) -> float:
    return float(cells.str.contains(pattern).to_numpy().mean())


def _share(what: str, fits: int, of: int) -> str:
    if fits == of:
        return f"all cells are {what}"
    return f"{100 * fits / of:.2f}% of the cells are {what}; the other {of - fits:,} become missing"
