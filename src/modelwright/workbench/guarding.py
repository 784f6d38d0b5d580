"""Who may ask? The person at this machine, from the page itself; and, to annotate only, who was invited."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from modelwright.records import ENTERED_DAYS
from modelwright.workflow.annotating import JOIN

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ENTRANCE = "/enter"
GUESTS_ENTRANCE = JOIN
CALLER = "modelwright.caller"
"""Where a request's scope says who asks."""

GUESTS_MAY = frozenset(
    {
        ("GET", "/annotate"),
        ("GET", "/annotate/image"),
        ("POST", "/annotate/deal"),
        ("POST", "/annotate/again"),
        ("POST", "/annotate/acts"),
    }
)
"""All that an invited annotator may ask for, beside the pages' own style and scripts."""

STATIC = "/static/"
USUAL_PORTS = {False: 80, True: 443}
"""What browsers leave out of a host's name, without TLS and with it."""

GUEST_COOKIE_SECONDS = ENTERED_DAYS * 24 * 3600
CSRF_HEADER = "x-modelwright-csrf"
TOKEN_BYTES = 32
SAFE_METHODS = ("GET", "HEAD")

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing but the workbench's own files: no other origin, no inline script or style, no frame around it."""


def _token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


@dataclass(slots=True, kw_only=True)
class Session:
    """What the one person at this machine knows.

    Args:
        port: where the page is served; part of the cookie's name, for cookies know no ports.
        names: further names under which other machines reach it. secure: whether it speaks TLS.
        token: lets in once. cookie: what that is exchanged for. csrf: what the page itself sends with every
            change.
    """

    port: int
    names: tuple[str, ...] = ()
    secure: bool = False
    token: str = field(default_factory=_token)
    cookie: str = field(default_factory=_token)
    csrf: str = field(default_factory=_token)

    @property
    def cookie_name(self) -> str:
        """The cookie's name; one beginning with __Host- no other machine of the domain can set."""
        return f"{'__Host-' if self.secure else ''}modelwright-{self.port}"

    @property
    def guest_cookie_name(self) -> str:
        """The name of an invited annotator's cookie."""
        return f"{self.cookie_name}-annotator"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which this machine is itself; any other was made to point here."""
        names = (*self.names, "127.0.0.1", "localhost")
        return (
            names if self.port == USUAL_PORTS[self.secure] else tuple(f"{one}:{self.port}" for one in names)
        )

    @property
    def origins(self) -> tuple[str, ...]:
        """What a browser calls pages of these names."""
        return tuple(f"{'https' if self.secure else 'http'}://{host}" for host in self.hosts)

    @property
    def address(self) -> str:
        """Where to enter, once."""
        return f"{self.origins[0]}{ENTRANCE}?token={self.token}"

    def enters(self, token: str) -> bool:
        """Whether the token is the one, which is worth nothing from then on."""
        right = bool(self.token) and hmac.compare_digest(token.encode(), self.token.encode())
        if right:
            self.token = ""
        return right

    def set_cookie(self) -> str:
        """The header that hands the cookie out: for this session, unseen by scripts, never sent from afar."""
        return f"{self.cookie_name}={self.cookie}; {self._flags}"

    def set_guest_cookie(self, cookie: str) -> str:
        """The same for an annotator, whom it lets in again after the browser or the workbench was closed."""
        return f"{self.guest_cookie_name}={cookie}; Max-Age={GUEST_COOKIE_SECONDS}; {self._flags}"

    @property
    def _flags(self) -> str:
        return f"HttpOnly; SameSite=Strict; Path=/{'; Secure' if self.secure else ''}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Args:
        guest: the annotator's name; empty for the person at this machine. csrf: what her page sends along.
    """

    guest: str
    csrf: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is turned away."""

    status: int
    reason: str


Guests = Callable[[str], str | None]
"""Whose cookie an annotator's is; None where it is nobody's."""


class Guard:
    """Turns away what does not come from the page, before anything else sees it.

    Args:
        app: what is guarded.
        session: as the browser must know it. guests: who was invited to annotate.

    Source:
        OWASP cheat sheets on cross-site request forgery and DNS rebinding: the Host header is checked because
        any site may point its own name at 127.0.0.1, and Origin then names that site as its own.
    """

    def __init__(self, app: ASGIApp, session: Session, guests: Guests) -> None:
        self._app = app
        self._session = session
        self._guests = guests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # a web socket: there are none
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        caller = await run_in_threadpool(caller_of, self._session, self._guests, headers)
        refusal = refused(self._session, scope["method"], scope["path"], headers, caller)
        if refusal is not None:
            response = PlainTextResponse(f"{refusal.reason}\n", refusal.status)
            await response(scope, receive, _hardened(send))
            return
        await self._app({**scope, CALLER: caller}, receive, _hardened(send))


def refused(
    session: Session, method: str, path: str, headers: Headers, caller: Caller | None
) -> Refusal | None:
    """Why a request is refused; None where it may pass."""
    if headers.get("host", "") not in session.hosts:
        return Refusal(
            421, "This is not the workbench's address: open the one that `modelwright ui` printed."
        )
    if not _from_here(session, headers):
        return Refusal(403, "A page of another origin may not ask.")
    if path == ENTRANCE and method in SAFE_METHODS:
        return None
    if path == GUESTS_ENTRANCE:
        own = method in SAFE_METHODS or _says_own(headers)
        return None if own else Refusal(403, "Links are used from the workbench's own page only.")
    if caller is None:
        return Refusal(401, "Open the address that `modelwright ui` printed; it lets in once.")
    if caller.guest and not _guest_may(method, path):
        return Refusal(403, "You were invited to annotate: go to /annotate.")
    if method not in SAFE_METHODS and not _meant(caller, headers):
        return Refusal(403, "Changes are made from the workbench's own pages only. Reload the page.")
    return None


def caller_of(session: Session, guests: Guests, headers: Headers) -> Caller | None:
    """Who asks, by her cookie; None where nobody is known by it."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    shown = cookies.get(session.cookie_name)
    if shown is not None and hmac.compare_digest(shown.value.encode(), session.cookie.encode()):
        return Caller("", session.csrf)
    shown = cookies.get(session.guest_cookie_name)
    name = guests(shown.value) if shown is not None else None
    if shown is None or name is None:
        return None
    # Made of the cookie, so that a page goes on after the workbench was started again.
    return Caller(name, hmac.new(shown.value.encode(), CSRF_HEADER.encode(), hashlib.sha256).hexdigest())


def _guest_may(method: str, path: str) -> bool:
    asked = "GET" if method in SAFE_METHODS else method
    return (asked, path) in GUESTS_MAY or (asked == "GET" and path.startswith(STATIC))


def _from_here(session: Session, headers: Headers) -> bool:
    """Where the browser says from which origin it asks, it must be ours."""
    origin = headers.get("origin")
    if origin is not None and origin not in session.origins:
        return False
    site = headers.get("sec-fetch-site", "same-origin")
    return site in ("same-origin", "none") or headers.get("sec-fetch-mode") == "navigate"


def _meant(caller: Caller, headers: Headers) -> bool:
    """A change says from which origin it comes, and what only our page knows."""
    given = headers.get(CSRF_HEADER, "")
    return _says_own(headers) and hmac.compare_digest(given.encode(), caller.csrf.encode())


def _says_own(headers: Headers) -> bool:
    return headers.get("origin") is not None or headers.get("sec-fetch-site") == "same-origin"


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
