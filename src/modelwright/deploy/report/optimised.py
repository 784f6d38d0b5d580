"""What does each form of the model cost, and what does it lose? A picture and a table to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from modelwright.deploy.report.axes import Scale, scale
from modelwright.deploy.report.blocks import Figure, Table
from modelwright.deploy.report.figures import file_size, fixed, number, percent
from modelwright.deploy.report.lettering import fitted, text_width
from modelwright.deploy.report.svg import box, dot, line, picture, words
from modelwright.records import Optimised, Option

WIDE, NARROW = 680.0, 328.0
_ROW, _TALL_ROW, _HEAD, _FOOT, _BAR = 34.0, 48.0, 24.0, 20.0, 9.0
_NAMES, _GAP = 190.0, 22.0
_BOLD = 1.12  # bold letters are this much wider


def optimised_figure(found: Optimised) -> Figure:
    """Size, time and drop of every form, side by side; on a phone below each other."""
    return Figure(
        title="Size, time and loss of each form",
        caption=f"Upper bars: the file; lower bars: as a web server sends it (gzip). {_judged(found)} "
        "A loss below 0 is a gain; the dotted line is the most that is allowed.",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """Where one of the three columns is drawn; on a phone each name stands above its line."""

    left: float
    right: float
    top: float
    narrow: bool
    rows: int

    @property
    def height(self) -> float:
        """Of a line."""
        return _TALL_ROW if self.narrow else _ROW

    @property
    def bottom(self) -> float:
        """Below the last line."""
        return self.top + _HEAD + self.height * self.rows

    def middle(self, place: int) -> float:
        """Of the bars or dots of a line."""
        return self.top + _HEAD + self.height * (place + (0.66 if self.narrow else 0.5))

    def base(self) -> Markup:
        """The line that bars start from."""
        return line(self.left, self.top + _HEAD, self.left, self.bottom, "base")


def _picture(found: Optimised, *, narrow: bool) -> Markup:
    """One column of bars for the files, one for the times, one of dots for the losses."""
    described = "; ".join(
        f"{one.variant.name}: {file_size(one.variant.size_bytes)}, {number(one.timing.milliseconds)} ms, "
        f"loss {_points(one.variant.drop.value)}"
        for one in found.options
    )
    columns = _columns(len(found.options), narrow=narrow)
    parts: list[Markup] = []
    for column, drawn in zip(columns, (_files, _times, _losses), strict=True):
        if narrow or column is columns[0]:
            parts += _names(found, column)
        parts += drawn(found, column)
    title = "Size, time and loss of each form of the model"
    return picture(NARROW if narrow else WIDE, columns[-1].bottom + _FOOT, title, described, parts)


def _columns(rows: int, *, narrow: bool) -> list[_Column]:
    if narrow:
        step = _HEAD + _TALL_ROW * rows + 14
        tops = [index * step for index in range(3)]
        return [_Column(left=0, right=NARROW, top=top, narrow=True, rows=rows) for top in tops]
    room = (WIDE - _NAMES - 2 * _GAP) / 3
    lefts = [_NAMES + index * (room + _GAP) for index in range(3)]
    return [_Column(left=left, right=left + room, top=0, narrow=False, rows=rows) for left in lefts]


def _names(found: Optimised, column: _Column) -> list[Markup]:
    width, rise = (NARROW, 13) if column.narrow else (_NAMES - 8, -4)
    return [
        words(
            0,
            column.middle(place) - rise,
            fitted(option.variant.name, width / _BOLD),
            kind="label strong" if place == found.chosen else "label",
        )
        for place, option in enumerate(found.options)
    ]


def _files(found: Optimised, column: _Column) -> list[Markup]:
    sizes = [option.variant.size_bytes for option in found.options]
    labels = [file_size(size) for size in sizes]
    x = _from_zero(sizes, labels, column)
    parts = [words(column.left, column.top + 12, "File", kind="axis"), column.base()]
    for place, option in enumerate(found.options):
        middle, sent = column.middle(place), x(option.variant.gzip_bytes) - x.start
        parts.append(box(x.start, middle - _BAR, x(sizes[place]) - x.start, _BAR, _kind(found, place)))
        parts.append(box(x.start, middle, sent, _BAR, f"{_kind(found, place)} faint"))
        parts.append(words(x(sizes[place]) + 5, middle + 4, labels[place], kind="value"))
    return parts


def _times(found: Optimised, column: _Column) -> list[Markup]:
    times = [option.timing.milliseconds for option in found.options]
    labels = [f"{number(one)} ms" for one in times]
    x = _from_zero(times, labels, column)
    parts = [words(column.left, column.top + 12, "One row", kind="axis"), column.base()]
    for place, (taken, label) in enumerate(zip(times, labels, strict=True)):
        middle = column.middle(place)
        parts.append(box(x.start, middle - _BAR / 2, x(taken) - x.start, _BAR, _kind(found, place)))
        parts.append(words(x(taken) + 5, middle + 4, label, kind="value"))
    return parts


def _losses(found: Optimised, column: _Column) -> list[Markup]:
    drops = [option.variant.drop for option in found.options]
    ends = [0.0, found.max_drop, *(one.low for one in drops), *(one.high for one in drops)]
    room = 0.08 * (max(ends) - min(ends))
    x = scale(min(ends) - room, max(ends) + room, column.left, column.right)
    parts = [words(column.left, column.top + 12, _loss_title(found), kind="axis")]
    for limit, kind in ((0.0, "base"), (found.max_drop, "hairline")):
        parts.append(line(x(limit), column.top + _HEAD, x(limit), column.bottom, kind))
        name = number(100 * limit)
        parts.append(words(x(limit), column.bottom + 13, name, kind="tick", anchor="middle"))
    for place, drop in enumerate(drops):
        middle, kind = column.middle(place), "chosen" if place == found.chosen else "model"
        parts.append(line(x(drop.low), middle, x(drop.high), middle, f"whisker {kind}"))
        says = f"{found.options[place].variant.name}: {_points(drop.value)}"
        parts.append(dot(x(drop.value), middle, 4.5, f"dot {kind}", says))
    return parts


def _from_zero(values: Sequence[float], labels: Sequence[str], column: _Column) -> Scale:
    """From 0 to the largest, with room for the names behind the bars."""
    return scale(0.0, max(values), column.left, column.right - max(map(text_width, labels)) - 6)


def _kind(found: Optimised, place: int) -> str:
    return "bar" if place == found.chosen else "bar quiet"
