from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest
from numpy.typing import NDArray

from modelwright.checks import near_copies
from modelwright.checks.inspection import NotApplicable
from modelwright.checks.minhash import clusters, near_pairs
from modelwright.checks.near_copies import near_families
from modelwright.checks.near_duplicates import look
from modelwright.checks.row_digests import cells_of

WORDS = [f"word{number}" for number in range(3_000)]


def texts(random: np.random.Generator, count: int, length: int = 40) -> list[str]:
    return [" ".join(random.choice(WORDS, length)) for _ in range(count)]


def with_a_word_changed(random: np.random.Generator, text: str, changes: int = 1) -> str:
    words = text.split()
    for place in random.choice(len(words), changes, replace=False):
        words[place] = "another"
    return " ".join(words)


def table(seed: int, twins: int, count: int = 400) -> dict[str, list[Any]]:
    random = np.random.default_rng(seed)
    rows = texts(random, count)
    rows += [with_a_word_changed(random, text) for text in rows[:twins]]
    order = random.permutation(len(rows))
    labels = random.choice(["yes", "no"], len(rows))
    return {"text": [rows[place] for place in order], "label": labels.tolist()}


@pytest.mark.parametrize("twins", [1, 10, 100])
def test_texts_with_one_word_changed_are_found_each_and_every_one(
    inspect_table: Any, findings: Any, twins: int
) -> None:
    (found,) = findings(look(inspect_table(table(0, twins), "label")))
    assert found.message.startswith(f"{twins:,} rows have nearly the `text`")
    assert found.severity == ("warning" if twins >= 5 else "info")


@pytest.mark.parametrize("seed", range(5))
def test_texts_of_their_own_are_no_twins(inspect_table: Any, seed: int) -> None:
    assert look(inspect_table(table(seed, 0), "label")) == ()


def test_exact_copies_are_left_to_the_check_of_duplicates(inspect_table: Any) -> None:
    columns = table(1, 0)
    doubled = {name: [*values, *values[:50]] for name, values in columns.items()}
    assert look(inspect_table(doubled, "label")) == ()


def test_a_twin_on_the_other_side_of_the_split_is_counted(inspect_table: Any, findings: Any) -> None:
    random = np.random.default_rng(2)
    rows = texts(random, 300)
    tested = [with_a_word_changed(random, text) for text in rows[:20]] + texts(random, 80)
    columns = {
        "text": rows + tested,
        "part": ["train"] * 300 + ["test"] * 100,
        "label": random.choice(["yes", "no"], 400).tolist(),
    }
    inspection = inspect_table(columns, "label", test_column="part", test_value="test")
    (found,) = findings(look(inspection))
    assert "20 test rows have such a twin" in found.message


def test_very_many_rows_without_texts_are_not_compared(
    inspect_file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near_copies, "MOST_ROWS", 100)
    outcome = look(inspect_file("boston_housing/boston_housing.csv.gz", "MEDV"))
    assert isinstance(outcome, NotApplicable)
    assert outcome.reason == "more than 100 rows, and no column of free text"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("boston_housing/boston_housing.csv.gz", "MEDV"),
        ("california_housing/california_housing.csv.gz", "median_house_value"),
        ("vehicle_insurance_fraud/fraud_oracle.csv.gz", "FraudFound_P"),
    ],
)
def test_no_rows_of_real_tables_without_near_copies_are_named(
    inspect_file: Any, name: str, target: str
) -> None:
    assert look(inspect_file(name, target)) == ()


def test_rows_the_same_but_for_one_cell_are_found(inspect_table: Any, findings: Any) -> None:
    random = np.random.default_rng(5)
    columns = {name: random.normal(size=400).round(4).tolist() for name in ("a", "b", "c")}
    again = {"a": columns["a"][:15], "b": columns["b"][:15], "c": random.normal(size=15).tolist()}
    both = {name: columns[name] + again[name] for name in columns}
    labels = random.choice(["yes", "no"], 415).tolist()
    (found,) = findings(look(inspect_table({**both, "label": labels}, "label")))
    assert found.message == "15 rows are, but for one cell, an earlier row"
    assert found.severity == "info"


PIXELS = 24


def thumbnails(pictures: NDArray[np.uint8]) -> dict[str, list[float]]:
    """Pictures (pictures, height, width) as a column for each of 24 by 24 means."""
    count, height, width = pictures.shape
    cells = pictures.reshape(count, PIXELS, height // PIXELS, PIXELS, width // PIXELS)
    pixels = cells.mean(axis=(2, 4)).reshape(count, -1).round(1)
    return {f"pixel {place}": pixels[:, place].tolist() for place in range(pixels.shape[1])}


def test_near_twin_photographs_of_magnetic_tiles_are_found(
    inspect_table: Any, findings: Any, shared_data: Path
) -> None:
    tiles = np.load(shared_data / "magnetic_tile_defects/magnetic_tile96.npz")
    bad = np.where(tiles["bad"] == 1, "bad", "good").tolist()
    inspection = inspect_table({**thumbnails(tiles["x"]), "tile": bad}, "tile")
    (found,) = findings(look(inspection))
    assert found.severity == "warning"
    assert "rise and fall, number for number, with an earlier row" in found.message
    families = near_families(
        inspection.table,
        inspection.dataset,
        cells_of(inspection.table, inspection.dataset),
        np.arange(inspection.table.height),
    )
    assert families is not None
    _, family, sizes = np.unique(families, return_inverse=True, return_counts=True)
    linked = (families >= 0) & (sizes[family] > 1)
    assert linked.mean() > 0.3
    tile_of = {number: tiles["group"][families == number] for number in np.unique(families[linked])}
    assert np.mean([len(set(tile)) == 1 for tile in tile_of.values()]) > 0.9


def test_photographs_of_different_places_are_no_twins(inspect_table: Any, shared_data: Path) -> None:
    places = np.load(shared_data / "rsscn7_satellite64/rsscn7_64.npz")
    grey = places["x"][:1_000].mean(axis=3)[:, 8:56, 8:56]
    labels = [str(number) for number in places["y"][:1_000]]
    assert look(inspect_table({**thumbnails(grey), "place": labels}, "place")) == ()


def test_near_messages_of_sms_spam_are_found(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("sms_spam/sms_spam.csv.gz", "label")))
    assert found.columns == ("text",)


@pytest.mark.parametrize(("changes", "expected"), [(1, True), (2, True), (12, False)])
def test_likeness_falls_with_every_word_changed(changes: int, expected: bool) -> None:
    random = np.random.default_rng(3)
    own = texts(random, 50)
    pairs = near_pairs(polars.Series([*own, with_a_word_changed(random, own[0], changes)]), 0.7)
    assert ([0, 50] in pairs.tolist()) is expected


def test_many_texts_alike_are_one_cluster() -> None:
    random = np.random.default_rng(4)
    base = texts(random, 1, 200)[0]
    alike = list({with_a_word_changed(random, base) for _ in range(150)})
    pairs = near_pairs(polars.Series([*texts(random, 20), *alike]), 0.7)
    found = clusters(pairs, 20 + len(alike))
    assert len(set(found[20:].tolist())) == 1
    assert len(set(found.tolist())) == 21


def test_texts_without_words_are_alike_to_nothing() -> None:
    assert not len(near_pairs(polars.Series(["!!!", "???", "one two three four"]), 0.7))


def test_no_text_is_shown_for_it_may_be_a_sealed_one(inspect_table: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_table(table(0, 10), "label")))
    assert not any(f" {word} " in f" {line} " for line in (found.message, *found.evidence) for word in WORDS)
