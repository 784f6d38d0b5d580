"""Are the report's pictures and numbers right, readable and safe?"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from modelwright.deploy.report import cases, density, figures, matrix, rates, wording
from modelwright.deploy.report.axes import nice_ticks, scale, tick_words
from modelwright.deploy.report.chart import Axis, Mark, Series, chart, spread, thinned
from modelwright.deploy.report.forest import Row, forest
from modelwright.deploy.report.history import history
from modelwright.deploy.report.lettering import fitted, text_width
from modelwright.records import Blob, Costs, Estimate, Recipe, Run

SVG = "{http://www.w3.org/2000/svg}"
EVIL = '<script>alert("x")</script> & \u202e "\x00'


def estimate(value: float, half: float = 0.02) -> Estimate:
    return Estimate(value=value, low=value - half, high=value + half, method="m")


def parsed(picture: str) -> ElementTree.Element:
    """The picture as XML: it must be well formed, titled and described."""
    root = ElementTree.fromstring(picture)
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None
    return root


def written(root: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def boxes_of_text(root: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    """(left, top, right, bottom) of every unrotated text, by its estimated width."""
    found: list[tuple[float, float, float, float]] = []

    def walk(node: ElementTree.Element, lifted: float) -> None:
        moved = node.get("transform", "")
        if "rotate" in moved:
            return
        lift = lifted + float(moved.split()[1].rstrip(")")) if moved.startswith("translate") else lifted
        if node.tag == f"{SVG}text":
            size = 11.0 if any(k in node.get("class", "") for k in ("tick", "axis")) else 12.0
            width = text_width(node.text or "", size) * 0.95
            start = float(node.get("x", "0")) - {"middle": width / 2, "end": width}.get(
                node.get("text-anchor", ""), 0
            )
            bottom = float(node.get("y", "0")) + lift
            found.append((start, bottom - 0.72 * size, start + width, bottom))
        for child in node:
            walk(child, lift)

    walk(root, 0.0)
    return found


def overlaps(root: ElementTree.Element) -> int:
    boxes = boxes_of_text(root)
    pairs = ((a, b) for i, a in enumerate(boxes) for b in boxes[:i])
    return sum(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for a, b in pairs)


def runs(count: int, seed: int = 0) -> list[Run]:
    generator = np.random.default_rng(seed)
    families = ("linear", "trees", "network")
    return [
        Run(
            recipe=Recipe(family=families[i % 3], name=f"{families[i % 3]} {i}"),
            score=estimate(float(generator.normal(0.9, 0.02))),
            predictions=Blob(digest="", kind="array", size_bytes=0),
        )
        for i in range(count)
    ]


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0.31, 0.79), (-3, 17), (1e-7, 9e-7), (12_345, 98_765), (0, 3.2e9)]
)
def test_ticks_are_few_round_and_inside(low: float, high: float) -> None:
    ticks = nice_ticks(low, high)
    assert 3 <= len(ticks) <= 8
    assert all(low - 1e-9 * high <= tick <= high * (1 + 1e-9) for tick in ticks)
    assert len(set(tick_words(ticks))) == len(ticks)
    step = ticks[1] - ticks[0]
    assert float(f"{step:.0e}".split("e")[0]) in (1, 2, 5)


def test_a_scale_of_one_number_still_has_a_middle() -> None:
    flat = scale(5, 5, 0, 100)
    assert flat(5) == 50
    assert scale(math.nan, math.inf, 0, 100)(0.5) == 50


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("maximise", [False, True])
def test_forest_shows_every_run_with_its_interval_and_no_text_overlaps(narrow: bool, maximise: bool) -> None:
    rows = [
        Row(label=f"a run with a rather long name, number {i}", score=estimate(0.8 + i / 100))
        for i in range(9)
    ]
    rows.append(Row(label="common sense", score=estimate(0.7), kind="baseline"))
    root = parsed(forest(rows, "ROC AUC", maximise=maximise, narrow=narrow))
    assert overlaps(root) == 0
    assert len(list(root.iter(f"{SVG}circle"))) == 10
    assert any("better" in text for text in written(root))


def test_forest_points_an_arrow_at_a_hopeless_run() -> None:
    rows = [Row(label=f"{i}", score=estimate(0.9, 0.01)) for i in range(5)]
    hopeless = Row(label="diverged", score=estimate(-1e6, 10.0), kind="baseline")
    root = parsed(forest([hopeless, *rows], "R²", maximise=True))
    assert len([p for p in root.iter(f"{SVG}path") if "arrow" in p.get("class", "")]) == 1


def test_forest_bears_scores_that_are_not_known() -> None:
    unknown = Estimate(value=math.nan, low=math.nan, high=math.nan, method="m")
    root = parsed(forest([Row(label="none", score=unknown)], "F1", maximise=True))
    assert "nan" not in ElementTree.tostring(root, encoding="unicode").lower()


@pytest.mark.parametrize("narrow", [False, True])
def test_history_marks_the_chosen_run_and_draws_the_best_so_far(narrow: bool) -> None:
    tried = runs(40)
    chosen = int(np.argmax([run.score.value for run in tried]))
    root = parsed(history(tried, "accuracy", chosen, maximise=True, narrow=narrow))
    assert overlaps(root) == 0
    assert len([c for c in root.iter(f"{SVG}circle") if "chosen-ring" in c.get("class", "")]) == 1
    assert len([p for p in root.iter(f"{SVG}path") if "best" in p.get("class", "")]) == 1


def test_history_of_ten_thousand_runs_stays_small() -> None:
    assert len(history(runs(10_000), "accuracy", 9_999, maximise=True)) < 120_000


@pytest.mark.parametrize("classes", [2, 3, 5, 7, 12])
def test_matrix_holds_every_count_and_no_text_overlaps(classes: int) -> None:
    counts = np.arange(classes * classes, dtype=np.int64).reshape(classes, classes) + 100
    root = parsed(matrix.matrix(counts, [f"class number {i}" for i in range(classes)]))
    assert overlaps(root) == 0
    assert {str(count) for count in counts.ravel()} <= set(written(root))


def test_matrix_shows_hostile_and_long_names_escaped() -> None:
    counts = np.array([[3, 1], [0, 2_000_000]])
    root = parsed(matrix.matrix(counts, [EVIL, "x" * 4000]))
    assert any(text.startswith("<script>") for text in written(root))
    assert max(map(len, written(root))) < 60


@pytest.mark.parametrize("lowest", [0, 3, 10, 19])
def test_curves_name_their_lines_and_the_lowest_point_without_overlap(lowest: int) -> None:
    epochs = np.arange(20.0)
    lines = [
        Series(points=np.column_stack([epochs, 1 / (epochs + 1)]), label="training", kind="quiet"),
        Series(points=np.column_stack([epochs, 1 / (epochs + 1) + 0.001]), label="validation"),
    ]
    picture = chart(
        "t",
        "d",
        lines,
        Axis(title="epoch", low=0, high=19),
        Axis(title="loss", low=0, high=1),
        marks=[Mark(x=lowest, y=0.5, label=f"lowest: epoch {lowest}")],
    )
    root = parsed(picture)
    assert overlaps(root) == 0
    assert {"training", "validation", f"lowest: epoch {lowest}"} <= set(written(root))


def test_labels_are_spread_apart_and_stay_inside() -> None:
    placed = spread([50, 51, 52, 10], 14, 0, 60)
    assert sorted(np.diff(sorted(placed)))[0] >= 14
    assert min(placed) >= 0
    assert max(placed) <= 60


def test_thinning_keeps_both_ends() -> None:
    points = np.column_stack([np.arange(10_000.0), np.arange(10_000.0)])
    kept = thinned(points)
    assert len(kept) <= 240
    assert (kept[[0, -1]] == points[[0, -1]]).all()


def test_sweep_gives_the_areas_that_scikit_learn_gives() -> None:
    generator = np.random.default_rng(1)
    truth = (generator.random(500) < 0.2).astype(np.int64)
    probability = np.round(np.clip(0.3 * truth + generator.normal(0.3, 0.2, 500), 0, 1), 2)
    _, hits, alarms = rates._sweep(truth, probability)
    recall, false_rate = hits / truth.sum(), alarms / (500 - truth.sum())
    assert np.trapezoid(recall, false_rate) == pytest.approx(roc_auc_score(truth, probability))
    precision = hits[1:] / (hits + alarms)[1:]
    assert np.sum(np.diff(recall) * precision) == pytest.approx(average_precision_score(truth, probability))


def test_rate_pictures_are_drawn_for_ties_and_extreme_probabilities() -> None:
    truth = np.array([0, 1] * 50)
    for probability in (np.full(100, 0.5), truth.astype(float), 1.0 - truth, np.linspace(0, 1, 100)):
        for figure in rates.rate_figures(truth, probability, 0.5, ("no", EVIL)):
            assert overlaps(parsed(figure.picture)) == 0
        costs = Costs(unit=EVIL, false_positive=0, false_negative=0)
        parsed(rates.cost_curve(truth, probability, 0.5, ("no", EVIL), costs=costs, per=1000, period="a day"))


def test_cost_curve_names_the_cost_at_the_threshold() -> None:
    truth = np.array([0] * 90 + [1] * 10)
    probability = np.concatenate([np.full(85, 0.1), np.full(5, 0.7), np.full(8, 0.9), np.full(2, 0.2)])
    costs = Costs(unit="euros", false_positive=3, false_negative=10)
    picture = rates.cost_curve(
        truth, probability, 0.5, ("no", "yes"), costs=costs, per=1000, period="per 1,000 cases"
    )
    # 5 false alarms x 3 and 2 misses x 10 in 100 cases: 350 in 1,000.
    assert "350 at 0.5" in written(parsed(picture))


@pytest.mark.parametrize("rows", [1, 50, 5_000])
def test_regression_pictures_bear_few_rows_many_rows_and_constants(rows: int) -> None:
    actual = np.random.default_rng(0).normal(1e5, 2e4, rows)
    for predicted in (actual, actual * 0 + 7, actual + 1e3):
        for picture in (
            density.predicted_against_actual(actual, predicted),
            density.residuals(actual, predicted),
        ):
            root = parsed(picture)
            assert overlaps(root) == 0
            assert len(picture) < 200_000


def test_a_thousand_dots_are_a_thousand() -> None:
    counts = cases.shared_out([124, 7, 2, 867.5])
    assert sum(counts) == 1000
    kinds = [
        (kind, kind, count) for kind, count in zip(("found", "missed", "alarm", "quiet"), counts, strict=True)
    ]
    picture = cases.cases(kinds, narrow=True)
    # Each dot is a line of no length, and each of the four legend entries another.
    assert picture.count("h0") == 1000 + 4
    assert overlaps(parsed(picture)) == 0


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1234567, "1,234,567"),
        (0.5, "0.5"),
        (0.123456, "0.123"),
        (-2.5, "−2.5"),
        (1e15, "1.00 × 10¹⁵"),
        (2.5e-9, "2.50 × 10⁻⁹"),
        (math.nan, "not known"),
        (math.inf, "not known"),
        (None, "not known"),
        (0, "0"),
    ],
)
def test_numbers_are_written_for_people(value: float | None, shown: str) -> None:
    assert figures.number(value) == shown


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (0.94612, 0.92811, 0.96233, "0.946 (95% interval 0.928 to 0.962)"),
        (48213.4, 47601.0, 48829.0, "48,210 (95% interval 47,600 to 48,830)"),
        (0.0000156, 0.0000143, 0.0000169, "1.56 × 10⁻⁵ (95% interval 1.43 to 1.69 × 10⁻⁵)"),
        (1.0, 1.0, 1.0, "1.00 (95% interval 1.00 to 1.00)"),
        (math.nan, math.nan, math.nan, "not known (95% interval not known)"),
    ],
)
def test_estimates_show_the_digits_their_interval_bears(
    value: float, low: float, high: float, shown: str
) -> None:
    assert figures.estimate_words(Estimate(value=value, low=low, high=high, method="m")) == shown


def test_names_are_cut_cleaned_and_isolated() -> None:
    assert wording.short("a\n\n  b") == "a b"
    assert wording.short("x" * 5_000_000) == "x" * 63 + "…"
    assert wording.clean("a\x00b\u202ec\x9bd") == "a␀bc\ufffdd"
    assert wording.quoted("شكرا") == "“\u2068شكرا\u2069”"
    assert wording.listed(["a", "b", "c"]) == "a, b and c"
    assert wording.listed([str(i) for i in range(30)], 2) == "0, 1 and 28 more"


def test_text_is_cut_to_the_room_there_is() -> None:
    for text in ("short", "a very long name indeed, far too long", "漢字" * 40, "🎉" * 40):
        assert text_width(fitted(text, 100)) <= 100
    assert fitted("short", 100) == "short"


def test_the_style_sheet_knows_every_class_the_pictures_use() -> None:
    picture = matrix.matrix(np.array([[3, 1], [0, 2]]), ["a", "b"]) + forest(
        [Row(label="a", score=estimate(0.5), kind="sealed")], "F1", maximise=True
    )
    style = (wording.__file__).replace("wording.py", "pictures.css")
    with open(style, encoding="utf-8") as file:
        known = set(re.findall(r"\.([a-z-]+)", file.read()))
    used = {name for names in re.findall(r'class="([^"]+)"', picture) for name in names.split()}
    assert used - {"label"} <= known | {"none"}


def test_prose_sets_backticked_names_apart_and_escapes_the_rest() -> None:
    assert wording.prose("`Sex` is <b>") == (
        '<bdi><span class="name"><bdi>Sex</bdi></span> is &lt;b&gt;</bdi>'
    )
    assert wording.prose("a lone ` and {braces}") == "<bdi>A lone ` and {braces}</bdi>"
    assert "<script" not in wording.prose("`<script>`<script>")
