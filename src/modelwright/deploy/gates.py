"""Is this form of the model as good as the float one, faster, and small enough?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from modelwright.deploy.report.figures import file_size, number
from modelwright.errors import ReleaseError
from modelwright.records import Option, Timing, Variant

MATERIAL = 0.9
"""A form replaces the float one only where its download or its time is at most so much of the float's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a person allows.

    Args:
        max_drop: in points of the measure, or as a share of the error. max_bytes: of the file.
        max_latency_ms: of one row. batched: rows of several callers will be answered together.
    """

    max_drop: float
    batched: bool = True
    max_bytes: int | None = None
    max_latency_ms: float | None = None


def judge(variant: Variant, timing: Timing, limits: Limits, *, is_float: bool, relative: bool) -> Option:
    """Put a variant through the gates.

    Accurate is what is shown to be: the whole interval of the drop lies within the limit, so that too few
    rows are a no. On rows the final model was trained on, the file itself must keep within it, too: that
    catches one that was spoilt where the models of the splits were not.
    """
    accurate = variant.drop.high <= limits.max_drop and variant.file_drop <= limits.max_drop
    faster = timing.ratio.high < 1
    misses = _misses(variant, timing, limits)
    words = (
        []
        if is_float
        else [*_inaccurate(variant, limits, relative), *_slow(timing), *_unsteady(variant, limits)]
    )
    return Option(
        variant=variant,
        timing=timing,
        accurate=accurate,
        faster=faster,
        steady=not variant.scaled_anew,
        fits=not misses,
        reason="; ".join([*words, *misses]) or ("as trained" if is_float else "passes the gates"),
    )


def choose(options: Sequence[Option], limits: Limits, *, by_hand: str = "") -> int:
    """The position of the one to ship; the float one comes first.

    Where rows are answered together, a form whose answers depend on their companions is not chosen: nobody's
    answer may hang on what others ask.

    Args:
        by_hand: the one that a person wants, whatever the gates say of it; limits hold for it, too.

    Raises:
        ReleaseError: none is within the limits, or the one named cannot be had.
    """
    if by_hand:
        return _named(options, limits, by_hand)
    plain = options[0]
    passing = [
        place
        for place, option in enumerate(options)
        if place
        and option.accurate
        and option.faster
        and option.fits
        and (option.steady or not limits.batched)
    ]
    worth = [place for place in passing if is_material(options[place], plain) or not plain.fits]
    if worth:
        return min(worth, key=lambda place: options[place].variant.gzip_bytes)
    if plain.fits:
        return 0
    raise _beyond(options, limits)


def _named(options: Sequence[Option], limits: Limits, name: str) -> int:
    """The position of the form that a person named."""
    names = [_plain_name(option.variant.name) for option in options]
    if _plain_name(name) not in names:
        raise _refused("the form of that name", f"no form '{name}'", _listed(options))
    place = names.index(_plain_name(name))
    option = options[place]
    if not option.fits:
        raise _refused("a form within the limits", _told(option), "Allow more, or name another form.")
    if limits.batched and not option.steady:
        raise _refused(
            "a form whose answer to a row is its own: a server answers rows of several callers together",
            _told(option),
            "Name another form, or send this one to the browser alone: --to browser.",
        )
    return place


def _plain_name(name: str) -> str:
    """Letters and digits alone: ``pruned 90%, int8 static`` is also pruned-90-int8-static."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _listed(options: Sequence[Option]) -> str:
    names = ", ".join(f"'{option.variant.name}'" for option in options)
    return f"Name one that could be made: --variant with {names}."


def _refused(expected: str, received: str, do_this: str) -> ReleaseError:
    return ReleaseError(where="--variant", expected=expected, received=received, do_this=do_this)


def _beyond(options: Sequence[Option], limits: Limits) -> ReleaseError:
    """The error where nothing passes within the limits, which names what comes closest."""
    own = [option for option in options if option.steady or not limits.batched]
    closest = min(own, key=lambda option: _excess(option, limits))
    others = "; ".join(_told(option) for option in options if option is not closest)
    return ReleaseError(
        where="the limits on bytes, milliseconds and drop",
        expected="a form of the model within all of them that passes the gates",
        received=f"closest is {_told(closest)}{'; then ' if others else ''}{others}",
        do_this="Allow more (--max-bytes, --max-latency-ms, --max-drop, or constraints in task.toml), name a "
        "form by hand (--variant), or choose a smaller model.",
    )


def _excess(option: Option, limits: Limits) -> float:
    """By what factor it misses the limit that it misses most."""
    shares = [option.variant.drop.high / limits.max_drop if limits.max_drop else 0.0]
    if limits.max_bytes is not None:
        shares.append(option.variant.size_bytes / max(limits.max_bytes, 1))
    if limits.max_latency_ms is not None:
        shares.append(option.timing.milliseconds / max(limits.max_latency_ms, 1e-9))
    return max(shares)


def cost_words(option: Option) -> str:
    """``0.35 MB, 0.12 ms``."""
    return f"{file_size(option.variant.size_bytes)}, {number(option.timing.milliseconds)} ms"


def _told(option: Option) -> str:
    return f"{option.variant.name} ({cost_words(option)}): {option.reason}"


def is_material(option: Option, plain: Option) -> bool:
    """Whether the download or the time is so much less that another file is worth its trouble."""
    smaller = option.variant.gzip_bytes <= MATERIAL * plain.variant.gzip_bytes
    return smaller or option.timing.ratio.value <= MATERIAL


def drop_words(drop: float, *, relative: bool) -> str:
    """``0.12 points`` of a share, ``0.12%`` of an error."""
    return f"{number(100 * drop)}{'%' if relative else ' points'}"


def _inaccurate(variant: Variant, limits: Limits, relative: bool) -> list[str]:
    allowed = drop_words(limits.max_drop, relative=relative)
    if variant.drop.low > limits.max_drop:
        return [f"loses {drop_words(variant.drop.value, relative=relative)}, more than {allowed}"]
    if variant.drop.high > limits.max_drop:
        most = drop_words(variant.drop.high, relative=relative)
        return [f"may lose up to {most}, more than {allowed}"]
    if variant.file_drop > limits.max_drop:
        lost = drop_words(variant.file_drop, relative=relative)
        return [f"this very file loses {lost} on the rows it was trained on, more than {allowed}"]
    return []


def _slow(timing: Timing) -> list[str]:
    if timing.ratio.high < 1:
        return []
    if timing.ratio.low > 1:
        return [f"slower than float: {number(timing.ratio.value)} of its time"]
    return [f"not shown to be faster than float: {number(timing.ratio.value)} of its time"]


def _unsteady(variant: Variant, limits: Limits) -> list[str]:
    if not (variant.scaled_anew and limits.batched):
        return []
    return [f"answers depend on the rows answered with them (here by {number(variant.companions, 2)})"]


def _misses(variant: Variant, timing: Timing, limits: Limits) -> list[str]:
    found: list[str] = []
    if limits.max_bytes is not None and variant.size_bytes > limits.max_bytes:
        found.append(f"larger than {file_size(limits.max_bytes)}")
    if limits.max_latency_ms is not None and timing.milliseconds > limits.max_latency_ms:
        found.append(f"slower than {number(limits.max_latency_ms)} ms")
    return found
