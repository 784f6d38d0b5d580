"""Card, DataCard, Release, Site, Certificate: a model told to its stakeholders, and fit for the outside."""

from __future__ import annotations

from dataclasses import field

from modelwright.records._blob import Blob
from modelwright.records._device import Rounded
from modelwright.records._optimised import Optimised, Variant
from modelwright.records._study import Family
from modelwright.records._task import Target
from modelwright.records._verdict import Estimate, Verdict
from modelwright.records._wire import record

OUT_OF_REACH: dict[Target, dict[Family, str]] = {"device": {"trees": "LiteRT has no operator for a tree"}}
"""Target -> the families whose models cannot go there, and why."""


@record
class Card:
    """The report for stakeholders.

    Args:
        report: the bytes of ``report.html``.
        headline: the result in one sentence.
        facts: the figures behind it, in words (errors per day, cost).
        model_card: the bytes of ``model-card.md``; None where no model was confirmed.
    """

    report: Blob
    headline: str
    facts: tuple[str, ...] = ()
    model_card: Blob | None = None


@record
class DataCard:
    """The data files, described for other tools.

    Args:
        croissant: the bytes of ``croissant.json``.
        unknown: what the standard asks for and nobody has said.
    """

    croissant: Blob
    unknown: tuple[str, ...]


@record
class Leakage:
    """What a model made by a recipe tells of the rows it was trained on.

    Args:
        rows: whose membership was guessed, half of them trained on. references: models that calibrated the
            guesses.
        area: ROC AUC of the guesses; 0.5 tells nothing. found: members found where one in a hundred others is
            taken for one; 0.01 tells nothing.
        epsilon: privacy was lost by at least so much, with 95% confidence: right guesses among the `guessed`
            surest ones are `right`. allowed: the most that the task allows.
    """

    rows: int
    references: int
    area: Estimate
    found: Estimate
    guessed: int
    right: int
    epsilon: float
    allowed: float
    verdict: Verdict

    @property
    def leaks(self) -> bool:
        """Whether more was shown to leak than is allowed."""
        return self.epsilon > self.allowed


@record
class Release:
    """A confirmed model that answers raw rows alone.

    Args:
        name: a version label from the content, e.g. ``spam-3fa9c1d2``.
        files: the release folder, file name -> content.
        parity_rows: rows compared. parity_max_difference: the largest difference, in probability or
            in standard deviations of the target.
        form: what was made of the model before it was shipped; None where it is shipped as trained.
    """

    name: str
    files: dict[str, Blob]
    parity_rows: int
    parity_max_difference: float
    size_bytes: int
    form: Variant | None = None


@record
class Site:
    """A release as a static folder that answers in the visitor's browser.

    Args:
        name: the release's version label.
        files: the folder, file name -> content.
    """

    name: str
    files: dict[str, Blob]
    size_bytes: int


@record
class Answerer:
    """What answered the rows of a certificate, and how far from the trained model.

    Args:
        target: what was shipped. release: its version label. program: what answered there, with its version.
        form: in which the model went there; one with integer weights is held to its own answers here.
        model: sha256 of the model's file that it runs.
        max_difference: in probability, or in standard deviations of the target.
        disagreements: rows with another class than the trained model's: none but those within the limit of
            the threshold. None where there are no classes.
        unanswered: rows that neither the trained model nor this place has a finite answer for.
    """

    target: Target
    release: str
    form: str
    program: str
    model: str
    max_difference: float
    disagreements: int | None
    unanswered: int


@record
class Certificate:
    """The same raw rows, answered by the trained model and in every place it was shipped to.

    Args:
        release: the version label.
        rows: how many were asked. limit: the largest difference allowed.
        answerers: where, apart from the trained model.
        unproved: target -> why nothing was proved there, in the words of who shipped it.
        forms: target -> the forms that were looked at for it; empty where the model goes as trained.
        leakage: what an audit found that the model tells of the rows it learnt from; None where it stays in
            the house. accepted_leakage: why it leaves nevertheless, in the words of who shipped it.
        unaudited: why it leaves without an audit; empty where there was one, or it stays.
        rounded: what the device's int8 file answers; None where there is none.
    """

    release: str
    rows: int
    limit: float
    answerers: tuple[Answerer, ...]
    unproved: dict[str, str]
    forms: dict[Target, Optimised] = field(default_factory=dict[Target, Optimised])
    leakage: Leakage | None = None
    accepted_leakage: str = ""
    unaudited: str = ""
    rounded: Rounded | None = None
