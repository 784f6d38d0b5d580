"""The reference with L2 weight regularization (Deep Learning with Python, section 5.4.4, listing 5.13)."""

import keras
from keras import layers, regularizers


def model(input_shape, output_shape):
    model = keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Dense(16, kernel_regularizer=regularizers.L2(0.002), activation="relu"),
            layers.Dense(16, kernel_regularizer=regularizers.L2(0.002), activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    return model
