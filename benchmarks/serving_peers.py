"""The other servers that benchmarks/serving.py measures: each asked as its own documents say, one worker.

Each gets the same ONNX graph, onnxruntime with one thread, and the leanest body its protocol allows: where
tensors are asked for, one of eight numbers rather than eight of one.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, float]

OPENED = """
import json, os, sys
import numpy as np, onnxruntime
FOLDER, PORT = os.environ["RELEASE"], int(os.environ["PORT"])
manifest = json.load(open(f"{FOLDER}/manifest.json"))
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(f"{FOLDER}/model.onnx", options, providers=["CPUExecutionProvider"])
fields = [(field["name"], field["tensor"]) for field in manifest["inputs"]]
def answer(rows):
    return session.run(None, {tensor: rows[:, i] for i, (_, tensor) in enumerate(fields)})[0]
"""

FASTAPI = (
    OPENED
    + """
import uvicorn
from fastapi import FastAPI
from pydantic import create_model
Row = create_model("Row", **{name: (float, ...) for name, _ in fields})
app = FastAPI()
@app.post("/predict")
def predict(row: Row):
    feeds = {tensor: np.array([getattr(row, name)]) for name, tensor in fields}
    return {"model": manifest["name"], "prediction": float(session.run(None, feeds)[0][0, 0])}
uvicorn.run(app, port=PORT, loop="uvloop", http="httptools", log_level="error", access_log=False)
"""
)

BENTOML = (
    OPENED
    + """
import bentoml
@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Small:
    @bentoml.api
    def predict(self, row: dict) -> dict:
        feeds = {tensor: np.array([row[name]]) for name, tensor in fields}
        return {"model": manifest["name"], "prediction": float(session.run(None, feeds)[0][0, 0])}
"""
)

LITSERVE = """
import os
import litserve
class Small(litserve.LitAPI):
    def setup(self, device):
        names = {}
        exec(open(os.environ["OPENED"]).read(), names)
        self.fields, self.session, self.manifest = names["fields"], names["session"], names["manifest"]
    def predict(self, row):
        import numpy as np
        feeds = {tensor: np.array([row[name]]) for name, tensor in self.fields}
        return {"model": self.manifest["name"], "prediction": float(self.session.run(None, feeds)[0][0, 0])}
if __name__ == "__main__":
    server = litserve.LitServer(Small(), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, log_level="error")
"""

KSERVE = (
    OPENED
    + """
from kserve import InferOutput, InferResponse, Model, ModelServer
class Small(Model):
    def __init__(self):
        super().__init__("small")
        self.ready = True
    async def predict(self, payload, headers=None, response_headers=None):
        output = InferOutput("outputs", [1, 1], "FP32")
        output.set_data_from_numpy(answer(payload.inputs[0].as_numpy()), binary_data=False)
        return InferResponse(payload.id or "0", self.name, [output])
if __name__ == "__main__":
    ModelServer(
        http_port=PORT, enable_grpc=False, workers=1, enable_docs_url=False, access_log_format=None
    ).start([Small()])
"""
)

MLSERVER = (
    OPENED
    + """
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse
class Small(MLModel):
    async def load(self):
        return True
    async def predict(self, payload):
        rows = NumpyCodec.decode_input(payload.inputs[0])
        output = NumpyCodec.encode_output("outputs", answer(rows))
        return InferenceResponse(model_name=self.name, outputs=[output])
"""
)

MLFLOW = """
import sys
import mlflow.onnx, onnx
mlflow.onnx.save_model(
    onnx.load(sys.argv[1]), sys.argv[2],
    onnx_session_options={"intra_op_num_threads": 1, "inter_op_num_threads": 1},
)
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to compare with.

    Args:
        packages: whose versions are told; the first is the peer's own.
        path: what is posted to. body: a row as it wants it. value: the number in its answer.
        source: its program. command: how it is started, from its environment's bin folder.
        prepare: run once before, in its folder.
    """

    packages: tuple[str, ...]
    path: str
    body: Callable[[Row], Any]
    value: Callable[[Any], float]
    source: str
    command: Callable[[Path, int], list[str]]
    prepare: Callable[[Path, Path], list[str]] | None = None


def _tensor(row: Row) -> Any:
    values = list(row.values())
    return {"inputs": [{"name": "row", "shape": [1, len(values)], "datatype": "FP64", "data": values}]}


def _first_output(answer: Any) -> float:
    return float(answer["outputs"][0]["data"][0])


def _prediction(answer: Any) -> float:
    return float(answer["prediction"])


def _columns(row: Row) -> Any:
    return {"inputs": {f"column_{number}": [value] for number, value in enumerate(row.values())}}


PEERS = {
    "fastapi": Peer(
        ("fastapi", "uvicorn", "uvloop", "httptools"), "/predict", dict, _prediction, FASTAPI,
        lambda tools, port: [f"{tools}/python", "peer.py"],
    ),
    "bentoml": Peer(
        ("bentoml",), "/predict", lambda row: {"row": row}, _prediction, BENTOML,
        lambda tools, port: [
            f"{tools}/bentoml", "serve", "peer:Small", "--host", "127.0.0.1", "--port", str(port)
        ],
    ),
    "litserve": Peer(
        ("litserve",), "/predict", dict, _prediction, LITSERVE,
        lambda tools, port: [f"{tools}/python", "peer.py"],
    ),
    "mlflow": Peer(
        ("mlflow",), "/invocations", _columns,
        lambda answer: float(next(iter(answer["predictions"].values()))[0][0]), MLFLOW,
        lambda tools, port: [
            f"{tools}/mlflow", "models", "serve", "-m", "model", "--env-manager", "local", "-h", "127.0.0.1",
            "-p", str(port),
        ],
        lambda tools, release: [f"{tools}/python", "peer.py", str(release / "model.onnx"), "model"],
    ),
    "kserve": Peer(
        ("kserve",), "/v2/models/small/infer", _tensor, _first_output, KSERVE,
        lambda tools, port: [f"{tools}/python", "peer.py"],
    ),
    "mlserver": Peer(
        ("mlserver",), "/v2/models/small/infer", _tensor, _first_output, MLSERVER,
        lambda tools, port: [f"{tools}/mlserver", "start", "."],
    ),
}  # fmt: skip
TITLES = {
    "fastapi": "FastAPI + onnxruntime, sync",
    "bentoml": "BentoML",
    "litserve": "LitServe",
    "mlflow": "MLflow",
    "kserve": "KServe's Python server",
    "mlserver": "MLServer (Seldon)",
}


def set_up(name: str, python: str, folder: Path, release: Path) -> None:
    """Write a peer's program to a folder of its own, and let it prepare."""
    peer = PEERS[name]
    folder.mkdir()
    (folder / "peer.py").write_text(peer.source)
    (folder / "opened.py").write_text(OPENED)
    if name == "mlserver":
        settings = {"parallel_workers": 0, "debug": False, "metrics_endpoint": None}
        (folder / "settings.json").write_text(json.dumps(settings))
        (folder / "model-settings.json").write_text(
            json.dumps({"name": "small", "implementation": "peer.Small"})
        )
    if peer.prepare is not None:
        command = peer.prepare(Path(python).parent, release)
        subprocess.run(command, cwd=folder, check=True, capture_output=True)


def environment(name: str, python: str, folder: Path, release: Path, port: int) -> dict[str, str]:
    """What a peer's process is told: where the graph is, which port, and to stay quiet."""
    own = {
        "PATH": f"{Path(python).parent}:{os.environ['PATH']}",
        "RELEASE": str(release),
        "PORT": str(port),
        "OPENED": str(folder / "opened.py"),
        "PYTHONPATH": str(folder),
        "BENTOML_DO_NOT_TRACK": "1",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_GRPC_PORT": str(port + 1),
        "MLSERVER_HOST": "127.0.0.1",
    }
    if name == "mlflow":  # its worker count
        own["MLFLOW_MODELS_WORKERS"] = "1"
    return {**os.environ, "OMP_NUM_THREADS": "1", **own}


def versions(name: str, python: str) -> str:
    """A peer's packages with their versions, as installed."""
    packages = (*PEERS[name].packages, "onnxruntime")
    script = (
        "import sys; from importlib.metadata import version; "
        "print(*(f'{name} {version(name)}' for name in sys.argv[1:]), sep=', ')"
    )
    told = subprocess.run([python, "-c", script, *packages], capture_output=True, text=True, check=True)
    return told.stdout.strip()
