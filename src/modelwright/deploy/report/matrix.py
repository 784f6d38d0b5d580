"""Which class is taken for which? A confusion matrix as a picture with counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from modelwright.deploy.report.figures import compact, percent
from modelwright.deploy.report.lettering import fitted, text_width
from modelwright.deploy.report.svg import box, element, picture, words
from modelwright.deploy.report.wording import short

MOST_CLASSES = 12
_SMALL, _LARGE = 328.0, 680.0
_SIZE = 12.0
_PERCENT_UP_TO = 4  # classes; smaller cells hold the count alone


def matrix(counts: NDArray[np.int64], classes: Sequence[str]) -> Markup:
    """Rows are the truth, columns the answers; a cell's colour is its share of its row.

    Args:
        counts: int64 (classes, classes).
        classes: at most `MOST_CLASSES` names.
    """
    many = len(classes) > 3
    width = _LARGE if len(classes) > 5 else 440.0 if many else _SMALL
    names = [short(name, 40) for name in classes]
    left = min(0.3 * width, max(text_width(name, _SIZE) for name in names) + 14)
    cell, slanted = _cell_width(names, width - left - 2)
    tall = min(cell, 72.0 if not many else 54.0)
    top = _header_height(names, slanted=slanted)
    parts = [words(left, 11, "answered", kind="axis"), words(0, top - 8, "truth", kind="axis")]
    parts += _headers(names, left, cell, top, slanted=slanted)
    for row, name in enumerate(names):
        y = top + row * tall
        parts.append(
            words(left - 8, y + tall / 2 + 4, fitted(name, left - 8, _SIZE), kind="label", anchor="end")
        )
        for column in range(len(names)):
            parts += _cell(counts, row, column, left + column * cell, y, cell, tall)
    on_diagonal = float(np.trace(counts)) / max(1.0, float(counts.sum()))
    described = f"{percent(on_diagonal)} of {int(counts.sum()):,} rows are on the diagonal, answered rightly."
    return picture(width, top + tall * len(names) + 2, "Confusion matrix", described, parts)


def _cell_width(names: Sequence[str], room: float) -> tuple[float, bool]:
    """How wide a cell may be, and whether the headers must slant; a slanted last one needs room beyond."""
    cell = room / len(names)
    widths = [text_width(name, _SIZE) for name in names]
    if all(width <= cell - 6 for width in widths):
        return cell, False
    beyond = max(0.0, 0.75 * min(104.0, widths[-1]) - cell / 2)
    return (room - beyond) / len(names), True


def _header_height(names: Sequence[str], *, slanted: bool) -> float:
    if not slanted:
        return 38.0
    return 26 + 0.72 * min(110.0, max(text_width(name, _SIZE) for name in names))


def _headers(names: Sequence[str], left: float, cell: float, top: float, *, slanted: bool) -> list[Markup]:
    parts: list[Markup] = []
    for column, name in enumerate(names):
        x = left + (column + 0.5) * cell
        if slanted:
            text = words(0, 0, fitted(name, 104, _SIZE), kind="label")
            parts.append(element("g", text, transform=f"translate({x - 2:.1f} {top - 7:.1f}) rotate(-45)"))
        else:
            parts.append(words(x, top - 8, fitted(name, cell - 6, _SIZE), kind="label", anchor="middle"))
    return parts


def _cell(
    counts: NDArray[np.int64], row: int, column: int, x: float, y: float, cell: float, tall: float
) -> list[Markup]:
    count, of = int(counts[row, column]), int(counts[row].sum())
    share = count / of if of else 0.0
    kind = "right" if row == column else "wrong"
    parts = [box(x + 1, y + 1, cell - 2, tall - 2, "cell", rx=3)]
    if count:
        shade = box(
            x + 1, y + 1, cell - 2, tall - 2, f"cell {kind}", rx=3, fill_opacity=f"{_opacity(share):.2f}"
        )
        parts.append(shade)
    number = f"{count:,}" if text_width(f"{count:,}", _SIZE) < cell - 6 else compact(count)
    with_share = len(counts) <= _PERCENT_UP_TO and of > 0
    middle = y + tall / 2 + (-2 if with_share else 4)
    parts.append(
        words(x + cell / 2, middle, number, kind="count" if count else "count none", anchor="middle")
    )
    if with_share:
        parts.append(words(x + cell / 2, middle + 15, percent(share, 1), kind="share", anchor="middle"))
    return parts


def _opacity(share: float) -> float:
    # Dark ink must stay readable on the darkest cell, and a single mistake must still be seen.
    return 0.08 + 0.47 * share
