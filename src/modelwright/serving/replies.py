"""One response, before it is sent; and what a refusal looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from .problems import Problem, RequestProblem
from .refusals import MethodProblem

JSON = "application/json"
RELEASE_HEADER = b"modelwright-release"  # which release answered; on every response
REQUEST_HEADER = b"x-request-id"  # the caller's, or one of ours; on every response and in the log
CUT_OFF = frozenset((408, 413, 503))  # the caller may still be sending; the connection ends with the answer

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(slots=True)  # not frozen: that would triple the cost of making one
class Reply:
    """One response, before it is sent."""

    status: int
    body: bytes
    kind: str = JSON
    headers: Headers = ()


def fixed_headers(release: bytes, kind: str, more: Headers) -> Headers:
    """What every response of a kind carries; its length and the request's identity come besides.

    Args:
        release: its label. more: the response's own.
    """
    return (
        (b"content-type", kind.encode()),
        (b"x-content-type-options", b"nosniff"),
        (RELEASE_HEADER, release),
        *more,
    )


def told(value: Any) -> Reply:
    """A JSON answer."""
    return Reply(200, msgspec.json.encode(value))


def refusal(problem: Problem, label: str, *, in_words: bool = False) -> Reply:
    """A problem in four parts, with the release it comes from.

    Args:
        label: the release's.
        in_words: whether ``error`` is the whole sentence, as the Open Inference Protocol has it, rather
            than the problem's kind.
    """
    headers: list[tuple[bytes, bytes]] = []
    if isinstance(problem, MethodProblem):
        headers.append((b"allow", ", ".join(problem.allowed).encode()))
    if isinstance(problem, RequestProblem):
        if problem.retry_after_seconds is not None:
            headers.append((b"retry-after", str(problem.retry_after_seconds).encode()))
        if problem.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
    parts = {**problem.parts(), "model": label}
    if in_words:
        parts["error"] = str(problem)
    return Reply(problem.status, msgspec.json.encode(parts), headers=tuple(headers))
