"""Do answers to one item differ, so that somebody should decide?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LIKE_BOXES = 0.5
"""Boxes of one thing overlap by this share of their union, as COCO and Pascal VOC count it."""

NEAR = 0.1
"""Numbers differ where they lie further apart than this share of the larger one."""


def differ(values: Sequence[Any]) -> bool:
    """Whether the answers of several annotators are not the same."""
    if len(values) < 2:
        return False
    if isinstance(values[0], (int, float)):
        spread, size = max(values) - min(values), max(map(abs, values))
        return spread > NEAR * size
    if _are_boxes(values):
        return any(not _same_boxes(values[0], other) for other in values[1:])
    return any(value != values[0] for value in values[1:])


def _are_boxes(values: Sequence[Any]) -> bool:
    return any(isinstance(value, list) and value and isinstance(value[0], dict) for value in values)  # pyright: ignore[reportUnknownArgumentType]  # JSON may be anything


def _same_boxes(one: Sequence[dict[str, Any]], other: Sequence[dict[str, Any]]) -> bool:
    """Whether each box has its like among the other annotator's, and none is left over."""
    left = list(other)
    for box in one:
        like = [each for each in left if each["label"] == box["label"] and overlap(box, each) >= LIKE_BOXES]
        if not like:
            return False
        left.remove(max(like, key=lambda each: overlap(box, each)))
    return not left


def overlap(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The share of their union that two boxes have in common."""
    width = min(one["x"] + one["width"], other["x"] + other["width"]) - max(one["x"], other["x"])
    height = min(one["y"] + one["height"], other["y"] + other["height"]) - max(one["y"], other["y"])
    common = max(0.0, width) * max(0.0, height)
    union = one["width"] * one["height"] + other["width"] * other["height"] - common
    return common / union if union > 0 else 0.0
