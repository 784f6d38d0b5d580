"""A model file from anybody is only ever a graph: what reaches beyond itself is not run."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from modelwright.serving.graph_file import MAX_DEPTH, hold_safe
from modelwright.serving.problems import ReleaseProblem
from modelwright.serving.release import Release


def model(*nodes: onnx.NodeProto, tensors: tuple[onnx.TensorProto, ...] = ()) -> onnx.ModelProto:
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows"])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows"])
    graph = helper.make_graph(list(nodes), "graph", [given], [made], list(tensors))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)


def elsewhere(place: str = "../secrets") -> onnx.TensorProto:
    tensor = numpy_helper.from_array(np.zeros(3, np.float32), "weights")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=place)
    return tensor


def only_named() -> onnx.TensorProto:
    """Says where its data are, but not that they are elsewhere."""
    tensor = elsewhere()
    tensor.ClearField("data_location")
    return tensor


def branching(inside: onnx.NodeProto, *tensors: onnx.TensorProto) -> onnx.NodeProto:
    made = helper.make_tensor_value_info("z", TensorProto.FLOAT, None)
    branch = helper.make_graph([inside], "branch", [], [made], list(tensors))
    other = helper.make_graph([helper.make_node("Relu", ["x"], ["z"])], "other", [], [made])
    return helper.make_node("If", ["x"], ["y"], then_branch=other, else_branch=branch)


def sparse() -> onnx.ModelProto:
    made = model(helper.make_node("Identity", ["x"], ["y"]))
    made.graph.sparse_initializer.add(values=elsewhere(), dims=[3])
    return made


def with_function(domain: str) -> onnx.ModelProto:
    made = model(helper.make_node("Mine", ["x"], ["y"], domain="mine"))
    node = helper.make_node("Relu", ["a"], ["b"], domain=domain)
    made.functions.append(
        helper.make_function("mine", "Mine", ["a"], ["b"], [node], [helper.make_opsetid("", 17)])
    )
    return made


def deep(levels: int) -> onnx.ModelProto:
    node = helper.make_node("Relu", ["x"], ["y"])
    for _ in range(levels):
        node = branching(node)
    return model(node)


def training() -> onnx.ModelProto:
    made = model(helper.make_node("Relu", ["x"], ["y"]))
    made.training_info.add()
    return made


RELU = helper.make_node("Relu", ["x"], ["y"])
STRANGE = helper.make_node("Run", ["x"], ["y"], domain="somebody.else")
CONSTANT = helper.make_node("Constant", [], ["y"], value=elsewhere())
UNSAFE = {
    "numbers in another file": (model(RELU, tensors=(elsewhere(),)), "another file"),
    "at an absolute place": (model(RELU, tensors=(elsewhere("/etc/passwd"),)), "another file"),
    "without saying so": (model(RELU, tensors=(only_named(),)), "another file"),
    "in an attribute": (model(CONSTANT), "another file"),
    "in a branch": (model(branching(RELU, elsewhere())), "another file"),
    "in a sparse tensor": (sparse(), "another file"),
    "an operator of somebody's": (model(STRANGE), "operator Run of somebody.else"),
    "in a branch's node": (model(branching(STRANGE)), "operator Run of somebody.else"),
    "in a function": (with_function("somebody.else"), "operator Relu of somebody.else"),
    "too deep": (deep(MAX_DEPTH + 1), "deep"),
    "training": (training(), "training"),
    "no graph": (onnx.ModelProto(), "0 graphs"),
}


@pytest.mark.parametrize("name", UNSAFE)
def test_a_graph_that_reaches_beyond_itself_is_refused(name: str) -> None:
    made, words = UNSAFE[name]
    with pytest.raises(ReleaseProblem, match=words):
        hold_safe(made.SerializeToString(), "model.onnx")


@pytest.mark.parametrize(
    "made",
    [model(RELU), model(branching(RELU)), with_function(""), deep(MAX_DEPTH),
     model(helper.make_node("DynamicQuantizeMatMul", ["x"], ["y"], domain="com.microsoft")),
     model(RELU, tensors=(numpy_helper.from_array(np.zeros(3), "weights"),))],
    ids=["plain", "branching", "own function", "deep", "quantised", "own weights"],
)  # fmt: skip
def test_a_plain_graph_is_let_in(made: onnx.ModelProto) -> None:
    hold_safe(made.SerializeToString(), "model.onnx")


def test_whatever_bytes_are_sent_they_are_refused_or_let_in_soon() -> None:
    good, chance = model(branching(RELU), RELU).SerializeToString(), np.random.default_rng(0)
    start = time.thread_time()
    for _ in range(2_000):
        bad = bytearray(good)
        for place in chance.integers(0, len(bad), 3):
            bad[place] = int(chance.integers(0, 256))
        for data in (bytes(bad), bytes(bad[: int(chance.integers(0, len(bad)))])):
            try:
                hold_safe(data, "model.onnx")
            except ReleaseProblem:
                continue
    assert time.thread_time() - start < 10


def test_a_release_with_such_a_graph_is_not_opened_though_its_digests_agree(release_folder: Path) -> None:
    made = onnx.load_from_string((release_folder / "model.onnx").read_bytes())
    made.graph.initializer.append(elsewhere("../../private"))
    (release_folder / "model.onnx").write_bytes(made.SerializeToString())
    manifest = json.loads((release_folder / "manifest.json").read_text())
    digest = hashlib.sha256((release_folder / "model.onnx").read_bytes()).hexdigest()
    manifest["digests"]["model.onnx"] = digest
    (release_folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ReleaseProblem, match="another file"):
        Release.load(release_folder)


def _no_end(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has neither pipes nor devices among its files")
@pytest.mark.parametrize("name", ["model.onnx", "manifest.json"])
@pytest.mark.parametrize("make", [os.mkfifo if hasattr(os, "mkfifo") else None, _no_end])
def test_what_is_no_plain_file_is_not_read(
    release_folder: Path, name: str, make: Callable[[Path], None]
) -> None:
    (release_folder / name).unlink()
    make(release_folder / name)
    with pytest.raises(ReleaseProblem, match="plain file"):
        Release.load(release_folder)
