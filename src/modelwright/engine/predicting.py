"""A trained model's answers for prepared rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from modelwright.engine.linear import predict_linear
from modelwright.engine.prior import predict_prior
from modelwright.engine.trained import Trained

if TYPE_CHECKING:
    from modelwright.engine.preparation.prepared import Prepared


def predict(trained: Trained, prepared: Prepared) -> NDArray[np.float64]:
    """Probabilities (binary: two columns, the positive class last) or values: (rows, outputs)."""
    if trained.recipe.family == "linear":
        return predict_linear(trained, prepared)
    if trained.recipe.family == "trees":
        from modelwright.engine.trees import predict_trees  # LightGBM loads only when needed

        return predict_trees(trained, prepared)
    if trained.recipe.family in ("network", "yours"):
        from modelwright.engine.networks import predict_network  # Keras and JAX load only when needed

        return predict_network(trained, prepared)
    return predict_prior(trained, prepared.rows)
