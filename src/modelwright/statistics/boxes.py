"""What boxes do annotators draw together, and how alike are theirs?"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from modelwright.statistics.differing import LIKE_BOXES, overlap

Boxes = Sequence[dict[str, Any]]
SIDES = ("x", "y", "width", "height")


def boxes_together(drawn: Sequence[Boxes]) -> tuple[list[dict[str, Any]], float]:
    """The boxes that more than half of the annotators drew, each side their median.

    Args:
        drawn: each annotator's boxes.

    Returns:
        The boxes, and the mean share of annotators who say so of each one drawn (1 where none was).
    """
    groups: list[list[tuple[int, dict[str, Any]]]] = []
    for annotator, boxes in enumerate(drawn):
        for box in boxes:
            group = _group_of(groups, annotator, box)
            if group is None:
                groups.append([(annotator, box)])
            else:
                group.append((annotator, box))
    shares = [len(group) / len(drawn) for group in groups]
    kept = [_middle(group) for group, share in zip(groups, shares, strict=True) if share > 0.5]
    sure = [max(share, 1 - share) for share in shares]
    return kept, statistics.fmean(sure) if sure else 1.0


def likeness(drawn: Sequence[Boxes]) -> float | None:
    """How alike two annotators' boxes are, on average over pairs: 1 all matched, 0 none; None for one alone.

    Twice the matched boxes as a share of both annotators' boxes (F1); two who find none agree.
    """
    pairs = [_alike(one, other) for one, other in combinations(drawn, 2)]
    return statistics.fmean(pairs) if pairs else None


def _alike(one: Boxes, other: Boxes) -> float:
    if not one and not other:
        return 1.0
    left, matched = list(other), 0
    for box in one:
        like = [each for each in left if _same_thing(box, each)]
        if like:
            left.remove(max(like, key=lambda each: overlap(box, each)))
            matched += 1
    return 2 * matched / (len(one) + len(other))


def _group_of(
    groups: list[list[tuple[int, dict[str, Any]]]], annotator: int, box: dict[str, Any]
) -> list[tuple[int, dict[str, Any]]] | None:
    """The boxes of others that show the same thing; nobody draws one thing twice."""
    able = [
        group
        for group in groups
        if all(by != annotator for by, _ in group) and _same_thing(_middle(group), box)
    ]
    return max(able, key=lambda group: overlap(_middle(group), box), default=None)


def _same_thing(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one["label"] == other["label"] and overlap(one, other) >= LIKE_BOXES


def _middle(group: Sequence[tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    sides = {side: statistics.median(box[side] for _, box in group) for side in SIDES}
    return {"label": group[0][1]["label"], **sides}
