"""The page reads raw cells exactly as the server does: the same values, the same words for a refusal."""

from __future__ import annotations

import json
import math
import random
from importlib.resources import as_file, files
from typing import Any

import msgspec
import pytest

from modelwright.serving.manifest import Field
from modelwright.serving.problems import Problem, RowProblem
from modelwright.serving.rows import Schema
from modelwright.sources.cells import AUTOMATIC_MISSING
from modelwright.sources.dates import FORMATS

pytestmark = pytest.mark.slow

CELLS: list[Any] = [
    None, "", " ", "1", " 2.5\t", "-.5", "5.", "1e5", "1e400", "-1e400", "+7", "007", "0x1", "1_0", "nan",
    "NAN", "inf", "-Infinity", "NA", "N/A", "?", "-", "-999", "-999.0", "-9.99e2", "\u2003", "\x1c",
    "\x1c1", "\ufeff1", "\x851\x85", "red", " red ", "RED", "true", "\u0663", "1,5", "\U0001f600", "none",
    "it's", 'say "it\'s"', "tab\there", "line\nbreak", "back\\slash", "\x00", "a\x00b", "\u200b", "\u0301",
    "\ud7ff", "\U000e0001", "x" * 120, "\U0001f600" * 101, "2024-05-31", "half \ud800", True, False, 0, 1,
    -999, 7, 2**53, 0.5, -0.25, 1e-5, 0.00012345, 1.5e-7, 123456789.125, 1e21, 1e22, 1.7976931348623157e308,
    3e300, [], [1, "a", None, True], {}, {"a": 1, "b'": [0.5]}, 1_700_000_000, 1_700_000_000_000,
    99_999_999_999, 100_000_000_000, 0.0000005, 0.1234565, 12345.678901234,
]  # fmt: skip
DATES = [
    "2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29", "2024-02-29 23:59:59", "2024-02-29T24:00",
    "2/3/2024", "02/29/2024 5:06 PM", "02/29/2024 13:06 PM", "29-Feb-2024", "29-FEB-2024", "29-Fob-2024",
    "Feb 9, 69", "1.2.2024", "20240229", "2024131", "2024112", "202411", "2024/02/30", "29/02/24",
    "9 February 1999", "9 Februaryy 1999", "29-feb-68", "1/1/69", "2024-02-29T10:00:00.123456789Z",
    "2024-02-29T10:00-05:30", "2024-02-29Z", "2024-02-29+01:00", "2024-02-29T10:00+23:59",
    "2024-02-29T10:00+23:60", "2024-02-29T10:00+0199", "12/31/2023 12:00 AM", "12/31/2023 12:00 pm",
    "12/31/2023 0:30 PM", "0001-01-01T00:00+05:00", "0000-01-01", "9999-12-31T23:59:59.9999999",
    "1969-12-31T23:59:59.1", "2024-02-29 10:60", "2024-02-29 10:00:60", "yesterday", "31/12/2023 23:59",
    "31.12.2023 23:59:59", "1.1.2024  10:00", " 2024-02-29 ", "\u0662024-02-29", "1/1/0000",
]  # fmt: skip
TOKENS: tuple[tuple[str, ...], ...] = ((), ("-999", "red", " ? "), tuple(AUTOMATIC_MISSING))
READ = """
(async () => {
  const { Schema } = await import("./reading/rows.js");
  const asked = await (await fetch("asked.json")).json();
  return asked.map(({ fields, rows }) => {
    try {
      const columns = [...new Schema(fields).columns(rows).values()];
      return columns.map(({ values }) => values.map((value) => (Number.isNaN(value) ? "NaN" : value)));
    } catch (problem) {
      return problem.parts ? problem.parts() : String(problem.stack);
    }
  });
})()
"""


def fields() -> list[Field]:
    formats = ("iso", "epoch", *FORMATS[1:])
    kinds = [
        {"dtype": "number"},
        {"dtype": "string"},
        *({"dtype": "date", "date_format": one} for one in formats),
    ]
    return [
        Field(name="cell", tensor="column_0", missing_tokens=tokens, **kind)  # pyright: ignore[reportArgumentType]  # kinds are spelt right
        for kind in kinds
        for tokens in TOKENS
    ]


def served(given: list[Field], rows: list[Any]) -> Any:
    try:
        tensors = Schema(given).tensors(rows)
    except RowProblem as problem:
        return problem.parts()
    values = [tensors[field.tensor].tolist() for field in given]
    return [
        ["NaN" if isinstance(one, float) and math.isnan(one) else one for one in column] for column in values
    ]


def answered(chrome: Any, visit: Any, tmp_path: Any, asked: list[tuple[list[Field], list[Any]]]) -> list[Any]:
    """What the page makes of each list of rows under its fields."""
    with as_file(files("modelwright.deploy.browser") / "site") as site:
        (tmp_path / "reading").symlink_to(site / "reading")
        written = [{"fields": msgspec.to_builtins(given), "rows": rows} for given, rows in asked]
        (tmp_path / "asked.json").write_text(json.dumps(written))
        (tmp_path / "empty.html").write_text("<!doctype html><title>empty</title>")
        with visit(tmp_path) as url:
            tab = chrome.tab()
            tab.goto(f"{url}empty.html")
            return tab.evaluate(READ)


def compared(chrome: Any, visit: Any, tmp_path: Any, asked: list[tuple[list[Field], list[Any]]]) -> int:
    """Hold the page to the server; how many were refused."""
    in_page = answered(chrome, visit, tmp_path, asked)
    refused = 0
    for (given, rows), page in zip(asked, in_page, strict=True):
        expected = served(given, rows)
        assert page == expected, (given, rows)
        refused += isinstance(expected, dict)
    return refused


def test_every_cell_means_the_same_in_every_kind_of_field(chrome: Any, visit: Any, tmp_path: Any) -> None:
    asked = [([field], [{"cell": cell}]) for field in fields() for cell in (*CELLS, *DATES)]
    assert len(asked) > 15_000
    refused = compared(chrome, visit, tmp_path, asked)
    assert 20_000 < refused < len(asked) - 2_000


def test_rows_are_refused_in_the_same_words(chrome: Any, visit: Any, tmp_path: Any) -> None:
    draw = random.Random(5)
    names = ("age", "colour", "date joined", "note", "it's", "\U0001f600 face", "ag", "Colour", "a" * 250)
    given = [
        Field(name=name, tensor=f"column_{i}", dtype="string", required=i % 2 == 0)
        for i, name in enumerate(names)
    ]
    row = dict.fromkeys(names, "x")
    asked: list[tuple[list[Field], list[Any]]] = [
        (given, rows) for rows in ([], [row], [row, {}], [None], ["a"], [[1]])
    ]
    for _ in range(500):
        name = draw.choice(names)
        letters = list(name)
        for _ in range(draw.randint(1, 3)):
            letters[draw.randrange(len(letters))] = draw.choice("aeio\U0001f600 ")
        asked.append((given, [row, {**row, "".join(letters): 1}]))
    assert compared(chrome, visit, tmp_path, asked) > 400


def test_numbers_in_texts_are_written_as_collecting_writes_them(
    chrome: Any, visit: Any, tmp_path: Any
) -> None:
    draw = random.Random(7)
    numbers = [draw.choice((-1, 1)) * draw.random() * 10.0 ** draw.randint(-320, 308) for _ in range(3_000)]
    numbers += [float(draw.randint(0, 10**6)) / 10 ** draw.randint(0, 9) for _ in range(1_000)]
    text = Field(name="cell", tensor="column_0", dtype="string")
    assert compared(chrome, visit, tmp_path, [([text], [{"cell": one} for one in numbers])]) == 0


def test_a_problem_reads_alike() -> None:
    problem: Problem = RowProblem(row=2, field="age", expected="a", received="b", do_this="c")
    source = (files("modelwright.deploy.browser") / "site" / "reading" / "problems.js").read_text()
    assert set(problem.parts()) == {"error", "where", "expected", "received", "do_this", "row", "field"}
    assert all(name in source for name in problem.parts())
