"""Recipe, Run and Study: a candidate, how it did, and what a set of runs answered."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from modelwright.records._blob import Blob
from modelwright.records._verdict import Estimate, Verdict
from modelwright.records._wire import record

Family = Literal["prior", "existing", "linear", "trees", "network", "yours"]
Choice = float | int | str | bool


@record
class Recipe:
    """Everything needed to build and train one candidate.

    Args:
        family: ``prior`` (most frequent class, mean), ``existing`` (today's solution), ``linear``,
            ``trees`` (LightGBM), ``network`` (Keras), ``yours`` (a user's Keras build function).
        name: shown to people, unique within a study.
        choices: the family's hyperparameters, each a plain value.
        code, function: source text of the user's file and the function's name (``yours`` and a
            function as ``existing``).
    """

    family: Family
    name: str
    choices: dict[str, Choice] = field(default_factory=dict[str, Choice])
    code: str = ""
    function: str = ""
    seed: int = 0


@record
class Run:
    """How one recipe did on one bench.

    Args:
        score: the measure over all validation rows, with its interval.
        fold_scores: the measure of each split. train_score: mean over splits, on the rows trained on.
        predictions: float64 array (rows, repeats, outputs): each row's validation predictions, one a
            repeat of the protocol; NaN where the row was never validated.
        curves: float32 array (epochs, 2): training and validation loss, where training has epochs.
        parameters: trainable numbers of the model; 0 where that means nothing.
        best_epochs: epochs, trees or iterations at the best validation loss, mean over splits.
        notes: what training did otherwise than usual, and why.
    """

    recipe: Recipe
    score: Estimate
    fold_scores: tuple[float, ...] = ()
    train_score: float | None = None
    predictions: Blob
    curves: Blob | None = None
    parameters: int = 0
    best_epochs: int = 0
    notes: tuple[str, ...] = ()


@record
class Failure:
    """A candidate that could not be trained, and why."""

    recipe: Recipe
    reason: str


@record
class Comparison:
    """Is `challenger` better than `champion`? Paired, in the measure's unit, positive = better."""

    challenger: str
    champion: str
    difference: Estimate
    better: bool


@record
class Account:
    """How often the validation rows of a bench were looked at, and what the best score is worth after that.

    Args:
        bench: digest of the Bench.
        looks: candidates scored on validation rows, those of comparisons (`Lab`) included.
        candidates: those among which the correction picks: scored on all validation rows of the bench.
        raw: the chosen run's score. corrected: what to expect of a candidate picked among so many.
    """

    bench: str
    looks: int
    candidates: int
    raw: Estimate
    corrected: Estimate


@record
class Opening:
    """One look at the sealed test part.

    Args:
        opener: digest of the model it was opened for. who: the user's name on that machine.
        reason: why it was opened again; empty for the first look.
    """

    opener: str
    who: str
    reason: str
    opened_utc: str


@record
class Growth:
    """How a score grew with the rows trained on, and what twice as many would be worth.

    Args:
        rows: trained on, rising; the last is all. scores: with each of them, on the same validation rows.
        doubled: expected gain from doubling the rows, in the measure's unit, positive = better.
    """

    rows: tuple[int, ...]
    scores: tuple[Estimate, ...]
    doubled: Estimate
    verdict: Verdict


@record
class Final:
    """The chosen recipe trained on all rows but the test part, and the one look at the test part.

    Args:
        model: a trained model as bytes (`engine.load` reads it).
        test_score: the measure on the sealed rows. validation_score: what development promised, corrected
            for having picked the best of many where an account was kept.
        kept_promise: False when the test score is significantly worse than validation promised.
        threshold: binary: a row is answered positive from this probability on. threshold_reason: why.
        all_scores: every applicable built-in measure on the test rows, by name.
        predictions: float64 array (test_rows, outputs), in the order of `Protocol.test`.
        todays: the same of the existing solution; None where there is none.
    """

    recipe: Recipe
    model: Blob
    rows: int
    test_rows: int
    test_score: Estimate
    validation_score: Estimate
    baseline_score: Estimate
    kept_promise: bool
    promise: str
    threshold: float | None = None
    threshold_reason: str = ""
    all_scores: dict[str, Estimate] = field(default_factory=dict[str, Estimate])
    predictions: Blob
    todays: Blob | None = None
    account: Account | None = None


@record
class Study:
    """Runs made on one bench to answer one question, and the chosen one.

    Args:
        bench: digest of the Bench.
        chosen: index into `runs`.
        final: only for `confirm`.
    """

    question: str
    bench: str
    runs: tuple[Run, ...]
    chosen: int
    verdict: Verdict
    comparisons: tuple[Comparison, ...] = ()
    failures: tuple[Failure, ...] = ()
    final: Final | None = None

    @property
    def best(self) -> Run:
        """The chosen run."""
        return self.runs[self.chosen]
