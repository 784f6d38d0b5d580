from __future__ import annotations

import pytest

from modelwright.define.hypotheses import COMMON_HYPOTHESES, INFORMATIVE, PREDICTABLE, judge_hypotheses
from modelwright.records import (
    Blob,
    Comparison,
    Estimate,
    Family,
    Final,
    Hypothesis,
    Recipe,
    Run,
    Study,
    Task,
    Verdict,
)

TASK = Task(
    question="?",
    source="",
    targets=("y",),
    kind="regression",
    kind_reason="",
    hypotheses=(*(Hypothesis(text=text) for text in COMMON_HYPOTHESES), Hypothesis(text="It pays.")),
)
BLOB = Blob(digest="0", kind="array", size_bytes=0)


def estimate(low: float, high: float) -> Estimate:
    return Estimate(value=(low + high) / 2, low=low, high=high, method="test")


def run(name: str, family: Family) -> Run:
    return Run(recipe=Recipe(family=family, name=name), score=estimate(0.7, 0.8), predictions=BLOB)


def study(*runs: Run, gain: tuple[float, float], challenger: str, final: Final | None = None) -> Study:
    comparison = Comparison(
        challenger=challenger, champion="mean", difference=estimate(*gain), better=gain[0] > 0
    )
    verdict = Verdict(question="?", answer="unclear", reason="")
    return Study(
        question="?", bench="b", runs=runs, chosen=0, verdict=verdict, comparisons=(comparison,), final=final
    )


def baseline(gain: tuple[float, float]) -> Study:
    return study(run("mean", "prior"), run("linear", "linear"), gain=gain, challenger="linear")


def tuned(gain: tuple[float, float], final: Final | None = None) -> Study:
    return study(run("trees", "trees"), gain=gain, challenger="trees", final=final)


def final(test: tuple[float, float], bar: tuple[float, float], kept: bool = True) -> Final:
    return Final(
        recipe=Recipe(family="trees", name="trees"),
        model=BLOB,
        rows=80,
        test_rows=20,
        test_score=estimate(*test),
        validation_score=estimate(0.7, 0.8),
        baseline_score=estimate(*bar),
        kept_promise=kept,
        promise="",
        predictions=BLOB,
    )


@pytest.mark.parametrize(
    ("linear", "trees", "predictable", "informative"),
    [
        ((0.1, 0.2), (0.1, 0.3), "held", "held"),
        ((-0.1, 0.1), (0.1, 0.3), "held", "held"),
        ((-0.1, 0.1), (-0.1, 0.2), "undecided", "undecided"),
        ((-0.2, -0.1), (-0.2, 0.0), "falsified", "falsified"),
        ((0.1, 0.2), (-0.1, 0.2), "held", "undecided"),
    ],
)
def test_bets_stand_as_the_paired_intervals_say(
    linear: tuple[float, float], trees: tuple[float, float], predictable: str, informative: str
) -> None:
    judged = judge_hypotheses(TASK, baseline(linear), tuned(trees))
    assert [(h.text, h.status) for h in judged] == [
        (PREDICTABLE, predictable),
        (INFORMATIVE, informative),
        ("It pays.", "open"),
    ]
    assert all("95% interval" in h.evidence for h in judged[:2])


def test_the_sealed_rows_confirm_or_take_back_what_validation_promised() -> None:
    gain = (0.1, 0.3)
    for sealed, status in (
        (final((0.7, 0.8), (0.4, 0.5)), "held"),
        (final((0.45, 0.6), (0.4, 0.5)), "undecided"),
        (final((0.7, 0.8), (0.4, 0.5), kept=False), "undecided"),
    ):
        confirmed = tuned(gain, final=sealed)
        judged = judge_hypotheses(TASK, baseline((0.1, 0.2)), tuned(gain), confirmed)
        assert judged[1].status == status
        assert "20 sealed rows" in judged[1].evidence


def test_a_tuned_model_not_compared_with_common_sense_leaves_the_baseline_to_judge() -> None:
    unrelated = tuned((0.1, 0.2))
    comparison = Comparison(challenger="trees", champion="linear", difference=estimate(0.1, 0.2), better=True)
    other = Study(
        question="?",
        bench="b",
        runs=unrelated.runs,
        chosen=0,
        verdict=unrelated.verdict,
        comparisons=(comparison,),
    )
    judged = judge_hypotheses(TASK, baseline((0.1, 0.2)), other)
    assert [h.status for h in judged[:2]] == ["held", "held"]
