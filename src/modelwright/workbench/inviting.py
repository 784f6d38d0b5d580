"""How does somebody come to annotate who is not at this machine? By a link that lets in once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from modelwright.records import AnnotatorProgress, Estimate
from modelwright.statistics.shares import share
from modelwright.workbench.annotation_room import AnnotationRoom, text
from modelwright.workbench.guarding import GUESTS_ENTRANCE, Session

JOIN_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The only page that is shown to who is not known yet brings all that it needs."""


@dataclass(frozen=True, slots=True)
class Inviting:
    """Who annotates, how well, and who may from afar."""

    room: AnnotationRoom
    session: Session

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [
            Route("/annotate/people", self.people),
            Route("/annotate/invite", self.invite, methods=["POST"]),
            Route("/annotate/revoke", self.revoke, methods=["POST"]),
            Route(GUESTS_ENTRANCE, self.entrance),
            Route(GUESTS_ENTRANCE, self.join, methods=["POST"]),
        ]

    def people(self, request: Request) -> Response:
        """Every annotator: answers, pace, gold items, and who was invited."""
        store = self.room.required()
        counted = store.progress()
        return self.room.show(
            "annotate_people.html",
            "people",
            progress=counted,
            annotators=[(one, _on_gold(one)) for one in counted.annotators],
            invited=store.invited(),
            told=store.rules.gold_told,
            alone=not self.session.secure,
        )

    async def invite(self, request: Request) -> Response:
        """Make a link, which is shown this once."""
        name = text(await self.room.form(request), "name").strip()
        token = await run_in_threadpool(self.room.required().invite, name)
        origin = request.headers.get("origin") or self.session.origins[0]
        return JSONResponse({"name": name, "link": f"{origin}{GUESTS_ENTRANCE}#{token}"})

    async def revoke(self, request: Request) -> Response:
        """Shut somebody out."""
        name = text(await self.room.form(request), "name")
        return JSONResponse({"revoked": await run_in_threadpool(self.room.required().revoke, name)})

    def entrance(self, request: Request) -> Response:
        """Where a link leads. Its secret stands behind a #, which no server and no preview is sent."""
        nonce = secrets.token_urlsafe(16)
        policy = {"content-security-policy": JOIN_POLICY.format(nonce=nonce)}
        page = self.room.page("annotate_join.html", nonce=nonce)
        return HTMLResponse(page.body, headers=policy)

    async def join(self, request: Request) -> Response:
        """Let in whoever has the link's secret, once."""
        token = text(await self.room.form(request), "token")
        store = self.room.opened()
        entered = None if store is None else await run_in_threadpool(store.enter, token)
        if entered is None:
            reason = "This link was used, is older than a week, or was taken back: ask for a new one."
            return JSONResponse({"reason": reason}, 401)
        name, cookie = entered
        return JSONResponse({"name": name}, headers={"set-cookie": self.session.set_guest_cookie(cookie)})


def _on_gold(one: AnnotatorProgress) -> Estimate | None:
    return share(one.gold_right, one.gold_answers) if one.gold_answers else None
