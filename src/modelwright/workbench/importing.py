"""How do items come in on the page? From a file that is sent, or one that lies in the project."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, get_args
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from modelwright.records import AnnotationRules, AnswerKind, Question
from modelwright.sources.annotations.exchange import Format
from modelwright.sources.annotations.inside import file_inside
from modelwright.sources.annotations.tables import Columns
from modelwright.sources.reading import read_table
from modelwright.workbench.advising import number
from modelwright.workbench.annotation_room import AnnotationRoom, text
from modelwright.workbench.starting import ENDINGS, take_in
from modelwright.workflow.annotating import format_of, guess_labels, import_annotations
from modelwright.workflow.places import RELEASE_FOLDER

FOLDER = "imports"
"""Where files that were sent lie, so that none takes the place of another of the project's."""

IMPORT_ENDINGS = (*ENDINGS, ".json")
TABLES: tuple[Format, ...] = ("csv", "jsonl")


@dataclass(frozen=True, slots=True)
class Importing:
    """The page on which items and answers come in, and a model answers them first."""

    room: AnnotationRoom

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [
            Route("/annotate/import", self.page),
            Route("/annotate/file", self.take, methods=["POST"]),
            Route("/annotate/look", self.look, methods=["POST"]),
            Route("/annotate/items", self.bring, methods=["POST"]),
            Route("/annotate/prelabel", self.prelabel, methods=["POST"]),
        ]

    def page(self, request: Request) -> Response:
        """What can be brought in, and how."""
        return self.room.show("annotate_import.html", "import", **import_facts(self.room))

    async def take(self, request: Request) -> Response:
        """Take a file in and say what it holds."""
        name, chunks = unquote(request.headers.get("x-file-name", "")), request.stream()
        taken = await take_in(self.room.folder / FOLDER, name, chunks, IMPORT_ENDINGS)  # pyright: ignore[reportArgumentType]  # the stream is a generator
        return JSONResponse(await run_in_threadpool(self._held, f"{FOLDER}/{taken}"))

    async def look(self, request: Request) -> Response:
        """Say what a file holds that lies in the project."""
        asked = await self.room.form(request)
        return JSONResponse(await run_in_threadpool(self._held, text(asked, "path")))

    def _held(self, name: str) -> dict[str, Any]:
        path = file_inside(self.room.folder, name, "file")
        known = format_of(path)
        columns = read_table(path).names if known in TABLES else ()
        return {"path": name, "format": known, "columns": columns}

    async def bring(self, request: Request) -> Response:
        """Bring items in, and answers where the file has them."""
        asked = await self.room.form(request)
        found = await run_in_threadpool(self._bring, asked)
        return JSONResponse(asdict(found))

    def _bring(self, asked: dict[str, Any]) -> Any:
        wanted = text(asked, "format")
        begun = self.room.opened()
        first = begun is None or begun.question is None
        return import_annotations(
            self.room.folder,
            file_inside(self.room.folder, text(asked, "path"), "file"),
            file_format=next((one for one in get_args(Format) if one == wanted), None),
            question=_question(asked) if first else None,
            rules=_rules(asked) if first else None,
            columns=Columns(**{one.name: text(asked, one.name) for one in fields(Columns)}),
        )

    async def prelabel(self, request: Request) -> Response:
        """Let the project's model answer first; its answers decide what comes first."""
        order = text(await self.room.form(request), "order")
        first = await run_in_threadpool(guess_labels, self.room.folder, order=order)
        return JSONResponse({"first": first})


def import_facts(room: AnnotationRoom) -> dict[str, Any]:
    """What the page of imports tells."""
    store = room.opened()
    question = store.question if store is not None else None
    return {
        "question": question,
        "rules": AnnotationRules() if store is None else store.rules,
        "folder": str(room.folder),
        "release": (room.folder / RELEASE_FOLDER).is_dir(),
        "begun": None if question is None or store is None else store.progress(),
    }


def _question(asked: dict[str, Any]) -> Question:
    labels = [one.strip() for one in text(asked, "labels").replace("\n", ",").split(",")]
    wanted = text(asked, "kind")
    kind: AnswerKind = next((one for one in get_args(AnswerKind) if one == wanted), "single")
    ends = [text(asked, name) for name in ("lowest", "highest")]
    lowest, highest = (number(end, "the end of a range") if end else None for end in ends)
    return Question(
        kind=kind,
        target=text(asked, "target").strip() or "label",
        labels=tuple(dict.fromkeys(one for one in labels if one)) if kind != "scalar" else (),
        lowest=lowest if kind == "scalar" else None,
        highest=highest if kind == "scalar" else None,
    )


def _rules(asked: dict[str, Any]) -> AnnotationRules:
    usual = AnnotationRules()
    return AnnotationRules(
        answers_each=max(1, int(number(text(asked, "answers_each") or "1", "answers an item"))),
        random_share=number(text(asked, "random_share") or f"{usual.random_share * 100:g}", "a share") / 100,
        gold_share=number(text(asked, "gold_share") or f"{usual.gold_share * 100:g}", "a share") / 100,
        gold_told=asked.get("gold_told") is True,
    )
