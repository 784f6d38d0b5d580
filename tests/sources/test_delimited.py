from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from modelwright.errors import SourceError
from modelwright.sources.reading import Table, read_table


def read(folder: Path, content: str | bytes, name: str = "rows.csv") -> Table:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path)


def reasons(table: Table) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in table.ingest.quarantined]


def test_every_cell_stays_text_as_it_stands(tmp_path: Path) -> None:
    table = read(
        tmp_path, "zip,country,id,x\n01234,NA,9007199254740993,1.50\n00501,DE,99999999999999999999,inf\n"
    )
    assert table.frame["zip"].to_list() == ["01234", "00501"]
    assert table.frame["country"].to_list() == ["NA", "DE"]
    assert table.frame["id"].to_list() == ["9007199254740993", "99999999999999999999"]
    assert table.frame["x"].to_list() == ["1.50", "inf"]
    assert set(table.frame.dtypes) == {polars.String}


def test_an_empty_cell_is_null_and_a_blank_one_is_not(tmp_path: Path) -> None:
    table = read(tmp_path, 'a,b,c\n,"",  \n1,2,3\n')
    assert table.frame.row(0) == (None, None, "  ")


def test_short_and_long_rows_are_set_aside_with_line_and_reason(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b,c\n1,2\n1,2,3\n1,2,3,4\n4,5,6\n")
    assert reasons(table) == [
        (2, "2 cells where the header has 3"),
        (4, "4 cells where the header has 3"),
    ]
    assert table.ingest.quarantined[0].text == "1,2"
    assert table.frame["a"].to_list() == ["1", "4"]
    assert table.lines.tolist() == [3, 5]
    assert (table.ingest.rows_in, table.ingest.rows_kept, table.ingest.rows_quarantined) == (4, 2, 2)


def test_an_unclosed_quote_costs_its_own_row_only(tmp_path: Path) -> None:
    table = read(tmp_path, 'a,b\n1,"open\n2,x\n3,y\n')
    assert reasons(table) == [(2, "a quote opened on line 2 is never closed")]
    assert table.frame["a"].to_list() == ["2", "3"]


def test_an_unclosed_quote_before_quoted_rows_swallows_none(tmp_path: Path) -> None:
    rows = [f'{number},"text {number}"' for number in range(50)]
    rows[10] = '10,"open'
    table = read(tmp_path, "a,b\n" + "\n".join(rows) + "\n")
    assert reasons(table) == [(12, "a quote opened on line 12 is never closed")]
    assert table.frame["a"].to_list() == [str(number) for number in range(50) if number != 10]


def test_two_stray_quotes_that_fit_together_do_not_hide_the_rows_between(tmp_path: Path) -> None:
    rows = [f"{number},b,c,d" for number in range(40)]
    rows[5] = '5,b,c,"d'
    rows[30] = '30,b,c,d"'
    table = read(tmp_path, "a,b,c,d\n" + "\n".join(rows) + "\n")
    assert reasons(table) == [(7, "a quote opened on line 7 is never closed")]
    assert table.frame.height == 39
    assert table.frame.filter(polars.col("a") == "30")["d"].item() == 'd"'


def test_many_unclosed_quotes_are_each_reported(tmp_path: Path) -> None:
    table = read(tmp_path, "a,b\n" + '1,"x\n2,y\n' * 2_000)
    assert table.ingest.rows_quarantined == 2_000
    assert table.frame["a"].to_list() == ["2"] * 2_000
    assert len(table.ingest.quarantined) == 1_000


def test_text_after_a_closing_quote_is_reported(tmp_path: Path) -> None:
    table = read(tmp_path, 'a,b\n1,"x"y\n2,"z"\n')
    assert reasons(table) == [(2, "text stands between a closing quote and the next delimiter")]


def test_quoted_newlines_quotes_and_delimiters_are_part_of_the_cell(tmp_path: Path) -> None:
    table = read(tmp_path, 'a,b\n1,"two\nlines, and ""quotes"""\n2,y\n')
    assert table.frame["b"].to_list() == ['two\nlines, and "quotes"', "y"]
    assert table.lines.tolist() == [2, 4]


def test_a_long_letter_in_one_cell_is_kept(tmp_path: Path) -> None:
    letter = "Dear Sir,\nthank you, and goodbye.\n\n" * 500
    buffer = io.StringIO()
    csv.writer(buffer).writerows([["id", "text", "label"], ["1", letter, "x"], ["2", "short", "y"]])
    table = read(tmp_path, buffer.getvalue().encode())
    assert table.frame["text"].to_list() == [letter, "short"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_all_line_endings_are_understood(tmp_path: Path, ending: str) -> None:
    table = read(tmp_path, ending.join(["a,b", "1,2", "", "3,4", ""]))
    assert table.frame.rows() == [("1", "2"), ("3", "4")]
    assert table.lines.tolist() == [2, 4]


def test_blank_lines_are_not_rows(tmp_path: Path) -> None:
    table = read(tmp_path, "\n\na,b\n\n1,2\n   \n3,4\n\n\n")
    assert table.ingest.rows_in == 2
    assert table.lines.tolist() == [5, 7]


def test_duplicate_and_blank_names_are_renamed_and_said(tmp_path: Path) -> None:
    table = read(tmp_path, "a,a,, b ,a.2\n1,2,3,4,5\n")
    assert table.names == ("a", "a.3", "column_3", "b", "a.2")
    assert [(change.kind, change.column, change.lines) for change in table.ingest.changes] == [
        ("rename", "a.3", (1,)),
        ("rename", "column_3", (1,)),
        ("rename", "b", (1,)),
    ]


def test_a_second_column_of_the_name_becomes_dot_two(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b,a\n1,2,3\n").names == ("a", "b", "a.2")


def test_a_five_megabyte_cell_is_read_whole(tmp_path: Path) -> None:
    big = "x" * 5_000_000
    table = read(tmp_path, f'a,b\n1,{big}\n2,"{big}\n"\n')
    assert [len(cell) for cell in table.frame["b"]] == [5_000_000, 5_000_001]


def test_a_word_at_row_200_001_of_numbers_is_read(tmp_path: Path) -> None:
    table = read(tmp_path, "n\n" + "1\n" * 200_000 + "word\n")
    assert table.frame["n"][-1] == "word"
    assert table.lines[-1] == 200_002


def test_rows_come_in_many_chunks_in_order(tmp_path: Path) -> None:
    table = read(tmp_path, "n,m\n" + "".join(f"{number},x\n" for number in range(50_000)))
    assert table.frame["n"].to_list() == [str(number) for number in range(50_000)]


def test_a_gzipped_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    zipped = gzip.compress(b"a,b\n1,2\n")
    assert read(tmp_path, zipped, "rows.csv.gz").frame.rows() == [("1", "2")]
    assert read(tmp_path, zipped, "rows.csv").frame.rows() == [("1", "2")]


def test_a_header_only_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a header only"):
        read(tmp_path, "a,b\n")


def test_a_file_of_blank_lines_is_refused_as_empty(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="empty file"):
        read(tmp_path, "\n\n \n")


def test_a_file_whose_rows_all_miss_the_header_is_refused_with_the_first_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"line 2: expected rows of 2 cells.*none among 3 rows"):
        read(tmp_path, "a,b\n1,2,3\n1,2,3\n1,2,3\n")


def test_a_title_above_the_header_is_refused_rather_than_guessed(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Remove lines above the column names"):
        read(tmp_path, "Report\na,b\n1,2\n3,4\n5,6\n")


def test_a_file_without_column_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Add a first line that names the columns"):
        read(tmp_path, "5.1,3.5\n4.9,3.0\n")
    assert read(tmp_path, "0,1\n4.9,3.0\n").names == ("0", "1")


def test_an_unclosed_quote_in_the_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Mend the quotes"):
        read(tmp_path, '"a,b\n1,2\n3,4\n')


def test_one_column_is_a_table_too(tmp_path: Path) -> None:
    table = read(tmp_path, 'text\nHello, world\n"quoted, too"\nplain\n')
    assert table.frame["text"].to_list() == ["Hello, world", "quoted, too", "plain"]


def test_strange_names_and_cells_come_through(tmp_path: Path) -> None:
    names = ["\U0001f600", "\u05e9\u05dc\u05d5\u05dd", "../etc", "<script>", "n" * 4096]
    buffer = io.StringIO()
    csv.writer(buffer).writerows([names, names])
    table = read(tmp_path, buffer.getvalue().encode())
    assert table.names == tuple(names)
    assert table.frame.row(0) == tuple(names)


_cells = some.text(alphabet=some.sampled_from('ab1 ,;"\n\r\té\u2028'), max_size=8)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=some.lists(some.lists(_cells, min_size=3, max_size=3), min_size=1, max_size=8))
def test_what_python_writes_is_read_back_cell_for_cell(tmp_path: Path, rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([["left", "middle", "right"], *rows])
    table = read(tmp_path, buffer.getvalue().encode())
    kept = [tuple(cell or None for cell in row) for row in rows]
    if not table.ingest.rows_quarantined:
        assert table.frame.rows() == kept
    assert table.ingest.rows_in >= len(rows)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=some.lists(some.text(alphabet=some.sampled_from('ab1,"\n'), max_size=12), max_size=12))
def test_rows_in_are_rows_kept_and_rows_set_aside(tmp_path: Path, lines: list[str]) -> None:
    text = "left,right\n" + "\n".join(lines)
    try:
        table = read(tmp_path, text)
    except SourceError:
        return
    ingest = table.ingest
    assert ingest.rows_in == ingest.rows_kept + ingest.rows_quarantined
    assert ingest.rows_kept == table.frame.height == table.lines.size
    seen = set(table.lines.tolist()) | {row.line for row in ingest.quarantined}
    spoken = {number for number, line in enumerate(text.split("\n"), start=1) if line.strip() and number > 1}
    multiline = any("\n" in (cell or "") for row in table.frame.rows() for cell in row)
    assert seen <= spoken
    assert multiline or seen == spoken


def test_adult_is_read_whole(shared_data: Path) -> None:
    table = read_table(shared_data / "adult_census" / "adult.csv.gz")
    assert table.frame.shape == (48_842, 16)
    assert table.ingest.rows_quarantined == 0
