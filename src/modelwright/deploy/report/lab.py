"""How did models learn, side by side? Training and validation loss per epoch, one panel a model."""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from modelwright.deploy.report.axes import Scale, limits, nice_ticks, scale, tick_words
from modelwright.deploy.report.chart import SMALL_WIDTH, Axis, frame, spread
from modelwright.deploy.report.figures import number
from modelwright.deploy.report.lettering import fitted, text_width
from modelwright.deploy.report.svg import box, coordinate, dot, element, line, picture, words
from modelwright.deploy.report.wording import clean, short
from modelwright.errors import UsageError
from modelwright.records import Estimate

Curve = NDArray[np.float64]

_HEIGHT = 240.0
_SIZE = 11.0
_BOLD = 1.12  # bold letters are this much wider
_LINE_HEIGHT = 14.0
_ROOM = _BOLD * text_width("validation", _SIZE) + 10  # right of the plot
_MOST_OTHERS = 12  # more faint lines would be a grey cloud
# The axis reaches so many times as far as the middle model's highest loss: one that diverged must not
# flatten all others.
_MOST_TIMES_USUAL = 3.0
# Opacities: light enough that every line stays readable on top, on a light ground and on a dark one.
_SHADE, _BAND, _OTHER = 0.08, 0.2, 0.4

_GAP, _MARGIN, _HEAD, _TITLE, _FOOT_LINE = 28.0, 24.0, 40.0, 34.0, 16.0
_COLUMNS = 3
# The report's light colours: a file stands alone, on white, and is printed as it is.
_COLOURS = {"--accent": "#0d6a6c", "--soft": "#5f676e", "--wrong": "#b0432b", "--ink": "#1d2226"}
# By name, the usual fonts of Windows, Android, macOS and Linux: what draws PNG knows no aliases.
_FONTS = (
    "'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'DejaVu Sans', 'Liberation Sans', Arial, sans-serif"
)
_STYLE = (
    f"text {{ font-family: {_FONTS}; }}"
    + """
text { font-size: 12px; fill: #1d2226; }
.tick, .axis { font-size: 11px; fill: #5f676e; }
.name { font-size: 14px; font-weight: 600; }
.heading { font-size: 16px; font-weight: 600; }
.label { font-size: 11px; font-weight: 600; }
.label.accent { fill: #0d6a6c; }
.label.quiet { fill: #5f676e; font-weight: 400; }
.grid { stroke: #e4e0d6; stroke-width: 1; }
.base { stroke: #5f676e; stroke-width: 1; opacity: .6; }
.hairline { stroke: #5f676e; stroke-width: 1; stroke-dasharray: 2 3; }
.line { fill: none; stroke: #0d6a6c; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.line.quiet { stroke: #5f676e; stroke-width: 1.5; }
.whisker { stroke: #0d6a6c; stroke-width: 1.5; }
.dot { fill: #0d6a6c; }
.dot.mark { fill: #ffffff; stroke: #0d6a6c; stroke-width: 2.5; }
"""
)

_PNG_PACKAGE = "resvg_py"
_NO_LETTER = '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"/>'
_LETTER = _NO_LETTER.replace("/>", f'><text y="16" font-family="{_FONTS}">M</text></svg>')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """One model's curves, and what was read from them.

    Args:
        says: a line below the name, its verdict for example.
        best_epoch: where validation loss is lowest. overfits_from: None where it never turns.

    Shapes:
        validation, training: float (seeds, epochs), NaN where a seed had no finite loss
    """

    name: str
    validation: NDArray[Any]
    training: NDArray[Any]
    best_epoch: Estimate
    overfits_from: int | None
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plot:
    """Where a panel's numbers fall, and the axes' names."""

    x: Scale
    y: Scale
    x_axis: Axis
    y_axis: Axis


def panels(models: Sequence[Panel], loss: str) -> tuple[Markup, ...]:
    """A small picture of each model for the page, all with the same axes.

    Args:
        loss: the vertical axis's title.
    """
    plot = _plot(models, loss)
    return tuple(
        picture(
            SMALL_WIDTH,
            _HEIGHT,
            f"Learning curves of {short(model.name)}",
            _described(model),
            _panel(model, models, plot),
        )
        for model in models
    )


def picture_file(models: Sequence[Panel], loss: str, title: str) -> str:
    """All panels as one SVG file with its own style, on white.

    Args:
        loss: the vertical axis's title. title: the whole picture's; a single panel shows its name alone.
    """
    plot = _plot(models, loss)
    columns = _columns(len(models))
    rows = math.ceil(len(models) / columns)
    width = 2 * _MARGIN + columns * SMALL_WIDTH + (columns - 1) * _GAP
    foot = _folded(_key(models), width - 2 * _MARGIN)
    headed = len(models) > 1  # one model's name is title enough
    top = _MARGIN + (_TITLE if headed else 0.0)
    tall = _HEAD + _HEIGHT + _GAP
    height = top + rows * tall + _FOOT_LINE * len(foot) + _MARGIN / 2
    parts = [
        element("style", Markup(_STYLE)),  # our own text: nothing to escape
        box(0, 0, width, height, "", fill="#ffffff"),
    ]
    if headed:
        shown = fitted(clean(title), (width - 2 * _MARGIN) / _BOLD, 16)
        parts.append(words(_MARGIN, _MARGIN + 12, shown, kind="heading"))
    for index, model in enumerate(models):
        left = _MARGIN + (index % columns) * (SMALL_WIDTH + _GAP)
        at = f"translate({left:.0f} {top + index // columns * tall:.0f})"
        parts.append(element("g", *_headed(model, models, plot), transform=at))
    below = top + rows * tall
    parts += [words(_MARGIN, below + _FOOT_LINE * i, text, kind="axis") for i, text in enumerate(foot)]
    described = " ".join(f"{short(model.name)}: {_described(model)}" for model in models)
    drawn = str(picture(width, height, title, described, parts))
    for name, colour in _COLOURS.items():  # many programs that draw SVG know no CSS variables
        drawn = drawn.replace(f"var({name})", colour)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{drawn}\n'


def as_png(svg: str, *, times: float = 2.0) -> bytes:
    """An SVG file as PNG, `times` as many pixels a side as it says.

    Raises:
        UsageError: the extra that draws is not installed, or finds no font on this machine.
    """
    if importlib.util.find_spec(_PNG_PACKAGE) is None:
        raise UsageError(
            where="picture as PNG",
            expected="the package resvg-py",
            received="it is not installed",
            do_this='Run: pip install "modelwright[png]". Or open the SVG file, which shows the same.',
        )
    drawer: Any = importlib.import_module(_PNG_PACKAGE)
    # Without a font it draws no words and does not say so.
    if drawer.svg_to_bytes(svg_string=_LETTER) == drawer.svg_to_bytes(svg_string=_NO_LETTER):
        raise UsageError(
            where="picture as PNG",
            expected="a machine with at least one font",
            received="none, so that every word would be missing",
            do_this="Install a font (on Debian: fonts-dejavu-core), or open the SVG file in a browser.",
        )
    return bytes(drawer.svg_to_bytes(svg_string=svg, zoom=times))


def _columns(count: int) -> int:
    """Four stand better as two by two than as three and one."""
    return 2 if count == 4 else min(count, _COLUMNS)


def _key(models: Sequence[Panel]) -> str:
    seeds = max(len(np.atleast_2d(model.validation)) for model in models)
    lines = (
        "Lines: one training." if seeds == 1 else f"Lines: mean of {seeds} seeds; bands: lowest to highest."
    )
    others = " Faint lines: validation loss of the other models." if len(models) > 1 else ""
    return (
        f"{lines}{others} Ring: lowest validation loss, with the epochs it cannot be told apart from. "
        "Shaded: overfitting, validation loss rises for good."
    )


def _folded(text: str, width: float) -> list[str]:
    """The text in lines that fit."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, _SIZE) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _plot(models: Sequence[Panel], loss: str) -> _Plot:
    epochs = max(np.atleast_2d(model.validation).shape[1] for model in models)
    low, high = _ends(models)
    x_axis = Axis(title="epoch", low=1, high=max(2, epochs), ticks=min(5, max(1, epochs - 1)))
    y_axis = Axis(title=loss, low=low, high=high)
    left = 10 + max((text_width(name, _SIZE) for name in tick_words(nice_ticks(low, high))), default=0.0)
    x = scale(x_axis.low, x_axis.high, left, SMALL_WIDTH - _ROOM)
    return _Plot(x=x, y=scale(low, high, _HEIGHT - 38, 46), x_axis=x_axis, y_axis=y_axis)


def _ends(models: Sequence[Panel]) -> tuple[float, float]:
    means = [np.concatenate([_mean(model.validation), _mean(model.training)]) for model in models]
    finite = [mean[np.isfinite(mean)] for mean in means]
    known = [mean for mean in finite if len(mean)]
    if not known:
        return 0.0, 1.0
    lowest = min(float(mean.min()) for mean in known)
    usual = float(np.quantile([mean.max() for mean in known], 0.5, method="lower"))
    most = lowest + _MOST_TIMES_USUAL * (usual - lowest)
    values = np.concatenate(known)
    return limits(values[values <= most])


def _mean(losses: NDArray[Any]) -> Curve:
    """Mean over the seeds that have a finite loss, per epoch."""
    finite = np.where(np.isfinite(losses), losses, np.nan).astype(np.float64)
    present = np.isfinite(np.atleast_2d(finite))
    total = np.nansum(np.atleast_2d(finite), axis=0)
    return np.where(present.any(axis=0), total / np.maximum(1, present.sum(axis=0)), np.nan)


def _headed(model: Panel, models: Sequence[Panel], plot: _Plot) -> list[Markup]:
    """A panel under its model's name."""
    return [
        words(0, 12, fitted(short(model.name), SMALL_WIDTH / _BOLD, 14), kind="name"),
        words(0, 28, fitted(clean(model.says), SMALL_WIDTH, 12)),
        element("g", *_panel(model, models, plot), transform=f"translate(0 {_HEAD:.0f})"),
    ]


def _panel(model: Panel, models: Sequence[Panel], plot: _Plot) -> list[Markup]:
    held_out, training = _mean(model.validation), _mean(model.training)
    parts = [*_shade(model, plot), *frame(plot.x, plot.y, plot.x_axis, plot.y_axis)]
    others = [other for other in models if other is not model]
    for other in others if len(others) <= _MOST_OTHERS else ():
        parts += _line(
            _mean(other.validation), plot, "", fill="none", stroke="var(--soft)", stroke_opacity=f"{_OTHER}"
        )
    parts += _band(model.training, plot, "var(--soft)")
    parts += _band(model.validation, plot, "var(--accent)")
    parts += _line(training, plot, "line quiet") + _line(held_out, plot, "line")
    parts += _names({"training": (training, "label quiet"), "validation": (held_out, "label accent")}, plot)
    return parts + _best(model, held_out, plot) + _beyond(model, plot)


def _shade(model: Panel, plot: _Plot) -> list[Markup]:
    if model.overfits_from is None:
        return []
    start, end = plot.x(model.overfits_from), plot.x(float(np.atleast_2d(model.validation).shape[1]))
    return [
        box(
            start,
            plot.y.end,
            end - start,
            plot.y.start - plot.y.end,
            "",
            fill="var(--wrong)",
            fill_opacity=f"{_SHADE}",
        )
    ]


def _line(losses: Curve, plot: _Plot, kind: str, **more: str) -> list[Markup]:
    """The curve where it lies inside the axes, as one path a stretch."""
    parts: list[Markup] = []
    for stretch in _stretches(losses, plot):
        if len(stretch) == 1 and kind:
            parts.append(dot(*stretch[0], 2.0, kind.replace("line", "dot")))
        elif len(stretch) > 1:
            places = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in stretch)
            parts.append(element("path", kind=kind, d=f"M{places}", **more))
    return parts


def _stretches(losses: Curve, plot: _Plot) -> list[list[tuple[float, float]]]:
    stretches: list[list[tuple[float, float]]] = [[]]
    for index, loss in enumerate(losses.tolist()):
        if math.isfinite(loss) and plot.y.holds(loss):
            stretches[-1].append((plot.x(index + 1), plot.y(loss)))
        elif stretches[-1]:
            stretches.append([])
    return [stretch for stretch in stretches if stretch]


def _band(losses: NDArray[Any], plot: _Plot, colour: str) -> list[Markup]:
    """From the lowest seed to the highest."""
    seeds = np.atleast_2d(np.asarray(losses, dtype=np.float64))
    seen = np.flatnonzero(np.isfinite(seeds).any(axis=0))
    if len(seeds) < 2 or len(seen) < 2:
        return []
    known = np.where(np.isfinite(seeds), seeds, np.nan)[:, seen]
    low, high = np.nanmin(known, axis=0).tolist(), np.nanmax(known, axis=0).tolist()
    upper = [(plot.x(e + 1), plot.y(v)) for e, v in zip(seen.tolist(), high, strict=True)]
    lower = [(plot.x(e + 1), plot.y(v)) for e, v in zip(seen.tolist(), low, strict=True)]
    places = "L".join(f"{coordinate(x)} {coordinate(y)}" for x, y in [*upper, *reversed(lower)])
    return [element("path", d=f"M{places}Z", fill=colour, fill_opacity=f"{_BAND}")]


def _names(named: dict[str, tuple[Curve, str]], plot: _Plot) -> list[Markup]:
    """Each line's name at its end."""
    ends = {name: _stretches(losses, plot) for name, (losses, _) in named.items()}
    last = {name: stretches[-1][-1] for name, stretches in ends.items() if stretches}
    placed = spread([y for _, y in last.values()], _LINE_HEIGHT, plot.y.end, plot.y.start)
    return [
        words(x + 8, y + 4, name, kind=named[name][1])
        for (name, (x, _)), y in zip(last.items(), placed, strict=True)
    ]


def _best(model: Panel, held_out: Curve, plot: _Plot) -> list[Markup]:
    """A ring at the best epoch, and above the plot the epochs it cannot be told apart from."""
    found = model.best_epoch
    at = _loss_at(found, held_out)
    if not math.isfinite(at):
        return []
    x, top = plot.x(found.value), plot.y.end - 5
    low, high = plot.x(found.low), plot.x(found.high)
    said = f"{'overfits from' if model.overfits_from else 'lowest at'} epoch {_epochs(found)}"
    half = _BOLD * text_width(said, _SIZE) / 2
    middle = min(max(x, half), SMALL_WIDTH - half)
    bar = [
        line(low, top, high, top, "whisker"),
        *(line(e, top - 3, e, top + 3, "whisker") for e in (low, high)),
    ]
    ring = [element("circle", kind="dot mark", cx=x, cy=plot.y(at), r=4)]
    return [
        words(middle, top - 9, said, kind="label halo", anchor="middle"),
        *(bar if high > low else ()),
        line(x, top, x, plot.y.start, "hairline"),
        *(ring if plot.y.holds(at) else ()),
    ]


def _loss_at(epoch: Estimate, losses: Curve) -> float:
    return float(losses[int(epoch.value) - 1]) if 1 <= epoch.value <= len(losses) else math.nan


def _epochs(found: Estimate) -> str:
    """``4 (3 to 6)``; ``4`` where no other comes into question."""
    if found.high <= found.low:
        return f"{found.value:.0f}"
    return f"{found.value:.0f} ({found.low:.0f} to {found.high:.0f})"


def _beyond(model: Panel, plot: _Plot) -> list[Markup]:
    """Says how high a curve goes that leaves the axes."""
    held_out = np.concatenate([_mean(model.validation), _mean(model.training)])
    highest = float(np.nanmax(held_out, initial=-math.inf))
    if highest <= plot.y.high:
        return []
    says = f"↑ up to {number(highest)}"
    return [words(plot.x.end, plot.y.end + 26, says, kind="label halo", anchor="end")]


def _described(model: Panel) -> str:
    held_out, training = _mean(model.validation), _mean(model.training)
    lowest = _loss_at(model.best_epoch, held_out)
    if not math.isfinite(lowest):
        return "Its loss was never finite."
    turned = f"overfits from epoch {model.overfits_from}" if model.overfits_from else "does not overfit"
    return (
        f"Validation loss is lowest, {number(lowest)}, after epoch "
        f"{_epochs(model.best_epoch)}; after epoch {len(held_out)} it is {number(float(held_out[-1]))}, "
        f"training loss {number(float(training[-1]))}. The model {turned}."
    )
