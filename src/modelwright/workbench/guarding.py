"""Who may ask? Only the person at this machine, from the page itself."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENTRANCE = "/enter"
CSRF_HEADER = "x-modelwright-csrf"
TOKEN_BYTES = 32
SAFE_METHODS = ("GET", "HEAD")

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing but the workbench's own files: no other origin, no inline script or style, no frame around it."""


def _token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


@dataclass(slots=True, kw_only=True)
class Session:
    """What the one person at this machine knows.

    Args:
        port: where the page is served; part of the cookie's name, for cookies know no ports.
        token: lets in once. cookie: what that is exchanged for. csrf: what the page itself sends with every
            change.
    """

    port: int
    token: str = field(default_factory=_token)
    cookie: str = field(default_factory=_token)
    csrf: str = field(default_factory=_token)

    @property
    def cookie_name(self) -> str:
        """The cookie's name."""
        return f"modelwright-{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which this machine is itself; any other was made to point here."""
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    @property
    def address(self) -> str:
        """Where to enter, once."""
        return f"http://{self.hosts[0]}{ENTRANCE}?token={self.token}"

    def enters(self, token: str) -> bool:
        """Whether the token is the one, which is worth nothing from then on."""
        right = bool(self.token) and hmac.compare_digest(token.encode(), self.token.encode())
        if right:
            self.token = ""
        return right

    def set_cookie(self) -> str:
        """The header that hands the cookie out: for this session, unseen by scripts, never sent from afar."""
        return f"{self.cookie_name}={self.cookie}; HttpOnly; SameSite=Strict; Path=/"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is turned away."""

    status: int
    reason: str


class Guard:
    """Turns away what does not come from the page, before anything else sees it.

    Args:
        app: what is guarded.
        session: as the browser must know it.

    Source:
        OWASP cheat sheets on cross-site request forgery and DNS rebinding: the Host header is checked because
        any site may point its own name at 127.0.0.1, and Origin then names that site as its own.
    """

    def __init__(self, app: ASGIApp, session: Session) -> None:
        self._app = app
        self._session = session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a web socket: there are none
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = refused(self._session, scope["method"], scope["path"], Headers(scope=scope))
        if refusal is not None:
            response = PlainTextResponse(f"{refusal.reason}\n", refusal.status)
            await response(scope, receive, _hardened(send))
            return
        await self._app(scope, receive, _hardened(send))


def refused(session: Session, method: str, path: str, headers: Headers) -> Refusal | None:
    """Why a request is refused; None where it may pass."""
    if headers.get("host", "") not in session.hosts:
        return Refusal(
            421, "This is not the workbench's address: open the one that `modelwright ui` printed."
        )
    if not _from_here(session, headers):
        return Refusal(403, "A page of another origin may not ask.")
    if path == ENTRANCE and method in SAFE_METHODS:
        return None
    if not _known(session, headers):
        return Refusal(401, "Open the address that `modelwright ui` printed; it lets in once.")
    if method not in SAFE_METHODS and not _meant(session, headers):
        return Refusal(403, "Changes are made from the workbench's own pages only. Reload the page.")
    return None


def _from_here(session: Session, headers: Headers) -> bool:
    """Where the browser says from which origin it asks, it must be ours."""
    origin = headers.get("origin")
    if origin is not None and origin not in tuple(f"http://{host}" for host in session.hosts):
        return False
    site = headers.get("sec-fetch-site", "same-origin")
    return site in ("same-origin", "none") or headers.get("sec-fetch-mode") == "navigate"


def _known(session: Session, headers: Headers) -> bool:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return False
    shown = cookies.get(session.cookie_name)
    return shown is not None and hmac.compare_digest(shown.value.encode(), session.cookie.encode())


def _meant(session: Session, headers: Headers) -> bool:
    """A change says from which origin it comes, and what only our page knows."""
    own = headers.get("origin") is not None or headers.get("sec-fetch-site") == "same-origin"
    return own and hmac.compare_digest(headers.get(CSRF_HEADER, "").encode(), session.csrf.encode())


def _hardened(send: Send) -> Send:
    """Every answer is not to be sniffed, framed, cached or told of; a policy of its own stays."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            own = {
                b"content-security-policy": PAGE_POLICY.encode(),
                b"x-content-type-options": b"nosniff",
                b"referrer-policy": b"no-referrer",
                b"cross-origin-opener-policy": b"same-origin",
                b"cross-origin-resource-policy": b"same-origin",
                b"cache-control": b"no-store",
            }
            added = [(name, value) for name, value in own.items() if name not in given]
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return sent
