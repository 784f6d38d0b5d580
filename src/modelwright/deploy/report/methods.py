"""How was every number obtained? The methods, the seeds, and digests of what was used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelwright.deploy.report.wording import short
from modelwright.records import Bench, Estimate, Study, TaskKind, Verdict, digest


def method_lines(studies: Iterable[Study | None]) -> tuple[tuple[str, str], ...]:
    """Each method and the numbers obtained by it."""
    uses: dict[str, list[str]] = {}
    for used_for, estimate in _estimates(studies):
        names = uses.setdefault(short(estimate.method, 300), [])
        if used_for not in names:
            names.append(used_for)
    return tuple((method, "; ".join(names)) for method, names in uses.items())


def _estimates(studies: Iterable[Study | None]) -> Iterator[tuple[str, Estimate]]:
    for study in studies:
        if study is None:
            continue
        for run in study.runs:
            yield "validation scores", run.score
        for comparison in study.comparisons:
            yield "paired comparisons", comparison.difference
        if study.final is not None:
            yield "the sealed test score", study.final.test_score
            for estimate in study.final.all_scores.values():
                yield "all measures on the sealed rows", estimate


def provenance(
    bench: Bench, findings: Verdict, studies: Iterable[tuple[str, Study | None]]
) -> tuple[tuple[str, str], ...]:
    """What each artefact is called by its content (sha256), and the seeds."""
    lines = [
        ("data set (typed rows)", bench.dataset.table.digest),
        ("sealed test rows", bench.protocol.test.digest),
        ("splits", bench.protocol.splits.digest),
        ("bench (task, data, measure, plan, protocol)", digest(bench)),
        ("findings", digest(findings)),
    ]
    for name, study in studies:
        if study is not None:
            lines.append((name, digest(study)))
            if study.final is not None:
                lines.append(("model", study.final.model.digest))
                lines.append(("answers on the sealed rows", study.final.predictions.digest))
    return tuple(lines)


def seeds(bench: Bench, studies: Iterable[Study | None]) -> tuple[int, ...]:
    """Every seed used, once."""
    found = {bench.protocol.seed}
    for study in studies:
        if study is not None:
            found |= {run.recipe.seed for run in study.runs}
    return tuple(sorted(found))


def own_methods(kind: TaskKind) -> tuple[tuple[str, str], ...]:
    """How this report's own intervals, those no step recorded, were obtained."""
    if kind in ("regression", "vector_regression"):
        return (
            (
                "bootstrap over independent units of the sealed rows, 1,000 resamples, seeded",
                "mean distances, explained shares and savings",
            ),
        )
    shares = "Wilson's interval of a share; rows that are duplicates or share a group count as one"
    outcomes = (
        "2,000 seeded days drawn given the sealed rows' outcomes (Jeffreys' prior, Dirichlet and "
        "multinomial): intervals are of a single day to come"
    )
    return (
        (shares, "recall, precision, calibration and shares of right answers"),
        (outcomes, "errors and costs a day"),
    )
