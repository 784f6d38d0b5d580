"""The ways to build a Keras model with which chapter 7 of Deep Learning with Python opens, each a contender.

modelwright run messages.csv --predict label --model ways_to_build.py:sequential
"""

import keras
from keras import layers


def sequential(input_shape, output_shape):
    """A list of layers; without an Input it has no weights until it sees data (listing 7.1)."""
    return keras.Sequential(
        [
            layers.Dense(64, activation="relu"),
            layers.Dense(output_shape[0], activation="sigmoid"),
        ]
    )


def incremental(input_shape, output_shape):
    """The same, layer by layer (listing 7.2)."""
    model = keras.Sequential()
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(output_shape[0], activation="sigmoid"))
    return model


def with_input(input_shape, output_shape):
    """Built as it grows, since it knows its input: summary() works after every add (listing 7.6)."""
    model = keras.Sequential(name="my_example_model")
    model.add(keras.Input(shape=input_shape))
    model.add(layers.Dense(64, activation="relu", name="my_first_layer"))
    model.add(layers.Dense(output_shape[0], activation="sigmoid", name="my_last_layer"))
    return model


def functional(input_shape, output_shape):
    """A graph of layers (listing 7.8)."""
    inputs = keras.Input(shape=input_shape, name="my_input")
    features = layers.Dense(64, activation="relu")(inputs)
    outputs = layers.Dense(output_shape[0], activation="sigmoid")(features)
    return keras.Model(inputs=inputs, outputs=outputs)


class Subclass(keras.Model):
    """Layers in __init__, the forward pass in call (listing 7.14)."""

    def __init__(self, units, outputs):
        super().__init__()
        self.hidden = layers.Dense(units, activation="relu")
        self.scores = layers.Dense(outputs, activation="sigmoid")

    def call(self, inputs):
        return self.scores(self.hidden(inputs))


def subclass(input_shape, output_shape):
    """A model class of your own."""
    return Subclass(64, output_shape[0])
