"""Which address shows what? The workbench's pages, each made from records."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from modelwright.deploy.report.page import SCRIPT, allowed, environment, file_of, whole_style
from modelwright.deploy.report.threshold import threshold_facts
from modelwright.errors import ModelwrightError, UsageError
from modelwright.records import encode, summary
from modelwright.workbench.ancestry import lineage
from modelwright.workbench.annotating import Annotating
from modelwright.workbench.guarding import Guard, Session
from modelwright.workbench.journey import QUESTIONS, answer_of, journey
from modelwright.workbench.reading import Shelf, plain, reading
from modelwright.workbench.rows import ROWS_A_PAGE, Asked
from modelwright.workbench.running import Runner
from modelwright.workbench.starting import columns_of, frame_task, take_in

_FRAMED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
POLICIES = {
    "look": f"{_FRAMED}; sandbox",
    "report": f"{_FRAMED}; script-src {allowed(file_of(SCRIPT))}; sandbox allow-scripts",
}
"""Of pages that bring their own style, cut off from everything else. In the report its own script runs, to
the letter; no other, whatever the pages hold."""

FILES = {"workbench.css": "text/css", "workbench.js": "text/javascript", "annotate.js": "text/javascript"}
REPORT_STYLE = "report.css"
"""The style of the report, whose pictures stand on these pages, too."""

PAGES = {"look": "deploy.show_data", "report": "deploy.explain"}
DEFAULT_SECONDS = 120.0
MAX_FORM_BYTES = 1_000_000


class Workbench:
    """The pages of one project.

    Args:
        folder: the project's; one that is no project yet begins on the page.
    """

    def __init__(self, folder: Path, session: Session) -> None:
        self.folder = folder
        self.session = session
        self.runner = Runner(folder)
        self.annotating = Annotating(folder, _form, self._page)

    def application(self) -> Starlette:
        """The application: nothing in it answers whom the guard does not know."""
        routes = [
            Route("/enter", self.enter),
            Route("/", self.map),
            Route("/steps/{name}", self.step),
            Route("/data", self.data),
            Route("/rows", self.rows),
            Route("/models", self.models),
            Route("/decide", self.decide),
            Route("/report", self.report),
            Route("/framed/{name}", self.framed),
            Route("/ledger", self.ledger),
            Route("/ledger/{sequence:int}", self.entry),
            Route("/ledger/{sequence:int}/record.json", self.record),
            Route("/run", self.start, methods=["POST"]),
            Route("/run/stop", self.stop, methods=["POST"]),
            Route("/run/events", self.events),
            Route("/data/file", self.upload, methods=["POST"]),
            Route("/task", self.frame, methods=["POST"]),
            Route("/static/{name}", self.static),
            *self.annotating.routes(),
        ]
        guard = Middleware(partial(Guard, session=self.session))
        handlers: Any = {ModelwrightError: self.refused, 404: self.nowhere}
        return Starlette(routes=routes, middleware=[guard], exception_handlers=handlers)

    # ------------------------------------------------------------------------------------------- looking

    def enter(self, request: Request) -> Response:
        """Let in whoever has the token, once, and go on to a clean address."""
        if not self.session.enters(request.query_params.get("token", "")):
            text = "This address let in once, or never: start `modelwright ui` again for a new one.\n"
            return Response(text, 401, media_type="text/plain")
        # Not a redirect: a browser that came from elsewhere would not send a strict cookie along with it.
        page = '<!doctype html><meta http-equiv="refresh" content="0; url=/"><link rel="icon" href="data:,">'
        headers = {"set-cookie": self.session.set_cookie()}
        return HTMLResponse(page, headers=headers)

    def map(self, request: Request) -> Response:
        """The workflow, its steps and verdicts; or the start of one."""
        with reading(self.folder) as shelf:
            if shelf is None or shelf.task is None:
                return self._page("start.html")
            parts = journey(shelf.latest(), self.runner.step)
            return self._page("map.html", parts=parts, task=shelf.task, seconds=DEFAULT_SECONDS)

    def step(self, request: Request) -> Response:
        """A step's evidence."""
        with reading(self.folder) as shelf:
            entry = None if shelf is None else shelf.project.entry(request.path_params["name"])
            if shelf is None or entry is None:
                return self.nowhere(request)
            record = entry.record
            return self._page(
                "step.html",
                entry=entry,
                record=plain(record),
                title=QUESTIONS.get(entry.step, entry.step),
                told=summary(record),
                answer=answer_of(record),
                sensitive=shelf.sensitive,
            )

    def data(self, request: Request) -> Response:
        """Columns, findings and the page of pictures."""
        with reading(self.folder) as shelf:
            return self._with_data(request, shelf, "data.html")

    def rows(self, request: Request) -> Response:
        """Rows that answer a question."""
        asked = _asked(request)
        with reading(self.folder) as shelf:
            found = shelf and shelf.rows(asked)
            return self._with_data(request, shelf, "rows.html", asked=asked, found=found, a_page=ROWS_A_PAGE)

    def models(self, request: Request) -> Response:
        """The leaderboard."""
        with reading(self.folder) as shelf:
            made = shelf and shelf.board()
            if shelf is None or made is None:
                return self._page("empty.html", title="Models", what="No candidate was tried yet.")
            return self._page(
                "models.html",
                board=made[0],
                measure=made[1],
                walk=shelf.walk(),
                account=shelf.project.last("develop.count_looks"),
                shipped=shelf.shipped(),
            )

    def decide(self, request: Request) -> Response:
        """The threshold: what each one means on a day, in errors, work and money."""
        with reading(self.folder) as shelf:
            made, task = (shelf.decision(), shelf.task) if shelf is not None else (None, None)
            if made is None or task is None or shelf is None or shelf.dataset is None:
                what = "There is a threshold to choose where a model answers yes or no, once one was tuned."
                return self._page("empty.html", title="Decide", what=what)
            facts = threshold_facts(task.costs, shelf.dataset.classes, *made)
            return self._page("decide.html", decide=facts)

    def report(self, request: Request) -> Response:
        """The stakeholders' report."""
        with reading(self.folder) as shelf:
            if shelf is None or shelf.page(PAGES["report"]) is None:
                return self._page("empty.html", title="Report", what="A run's last step writes the report.")
            return self._page("report.html", path=self.folder / "report.html")

    def framed(self, request: Request) -> Response:
        """A page that a step made, as it is, for a frame."""
        name = request.path_params["name"]
        step = PAGES.get(name)
        with reading(self.folder) as shelf:
            page = shelf.page(step) if shelf is not None and step is not None else None
            if page is None:
                return self.nowhere(request)
            return HTMLResponse(page, headers={"content-security-policy": POLICIES[name]})

    def ledger(self, request: Request) -> Response:
        """Everything that was ever done, the newest first."""
        with reading(self.folder) as shelf:
            entries = [] if shelf is None else shelf.project.history()[::-1]
            return self._page("ledger.html", entries=entries)

    def entry(self, request: Request) -> Response:
        """One thing done: what it was made of, and how it is made again."""
        with reading(self.folder) as shelf:
            entries = [] if shelf is None else shelf.project.history()
            found = lineage(entries, request.path_params["sequence"], str(self.folder))
            if found is None:
                return self.nowhere(request)
            return self._page("entry.html", lineage=found, record=plain(found.entry.record))

    def record(self, request: Request) -> Response:
        """One record as JSON, to be kept."""
        with reading(self.folder) as shelf:
            entries = [] if shelf is None else shelf.project.history()
            sequence = request.path_params["sequence"]
            one = next((entry for entry in entries if entry.sequence == sequence), None)
            if one is None:
                return self.nowhere(request)
            name = f'attachment; filename="{one.step}.{sequence}.json"'
            return Response(
                encode(one.record), media_type="application/json", headers={"content-disposition": name}
            )

    def static(self, request: Request) -> Response:
        """The page's own style and script."""
        name = request.path_params["name"]
        if name == REPORT_STYLE:
            content, kind = whole_style().encode(), "text/css"
        elif name == SCRIPT:
            content, kind = file_of(SCRIPT).encode(), "text/javascript"
        elif name in FILES:
            file = resources.files("modelwright.workbench").joinpath("static", name)
            content, kind = file.read_bytes(), FILES[name]
        else:
            return self.nowhere(request)
        return Response(content, media_type=kind, headers={"cache-control": "private, max-age=60"})

    # ------------------------------------------------------------------------------------------- doing

    async def start(self, request: Request) -> Response:
        """Start a run, or carry on with one that was stopped: what is done is recalled."""
        asked = await _form(request)
        seconds = _number(asked.get("seconds", DEFAULT_SECONDS), "seconds")
        return JSONResponse({"started": await self.runner.start(seconds)})

    async def stop(self, request: Request) -> Response:
        """Stop the run; finished steps stay done."""
        await self.runner.stop()
        return JSONResponse({"stopped": True})

    async def events(self, request: Request) -> Response:
        """What a run tells, as it tells it."""
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(self._told(), media_type="text/event-stream", headers=headers)

    async def _told(self) -> AsyncGenerator[str]:
        yield f"event: state\ndata: {json.dumps({'goes_on': self.runner.goes_on})}\n\n"
        async for event in self.runner.follow():
            yield f"data: {json.dumps(event)}\n\n"

    async def upload(self, request: Request) -> Response:
        """Take a data file in and say which columns it has."""
        name = request.headers.get("x-file-name", "")
        chunks: Any = request.stream()
        taken = await take_in(self.folder, _decoded(name), chunks)
        arrived = await run_in_threadpool(columns_of, self.folder, taken)
        return JSONResponse({"name": arrived.name, "rows": arrived.rows, "columns": arrived.columns})

    async def frame(self, request: Request) -> Response:
        """Frame the task that a person described."""
        asked = await _form(request)
        words = [str(asked.get(name, "")) for name in ("name", "predict", "question")]
        await run_in_threadpool(frame_task, self.folder, *words)
        return JSONResponse({"framed": True})

    # ------------------------------------------------------------------------------------------- answering

    def refused(self, request: Request, error: Exception) -> Response:
        """An error in its four parts: as data where a script asked, else as a page."""
        assert isinstance(error, ModelwrightError)
        parts = {name: getattr(error, name) for name in ("where", "expected", "received", "do_this")}
        if request.method == "POST":
            return JSONResponse(parts, 422)
        return self._page("error.html", status=422, **parts)

    def nowhere(self, request: Request, error: Exception | None = None) -> Response:
        """No such page."""
        return self._page("empty.html", status=404, title="Nothing here", what="There is no such page.")

    def _with_data(self, request: Request, shelf: Shelf | None, template: str, **more: Any) -> Response:
        dataset = shelf and shelf.dataset
        if shelf is None or dataset is None:
            return self._page("empty.html", title="Data", what="No data were taken in yet.")
        looked = shelf.project.last(PAGES["look"]) is not None
        return self._page(
            template,
            dataset=dataset,
            findings=shelf.findings(),
            sensitive=shelf.sensitive,
            looked=looked,
            **more,
        )

    def _page(self, template: str, status: int = 200, **facts: Any) -> Response:
        shown = _environment().get_template(template)
        common = {
            "project": self.folder.resolve().name,
            "csrf": self.session.csrf,
            "here": template.removesuffix(".html"),
            "running": self.runner.goes_on,
        }
        return HTMLResponse(shown.render(**common, **facts).encode("utf-8", errors="replace"), status)


@cache
def _environment() -> Environment:
    """The report's words, and what is the workbench's own."""
    report, own_pages = environment(), PackageLoader("modelwright.workbench", "pages")
    assert report.loader is not None, "the report's templates are in a package"
    found = report.overlay(loader=ChoiceLoader([own_pages, report.loader]))
    own: dict[str, Any] = {"duration": _duration, "moment": _moment}
    found.filters = {**found.filters, **own}
    return found


def _duration(seconds: float) -> str:
    if seconds < 0.1:
        return "at once"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"


def _moment(utc: str) -> str:
    return f"{utc[:19].replace('T', ' ')} UTC"


def _asked(request: Request) -> Asked:
    given = request.query_params
    lines = tuple(int(one) for one in given.get("lines", "").split(",") if one.isdecimal() and len(one) < 18)
    page = given.get("page", "0")
    return Asked(
        text=given.get("text", "")[:1_000],
        column=given.get("column", ""),
        value=given.get("value", ""),
        lines=lines,
        page=int(page) if page.isdecimal() and len(page) < 10 else 0,
    )


async def _form(request: Request) -> dict[str, Any]:
    """The JSON object that the page's script sends.

    Raises:
        UsageError: it is something else, or too long.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            break
    try:
        asked = json.loads(body or b"{}") if len(body) <= MAX_FORM_BYTES else None
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise UsageError(
            where=request.url.path,
            expected="a JSON object of at most a megabyte",
            received=f"{len(body):,} bytes of something else",
            do_this="Use the workbench's own pages.",
        )
    return asked


def _number(value: object, name: str) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if not 1 <= number <= 1e7:
        raise UsageError(
            where=name,
            expected="a number of seconds from 1 on",
            received=f"{value}",
            do_this="Give the time that the run may take, such as 120.",
        )
    return number


def _decoded(name: str) -> str:
    from urllib.parse import unquote

    return unquote(name)
