"""What does an annotator see next, and what did she answer? A thin layer over the project's annotation."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from modelwright.errors import UsageError
from modelwright.project import AnnotationStore, is_annotated, is_project, open_annotations
from modelwright.records import Given
from modelwright.sources.annotations.images import image_path

DEALT_AT_ONCE = 10
"""Items a page may hold in store, so that the next is there at once."""

MOST_ACTS = 1_000
"""Acts sent at once: what a page kept while it was offline."""

IMAGE_KINDS = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Nothing that could bring a script along."""

Form = Callable[[Request], Any]
Page = Callable[..., Response]


class Annotating:
    """The annotation's pages.

    Args:
        form: reads what the page's script sends. page: renders a template.
    """

    def __init__(self, folder: Path, form: Form, page: Page) -> None:
        self._folder = folder
        self._form = form
        self._page = page
        self._store: AnnotationStore | None = None

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [
            Route("/annotate", self.room),
            Route("/annotate/image", self.image),
            Route("/annotate/deal", self.deal, methods=["POST"]),
            Route("/annotate/again", self.again, methods=["POST"]),
            Route("/annotate/acts", self.act, methods=["POST"]),
            Route("/annotate/guideline", self.guideline, methods=["POST"]),
        ]

    def close(self) -> None:
        """Let go of the file."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def room(self, request: Request) -> Response:
        """Where answers are given; or how an annotation begins."""
        store = self._opened()
        question = store.question if store is not None else None
        if store is None or question is None:
            return self._page("annotate_begin.html", folder=str(self._folder))
        versions = store.guidelines()
        return self._page(
            "annotate.html",
            question=question,
            guideline=versions[-1][1] if versions else "",
            version=versions[-1][0] if versions else 0,
            versions=versions[::-1],
            facts=msgspec.to_builtins(question),
        )

    async def deal(self, request: Request) -> Response:
        """The next items for an annotator's tab, and how far all are."""
        asked = await self._form(request)
        store = self._required()
        count = min(DEALT_AT_ONCE, max(1, _whole(asked.get("count", 1))))
        items = store.deal(_text(asked, "annotator"), tab=_text(asked, "tab"), count=count)
        return JSONResponse({"items": _plain(items), "progress": _plain(store.progress())})

    async def again(self, request: Request) -> Response:
        """An item she was dealt before, after an undo."""
        asked = await self._form(request)
        item = self._required().deal_again(
            _text(asked, "annotator"), _text(asked, "key"), tab=_text(asked, "tab")
        )
        return JSONResponse({"item": _plain(item)})

    async def act(self, request: Request) -> Response:
        """Store what she did: what is answered here is on disk, once."""
        asked = await self._form(request)
        acts = asked.get("acts")
        try:
            given = msgspec.convert(acts, list[Given])
        except msgspec.ValidationError as error:
            raise _not_acts(str(error)) from error
        if len(given) > MOST_ACTS:
            raise _not_acts(f"{len(given):,} of them")
        return JSONResponse({"receipts": _plain(self._required().record_all(given))})

    async def guideline(self, request: Request) -> Response:
        """A new version of the guideline; older ones stay."""
        asked = await self._form(request)
        version = self._required().write_guideline(_text(asked, "text"), _text(asked, "author"))
        return JSONResponse({"version": version})

    def image(self, request: Request) -> Response:
        """An image of an item, from inside the project's folder."""
        path = image_path(self._folder, request.query_params.get("name", ""))
        kind = mimetypes.guess_type(path.name)[0] or ""
        if kind not in IMAGE_KINDS:
            raise UsageError(
                where=path.name,
                expected=f"an image: {', '.join(IMAGE_KINDS)}",
                received=kind or "a file of an unknown kind",
                do_this="Keep images as PNG, JPEG, GIF or WebP.",
            )
        return Response(path.read_bytes(), media_type=kind)

    def _opened(self) -> AnnotationStore | None:
        if self._store is None and is_project(self._folder) and is_annotated(self._folder):
            self._store = open_annotations(self._folder)
        return self._store

    def _required(self) -> AnnotationStore:
        store = self._opened()
        if store is None:
            raise UsageError(
                where=str(self._folder),
                expected="an annotation that was begun",
                received="none",
                do_this="Import items and say what is asked: modelwright annotate PROJECT --import FILE "
                "--labels spam,ham.",
            )
        return store


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name, "")
    return value if isinstance(value, str) else ""


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 1


def _not_acts(received: str) -> UsageError:
    return UsageError(
        where="what was done",
        expected=f"at most {MOST_ACTS:,} acts, each with an id and an annotator",
        received=received,
        do_this="Reload the page: what it kept is sent again.",
    )
