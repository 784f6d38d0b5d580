"""Random numbers drawn quicker are JAX's own, every one of them."""

from __future__ import annotations

import numpy as np
import pytest

from modelwright.engine.keras_backend import jax
from modelwright.engine.population.drawing import bernoulli


@pytest.mark.parametrize("shape", [(), (1,), (7,), (128, 64), (3, 5, 7, 11)], ids=str)
@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.95, 1.0])
def test_every_mask_is_jaxs(shape: tuple[int, ...], kept: float) -> None:
    keys = np.random.default_rng(0).integers(0, 2**32, size=(20, 2), dtype=np.uint32)
    for key in (*keys, np.array([0, 0], dtype=np.uint32), np.array([2**32 - 1] * 2, dtype=np.uint32)):
        ours = bernoulli(jax.numpy.asarray(key), np.float32(kept), shape)
        expected = jax.random.bernoulli(jax.numpy.asarray(key), p=np.float32(kept), shape=shape)
        np.testing.assert_array_equal(ours, expected)


def test_masks_of_many_members_compiled_together_are_jaxs() -> None:
    keys = np.arange(16, dtype=np.uint32).reshape(8, 2)
    kept = np.linspace(0.1, 0.9, 8).astype("float32")

    def drawn(by):
        return np.asarray(jax.jit(jax.vmap(by))(keys, kept))

    expected = drawn(lambda key, share: jax.random.bernoulli(key, share, (128, 64)))
    np.testing.assert_array_equal(drawn(lambda key, share: bernoulli(key, share, (128, 64))), expected)
    np.testing.assert_allclose(expected.mean(axis=(1, 2)), kept, atol=0.02)


@pytest.mark.parametrize("setting", [("jax_threefry_partitionable", False), ("jax_default_prng_impl", "rbg")])
def test_where_jax_is_set_to_draw_otherwise_it_draws_itself(setting: tuple[str, object]) -> None:
    name, value = setting
    before = getattr(jax.config, name)
    jax.config.update(name, value)
    try:
        key = jax.random.PRNGKey(3)
        ours = bernoulli(key, np.float32(0.4), (6, 5))
        np.testing.assert_array_equal(ours, jax.random.bernoulli(key, p=np.float32(0.4), shape=(6, 5)))
    finally:
        jax.config.update(name, before)
