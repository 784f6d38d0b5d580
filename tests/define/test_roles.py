from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars
import pytest

from modelwright.define.roles import Guess, guess_role, infer_roles, number_share
from modelwright.sources.reading import read_table


def guess(cells: list[Any], name: str = "x", missing: tuple[str, ...] = ()) -> Guess:
    return guess_role(polars.Series(name, cells), missing)


def test_numbers_are_numeric() -> None:
    assert guess(["1.5", "2", None]).role == "numeric"
    assert guess(["3", "1", "2", "1"]).dtype == "number"


def test_float_columns_are_never_ids() -> None:
    assert guess([f"{number}.0" for number in range(100)]).role == "numeric"
    assert guess([float(number) for number in range(100)]).role == "numeric"


def test_whole_numbers_that_count_up_are_ids() -> None:
    assert guess([str(number) for number in range(1, 101)]).role == "id"
    assert guess(list(range(100, 0, -1))).role == "id"
    assert guess([str(number * 7 + number % 3) for number in range(100)]).role == "id"


def test_whole_numbers_that_measure_are_numeric() -> None:
    assert guess([str(number * 7919 % 100_003) for number in range(100)]).role == "numeric"
    assert guess([str(number) for number in range(1950, 2020)], "year").role == "numeric"
    assert guess(["1", "2", "3"]).role == "numeric"


@pytest.mark.parametrize("name", ["id", "user_id", "customerID", "UUID"])
def test_distinct_numbers_in_a_column_named_id_are_ids(name: str) -> None:
    assert guess([str(number * 7919 % 100_003) for number in range(100)], name).role == "id"


def test_names_that_end_in_the_letters_id_are_not_ids() -> None:
    assert guess([str(number * 7919 % 100_003) for number in range(100)], "paid").role == "numeric"


def test_zip_codes_keep_their_leading_zeros() -> None:
    made = guess(["01234", "90210", "10001"] * 20)
    assert (made.role, made.dtype) == ("categorical", "string")
    assert "leading zeros" in made.reason


def test_ids_beyond_2_to_the_53_stay_text() -> None:
    made = guess([str(2**53 + number) for number in range(1, 50)])
    assert (made.role, made.dtype) == ("id", "string")
    assert "2^53" in made.reason
    assert guess([2**60 + number for number in range(50)]).dtype == "string"
    assert guess([str(2**53), "5", "7"]).dtype == "number"


def test_zero_and_decimals_below_one_are_numbers() -> None:
    assert guess(["0", "0.5", "-0.25", "00.5"]).dtype == "number"


def test_a_few_words_among_numbers_leave_a_column_of_numbers() -> None:
    made = guess(["1", "2"] * 500 + ["word"])
    assert made.dtype == "number"
    assert "other 1 become missing" in made.reason


def test_many_words_among_numbers_make_a_column_of_text() -> None:
    assert guess(["1", "2"] * 50 + ["word"]).dtype == "string"


def test_spellings_of_missing_and_infinity_do_not_make_numbers_text() -> None:
    assert guess(["1.5", "NA", "NaN", "N/A", "inf", "?", "-"]).dtype == "number"
    assert guess(["1.5", "gone", "2.5"], missing=("gone",)).dtype == "number"


def test_country_codes_with_na_are_categories() -> None:
    assert guess(["NA", "DE", "FR"] * 20) == Guess(
        role="categorical", dtype="string", reason="3 different values in 60 rows"
    )


def test_columns_of_only_na_are_categories() -> None:
    assert guess(["NA", "NA"]).role == "categorical"


@pytest.mark.parametrize(
    ("cells", "date_format"),
    [
        (["2020-01-02", "2020-01-03 10:00:00"], "iso"),
        (["20200102", "20191231"], "%Y%m%d"),
        ([20200102, 20191231], "%Y%m%d"),
        (["31/12/2020", "01/02/2020"], "%d/%m/%Y"),
        (["01-Jan-1995"], "%d-%b-%Y"),
        ([date(2020, 1, 2)], "iso"),
    ],
)
def test_dates_are_recognised_with_their_format(cells: list[Any], date_format: str) -> None:
    made = guess(cells)
    assert (made.role, made.dtype, made.date_format) == ("date", "date", date_format)


def test_an_ambiguous_date_format_is_said() -> None:
    assert "%d/%m/%Y fits as well" in guess(["01/02/2020", "03/04/2020"]).reason


def test_several_words_mostly_different_are_text() -> None:
    made = guess([f"message number {number} for you" for number in range(50)])
    assert made.role == "text"


def test_repeated_phrases_are_categories() -> None:
    assert guess(["more than 30", "less than 30", "none at all"] * 50).role == "categorical"


def test_text_without_blanks_between_words_is_text() -> None:
    assert guess([f"これは日本語の文章です{number}番目" for number in range(30)]).role == "text"


def test_codes_of_one_word_all_different_are_ids() -> None:
    assert guess([f"A{number:05d}X" for number in range(30)]).role == "id"
    assert guess([f"user{number}@example.org" for number in range(30)]).role == "id"
    assert guess(["ann", "bob", "eve"]).role == "categorical"


def test_a_column_without_a_value_is_ignored() -> None:
    made = guess([None, " ", ""])
    assert (made.role, made.reason) == ("ignored", "every cell is missing")
    assert guess_role(polars.Series("x", [None, None])).role == "ignored"
    assert guess_role(polars.Series("x", [None, None], dtype=polars.Date)).role == "ignored"
    assert guess_role(polars.Series("x", [float("nan")])).role == "ignored"


def test_truth_values_are_categories() -> None:
    assert guess([True, False]).role == "categorical"
    assert guess(["true", "false"] * 10).role == "categorical"


def test_nested_values_are_ignored() -> None:
    assert guess([[1, 2], [3]]).role == "ignored"
    assert guess(['{"a":1}', "[1,2]"]).role == "ignored"


def test_decimal_commas_are_hinted_at() -> None:
    assert "decimal comma" in guess(["1,5", "2,5", "1.234,5"]).reason


def test_the_share_of_numbers_is_counted_apart_from_missing() -> None:
    assert number_share(polars.Series("x", ["1", "NA", "x", None])) == 0.5
    assert number_share(polars.Series("x", ["a"])) == 0.0
    assert number_share(polars.Series("x", [None], dtype=polars.String)) == 0.0


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        (
            "titanic/titanic_kaggle_train.csv.gz",
            {
                "PassengerId": "id",
                "Name": "text",
                "Age": "numeric",
                "Sex": "categorical",
                "Ticket": "categorical",
            },
        ),
        ("sms_spam/sms_spam.csv.gz", {"id": "id", "label": "categorical", "text": "text"}),
        ("bike_sharing_hourly/hour.csv.gz", {"instant": "id", "dteday": "date", "hr": "numeric"}),
        (
            "beijing_pm25/beijing_pm25.csv.gz",
            {"datetime": "date", "No": "id", "year": "numeric", "cbwd": "categorical"},
        ),
        ("movielens_100k/items.csv.gz", {"release_date": "date", "title": "text", "imdb_url": "id"}),
        ("movielens_100k/users.csv.gz", {"zip_code": "categorical", "age": "numeric"}),
    ],
)
def test_roles_of_real_columns(shared_data: Path, path: str, roles: dict[str, str]) -> None:
    made = infer_roles(read_table(shared_data / path).frame)
    assert {name: made[name].role for name in roles} == roles


def test_a_repeated_id_with_few_rows_a_value_is_not_read_and_a_group_is_advised() -> None:
    films = [f"tt{1000 + row // 7}" for row in range(2_100)]
    stores = [f"s{row % 45}" for row in range(4_500)]
    guessed = infer_roles(polars.DataFrame({"film_id": films}))["film_id"]
    assert guessed.role == "id"
    assert "--group film_id" in guessed.reason
    assert infer_roles(polars.DataFrame({"store_id": stores}))["store_id"].role == "categorical"
