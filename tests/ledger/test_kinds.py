"""Does every result a step may have come back as it was, and any other get refused?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.errors import UsageError
from modelwright.ledger.kinds import blobs_in, decoded, encoded, kind_of
from modelwright.project.events import StepStarted
from modelwright.records import Blob, Estimate, Recipe, Release, encode

BLOB = Blob(digest="ab", kind="bytes", size_bytes=1)
RECIPE = Recipe(family="linear", name="l", choices={"whole": 1, "real": 1.0, "on": True, "text": "x"})


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (RECIPE, "Recipe"),
        ((RECIPE, BLOB), "tuple[Recipe,Blob]"),
        ((RECIPE, None), "tuple[Recipe,plain]"),
        (None, "plain"),
        ({"a": [1, 2.5, "x"]}, "plain"),
        (StepStarted(step="x"), "modelwright.project.events:StepStarted"),
    ],
)
def test_a_result_comes_back_as_it_was(value: Any, kind: str) -> None:
    assert kind_of(value) == kind
    again = decoded(encoded(value, kind), kind)
    assert again == value
    assert encoded(again, kind) == encode(value)


def test_whole_and_real_numbers_stay_apart() -> None:
    choices = decoded(encoded(RECIPE, "Recipe"), "Recipe").choices
    assert [type(choices[name]) for name in ("whole", "real", "on", "text")] == [int, float, bool, str]


@pytest.mark.parametrize("value", [np.zeros(2), np.float32(1), object(), print])
def test_what_is_no_record_is_refused(value: Any) -> None:
    with pytest.raises(UsageError):
        kind_of(value)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], {"a": float("-inf")}])
def test_numbers_json_cannot_say_are_refused(value: Any) -> None:
    with pytest.raises(UsageError, match="NaN or an infinity"):
        encoded(value, "plain")


def test_numpy_numbers_in_a_record_are_written_as_plain_ones() -> None:
    numpy = Estimate(value=np.float64(0.1), low=np.float32(0.5), high=np.int64(1), method="m")  # type: ignore[arg-type]  # as careless code would
    plain = Estimate(value=0.1, low=0.5, high=1.0, method="m")
    assert encoded(numpy, "Estimate") == encode(plain)


def test_a_class_outside_the_package_is_never_imported() -> None:
    with pytest.raises(UsageError):
        decoded(b"{}", "subprocess:Popen")


def test_a_record_that_lost_a_field_is_told_plainly() -> None:
    with pytest.raises(UsageError, match="raise the step's version"):
        decoded(b'{"value": 1.0}', Estimate.__name__)


def test_blobs_are_found_however_deep() -> None:
    release = Release(name="r", files={"a": BLOB}, parity_rows=1, parity_max_difference=0.0, size_bytes=1)
    assert blobs_in((release, [BLOB], "text", None)) == [BLOB, BLOB]
