"""Compiled programs kept between processes, in the user's cache folder, whoever writes and whoever dies."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from modelwright.engine.keras_backend import jax

MAX_BYTES = 1_000_000_000
"""The cache is brought below this by forgetting what was used longest ago."""

PUTS_BETWEEN_TIDYING = 32
DIGEST_BYTES = 32


def cache_folder() -> Path:
    """Where the user's caches lie: ``MODELWRIGHT_CACHE``, or the place their system has for them."""
    own = os.environ.get("MODELWRIGHT_CACHE")
    if own:
        return Path(own)
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "modelwright"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "modelwright" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME", home / ".cache")) / "modelwright"


class FileCache:
    """Values by key, one file each: written whole or not at all, and held against its digest when read."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self._path = self.folder = folder
        self.max_bytes = max_bytes
        self._puts = 0

    def get(self, key: str) -> bytes | None:
        """The value, or None where there is none or its file is damaged."""
        path = self.folder / key
        try:
            content = path.read_bytes()
        except OSError:
            return None
        value = content[DIGEST_BYTES:]
        if hashlib.sha256(value).digest() != content[:DIGEST_BYTES]:
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # used now: the last to be forgotten
        return value

    def put(self, key: str, value: bytes) -> None:
        """Keep the value; a cache that cannot be written only costs time, so it fails in silence."""
        writing = self.folder / f".{key[:100]}-{os.getpid()}-{threading.get_ident()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            writing.write_bytes(hashlib.sha256(value).digest() + value)
            writing.replace(self.folder / key)
            self._puts += 1
            if self._puts % PUTS_BETWEEN_TIDYING == 1:
                self._tidy()
        except OSError:
            with suppress(OSError):
                writing.unlink()

    def _tidy(self) -> None:
        """Forget what was used longest ago until the rest is within bounds."""
        known: list[tuple[float, int, Path]] = []
        for path in self.folder.iterdir():
            with suppress(OSError):
                state = path.stat()
                known.append((state.st_mtime, state.st_size, path))
        total = sum(size for _, size, _ in known)
        for _, size, path in sorted(known):
            if total <= self.max_bytes:
                return
            with suppress(OSError):
                path.unlink()
            total -= size


def keep_compiled_programs() -> FileCache | None:
    """Have JAX look compiled programs up before it compiles; None where the user set up a cache of their own.

    JAX's own files are written in place: a process killed meanwhile leaves half a program, which every
    later one fails to read. The files here are not, so its cache object is replaced by ours.
    """
    settings: Any = jax.config
    if settings.jax_compilation_cache_dir is not None and _ours() is None:
        return None
    if _ours() is not None:
        return _ours()
    from jax._src import compilation_cache

    cache = FileCache(cache_folder() / "programs")
    jax.config.update("jax_compilation_cache_dir", str(cache.folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    compilation_cache.reset_cache()
    internals: Any = compilation_cache
    internals._cache, internals._cache_initialized = cache, True
    return cache


def _ours() -> FileCache | None:
    from jax._src import compilation_cache

    cache = getattr(compilation_cache, "_cache", None)
    return cache if isinstance(cache, FileCache) else None
