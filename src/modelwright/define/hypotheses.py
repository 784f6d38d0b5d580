"""What does every project bet on, and how do the bets stand? (section 6.1.1)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from modelwright.records import Comparison, Final, Hypothesis, HypothesisStatus, Study, Task

PREDICTABLE = "The targets can be predicted from the inputs."
INFORMATIVE = "The available data is informative enough to learn the relationship between inputs and targets."
COMMON_HYPOTHESES = (PREDICTABLE, INFORMATIVE)
"""The two bets of every task, in the words of section 6.1.1."""


def judge_hypotheses(
    task: Task, baseline: Study, tuned: Study, confirmed: Study | None = None
) -> tuple[Hypothesis, ...]:
    """The task's hypotheses with the two common ones held, falsified or undecided; others stay as they are.

    "Can be predicted" asks whether any model did better than common sense in validation, by the paired
    interval. "Informative enough" asks more: that the tuned model did, and that the rows nobody had seen
    agree.
    """
    judged = {
        PREDICTABLE: _predictable(baseline, tuned),
        INFORMATIVE: _informative(baseline, tuned, confirmed),
    }
    return tuple(judged.get(hypothesis.text, hypothesis) for hypothesis in task.hypotheses)


def _predictable(baseline: Study, tuned: Study) -> Hypothesis:
    return _standing(PREDICTABLE, _against_common_sense(baseline, baseline, tuned))


def _informative(baseline: Study, tuned: Study, confirmed: Study | None) -> Hypothesis:
    """Judged on the chosen model's gain; the sealed rows may take back what validation promised."""
    studies = (tuned,) if confirmed is None else (confirmed, tuned)
    names = {tuned.best.recipe.name}
    gains = [gain for gain in _against_common_sense(baseline, *studies) if gain.challenger in names]
    hypothesis = _standing(INFORMATIVE, gains or _against_common_sense(baseline, baseline))
    if confirmed is None or confirmed.final is None:
        return hypothesis
    sealed = _sealed_words(confirmed.final)
    overlap = _overlap(confirmed.final)
    status: HypothesisStatus = hypothesis.status
    if hypothesis.status == "held" and (overlap or not confirmed.final.kept_promise):
        status = "undecided"
    return replace(hypothesis, status=status, evidence=f"{hypothesis.evidence}; {sealed}")


def _against_common_sense(baseline: Study, *studies: Study) -> list[Comparison]:
    """Comparisons of a learnt model with an answer that needs no learning."""
    sensible = {run.recipe.name for run in baseline.runs if run.recipe.family in ("prior", "existing")}
    learnt = [comparison for study in studies for comparison in study.comparisons]
    return [c for c in learnt if c.champion in sensible and c.challenger not in sensible]


def _standing(text: str, gains: Sequence[Comparison]) -> Hypothesis:
    """Held when some paired interval lies above zero, falsified when all lie at or below it."""
    if not gains:
        return Hypothesis(text=text, status="undecided", evidence="no model was compared with common sense")
    best = max(gains, key=lambda gain: (gain.better, gain.difference.low))
    if best.better:
        return Hypothesis(text=text, status="held", evidence=f"{_words(best)}: better")
    if all(gain.difference.high <= 0 for gain in gains):
        return Hypothesis(text=text, status="falsified", evidence=f"{_words(best)}: no better")
    return Hypothesis(
        text=text, status="undecided", evidence=f"{_words(best)}: the interval does not exclude zero"
    )


def _words(comparison: Comparison) -> str:
    gain = comparison.difference
    return (
        f"{comparison.challenger} against {comparison.champion} in validation: {gain.value:+.4g} "
        f"({gain.level:.0%} interval {gain.low:+.4g} to {gain.high:+.4g}, positive is better)"
    )


def _sealed_words(final: Final) -> str:
    score, bar = final.test_score, final.baseline_score
    kept = "kept its promise" if final.kept_promise else "fell short of its promise"
    return (
        f"on {final.test_rows:,} sealed rows the model scored {score.value:.4g} ({score.low:.4g} to "
        f"{score.high:.4g}) against {bar.value:.4g} ({bar.low:.4g} to {bar.high:.4g}), and {kept}"
    )


def _overlap(final: Final) -> bool:
    """Whether the intervals of model and baseline on the sealed rows meet."""
    score, bar = final.test_score, final.baseline_score
    return score.low <= bar.high and bar.low <= score.high
