"""What the server says when it does not answer a request, and why."""

from __future__ import annotations

from .body import MAX_BODY_BYTES
from .problems import RequestProblem

BODY_SECONDS = 30.0


class MethodProblem(RequestProblem):
    """A path asked with a method it does not answer."""

    allowed: tuple[str, ...] = ()


def wrong_method(path: str, method: str, allowed: tuple[str, ...]) -> MethodProblem:
    """A path asked with a method it does not answer."""
    problem = MethodProblem(
        where=f"{method} {path}",
        expected=" or ".join(allowed),
        received=method,
        do_this=f"Use {allowed[0]}.",
        status=405,
    )
    problem.allowed = allowed
    return problem


def no_such(path: str) -> RequestProblem:
    """A path that is not there."""
    return RequestProblem(
        where=path[:200],
        expected="a path of GET /openapi.json",
        received="a path this server does not have",
        do_this="POST rows to /predict.",
        status=404,
    )


def no_such_model(name: str, known: str) -> RequestProblem:
    """A model, or a version of it, that is not on stage."""
    return RequestProblem(
        where=name[:200],
        expected=f"the model on stage: {known}",
        received="another model or version",
        do_this=f"Ask /v2/models/{known}.",
        status=404,
    )


def no_token() -> RequestProblem:
    """A caller without a token that is known here."""
    return RequestProblem(
        where="header Authorization",
        expected="Bearer and a token that this server knows",
        received="none, or another one",
        do_this="Ask whoever runs the server for a token, and send it: Authorization: Bearer TOKEN.",
        status=401,
    )


def too_large(received: str) -> RequestProblem:
    """A body beyond the limit."""
    return RequestProblem(
        where="request body",
        expected=f"at most {MAX_BODY_BYTES} bytes",
        received=received,
        do_this="Send the rows in several requests, or use predict.py on a file.",
        status=413,
    )


def too_slow() -> RequestProblem:
    """A body that does not come."""
    return RequestProblem(
        where="request body",
        expected=f"the whole body within {BODY_SECONDS:.0f} seconds",
        received="a part of it",
        do_this="Send the body at once.",
        status=408,
    )


def our_fault() -> RequestProblem:
    """Something that is not the caller's fault."""
    return RequestProblem(
        where="server",
        expected="an answer",
        received="a failure of the server's own",
        do_this="Look into the server's log; the request itself may be fine.",
        status=500,
    )


def stopping() -> RequestProblem:
    """A server that lets its callers finish and takes no new ones."""
    return RequestProblem(
        where="server",
        expected="a server that takes new callers",
        received="one that is stopping",
        do_this="Send requests to another instance.",
        status=503,
        retry_after_seconds=1,
    )


def busy(received: str) -> RequestProblem:
    """The answer to a request that comes when there is no room for it."""
    return RequestProblem(
        where="server",
        expected="room for the request",
        received=received,
        do_this="Try again in a second, with fewer requests at a time.",
        status=503,
        retry_after_seconds=1,
    )
