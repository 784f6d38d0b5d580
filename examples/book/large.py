"""More capacity: two layers of 512 units (Deep Learning with Python, section 5.4.4, listing 5.12)."""

import keras
from keras import layers


def model(input_shape, output_shape):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Dense(512, activation="relu"),
            layers.Dense(512, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    return model
