from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse

from modelwright.engine.keras_backend import jax, keras
from modelwright.engine.population import Bags, train_population
from modelwright.engine.population.bag_layers import _multiplied, first_dense_layers
from modelwright.engine.population.batches import bag_batches, entries_needed, rounded_up, steps_of
from modelwright.errors import ModelError

layers = keras.layers


def test_tokens_become_multi_hot_rows() -> None:
    bags = Bags.of_tokens([[2, 0, 2], [], [1]], width=4)
    np.testing.assert_array_equal(bags.dense(), [[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]])
    np.testing.assert_array_equal(bags.dense(np.array([2, 0])), [[0, 1, 0, 0], [1, 0, 1, 0]])


def test_joined_bags_are_their_rows_one_after_the_other() -> None:
    random = np.random.default_rng(0)
    parts = [
        Bags.of_tokens([random.integers(0, 9, size=random.integers(0, 5)) for _ in range(4)], 9)
        for _ in range(3)
    ]
    np.testing.assert_array_equal(
        Bags.joined(parts).dense(), np.concatenate([part.dense() for part in parts])
    )


def test_a_word_beyond_the_vocabulary_is_refused() -> None:
    with pytest.raises(ModelError, match="ids from 0 to 3"):
        Bags.of_tokens([[1, 4]], width=4)


def inputs(width: int = 7):
    return keras.Input((width,))


def functional(*outputs_of):
    start = inputs()
    outputs = [one(start) for one in outputs_of]
    return keras.Model(start, outputs[0] if len(outputs) == 1 else layers.Concatenate()(outputs))


@pytest.mark.parametrize(
    ("model", "found"),
    [
        (lambda: keras.Sequential([inputs(), layers.Dense(3), layers.Dense(1)]), 1),
        (lambda: functional(layers.Dense(3), layers.Dense(2)), 2),
        (lambda: keras.Sequential([inputs(), layers.Dropout(0.5), layers.Dense(1)]), None),
        (lambda: functional(layers.Dense(3), layers.Rescaling(2.0)), None),
    ],
    ids=["sequential", "two heads", "dropout first", "one head reads it otherwise"],
)
def test_only_dense_layers_may_read_bags_as_they_are(model, found) -> None:
    readers = first_dense_layers(model())
    assert (None if readers is None else len(readers)) == found


def test_batches_hold_every_row_once_in_its_order() -> None:
    orders = [np.array([5, 3, 9, 1, 0]), np.array([7, 8])]
    steps = steps_of(orders, 2)
    assert steps.count == 3
    for member, order in enumerate(orders):
        seen = [
            row
            for rows, real in zip(steps.rows[member], steps.real[member], strict=True)
            for row in rows[:real]
        ]
        assert seen == order.tolist()
    whole = steps_of(orders, 2, whole_only=True)
    assert whole.real.sum(axis=1).tolist() == [4, 2]


def test_sizes_are_rounded_up_by_an_eighth_at_most() -> None:
    sizes = np.arange(1, 5000)
    rounded = np.array([rounded_up(int(size)) for size in sizes])
    assert (rounded >= sizes).all()
    assert (rounded <= 1.125 * sizes).all()
    assert len(set(rounded.tolist())) < 90


def test_rows_that_fill_a_batch_up_ask_for_no_space() -> None:
    bags = Bags.of_tokens([list(range(90)), [1], [2], [3], [4]], width=100)
    orders = [np.array([1, 2, 3, 4, 0])]  # the last batch of four is the long row and three copies of it
    assert entries_needed(bags, steps_of(orders, 4)) == rounded_up(90)


def test_a_batch_of_bags_is_given_by_rows_and_by_words_and_nothing_lies_beyond_its_last_row() -> None:
    random = np.random.default_rng(0)
    bags = Bags.of_tokens([random.integers(0, 9, size=random.integers(0, 5)) for _ in range(7)], 9)
    steps = steps_of([np.arange(7)], 4)  # the second batch holds three rows
    found = bag_batches(bags, steps, 0, 2, entries=50, by_words=True)
    for step, real in ((0, slice(0, 4)), (1, slice(4, 7))):
        dense = np.zeros((4, 9))
        dense[: real.stop - real.start] = bags.dense()[real]
        for name, expected in (("rows", dense), ("words", dense.T)):
            values, columns, starts = (found[name][part][0, step] for part in ("values", "columns", "starts"))
            matrix = scipy.sparse.csr_array(
                (values[: starts[-1]], columns[: starts[-1]], starts), shape=expected.shape
            )
            np.testing.assert_array_equal(matrix.toarray(), expected)
            assert not values[starts[-1] :].any()


@pytest.mark.parametrize("training", [True, False])
def test_no_bag_calls_back_into_python(training) -> None:
    bag = {
        name: {"values": np.ones(6, "float32"), "columns": np.zeros(6, "int32"), "starts": starts}
        for name, starts in (("rows", np.zeros(4 + 1, "int32")), ("words", np.zeros(9 + 1, "int32")))
    }

    def total(kernel):
        return _multiplied((4, 9), bag, kernel).sum()

    function = jax.grad(total) if training else total
    text = jax.jit(function).lower(np.ones((9, 3), "float32")).as_text()
    assert "csr_sparse_dense" in text
    assert "callback" not in text


def test_two_stacks_of_wide_layers_train_side_by_side_to_the_end() -> None:
    def build():
        model = keras.Sequential([keras.Input((3_000,)), layers.Dense(256), layers.Dense(1)])
        model.compile(loss="mse")
        return model

    random = np.random.default_rng(0)
    bags = Bags.of_tokens([random.integers(0, 3_000, size=60) for _ in range(512)], width=3_000)
    targets = random.normal(size=(512, 1)).astype("float32")
    membership = np.ones((1, 512), dtype=np.int8)
    found = train_population(
        build, bags, targets, membership=membership, seeds=(0, 1, 2, 3), epochs=3, batch_size=128
    )
    assert not found.notes
    assert (found.curves["loss"][:, -1] < found.curves["loss"][:, 0]).all()
