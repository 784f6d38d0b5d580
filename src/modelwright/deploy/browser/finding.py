"""Where is a browser that can be run without a window?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from modelwright.errors import UsageError

VARIABLE = "MODELWRIGHT_BROWSER"
NAMES = (
    "chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome", "microsoft-edge",
    "msedge", "brave-browser",
)  # fmt: skip
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)


def find_browser(environment: Mapping[str, str] = os.environ) -> Path | None:
    """A browser of the Chromium family: the one said by MODELWRIGHT_BROWSER, on the PATH, or where it is
    usually installed; None where there is none.

    Raises:
        UsageError: MODELWRIGHT_BROWSER names something that cannot be run.
    """
    if said := environment.get(VARIABLE):
        return _said(said, environment)
    found = (shutil.which(name, path=environment.get("PATH")) for name in NAMES)
    usual = (place for place in PLACES if Path(place).is_file())
    return next((Path(one) for one in (*found, *usual) if one), None)


def _said(said: str, environment: Mapping[str, str]) -> Path:
    found = shutil.which(said, path=environment.get("PATH"))
    if found is None:
        raise UsageError(
            where=VARIABLE,
            expected="the path of a Chromium, Chrome or Edge that can be run",
            received=said,
            do_this=f"Correct the path, or unset {VARIABLE} to have one looked for.",
        )
    return Path(found)
