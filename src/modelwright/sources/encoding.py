"""Which encoding a text file is written in, read from all of its bytes."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modelwright.errors import SourceError
from modelwright.sources.opening import open_bytes

_BLOCK_BYTES = 1 << 20
_HEAD_BYTES = 4_096

MIN_NUL_SHARE = 0.2
"""UTF-16 without a mark: at least this share of every second byte is NUL, of the others nearly none."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_STRAY = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_ONLY_CP1252 = re.compile(rb"[\x80\x82-\x8c\x8e\x91-\x9c\x9e\x9f]")
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How bytes become text.

    Args:
        codec: Python's name for it.
        shown: its name in the ingest report.
        has_stray_bytes: UTF-8 with a few bytes that are not; they are read as lone surrogates.
    """

    codec: str
    shown: str
    has_stray_bytes: bool = False


def detect_encoding(path: Path, name: str) -> Encoding:
    """The encoding of a text file: a byte-order mark, NUL pattern, UTF-8, else cp1252 or latin-1.

    Raises:
        SourceError: the file is binary, or breaks the encoding its mark announces.
    """
    with open_bytes(path, name) as stream:
        head = stream.read(_HEAD_BYTES)
    for mark, codec in _BOMS:
        if head.startswith(mark):
            shown = codec.removesuffix("-sig")
            return _proven(path, name, Encoding(codec, shown)) if shown != "utf-8" else _eight_bit(path, name)
    wide = _wide_codec(head)
    if wide:
        return _proven(path, name, Encoding(wide, "utf-16"))
    return _eight_bit(path, name)


@contextmanager
def open_text(path: Path, name: str, encoding: Encoding) -> Generator[io.TextIOWrapper]:
    """The file's lines, their endings (LF, CRLF or CR) kept as they are."""
    errors = "surrogateescape" if encoding.has_stray_bytes else "strict"
    with (
        open_bytes(path, name) as stream,
        io.TextIOWrapper(stream, encoding=encoding.codec, errors=errors, newline="") as text,
    ):
        yield text


def _wide_codec(head: bytes) -> str | None:
    """UTF-16 without a mark, seen by the NUL that every second byte of Western text is."""
    even, odd = head[0::2], head[1::2]
    if not odd:
        return None
    shares = even.count(0) / len(even), odd.count(0) / len(odd)
    if shares[1] > MIN_NUL_SHARE and shares[0] < 0.02:
        return "utf-16-le"
    return "utf-16-be" if shares[0] > MIN_NUL_SHARE and shares[1] < 0.02 else None


def _proven(path: Path, name: str, encoding: Encoding) -> Encoding:
    """A wide encoding, after reading the whole file under it."""
    decoder = codecs.getincrementaldecoder(encoding.codec)("strict")
    try:
        with open_bytes(path, name) as stream:
            for block in _blocks(stream):
                if "\x00" in decoder.decode(block, final=not block):
                    raise _binary(name, "a NUL character")
    except UnicodeError as error:
        raise SourceError(
            where=name,
            expected=f"{encoding.shown} text, as its first bytes announce",
            received=f"bytes that are not ({error})",
            do_this="Save the file again as UTF-8.",
        ) from error
    return encoding


def _eight_bit(path: Path, name: str) -> Encoding:
    """UTF-8 where it decodes (or nearly all of what is not ASCII does), else a Western code page."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    good = stray = lines = 0
    marked = only_cp1252 = not_cp1252 = False
    with open_bytes(path, name) as stream:
        for block in _blocks(stream):
            if b"\x00" in block:
                line = lines + block[: block.index(b"\x00")].count(b"\n") + 1
                raise _binary(name, f"a NUL byte on line {line:,}")
            marked = marked or (not lines and block.startswith(codecs.BOM_UTF8))
            lines += block.count(b"\n")
            text = decoder.decode(block, final=not block)
            if text.isascii():
                continue
            broken = len(_STRAY.findall(text))
            stray += broken
            good += len(_BEYOND_ASCII.findall(text)) - broken
            only_cp1252 = only_cp1252 or bool(_ONLY_CP1252.search(block))
            not_cp1252 = not_cp1252 or bool(_NOT_CP1252.search(block))
    if not stray or good > stray:
        return Encoding("utf-8-sig" if marked else "utf-8", "utf-8", has_stray_bytes=stray > 0)
    western = "cp1252" if only_cp1252 and not not_cp1252 else "latin-1"
    return Encoding(western, western)


def _blocks(stream: io.BufferedIOBase | object) -> Iterator[bytes]:
    """The stream in blocks, the last one empty so that a decoder can be told the end."""
    while True:
        block: bytes = stream.read(_BLOCK_BYTES)  # type: ignore[union-attr]  # any binary stream
        yield block
        if not block:
            return


def _binary(name: str, received: str) -> SourceError:
    return SourceError(
        where=name,
        expected="a text file (CSV or JSON Lines)",
        received=f"a binary or damaged one: {received}",
        do_this="Export the table as a CSV file in UTF-8, or remove the NUL bytes (tr -d '\\000').",
    )
