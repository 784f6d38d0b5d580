from pathlib import Path
from typing import Any

import numpy as np
import polars

from modelwright.checks import conflicting_labels
from modelwright.checks.duplicate_rows import look


def test_the_403_repeated_messages_of_sms_spam_are_found(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("sms_spam/sms_spam.csv.gz", "label")))
    assert found.severity == "warning"
    assert "403 of 5,574 (7.2%)" in found.evidence[0]
    assert "30 times" in found.evidence[0]
    assert len(found.lines) == 20
    assert found.lines[0] > 2


def test_boston_has_no_duplicates(inspect_file: Any) -> None:
    assert look(inspect_file("boston_housing/boston_housing.csv.gz", "MEDV")) == ()


def test_the_3334_copies_of_mammography_are_found(inspect_file: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_file("mammography_imbalanced/mammography.csv.gz", "target")))
    assert found.message == "3,334 rows repeat an earlier row"


def test_the_123_texts_of_imdb_in_both_parts_are_found(inspect_file: Any, findings: Any) -> None:
    inspection = inspect_file(
        "imdb/imdb.parquet", "label", test_column="split", test_value="test", ignore=("rating", "id")
    )
    (found,) = findings(look(inspection))
    assert any(words.startswith("123 of 25,000") for words in found.evidence)
    assert any(
        words.startswith("418 of 50,000 (0.8%) rows repeat an earlier row") for words in found.evidence
    )


def test_the_32_comments_of_goemotions_in_its_training_and_test_part_are_found(
    inspect_table: Any, findings: Any, shared_data: Path
) -> None:
    table = polars.read_csv(shared_data / "goemotions_multilabel" / "goemotions.csv.gz")
    table = table.filter(polars.col("split") != "dev")
    tested = table.filter(polars.col("split") == "test")
    twins = tested.filter(
        polars.col("text").is_in(table.filter(polars.col("split") == "train")["text"].implode())
    )
    assert twins["text"].n_unique() == 32
    columns = {name: table[name].to_list() for name in ("split", "text", "labels")}
    inspection = inspect_table(columns, "labels", test_column="split", test_value="test")
    (found,) = findings(look(inspection))
    assert any(words.startswith(f"{twins.height} of 5,427") for words in found.evidence)


def test_equal_inputs_with_different_targets_are_told_apart_from_copies(
    inspect_table: Any, findings: Any
) -> None:
    columns = {
        "size": [1.5, 1.5, 1.5, 2.5, 3.5, 4.5] * 2,
        "kind": ["a", "a", "a", "b", "c", "d"] * 2,
        "y": ["no", "yes", "yes", "no", "yes", "no"] * 2,
    }
    (found,) = findings(look(inspect_table(columns, "y")))
    assert found.message.startswith("7 rows")
    assert found.lines[0] == 4
    (conflict,) = findings(conflicting_labels.look(inspect_table(columns, "y")))
    assert "at least 2 (17%) cannot be answered right" in conflict.evidence[1]


def test_short_texts_may_come_again() -> None:
    from modelwright.checks import duplicate_rows

    assert len("thank you very much") < duplicate_rows.MIN_TEXT_CHARACTERS


def test_rows_copied_in_another_spelling_are_found_and_told_apart(inspect_table: Any, findings: Any) -> None:
    random = np.random.default_rng(3)
    words = [f"order {number} for Bern" for number in range(200)]
    size = random.normal(size=200).round(4).tolist()
    labels = random.choice(["yes", "no"], 200).tolist()
    columns = {
        "words": [*words, *words[:2], *(f" {text.upper()} " for text in words[2:7])],
        "size": [*size, *size[:7]],
        "label": [*labels, *labels[:7]],
    }
    (found,) = findings(look(inspect_table(columns, "label")))
    assert found.message.startswith("2 rows repeat an earlier row")
    assert any("5 of 207" in fact and "but for letter case and blanks" in fact for fact in found.evidence)
