"""What lies in a device's folder: files that are what they say, and a program that runs."""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelwright.deploy.device.c_array import c_array
from modelwright.errors import ReleaseError

EXAMPLE_LINES = 60


def test_the_manifest_says_all_a_program_must_know(device_folder: Any, frame_orders: Any) -> None:
    folder = device_folder(frame_orders("multiclass"), "network")
    manifest = json.loads((folder / "manifest.json").read_text())
    facts = manifest["device"]
    assert [one["name"] for one in facts["inputs"]] == ["numbers", "codes", "tokens"]
    assert all(one["shape"][0] == 1 for one in facts["inputs"])
    assert facts["output"] == {"name": "answer", "shape": [1, 3], "type": "float32"}
    assert facts["files"]["model.tflite"]["operators"]["FULLY_CONNECTED"] == 3
    assert manifest["classes"] == ["class 0", "class 1", "class 2"]
    for name, digest in manifest["digests"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


def test_golden_rows_go_from_raw_values_to_tensors_to_answers(device_folder: Any, frame_orders: Any) -> None:
    folder = device_folder(frame_orders(), "linear")
    golden = json.loads((folder / "golden.json").read_text())
    assert len(golden["rows"]) == len(golden["tensors"]) == len(golden["outputs"]) == 5
    assert all(isinstance(row["joined"], float) for row in golden["rows"])
    assert golden["tensors"][0]["design"]["values"]


def test_the_c_array_is_the_file_at_a_multiple_of_16(compiler: str, tmp_path: Path) -> None:
    data = bytes(range(256)) * 3 + b"end"
    for name, source in c_array("model", data).items():
        (tmp_path / name).write_bytes(source)
    library = tmp_path / "model.so"
    subprocess.run(
        [compiler, "-std=c++17", "-shared", "-fPIC", str(tmp_path / "model.cc"), "-o", str(library)],
        check=True,
        timeout=120,
    )
    held = ctypes.CDLL(str(library))
    assert ctypes.c_size_t.in_dll(held, "model_size").value == len(data)
    array = (ctypes.c_ubyte * len(data)).in_dll(held, "model")
    assert bytes(array) == data
    assert ctypes.addressof(array) % 16 == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the example's line to compile it is Linux's")
@pytest.mark.parametrize("family", ["linear", "network"])
def test_the_example_compiles_and_answers_the_golden_rows(
    device_folder: Any, frame_orders: Any, compiled: Any, family: str
) -> None:
    folder = device_folder(frame_orders(), family)
    assert len((folder / "example.cc").read_text().splitlines()) <= EXAMPLE_LINES
    program = compiled(folder / "example.cc", folder / "model.cc", *linked(), folder=folder)
    said = subprocess.run([str(program)], cwd=folder, capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stdout + said.stderr
    golden = json.loads((folder / "golden.json").read_text())
    answers = [line.rsplit(" ", 2) for line in said.stdout.splitlines()]
    assert [float(one[2]) for one in answers] == pytest.approx(
        [row[1] for row in golden["outputs"]], abs=1e-5
    )
    golden["outputs"][2] = [0.123, 0.877]
    (folder / "golden.json").write_text(json.dumps(golden))
    said = subprocess.run([str(program)], cwd=folder, capture_output=True, text=True, timeout=60)
    assert (said.returncode, "instead of 0.123" in said.stdout) == (1, True)


def linked() -> list[str]:
    """What links a program with the LiteRT that is installed here."""
    found = importlib.util.find_spec("ai_edge_litert")
    assert found is not None
    assert found.origin is not None
    folder = Path(found.origin).parent
    return [f"-L{folder}", "-lLiteRt", f"-Wl,-rpath,{folder}"]


def test_the_folders_own_program_answers_lines_of_json(device_folder: Any, frame_orders: Any) -> None:
    folder = device_folder(frame_orders("regression"), "network")
    golden = json.loads((folder / "golden.json").read_text())
    lines = "".join(json.dumps(row) + "\n" for row in golden["rows"])
    said = subprocess.run(
        [sys.executable, str(folder / "answer.py")],
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    answers = [json.loads(line)["prediction"] for line in said.stdout.splitlines()]
    tolerance = golden["tolerance"][0]
    assert answers == pytest.approx([row[0] for row in golden["outputs"]], abs=tolerance)


def test_a_program_that_stops_is_told_in_its_own_words(device_folder: Any, frame_orders: Any) -> None:
    from modelwright.deploy.device.asking import ask_device

    folder = device_folder(frame_orders(), "linear")
    (folder / "model.tflite").write_bytes(b"nothing")
    with pytest.raises(ReleaseError, match="Flatbuffer"):
        ask_device(folder, [{}])
