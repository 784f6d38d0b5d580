"""Who should annotate: you, a crowd, or specialists; what it costs, and how many labels are enough (section
6.1.2)?

The book's questions decide: does it need an expert, may the data leave the house, how much is there? Costs
and qualities are stated assumptions, to be replaced by your own; your own pace and agreement are used where
known.
"""

from __future__ import annotations

import math
from typing import Literal

from modelwright.errors import UsageError
from modelwright.records import Sourcing, SourcingOption
from modelwright.statistics.intervals import wilson

Expertise = Literal["none", "trainable", "expert"]
Who = Literal["yourself", "crowd", "specialists"]

WAYS: tuple[Who, ...] = ("yourself", "crowd", "specialists")

SECONDS_A_LABEL = 15.0
"""A short text read and a key pressed; your own pace replaces it once 20 answers are timed."""

COST_AN_HOUR: dict[Who, float] = {"yourself": 40.0, "crowd": 12.0, "specialists": 35.0}
"""In the currency of your choice: wages, and a platform's or agency's share. Assumptions: put in your own."""

ACCURACY: dict[Who, float] = {"yourself": 0.97, "crowd": 0.85, "specialists": 0.95}
"""Crowd: the workers of the RTE set (Snow et al. 2008) are right in 84 of 100 answers. The others are
assumed."""

ANSWERS_EACH: dict[Who, int] = {"yourself": 1, "crowd": 5, "specialists": 2}
"""Answers that bring the consensus of such annotators to what one careful person gives."""

PATIENCE_HOURS = 16.0
"""Two working days: more of one's own labelling is better paid for."""

Z = 1.959964


def choose_labellers(
    *,
    items: int,
    expertise: Expertise = "trainable",
    sensitive: bool = False,
    half_width: float = 0.03,
    share: float = 0.5,
    seconds: float | None = None,
    cost_an_hour: dict[Who, float] | None = None,
) -> Sourcing:
    """Weigh the ways of having items annotated against each other.

    Args:
        items: how many there are.
        expertise: whether anyone can do it, people can be trained, or it takes an expert.
        sensitive: whether the data must not leave the house.
        half_width: how far off the interval of a measured share may reach, either side.
        share: the share expected, 0.5 where nothing is known (it needs the most labels).
        seconds: that one label takes; `SECONDS_A_LABEL` unless given.

    Raises:
        UsageError: a number is not possible.
    """
    _require(items=items, half_width=half_width, share=share)
    labels = labels_for(half_width, share, items)
    took = SECONDS_A_LABEL if seconds is None else seconds
    costs = COST_AN_HOUR | (cost_an_hour or {})
    options = [
        _option(who, labels, took, costs[who], *_fit(who, expertise, sensitive, labels * took / 3600))
        for who in WAYS
    ]
    best = _best(expertise, sensitive, labels * took / 3600)
    chosen = next(option for option in options if option.who == best)
    return Sourcing(
        items=items,
        labels=labels,
        half_width=half_width,
        share=share,
        seconds=took,
        options=tuple(options),
        advice=f"{_SAID[best]}: {chosen.reason}",
        cautions=_cautions(expertise),
    )


def labels_for(half_width: float, share: float, items: int) -> int:
    """The fewest items, drawn at random, whose Wilson interval reaches no further than so far either side.

    Where they are a good part of all items less is left to chance, and fewer do (finite population
    correction).
    """
    low, high = 1, 1
    while not _narrow(high, half_width, share, items) and high < items:
        low, high = high, min(2 * high, items)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _narrow(middle, half_width, share, items) else (middle + 1, high)
    return high


def _narrow(labels: int, half_width: float, share: float, items: int) -> bool:
    if labels >= items:
        return True
    worth = labels * (items - 1) / (items - labels)
    low, high = wilson(share, worth, Z)
    return (high - low) / 2 <= half_width


def _fit(who: Who, expertise: Expertise, sensitive: bool, hours: float) -> tuple[bool, str]:
    """Whether this way is open at all, and why or why not."""
    if who == "crowd" and sensitive:
        return False, "sensitive data must not be shown to people nobody knows"
    if who == "crowd" and expertise == "expert":
        return False, "it takes knowledge that a crowd does not have"
    if who == "crowd":
        return (
            True,
            "cheap and quick for much; noisy, so several answer each item and gold items watch over them",
        )
    if who == "specialists":
        if sensitive:
            return True, "under contract and in the house; it costs control and money"
        return True, "trained people, for what a crowd gets wrong; it costs control and money"
    if hours > PATIENCE_HOURS:
        return True, f"{hours:,.0f} hours of your own; label the first hundred anyway, to write the guideline"
    return True, "you learn what the data are like, and the data stay with you"


def _best(expertise: Expertise, sensitive: bool, hours: float) -> Who:
    if hours <= PATIENCE_HOURS:
        return "yourself"
    return "specialists" if sensitive or expertise == "expert" else "crowd"


_SAID: dict[Who, str] = {
    "yourself": "Label it yourself",
    "crowd": "Have a crowd label it",
    "specialists": "Have specialists label it",
}


def _option(
    who: Who, labels: int, seconds: float, cost_an_hour: float, possible: bool, reason: str
) -> SourcingOption:
    answers = labels * ANSWERS_EACH[who]
    hours = answers * seconds / 3600
    return SourcingOption(
        who=who,
        possible=possible,
        reason=reason,
        answers_each=ANSWERS_EACH[who],
        answers=answers,
        hours=round(hours, 1),
        cost=round(hours * cost_an_hour, 2),
        accuracy_each=ACCURACY[who],
    )


def _cautions(expertise: Expertise) -> tuple[str, ...]:
    always = ("Label a hundred items yourself first: the guideline comes from what is hard about them.",)
    if expertise != "expert":
        return always
    black_box = (
        "Do you understand how experts come to their labels? If not, the data are a black box, and you "
        "cannot engineer features by hand."
    )
    return (*always, black_box)


def _require(*, items: int, half_width: float, share: float) -> None:
    for name, value, possible, expected in (
        ("items", items, items >= 1, "one item or more"),
        ("half width", half_width, 0 < half_width < 0.5, "a share above 0 and below 0.5, such as 0.03"),
        ("expected share", share, 0 <= share <= 1 and not math.isnan(share), "a share, 0 to 1"),
    ):
        if not possible:
            raise UsageError(
                where=f"the adviser's {name}",
                expected=expected,
                received=f"{value:g}",
                do_this="Say what is known; leave out what is not.",
            )
