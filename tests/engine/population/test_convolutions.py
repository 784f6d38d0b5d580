"""The fast forms of convolutions and max-pools: Keras's own values, gradients and training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.population import convolutions
from modelwright.engine.population.convolutions import convolutions_as_products

# Keras 3.15's own get_weights.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

layers = keras.layers

# Sums of up to a few hundred products in another order: float32 keeps seven digits of each.
RELATIVE = 1e-5

CONVOLUTIONS = {
    "valid": ((5, 9, 8, 3), layers.Conv2D, {"filters": 4, "kernel_size": 3}),
    "same": ((5, 9, 8, 3), layers.Conv2D, {"filters": 4, "kernel_size": 3, "padding": "same"}),
    "even kernel, same": (
        (2, 7, 6, 2),
        layers.Conv2D,
        {"filters": 3, "kernel_size": (4, 2), "padding": "same"},
    ),
    "strides": ((3, 9, 8, 2), layers.Conv2D, {"filters": 3, "kernel_size": 3, "strides": 2}),
    "strides, same": (
        (3, 10, 7, 2),
        layers.Conv2D,
        {"filters": 3, "kernel_size": (3, 5), "strides": (2, 3), "padding": "same"},
    ),
    "strides that skip entries": (
        (2, 11, 11, 2),
        layers.Conv2D,
        {"filters": 3, "kernel_size": 2, "strides": 4},
    ),
    "patches": ((2, 8, 8, 3), layers.Conv2D, {"filters": 5, "kernel_size": 4, "strides": 4}),
    "one by one": ((4, 5, 5, 6), layers.Conv2D, {"filters": 3, "kernel_size": 1}),
    "one by one, strides": ((4, 5, 5, 6), layers.Conv2D, {"filters": 3, "kernel_size": 1, "strides": 2}),
    "whole image": ((2, 4, 4, 3), layers.Conv2D, {"filters": 3, "kernel_size": 4}),
    "dilation": ((2, 11, 10, 2), layers.Conv2D, {"filters": 3, "kernel_size": 3, "dilation_rate": (2, 3)}),
    "dilation, same": (
        (2, 8, 9, 2),
        layers.Conv2D,
        {"filters": 3, "kernel_size": 3, "dilation_rate": 2, "padding": "same"},
    ),
    "no bias, activation": (
        (3, 6, 6, 2),
        layers.Conv2D,
        {"filters": 3, "kernel_size": 3, "use_bias": False, "activation": "tanh"},
    ),
    "series": ((4, 12, 3), layers.Conv1D, {"filters": 5, "kernel_size": 4, "strides": 2}),
    "causal series": (
        (4, 12, 3),
        layers.Conv1D,
        {"filters": 5, "kernel_size": 3, "dilation_rate": 2, "padding": "causal", "activation": "relu"},
    ),
    "volume": ((2, 5, 6, 4, 2), layers.Conv3D, {"filters": 3, "kernel_size": (2, 3, 2), "padding": "same"}),
}

POOLS = {
    "tiles": ((4, 8, 6, 3), layers.MaxPooling2D, {"pool_size": 2}),
    "tiles that leave a rest": ((4, 11, 7, 3), layers.MaxPooling2D, {"pool_size": (2, 3)}),
    "tiles, same": ((4, 11, 7, 3), layers.MaxPooling2D, {"pool_size": (2, 3), "padding": "same"}),
    "overlapping": ((4, 9, 9, 3), layers.MaxPooling2D, {"pool_size": 3, "strides": 2}),
    "overlapping, same": (
        (4, 8, 9, 3),
        layers.MaxPooling2D,
        {"pool_size": 3, "strides": 2, "padding": "same"},
    ),
    "strides that skip entries": ((4, 9, 9, 3), layers.MaxPooling2D, {"pool_size": 2, "strides": 3}),
    "every place": (
        (4, 5, 5, 2),
        layers.MaxPooling2D,
        {"pool_size": (3, 2), "strides": 1, "padding": "same"},
    ),
    "series": ((4, 11, 3), layers.MaxPooling1D, {"pool_size": 3, "strides": 2}),
    "volume": ((3, 4, 5, 6, 2), layers.MaxPooling3D, {"pool_size": (2, 2, 3)}),
}

LEFT_ALONE = {
    "groups": ((2, 6, 6, 4), layers.Conv2D, {"filters": 4, "kernel_size": 3, "groups": 2}),
    "depthwise": ((2, 6, 6, 4), layers.DepthwiseConv2D, {"kernel_size": 3}),
    "separable": ((2, 6, 6, 4), layers.SeparableConv2D, {"filters": 3, "kernel_size": 3}),
    "transposed": ((2, 6, 6, 4), layers.Conv2DTranspose, {"filters": 3, "kernel_size": 3}),
    "channels first": (
        (2, 4, 6, 6),
        layers.Conv2D,
        {"filters": 3, "kernel_size": 3, "data_format": "channels_first"},
    ),
    "half precision": (
        (2, 6, 6, 4),
        layers.Conv2D,
        {"filters": 3, "kernel_size": 3, "dtype": "mixed_bfloat16"},
    ),
    "average": ((2, 6, 6, 4), layers.AveragePooling2D, {"pool_size": 2}),
    "huge pool": ((2, 12, 12, 4), layers.MaxPooling2D, {"pool_size": 12}),
}


def model_of(layer: Any, shape: tuple[int, ...]) -> Any:
    return keras.Sequential([keras.Input(shape[1:]), layer])


def built(case: tuple[tuple[int, ...], Any, dict[str, Any]]) -> tuple[Any, Any]:
    """A one-layer model with drawn weights, and inputs for it."""
    shape, layer, settings = case
    random = np.random.default_rng(7)
    model = model_of(layer(**settings), shape)
    model.set_weights([random.normal(size=weight.shape) for weight in model.get_weights()])
    return model, random.normal(size=shape).astype("float32")


def values_and_gradients(model: Any, inputs: Any, *, fast: bool) -> list[Any]:
    """Outputs, and the gradients of a sum of drawn multiples of them to inputs and weights."""
    weights = [variable.value for variable in model.trainable_variables]

    def outputs(inputs: Any, weights: Any) -> Any:
        return model.stateless_call(weights, [], inputs, training=True)[0]

    def both(inputs: Any, weights: Any) -> Any:
        found, back = jax.vjp(outputs, inputs, weights)
        cotangent = np.random.default_rng(8).normal(size=found.shape).astype(found.dtype)
        return found, *jax.tree.leaves(back(jax.numpy.asarray(cotangent)))

    if not fast:
        return [np.asarray(array) for array in jax.jit(both)(inputs, weights)]
    with convolutions_as_products(model):
        return [np.asarray(array) for array in jax.jit(both)(inputs, weights)]


def assert_close(fast: list[Any], reference: list[Any]) -> None:
    assert len(fast) == len(reference)
    for ours, theirs in zip(fast, reference, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=RELATIVE * np.abs(theirs).max())


def program(model: Any, inputs: Any) -> str:
    """The gradient's program as JAX writes it."""

    def total(inputs: Any) -> Any:
        return model.stateless_call([v.value for v in model.trainable_variables], [], inputs)[0].sum()

    return str(jax.make_jaxpr(jax.grad(total))(inputs))


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolution_as_products_has_kerass_values_and_gradients(name: str) -> None:
    model, inputs = built(CONVOLUTIONS[name])
    fast, reference = (values_and_gradients(model, inputs, fast=fast) for fast in (True, False))
    assert_close(fast, reference)
    with convolutions_as_products(model):
        assert "dot_general" in program(model, inputs)


@pytest.mark.parametrize("name", ["valid", "strides, same", "dilation, same", "causal series"])
def test_patches_made_for_some_rows_at_a_time_give_the_same_gradients(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, inputs = built(CONVOLUTIONS[name])
    monkeypatch.setattr(convolutions, "MOST_PATCH_BYTES", 1)
    with convolutions_as_products(model):
        assert f"length={len(inputs)}" in program(model, inputs)
    fast, reference = (values_and_gradients(model, inputs, fast=fast) for fast in (True, False))
    assert_close(fast, reference)


@pytest.mark.parametrize("drawn", ["distinct", "tied", "all equal"])
@pytest.mark.parametrize("name", POOLS)
def test_a_max_pool_gives_its_gradient_to_the_entry_keras_gives_it_to(name: str, drawn: str) -> None:
    model, inputs = built(POOLS[name])
    if drawn != "distinct":
        inputs = np.round(inputs) if drawn == "tied" else np.zeros_like(inputs)
    fast, reference = (values_and_gradients(model, inputs, fast=fast) for fast in (True, False))
    np.testing.assert_array_equal(fast[0], reference[0])
    np.testing.assert_array_equal(fast[1] != 0, reference[1] != 0)
    assert_close(fast, reference)
    with convolutions_as_products(model):
        assert "select_and_scatter" not in program(model, inputs)
    assert "select_and_scatter" in program(model, inputs)


def test_a_max_pool_passes_nan_on_as_keras_does() -> None:
    model, inputs = built(POOLS["overlapping"])
    inputs[0, 3, 4] = inputs[1, :2, :, 0] = np.nan
    fast = values_and_gradients(model, inputs, fast=True)[0]
    reference = values_and_gradients(model, inputs, fast=False)[0]
    assert np.isnan(reference).any()
    assert not np.isnan(reference).all()
    np.testing.assert_array_equal(fast, reference)


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_has_no_fast_form_computes_as_it_did(name: str) -> None:
    model, inputs = built(LEFT_ALONE[name])
    before = program(model, inputs)
    with convolutions_as_products(model):
        assert program(model, inputs) == before


def test_a_layer_derived_from_kerass_keeps_its_own_call() -> None:
    class Doubled(layers.Conv2D):
        def call(self, inputs: Any) -> Any:
            return 2 * super().call(inputs)

    model = model_of(Doubled(3, 3), (2, 6, 6, 4))
    inputs = np.ones((2, 6, 6, 4), dtype="float32")
    expected = np.asarray(model(inputs))
    with convolutions_as_products(model):
        np.testing.assert_array_equal(np.asarray(model(inputs)), expected)


def test_off_a_processor_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    model, inputs = built(POOLS["tiles"])
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    with convolutions_as_products(model):
        assert "select_and_scatter" in program(model, inputs)


def test_afterwards_the_model_is_as_before_even_after_an_error() -> None:
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(2, 3), layers.MaxPooling2D()])
    before = [dict(vars(layer)) for layer in model.layers]

    def stopped() -> None:
        with convolutions_as_products(model), convolutions_as_products(model):
            assert [dict(vars(layer)) for layer in model.layers] != before
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [dict(vars(layer)) for layer in model.layers] == before


def test_layers_inside_nested_models_and_shared_layers_are_found() -> None:
    shared = layers.Conv2D(2, 3, padding="same")
    inner = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Conv2D(1, 3, padding="same"), layers.MaxPooling2D()]
    )
    entry = keras.Input((8, 8, 1))
    model = keras.Model(entry, layers.add([shared(inner(entry)), shared(layers.MaxPooling2D()(entry))]))
    inputs = np.random.default_rng(3).normal(size=(4, 8, 8, 1)).astype("float32")
    with convolutions_as_products(model):
        assert "select_and_scatter" not in program(model, inputs)
    fast, reference = (values_and_gradients(model, inputs, fast=fast) for fast in (True, False))
    assert_close(fast, reference)


def test_members_side_by_side_have_each_their_own_gradients() -> None:
    model, inputs = built(CONVOLUTIONS["strides, same"])
    kernels = np.random.default_rng(5).normal(size=(3, *model.weights[0].shape)).astype("float32")

    def loss(kernel: Any, inputs: Any) -> Any:
        return (model.stateless_call([kernel, model.weights[1].value], [], inputs)[0] ** 2).sum()

    with convolutions_as_products(model):
        together = jax.vmap(jax.grad(loss), in_axes=(0, None))(kernels, inputs)
    alone = [np.asarray(jax.grad(loss)(kernel, inputs)) for kernel in kernels]
    assert_close([np.asarray(together)], [np.stack(alone)])


def convnet() -> Any:
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, activation="relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(3, strides=2, padding="same"),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_convnet_trains_to_the_same_weights_and_losses_as_keras_trains_it_to() -> None:
    random = np.random.default_rng(0)
    targets = random.integers(0, 3, size=60)
    images = random.normal(size=(60, 16, 16, 1)) + targets[:, None, None, None]
    settings: dict[str, Any] = {"epochs": 3, "batch_size": 16, "verbose": 0}  # a last batch of 12
    keras.utils.set_random_seed(4)
    reference = convnet()
    expected = reference.fit(images, targets, **settings).history
    keras.utils.set_random_seed(4)
    fast = convnet()
    with convolutions_as_products(fast):
        found = fast.fit(images, targets, **settings).history
    for name, curve in expected.items():
        np.testing.assert_allclose(found[name], curve, rtol=RELATIVE)
    assert_close(fast.get_weights(), reference.get_weights())
