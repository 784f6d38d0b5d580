"""The linear contender: logistic regression, softmax regression or ridge on the sparse design."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse, special
from threadpoolctl import threadpool_limits

from modelwright.engine.budget import remaining_seconds
from modelwright.engine.choices import read_choices
from modelwright.engine.target import Target, probabilities, standardise
from modelwright.engine.trained import Trained
from modelwright.errors import ModelError
from modelwright.records import Recipe, record

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared

Array = NDArray[np.float64]

# Enough for a converged fit on tabular designs; on wide text the early iterations do all the work.
MAX_ITERATIONS = 300
# On the largest element of the mean loss's gradient. scikit-learn's 1e-4 stops a text model too early:
# its many small coefficients are each worth little.
GRADIENT_TOLERANCE = 1e-5
# The same sums in the same order on any machine; and two threads wait for each other longer than they
# work: 13.3 CPU seconds against 2.3 on IMDB (25,000 x 50,000) with other work on the two cores.
BLAS_THREADS = 1
# Up to this width ridge solves the normal equations (one width x width matrix, 32 MB); beyond, by iteration.
MAX_DIRECT_WIDTH = 2_000


@record
class LinearChoices:
    """What may be chosen.

    Args:
        penalty_strength: weight of half the squared coefficients against the summed loss: ridge's alpha,
            and 1/C of scikit-learn's LogisticRegression. Sensible from 1e-3 to 1e3.
        balanced: classes weigh equally, whatever their share of the rows.
        max_iterations: L-BFGS steps of a classification.
    """

    penalty_strength: float = 1.0
    balanced: bool = False
    max_iterations: int = MAX_ITERATIONS


def train_linear(recipe: Recipe, target: Target, training: Prepared, answers: NDArray[Any]) -> Trained:
    """Train to the optimum (there is only one), or as near as the budget lets.

    Shapes:
        answers: (rows,) class positions, or (rows, targets)
    """
    choices = read_choices(recipe, LinearChoices)
    design = training.design()
    if target.classifies:
        weights, intercept, iterations = _classify(design, answers, target, choices)
        arrays = {"weights": weights, "intercept": intercept}
    else:
        values, centre, scale = standardise(answers)
        with threadpool_limits(BLAS_THREADS):
            weights, intercept = ridge(design, values, choices.penalty_strength)
        arrays = {"weights": weights, "intercept": intercept, "centre": centre, "scale": scale}
        iterations = 1
    if not all(bool(np.isfinite(array).all()) for array in arrays.values()):
        raise ModelError(
            where=f"recipe '{recipe.name}' (linear)",
            expected="finite coefficients",
            received="infinite or undefined ones",
            do_this="Raise penalty_strength.",
        )
    parameters = int(weights.size + intercept.size)
    return Trained(recipe=recipe, target=target, arrays=arrays, parameters=parameters, best_epochs=iterations)


def predict_linear(trained: Trained, prepared: Prepared) -> Array:
    """Probabilities, or values in the target's unit: (rows, outputs)."""
    raw = np.asarray(prepared.design() @ trained.arrays["weights"]) + trained.arrays["intercept"]
    if trained.target.kind == "binary":
        return probabilities(special.expit(raw))
    if trained.target.kind == "multiclass":
        return cast(Array, special.softmax(raw, axis=1))
    return raw * trained.arrays["scale"] + trained.arrays["centre"]


def ridge(design: Any, values: Array, alpha: float) -> tuple[Array, Array]:
    """Least squares plus alpha times the squared coefficients; the intercept goes free.

    Shapes:
        design: sparse (rows, width)
        values: (rows, targets), mean 0

    Returns:
        weights (width, targets), intercept (targets,).
    """
    rows, width = design.shape
    exact = design.astype(np.float64)
    mean: Array = np.asarray(exact.mean(axis=0)).reshape(width)
    moments: Array = np.asarray(exact.T @ values) - mean[:, None] * values.sum(axis=0)
    if width <= MAX_DIRECT_WIDTH:
        gram: Array = (exact.T @ exact).toarray() - rows * np.outer(mean, mean)
        gram[np.diag_indices(width)] += max(alpha, 1e-9 * rows)  # one-hot blocks are collinear
        weights: Array = np.asarray(np.linalg.solve(gram, moments), dtype=np.float64)
    else:
        weights = _ridge_by_iteration(exact, mean, moments, alpha)
    intercept: Array = values.mean(axis=0) - mean @ weights
    return weights, intercept


def _ridge_by_iteration(exact: Any, mean: Array, moments: Array, alpha: float) -> Array:
    """Conjugate gradients on the centred normal equations, which are never formed."""
    rows, width = exact.shape

    def product(vector: Array) -> Array:
        flat = vector.reshape(width)
        return exact.T @ (exact @ flat) - rows * mean * (mean @ flat) + alpha * flat

    operator: Any = sparse.linalg.LinearOperator((width, width), matvec=cast(Any, product), dtype=np.float64)
    solved = [
        sparse.linalg.cg(operator, column, rtol=1e-6, maxiter=MAX_ITERATIONS)[0] for column in moments.T
    ]
    return np.column_stack(solved)


def _classify(
    design: Any, answers: NDArray[Any], target: Target, choices: LinearChoices
) -> tuple[Array, Array, int]:
    """Coefficients (width, last units), intercept (last units,) and L-BFGS steps."""
    exact = design.astype(np.float64)
    width, units = exact.shape[1], target.last_units
    row_weights = _row_weights(answers, target, choices.balanced)
    wanted = np.zeros((len(answers), target.outputs))
    wanted[np.arange(len(answers)), answers] = 1.0
    transposed = exact.T.tocsr()  # rows of terms: the gradient's product reads memory in order
    penalty = choices.penalty_strength / row_weights.sum()

    def loss_and_gradient(flat: Array) -> tuple[float, Array]:
        parameters = flat.reshape(width + 1, units)
        raw = np.asarray(exact @ parameters[:-1]) + parameters[-1]
        loss, residual = _loss_and_residual(raw, wanted, row_weights)
        gradient = np.empty_like(parameters)
        gradient[:-1] = np.asarray(transposed @ residual) + penalty * parameters[:-1]
        gradient[-1] = residual.sum(axis=0)
        loss += 0.5 * penalty * float(np.square(parameters[:-1]).sum())
        return loss, gradient.reshape(-1)

    def stop_when_time_is_up(intermediate_result: optimize.OptimizeResult) -> None:
        if remaining_seconds() <= 0:
            raise StopIteration

    options = {"maxiter": choices.max_iterations, "gtol": GRADIENT_TOLERANCE, "ftol": 1e-12, "maxls": 50}
    with threadpool_limits(BLAS_THREADS):
        found: Any = optimize.minimize(
            loss_and_gradient,
            np.zeros((width + 1) * units),
            jac=True,
            method="L-BFGS-B",
            callback=stop_when_time_is_up,
            options=options,
        )
    parameters: Array = np.asarray(found.x).reshape(width + 1, units)
    return parameters[:-1], parameters[-1], int(found.nit)


def _loss_and_residual(raw: Array, wanted: Array, row_weights: Array) -> tuple[float, Array]:
    """Mean cross-entropy, and its derivative by each raw output."""
    share = row_weights / row_weights.sum()
    if raw.shape[1] == 1:
        score, answer = raw[:, 0], wanted[:, 1]
        loss = float(share @ (np.logaddexp(0.0, score) - answer * score))
        return loss, (share * (special.expit(score) - answer))[:, None]
    logarithm = special.log_softmax(raw, axis=1)
    loss = -float(share @ (wanted * logarithm).sum(axis=1))
    return loss, share[:, None] * (np.exp(logarithm) - wanted)


def _row_weights(answers: NDArray[Any], target: Target, balanced: bool) -> Array:
    if not balanced:
        return np.ones(len(answers))
    counts = np.maximum(np.bincount(answers, minlength=target.outputs), 1)
    return (len(answers) / (target.outputs * counts))[answers]
