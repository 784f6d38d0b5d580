from __future__ import annotations

import io
import subprocess
import sys
from datetime import datetime
from typing import Any

import numpy as np
import pandas
import polars
import pytest

from modelwright.errors import SourceError
from modelwright.sources.frames import frame_to_parquet


def written(frame: Any) -> polars.DataFrame:
    return polars.read_parquet(io.BytesIO(frame_to_parquet(frame)))


def test_a_polars_frame_comes_through_as_it_is() -> None:
    frame = polars.DataFrame({"a": [1, None], "b": ["x", ""], "d": [datetime(2020, 1, 1), None]})
    assert written(frame).equals(frame)
    assert written(frame.lazy()).equals(frame)


def test_a_pandas_frame_keeps_numbers_texts_dates_and_gaps() -> None:
    frame = pandas.DataFrame(
        {
            "n": [1, 2],
            "x": [0.5, np.nan],
            "s": ["a", None],
            "c": pandas.Categorical(["u", "v"]),
            "d": pandas.to_datetime(["2020-01-01", None]),
            "i": pandas.array([1, None], dtype="Int64"),
            "b": [True, False],
        },
        index=[7, 8],
    )
    table = written(frame)
    assert table.columns == list("nxscdib")
    assert table.row(0) == (1, 0.5, "a", "u", datetime(2020, 1, 1), 1, True)
    assert table["s"][1] is None
    assert table["i"][1] is None
    assert table["d"][1] is None


def test_ids_beyond_2_to_the_53_stay_exact() -> None:
    assert written(pandas.DataFrame({"id": [2**53 + 1]}))["id"].item() == 2**53 + 1
    assert written({"id": [2**53 + 1, 2**70]})["id"].cast(polars.String)[0] == str(2**53 + 1)


def test_mixed_objects_become_text() -> None:
    table = written(pandas.DataFrame({"m": [1, "x", 2.0, None, True]}, dtype=object))
    assert table["m"].to_list() == ["1", "x", "2", None, "true"]


def test_a_dict_of_arrays_is_a_frame() -> None:
    table = written({"x": np.array([1.5, 2.5]), "s": np.array(["a", "b"]), "l": [1, None], 3: (True, False)})
    assert table.columns == ["x", "s", "l", "3"]
    assert table.row(1) == (2.5, "b", None, False)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ({"a": [1], "b": [1, 2]}, "columns of one length"),
        ({"a": np.zeros((2, 2))}, "shape"),
        ({"a": 3}, "int"),
        ({}, "0 rows of 0 columns"),
        ({"a": []}, "0 rows of 1 columns"),
        (3, "int"),
        ([[1, 2]], "list"),
        (pandas.DataFrame([[1, 2]], columns=["a", "a"]), "'a' more than once"),
        ({1: [1], "1": [2]}, "'1' more than once"),
    ],
)
def test_what_is_no_table_is_refused(frame: Any, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        frame_to_parquet(frame)


def test_the_same_frame_gives_the_same_bytes() -> None:
    frame = pandas.DataFrame({"a": range(1_000), "b": ["x"] * 1_000})
    assert frame_to_parquet(frame) == frame_to_parquet(frame.copy())


def test_neither_pandas_nor_pyarrow_is_imported() -> None:
    code = (
        "import sys\n"
        "from modelwright.sources import frames, reading\n"
        "frames.frame_to_parquet({'a': [1, 2], 'b': ['x', None]})\n"
        "sys.exit(any(name in sys.modules for name in ('pandas', 'pyarrow')))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
