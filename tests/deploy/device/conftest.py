"""Models made fit for a device; compiled once, the programs in C++ that follow their preparation."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.deploy.device.build import build_device
from modelwright.deploy.manifest import manifest_of
from modelwright.deploy.packing import GOLDEN_FILE, MANIFEST_FILE, pack
from modelwright.deploy.proving import final_of, proof_of
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.ship import GOLDEN_ROWS
from modelwright.engine.model import load
from modelwright.exporters.running import Columns
from modelwright.records import Bench, Desk, Device, Release, Study, step
from modelwright.serving.manifest import Golden

FOLDER = Path(build_device.__code__.co_filename).parent / "folder"
REPLAY = Path(__file__).with_name("replay.cc")


@pytest.fixture(autouse=True)
def litert() -> None:
    if importlib.util.find_spec("ai_edge_litert") is None:
        pytest.skip('the extra is not installed: pip install "modelwright[device]"')


@step(version=1)
def release_without_a_graph(desk: Desk, bench: Bench, confirmed: Study) -> Release:
    """What a device needs of a release, made without writing ONNX: any architecture will do."""
    final = final_of(confirmed)
    model = load(desk.read(final.model))
    names = tuple(one.name for one in model.preparation.columns)
    manifest = manifest_of(bench, final, names, name="made")
    proof = proof_of(desk, bench, manifest)
    some = {name: values[: 2 * GOLDEN_ROWS : 2] for name, values in proof.columns.values.items()}
    outputs = model.predict_columns(Columns(values=some, rows=GOLDEN_ROWS))
    tolerance = (1e-5 * proof.scale.of(outputs).max(axis=0)).tolist()
    golden = Golden(rows=proof.rows[: 2 * GOLDEN_ROWS : 2], outputs=outputs.tolist(), tolerance=tolerance)
    kept = {MANIFEST_FILE, GOLDEN_FILE}
    files = {name: data for name, data in pack(manifest, b"", golden).items() if name in kept}
    blobs = {name: desk.keep(data, "bytes") for name, data in files.items()}
    return Release(name="made", files=blobs, parity_rows=0, parity_max_difference=0.0, size_bytes=0)


@pytest.fixture
def device_of() -> Callable[..., tuple[Release, Study, Device]]:
    def made(framed: Any, family: str, code: str = "") -> tuple[Release, Study, Device]:
        run, confirmed = framed.project.run, framed.confirmed(family, code)
        release = run(release_without_a_graph, framed.bench, confirmed)
        return release, confirmed, run(build_device, framed.bench, confirmed, release)

    return made


@pytest.fixture
def float_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the int8 file, whose gates train the model anew for each split."""
    monkeypatch.setattr("modelwright.deploy.device.build.judged", lambda *_: (None, "not looked at"))


@pytest.fixture
def device_folder(device_of: Any, tmp_path: Path, float_only: None) -> Any:
    def made(framed: Any, family: str) -> Path:
        _, _, device = device_of(framed, family)
        write_release(framed.project.read, device, tmp_path / "device")
        return tmp_path / "device"

    return made


@pytest.fixture(scope="session")
def compiler() -> str:
    found = shutil.which("g++") or shutil.which("clang++")
    if found is None:
        pytest.skip("no C++ compiler (g++, clang++) on the PATH")
    return found


@pytest.fixture(scope="session")
def compiled(compiler: str, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A program compiled with every warning an error."""

    def made(*sources: Path | str, folder: Path = FOLDER) -> Path:
        program = tmp_path_factory.mktemp("compiled") / "program"
        flags = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", f"-I{folder}"]
        said = subprocess.run(
            [compiler, *flags, *map(str, sources), "-o", str(program)],
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert said.returncode == 0, said.stderr
        return program

    return made


@pytest.fixture(scope="session")
def replay(compiled: Callable[..., Path]) -> Path:
    """Reads preparation.json and rows; writes each row's tensors, to the last bit."""
    return compiled(REPLAY)


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("no node on the PATH")
    return found
