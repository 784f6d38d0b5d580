"""What is the answer, in one sentence, and may it be trusted?"""

from __future__ import annotations

from dataclasses import dataclass

from modelwright.deploy.report.binary import binary_outcome
from modelwright.deploy.report.blocks import Figure, Outcome
from modelwright.deploy.report.classes import classes_outcome
from modelwright.deploy.report.figures import estimate_words
from modelwright.deploy.report.forest import Row, forest
from modelwright.deploy.report.sealed import Sealed
from modelwright.deploy.report.values import values_outcome
from modelwright.deploy.report.wording import listed, quoted, short
from modelwright.records import Bench, Final, Study

NOT_YET = "Machine learning does not help here (yet)"

_PROMISE = {
    True: "Promise kept.",
    False: "Promise not kept: trust the sealed score; the validation rows were probably fitted too closely.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What stands at the top of the report.

    Args:
        helps: whether a model is clearly better than common sense.
        does: what the model does. headline: how good it is. price: what its errors cost; a sentence each, the
        last empty where no model was confirmed.
        explained: what that rests on, in a sentence or two.
        facts: figures in words.
    """

    helps: bool
    does: str
    headline: str
    price: str = ""
    explained: str
    facts: tuple[str, ...] = ()
    hero: tuple[Figure, ...] = ()


def sealed_outcome(bench: Bench, final: Final, sealed: Sealed) -> Outcome:
    """The sealed rows, told for the kind of task."""
    if bench.task.kind == "binary":
        return binary_outcome(bench, final, sealed)
    return classes_outcome(bench, sealed) if bench.dataset.classes else values_outcome(bench, sealed)


def answered(bench: Bench, baseline: Study, confirmed: Study, outcome: Outcome) -> Answer:
    """The answer of a finished workflow."""
    final = _final(confirmed)
    helps = _helps(bench, baseline, confirmed)
    measure = short(bench.measure.title)
    explained = (
        f"{measure} on rows nobody had seen: {estimate_words(final.test_score)}; common sense, on the same "
        f"rows: {estimate_words(final.baseline_score)}."
    )
    promise = f"{_PROMISE[final.kept_promise]} {_sentence(final.promise)}"
    return Answer(
        helps=helps,
        does=_does(bench),
        price=outcome.price,
        headline=outcome.headline if helps else f"{NOT_YET}. {outcome.headline}",
        explained=promise if helps else f"{promise} {explained} That may be chance.",
        facts=outcome.facts,
        hero=(_score_figure(bench, final), *outcome.hero),
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def ended_early(bench: Bench, baseline: Study) -> Answer:
    """The answer of a workflow that stopped before the sealed test part was opened."""
    best = baseline.best
    measure = short(bench.measure.title)
    explained = (
        f"The best common-sense answer, {short(best.recipe.name)}, reaches {measure} "
        f"{estimate_words(best.score)} on the validation rows. The sealed test part has not been opened."
    )
    if baseline.verdict.answer == "yes":
        headline = (
            "A simple model beats common sense, but no model has been confirmed on the sealed test part yet."
        )
        return Answer(helps=True, does=_does(bench), headline=headline, explained=explained)
    clearly = "is not better" if baseline.verdict.answer == "no" else "is not clearly better"
    headline = f"{NOT_YET}: a model trained on these columns {clearly} than common sense."
    return Answer(helps=False, does=_does(bench), headline=headline, explained=explained)


def _does(bench: Bench) -> str:
    """What is asked of a model, in one sentence."""
    read, classes = bench.dataset.features, bench.dataset.classes
    names = listed([quoted(column.name, 24) for column in read], 3)
    given = f"From {names}" if len(read) <= 3 else f"From {len(read)} columns ({names})"
    if bench.task.kind == "binary":
        return f"{given} it says whether a case is {quoted(classes[1])} or {quoted(classes[0])}."
    targets = listed([quoted(name, 24) for name in bench.task.targets], 3)
    if classes:
        return f"{given} it says which of {len(classes)} classes the {targets} of a case is."
    return f"{given} it estimates {targets}."


def _final(confirmed: Study) -> Final:
    assert confirmed.final is not None, "confirm always leaves a final"
    return confirmed.final


def _helps(bench: Bench, baseline: Study, confirmed: Study) -> bool:
    """Beats the bar in development beyond doubt, and is not behind it on the sealed rows."""
    final = _final(confirmed)
    sign = 1.0 if bench.measure.goal == "maximise" else -1.0
    ahead = sign * (final.test_score.value - final.baseline_score.value) > 0
    bar = baseline.best.recipe.name
    against_bar = [c for c in confirmed.comparisons if c.champion == bar]
    return ahead and (any(c.better for c in against_bar) if against_bar else _apart(final, sign))


def _apart(final: Final, sign: float) -> bool:
    test, baseline = final.test_score, final.baseline_score
    return test.low > baseline.high if sign > 0 else test.high < baseline.low


def _before_correction(final: Final) -> list[Row]:
    account = final.account
    if account is None or account.candidates < 2:
        return []
    return [Row(label=f"best of {account.candidates}, as scored", score=account.raw)]


def _score_figure(bench: Bench, final: Final) -> Figure:
    rows = [
        Row(label="common sense", score=final.baseline_score, kind="baseline"),
        *_before_correction(final),
        Row(label="model, promised", score=final.validation_score),
        Row(label="model, sealed rows", score=final.test_score, kind="sealed"),
    ]
    measure, maximise = short(bench.measure.title, 32), bench.measure.goal == "maximise"
    return Figure(
        title="What was promised, and what came",
        caption="Common sense and the model on the sealed rows, and what development promised: the best "
        "score in validation, corrected for having been picked. Dots are scores, lines their 95% intervals.",
        picture=forest(rows, measure, maximise=maximise, whole=True),
        narrow=forest(rows, measure, maximise=maximise, whole=True, narrow=True),
        size="wide",
    )
