"""Does an answer fit its question?"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from modelwright.errors import UsageError
from modelwright.records._annotation import Box, Question
from modelwright.records._wire import encode

_KINDS: dict[str, Any] = {
    "single": str,
    "multi": tuple[str, ...],
    "scalar": float,
    "boxes": tuple[Box, ...],
}


def checked_answer(question: Question, value: Any) -> Any:
    """The answer as it is kept: plain data, several labels in one order, each once.

    Raises:
        UsageError: it is of another kind, names a label that is none, or lies outside what is possible.
    """
    try:
        answer = msgspec.json.decode(encode(value), type=_KINDS[question.kind])
    except (msgspec.MsgspecError, TypeError) as error:
        raise _unfit(question, str(error)) from None
    for label in _labels(answer):
        if label not in question.labels:
            raise _unfit(question, f"the label {label!r}")
    _require_possible(question, answer)
    return tuple(sorted(set(answer))) if question.kind == "multi" else answer


def _labels(answer: float | str | tuple[str | Box, ...]) -> tuple[str, ...]:
    if isinstance(answer, float | int):
        return ()
    if isinstance(answer, str):
        return (answer,)
    return tuple(one.label if isinstance(one, Box) else one for one in answer)


def _require_possible(question: Question, answer: Any) -> None:
    numbers: list[float] = [answer] if question.kind == "scalar" else []
    boxes: tuple[Box, ...] = answer if question.kind == "boxes" else ()
    for box in boxes:
        numbers += [box.x, box.y, box.width, box.height]
        if box.width <= 0 or box.height <= 0:
            raise _unfit(question, "a box without an area")
    if not all(map(math.isfinite, numbers)):
        raise _unfit(question, "a number that is not finite")
    if question.kind == "scalar":
        low, high = question.lowest, question.highest
        if (low is not None and answer < low) or (high is not None and answer > high):
            raise _unfit(question, f"{answer:g}")


def _unfit(question: Question, received: str) -> UsageError:
    expected = {
        "single": f"one of {', '.join(map(repr, question.labels))}",
        "multi": f"some of {', '.join(map(repr, question.labels))}",
        "scalar": f"a number{_range(question)}",
        "boxes": f"boxes labelled {', '.join(map(repr, question.labels))}, with x, y, width and height",
    }
    return UsageError(
        where=f"an answer for {question.target!r}",
        expected=expected[question.kind],
        received=received[:200],
        do_this="Answer what was asked, or skip the item with a reason.",
    )


def _range(question: Question) -> str:
    low = "" if question.lowest is None else f" from {question.lowest:g}"
    return low + ("" if question.highest is None else f" up to {question.highest:g}")
