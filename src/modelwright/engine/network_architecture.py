"""The built-in network: numbers, embedded categories and averaged words into a stack of dense layers."""

from __future__ import annotations

import math
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


@record
class Architecture:
    """Everything that shapes the network; two equal architectures run the same compiled program.

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


def build_network(architecture: Architecture) -> Any:
    """The uncompiled Keras model, weights drawn from Keras's global seed.

    Inputs, each left out where its width is 0: ``numbers`` (features,), ``codes`` (categories,),
    ``tokens`` (texts, max_tokens). Output ``answer`` (last units,).
    """
    inputs: dict[str, Any] = {}
    parts: list[Any] = []
    if architecture.features:
        inputs["numbers"] = keras.Input((architecture.features,), name="numbers")
        parts.append(inputs["numbers"])
    if architecture.category_sizes:
        width = len(architecture.category_sizes)
        inputs["codes"] = keras.Input((width,), name="codes", dtype="int32")
        parts += [_category(inputs["codes"], *one) for one in enumerate(architecture.category_sizes)]
    if architecture.word_counts:
        shape = (len(architecture.word_counts), architecture.max_tokens)
        inputs["tokens"] = keras.Input(shape, name="tokens", dtype="int32")
        units = architecture.embedding_units
        parts += [_text(inputs["tokens"], *one, units) for one in enumerate(architecture.word_counts)]
    joined = parts[0] if len(parts) == 1 else keras.layers.Concatenate(name="joined")(parts)
    hidden = _dense_stack(joined, architecture)
    last = architecture.last
    outputs = keras.layers.Dense(last.units, activation=last.activation, name="answer")(hidden)
    return keras.Model(inputs, outputs, name="network")


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


def table_rows(size: int) -> int:
    """Rows of an embedding table for so many codes: up to an eighth more than needed.

    Folds of one data set then have tables of one size, and share a compiled program.
    """
    step = max(4, 1 << max(0, size.bit_length() - 4))
    return -(-size // step) * step


def _category(codes: Any, index: int, size: int) -> Any:
    code = Pick(index, name=f"code_{index}")(codes)
    return keras.layers.Embedding(size, category_units(size), name=f"category_{index}")(code)


def _text(tokens: Any, index: int, words: int, units: int) -> Any:
    ids = Pick(index, name=f"text_{index}")(tokens)
    vectors = keras.layers.Embedding(words, units, name=f"words_{index}")(ids)
    return MeanOfWords(name=f"mean_{index}")(vectors, ids)


def _dense_stack(hidden: Any, architecture: Architecture) -> Any:
    for index in range(architecture.layers):
        penalty = None
        if architecture.l1 or architecture.l2:
            penalty = keras.regularizers.L1L2(l1=architecture.l1, l2=architecture.l2)
        dense = keras.layers.Dense(
            architecture.units,
            activation=architecture.activation,
            kernel_regularizer=penalty,
            name=f"dense_{index}",
        )
        hidden = dense(hidden)
        if architecture.dropout:
            hidden = keras.layers.Dropout(architecture.dropout, name=f"dropout_{index}")(hidden)
    return hidden
