from __future__ import annotations

import pytest

from modelwright.sources.dialect import NO_DELIMITER, Dialect, detect_dialect


def detect(text: str, name: str = "") -> Dialect:
    return detect_dialect(iter(text.splitlines(keepends=True)), name)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_each_delimiter_is_recognised(delimiter: str) -> None:
    text = "a,b,c\n1,2,3\n4,5,6\n".replace(",", delimiter)
    assert detect(text).delimiter == delimiter


def test_decimal_commas_do_not_hide_semicolons() -> None:
    assert detect("a;b;c\n1,5;2,5;3,5\n4,5;5,5;6,5\n").delimiter == ";"


def test_commas_in_texts_do_not_hide_tabs() -> None:
    assert detect("label\ttext\nham\tWell, yes, no\nspam\tWin, now\n").delimiter == "\t"


def test_delimiters_inside_quotes_do_not_vote() -> None:
    assert detect('a,b\n"x;y;z",1\n"p;q;r",2\n').delimiter == ","


def test_ragged_rows_do_not_change_the_vote() -> None:
    assert detect("a,b,c\n1,2\n1,2,3,4\n1;2,3,4\n").delimiter == ","


def test_a_tsv_name_settles_a_tie() -> None:
    assert detect("a,x\tb\n1,2\t3\n", "rows.tsv.gz").delimiter == "\t"


def test_a_file_of_one_column_has_no_delimiter() -> None:
    dialect = detect("text\nHello, world\nBye\n")
    assert dialect.delimiter == NO_DELIMITER
    assert "one column" in dialect.words()


def test_single_quotes_are_recognised_where_they_wrap_cells() -> None:
    assert detect("a,b\n'x,1','y'\n'p,2','q'\n").quote == "'"
    assert detect("a,b\n'tis,it\nx,y\n").quote == '"'


def test_backslash_escapes_are_recognised() -> None:
    dialect = detect('a,b\n1,"he said \\"no\\" twice"\n2,"x"\n')
    assert dialect.escape == "\\"
    assert list(dialect.reader(iter(['1,"he said \\"no\\""\n']), strict=True)) == [["1", 'he said "no"']]


def test_blanks_before_quotes_are_skipped_where_all_have_them() -> None:
    assert detect('a, b\n1, "x, y"\n2, "z"\n').skip_spaces
    assert not detect("a, b\n1, 2\n").skip_spaces


def test_the_dialect_is_shown_in_words() -> None:
    assert detect("a\tb\n1\t2\n").words() == "delimiter tab quote '\"'"
