"""What does each form of the model cost, and what does it lose? A picture and a table to choose from."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from modelwright.deploy.report.axes import Scale, scale
from modelwright.deploy.report.blocks import Figure, Table
from modelwright.deploy.report.figures import file_size, fixed, number, percent
from modelwright.deploy.report.lettering import fitted, text_width
from modelwright.deploy.report.svg import box, dot, line, picture, words
from modelwright.records import Optimised, Option

WIDE, NARROW = 680.0, 328.0
_ROW, _HEAD, _BAR = 34.0, 24.0, 9.0
_NAMES, _GAP = 190.0, 22.0
_BOLD = 1.12  # bold letters are this much wider


def optimised_figure(found: Optimised) -> Figure:
    """Size, time and drop of every form, side by side; on a phone below each other."""
    return Figure(
        title="Size, time and loss of each form",
        caption=f"Dark bars: the file; light bars: as a web server sends it (gzip). {_judged(found)} "
        "A loss left of the line is a gain; the dotted line is the most that is allowed.",
        picture=_picture(found, narrow=False),
        narrow=_picture(found, narrow=True),
        size="wide",
    )


def optimised_table(found: Optimised) -> Table:
    """The same as numbers, with what was decided of each form."""
    plain = found.options[0]
    return Table(
        title="Each form, and why it was chosen or not",
        head=("Form", "Verdict", "File", "Sent (gzip)", "One row", _loss_title(found)),
        rows=tuple(
            (
                option.variant.name,
                option.reason + ("; chosen" if place == found.chosen else ""),
                _beside(file_size(option.variant.size_bytes), _size(option, plain)),
                _beside(file_size(option.variant.gzip_bytes), _sent(option, plain)),
                _beside(f"{number(option.timing.milliseconds)} ms", option.timing.ratio.value),
                _loss_words(option),
            )
            for place, option in enumerate(found.options)
        ),
        words=2,
        note=_note(found),
        strong=(found.chosen,),
    )


def _judged(found: Optimised) -> str:
    if not found.rows:
        return ""
    return f"The loss, with its 95% interval, was measured on {found.rows:,} rows not trained on."


def _note(found: Optimised) -> str:
    left_out = f" Not made: {'; '.join(found.left_out)}." if found.left_out else ""
    return f"Timed on {found.machine}, in turns; shares are of the float form's.{left_out}"


def _loss_title(found: Optimised) -> str:
    return "Loss, % of the error" if found.relative else "Loss, points"


def _size(option: Option, plain: Option) -> float:
    return option.variant.size_bytes / plain.variant.size_bytes


def _sent(option: Option, plain: Option) -> float:
    return option.variant.gzip_bytes / plain.variant.gzip_bytes


def _beside(value: str, share: float) -> str:
    return f"{value}\n{percent(share, 0)}"


def _loss_words(option: Option) -> str:
    drop = option.variant.drop
    if drop.low == drop.high:
        return number(100 * drop.value)
    return f"{_points(drop.value)}\n{_points(drop.low)} to {_points(drop.high)}"


def _points(drop: float) -> str:
    return fixed(100 * drop, 2)


def _picture(found: Optimised, *, narrow: bool) -> Markup:
    """One column of bars for the files, one for the times, one of dots for the losses."""
    described = "; ".join(
        f"{one.variant.name}: {file_size(one.variant.size_bytes)}, {number(one.timing.milliseconds)} ms, "
        f"loss {_points(one.variant.drop.value)}"
        for one in found.options
    )
    title = "Size, time and loss of each form of the model"
    height = _HEAD + _ROW * len(found.options)
    if narrow:
        blocks = [(0.0, index * (height + 14)) for index in range(3)]
        size = (NARROW, 3 * (height + 14) - 10)
        left, right = 0.36 * NARROW, NARROW
    else:
        room = (WIDE - _NAMES - 2 * _GAP) / 3
        blocks = [(index * (room + _GAP), 0.0) for index in range(3)]
        size = (WIDE, height + 4)
        left, right = _NAMES, _NAMES + room
    parts: list[Markup] = []
    for index, (x, y) in enumerate(blocks):
        if narrow or index == 0:
            parts += _names(found, left - 8, y)
        column = (_files, _times, _losses)[index]
        parts += column(found, left + x, right + x, y)
    return picture(*size, title, described, parts)


def _names(found: Optimised, width: float, top: float) -> list[Markup]:
    return [
        words(
            0,
            _middle(place, top) + 4,
            fitted(option.variant.name, width / _BOLD),
            kind="label strong" if place == found.chosen else "label",
        )
        for place, option in enumerate(found.options)
    ]


def _files(found: Optimised, left: float, right: float, top: float) -> list[Markup]:
    sizes = [option.variant.size_bytes for option in found.options]
    labels = [file_size(size) for size in sizes]
    x = _from_zero(sizes, labels, left, right)
    parts = [words(left, top + 12, "File", kind="axis"), *_base(found, left, top)]
    for place, option in enumerate(found.options):
        middle = _middle(place, top)
        sent = x(option.variant.gzip_bytes) - left
        parts.append(box(left, middle - _BAR, x(sizes[place]) - left, _BAR, _kind(found, place)))
        parts.append(box(left, middle, sent, _BAR, f"{_kind(found, place)} faint"))
        parts.append(words(x(sizes[place]) + 5, middle + 4, labels[place], kind="value"))
    return parts


def _times(found: Optimised, left: float, right: float, top: float) -> list[Markup]:
    times = [option.timing.milliseconds for option in found.options]
    labels = [f"{number(one)} ms" for one in times]
    x = _from_zero(times, labels, left, right)
    parts = [words(left, top + 12, "One row", kind="axis"), *_base(found, left, top)]
    for place, (taken, label) in enumerate(zip(times, labels, strict=True)):
        middle = _middle(place, top)
        parts.append(box(left, middle - _BAR / 2, x(taken) - left, _BAR, _kind(found, place)))
        parts.append(words(x(taken) + 5, middle + 4, label, kind="value"))
    return parts


def _losses(found: Optimised, left: float, right: float, top: float) -> list[Markup]:
    drops = [option.variant.drop for option in found.options]
    ends = [0.0, found.max_drop, *(one.low for one in drops), *(one.high for one in drops)]
    room = 0.06 * (max(ends) - min(ends))
    x = scale(min(ends) - room, max(ends) + room, left, right)
    bottom = top + _HEAD + _ROW * len(found.options)
    parts = [
        words(left, top + 12, _loss_title(found), kind="axis"),
        line(x(0), top + _HEAD, x(0), bottom, "base"),
        line(x(found.max_drop), top + _HEAD, x(found.max_drop), bottom, "hairline"),
    ]
    for place, drop in enumerate(drops):
        middle, kind = _middle(place, top), "chosen" if place == found.chosen else "model"
        parts.append(line(x(drop.low), middle, x(drop.high), middle, f"whisker {kind}"))
        says = f"{found.options[place].variant.name}: {_points(drop.value)}"
        parts.append(dot(x(drop.value), middle, 4.5, f"dot {kind}", says))
    return parts


def _base(found: Optimised, left: float, top: float) -> list[Markup]:
    return [line(left, top + _HEAD, left, top + _HEAD + _ROW * len(found.options), "base")]


def _from_zero(values: Sequence[float], labels: Sequence[str], left: float, right: float) -> Scale:
    """From 0 to the largest, with room for the names behind the bars."""
    return scale(0.0, max(values), left, right - max(map(text_width, labels)) - 6)


def _kind(found: Optimised, place: int) -> str:
    return "bar" if place == found.chosen else "bar quiet"


def _middle(place: int, top: float) -> float:
    return top + _HEAD + _ROW * (place + 0.5)
