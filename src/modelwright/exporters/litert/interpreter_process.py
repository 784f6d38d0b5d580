# It runs with LiteRT alone: an extra, without types.
# pyright: basic
# pyright: reportMissingImports=false
"""Run alone: answers rows with a LiteRT file, one at a time on one thread, and nothing of the house loaded.

A file that the interpreter cannot bear ends the process it is in: this one.
"""

import json
import sys
from math import prod
from typing import Any

import ai_edge_litert
import numpy as np
from ai_edge_litert.interpreter import Interpreter


def main(path: str, declared: str) -> None:
    """Rows come on standard input, each its tensors' bytes by name; what was found goes to standard output.

    Args:
        declared: JSON, name -> [shape, element type], of the inputs that the file must have, and no others.
    """
    interpreter: Any = Interpreter(model_path=path, num_threads=1)
    interpreter.allocate_tensors()
    inputs = {one["name"]: one for one in interpreter.get_input_details()}
    found = {
        name: [[int(size) for size in one["shape"]], one["dtype"].__name__] for name, one in inputs.items()
    }
    if found != json.loads(declared):
        sys.exit(f"the file's inputs are {json.dumps(found)} instead of {declared}")
    (output,) = interpreter.get_output_details()
    answers = [np.zeros((0, *output["shape"][1:]), dtype=np.float32)]
    source = open(sys.stdin.fileno(), "rb")  # noqa: SIM115  # lasts as long as the process
    while source.peek(1):
        for name in sorted(inputs):
            shape, dtype = found[name][0], np.dtype(found[name][1])
            row = source.read(prod(shape) * dtype.itemsize)
            interpreter.set_tensor(inputs[name]["index"], np.frombuffer(row, dtype).reshape(shape))
        interpreter.invoke()
        answers.append(interpreter.get_tensor(output["index"]).copy())
    whole = np.concatenate(answers)
    head = {"version": ai_edge_litert.__version__, "shape": whole.shape}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + whole.astype(np.float32).tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
