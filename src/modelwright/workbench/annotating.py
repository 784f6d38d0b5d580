"""What does an annotator see next, and what did she answer? A thin layer over the project's annotation."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from modelwright.errors import ProjectError, UsageError
from modelwright.records import Dealt, Given
from modelwright.sources.annotations.inside import file_inside
from modelwright.workbench.annotation_room import AnnotationRoom, caller, plain, text, whole
from modelwright.workbench.importing import import_facts

DEALT_AT_ONCE = 10
"""Items a page may hold in store, so that the next is there at once."""

MOST_ACTS = 1_000
"""Acts sent at once: what a page kept while it was offline."""

IMAGE_KINDS = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""Nothing that could bring a script along."""


@dataclass(frozen=True, slots=True)
class Annotating:
    """Where answers are given, and where somebody decides between those that differ."""

    room: AnnotationRoom

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [
            Route("/annotate", self.desk),
            Route("/annotate/disputes", self.disputes),
            Route("/annotate/image", self.image),
            Route("/annotate/deal", self.deal, methods=["POST"]),
            Route("/annotate/disputed", self.disputed, methods=["POST"]),
            Route("/annotate/again", self.again, methods=["POST"]),
            Route("/annotate/acts", self.act, methods=["POST"]),
            Route("/annotate/guideline", self.guideline, methods=["POST"]),
        ]

    def desk(self, request: Request) -> Response:
        """Where answers are given; or how an annotation begins."""
        return self._desk(request, "answer")

    def disputes(self, request: Request) -> Response:
        """Where somebody decides, seeing everyone's answers."""
        return self._desk(request, "decide")

    def _desk(self, request: Request, mode: str) -> Response:
        store = self.room.opened()
        question = store.question if store is not None else None
        if store is None or question is None:
            return self.room.show("annotate_import.html", "import", **import_facts(self.room))
        versions, asks = store.guidelines(), caller(request)
        return self.room.show(
            "annotate.html",
            "disputes" if mode == "decide" else "answer",
            mode=mode,
            csrf=asks.csrf,
            guest=asks.guest,
            guideline=versions[-1][1] if versions else "",
            version=versions[-1][0] if versions else 0,
            versions=versions[::-1],
            facts={**plain(question), "mode": mode, "guest": asks.guest},
        )

    async def deal(self, request: Request) -> Response:
        """The next items for an annotator's tab, and how far all are."""
        return JSONResponse(await run_in_threadpool(self._deal, request, await self.room.form(request)))

    def _deal(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        store, who = self.room.required(), _who(request, asked)
        count = min(DEALT_AT_ONCE, max(1, whole(asked.get("count", 1))))
        items = store.deal(who, tab=text(asked, "tab"), count=count)
        return {"items": [_shown(item) for item in items], "progress": plain(store.pace(who))}

    async def disputed(self, request: Request) -> Response:
        """The next item whose answers differ, with all of them."""
        return JSONResponse(await run_in_threadpool(self._disputed, request, await self.room.form(request)))

    def _disputed(self, request: Request, asked: dict[str, Any]) -> dict[str, Any]:
        store, who = self.room.required(), _who(request, asked)
        found = store.deal_disputed(who, tab=text(asked, "tab"))
        items, said = ([], {}) if found is None else ([_shown(found[0])], {found[0].key: found[1]})
        return {"items": items, "said": plain(said), "progress": plain(store.pace(who))}

    async def again(self, request: Request) -> Response:
        """An item she was dealt before, after an undo."""
        asked = await self.room.form(request)
        who, key, tab = _who(request, asked), text(asked, "key"), text(asked, "tab")
        item = await run_in_threadpool(self.room.required().deal_again, who, key, tab=tab)
        return JSONResponse({"item": None if item is None else _shown(item)})

    async def act(self, request: Request) -> Response:
        """Store what she did: what is answered here is on disk, once."""
        given = _acts((await self.room.form(request)).get("acts"))
        _require_own(caller(request).guest, given)
        try:
            receipts = await run_in_threadpool(self.room.required().record_all, given)
        except ProjectError as error:  # busy, full, broken: no fault of the answers, which the page keeps
            return JSONResponse({"reason": str(error)}, 503)
        return JSONResponse({"receipts": plain(receipts)})

    async def guideline(self, request: Request) -> Response:
        """A new version of the guideline; older ones stay."""
        asked = await self.room.form(request)
        version = self.room.required().write_guideline(text(asked, "text"), text(asked, "author"))
        return JSONResponse({"version": version})

    def image(self, request: Request) -> Response:
        """The image of an item, and no other file: from inside the project's folder."""
        item = self.room.required().item(request.query_params.get("key", ""))
        path = file_inside(self.room.folder, item.image if item is not None else "")
        kind = mimetypes.guess_type(path.name)[0] or ""
        if kind not in IMAGE_KINDS:
            raise UsageError(
                where=path.name,
                expected=f"an image: {', '.join(IMAGE_KINDS)}",
                received=kind or "a file of an unknown kind",
                do_this="Keep images as PNG, JPEG, GIF or WebP.",
            )
        return Response(path.read_bytes(), media_type=kind)


def _who(request: Request, asked: dict[str, Any]) -> str:
    """Who answers: at this machine whoever says so, from afar only who was invited."""
    return caller(request).guest or text(asked, "annotator")


def _shown(item: Dealt) -> dict[str, Any]:
    """An item without the order that it came by: a gold one would be known by it."""
    return {name: value for name, value in plain(item).items() if name != "track"}


def _acts(given: object) -> list[Given]:
    try:
        acts = msgspec.convert(given, list[Given])
    except msgspec.ValidationError as error:
        raise _not_acts(str(error)) from error
    if len(acts) > MOST_ACTS:
        raise _not_acts(f"{len(acts):,} of them")
    return acts


def _require_own(guest: str, acts: list[Given]) -> None:
    """Who was invited answers for herself, and decides nothing."""
    if guest and any(one.annotator != guest or one.act == "adjudicate" for one in acts):
        raise UsageError(
            where="what was done",
            expected=f"answers of {guest}, who was invited to give her own",
            received="another's, or a decision between answers",
            do_this="Ask whoever invited you.",
        )


def _not_acts(received: str) -> UsageError:
    return UsageError(
        where="what was done",
        expected=f"at most {MOST_ACTS:,} acts, each with an id and an annotator",
        received=received,
        do_this="Reload the page: what it kept is sent again.",
    )
