"""Which class does a stored record go by, and how is it read back?"""

from __future__ import annotations

import dataclasses
import importlib
import math
from typing import Any

import msgspec

from modelwright import records
from modelwright.errors import UsageError
from modelwright.records import Blob, encode

PLAIN = "plain"
Plain = (type(None), bool, int, float, str, dict)


def kind_of(value: Any) -> str:
    """The name a value's class goes by: ``Study``, ``tuple[Run,Run]``, ``plain`` or ``module:Class``.

    Raises:
        UsageError: the value is neither a record, a tuple of records, nor plain data.
    """
    if isinstance(value, (tuple, list)) and any(map(dataclasses.is_dataclass, value)):  # pyright: ignore[reportUnknownArgumentType]  # items may be anything here
        return f"tuple[{','.join(kind_of(item) for item in value)}]"
    if isinstance(value, (*Plain, tuple, list)):
        return PLAIN
    kind = type(value)
    if getattr(records, kind.__name__, None) is kind:
        return kind.__name__
    if dataclasses.is_dataclass(kind) and kind.__module__.startswith("modelwright."):
        return f"{kind.__module__}:{kind.__qualname__}"
    raise UsageError(
        where="a step's result",
        expected="a record of modelwright.records, a tuple of records, or plain data",
        received=f"{kind.__module__}.{kind.__qualname__}",
        do_this="Return a record; keep arrays and models with desk.keep and return their blobs.",
    )


def encoded(value: Any, kind: str) -> bytes:
    """A step's result as canonical JSON, numpy's scalars as plain numbers.

    Raises:
        UsageError: it holds something that is not plain data, a NaN or infinity, or a value that its
            kind does not allow and that could so never be recalled.
    """
    return encode(decoded(encode(plain(value, "a step's result")), kind))


def decoded(data: bytes, kind: str) -> Any:
    """Read a step's result back from its JSON and its kind.

    Raises:
        UsageError: the data is not of that kind.
    """
    try:
        return msgspec.json.decode(data, type=_class(kind))
    except msgspec.ValidationError as error:
        raise UsageError(
            where=f"a step's result ({kind})",
            expected="values of the types its fields declare",
            received=str(error),
            do_this="Mend the step; where a record's fields changed, raise the step's version.",
        ) from error


def plain(value: Any, where: str) -> Any:
    """A record or plain value as dicts, lists, text and finite numbers.

    Raises:
        UsageError: it holds what JSON cannot say: a NaN or infinity, a function, an array.
    """
    try:
        written = msgspec.to_builtins(value, enc_hook=_scalar)
    except (TypeError, ValueError) as error:
        raise _unwritable(where, str(error)) from error
    if not _finite(written):
        raise _unwritable(where, "a NaN or an infinity")
    return written


def blobs_in(value: Any) -> list[Blob]:
    """Every blob a record names, however deep."""
    if isinstance(value, Blob):
        return [value]
    if dataclasses.is_dataclass(value):
        parts: Any = [getattr(value, field.name) for field in dataclasses.fields(value)]
    elif isinstance(value, dict):
        parts = list(value.values())  # pyright: ignore[reportUnknownArgumentType]  # items may be anything here
    else:
        parts = value if isinstance(value, (tuple, list)) else ()
    return [blob for part in parts for blob in blobs_in(part)]


def _scalar(value: Any) -> Any:
    """A numpy scalar as Python's: measures hand them out, and they read the same."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return value.item()
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} is no plain data")


def _class(kind: str) -> Any:
    if kind == PLAIN:
        return Any
    if kind.startswith("tuple["):
        return tuple[tuple(_class(item) for item in kind[6:-1].split(","))]  # type: ignore[misc]  # built from data
    module, _, name = kind.rpartition(":")
    if not module:
        return getattr(records, name)
    if not module.startswith("modelwright."):
        raise UsageError(
            where=f"kind {kind!r}",
            expected="a class of modelwright",
            received=module,
            do_this="Restore the ledger.",
        )
    return getattr(importlib.import_module(module), name)


def _finite(written: Any) -> bool:
    if isinstance(written, float):
        return math.isfinite(written)
    if isinstance(written, dict):
        return all(map(_finite, written.values()))  # pyright: ignore[reportUnknownArgumentType]  # items may be anything here
    return not isinstance(written, (list, tuple)) or all(map(_finite, written))  # pyright: ignore[reportUnknownArgumentType]  # items may be anything here


def _unwritable(where: str, received: str) -> UsageError:
    return UsageError(
        where=where,
        expected="records and plain data: text, finite numbers, true/false, lists, dicts",
        received=received,
        do_this="Use None where a number is not known; pass names instead of functions.",
    )
