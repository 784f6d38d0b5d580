"""Raw columns turned into arrays by a fitted preparation."""

from __future__ import annotations

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from modelwright.engine.columns import Columns, Rows
from modelwright.engine.preparation.applying_texts import bag, token_ids
from modelwright.engine.preparation.dates import date_parts
from modelwright.engine.preparation.preparation import CategoryPreparation, DatePart, Preparation
from modelwright.engine.preparation.prepared import Prepared
from modelwright.engine.preparation.tokens import tokenised

__all__ = ["MAX_DEVIATIONS", "Prepared", "prepare_rows"]

MAX_DEVIATIONS = 30.0
"""Numbers further than this many standard deviations from the centre count as this far: at most one row in
nine hundred can be (Chebyshev), and whatever production sends, a network's sums keep the digits that its
answers need (single precision left California's answers 1.3e-5 off at 1,000 deviations, on one processor and
not on another, and 1.0e-5 at 100)."""


def prepare_rows(preparation: Preparation, columns: Columns, rows: Rows) -> Prepared:
    """Turn the rows at these positions into arrays.

    Everything is computed in float64 and cast once at the end, as the exported graph does.
    """
    return Prepared(
        preparation=preparation,
        numbers=_numbers(preparation, columns, rows),
        codes=_codes(preparation, columns, rows),
        bags=_bags(preparation, columns, rows),
        tokens=_tokens(preparation, columns, rows),
    )


def _numbers(preparation: Preparation, columns: Columns, rows: Rows) -> NDArray[np.float32]:
    values: list[NDArray[np.float64]] = []
    indicators: list[NDArray[np.float64]] = []
    parts: dict[tuple[str, DatePart], NDArray[np.float64]] = {}
    for number in preparation.numbers:
        raw = columns.values[number.column][rows]
        if number.part != "value":
            if (number.column, number.part) not in parts:
                parts |= {(number.column, part): value for part, value in date_parts(raw).items()}
            raw = parts[number.column, number.part]
        missing = np.isnan(raw)
        filled = np.where(missing, number.median, raw)
        with np.errstate(over="ignore"):
            standardised = (filled - number.centre) / number.scale
        values.append(np.clip(standardised, -MAX_DEVIATIONS, MAX_DEVIATIONS))
        if number.indicator:
            indicators.append(missing.astype(np.float64))
    if not values:
        return np.zeros((len(rows), 0), dtype=np.float32)
    return np.column_stack(values + indicators).astype(np.float32)


def _codes(preparation: Preparation, columns: Columns, rows: Rows) -> NDArray[np.int32]:
    codes = [_category_codes(one, columns.values[one.column][rows]) for one in preparation.categories]
    if not codes:
        return np.zeros((len(rows), 0), dtype=np.int32)
    return np.column_stack(codes)


def _category_codes(category: CategoryPreparation, values: NDArray[np.object_]) -> NDArray[np.int32]:
    code = {name: index for index, name in enumerate(category.kept, start=2)}
    code |= {None: 0, "": 0}
    return np.array([code.get(value, 1) for value in values], dtype=np.int32)


def _bags(preparation: Preparation, columns: Columns, rows: Rows) -> scipy.sparse.csr_array:
    blocks = [bag(text, tokenised(columns, text.column), rows) for text in preparation.texts]
    if not blocks:
        return scipy.sparse.csr_array((len(rows), 0), dtype=np.float32)
    if len(blocks) == 1:
        return blocks[0]
    return scipy.sparse.csr_array(scipy.sparse.hstack(blocks, format="csr", dtype=np.float32))


def _tokens(preparation: Preparation, columns: Columns, rows: Rows) -> NDArray[np.int32]:
    ids = np.zeros((len(rows), len(preparation.texts), preparation.max_tokens), dtype=np.int32)
    for index, text in enumerate(preparation.texts):
        ids[:, index] = token_ids(text, tokenised(columns, text.column), rows, preparation.max_tokens)
    return ids
