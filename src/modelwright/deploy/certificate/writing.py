"""The certificate as `parity.json` and `parity.html`, put beside what it is about."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

from modelwright.deploy.certificate.times import Measured
from modelwright.deploy.gates import drop_words
from modelwright.deploy.report.figures import file_size
from modelwright.deploy.report.optimised import optimised_figure, optimised_table
from modelwright.deploy.report.page import environment, file_of
from modelwright.deploy.targets import TARGETS
from modelwright.errors import StorageError
from modelwright.records import Certificate, Optimised, Target
from modelwright.serving.manifest import Manifest

DATA_FILE = "parity.json"
PAGE_FILE = "parity.html"


def is_certified(folder: Path, certificate: Certificate) -> bool:
    """Whether this very certificate lies there already, with the times of an earlier day."""
    try:
        told = msgspec.json.decode((folder / DATA_FILE).read_bytes())
        return (folder / PAGE_FILE).is_file() and told["certificate"] == _plain(certificate)
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        return False


def write_certificate(
    folder: Path,
    certificate: Certificate,
    manifest: Manifest,
    sizes: Mapping[Target, int],
    measured: Measured,
) -> None:
    """Write the certificate's data and page into a folder that was shipped.

    Args:
        sizes: bytes of each folder shipped.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    data = certificate_data(certificate, manifest, sizes, measured)
    page = certificate_page(data, manifest, certificate.forms)
    text = json.dumps(data, ensure_ascii=False, indent=2)
    try:
        for name, content in ((PAGE_FILE, page), (DATA_FILE, text.encode())):
            beside = folder / f".{name}.new"
            beside.write_bytes(content)
            os.replace(beside, folder / name)
    except OSError as error:
        raise StorageError(
            where=str(folder),
            expected="to write the certificate",
            received=error.strerror or str(error),
            do_this="Make room or the folder writable, then run the command again: nothing is done twice.",
        ) from error


def certificate_data(
    certificate: Certificate, manifest: Manifest, sizes: Mapping[Target, int], measured: Measured
) -> dict[str, Any]:
    """All that the page shows, as plain data."""
    return {
        "certificate": _plain(certificate),
        "difference_in": "probability" if manifest.classes else "standard deviations of the target",
        "size_bytes": dict(sizes),
        "measured": _plain(measured),
    }


def _plain(value: Certificate | Measured) -> dict[str, Any]:
    """As it reads back from JSON."""
    return msgspec.json.decode(msgspec.json.encode(value))


def certificate_page(
    data: dict[str, Any], manifest: Manifest, forms: Mapping[Target, Optimised] | None = None
) -> bytes:
    """The certificate for people: one HTML file that needs nothing else, and lets nothing else in.

    Args:
        data: as `certificate_data` gives it. forms: what was looked at for each place.
    """
    own = (files("modelwright.deploy.certificate") / "style.css").read_text(encoding="utf-8")
    style = file_of("pictures.css") + own
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = _environment().get_template("page.html")
    text = page.render(
        **data,
        manifest=manifest,
        looked_at=[
            (target, optimised_figure(forms[target]), optimised_table(forms[target]))
            for target in TARGETS
            if forms and target in forms
        ],
        policy=f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'",
        style=Markup(style),
    )
    return text.encode("utf-8", errors="replace")  # a lone surrogate in a name must not stop the release


def _environment() -> Environment:
    """The report's words, tables and pictures, and what is the certificate's own."""
    pages = [
        PackageLoader("modelwright.deploy", "certificate"),
        PackageLoader("modelwright.deploy", "report/pages"),
    ]
    found = environment().overlay(loader=ChoiceLoader(pages))
    own: dict[str, Any] = {"time": time_words, "size": file_size, "drop": _drop}
    found.filters = {**found.filters, **own}
    return found


def _drop(drop: Mapping[str, Any], relative: bool) -> str:
    """``0.02 points (-0.1 points to 0.13 points)``."""
    value, low, high = (drop_words(drop[name], relative=relative) for name in ("value", "low", "high"))
    return f"{value} ({low} to {high})"


def time_words(milliseconds: float) -> str:
    """``0.42 ms``, ``12 ms`` or ``1.3 s``."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.2g} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2g} ms"
