# It lies in a device's folder: plain Python. LiteRT tells what tensors are in dictionaries of mixed values.
# pyright: basic
# pyright: reportMissingImports=false, reportCallIssue=false, reportArgumentType=false
"""Answer rows on a machine that runs Python: python answer.py < rows.jsonl; with numpy and ai-edge-litert.

Each line is one row as JSON; each line of the answer has the prediction and the bare outputs. Every row is
asked alone, on one thread.
"""

import json
import sys
from pathlib import Path

import ai_edge_litert
import numpy as np
from ai_edge_litert.interpreter import Interpreter

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))
from preparation import Preparation  # noqa: E402  # lies beside this file


class Model:
    """The model, loaded."""

    def __init__(self, file="model.tflite"):
        self.preparation = Preparation.load(FOLDER / "preparation.json")
        self._interpreter = Interpreter(model_path=str(FOLDER / file), num_threads=1)
        self._interpreter.allocate_tensors()
        self._inputs = {one["name"]: one for one in self._interpreter.get_input_details()}
        (self._output,) = self._interpreter.get_output_details()

    def predict(self, row):
        """The answer to one row."""
        for name, values in self.preparation.tensors(row).items():
            one = self._inputs[name]
            self._interpreter.set_tensor(one["index"], np.array(values, one["dtype"]).reshape(one["shape"]))
        self._interpreter.invoke()
        return self.preparation.answer(self._interpreter.get_tensor(self._output["index"])[0].tolist())


if __name__ == "__main__":
    model = Model(*sys.argv[1:2])
    print(f"LiteRT {ai_edge_litert.__version__}", file=sys.stderr, flush=True)  # noqa: T201  # a program's words
    for line in sys.stdin:
        print(json.dumps(model.predict(json.loads(line))), flush=True)  # noqa: T201  # its answers
