"""MW103: what is missing, openly or in disguise?"""

from __future__ import annotations

import numpy as np
import polars
from numpy.typing import NDArray

from modelwright.checks.inspection import Inspection, NotApplicable, Outcome, percent, quoted, share
from modelwright.records import Finding

CODE: str = "MW103"
TITLE: str = "Missing values"

WARNING_SHARE = 0.05
"""A column missing in this share of the rows is filled in often enough to matter; below it, a median and
an indicator do (Schafer 1999 calls 5% or less inconsequential)."""

DISGUISES = frozenset(
    {"?", "??", "-", "--", "---", ".", "..", "n/a", "#n/a", "na", "n.a.", "nan", "null", "nil", "<na>"}
    | {"missing", "(missing)", "blank", "(blank)", "empty", "not available", "undefined", "unspecified"}
)
"""What people write for "missing" in a column of words, in lower case. "none", "no", "other" and "unknown"
are not among them: they are answers as often as not."""

SENTINELS = (
    *(-9.0, -99.0, -999.0, -9999.0, -99999.0, -999999.0, 99.0, 999.0, 9999.0, 99999.0, 999999.0),
    *(-1e9, 1e9, -2147483648.0, 2147483647.0),
)
"""Numbers that stand for "missing" (or "too large") in exported data: runs of nines, ends of integers."""

MIN_SENTINEL_ROWS = 5
MIN_SENTINEL_SHARE = 0.001
"""A sentinel is a spike: at least five rows and one in a thousand."""

MIN_SENTINEL_GAP = 0.5
"""It stands apart: further from the other values than half the range they span."""

CODE_SHARE = 0.9
"""When this share of a column's other values have the length and case of "NA" (two-letter country or state
codes), NA is one of them: Namibia."""


def look(inspection: Inspection) -> Outcome:
    """Missing cells, cells that say "missing" in words, and numbers that stand for it."""
    if not inspection.features:
        return NotApplicable("no column is read")
    findings = (_open(inspection), _disguised(inspection), *_sentinels(inspection), _test_only(inspection))
    return tuple(finding for finding in findings if finding is not None)


def _open(inspection: Inspection) -> Finding | None:
    """Null cells, the emptiest column first."""
    nulls = {column.name: inspection.table[column.name].null_count() for column in inspection.features}
    missing = dict(sorted(((n, c) for n, c in nulls.items() if c), key=lambda pair: -pair[1]))
    unlabelled = inspection.dataset.unlabelled_rows
    if not missing and not unlabelled:
        return None
    rows = inspection.table.height
    evidence = [f"`{name}`: {share(count, rows)} cells are missing" for name, count in missing.items()]
    if unlabelled:
        evidence.append(f"{share(unlabelled, rows + unlabelled)} rows have no target and were left out")
    most = max([*missing.values(), 0]) / rows
    serious = most >= WARNING_SHARE or unlabelled >= WARNING_SHARE * (rows + unlabelled)
    return Finding(
        code=CODE,
        title=TITLE,
        severity="warning" if serious else "info",
        columns=tuple(missing),
        message=_open_words(missing, unlabelled, rows),
        evidence=tuple(evidence),
        lines=_lines(inspection, {name: inspection.table[name].is_null() for name in missing}),
        advice="Filled in with the median (numbers) or a category of their own, always with an indicator. "
        "Ask why they are missing: if production rows will miss other columns too, write "
        "may_be_missing = true on their lines under [inputs] in task.toml.",
    )


def _open_words(missing: dict[str, int], unlabelled: int, rows: int) -> str:
    if not missing:
        return f"{unlabelled:,} {'row has' if unlabelled == 1 else 'rows have'} no target"
    name, count = next(iter(missing.items()))
    columns = "1 column has" if len(missing) == 1 else f"{len(missing)} columns have"
    return f"{columns} missing cells, most in `{name}` ({percent(count / rows)})"


def _disguised(inspection: Inspection) -> Finding | None:
    """Cells of words that say "missing"."""
    found: dict[str, dict[str, int]] = {}
    masks: dict[str, polars.Series] = {}
    for column in inspection.features:
        spellings = _spellings(inspection.table[column.name]) if column.dtype == "string" else {}
        if spellings:
            found[column.name] = spellings
            masks[column.name] = inspection.table[column.name].is_in(list(spellings)).fill_null(False)
    if not found:
        return None
    cells = sum(sum(spellings.values()) for spellings in found.values())
    name, spellings = next(iter(found.items()))
    example = ", ".join(f'"{spelling}"' for spelling in spellings)
    return Finding(
        code=CODE,
        title="Missing values in disguise",
        severity="warning",
        columns=tuple(found),
        message=f"{cells:,} cells of {quoted(list(found))} say that they are missing",
        evidence=tuple(_spelled(name, spellings, inspection) for name, spellings in found.items()),
        lines=_lines(inspection, masks),
        advice=f"Now they are a category like any other. If they mean missing, write missing = [{example}] "
        f"on the line of `{name}` under [inputs] in task.toml (and so for the others).",
    )


def _spellings(values: polars.Series) -> dict[str, int]:
    """Spellings of "missing" in a column of words, and their cells."""
    counts = values.drop_nulls().value_counts(name="rows")
    counts.columns = ["value", "rows"]
    told = counts.filter(polars.col("value").str.strip_chars().str.to_lowercase().is_in(list(DISGUISES)))
    pairs: list[tuple[str, int]] = list(told.sort("rows", "value", descending=[True, False]).iter_rows())
    others = counts.join(told, on="value", how="anti")
    return {value: rows for value, rows in pairs if not (value == "NA" and _are_codes(others))}


def _are_codes(counts: polars.DataFrame) -> bool:
    """Whether most other values look like NA does: two capital letters."""
    if counts.height < 3:
        return False
    return float(counts["value"].str.contains(r"^[A-Z]{2}$").to_numpy().mean()) >= CODE_SHARE


def _spelled(name: str, spellings: dict[str, int], inspection: Inspection) -> str:
    words = ", ".join(
        f"{spelling!r} in {share(rows, inspection.table.height)}" for spelling, rows in spellings.items()
    )
    return f"`{name}`: {words} rows"


def _sentinels(inspection: Inspection) -> list[Finding]:
    found = {
        column.name: value
        for column in inspection.features
        if column.dtype == "number" and (value := _sentinel(inspection.table[column.name])) is not None
    }
    return [_sentinel_finding(inspection, found)] if found else []


def _sentinel(values: polars.Series) -> float | None:
    """A number that stands apart from the others, comes again and again, and is known as a sentinel."""
    known: NDArray[np.float64] = values.drop_nulls().to_numpy()
    for candidate in SENTINELS:
        spike = known == candidate
        rows, others = int(spike.sum()), known[~spike]
        if rows < max(MIN_SENTINEL_ROWS, MIN_SENTINEL_SHARE * len(known)) or len(others) == 0:
            continue
        low, high = float(others.min()), float(others.max())
        gap = max(low - candidate, candidate - high)
        if gap > 0 and gap >= MIN_SENTINEL_GAP * (high - low):
            return candidate
    return None


def _sentinel_finding(inspection: Inspection, found: dict[str, float]) -> Finding:
    masks = {name: (inspection.table[name] == value).fill_null(False) for name, value in found.items()}
    name, value = next(iter(found.items()))
    return Finding(
        code=CODE,
        title="Numbers that stand for missing",
        severity="warning",
        columns=tuple(found),
        message=f"{quoted(list(found))}: a number far from all others, again and again",
        evidence=tuple(_sentinel_words(inspection.table[name], value) for name, value in found.items()),
        lines=_lines(inspection, masks),
        advice=f'If it means missing, write missing = ["{value:.0f}"] on the line of `{name}` under [inputs] '
        "in task.toml. If it means a value too large to record, it may stay.",
    )


def _sentinel_words(values: polars.Series, value: float) -> str:
    others = values.filter(values != value)
    rows = int((values == value).sum())
    return (
        f"`{values.name}`: {value:.0f} in {share(rows, values.len())} rows, the others lie between "
        f"{others.min():g} and {others.max():g}"
    )


def _test_only(inspection: Inspection) -> Finding | None:
    """Columns that are complete where the model learns and missing where it is tested."""
    if not inspection.has_test:
        return None
    known, tested = inspection.known, inspection.table.filter(polars.Series(inspection.test))
    names = [c.name for c in inspection.features if not known[c.name].null_count()]
    gaps = {name: tested[name].null_count() for name in names if tested[name].null_count()}
    if not gaps:
        return None
    test = polars.Series(inspection.test)
    masks = {name: inspection.table[name].is_null() & test for name in gaps}
    return Finding(
        code=CODE,
        title="Missing only in the test part",
        severity="warning",
        columns=tuple(gaps),
        message=f"{quoted(list(gaps))}: complete where the model learns, missing where it is tested",
        evidence=tuple(f"`{n}`: {share(c, tested.height)} test rows" for n, c in gaps.items()),
        lines=_lines(inspection, masks),
        advice="Write may_be_missing = true on their lines under [inputs] in task.toml: training then copies "
        "some rows with them left out (section 6.2.1).",
    )


def _lines(inspection: Inspection, masks: dict[str, polars.Series]) -> tuple[int, ...]:
    """The first lines where any of these masks is true."""
    anywhere = np.zeros(inspection.table.height, dtype=np.bool_)
    for mask in masks.values():
        anywhere |= mask.to_numpy()
    return inspection.lines_of(anywhere)
