"""Less capacity: two layers of 4 units (Deep Learning with Python, section 5.4.4, listing 5.11)."""

import keras
from keras import layers


def model(input_shape, output_shape):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Dense(4, activation="relu"),
            layers.Dense(4, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    return model
