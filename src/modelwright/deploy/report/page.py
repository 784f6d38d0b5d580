"""The page itself: one HTML file that needs nothing else, and lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from modelwright.deploy.report import figures, wording
from modelwright.errors import ExportError

MAX_BYTES = 2_000_000
_STYLES = ("pictures.css", "threshold.css", "style.css")
SCRIPT = "threshold.js"


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page: the end of its template's name, and its title in the contents."""

    id: str
    title: str


def within_size(page: bytes) -> bytes:
    """The page as it is.

    Raises:
        ExportError: it is larger than a page may be.
    """
    if len(page) <= MAX_BYTES:
        return page
    raise ExportError(
        where="the page",
        expected=f"at most {MAX_BYTES:,} bytes",
        received=f"{len(page):,} bytes",
        do_this="Leave out columns with very long names or texts (ignore in task.toml), then try again.",
    )


def render(**facts: Any) -> bytes:
    """The page as UTF-8 bytes; every text is escaped, and only its own style sheet and script are allowed in.

    Args:
        facts: what the sections show. Where there is something to `decide`, the page has a script.
    """
    style, script = whole_style(), file_of(SCRIPT) if facts.get("decide") else ""
    policy = f"default-src 'none'; style-src {allowed(style)}; base-uri 'none'; form-action 'none'"
    if script:
        policy += f"; script-src {allowed(script)}"
    page = environment().get_template("page.html")
    text = page.render(style=Markup(style), script=Markup(script), policy=policy, **facts)
    # A lone surrogate cannot be written as UTF-8; nothing in the data may stop the report.
    return text.encode("utf-8", errors="replace")


def allowed(text: str) -> str:
    """An element of this very text and no other, as a content security policy says it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def whole_style() -> str:
    """All style sheets of a page, as one."""
    return "".join(file_of(name) for name in _STYLES)


def file_of(name: str) -> str:
    """One of the style sheets and scripts here."""
    return resources.files("modelwright.deploy.report").joinpath(name).read_text(encoding="utf-8")


def _as_data(value: Any) -> Markup:
    """JSON for a script to read out of the page: nothing in it can end the element that it stands in."""
    return Markup(json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c"))


@cache
def environment() -> Environment:
    """Where the page's templates and words are found."""
    found = Environment(
        loader=PackageLoader("modelwright.deploy", "report/pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(
        data=_as_data,
        clean=wording.clean,
        name=wording.short,
        number=figures.number,
        percent=figures.percent,
        value=figures.value_of,
        interval=figures.interval_of,
        level=figures.level_of,
        estimate=figures.estimate_words,
        file_size=figures.file_size,
        listed=wording.listed,
        sentence=wording.sentence,
        prose=wording.prose,
    )
    return found
