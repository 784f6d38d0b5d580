"""How much worse does one form of a model answer than another, on the same rows?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.unseen import Development
from modelwright.engine.columns import Rows
from modelwright.records import Estimate
from modelwright.statistics.intervals import paired_bootstrap
from modelwright.statistics.measures import Score, measure_function

Outputs = NDArray[np.float64]

POINTS = ("share", "explained")
"""Scales on which half a point means the same for every model; other errors are compared as shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """How a drop is measured.

    Args:
        unit: what a drop is divided by: 1, or the float model's error.
        reference: the float model's answers to the validated rows; None where there is nothing to judge.
    """

    development: Development
    score: Score
    relative: bool
    unit: float
    reference: Outputs | None

    @classmethod
    def of(cls, development: Development, reference: Outputs | None) -> Judge:
        """By the bench's measure."""
        bench = development.bench
        score = measure_function(bench.measure, bench.dataset.classes)
        relative, unit = score.scale not in POINTS, 1.0
        if relative and reference is not None:
            unit = abs(score(development.answers[development.validated], reference)) or 1.0
        return cls(development=development, score=score, relative=relative, unit=unit, reference=reference)

    def drop(self, answers: Outputs, *, learnt: bool) -> Estimate:
        """How much worse the answers to the validated rows are than the float model's.

        Args:
            learnt: whether the form went on learning, as pruning does. The luck of rows that answer each
                other is then in the difference; rounding weights learns nothing from any row.
        """
        assert self.reference is not None, "only forms judged on unseen rows come here"
        development = self.development
        rows, protocol = development.validated, development.bench.protocol
        gain = paired_bootstrap(
            self.score,
            development.answers[rows],
            answers,
            self.reference,
            goal=development.bench.measure.goal,
            units=development.units[rows],
            seed=protocol.seed,
            mutual=learnt and protocol.mutual,
        )
        ends = sorted((-gain.low / self.unit, -gain.high / self.unit))
        return Estimate(
            value=-gain.value / self.unit, low=ends[0], high=ends[1], level=gain.level, method=gain.method
        )

    def plain_drop(self, rows: Rows, answers: Outputs, reference: Outputs) -> float:
        """The same between any two answers to any rows, without an interval."""
        sign = 1.0 if self.development.bench.measure.goal == "maximise" else -1.0
        targets = self.development.answers[rows]
        return sign * (self.score(targets, reference) - self.score(targets, answers)) / self.unit
