"""What prepares a row on a device: the same in C++, JavaScript and Python as in training, to the last bit."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from modelwright.deploy.device.asking import typed_rows
from modelwright.deploy.device.folder_code import reference
from modelwright.deploy.device.specification import specification
from modelwright.deploy.manifest import manifest_of
from modelwright.deploy.proving import final_of, proof_of
from modelwright.engine.model import load
from modelwright.exporters.litert.running import tensors_of

MJS = Path(__file__).with_name("replay.mjs")
FAMILIES = ("linear", "network")


class Case:
    """A model's preparation, a thousand rows, some of them odd, and the tensors training makes of them."""

    def __init__(self, framed: Any, family: str, folder: Path) -> None:
        project, bench, final = framed.project, framed.bench, final_of(framed.confirmed(family))
        self.model = load(project.read(final.model))
        names = tuple(one.name for one in self.model.preparation.columns)
        manifest = manifest_of(bench, final, names, name="made")
        proof = proof_of(project, bench, manifest)
        self.rows = typed_rows(manifest, proof.rows)
        chunks = tensors_of(self.model, proof.columns, np.arange(proof.columns.rows))
        parts = [dict(chunk) for chunk in chunks]
        self.expected = {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}
        self.specification = specification(self.model, manifest)
        self.path = folder / "preparation.json"
        self.path.write_bytes(msgspec.json.encode(self.specification))

    @property
    def lines(self) -> str:
        return "\n".join(json.dumps(row) for row in self.rows) + "\n"

    def holds(self, tensors: list[dict[str, Any]]) -> None:
        assert len(tensors) == len(self.rows) == 1_000
        for name, expected in self.expected.items():
            received = np.array([one[name] for one in tensors], dtype=expected.dtype)
            np.testing.assert_array_equal(received, expected.reshape(len(tensors), -1), err_msg=name)
            assert np.ptp(received, axis=0).any()


@pytest.fixture(params=FAMILIES)
def case(request: pytest.FixtureRequest, frame_orders: Any, tmp_path: Path) -> Case:
    return Case(frame_orders(), request.param, tmp_path)


def test_in_python(case: Case) -> None:
    preparation = reference(json.loads(case.path.read_text()))
    case.holds([preparation.tensors(row) for row in case.rows])


def test_in_cpp(case: Case, replay: Path) -> None:
    said = subprocess.run(
        [str(replay), str(case.path)], input=case.lines.encode(), capture_output=True, timeout=120, check=True
    )
    lines = said.stdout.decode().splitlines()
    names = len(case.expected)
    tensors = [
        {line.split(" ")[0]: [float(one) for one in line.split(" ")[1:]] for line in lines[at : at + names]}
        for at in range(0, len(lines), names)
    ]
    case.holds(tensors)


def test_in_javascript(case: Case, node: str) -> None:
    module = Path(specification.__code__.co_filename).parent / "folder" / "preparation.mjs"
    said = subprocess.run(
        [node, str(MJS), str(module), str(case.path)],
        input=case.lines.encode(),
        capture_output=True,
        timeout=120,
        check=True,
    )
    case.holds([json.loads(line) for line in said.stdout.decode().splitlines()])


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "vector_regression"])
def test_an_output_becomes_an_answer_of_its_kind(frame_orders: Any, tmp_path: Path, kind: str) -> None:
    case = Case(frame_orders(kind), "linear", tmp_path)
    preparation = reference(case.specification)
    how = case.specification["answer"]
    raw = (
        [0.7, 0.1, 0.2][: len(how["classes"])] if kind == "multiclass" else [0.35] * max(1, len(how["scale"]))
    )
    said = preparation.answer(raw)
    if kind == "binary":
        assert said == {"prediction": how["classes"][0], "outputs": [0.65, 0.35]}  # the threshold is 0.4
        assert preparation.answer([0.4])["prediction"] == how["classes"][1]
    elif kind == "multiclass":
        assert said["prediction"] == how["classes"][0]
    else:
        expected = [0.35 * scale + centre for scale, centre in zip(how["scale"], how["centre"], strict=True)]
        assert said["outputs"] == expected
        named = dict(zip(how["targets"], expected, strict=True))
        assert said["prediction"] == (expected[0] if kind == "regression" else named)


def test_values_that_mean_missing_are_missing() -> None:
    said = {
        "fields": [
            {"name": "age", "type": "number", "missing": ["NA", "-999"]},
            {"name": "colour", "type": "string", "missing": [" none "]},
        ],
        "token": "x", "most_deviations": 100.0, "texts": [], "max_tokens": 0,
        "numbers": [
            {"column": "age", "part": "value", "median": 7.0, "centre": 0.0, "scale": 1.0, "indicator": True},
        ],
        "categories": [{"column": "colour", "kept": ["red"]}],
        "tensors": [{"name": "numbers"}, {"name": "codes"}],
    }  # fmt: skip
    preparation = reference(said)
    assert preparation.tensors({"age": -999.0, "colour": "none"}) == {"numbers": [7.0, 1.0], "codes": [0]}
    assert preparation.tensors({"age": 3, "colour": "red"}) == {"numbers": [3.0, 0.0], "codes": [2]}
    assert preparation.tensors({}) == {"numbers": [7.0, 1.0], "codes": [0]}
