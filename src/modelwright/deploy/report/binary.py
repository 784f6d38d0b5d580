"""Yes or no: how many are found, how many false alarms, and at what cost a day?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.report import cases, rates
from modelwright.deploy.report.blocks import Figure, Outcome, Table
from modelwright.deploy.report.figures import share_words, shares_of
from modelwright.deploy.report.matrix import matrix
from modelwright.deploy.report.policies import per_period, policies
from modelwright.deploy.report.sealed import Sealed
from modelwright.deploy.report.wording import quoted
from modelwright.records import Bench, Final
from modelwright.statistics.shares import independent_rows, share

# Where the task's errors were never weighed: as likely as not.
_EVEN = 0.5


def binary_outcome(bench: Bench, final: Final, sealed: Sealed) -> Outcome:
    """The sealed rows told as hits, misses and false alarms at the chosen threshold."""
    threshold = _EVEN if final.threshold is None else final.threshold
    says_yes = sealed.outputs[:, 1] >= threshold
    counts = np.bincount(2 * sealed.truth + says_yes, minlength=4).reshape(2, 2)
    table, facts, price = policies(bench, sealed, says_yes)
    return Outcome(
        headline=_headline(bench, sealed, counts),
        price=price,
        facts=facts,
        hero=_dots(bench, counts),
        figures=_figures(bench, sealed, counts, threshold),
        tables=(table, class_table(bench, counts, sealed)),
    )


def _headline(bench: Bench, sealed: Sealed, counts: NDArray[np.int64]) -> str:
    yes = quoted(bench.dataset.classes[1])
    total, positives = int(counts.sum()), int(counts[1].sum())
    hits, alarms = int(counts[1, 1]), int(counts[0, 1])
    others = "no other is" if alarms == 0 else "1 other is" if alarms == 1 else f"{alarms:,} others are"
    if positives == 0:
        return f"None of the {total:,} sealed cases is {yes}; {others} wrongly taken for it."
    found = share(hits, positives, worth=independent_rows(sealed.units[sealed.truth == 1]))
    low, high = round(found.low * positives), round(found.high * positives)
    return (
        f"Of {total:,} cases, {positives:,} {'is' if positives == 1 else 'are'} {yes}: the model finds "
        f"{hits:,} of them (95% interval {low:,} to {high:,}), and {others} wrongly taken for it."
    )


def _dots(bench: Bench, counts: NDArray[np.int64]) -> tuple[Figure, ...]:
    """A thousand cases as dots, where at least one of them would be positive."""
    if counts[1].sum() * cases.CASES < counts.sum():
        return ()
    no, yes = (quoted(name, 16) for name in bench.dataset.classes)
    found, missed, alarms, rest = cases.shared_out(
        [float(counts[at]) for at in ((1, 1), (1, 0), (0, 1), (0, 0))]
    )
    dots = [
        ("found", f"{yes}, found", found),
        ("missed", f"{yes}, missed", missed),
        ("alarm", "false alarm" if alarms == 1 else "false alarms", alarms),
        ("quiet", no, rest),
    ]
    figure = Figure(
        title="A thousand cases",
        caption="Each dot is one case of 1,000, in the shares seen on the sealed test rows.",
        picture=cases.cases(dots),
        narrow=cases.cases(dots, narrow=True),
        size="wide",
    )
    return (figure,)


def _figures(bench: Bench, sealed: Sealed, counts: NDArray[np.int64], threshold: float) -> tuple[Figure, ...]:
    truth, probability = sealed.truth, sealed.outputs[:, 1]
    confusion = Figure(
        title="Truth against answer",
        caption=f"Counts on the sealed rows at the threshold {threshold:.3g}; a row's shares add up to 100%.",
        picture=matrix(counts, bench.dataset.classes),
    )
    if not 0 < truth.sum() < len(truth):
        return (confusion,)
    per, period = per_period(bench.task)
    costs = bench.task.costs
    cost = Figure(
        title="Cost against threshold",
        caption="To the right fewer false alarms, to the left fewer misses. The dot is the threshold, "
        "chosen in development without these rows.",
        picture=rates.cost_curve(
            truth, probability, threshold, bench.dataset.classes, costs=costs, per=per, period=period
        ),
    )
    return (confusion, cost, *rates.rate_figures(truth, probability, threshold, bench.dataset.classes))


def class_table(bench: Bench, counts: NDArray[np.int64], sealed: Sealed) -> Table:
    """Recall and precision of each class, with their intervals.

    Args:
        counts: int64 (classes, classes): rows are the truth, columns the answers.
    """
    scale = sealed.worth / len(sealed.rows)
    rows: list[tuple[str, ...]] = []
    for index, name in enumerate(bench.dataset.classes):
        right = float(counts[index, index])
        of = float(counts[index].sum()), float(counts[:, index].sum())
        cells = [share_words(share(right, n, worth=n * scale)) if n else "none" for n in of]
        rows.append((quoted(name), f"{of[0]:,.0f}", *cells))
    return Table(
        title="Each class",
        head=("Class", "Rows", "Found (recall)", "Right when said (precision)"),
        rows=tuple(rows),
        note="Below each share its 95% interval (Wilson).",
    )


def accuracy_words(right: int, rows: int, sealed: Sealed) -> str:
    """``93.1% (95% interval 90.2% to 95.4%)``."""
    known = share(right, rows, worth=sealed.worth)
    return "{} (95% interval {} to {})".format(*shares_of(known))
