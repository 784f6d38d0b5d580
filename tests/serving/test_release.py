from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.serving import release as release_module
from modelwright.serving.problems import ReleaseProblem, RowProblem
from modelwright.serving.release import Release, cut


def test_a_release_answers_raw_rows(release: Release, row: dict[str, Any]) -> None:
    answers = release.predict([row, {**row, "age": None, "colour": "none", "note": ""}])
    yes = 1 / (1 + np.exp(-np.array([0.4 + 1 + 0.0001 + 0.5, 0.0001])))
    assert answers.outputs[:, 1] == pytest.approx(yes, abs=1e-6)
    assert answers.prediction == ["=spam", "ham"]  # the threshold is 0.7


def test_text_cells_mean_what_json_values_mean(release: Release) -> None:
    typed = {"age": 40, "colour": None, "joined": "1970-01-02", "note": None}
    text = {"age": "40.0", "colour": "none", "joined": "1970-01-02T00:00:00+00:00", "note": "  "}
    outputs = release.predict([typed, text]).outputs
    assert (outputs[0] == outputs[1]).all()


@pytest.mark.parametrize(
    ("kind", "prediction"),
    [("multiclass", "c"), ("regression", 1.9001), ("vector_regression", {"left": 1.9001, "right": 3.8002})],
)
def test_every_kind_of_task_is_answered(
    write_release_folder: Callable[..., Path], tmp_path: Path, row: dict[str, Any], kind: str, prediction: Any
) -> None:
    release = Release.load(write_release_folder(tmp_path / kind, kind))
    answered = release.predict([row]).prediction[0]
    assert answered == (prediction if kind == "multiclass" else pytest.approx(prediction))


def test_no_row_is_an_answer_too(release: Release) -> None:
    assert release.predict([]).outputs.shape == (0, 2)


def test_an_infinite_answer_is_no_answer(
    write_release_folder: Callable[..., Path], tmp_path: Path, row: dict[str, Any]
) -> None:
    release = Release.load(write_release_folder(tmp_path / "vector", "vector_regression"))
    answers = release.predict([{**row, "age": 1.7e308}, row])
    assert answers.prediction[1] is not None
    huge = Release.load(write_release_folder(tmp_path / "classes", "multiclass"))
    assert huge.predict([{**row, "age": 1e300}]).prediction == [None]


@pytest.mark.parametrize(
    ("change", "field", "word"),
    [
        ({"age": "forty"}, "age", "number"),
        ({"age": True}, "age", "number"),
        ({"age": [1]}, "age", "list"),
        ({"age": "inf"}, "age", "number"),
        ({"joined": "yesterday"}, "joined", "ISO 8601"),
        ({"joined": 5}, "joined", "text"),
        ({"note": {"a": 1}}, "note", "object"),
        ({"agee": 1}, "agee", "Did you mean 'age'"),
    ],
)
def test_a_bad_cell_is_refused_by_row_and_field(
    release: Release, row: dict[str, Any], change: dict[str, Any], field: str, word: str
) -> None:
    with pytest.raises(RowProblem) as caught:
        release.predict([row, {**row, **change}])
    assert (caught.value.row, caught.value.field) == (2, field)
    assert word in str(caught.value)


def test_a_required_field_must_be_there_and_another_may_be_absent(
    release: Release, row: dict[str, Any]
) -> None:
    del row["colour"]
    assert release.predict([row]).prediction == ["=spam"]
    del row["age"]
    with pytest.raises(RowProblem, match="'age'"):
        release.predict([row])


def test_a_row_must_be_an_object(release: Release) -> None:
    with pytest.raises(RowProblem, match="row 1"):
        release.predict([3])  # pyright: ignore[reportArgumentType]  # that is the point


@pytest.mark.parametrize("name", ["model.onnx", "golden.json", "answer/release.py", "serve.py"])
def test_a_changed_file_is_named(release_folder: Path, name: str) -> None:
    data = bytearray((release_folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (release_folder / name).write_bytes(data)
    with pytest.raises(ReleaseProblem, match=name.replace(".", "\\.")):
        Release.load(release_folder)


def test_a_missing_file_is_named(release_folder: Path) -> None:
    (release_folder / "golden.json").unlink()
    with pytest.raises(ReleaseProblem, match="golden"):
        Release.load(release_folder)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "modelwright-release/9"}', "\ud800"])
def test_a_broken_manifest_is_named(release_folder: Path, text: str) -> None:
    (release_folder / "manifest.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ReleaseProblem, match=r"manifest\.json"):
        Release.load(release_folder)


def test_another_format_is_named(release_folder: Path) -> None:
    path = release_folder / "manifest.json"
    path.write_text(path.read_text().replace("modelwright-release/1", "modelwright-release/2"))
    with pytest.raises(ReleaseProblem, match="modelwright-release/2"):
        Release.load(release_folder)


def test_no_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ReleaseProblem, match="modelwright ship"):
        Release.load(tmp_path / "nowhere")


def test_digests_cannot_point_out_of_the_folder(release_folder: Path) -> None:
    path = release_folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["digests"]["../secret"] = "0" * 64
    path.write_text(json.dumps(manifest))
    with pytest.raises(ReleaseProblem, match="inside the release folder"):
        Release.load(release_folder)


def test_a_runtime_that_answers_otherwise_is_refused(
    release_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = Release.run
    monkeypatch.setattr(Release, "run", lambda self, tensors, rows: honest(self, tensors, rows) + 0.01)
    with pytest.raises(ReleaseProblem, match="row 1"):
        Release.load(release_folder)


def test_chunks_are_bounded_in_rows_and_in_characters() -> None:
    lengths = np.ones(10_000, dtype=np.int64)
    lengths[5_000] = 5_000_000
    chunks = cut(lengths)
    assert [stop for _, stop in chunks[:-1]] == [start for start, _ in chunks[1:]]
    assert (chunks[0][0], chunks[-1][1]) == (0, 10_000)
    for start, stop in chunks:
        rows = stop - start
        assert rows <= release_module.CHUNK_ROWS
        assert rows == 1 or rows * lengths[start:stop].max() <= release_module.CHUNK_CHARACTERS


def test_chunked_rows_are_answered_as_single_rows(release: Release, row: dict[str, Any]) -> None:
    rows = [{**row, "age": age} for age in range(9_000)]
    outputs = release.predict(rows).outputs
    assert (outputs[8_999] == release.predict([rows[8_999]]).outputs[0]).all()


def test_the_files_to_run_it_elsewhere_may_be_edited(release_folder: Path) -> None:
    for name in ("Dockerfile", "compose.yaml", "kubernetes.yaml", "kserve.yaml"):
        (release_folder / name).write_text("# ours now\n")
    assert Release.load(release_folder).manifest.name == "hand-binary"
