"""Does a column say what the target says, row by row, but for some rows?"""

from __future__ import annotations

from dataclasses import dataclass

import polars

from modelwright.statistics.intervals import wilson

LEAST_KAPPA = 0.75
"""Agreement beyond chance from which a column is taken for the target written down again. The best honest
column measured has 0.54 (Titanic's sex); two doctors who read one picture twice have 0.6 to 0.8."""

SPARE_VALUES = 2
"""Values a column may have beyond the target's: "unknown", and one more. With many values any good feature
could be translated into classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How often a column says what the target says.

    Args:
        share, chance: of rows that agree, and that would by luck alone. low: the share's 95% interval begins
            here. rows: compared.
    """

    share: float
    chance: float
    low: float
    rows: int

    @property
    def kappa(self) -> float:
        """Agreement beyond chance, 1 where all rows agree (Cohen 1960)."""
        return _beyond(self.share, self.chance)

    @property
    def least_kappa(self) -> float:
        """What kappa is at least, by the share's interval."""
        return _beyond(self.low, self.chance)


def repeats(values: polars.Series, target: polars.Series, *, classes: bool) -> Agreement | None:
    """The agreement of a column that repeats the target, None where it does not.

    A class may have another name in the column: its value stands for the class it stands beside most often.
    Numbers must be the same number.

    Args:
        values: (rows,). target: (rows,), rows where it is missing are left out.
    """
    pairs = polars.DataFrame({"value": values, "target": target}).drop_nulls("target")
    if classes:
        if values.n_unique() > target.n_unique() + SPARE_VALUES:
            return None
        pairs = _translated(pairs)
    elif not values.dtype.is_numeric():
        return None
    else:
        pairs = pairs.with_columns(polars.all().cast(polars.Float64))
    found = _agreement(pairs)
    return found if found is not None and found.least_kappa >= LEAST_KAPPA else None


def _translated(pairs: polars.DataFrame) -> polars.DataFrame:
    """Each value as the class beside which it stands most often."""
    often = pairs.group_by("value", "target").len().sort("len", "target", descending=[True, False])
    meaning = often.unique("value", keep="first", maintain_order=True)
    named = meaning.select("value", meant="target")
    return pairs.join(named, on="value", nulls_equal=True).select("target", value="meant")


def _agreement(pairs: polars.DataFrame) -> Agreement | None:
    if not pairs.height:
        return None
    share = float(
        pairs.select((polars.col("value") == polars.col("target")).fill_null(value=False).mean()).item()
    )
    said = pairs["value"].value_counts(name="said").rename({"value": "one"})
    true = pairs["target"].value_counts(name="true").rename({"target": "one"})
    both = said.join(true, on="one").select(polars.col("said", "true") / pairs.height)
    chance = float((both["said"] * both["true"]).sum())
    if chance >= 1:
        return None
    return Agreement(share=share, chance=chance, low=wilson(share, pairs.height)[0], rows=pairs.height)


def _beyond(share: float, chance: float) -> float:
    return (share - chance) / (1 - chance)
