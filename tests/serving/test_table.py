from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from modelwright.serving.predict import main
from modelwright.serving.problems import RowProblem, TableProblem
from modelwright.serving.reading import as_collected
from modelwright.serving.release import Release
from modelwright.serving.table import predict_file, safe_cell
from modelwright.sources.naming import unique_names

HEADER = "id,age,colour,joined,note\n"


def answers(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_file_is_answered_row_by_row(release: Release, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(
        HEADER + '1,40,red,1970-01-02,"hello, you"\n2,,,,\n3,?,"blue",1970-01-01,x\n'
    )
    summary = predict_file(release, tmp_path / "rows.csv", tmp_path / "out.csv")
    rows = answers(tmp_path / "out.csv")
    assert list(rows[0]) == ["prediction", "probability_ham", "probability_=spam"]
    assert [row["prediction"] for row in rows] == ["'=spam", "ham", "ham"]
    assert (summary.rows, summary.unanswered, summary.ignored) == (3, 0, ("id",))


def test_the_answers_are_those_given_over_json(release: Release, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"age": 40, "joined": "1970-01-02", "note": "hi"}\n\n')
    predict_file(release, tmp_path / "rows.jsonl", tmp_path / "out.csv")
    expected = release.predict([{"age": 40, "joined": "1970-01-02", "note": "hi"}]).outputs[0, 1]
    assert float(answers(tmp_path / "out.csv")[0]["probability_=spam"]) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_other_dialects_and_encodings_are_read(
    release: Release, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    text = (HEADER + "1,40,red,1970-01-02,é\n").replace(",", delimiter)
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(text.encode(encoding)))
    summary = predict_file(release, tmp_path / "rows.csv.gz", tmp_path / "out.csv")
    assert (summary.rows, summary.encoding) == (1, encoding)


@pytest.mark.parametrize(
    "header",
    [
        ["a", " b", "c\t"],
        ["a", "", " "],
        ["a", "a", "a.2", "a"],
        ["", "column_1"],
        [" a ", "a"],
        ["b.2", "b", " b"],
    ],
)
def test_columns_are_called_what_collecting_called_them(header: list[str]) -> None:
    collected, _ = unique_names(header, 1)
    assert as_collected(header, set(collected)) == list(collected)


def test_blanks_around_column_names_do_not_matter(release: Release, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(HEADER.replace(",", " , ") + "1,40,red,1970-01-02,hello\n")
    (tmp_path / "rows.jsonl").write_text(
        '{" age ": 40, "colour": "red", "joined": "1970-01-02", "note": "hello"}\n'
    )
    for name in ("rows.csv", "rows.jsonl"):
        predict_file(release, tmp_path / name, tmp_path / f"{name}.out")
    assert (tmp_path / "rows.csv.out").read_text() == (tmp_path / "rows.jsonl.out").read_text()


def test_vector_answers_have_a_column_each(write_release_folder: Callable[..., Path], tmp_path: Path) -> None:
    release = Release.load(write_release_folder(tmp_path / "vector", "vector_regression"))
    (tmp_path / "rows.csv").write_text(HEADER + "1,40,red,1970-01-02,hello\n")
    predict_file(release, tmp_path / "rows.csv", tmp_path / "out.csv")
    assert list(answers(tmp_path / "out.csv")[0]) == ["prediction_left", "prediction_right"]


def test_a_row_without_a_finite_answer_is_left_empty(
    write_release_folder: Callable[..., Path], tmp_path: Path
) -> None:
    release = Release.load(write_release_folder(tmp_path / "many", "multiclass"))
    (tmp_path / "rows.csv").write_text(HEADER + "1,1e300,red,1970-01-02,hello\n1,40,red,1970-01-02,hello\n")
    summary = predict_file(release, tmp_path / "rows.csv", tmp_path / "out.csv")
    assert summary.unanswered == 1
    assert [row["prediction"] for row in answers(tmp_path / "out.csv")] == ["", "c"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rows.csv", b"", "empty file"),
        ("rows.csv", b"id,colour,joined,note\n", "no column 'age'"),
        ("rows.csv", b"age,age,colour,joined,note\n", "twice the column 'age'"),
        ("rows.csv", HEADER.encode() + b"1,2\n", "line 2"),
        ("rows.csv", HEADER.encode() + b'1,40,red,1970-01-02,"open\n', "unexpected end of data"),
        ("rows.csv", b"\x00\x01\x02", "binary"),
        ("rows.csv", b"\xff\xfea", "utf-16"),
        ("rows.csv.gz", b"not gzip", "Not a gzipped file"),
        ("rows.csv.gz", gzip.compress(HEADER.encode() * 100, mtime=0)[:-20], "end-of-stream"),
        ("rows.jsonl", b'{"age": 1}\n[1]\n', "line 2"),
        ("rows.jsonl", b"{", "line 1"),
        ("rows.parquet", b"PAR1", "does not read"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(
    release: Release, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableProblem) as caught:
        predict_file(release, tmp_path / name, tmp_path / "out.csv")
    assert words.lower() in str(caught.value).lower()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["release", name])


def test_a_bad_cell_names_its_row_beyond_the_first_chunk(release: Release, tmp_path: Path) -> None:
    good = "1,40,red,1970-01-02,hello\n"
    (tmp_path / "rows.csv").write_text(HEADER + good * 5_000 + "1,forty,red,1970-01-02,x\n")
    with pytest.raises(RowProblem, match="row 5001, field 'age'"):
        predict_file(release, tmp_path / "rows.csv", tmp_path / "out.csv")


def test_an_absent_file_and_an_absent_folder_are_named(release: Release, tmp_path: Path) -> None:
    with pytest.raises(TableProblem, match=r"nowhere\.csv"):
        predict_file(release, tmp_path / "nowhere.csv", tmp_path / "out.csv")
    (tmp_path / "rows.csv").write_text(HEADER)
    with pytest.raises(TableProblem, match="can be written"):
        predict_file(release, tmp_path / "rows.csv", tmp_path / "no" / "out.csv")


@pytest.mark.parametrize(
    ("cell", "safe"),
    [("=1+1", "'=1+1"), ("+x", "'+x"), ("-5", "-5"), ("-x", "'-x"), ("@a", "'@a"), ("\ta", "'\ta"),
     ("\ra", "'\ra"), ("a=b", "a=b"), (-5.0, -5.0)],
)  # fmt: skip
def test_no_cell_is_run_as_a_formula(cell: str | float, safe: str | float) -> None:
    assert safe_cell(cell) == safe


def test_the_command_says_what_it_did(
    release_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rows.csv").write_text(HEADER + "1,40,red,1970-01-02,hello\n")
    out = str(tmp_path / "out.csv")
    assert main(release_folder, [str(tmp_path / "rows.csv"), "--out", out]) == 0
    assert "1 rows answered; columns not used: id" in capsys.readouterr().out
    assert main(release_folder, [str(tmp_path / "nowhere.csv"), "--out", out]) == 2
    assert "nowhere.csv" in capsys.readouterr().err
