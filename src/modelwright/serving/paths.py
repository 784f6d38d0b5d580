"""Which kind of path is this?"""

from __future__ import annotations

import re

from .refusals import no_such_model
from .stage import Stage

PREDICT, TENSORS = "/predict", "/v2/models/{model}/infer"
OPEN = frozenset(("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"))  # probes carry no token
READINESS = frozenset(("/readyz", "/v2/health/ready", "/v2/models/{model}/ready"))
PATHS = frozenset(("/", PREDICT, "/schema", "/openapi.json", "/metrics", "/v2")) | OPEN
MODEL_PATH = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?(/ready|/infer)?")


def path_pattern(path: str) -> str:
    """The kind of path, with ``{model}`` for the model's name; ``other`` where there is none."""
    found = MODEL_PATH.fullmatch(path)
    if found:
        return "/v2/models/{model}" + (found[3] or "")
    return path if path in PATHS else "other"


def hold_named(stage: Stage, path: str) -> None:
    """Refuse a path that names another model than the one on stage.

    Raises:
        RequestProblem: it does (404).
    """
    found = MODEL_PATH.fullmatch(path)
    if found and not stage.is_named(found[1], found[2]):
        raise no_such_model(found[1], stage.model)
