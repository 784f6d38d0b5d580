"""How a record is written down, read back and named by its content."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any, TypeVar, dataclass_transform

import msgspec

Record = TypeVar("Record")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
def record(cls: type[Record]) -> type[Record]:
    """Make ``cls`` a noun of the house: frozen, slotted, keyword-only."""
    return dataclasses.dataclass(frozen=True, slots=True, kw_only=True)(cls)


def encode(value: Any) -> bytes:
    """Write a record (or plain value) as canonical JSON: the same content, the same bytes.

    Raises:
        TypeError: the value holds something that is not a record or plain data.
    """
    return msgspec.json.encode(value, order="deterministic")


def decode(data: bytes, kind: type[Record]) -> Record:
    """Read a record of the given kind back from its JSON.

    Raises:
        msgspec.ValidationError: the data is not a record of that kind.
    """
    return msgspec.json.decode(data, type=kind)


def digest(value: Any) -> str:
    """The sha256 of a record's canonical JSON, in hexadecimal."""
    return hashlib.sha256(encode(value)).hexdigest()
