"""One of several classes: how often is the answer right, and which class is taken for which?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.report import cases
from modelwright.deploy.report.binary import accuracy_words, class_table
from modelwright.deploy.report.blocks import Figure, Outcome, Table
from modelwright.deploy.report.counting import Outcomes, share, times
from modelwright.deploy.report.figures import cell_words, estimate_words, number, percent, share_words
from modelwright.deploy.report.matrix import MOST_CLASSES, matrix
from modelwright.deploy.report.policies import per_period
from modelwright.deploy.report.sealed import Sealed, todays_answers
from modelwright.deploy.report.wording import quoted, short
from modelwright.records import Bench

_MOST_CLASS_ROWS = 40
_CONFUSIONS = 8


def classes_outcome(bench: Bench, sealed: Sealed) -> Outcome:
    """The sealed rows told as right and wrong answers, class by class."""
    size = len(bench.dataset.classes)
    answers = sealed.answers
    counts = np.bincount(size * sealed.truth + answers, minlength=size * size).reshape(size, size)
    return Outcome(
        headline=_headline(bench, sealed, counts),
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


def _facts(bench: Bench, sealed: Sealed) -> tuple[str, ...]:
    per, period = per_period(bench.task)
    costs, unit = bench.task.costs, short(bench.task.costs.unit, 24)
    wrong = sealed.answers != sealed.truth
    prior_wrong = sealed.truth != _most_frequent(bench, sealed)
    cells = np.bincount(2 * wrong.astype(np.int64) + prior_wrong, minlength=4).tolist()
    outcomes = Outcomes(cells, worth=sealed.worth, seed=bench.protocol.seed)
    errors = outcomes.estimate(lambda shares: per * (shares[2] + shares[3]))
    saved = outcomes.estimate(lambda shares: per * costs.per_error * (shares[1] - shares[2]))
    price = "" if costs.stated else f", an error counted as {number(costs.per_error)}"
    often = sealed.truth == _most_frequent(bench, sealed)
    always = accuracy_words(int(often.sum()), len(sealed.rows), sealed)
    return (
        f"Always the most frequent class would be right for {always}.",
        f"Wrong answers {period}: {estimate_words(errors)}.",
        f"Saved {period} against always the most frequent class: {estimate_words(saved)} {unit}{price}.",
    )


def _ways(bench: Bench, sealed: Sealed) -> Table:
    often = _most_frequent(bench, sealed)
    ways: list[tuple[str, NDArray[np.int64]]] = [
        ("the model", sealed.answers),
        (f"always {quoted(bench.dataset.classes[often])}", np.full_like(sealed.truth, often)),
    ]
    today = todays_answers(bench, sealed)
    if today is not None:
        ways.append(("today's solution", today))
    per, period = per_period(bench.task)
    cost = per * bench.task.costs.per_error
    rows: list[tuple[str, ...]] = []
    for name, answers in ways:
        wrong = float((answers != sealed.truth).sum())
        known = share(wrong, len(sealed.rows), worth=sealed.worth)
        right = share(len(sealed.rows) - wrong, len(sealed.rows), worth=sealed.worth)
        errors, costs = (cell_words(times(size, known)) for size in (per, cost))
        rows.append((name, share_words(right), errors, costs))
    return Table(
        title="The model against simpler ways",
        head=(
            "Way of answering",
            "Right",
            f"Wrong {period}",
            f"Cost {period} ({short(bench.task.costs.unit, 24)})",
        ),
        rows=tuple(rows),
        note="Below each figure its 95% interval (Wilson).",
        strong=(0,),
    )


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
