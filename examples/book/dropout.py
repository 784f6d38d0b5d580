"""The reference with dropout (Deep Learning with Python, section 5.4.4, listing 5.15)."""

import keras
from keras import layers


def model(input_shape, output_shape):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    return model
