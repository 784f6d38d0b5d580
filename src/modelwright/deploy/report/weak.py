"""Where is the model weaker than elsewhere? Confirmed slices, in words a manager uses."""

from __future__ import annotations

from dataclasses import dataclass

from modelwright.deploy.report.figures import estimate_words, number, percent, shares_of
from modelwright.deploy.report.looking import day_of
from modelwright.deploy.report.mistakes import Mistake, mistake_at
from modelwright.deploy.report.sealed import Sealed
from modelwright.deploy.report.wording import counted, quoted, short
from modelwright.records import Bench, Condition, Estimate, Weaknesses, WeakSlice


@dataclass(frozen=True, slots=True, kw_only=True)
class Weak:
    """A slice: when, how large it is, and how the model does there and elsewhere; and an example."""

    when: str
    size: str
    inside: str
    outside: str
    example: Mistake | None


def weak_slices(
    bench: Bench, weaknesses: Weaknesses, sealed: Sealed | None, threshold: float | None
) -> tuple[Weak, ...]:
    """Every confirmed slice, the weakest first. Of sensitive data neither rows nor words are shown."""
    examples = _examples(bench, weaknesses, sealed, threshold)
    return tuple(
        Weak(
            when=slice_words(bench, one),
            size=f"{counted(one.rows, 'row')}, {percent(one.share)} of those judged",
            inside=_loss_words(bench, weaknesses, one.inside),
            outside=_loss_words(bench, weaknesses, one.outside),
            example=example,
        )
        for one, example in zip(weaknesses.found, examples, strict=True)
    )


def searched_words(weaknesses: Weaknesses) -> str:
    """What was looked through, how it was confirmed, and how far that may be trusted."""
    said = (
        f"{weaknesses.searched:,} slices (values and ranges of columns, and pairs of them) were looked "
        f"through on {weaknesses.searched_on}; {counted(weaknesses.candidates, 'stands', 'stand')} out there"
    )
    if not weaknesses.candidates:
        return f"{said}: the model is about as good everywhere, as far as these rows can tell."
    confirmed = (
        f"held against {weaknesses.rows:,} others ({weaknesses.confirmed_on}), "
        f"{len(weaknesses.found) or 'none'} {'was' if len(weaknesses.found) == 1 else 'were'} confirmed"
    )
    return (
        f"{said}, and {confirmed}. Of what is told here at most {percent(weaknesses.rate)} is expected to be "
        "chance (false discovery rate), and intervals are wider for having been picked."
    )


def slice_words(bench: Bench, one: WeakSlice) -> str:
    """``“age” is below 12 and “sex” is “male”``."""
    return " and ".join(_condition_words(bench, condition) for condition in one.conditions)


def _condition_words(bench: Bench, condition: Condition) -> str:
    name = quoted(condition.column)
    if condition.missing:
        return f"{name} is missing"
    if condition.value is not None:
        hidden = bench.task.constraints.sensitive
        shown = "one of its values (not shown: sensitive data)" if hidden else quoted(condition.value)
        return f"{name} is {shown}"
    if condition.measured == "words":
        return f"{name} has {_words_range(condition.low, condition.high)}"
    dates = bench.dataset.column(condition.column).dtype == "date"
    low, high = (
        None if end is None else day_of(end) if dates else number(end, 5)
        for end in (condition.low, condition.high)
    )
    if low is None:
        return f"{name} is {'before' if dates else 'below'} {high}"
    return (
        f"{name} is {low} or {'later' if dates else 'more'}"
        if high is None
        else (f"{name} is from {low} to {'before' if dates else 'below'} {high}")
    )


def _words_range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"fewer than {number(high)} words"
    return f"{number(low)} words or more" if high is None else f"{number(low)} to {number(high - 1)} words"


def _loss_words(bench: Bench, weaknesses: Weaknesses, loss: Estimate) -> str:
    if weaknesses.loss == "wrong":
        value, low, high = shares_of(loss)
        return f"wrong in {value} ({low} to {high})"
    if weaknesses.loss == "cost":
        return f"errors cost {estimate_words(loss)} {short(bench.task.costs.unit, 24)} a case"
    several = " deviations" if len(bench.task.targets) > 1 else ""
    return f"off by {estimate_words(loss)}{several} on average"


def _examples(
    bench: Bench, weaknesses: Weaknesses, sealed: Sealed | None, threshold: float | None
) -> list[Mistake | None]:
    """A bad answer inside each slice, another one each time; none of rows that are not to be shown."""
    if sealed is None or bench.task.constraints.sensitive:
        return [None for _ in weaknesses.found]
    place = {row: at for at, row in enumerate(sealed.rows.tolist())}
    shown: set[int] = set()
    examples: list[Mistake | None] = []
    for one in weaknesses.found:
        row = next((row for row in one.worst if row in place and row not in shown), None)
        shown |= {row} if row is not None else set()
        examples.append(None if row is None else mistake_at(bench, sealed, place[row], threshold))
    return examples
