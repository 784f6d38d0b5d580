"""Models of every family and kind, and of real data, asked a thousand raw rows in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars
import pytest

from modelwright.deploy.browser.build import build_site
from modelwright.deploy.certify import certify
from modelwright.deploy.ship import ship
from modelwright.records import Certificate

FAMILIES = ("linear", "trees", "network")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("browser_program")]


def certificate(framed: Any, family: str) -> Certificate:
    run, bench, confirmed = framed.project.run, framed.bench, framed.confirmed(family)
    release = run(ship, bench, confirmed)
    site = run(build_site, bench, confirmed, release)
    return run(certify, bench, confirmed, release, release, site)


def holds(made: Certificate) -> None:
    assert made.rows >= 1_000
    assert [one.target for one in made.answerers] == ["server", "browser"]
    assert max(one.max_difference for one in made.answerers) <= 1e-5
    assert made.unproved == {}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "vector_regression"])
def test_every_family_and_kind_answers_in_the_browser_as_when_trained(
    frame_orders: Any, kind: str, family: str
) -> None:
    holds(certificate(frame_orders(kind), family))


SETS = {
    "sms": ("sms_spam/sms_spam.csv.gz", "label"),
    "adult": ("adult_census/adult.csv.gz", "income"),
    "california": ("california_housing/california_housing.csv.gz", "median_house_value"),
    "imdb": ("imdb/imdb.parquet", "label"),
}
ROWS = 2_000  # of each set: enough for a vocabulary of thousands of terms


# Not the network of California: where two columns are a thousand deviations off and cancel out, its sums in
# single precision differ between JAX and onnxruntime by 1.3e-5, on the server already; `ship` refuses it.
@pytest.mark.parametrize(
    ("name", "family"),
    [(name, family) for name in SETS for family in FAMILIES if (name, family) != ("california", "network")],
)
def test_models_of_real_data_answer_in_the_browser_as_when_trained(
    frame_rows: Any, shared_data: Path, name: str, family: str
) -> None:
    file, target = SETS[name]
    source = shared_data / file
    table = polars.read_parquet(source) if file.endswith("parquet") else polars.read_csv(source)
    holds(certificate(frame_rows(table.sample(ROWS, seed=1), target), family))
