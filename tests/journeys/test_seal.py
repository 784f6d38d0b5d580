"""Ways of getting at the sealed rows, by mistake or in haste: each is prevented, or named in the report.

The seal is a guard for honest people, not a lock against dishonest ones: whoever rewrites every row gets
around it, and the last tests hold that to what the documents say.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import polars
import pytest

from modelwright.cli import modelwright
from modelwright.define.collect import collect
from modelwright.develop.compare import compare
from modelwright.develop.protocol import choose_protocol
from modelwright.errors import CorruptError, SealError
from modelwright.project import Project
from modelwright.records import Dataset, Lab, Protocol
from modelwright.workflow import Wishes, define_task, run
from modelwright.workflow.chapter import prepare_bench, understand_data

pytestmark = pytest.mark.slow

SMS = Path(__file__).resolve().parents[2] / "examples" / "data" / "sms_spam.csv.gz"
ROWS = 600
LONG_TEXT = 20
"""Words of a text that still is nearly itself with one of them changed (`docs/findings/MW106.md`)."""


def messages() -> polars.DataFrame:
    """Real messages, what can be counted in them, and a day, as no one wrote down when they were sent."""
    table = polars.read_csv(SMS).drop("id").unique("text", maintain_order=True)[:ROWS]
    text = polars.col("text")
    days = polars.date(2011, 1, 1) + polars.duration(days=polars.int_range(polars.len()) * 7 % 365)
    return table.with_columns(
        letters=(text.str.len_chars() / (text.str.count_matches(" ") + 1)).round(4),
        capitals=(text.str.count_matches("[A-Z]") / text.str.len_chars()).round(5),
        sent=days,
    )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a project has sealed and developed on: texts, in lower case."""

    sealed: set[str]
    developed: set[str]
    protocol: Protocol
    rows: int


def command(*arguments: str | Path) -> None:
    """What a person types, in this process."""
    modelwright.main([str(each) for each in arguments], standalone_mode=False)


def seen_in(folder: Path, column: str = "text") -> Seen:
    """The project's latest protocol, by its rows' texts."""
    with Project.open(folder) as project:
        dataset: Dataset = project.last(collect)
        protocol: Protocol = project.last(choose_protocol)
        texts = project.read(dataset.table)[column].str.strip_chars().str.to_lowercase().to_numpy()
        used = (project.read(protocol.splits) > 0).any(axis=0)
        sealed = set(texts[project.read(protocol.test)].tolist())
    return Seen(sealed=sealed, developed=set(texts[used].tolist()), protocol=protocol, rows=len(texts))


def framed(home: Path, name: str, data: Path, *options: str, label: str = "label") -> Path:
    """A new project on a file, looked at: `look` seals, as `run` and `compare` do."""
    project = home / name
    command("new", project, "--data", data, "--predict", label, "--yes", *options)
    command("look", project)
    return project


@pytest.fixture(scope="module")
def sealed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with messages and a project that sealed some of them."""
    home = tmp_path_factory.mktemp("home")
    messages().write_csv(home / "messages.csv")
    framed(home, "first", home / "messages.csv")
    return home


@pytest.fixture
def home(sealed_home: Path, tmp_path: Path) -> Path:
    """The same, for one test alone."""
    return Path(shutil.copytree(sealed_home, tmp_path / "home"))


def again(home: Path, data: Path) -> Path:
    """The first project with other data under its task."""
    with Project.open(home / "first") as project, project.writing():
        task, snap = define_task(project, data, Wishes())
        dataset, _ = understand_data(project, task, snap)
        prepare_bench(project, task, dataset, 0)
    return home / "first"


def changed(change: Callable[[polars.DataFrame], polars.DataFrame]) -> Callable[[Path], Path]:
    """The first project after its file was changed."""

    def way(home: Path) -> Path:
        path = home / "changed.csv"
        change(messages()).write_csv(path)
        return again(home, path)

    return way


def renewed(change: Callable[[polars.DataFrame], polars.DataFrame], **renamed: str) -> Callable[[Path], Path]:
    """A new project beside the first, on a changed file."""

    def way(home: Path) -> Path:
        path = home / "changed.csv"
        change(messages()).write_csv(path)
        return framed(home, "second", path, **renamed)

    return way


def encoded(write: Callable[[Path, polars.DataFrame], Path]) -> Callable[[Path], Path]:
    """The first project on its rows in another file."""
    return lambda home: again(home, write(home, messages()))


def another_seed(home: Path) -> Path:
    with Project.open(home / "first") as project, project.writing():
        task, snap = define_task(project, project.folder, Wishes())
        dataset, _ = understand_data(project, task, snap)
        prepare_bench(project, task, dataset, 7)
    return home / "first"


def a_fresh_process(home: Path) -> Path:
    words = ["new", "second", "--data", "messages.csv", "--predict", "label", "--yes"]
    for arguments in (words, ["look", "second"]):
        subprocess.run(
            [sys.executable, "-m", "modelwright", *arguments], cwd=home, check=True, capture_output=True
        )
    return home / "second"


def utf_16(home: Path, rows: polars.DataFrame) -> Path:
    path = home / "messages-utf16.csv"
    path.write_text(rows.write_csv(separator="\t"), encoding="utf-16")
    return path


def as_in_germany(home: Path, rows: polars.DataFrame) -> Path:
    """Semicolons, decimal commas, days first."""
    comma = [
        polars.col(name).cast(polars.String).str.replace(".", ",", literal=True)
        for name in ("letters", "capitals")
    ]
    path = home / "nachrichten.csv"
    rows.with_columns(*comma, polars.col("sent").dt.strftime("%d.%m.%Y")).write_csv(path, separator=";")
    return path


def parquet(home: Path, rows: polars.DataFrame) -> Path:
    rows.write_parquet(home / "messages.parquet")
    return home / "messages.parquet"


def json_lines(home: Path, rows: polars.DataFrame) -> Path:
    rows.write_ndjson(home / "messages.jsonl")
    return home / "messages.jsonl"


def a_data_frame(home: Path) -> Path:
    with Project.create(home / "second") as project, project.writing():
        task, snap = define_task(project, messages(), Wishes(predict=("label",)))
        dataset, _ = understand_data(project, task, snap)
        prepare_bench(project, task, dataset, 0)
    return home / "second"


def the_test_share_changed(home: Path) -> Path:
    path = home / "first" / "task.toml"
    path.write_text(path.read_text().replace("fraction = 0.25", "fraction = 0.4"))
    assert "fraction = 0.4" in path.read_text()
    command("look", home / "first")
    return home / "first"


def labels_swapped(rows: polars.DataFrame) -> polars.DataFrame:
    other = polars.when(polars.col("label") == "ham").then(polars.lit("spam")).otherwise(polars.lit("ham"))
    return rows.with_columns(other.alias("label"))


def more_messages(count: int) -> polars.DataFrame:
    table = polars.read_csv(SMS).drop("id").unique("text", maintain_order=True)[ROWS : ROWS + count]
    return table.with_columns(letters=polars.lit(4.5), capitals=polars.lit(0.1), sent=polars.date(2012, 1, 1))


WAYS: dict[str, Callable[[Path], Path]] = {
    "another seed": another_seed,
    "a fresh process": a_fresh_process,
    "rows in another order": changed(lambda rows: rows.sample(fraction=1.0, shuffle=True, seed=3)),
    "rows appended": changed(lambda rows: polars.concat([rows, more_messages(200)])),
    "rows left out": changed(lambda rows: rows[::2]),
    "UTF-16 and tabs": encoded(utf_16),
    "semicolons, decimal commas, days first": encoded(as_in_germany),
    "Parquet": encoded(parquet),
    "JSON Lines": encoded(json_lines),
    "a DataFrame": a_data_frame,
    "a new project on the same file": lambda home: framed(home, "second", home / "messages.csv"),
    "columns renamed": renewed(
        lambda rows: rows.rename({"label": "kind", "letters": "length", "capitals": "upper", "sent": "day"}),
        label="kind",
    ),
    "a column dropped": renewed(lambda rows: rows.drop("capitals")),
    "two columns dropped, one renamed": renewed(
        lambda rows: rows.drop("sent", "capitals").rename({"letters": "length"})
    ),
    "columns added": renewed(lambda rows: rows.with_columns(words=polars.col("text").str.count_matches(" "))),
    "a larger test part": the_test_share_changed,
    "rows grouped": lambda home: framed(home, "second", home / "messages.csv", "--group", "sent"),
    "rows ordered in time": lambda home: framed(home, "second", home / "messages.csv", "--time", "sent"),
    "a column ignored": lambda home: framed(home, "second", home / "messages.csv", "--ignore", "capitals"),
    "another target": lambda home: framed(home, "second", home / "messages.csv", label="letters"),
    "labels mended": changed(labels_swapped),
    "a number of every row mended": changed(lambda rows: rows.with_columns(polars.col("letters") + 1)),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_way_leads_to_developing_on_a_sealed_row(home: Path, way: str) -> None:
    first = seen_in(home / "first")
    assert len(first.sealed) > ROWS / 5
    assert not first.sealed & first.developed
    later = seen_in(WAYS[way](home))
    assert len(later.developed) > 100
    assert first.sealed & later.sealed
    assert not first.sealed & later.developed
    assert later.protocol.seal is not None
    assert first.protocol.seal is not None
    assert later.protocol.seal.name == first.protocol.seal.name, "openings are counted together"
    assert "were sealed before, and stay sealed" in later.protocol.test_reason


def with_a_word_changed(text: str) -> str:
    words = text.split(" ")
    words[len(words) // 2] = "changed"
    return " ".join(words)


def long_and_sealed(first: Seen) -> polars.DataFrame:
    """Sealed messages of many words."""
    enough = polars.col("text").str.split(" ").list.len() >= LONG_TEXT
    return messages().filter(
        polars.col("text").str.strip_chars().str.to_lowercase().is_in(first.sealed) & enough
    )


NEAR: dict[str, Callable[[polars.DataFrame], polars.DataFrame]] = {
    "one number changed": lambda rows: rows.with_columns(polars.col("letters") + 3),
    "the label changed": labels_swapped,
    "one word of the text changed": lambda rows: rows.with_columns(
        polars.col("text").map_elements(with_a_word_changed, return_dtype=polars.String)
    ),
    "a word of the text and all that is counted changed": lambda rows: rows.with_columns(
        polars.col("text").map_elements(with_a_word_changed, return_dtype=polars.String),
        polars.col("letters") + 3,
        polars.col("capitals") + 0.1,
    ),
}


@pytest.mark.parametrize("change", NEAR)
def test_a_near_copy_of_a_sealed_row_brought_to_train_on_is_not_trained_on(home: Path, change: str) -> None:
    first = seen_in(home / "first")
    copies = NEAR[change](long_and_sealed(first)[:8])
    folder = changed(lambda rows: polars.concat([rows, copies]))(home)
    with Project.open(folder) as project:
        protocol: Protocol = project.last(choose_protocol)
        used = (project.read(protocol.splits) > 0).any(axis=0)
    assert len(used) == ROWS + 8
    assert not used[ROWS:].any(), "the near copies stand at the end"
    assert "or nearly so, and are not used" in protocol.test_reason
    assert not first.sealed & seen_in(folder).developed


@pytest.mark.parametrize(
    "change", ["one number changed", "the label changed", "one word of the text changed"]
)
def test_a_sealed_row_edited_where_it_stands_stays_sealed(home: Path, change: str) -> None:
    first = seen_in(home / "first")
    edited = NEAR[change](long_and_sealed(first)[:8])
    stay = messages().filter(~polars.col("text").is_in(long_and_sealed(first)[:8]["text"].to_list()))
    later = seen_in(changed(lambda rows: polars.concat([edited, stay]))(home))
    assert later.rows == ROWS
    assert not set(edited["text"].str.strip_chars().str.to_lowercase()) & later.developed
    assert not first.sealed & later.developed
    assert "not known" not in later.protocol.test_reason


def test_sealed_rows_left_out_of_the_file_are_missed_and_that_is_said(home: Path) -> None:
    first = seen_in(home / "first")
    gone = sorted(first.sealed)[:10]
    text = polars.col("text").str.strip_chars().str.to_lowercase()
    later = seen_in(changed(lambda rows: rows.filter(~text.is_in(gone)))(home))
    assert "; 10 rows sealed before are not known among these" in later.protocol.test_reason
    assert not first.sealed & later.developed


def test_where_every_cell_was_written_anew_the_report_says_that_no_row_is_known(home: Path) -> None:
    anew = changed(
        lambda rows: rows.with_columns(
            polars.col("text").str.reverse(), polars.col("letters") + 1, polars.col("capitals") + 1
        )
    )
    said = seen_in(anew(home)).protocol.test_reason
    assert "none of the 150 rows sealed before in this project is known among these" in said


def test_in_another_folder_nothing_is_known_as_the_documents_say(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(home / "messages.csv", elsewhere)
    later = seen_in(framed(elsewhere, "second", elsewhere / "messages.csv"))
    assert later.protocol.seal is not None
    assert later.protocol.seal.again == 0
    decided = SMS.parents[2] / "docs" / "decisions" / "0005-what-was-sealed-stays-sealed.md"
    assert "copies the data to another folder" in decided.read_text(encoding="utf-8")


def ledger_cut_short(project: Path) -> None:
    path = project / ".modelwright" / "ledger.sqlite"
    path.write_bytes(path.read_bytes()[:5_000])


def blobs_gone(project: Path) -> None:
    shutil.rmtree(project / ".modelwright" / "blobs")


def of_a_newer_version(project: Path) -> None:
    connection = sqlite3.connect(project / ".modelwright" / "ledger.sqlite")
    with connection:
        connection.execute("INSERT INTO migrations VALUES ('of_tomorrow', '2030-01-01')")
    connection.close()


def no_database(project: Path) -> None:
    (project / ".modelwright" / "ledger.sqlite").write_text("not a database", encoding="utf-8")


@pytest.mark.parametrize("broken", [ledger_cut_short, blobs_gone, of_a_newer_version, no_database])
def test_a_broken_project_beside_stops_nothing_and_is_named(
    home: Path, broken: Callable[[Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    framed(home, "second", home / "messages.csv")
    broken(home / "first")
    capfd.readouterr()
    later = seen_in(framed(home, "third", home / "messages.csv"))
    said = "what was sealed in the project first beside is not known: it cannot be read"
    assert said in later.protocol.test_reason
    assert said in capfd.readouterr().err
    assert not seen_in(home / "second").sealed & later.developed, "the one that can be read is followed"


def test_a_fault_of_ones_own_project_is_not_taken_for_a_neighbours(home: Path) -> None:
    framed(home, "second", home / "messages.csv")
    blobs_gone(home / "second")
    with pytest.raises(CorruptError, match="second"):
        seen_in(home / "second")
    ledger_cut_short(home / "second")
    with pytest.raises(CorruptError, match="second"):
        command("look", home / "second")


def test_what_a_run_found_beside_it_is_found_again_when_that_is_gone(home: Path) -> None:
    second = framed(home, "second", home / "messages.csv", "--ignore", "sent")
    before = seen_in(second)
    shutil.rmtree(home / "first")
    command("look", second)
    assert seen_in(second).protocol == before.protocol


def test_no_sealed_message_is_on_the_page_that_shows_the_data(home: Path) -> None:
    first = seen_in(home / "first")
    page = unescape((home / "first" / "data.html").read_text(encoding="utf-8")).lower()
    assert sum(text in page for text in first.developed) > 3
    assert not [text for text in first.sealed if len(text) > 30 and text in page]


def test_models_compared_train_and_validate_on_rows_that_are_not_sealed(home: Path) -> None:
    model = SMS.parents[1] / "book" / "small.py"
    command("compare", home / "first", f"{model}:model", "--epochs", "2", "--seeds", "2")
    protocol = seen_in(home / "first").protocol
    with Project.open(home / "first") as project:
        lab: Lab = project.last(compare)
    assert lab.training_rows + lab.validation_rows <= protocol.rows == ROWS - protocol.test_rows


@pytest.fixture(scope="module")
def run_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project that went all the way, its sealed rows opened once."""
    home = tmp_path_factory.mktemp("run")
    counted().write_csv(home / "messages.csv")
    command("run", home / "messages.csv", "--predict", "label", "--project", home / "first", "--trials", "1")
    return home


def counted() -> polars.DataFrame:
    """What can be counted in the messages, without their texts: quick to learn from."""
    digits = polars.col("text").str.count_matches("[0-9]").alias("digits")
    length = polars.col("text").str.len_chars().alias("length")
    return messages()[:400].select("label", "letters", "capitals", digits, length)


def key(rows: polars.DataFrame) -> set[tuple[float, ...]]:
    return set(rows.select("letters", "capitals", "digits", "length").rows())


def sealed_and_developed(folder: Path) -> tuple[polars.DataFrame, polars.DataFrame]:
    with Project.open(folder) as project:
        table = project.read(project.last(collect).table)
        protocol: Protocol = project.last(choose_protocol)
        used = (project.read(protocol.splits) > 0).any(axis=0)
        return table[project.read(protocol.test).tolist()], table.filter(polars.Series(used))


def said_in_report(folder: Path) -> str:
    return unescape((folder / "report.html").read_text(encoding="utf-8"))


def test_a_second_opening_needs_a_reason_and_every_later_report_counts_it(
    run_home: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(run_home, tmp_path / "home"))
    assert "set aside before anything was tried, opened once" in said_in_report(home / "first")
    with pytest.raises(SealError, match="--reopen"):
        run(home / "first", trials=1, seed=3)
    assert "opened once" in said_in_report(home / "first")
    run(home / "first", trials=1, seed=3, reopen="the first seed was unlucky")
    assert "opened 2 times" in said_in_report(home / "first")
    run(home / "first", trials=1)
    assert "opened 2 times" in said_in_report(home / "first"), "the first result, too"
    with Project.open(home / "first") as project:
        first, second = project.openings(project.last(choose_protocol).seal.name)
    assert (first.reason, second.reason) == ("", "the first seed was unlucky")
    assert first.who
    assert first.opened_utc < second.opened_utc


def test_sealed_rows_answered_and_given_back_as_training_rows_are_not_trained_on(
    run_home: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(run_home, tmp_path / "home"))
    sealed, developed = sealed_and_developed(home / "first")
    assert not key(sealed) & key(developed)
    sealed.drop("label").write_csv(home / "questions.csv")
    command("predict", home / "first", home / "questions.csv", "--out", home / "answers.csv")
    answers = polars.read_csv(home / "answers.csv")
    answered = sealed.with_columns(label=answers["prediction"])
    polars.concat([counted(), answered.select(counted().columns).cast(dict(counted().schema))]).write_csv(
        home / "more.csv"
    )
    outcome = run(home / "more.csv", predict="label", project=home / "second", trials=1)
    again, trained = sealed_and_developed(home / "second")
    assert key(sealed) <= key(again) | (key(counted()) - key(trained))
    assert not key(sealed) & key(trained)
    assert outcome.confirmed is not None
    assert outcome.confirmed.final is not None
    assert outcome.confirmed.final.rows == len(trained)
    assert "opened 2 times" in said_in_report(home / "second"), "once by the project beside"
