from __future__ import annotations

from typing import Any

import numpy as np

from modelwright.checks.hidden_groups import look
from modelwright.checks.inspection import NotApplicable


def devices(seed: int, effect: float, rows: int = 600, of_each: int = 6) -> dict[str, list[Any]]:
    """Rows of devices whose label depends on the device as far as `effect` says."""
    random = np.random.default_rng(seed)
    device = np.repeat(np.arange(rows // of_each), of_each)
    own = random.normal(size=rows // of_each)[device]
    score = effect * own + random.normal(size=rows)
    return {
        "device_id": [f"d{one:04d}" for one in device],
        "size": random.normal(size=rows).tolist(),
        "label": np.where(score > 0, "yes", "no").tolist(),
    }


def test_devices_with_a_habit_of_their_own_are_found(inspect_table: Any, findings: Any) -> None:
    (found,) = findings(look(inspect_table(devices(0, 1.5), "label")))
    assert found.columns == ("device_id",)
    assert "--group device_id" in found.advice


def test_devices_without_one_are_rarely_called_so(inspect_table: Any) -> None:
    outcomes = [look(inspect_table(devices(seed, 0.0), "label")) for seed in range(40)]
    assert sum(outcome != () for outcome in outcomes) <= 2


def test_the_films_of_imdb_share_their_reviews_verdict(inspect_file: Any, findings: Any) -> None:
    inspection = inspect_file(
        "imdb/imdb.parquet", "label", test_column="split", test_value="test", ignore=("rating",)
    )
    (found,) = findings(look(inspection))
    assert found.columns == ("imdb_title_id",)
    assert any("test part" in said or "test rows" in said for said in found.evidence)


def test_rows_kept_together_already_need_no_telling(inspect_table: Any) -> None:
    assert isinstance(look(inspect_table(devices(0, 1.5), "label", group="device_id")), NotApplicable)


def test_titanics_passengers_come_once(inspect_file: Any) -> None:
    assert isinstance(look(inspect_file("titanic/titanic_kaggle_train.csv.gz", "Survived")), NotApplicable)
