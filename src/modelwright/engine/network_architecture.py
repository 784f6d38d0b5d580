"""The built-in network: numbers, embedded categories and averaged words into a stack of dense layers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.keras_backend import keras
from modelwright.engine.last_layer import LastLayer
from modelwright.engine.network_layers import MeanOfWords, Pick
from modelwright.records import record

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared

# fast.ai's rule for the units of a category's embedding: 1.6 x size^0.56; capped, for we have few rows.
# Source: fastai.tabular.model.emb_sz_rule.
CATEGORY_UNITS_FACTOR, CATEGORY_UNITS_POWER, MAX_CATEGORY_UNITS = 1.6, 0.56, 50

layers: Any = keras.layers  # annotated to take initializers by name only; functions are documented too


@record
class Architecture:
    """Everything that shapes the network; alike but for dropout, l1 and l2, two share a compiled program.

    Args:
        features: width of ``numbers``. category_sizes, word_counts: rows of the embedding tables.
        last: units, activation and loss of the last layer.
    """

    features: int
    category_sizes: tuple[int, ...]
    word_counts: tuple[int, ...]
    max_tokens: int
    layers: int
    units: int
    embedding_units: int
    activation: Literal["relu", "tanh", "gelu", "silu", "elu"]
    dropout: float
    l1: float
    l2: float
    last: LastLayer


def build_network(architecture: Architecture, seed: int = 0) -> Any:
    """The uncompiled Keras model with first weights drawn from the seed.

    Inputs, each left out where its width is 0: ``numbers`` (features,), ``codes`` (categories,),
    ``tokens`` (texts, max_tokens). Output ``answer`` (last units,).
    """
    draw = FirstWeights(np.random.default_rng(seed))
    inputs: dict[str, Any] = {}
    parts: list[Any] = []
    if architecture.features:
        inputs["numbers"] = keras.Input((architecture.features,), name="numbers")
        parts.append(inputs["numbers"])
    if architecture.category_sizes:
        width = len(architecture.category_sizes)
        inputs["codes"] = keras.Input((width,), name="codes", dtype="int32")
        sizes = enumerate(architecture.category_sizes)
        parts += [_category(inputs["codes"], index, size, draw) for index, size in sizes]
    if architecture.word_counts:
        shape = (len(architecture.word_counts), architecture.max_tokens)
        inputs["tokens"] = keras.Input(shape, name="tokens", dtype="int32")
        counts, units = enumerate(architecture.word_counts), architecture.embedding_units
        parts += [_text(inputs["tokens"], index, words, units, draw) for index, words in counts]
    joined = parts[0] if len(parts) == 1 else layers.Concatenate(name="joined")(parts)
    hidden = _dense_stack(joined, architecture, draw)
    last = architecture.last
    outputs = _dense(last.units, last.activation, "answer", draw)(hidden)
    return keras.Model(inputs, outputs, name="network")


@dataclass(frozen=True, slots=True)
class FirstWeights:
    """Keras's default initial weights, drawn by numpy: JAX would compile a sampler for every shape."""

    random: np.random.Generator

    def kernel(self, shape: tuple[int, ...], dtype: Any = None) -> NDArray[np.float32]:
        """Glorot uniform: variance 2 / (inputs + outputs)."""
        limit = math.sqrt(6.0 / sum(shape))
        return self.random.uniform(-limit, limit, shape).astype(np.float32)

    def vectors(self, shape: tuple[int, ...], dtype: Any = None) -> NDArray[np.float32]:
        """Uniform in -0.05 ... 0.05, for embeddings."""
        return self.random.uniform(-0.05, 0.05, shape).astype(np.float32)

    def bias(self, shape: tuple[int, ...], dtype: Any = None) -> NDArray[np.float32]:
        """Zeros."""
        return np.zeros(shape, dtype=np.float32)


def network_inputs(prepared: Prepared) -> dict[str, NDArray[Any]]:
    """Prepared rows as `build_network`'s model takes them."""
    inputs: dict[str, NDArray[Any]] = {}
    if prepared.numbers.shape[1]:
        inputs["numbers"] = np.ascontiguousarray(prepared.numbers)
    if prepared.codes.shape[1]:
        inputs["codes"] = prepared.codes
    if prepared.tokens.shape[1]:
        inputs["tokens"] = prepared.tokens
    return inputs


def category_units(size: int) -> int:
    """Units of the embedding of a category with so many codes."""
    return min(MAX_CATEGORY_UNITS, math.ceil(CATEGORY_UNITS_FACTOR * size**CATEGORY_UNITS_POWER))


SMALL_TABLE_ROWS = (32, 128, 512, 1_024)
"""Sizes of small embedding tables: few, so that folds rarely differ in them."""


def table_rows(size: int) -> int:
    """Rows of an embedding table for so many codes, rounded up; above the small ones by an eighth at most.

    Folds of one data set then mostly have tables of one size and share a compiled program, which costs
    several CPU seconds; unused rows of a small table cost next to nothing.
    """
    for rows in SMALL_TABLE_ROWS:
        if size <= rows:
            return rows
    step = 1 << (size.bit_length() - 4)
    return -(-size // step) * step


def _category(codes: Any, index: int, size: int, draw: FirstWeights) -> Any:
    code = Pick(index, name=f"code_{index}")(codes)
    units, name = category_units(size), f"category_{index}"
    return layers.Embedding(size, units, embeddings_initializer=draw.vectors, name=name)(code)


def _text(tokens: Any, index: int, words: int, units: int, draw: FirstWeights) -> Any:
    ids = Pick(index, name=f"text_{index}")(tokens)
    name = f"words_{index}"
    vectors = layers.Embedding(words, units, embeddings_initializer=draw.vectors, name=name)(ids)
    return MeanOfWords(name=f"mean_{index}")(vectors, ids)


def _dense_stack(hidden: Any, architecture: Architecture, draw: FirstWeights) -> Any:
    for index in range(architecture.layers):
        # There even where they are 0: candidates that differ in nothing else share a compiled program.
        penalty = keras.regularizers.L1L2(l1=architecture.l1, l2=architecture.l2)
        hidden = _dense(architecture.units, architecture.activation, f"dense_{index}", draw, penalty)(hidden)
        hidden = layers.Dropout(architecture.dropout, name=f"dropout_{index}")(hidden)
    return hidden


def _dense(units: int, activation: str, name: str, draw: FirstWeights, penalty: Any = None) -> Any:
    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=draw.kernel,
        bias_initializer=draw.bias,
        kernel_regularizer=penalty,
        name=name,
    )
