"""One of several classes: how often is the answer right, and which class is taken for which?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.report import cases
from modelwright.deploy.report.binary import accuracy_words, class_table
from modelwright.deploy.report.blocks import Figure, Outcome, Table
from modelwright.deploy.report.figures import cell_words, estimate_words, number, percent, share_words
from modelwright.deploy.report.matrix import MOST_CLASSES, matrix
from modelwright.deploy.report.policies import INTERVALS, errors_cost, per_period
from modelwright.deploy.report.sealed import Sealed
from modelwright.deploy.report.wording import quoted, short
from modelwright.records import Bench
from modelwright.statistics.shares import Array, Outcomes, share

_Wrong = Callable[[Array], Array]
"""From the shares of a day's outcomes to the share of wrong answers."""

_MOST_CLASS_ROWS = 40
_CONFUSIONS = 8


def classes_outcome(bench: Bench, sealed: Sealed) -> Outcome:
    """The sealed rows told as right and wrong answers, class by class."""
    size = len(bench.dataset.classes)
    answers = sealed.answers
    counts = np.bincount(size * sealed.truth + answers, minlength=size * size).reshape(size, size)
    return Outcome(
        headline=_headline(bench, sealed, counts),
        price=_price(bench, sealed),
        facts=_facts(bench, sealed),
        hero=_dots(counts),
        figures=_figures(bench, counts),
        tables=(_ways(bench, sealed), *_class_tables(bench, counts, sealed), _confusions(bench, counts)),
    )


def _most_frequent(bench: Bench, sealed: Sealed) -> int:
    return int(np.bincount(sealed.known, minlength=len(bench.dataset.classes)).argmax())


def _headline(bench: Bench, sealed: Sealed, counts: NDArray[np.int64]) -> str:
    rows, right = int(counts.sum()), int(np.trace(counts))
    often = _most_frequent(bench, sealed)
    target = quoted(bench.task.targets[0])
    return (
        f"The model names the right {target} for {accuracy_words(right, rows, sealed)} of {rows:,} cases; "
        f"always answering {quoted(bench.dataset.classes[often])} would be right for "
        f"{percent(float(np.mean(sealed.truth == often)))}."
    )


def _dots(counts: NDArray[np.int64]) -> tuple[Figure, ...]:
    right, wrong = cases.shared_out([float(np.trace(counts)), float(counts.sum() - np.trace(counts))])
    kinds = [("found", "answered rightly", right), ("missed", "answered wrongly", wrong)]
    figure = Figure(
        title="A thousand cases",
        caption="Each dot is one case of 1,000, in the shares seen on the sealed test rows.",
        picture=cases.cases(kinds),
        narrow=cases.cases(kinds, narrow=True),
        size="wide",
    )
    return (figure,)


def _outcomes(bench: Bench, sealed: Sealed) -> tuple[Outcomes, list[tuple[str, _Wrong]]]:
    """Rows by who answers them wrongly, and each way of answering with its share of wrong answers."""
    often = _most_frequent(bench, sealed)
    ways = [
        ("the model", sealed.answers),
        (f"always {quoted(bench.dataset.classes[often])}", np.full_like(sealed.truth, often)),
    ]
    if sealed.today is not None:
        ways.append(("today's solution", sealed.today))
    kinds = sum((answers != sealed.truth).astype(np.int64) << bit for bit, (_, answers) in enumerate(ways))
    cells = np.bincount(np.asarray(kinds), minlength=1 << len(ways)).tolist()
    cases = per_period(bench.task)[0]
    outcomes = Outcomes(cells, cases=cases, worth=sealed.worth, seed=bench.protocol.seed)
    return outcomes, [(name, _wrong(bit, len(cells))) for bit, (name, _) in enumerate(ways)]


def _wrong(bit: int, cells: int) -> _Wrong:
    kinds = [kind for kind in range(cells) if kind >> bit & 1]
    return lambda shares: shares[kinds].sum(axis=0)


def _facts(bench: Bench, sealed: Sealed) -> tuple[str, ...]:
    per, period = per_period(bench.task)
    costs, unit = bench.task.costs, short(bench.task.costs.unit, 24)
    outcomes, ways = _outcomes(bench, sealed)
    (_, model), (other, theirs) = ways[0], ways[-1]
    errors = outcomes.estimate(lambda shares: per * model(shares))
    saved = outcomes.estimate(lambda shares: per * costs.per_error * (theirs(shares) - model(shares)))
    price = "" if costs.stated else f", an error counted as {number(costs.per_error)}"
    often = sealed.truth == _most_frequent(bench, sealed)
    always = accuracy_words(int(often.sum()), len(sealed.rows), sealed)
    return (
        f"Always the most frequent class would be right for {always}.",
        f"Wrong answers {period}: {estimate_words(errors)}.",
        f"Saved {period} against {other}: {estimate_words(saved)} {unit}{price}.",
    )


def _price(bench: Bench, sealed: Sealed) -> str:
    """What wrong answers cost, in one sentence."""
    per, period = per_period(bench.task)
    costs = bench.task.costs
    outcomes, ways = _outcomes(bench, sealed)
    cost = outcomes.estimate(lambda shares: per * costs.per_error * ways[0][1](shares))
    return errors_cost(cost, costs, period, f"an error counted as {number(costs.per_error)}")


def _ways(bench: Bench, sealed: Sealed) -> Table:
    per, period = per_period(bench.task)
    cost = per * bench.task.costs.per_error
    outcomes, ways = _outcomes(bench, sealed)
    rows: list[tuple[str, ...]] = []
    for name, wrong in ways:
        share_right = outcomes.shares.sum() - float(wrong(outcomes.shares))
        right = share(round(share_right * outcomes.rows), outcomes.rows, worth=sealed.worth)
        rows.append((name, share_words(right), *_errors_and_cost(outcomes, wrong, per, cost)))
    if sealed.today is not None:
        (_, model), (_, todays) = ways[0], ways[-1]
        fewer = _errors_and_cost(outcomes, lambda shares: todays(shares) - model(shares), per, cost)
        rows.append(("fewer than today", "", *fewer))
    return Table(
        title="The model against simpler ways",
        head=(
            "Way of answering",
            "Right",
            f"Wrong {period}",
            f"Cost {period} ({short(bench.task.costs.unit, 24)})",
        ),
        rows=tuple(rows),
        note=f"Right: Wilson's interval. {INTERVALS}",
        strong=(0,),
    )


def _errors_and_cost(outcomes: Outcomes, wrong: _Wrong, per: float, cost: float) -> list[str]:
    return [cell_words(outcomes.estimate(lambda s, size=size: size * wrong(s))) for size in (per, cost)]


def _class_tables(bench: Bench, counts: NDArray[np.int64], sealed: Sealed) -> tuple[Table, ...]:
    table = class_table(bench, counts, sealed)
    if len(table.rows) <= _MOST_CLASS_ROWS:
        return (table,)
    left_out = len(table.rows) - _MOST_CLASS_ROWS
    largest = np.argsort(-counts.sum(axis=1), kind="stable")[:_MOST_CLASS_ROWS].tolist()
    rows = tuple(table.rows[index] for index in largest)
    note = f"{table.note} The {_MOST_CLASS_ROWS} largest classes; {left_out:,} smaller ones are left out."
    return (Table(title=table.title, head=table.head, rows=rows, note=note),)


def _figures(bench: Bench, counts: NDArray[np.int64]) -> tuple[Figure, ...]:
    classes = bench.dataset.classes
    if len(classes) > MOST_CLASSES:
        return ()
    figure = Figure(
        title="Truth against answer",
        caption="Counts on the sealed rows; colour is the share of the true class. The diagonal is right.",
        picture=matrix(counts, classes),
        size="small" if len(classes) <= 3 else "medium" if len(classes) <= 5 else "wide",
    )
    return (figure,)


def _confusions(bench: Bench, counts: NDArray[np.int64]) -> Table:
    wrong: NDArray[np.int64] = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:_CONFUSIONS].tolist()
    pairs = [divmod(int(index), len(counts)) for index in order]
    names = [quoted(name) for name in bench.dataset.classes]
    shown: list[tuple[str, ...]] = [
        (names[t], names[a], f"{wrong[t, a]:,}", _share_of_row(wrong, counts, t, a))
        for t, a in pairs
        if wrong[t, a]
    ]
    return Table(
        title="Most frequent confusions",
        head=("Truth", "Answered", "Rows", "Of that class"),
        rows=tuple(shown),
        words=2,
        note="" if shown else "Not one sealed row was answered wrongly.",
    )


def _share_of_row(wrong: NDArray[np.int64], counts: NDArray[np.int64], truth: int, answer: int) -> str:
    known = share(float(wrong[truth, answer]), float(counts[truth].sum()))
    return share_words(known)
