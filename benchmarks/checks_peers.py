"""The peers of benchmarks/checks.py: which of their checks answers for which of our codes, asked over a pipe.

    PYTHON benchmarks/checks_peers.py deepchecks|evidently|cleanlab|skore
    PYTHON benchmarks/checks_peers.py deepchecks|evidently ROWS.parquet TARGET TIME

Runs in the peer's environment; needs pandas, pyarrow and the peer. Writes one line of JSON about itself, then
one answer for each line of JSON that it reads; or, of a file of rows, how long its nearest suite takes. Every
check has its own default settings, and the condition that the peer's own suites give it. Like our own, it
counts as having found a column's fault only when it names the column; where its answer names none, any answer
will do.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

CLASS_RATIO = 0.1
"""Deepchecks' own limit of the rarest to the most frequent class."""

Module = Any
Frame = Any
SEED = 0


@dataclass(frozen=True, kw_only=True)
class Case:
    """Rows and what is known of them.

    Args:
        classes: the target is a class. columns: what a check must name.
        entity, time: columns that say which rows belong together, and when each was.
        test_column: where its value is `test_value` a row is of the test part.
        text: the column of free text.
    """

    rows: Frame
    target: str
    classes: bool
    columns: tuple[str, ...] = ()
    entity: str = ""
    time: str = ""
    test_column: str = ""
    test_value: str = ""
    text: str = ""

    @property
    def plain(self) -> Frame:
        """The rows without the columns that only say how they hang together."""
        kept = [name for name in self.rows.columns if name not in (self.entity, self.time, self.test_column)]
        return self.rows[kept]

    @property
    def parts(self) -> tuple[Frame, Frame]:
        """What is learnt from, and what is tested on."""
        tested = (self.rows[self.test_column] == self.test_value).to_numpy()
        return self.plain[~tested], self.plain[tested]

    @property
    def early_and_late(self) -> tuple[Frame, Frame]:
        """The first three quarters in order of time, and the last."""
        order = self.rows[self.time].argsort(kind="stable").to_numpy()
        first = 3 * len(order) // 4
        return self.plain.iloc[order[:first]], self.plain.iloc[order[first:]]


def unnamed(case: Case) -> Case:
    """The same rows for a check that names no column."""
    return replace(case, columns=())


Look = Callable[[Case], bool]
Looks = dict[str, tuple[str, Look]]
"""Our code -> the peer's check in words, and whether it reports the case."""


# ------------------------------------------------------------------------------------------------ Deepchecks


def deepchecks() -> Looks:
    """Each check with the condition it has in the suites, or its own where no suite has it."""
    checks: Module = importlib.import_module("deepchecks.tabular.checks")
    dataset: Any = importlib.import_module("deepchecks.tabular").Dataset

    def of(rows: Frame, case: Case, **more: Any) -> Any:
        kind = "regression" if not case.classes else "binary"
        if case.classes and rows[case.target].nunique() > 2:
            kind = "multiclass"
        return dataset(rows.reset_index(drop=True), label=case.target, label_type=kind, **more)

    def failed(check: Any, case: Case, *sets: Any) -> bool:
        results = check.run(*sets, with_display=False).conditions_results
        failures = [one for one in results if one.category.value in ("FAIL", "WARN")]
        return any(all(name in one.details for name in case.columns) for one in failures)

    def single(make: Callable[[], Any], *, rowwise: bool = False) -> Look:
        def look(case: Case) -> bool:
            return failed(make(), unnamed(case) if rowwise else case, of(case.plain, case))

        return look

    def by_index(case: Case) -> bool:
        rows = case.plain.assign(**{case.entity: case.rows[case.entity]})
        check = checks.IdentifierLabelCorrelation().add_condition_pps_less_or_equal()
        return failed(check, case, of(rows, case, index_name=case.entity))

    def by_place(case: Case) -> bool:
        check = checks.IdentifierLabelCorrelation().add_condition_pps_less_or_equal()
        return failed(check, unnamed(case), of(case.plain, case, set_index_from_dataframe_index=True))

    def drift(halved: Callable[[Case], tuple[Frame, Frame]]) -> Look:
        def look(case: Case) -> bool:
            one, other = halved(case)
            check = checks.FeatureDrift().add_condition_drift_score_less_than()
            return failed(check, case, of(one, case), of(other, case))

        return look

    def imbalanced(case: Case) -> bool:
        # the check's own condition of 0.19.1 warns when the classes are balanced: its limit is read rightly
        shares = checks.ClassImbalance().run(of(case.plain, case), with_display=False).value
        return min(shares.values()) < CLASS_RATIO * max(shares.values())

    def outlying() -> Any:
        return checks.OutlierSampleDetection().add_condition_outlier_ratio_less_or_equal()

    return {
        "MW101": (
            "DataDuplicates",
            single(lambda: checks.DataDuplicates().add_condition_ratio_less_or_equal()),
        ),
        "MW102": (
            "FeatureLabelCorrelation",
            single(lambda: checks.FeatureLabelCorrelation().add_condition_feature_pps_less_than()),
        ),
        "MW103": (
            "MixedNulls",
            single(lambda: checks.MixedNulls().add_condition_different_nulls_less_equal_to()),
        ),
        "MW104": ("ClassImbalance", imbalanced),
        "MW105": ("IsSingleValue", single(lambda: checks.IsSingleValue().add_condition_not_single_value())),
        "MW107": (
            "ConflictingLabels",
            single(
                lambda: checks.ConflictingLabels().add_condition_ratio_of_conflicting_labels_less_or_equal()
            ),
        ),
        "MW109": ("IdentifierLabelCorrelation", by_index),
        "MW110": ("IdentifierLabelCorrelation of the row's number", by_place),
        "MW111": ("OutlierSampleDetection", single(outlying, rowwise=True)),
        "MW112": ("OutlierSampleDetection", single(outlying, rowwise=True)),
        "MW114": ("FeatureDrift", drift(lambda case: case.parts)),
        "MW116": ("FeatureDrift, late against early", drift(lambda case: case.early_and_late)),
    }


# ------------------------------------------------------------------------------------------------- Evidently


def evidently() -> Looks:
    """Metrics with the tests that include_tests=True gives them, and three of the older test suites."""
    core: Module = importlib.import_module("evidently")
    metrics: Module = importlib.import_module("evidently.metrics")
    presets: Module = importlib.import_module("evidently.presets")
    older: Module = importlib.import_module("evidently.legacy.tests")
    suite: Any = importlib.import_module("evidently.legacy.test_suite").TestSuite
    mapping: Any = importlib.import_module("evidently.legacy.pipeline.column_mapping").ColumnMapping

    def of(rows: Frame) -> Any:
        return core.Dataset.from_pandas(rows, data_definition=core.DataDefinition())

    def failures(parts: list[Any], rows: Frame, reference: Frame | None = None) -> list[str]:
        report = core.Report(parts, include_tests=True)
        told = report.run(of(rows), None if reference is None else of(reference)).dict()["tests"]
        return [one["name"] for one in told if one["status"].value == "FAIL"]

    def fails(*parts: Any) -> Look:
        return lambda case: bool(failures(list(parts), case.plain))

    def missing(case: Case) -> bool:
        looked = case.columns or tuple(name for name in case.plain.columns if name != case.target)
        return bool(failures([metrics.MissingValueCount(column=name) for name in looked], case.plain))

    def drift(halved: Callable[[Case], tuple[Frame, Frame]]) -> Look:
        def look(case: Case) -> bool:
            reference, current = halved(case)
            names = [name for name in reference.columns if not is_free_text(reference[name])]
            told = failures([presets.DataDriftPreset(columns=names)], current, reference)
            drifted = [name for name in told if name.startswith("Value Drift for column ")]
            wanted = [f"Value Drift for column {name}" for name in case.columns]
            return set(wanted) <= set(drifted) if wanted else bool(drifted)

        return look

    def old(test: Callable[[], Any]) -> Look:
        def look(case: Case) -> bool:
            run = suite(tests=[test()])
            task = "classification" if case.classes else "regression"
            columns = mapping(target=case.target, task=task)
            run.run(reference_data=None, current_data=case.plain.copy(), column_mapping=columns)
            return run.as_dict()["tests"][0]["status"] == "FAIL"

        return look

    constant = fails(metrics.ConstantColumnsCount(), metrics.AlmostConstantColumnsCount())
    return {
        "MW101": ("DuplicatedRowCount", fails(metrics.DuplicatedRowCount())),
        "MW102": ("TestTargetFeaturesCorrelations", old(older.TestTargetFeaturesCorrelations)),
        "MW103": ("MissingValueCount", missing),
        "MW105": ("ConstantColumnsCount, AlmostConstantColumnsCount", constant),
        "MW107": ("TestConflictTarget", old(older.TestConflictTarget)),
        "MW114": ("DataDriftPreset", drift(lambda case: case.parts)),
        "MW116": ("DataDriftPreset, late against early", drift(lambda case: case.early_and_late)),
    }


def is_free_text(values: Any) -> bool:
    """Words different in most rows: Evidently trains a thousand classifiers to compare two such columns."""
    return values.dtype.kind == "O" and values.nunique() > len(values) / 2


# -------------------------------------------------------------------------------------------------- cleanlab


def cleanlab() -> Looks:
    """Datalab's issues. Features: numbers standardised, words one-hot, texts TF-IDF in 100 dimensions."""
    lab: Any = importlib.import_module("cleanlab").Datalab
    return {
        "MW101": ("near_duplicate", issue(lab, "near_duplicate")),
        "MW103": ("null", issue(lab, "null")),
        "MW104": ("class_imbalance", issue(lab, "class_imbalance")),
        "MW106": ("near_duplicate", issue(lab, "near_duplicate")),
        "MW107": ("label", issue(lab, "label")),
        "MW110": ("non_iid", issue(lab, "non_iid")),
        "MW111": ("outlier", issue(lab, "outlier")),
        "MW112": ("outlier", issue(lab, "outlier")),
    }


def issue(lab: Any, kind: str) -> Look:
    """Whether Datalab reports one issue of this kind at least."""

    def look(case: Case) -> bool:
        answers = case.rows[case.target]
        answers = answers.astype(str) if case.classes else answers.astype(float)
        task = "classification" if case.classes else "regression"
        found = lab(data={"answer": answers.to_numpy()}, label_name="answer", task=task)
        features = features_of(case, keep_missing=kind == "null")
        given = {"pred_probs": guessed(features, answers)} if kind == "label" else {"features": features}
        found.find_issues(**given, issue_types={kind: {}})
        return int(found.get_issue_summary()["num_issues"].sum()) > 0

    return look


def features_of(case: Case, *, keep_missing: bool) -> Any:
    """The inputs as numbers, (rows, features)."""
    pandas: Module = importlib.import_module("pandas")
    inputs = case.plain.drop(columns=[case.target])
    parts: list[Any] = []
    for name in inputs.columns:
        values = inputs[name]
        if name == case.text:
            parts.append(text_features(values))
        elif pandas.api.types.is_numeric_dtype(values):
            numbers = values.astype(float)
            filled = numbers if keep_missing else numbers.fillna(numbers.median())
            parts.append(((filled - filled.mean()) / (filled.std() or 1.0)).to_numpy()[:, None])
        elif values.nunique() <= 50:
            parts.append(pandas.get_dummies(values).to_numpy(dtype=float))
    return np.hstack(parts)


def text_features(texts: Any) -> Any:
    """TF-IDF, turned into 100 dimensions: (rows, 100)."""
    words: Any = importlib.import_module("sklearn.feature_extraction.text").TfidfVectorizer()
    fewer: Any = importlib.import_module("sklearn.decomposition").TruncatedSVD(100, random_state=SEED)
    return fewer.fit_transform(words.fit_transform(texts))


def guessed(features: Any, answers: Any) -> Any:
    """Out-of-fold probabilities of a logistic regression: (rows, classes)."""
    linear: Any = importlib.import_module("sklearn.linear_model").LogisticRegression(max_iter=1_000)
    folds: Any = importlib.import_module("sklearn.model_selection").cross_val_predict
    return folds(linear, features, answers.to_numpy(), cv=5, method="predict_proba")


# ----------------------------------------------------------------------------------------------------- skore


def skore() -> Looks:
    """The checks of an evaluated skrub.tabular_pipeline, a fifth of the rows held out."""
    evaluate: Any = importlib.import_module("skore").evaluate
    pipeline: Any = importlib.import_module("skrub").tabular_pipeline
    known = {f"SKD{number:03d}" for number in range(1, 17)}

    def told(code: str, *, rowwise: bool = False) -> Look:
        def look(case: Case) -> bool:
            model = pipeline("classifier" if case.classes else "regressor")
            rows = case.plain
            report = evaluate(model, rows.drop(columns=[case.target]), rows[case.target], splitter=0.2)
            told = report.checks.summarize(ignore=sorted(known - {code})).frame()
            told = told[(told["code"] == code) & told["section"].isin(["issue", "tip"])]
            names = () if rowwise else case.columns
            return bool(len(told)) and all(name in str(told["explanation"].iloc[0]) for name in names)

        return look

    return {
        "MW102": ("SKD011 golden feature", told("SKD011")),
        "MW104": ("SKD004 high class imbalance", told("SKD004", rowwise=True)),
        "MW105": ("SKD012 useless features", told("SKD012")),
    }


# ---------------------------------------------------------------------------------------------- the other end

PEERS: dict[str, tuple[Callable[[], Looks], tuple[str, ...]]] = {
    "deepchecks": (deepchecks, ("deepchecks", "numpy", "pandas", "scikit-learn")),
    "evidently": (evidently, ("evidently", "numpy", "pandas", "scikit-learn")),
    "cleanlab": (cleanlab, ("cleanlab", "numpy", "pandas", "scikit-learn")),
    "skore": (skore, ("skore", "skrub", "numpy", "pandas", "scikit-learn")),
}


def case_of(request: dict[str, Any]) -> Case:
    """The rows of a request, read."""
    pandas: Module = importlib.import_module("pandas")
    choices = request["choices"]
    return Case(
        rows=pandas.read_parquet(request["path"]),
        target=request["target"],
        classes=request["classes"],
        columns=tuple(request["columns"]),
        entity=request["entity"],
        time=choices.get("time", ""),
        test_column=choices.get("test_column", ""),
        test_value=choices.get("test_value", ""),
        text=request["text"],
    )


def answered(looks: Looks, request: dict[str, Any]) -> dict[str, Any]:
    """What each check asked about says; an error is said, and is no finding."""
    case = case_of(request)
    told: dict[str, bool | None] = {}
    errors: dict[str, str] = {}
    for code in request["codes"]:
        if not applies(code, case):
            told[code] = None
            continue
        try:
            told[code] = bool(looks[code][1](case))
        except Exception as problem:  # noqa: BLE001  # a peer may fail in any way: it is said and counted
            told[code], errors[code] = None, f"{type(problem).__name__}: {problem}"[:300]
    return {"told": told, "errors": errors}


def applies(code: str, case: Case) -> bool:
    """Whether the case has what our own check of this code needs to look at."""
    needs = {
        "MW104": case.classes,
        "MW107": case.classes,
        "MW106": case.text,
        "MW109": case.entity,
        "MW114": case.test_column,
        "MW116": case.time,
    }
    return bool(needs.get(code, True))


def deepchecks_suite(rows: Frame, target: str, time_column: str) -> Callable[[], Any]:
    """The data integrity suite."""
    dataset: Any = importlib.import_module("deepchecks.tabular").Dataset
    suite: Any = importlib.import_module("deepchecks.tabular.suites").data_integrity()
    given = dataset(rows, label=target, label_type="binary", datetime_name=time_column)
    return lambda: suite.run(given, with_display=False)


def evidently_presets(rows: Frame, target: str, time_column: str) -> Callable[[], Any]:
    """The data summary and the drift preset, the first half the reference of the second."""
    core: Module = importlib.import_module("evidently")
    presets: Module = importlib.import_module("evidently.presets")
    half = len(rows) // 2
    rows = rows.drop(columns=[time_column])
    parts = [
        core.Dataset.from_pandas(one, data_definition=core.DataDefinition())
        for one in (rows.iloc[half:], rows.iloc[:half])
    ]
    report = core.Report([presets.DataSummaryPreset(), presets.DataDriftPreset()], include_tests=True)
    return lambda: report.run(*parts).dict()


SUITES: dict[str, tuple[str, Callable[[Frame, str, str], Callable[[], Any]]]] = {
    "deepchecks": ("data_integrity suite", deepchecks_suite),
    "evidently": ("DataSummaryPreset and DataDriftPreset, second half against first", evidently_presets),
}


def timed(name: str, path: str, target: str, time_column: str) -> dict[str, Any]:
    """Seconds of a peer's nearest suite, its import and the reading of the rows apart."""
    pandas: Module = importlib.import_module("pandas")
    run = SUITES[name][1](pandas.read_parquet(path), target, time_column)
    began = time.perf_counter()
    run()
    packages = PEERS[name][1]
    return {
        "what": SUITES[name][0],
        "seconds": round(time.perf_counter() - began, 2),
        "versions": {package: importlib.metadata.version(package) for package in packages},
    }


def main() -> None:
    """Say who is here, then answer."""
    warnings.filterwarnings("ignore")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a peer prints is no answer
    if sys.argv[2:]:
        print(json.dumps(timed(*sys.argv[1:5])), file=answers, flush=True)
        return
    make, packages = PEERS[sys.argv[1]]
    looks = make()
    about = {
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "python": sys.version.split()[0],
        "checks": {code: words for code, (words, _) in looks.items()},
    }
    print(json.dumps(about), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(answered(looks, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
