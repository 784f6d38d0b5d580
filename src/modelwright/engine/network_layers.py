"""The two layers that built-in networks have beside Keras's own."""

from __future__ import annotations

from typing import Any

from modelwright.engine.keras_backend import keras


@keras.saving.register_keras_serializable(package="modelwright")
class Pick(keras.layers.Layer):
    """One column of a table of codes, or one text of several.

    Shapes:
        in: (rows, columns, ...)
        out: (rows, ...)
    """

    treats_rows_alone = True

    def __init__(self, index: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.index = index

    def call(self, inputs: Any) -> Any:
        """The chosen column."""
        return inputs[:, self.index]

    def get_config(self) -> dict[str, Any]:
        """The layer's arguments, as Keras saves them."""
        return {**super().get_config(), "index": self.index}


@keras.saving.register_keras_serializable(package="modelwright")
class MeanOfWords(keras.layers.Layer):
    """The mean of a text's word vectors, padding (token id 0) left out; zeros where there is no word.

    Keras's own masked average divides by zero for an empty text.

    Shapes:
        in: vectors (rows, tokens, units), token ids (rows, tokens)
        out: (rows, units)
    """

    treats_rows_alone = True

    def call(self, vectors: Any, tokens: Any) -> Any:
        """The mean over the tokens that are words."""
        is_word = keras.ops.cast(keras.ops.not_equal(tokens, 0), vectors.dtype)
        total = keras.ops.einsum("rtu,rt->ru", vectors, is_word)
        return total / keras.ops.maximum(keras.ops.sum(is_word, axis=1, keepdims=True), 1.0)
