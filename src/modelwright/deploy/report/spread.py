"""How clearly are two classes told apart? Their probabilities as bars, one class up, the other down."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from modelwright.deploy.report.axes import scale
from modelwright.deploy.report.chart import SMALL_WIDTH, Axis, x_ticks
from modelwright.deploy.report.figures import percent
from modelwright.deploy.report.lettering import fitted
from modelwright.deploy.report.svg import box, line, picture, words
from modelwright.deploy.report.wording import short

_BARS = 25
_HEIGHT = 300.0


def sureness(
    truth: NDArray[np.int64], probability: NDArray[np.float64], threshold: float, classes: tuple[str, ...]
) -> Markup:
    """Each class's probabilities; heights are square roots of shares, so that rare ones stay visible."""
    x = scale(0, 1, 12, SMALL_WIDTH - 12)
    bottom, top = _HEIGHT - 38, 24.0
    middle = (top + bottom) / 2
    parts: list[Markup] = [line(x(threshold), top, x(threshold), bottom, "hairline")]
    for index, kind, way in ((1, "bar", -1.0), (0, "bar quiet", 1.0)):
        counts, edges = np.histogram(probability[truth == index], bins=_BARS, range=(0, 1))
        heights = np.sqrt(counts / max(1, counts.sum())) * ((bottom - top) / 2 - 18)
        for height, start, end in zip(heights.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if height > 0:
                at = middle - height if way < 0 else middle
                parts.append(box(x(start) + 0.5, at, x(end) - x(start) - 1, max(1.0, height), kind))
    parts.append(line(x.start, middle, x.end, middle, "base"))
    half = SMALL_WIDTH / 2
    parts.append(
        words(half, top + 4, fitted(f"truly {short(classes[1])}", 150), kind="label halo", anchor="middle")
    )
    parts.append(
        words(half, bottom - 6, fitted(f"truly {short(classes[0])}", 150), kind="label halo", anchor="middle")
    )
    parts += x_ticks(x, bottom, Axis(title=f"probability of {short(classes[1], 24)}", low=0, high=1))
    right = float(np.mean((probability >= threshold) == (truth == 1)))
    described = f"{percent(right)} of the rows lie on the right side of the threshold."
    return picture(SMALL_WIDTH, _HEIGHT, "How sure the model is", described, parts)
