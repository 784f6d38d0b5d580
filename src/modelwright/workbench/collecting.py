"""What do the answers come to, and how far may it be trusted? The last collection, and the next one."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from modelwright.sources.annotations.exchange import Format
from modelwright.workbench.annotation_room import AnnotationRoom
from modelwright.workbench.reading import reading
from modelwright.workflow.annotating import ANNOTATED_FILE, collect_annotations, export_annotations

ENDINGS: dict[Format, str] = {"csv": "csv", "jsonl": "jsonl", "label-studio": "json", "coco": "json"}


@dataclass(frozen=True, slots=True)
class Collecting:
    """The page of what was answered: agreement, everyone's quality, anchoring, and the data set."""

    room: AnnotationRoom

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [
            Route("/annotate/results", self.page),
            Route("/annotate/collect", self.collect, methods=["POST"]),
            Route("/annotate/export/{name}", self.export),
        ]

    def page(self, request: Request) -> Response:
        """What the last collection found, and what was answered since."""
        store = self.room.required()
        question = store.question
        boxes = question is not None and question.kind == "boxes"
        with reading(self.room.folder) as shelf:
            found = None if shelf is None else shelf.project.last("define.annotate")
        return self.room.show(
            "annotate_results.html",
            "results",
            question=question,
            progress=store.progress(),
            found=found,
            file=ANNOTATED_FILE,
            formats=[one for one in ENDINGS if one != "coco" or boxes],
        )

    async def collect(self, request: Request) -> Response:
        """Make a data set of the answers so far."""
        found, path = await run_in_threadpool(collect_annotations, self.room.folder)
        return JSONResponse({"rows": found.dataset.rows, "file": path.name})

    def export(self, request: Request) -> Response:
        """All items and answers as a file, in the format of its name."""
        wanted = request.path_params["name"]
        chosen: Format = next((one for one in get_args(Format) if one == wanted), "csv")
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / f"annotations.{ENDINGS[chosen]}"
            export_annotations(self.room.folder, path, file_format=chosen)
            content = path.read_bytes()
        sent = f'attachment; filename="annotations.{chosen}.{ENDINGS[chosen]}"'
        return Response(content, media_type="application/octet-stream", headers={"content-disposition": sent})
