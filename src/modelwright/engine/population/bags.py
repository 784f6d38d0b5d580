"""A bag of words a row, kept as the few words it holds instead of a float for each word there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from modelwright.errors import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class Bags:
    """Sparse rows (compressed sparse row form): what a dense row of `width` floats would hold.

    Args:
        indptr: row r holds the positions ``indptr[r]`` to ``indptr[r + 1]`` of `ids`.
        ids: the columns that are not zero.
        width: how many columns there are: the input shape a model is built for is ``(width,)``.
        values: what the columns hold; 1 (multi-hot) where not given.

    Shapes:
        indptr: int64 (rows + 1,); ids: int32 (entries,); values: float32 (entries,)

    Example:
        >>> bags = Bags.of_tokens([[3, 1], [], [2]], width=5)
        >>> bags.dense()[0].tolist()
        [0.0, 1.0, 0.0, 1.0, 0.0]
    """

    indptr: NDArray[np.int64]
    ids: NDArray[np.int32]
    width: int
    values: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        if len(self.ids) and not 0 <= int(self.ids.min()) <= int(self.ids.max()) < self.width:
            raise ModelError(
                where="Bags",
                expected=f"ids from 0 to {self.width - 1} (width {self.width})",
                received=f"ids from {self.ids.min()} to {self.ids.max()}",
                do_this="Leave out the words beyond the vocabulary, or give its real width.",
            )

    @classmethod
    def of_tokens(cls, rows: Iterable[Sequence[int]], width: int) -> Bags:
        """Multi-hot bags of lists of token ids, each id counted once a row."""
        once = [np.unique(np.asarray(row, dtype=np.int32)) for row in rows]
        lengths = np.array([0, *(len(row) for row in once)], dtype=np.int64)
        ids = np.concatenate([np.empty(0, dtype=np.int32), *once])
        return cls(np.cumsum(lengths), ids, width)

    @classmethod
    def joined(cls, parts: Sequence[Bags]) -> Bags:
        """The rows of several bags of one width, one after the other."""
        starts = np.cumsum([0, *(len(part.ids) for part in parts)])
        ends = [part.indptr[1:] + start for part, start in zip(parts, starts, strict=False)]
        indptr = np.concatenate([np.zeros(1, dtype=np.int64), *ends])
        values = [
            np.ones(len(part.ids), np.float32) if part.values is None else part.values for part in parts
        ]
        return cls(
            indptr, np.concatenate([part.ids for part in parts]), parts[0].width, np.concatenate(values)
        )

    def __len__(self) -> int:
        return len(self.indptr) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Entries of each row."""
        return np.diff(self.indptr)

    def sparse(self, rows: NDArray[Any], height: int | None = None) -> Any:
        """The rows as a SciPy matrix (height, width) in compressed sparse row form, empty below the last."""
        lengths = self.lengths[rows]
        starts = np.zeros((height or len(rows)) + 1, dtype=np.int32)
        starts[1 : len(rows) + 1] = np.cumsum(lengths)
        starts[len(rows) + 1 :] = starts[len(rows)]
        taken = np.repeat(self.indptr[:-1][rows] - starts[: len(rows)], lengths) + np.arange(starts[-1])
        values = np.ones(len(taken), dtype=np.float32) if self.values is None else self.values[taken]
        shape = (len(starts) - 1, self.width)
        return scipy.sparse.csr_array((values, self.ids[taken], starts), shape=shape)

    def dense(self, rows: NDArray[Any] | None = None) -> NDArray[np.float32]:
        """The rows as a model takes them: float32 (rows, width)."""
        return self.sparse(np.arange(len(self)) if rows is None else rows).toarray()
