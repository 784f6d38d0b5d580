"""LightGBM's trees as an ONNX tree ensemble, with the very thresholds and leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from onnx import numpy_helper

from modelwright.engine.trained import Trained
from modelwright.engine.trees import tree_texts
from modelwright.errors import ExportError
from modelwright.exporters.graph import Graph

NUMERICAL, DEFAULT_LEFT = 0, 2
"""LightGBM's decision types without missing values: bit 1 is read only where a value may be missing."""


@dataclass(slots=True)
class _Ensemble:
    """The columns of ONNX's node table, one entry a node, and of its leaf table, one entry a leaf."""

    tree: list[int] = field(default_factory=list[int])
    node: list[int] = field(default_factory=list[int])
    feature: list[int] = field(default_factory=list[int])
    threshold: list[float] = field(default_factory=list[float])
    mode: list[str] = field(default_factory=list[str])
    left: list[int] = field(default_factory=list[int])
    right: list[int] = field(default_factory=list[int])
    leaf_tree: list[int] = field(default_factory=list[int])
    leaf_node: list[int] = field(default_factory=list[int])
    leaf_output: list[int] = field(default_factory=list[int])
    leaf_value: list[float] = field(default_factory=list[float])
    trees: int = 0

    def add_node(self, node: int, feature: int, threshold: float, mode: str, left: int, right: int) -> None:
        self.tree.append(self.trees)
        self.node.append(node)
        self.feature.append(feature)
        self.threshold.append(threshold)
        self.mode.append(mode)
        self.left.append(left)
        self.right.append(right)

    def add_leaf(self, node: int, output: int, value: float) -> None:
        self.add_node(node, 0, 0.0, "LEAF", 0, 0)
        self.leaf_tree.append(self.trees)
        self.leaf_node.append(node)
        self.leaf_output.append(output)
        self.leaf_value.append(value)


def write_trees(graph: Graph, trained: Trained, inputs: str) -> str:
    """The trees' sums, float64 (rows, last units).

    Inputs are made double: LightGBM compares float32 inputs with double thresholds, and so does the
    ensemble then, to the last bit. ONNX writes the sums as float32.
    """
    ensemble = _Ensemble()
    units = trained.target.last_units
    for position, text in enumerate(tree_texts(trained)):
        classes = units if trained.target.kind == "multiclass" else 1
        for index, tree in enumerate(_trees_of(text)):
            _add_tree(ensemble, tree, position + index % classes)
    sums = graph.node(
        "TreeEnsembleRegressor",
        graph.cast(inputs, "float64"),
        domain="ai.onnx.ml",
        n_targets=units,
        aggregate_function="SUM",
        post_transform="NONE",
        nodes_treeids=ensemble.tree,
        nodes_nodeids=ensemble.node,
        nodes_featureids=ensemble.feature,
        nodes_modes=ensemble.mode,
        nodes_values_as_tensor=_doubles(ensemble.threshold),
        nodes_truenodeids=ensemble.left,
        nodes_falsenodeids=ensemble.right,
        target_treeids=ensemble.leaf_tree,
        target_nodeids=ensemble.leaf_node,
        target_ids=ensemble.leaf_output,
        target_weights_as_tensor=_doubles(ensemble.leaf_value),
    )
    return graph.cast(sums, "float64")


def _add_tree(ensemble: _Ensemble, tree: dict[str, str], output: int) -> None:
    """Splits keep LightGBM's numbers; leaf n becomes node splits + n."""
    leaves = [float(value) for value in tree["leaf_value"].split()]
    splits = len(leaves) - 1
    if splits:
        left, right = (
            [child if child >= 0 else splits + ~child for child in map(int, tree[side].split())]
            for side in ("left_child", "right_child")
        )
        features = [int(feature) for feature in tree["split_feature"].split()]
        thresholds = [float(threshold) for threshold in tree["threshold"].split()]
        _refuse_other_splits(tree)
        for node in range(splits):
            ensemble.add_node(node, features[node], thresholds[node], "BRANCH_LEQ", left[node], right[node])
    for leaf, value in enumerate(leaves):
        ensemble.add_leaf(splits + leaf, output, value)
    ensemble.trees += 1


def _refuse_other_splits(tree: dict[str, str]) -> None:
    kinds = {int(kind) for kind in tree["decision_type"].split()}
    if not kinds <= {NUMERICAL, DEFAULT_LEFT}:
        raise ExportError(
            where="a LightGBM model",
            expected="splits on numbers that are never missing (decision types 0 and 2)",
            received=f"decision types {sorted(kinds)}",
            do_this="Train it with use_missing=false and without categorical features.",
        )


def _trees_of(text: str) -> Iterator[dict[str, str]]:
    """The blocks ``Tree=0`` ... of LightGBM's text, as name -> value."""
    for block in text.split("\nTree=")[1:]:
        lines = block.split("\n\n")[0].splitlines()[1:]
        yield dict(line.split("=", 1) for line in lines if "=" in line)


def _doubles(values: list[float]) -> object:
    return numpy_helper.from_array(np.array(values, dtype=np.float64))
