"""What was sealed stays sealed, however its rows come back; what was opened is not opened again unsaid."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.define.collect import collect
from modelwright.define.frame import frame
from modelwright.define.measure import choose_measure
from modelwright.define.snapshot import snapshot
from modelwright.develop.protocol import choose_protocol
from modelwright.errors import SealError, StorageError, UsageError
from modelwright.project import Project
from modelwright.records import Bench, Plan, Protocol, Seal, step
from modelwright.workflow.sealed import sealed_before

Change = Callable[[polars.DataFrame], polars.DataFrame]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "p") as opened:
        yield opened


def people(rows: int = 400, seed: int = 0) -> polars.DataFrame:
    random = np.random.default_rng(seed)
    size = random.normal(170, 10, rows)
    return polars.DataFrame(
        {
            "size": size.round(5),  # each row has one of its own, by which it is known here
            "weight": (size - 100 + random.normal(0, 8, rows)).round(3),
            "town": random.choice(["Bern", "Basel", "Chur", "Sion"], rows),
            "label": np.where(size + random.normal(0, 8, rows) > 170, "yes", "no"),
        }
    )


def protocol_of(
    project: Project, table: polars.DataFrame | Path, *, seed: int = 0, **wishes: Any
) -> tuple[Any, Protocol]:
    """The table's typed rows and the protocol chosen for them, as the workflow chooses it."""
    rows = table if isinstance(table, Path) else {name: table[name].to_list() for name in table.columns}
    snap = project.run(snapshot, project.adopt(rows))
    task = project.run(frame, snap, predict=("label",), source_name="people", **wishes)
    dataset = project.run(collect, task, snap)
    measure = project.run(choose_measure, task, dataset)
    before = sealed_before(project, task, dataset, measure, seed)
    return project.read(dataset.table), project.run(
        choose_protocol, task, dataset, measure, before, seed=seed
    )


def sizes(project: Project, drawn: tuple[Any, Protocol]) -> set[float]:
    table, protocol = drawn
    return set(table["size"].to_numpy()[project.read(protocol.test)].tolist())


def developed(project: Project, drawn: tuple[Any, Protocol]) -> set[float]:
    table, protocol = drawn
    used = (project.read(protocol.splits) > 0).any(axis=0)
    return set(table["size"].to_numpy()[used].tolist())


CHANGES: dict[str, Change] = {
    "rows in another order": lambda rows: rows.sample(fraction=1.0, shuffle=True, seed=7),
    "rows appended": lambda rows: polars.concat([rows, people(100, seed=5)]),
    "columns in another order": lambda rows: rows.select("town", "label", "weight", "size"),
    "columns renamed": lambda rows: rows.rename({"weight": "kilograms", "town": "city"}),
    "letter case and blanks": lambda rows: rows.with_columns(polars.col("town").str.to_uppercase() + " "),
    "a column of notes added": lambda rows: rows.with_columns(polars.Series("note", ["x"] * len(rows))),
    "rows left out": lambda rows: rows[::2],
}


@pytest.mark.parametrize("change", CHANGES)
def test_sealed_rows_are_never_developed_on_however_they_come_back(project: Project, change: str) -> None:
    sealed = sizes(project, protocol_of(project, people()))
    later = protocol_of(project, CHANGES[change](people()))
    assert not developed(project, later) & sealed
    assert later[1].seal is not None
    assert later[1].seal.again > 0


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


FILES: dict[str, Callable[[Path, polars.DataFrame], Path]] = {
    "UTF-16": lambda folder, rows: written(folder / "a.csv", rows.write_csv(), "utf-16"),
    "semicolons": lambda folder, rows: written(folder / "a.csv", rows.write_csv(separator=";")),
    "every cell quoted": lambda folder, rows: written(
        folder / "a.csv", rows.write_csv(quote_style="always", line_terminator="\r\n")
    ),
    "more decimals": lambda folder, rows: written(folder / "a.csv", rows.write_csv(float_precision=6)),
    "JSON Lines": lambda folder, rows: written(folder / "a.jsonl", rows.write_ndjson()),
    "Parquet": lambda folder, rows: rows.write_parquet(folder / "a.parquet") or folder / "a.parquet",
}


@pytest.mark.parametrize("kind", FILES)
def test_rows_sealed_in_a_csv_are_known_in_any_other_file(
    project: Project, tmp_path: Path, kind: str
) -> None:
    first = written(tmp_path / "people.csv", people().write_csv())
    sealed = sizes(project, protocol_of(project, first))
    later = protocol_of(project, FILES[kind](tmp_path, people()))
    assert sizes(project, later) == sealed
    assert not developed(project, later) & sealed


def test_a_new_project_beside_the_first_keeps_the_rows_sealed(project: Project, tmp_path: Path) -> None:
    sealed = sizes(project, protocol_of(project, people()))
    with Project.create(tmp_path / "another") as other:
        later = protocol_of(other, people(), seed=3)
        assert sizes(other, later) == sealed
        assert not developed(other, later) & sealed


def blobs_gone(state: Path) -> None:
    shutil.rmtree(state / "blobs")


def ledger_cut_short(state: Path) -> None:
    (state / "ledger.sqlite").write_bytes((state / "ledger.sqlite").read_bytes()[:3_000])


@step(version=1)
def choose_protocol_of_before(desk: Any, protocol: Protocol) -> Protocol:
    """As an earlier version did: two digests of each row, not one of every cell."""
    assert protocol.seal is not None
    two = desk.keep(desk.read(protocol.seal.digests)[:, :2], "array")
    return replace(protocol, seal=replace(protocol.seal, digests=two))


choose_protocol_of_before.__module__ = choose_protocol.__module__
choose_protocol_of_before.__name__ = choose_protocol.__name__


def of_another_version(state: Path) -> None:
    with Project.open(state.parent) as older:
        older.run(choose_protocol_of_before, older.last(choose_protocol))


@pytest.mark.parametrize("broken", [blobs_gone, ledger_cut_short, of_another_version])
def test_a_project_beside_that_cannot_be_read_is_skipped_and_named(
    tmp_path: Path, broken: Callable[[Path], None]
) -> None:
    with Project.create(tmp_path / "other") as other:
        protocol_of(other, people())
    broken(tmp_path / "other" / ".modelwright")
    notes: list[str] = []

    def listen(event: Any) -> None:
        notes.append(getattr(event, "message", ""))

    with Project.create(tmp_path / "own", listener=listen) as own:
        later = protocol_of(own, people(), seed=3)
    said = "what was sealed in the project other beside is not known: it cannot be read"
    assert said in later[1].test_reason
    assert any(note.startswith(said) for note in notes)


def test_a_fault_of_the_own_project_is_raised_while_others_are_read(project: Project, tmp_path: Path) -> None:
    with Project.create(tmp_path / "other") as other:
        protocol_of(other, people())

    def fails(data: Any) -> Any:
        raise StorageError(where="own", expected="room", received="a full disk", do_this="Make room.")

    project.adopt = fails  # type: ignore[method-assign]  # stands for a full disk
    some: Any = Plan(columns=())  # only its digest counts
    with pytest.raises(StorageError, match="a full disk"):
        sealed_before(project, some, some, some, 0)


def test_what_was_sealed_beside_is_found_again_by_a_rerun_when_the_other_is_gone(
    project: Project, tmp_path: Path
) -> None:
    with Project.create(tmp_path / "other") as other:
        sealed = sizes(other, protocol_of(other, people()))
    first = protocol_of(project, people(), seed=3)
    shutil.rmtree(tmp_path / "other")
    assert protocol_of(project, people(), seed=3)[1] == first[1]
    assert sizes(project, first) == sealed


def test_sealed_rows_given_as_data_of_their_own_are_still_sealed(project: Project) -> None:
    table, protocol = protocol_of(project, people())
    sealed = table[project.read(protocol.test).tolist()]
    fresh = people(300, seed=8)
    later = protocol_of(project, polars.concat([fresh, sealed.select(fresh.columns)]))
    assert not developed(project, later) & set(sealed["size"].to_list())


def test_another_seed_deals_the_rest_and_leaves_the_sealed_rows_sealed(project: Project) -> None:
    first = protocol_of(project, people())
    second = protocol_of(project, people(), seed=1)
    assert sizes(project, first) == sizes(project, second)
    assert first[1].splits.digest != second[1].splits.digest
    assert first[1].seal is not None
    assert second[1].seal is not None
    assert first[1].seal.name == second[1].seal.name


def test_a_rerun_recalls_the_first_protocol(project: Project) -> None:
    first = protocol_of(project, people())
    protocol_of(project, people(), seed=1)
    entries = len(project.history())
    assert protocol_of(project, people())[1] == first[1]
    assert len(project.history()) == entries


def test_many_new_rows_get_some_of_their_own_sealed(project: Project) -> None:
    sealed = sizes(project, protocol_of(project, people(100)))
    later = protocol_of(project, polars.concat([people(100), people(2_000, seed=3)]))
    assert sealed < sizes(project, later)
    assert "new rows are sealed with them" in later[1].test_reason


def test_other_data_have_a_seal_of_their_own(project: Project) -> None:
    first = protocol_of(project, people())[1].seal
    other = protocol_of(project, people(seed=9))[1].seal
    assert isinstance(first, Seal)
    assert isinstance(other, Seal)
    assert first.name != other.name
    assert other.again == 0


@step(version=1, opens=lambda bench, model: bench.protocol.seal.name)
def look(desk: Any, bench: Bench, model: Plan) -> Plan:
    """Stands for a look at the sealed rows, for a model."""
    return model


def bench_of(project: Project) -> Bench:
    protocol_of(project, people())
    entries = {entry.step: entry.record for entry in project.history()}
    return Bench(
        task=entries["define.frame"],
        dataset=entries["define.collect"],
        measure=entries["define.choose_measure"],
        plan=Plan(columns=()),
        protocol=entries["develop.choose_protocol"],
    )


def test_a_second_look_needs_a_reason_which_is_kept(project: Project) -> None:
    bench = bench_of(project)
    assert bench.protocol.seal is not None
    project.run(look, bench, Plan(columns=()))
    other = Plan(columns=(), max_terms=7)
    with pytest.raises(SealError, match="--reopen"):
        project.run(look, bench, other)
    with project.reopening("the labels of June were mended"):
        project.run(look, bench, other)
    project.run(look, bench, other)
    first, second = project.openings(bench.protocol.seal.name)
    assert first.reason == ""
    assert second.reason == "the labels of June were mended"
    assert first.opener != second.opener
    assert second.who


def test_no_reason_is_no_reason(project: Project) -> None:
    with pytest.raises(UsageError, match="--reopen"), project.reopening("  "):
        pass
