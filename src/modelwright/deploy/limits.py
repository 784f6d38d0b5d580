"""Is what is shipped as small as the task demands?"""

from __future__ import annotations

from collections.abc import Mapping

from modelwright.errors import ReleaseError
from modelwright.records import Constraints

BYTES_A_MEGABYTE = 1_000_000


def check_size(constraints: Constraints, files: Mapping[str, bytes]) -> None:
    """Hold the files to the task's limit.

    Raises:
        ReleaseError: together they are larger than the task allows.
    """
    most = constraints.max_size_megabytes
    size = sum(map(len, files.values())) / BYTES_A_MEGABYTE
    if most is not None and size > most:
        raise ReleaseError(
            where="task.toml, constraints.max_size_megabytes",
            expected=f"a release of at most {most:g} MB",
            received=f"{size:.3g} MB",
            do_this="Make it smaller (modelwright ship PROJECT --optimise), allow more, or choose a smaller "
            "model (fewer terms, trees or units).",
        )
