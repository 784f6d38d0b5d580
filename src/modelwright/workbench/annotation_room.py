"""What have the annotation's pages in common? The project's annotation, opened once, and who asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from modelwright.errors import UsageError
from modelwright.project import AnnotationStore, is_annotated, is_project, open_annotations
from modelwright.workbench.guarding import CALLER, Caller

Form = Callable[[Request], Any]
Page = Callable[..., Response]


class AnnotationRoom:
    """The annotation of a project, as its pages need it.

    Args:
        form: reads what a page's script sends. page: renders a template.
    """

    def __init__(self, folder: Path, form: Form, page: Page) -> None:
        self.folder = folder
        self.form = form
        self.page = page
        self._store: AnnotationStore | None = None

    def show(self, template: str, room: str, **facts: Any) -> Response:
        """One of the annotation's rooms."""
        return self.page(template, here="annotate", room=room, **facts)

    def opened(self) -> AnnotationStore | None:
        """The annotation; None before it was begun."""
        if self._store is None and is_project(self.folder) and is_annotated(self.folder):
            self._store = open_annotations(self.folder)
        return self._store

    def required(self) -> AnnotationStore:
        """The annotation.

        Raises:
            UsageError: it was not begun.
        """
        store = self.opened()
        if store is None:
            raise UsageError(
                where=str(self.folder),
                expected="an annotation that was begun",
                received="none",
                do_this="Import items and say what is asked: on the page Import, or by modelwright annotate "
                "PROJECT --import FILE --labels spam,ham.",
            )
        return store

    def guest(self, cookie: str) -> str | None:
        """The annotator whose cookie it is."""
        store = self.opened()
        return None if store is None else store.whose(cookie)

    def close(self) -> None:
        """Let go of the file."""
        if self._store is not None:
            self._store.close()
            self._store = None


def caller(request: Request) -> Caller:
    """Who asks, as the guard knows."""
    return request.scope[CALLER]


def plain(value: Any) -> Any:
    """Records as plain data."""
    return msgspec.to_builtins(value)


def text(asked: dict[str, Any], name: str) -> str:
    """What a form's field says."""
    value = asked.get(name, "")
    return value if isinstance(value, str) else ""


def whole(value: object, otherwise: int = 1) -> int:
    """A whole number, from a form or an address."""
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 12 else otherwise
