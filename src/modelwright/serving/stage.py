"""One release on stage: what answers while it is the one being served."""

from __future__ import annotations

import re
import urllib.parse
from concurrent.futures import Executor

from .batching import Batcher, Observe
from .describing import PAGE_POLICY, describe, page
from .inference import model_metadata, server_metadata
from .openapi import openapi
from .release import Release
from .replies import Reply, told

# What shipping calls a release: the model's name, its content's digest.
LABEL = re.compile(r"(.+)-([0-9a-f]{8})")


class Stage:
    """A release with its queue and its pages; none of them is ever shared with another release.

    Args:
        release: the model.
        threads: where long runs are done. parallel: so many at a time.
        observe: told each run's rows and seconds.
        secured: whether callers must bring a token, for the pages that say how to call.
    """

    def __init__(
        self,
        release: Release,
        threads: Executor,
        parallel: int = 1,
        observe: Observe | None = None,
        *,
        secured: bool = False,
    ) -> None:
        self.release = release
        self.batcher = Batcher(release, threads, parallel, observe)
        self.label = release.manifest.name
        self.header = urllib.parse.quote(self.label).encode("ascii")
        self.model, self.version = names(self.label)
        self.pages = self._pages(secured)

    def is_named(self, model: str, version: str | None) -> bool:
        """Whether a path of the Open Inference Protocol means this release."""
        known = model in (self.model, self.label)
        return known and version in (None, self.version, self.label)

    def _pages(self, secured: bool) -> dict[str, Reply]:
        schema = describe(self.release)
        paths = openapi(self.release.manifest, schema, self.model, secured=secured)
        policy = ((b"content-security-policy", PAGE_POLICY.encode()),)
        return {
            "/": Reply(200, page(self.release, schema, paths), "text/html; charset=utf-8", policy),
            "/schema": told(schema),
            "/openapi.json": told(paths),
            "/healthz": told({"status": "ok", "model": self.label}),
            "/readyz": told({"ready": True, "model": self.label}),
            "/v2": told(server_metadata(self.label)),
            "/v2/health/live": told({"live": True, "model": self.label}),
            "/v2/health/ready": told({"ready": True, "model": self.label}),
            "/v2/models/{model}": told(model_metadata(self.release.manifest, self.model, self.version)),
            "/v2/models/{model}/ready": told({"name": self.model, "ready": True, "model": self.label}),
        }


def names(label: str) -> tuple[str, str]:
    """A release's label as the Open Inference Protocol has it: the model's name, the version.

    Example:
        >>> names("spam-0a1b2c3d"), names("by-hand")
        (('spam', '0a1b2c3d'), ('by-hand', '1'))
    """
    found = LABEL.fullmatch(label)
    return (found[1], found[2]) if found else (label, "1")
