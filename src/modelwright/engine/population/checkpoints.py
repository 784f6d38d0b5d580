"""What a killed training needs to go on bit-equal, on disk in a way no kill can spoil."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

KEPT = 2
"""Checkpoints kept of each stack: should the last one be damaged, there is the one before."""

TIMES_AS_LONG = 20
"""Training between two checkpoints takes at least so many times as long as writing one: 5 % at most."""

ARRAYS, FACTS, MANIFEST = "arrays.npz", "facts.json", "manifest.json"

Arrays = dict[str, NDArray[Any]]


@dataclass(slots=True)
class Checkpoints:
    """One stack's checkpoints: a folder each, complete with the digests of its files, or not there at all."""

    folder: Path
    _saved_at: float = 0.0
    _took: float = 0.0

    @property
    def due(self) -> bool:
        """Whether enough was trained since the last one."""
        return time.monotonic() - self._saved_at >= TIMES_AS_LONG * self._took

    def save(self, number: int, arrays: Arrays, facts: dict[str, Any]) -> None:
        """Write checkpoint `number`: temporary folder, synced to disk, renamed; older ones go after that."""
        began = time.monotonic()
        self.folder.mkdir(parents=True, exist_ok=True)
        final = self.folder / f"{number:08d}"
        writing = self.folder / f".writing-{os.getpid()}-{number:08d}"
        shutil.rmtree(writing, ignore_errors=True)
        writing.mkdir()
        np.savez(writing / ARRAYS, **arrays)  # pyright: ignore[reportArgumentType]  # names are arrays' only
        (writing / FACTS).write_text(json.dumps(facts))
        digests = {name: _sha256(writing / name) for name in (ARRAYS, FACTS)}
        (writing / MANIFEST).write_text(json.dumps(digests))
        for name in (ARRAYS, FACTS, MANIFEST, "."):
            _to_disk(writing / name)
        shutil.rmtree(final, ignore_errors=True)
        writing.rename(final)
        _to_disk(self.folder)
        for old in self._complete()[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
        self._saved_at = time.monotonic()
        self._took = self._saved_at - began

    def latest(self) -> tuple[Arrays, dict[str, Any]] | None:
        """The newest checkpoint whose files are what its manifest says; None where there is none."""
        for folder in self._complete():
            try:
                digests = json.loads((folder / MANIFEST).read_text())
                if all(_sha256(folder / name) == digests[name] for name in (ARRAYS, FACTS)):
                    with np.load(folder / ARRAYS) as stored:
                        arrays = {name: stored[name] for name in stored.files}
                    return arrays, json.loads((folder / FACTS).read_text())
            except (OSError, ValueError, KeyError, zipfile.BadZipFile):
                continue
        return None

    def _complete(self) -> list[Path]:
        """Checkpoints, newest first; what was being written when the process died does not count."""
        if not self.folder.is_dir():
            return []
        return sorted((one for one in self.folder.iterdir() if one.name.isdigit()), reverse=True)


def fingerprint(*parts: Any) -> str:
    """A digest of arrays and plain values: checkpoints of another training are not resumed."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            digest.update(repr(part).encode())
    return digest.hexdigest()[:32]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _to_disk(path: Path) -> None:
    """Wait until the file or folder is on the disk, where the system can say so (Windows: files only)."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
