"""Of which rows is a model least certain?"""

from __future__ import annotations

import numpy as np

from modelwright.statistics.votes import Array, Places


def least_certain(probabilities: Array) -> Places:
    """The rows by how close the two most probable classes are, the closest first.

    Shapes:
        probabilities: (rows, classes)

    Returns:
        int64 (rows,)

    Source:
        Scheffer, Decomain and Wrobel 2001, "Active hidden Markov models for information extraction" (margin).

    Example:
        >>> least_certain(np.array([[0.9, 0.1], [0.5, 0.5], [0.7, 0.3]])).tolist()
        [1, 2, 0]
    """
    highest = np.sort(probabilities, axis=1)[:, -2:]
    return np.argsort(highest[:, 1] - highest[:, 0], kind="stable")
