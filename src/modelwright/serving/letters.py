"""A small request for answers that came whole: its head read by one strict pattern, or left to h11."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from .paths import PREDICT, TENSORS
from .receiving import INLINE_BYTES

# Any header but those that change how a body is framed or a connection goes on; names and values strict.
HEAD = re.compile(
    rb"POST (/predict|/v2/models/[\w.~-]+(?:/versions/[\w.~-]+)?/infer) HTTP/1\.1\r\n"
    rb"((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e]*\r\n)+)\r\n"
)
UNUSUAL = re.compile(
    rb"^(?:transfer-encoding|expect|upgrade|te:|trailer|proxy-|connection:(?![ \t]*keep-alive[ \t]*\r))",
    re.I | re.M,
)
LENGTH = re.compile(rb"^content-length:[ \t]*([0-9]{1,9})[ \t]*\r$", re.I | re.M)
HOST = re.compile(rb"^host:", re.I | re.M)
TOKEN = re.compile(rb"^authorization:[ \t]*([^\r]*?)[ \t]*\r$", re.I | re.M)
IDENTITY = re.compile(rb"^x-request-id:[ \t]*([^\r]*?)[ \t]*\r$", re.I | re.M)
TENSORS_AT = re.compile(rb"^inference-header-content-length:[ \t]*([^\r]*?)[ \t]*\r$", re.I | re.M)
STARTS = (b"POST /predict ", b"POST /v2/models/")
MAX_HEAD_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class Head:
    """What a head says.

    Args:
        pattern: the kind of path: for rows, or for tensors.
        length: of the body. head_length: of the JSON in it, where binary tensors follow.
        authorization: who asks. identity: what the caller calls the request.
    """

    path: str
    pattern: str
    length: int
    head_length: bytes | None
    authorization: bytes | None
    identity: bytes | None


def read_letter(data: bytes) -> tuple[Head, bytes] | None:
    """Head and body of a small request for answers; None where it is not all, or anything is unusual."""
    end = data.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES) + 4
    if end < 4 or len(data) - end > INLINE_BYTES or not data.startswith(STARTS):
        return None
    head = read_head(data[:end])
    return (head, data[end:]) if head is not None and head.length == len(data) - end else None


@functools.lru_cache(maxsize=1024)  # a caller's heads are alike but for few bytes, if any
def read_head(data: bytes) -> Head | None:
    """A head that only says what is usual, else None."""
    found = HEAD.fullmatch(data)
    if found is None or UNUSUAL.search(found[2]):
        return None
    head = found[2]
    lengths, tensors = LENGTH.findall(head), TENSORS_AT.findall(head)
    if len(lengths) != 1 or head.lower().count(b"content-length") != 1 + len(tensors):
        return None
    once = [tensors, TOKEN.findall(head), IDENTITY.findall(head)]
    if len(HOST.findall(head)) != 1 or max(map(len, once)) > 1:
        return None
    path = found[1].decode()
    pattern = PREDICT if path == PREDICT else TENSORS  # HEAD takes no other
    return Head(path, pattern, int(lengths[0]), *(values[0] if values else None for values in once))
