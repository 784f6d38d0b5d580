"""Would more data help? The chosen model on a quarter and half of its rows, and what doubling is worth."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.develop.evaluating import evaluate, gain
from modelwright.engine.budget import unhurried
from modelwright.errors import ModelError, UndefinedMeasure
from modelwright.records import Bench, Desk, Estimate, Growth, Run, Study, Verdict, number_text, step

QUESTION = "Would more data help?"

SHARES = (0.25, 0.5)

SLOWEST, FASTEST = 1.0, 0.35
"""What the next doubling is worth, as a share of the last one: of curves that fall like rows^-c, 2^-c.
Learning curves measured over many domains have c from near 0 to 1.5 (Hestness et al. 2017; Viering and Loog
2023)."""


@step(version=2)
def would_more_help(desk: Desk, bench: Bench, tuned: Study) -> Growth:
    """Train the chosen recipe on a quarter and on half of the rows, and judge it on the same ones as ever.

    Returns:
        The verdict is "yes" when doubling the rows is worth something beyond doubt, "no" when the last
        doubling was worth nothing that can be seen, "unclear" between the two.

    Source:
        Deep Learning with Python, 2nd ed., section 5.4.1 ("more data"); Viering and Loog 2023, "The shape of
        learning curves: a review".
    """
    chosen = tuned.best
    smaller: list[Run] = []
    for done, share in enumerate(SHARES):
        desk.note(f"{chosen.recipe.name} on {share:.0%} of its rows", done=done, total=len(SHARES))
        try:
            with unhurried():
                smaller.append(desk.once(evaluate, _thinned(desk, bench, share), chosen.recipe))
        except (ModelError, UndefinedMeasure) as problem:
            return _unknown(bench, chosen, f"on {share:.0%} of the rows: {problem.received}")
    return _grown(desk, bench, (*smaller, chosen))


def _thinned(desk: Desk, bench: Bench, share: float) -> Bench:
    """The bench with a share of each split's training units, drawn at random; what validates stays."""
    splits = np.array(desk.read(bench.protocol.splits))
    units: NDArray[np.int64] = desk.read(bench.protocol.units)
    generator = np.random.default_rng([bench.protocol.seed, int(1_000 * share)])
    order = generator.permutation(int(units.max()) + 1)[units]
    for split in splits:
        trains = np.flatnonzero(split == 1)
        kept = np.quantile(order[trains], share, method="lower")
        split[trains[order[trains] > kept]] = 0
    return replace(bench, protocol=replace(bench.protocol, splits=desk.keep(splits, "array")))


def _grown(desk: Desk, bench: Bench, runs: tuple[Run, ...]) -> Growth:
    gains = [gain(desk, bench, later, earlier) for earlier, later in pairwise(runs)]
    last = gains[-1]
    doubled = Estimate(
        value=last.value * _share_of_last(gains),
        low=min(last.low * SLOWEST, last.low * FASTEST),
        high=max(last.high * SLOWEST, last.high * FASTEST),
        level=last.level,
        method=f"{FASTEST:g} to {SLOWEST:g} times what the last doubling was worth ({last.method})",
    )
    return Growth(
        rows=tuple(_rows(desk, bench, share) for share in (*SHARES, 1.0)),
        scores=tuple(run.score for run in runs),
        doubled=doubled,
        verdict=_verdict(bench, last, doubled),
    )


def _share_of_last(gains: list[Estimate]) -> float:
    """How gains went on from one doubling to the next, within what learning curves do."""
    before, last = gains[-2].value, gains[-1].value
    if before <= 0 or last <= 0:
        return (SLOWEST + FASTEST) / 2
    return float(np.clip(last / before, FASTEST, SLOWEST))


def _rows(desk: Desk, bench: Bench, share: float) -> int:
    """Rows a split trains on, on average."""
    splits = desk.read(bench.protocol.splits)
    return round(share * float((splits == 1).sum(axis=1).mean()))


def _verdict(bench: Bench, last: Estimate, doubled: Estimate) -> Verdict:
    answer: Literal["yes", "no", "unclear"] = "unclear"
    if doubled.low > 0:
        answer = "yes"
    elif last.high <= 0 or last.value <= 0:
        answer = "no"
    low, high = number_text(doubled.low), number_text(doubled.high)
    reason = (
        f"doubling the rows is worth {number_text(doubled.value)} of {bench.measure.title} ({low} to {high})"
    )
    return Verdict(question=QUESTION, answer=answer, reason=reason)


def _unknown(bench: Bench, chosen: Run, why: str) -> Growth:
    nothing = replace(chosen.score, value=0.0, low=0.0, high=0.0, method="not measured")
    verdict = Verdict(question=QUESTION, answer="unclear", reason=why)
    return Growth(rows=(bench.protocol.rows,), scores=(chosen.score,), doubled=nothing, verdict=verdict)
