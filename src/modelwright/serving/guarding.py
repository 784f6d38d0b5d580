"""Who may listen in, and who may ask: TLS, bearer tokens, and which addresses are safe without."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from .problems import RequestProblem

TOKENS_VARIABLE = "MODELWRIGHT_TOKENS"
MIN_TOKEN_CHARACTERS = 16  # fewer could be guessed
BEARER = re.compile(rb"[Bb]earer +([\x21-\x7e]+) *")


class Tokens:
    """The tokens a server knows, kept as digests.

    Args:
        tokens: as callers send them.

    Raises:
        RequestProblem: one is too short, or there is none.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        given = tuple(tokens)
        if not given or min(map(len, given)) < MIN_TOKEN_CHARACTERS:
            raise _off(
                "tokens",
                f"at least one token, each of {MIN_TOKEN_CHARACTERS} characters or more",
                "none" if not given else "a shorter one",
                "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'.",
            )
        self._digests = [hashlib.sha256(token.encode()).digest() for token in given]

    def know(self, authorization: bytes | None) -> bool:
        """Whether a request's Authorization header brings one of them; takes as long for every answer."""
        found = BEARER.fullmatch(authorization or b"")
        digest = hashlib.sha256(found[1] if found else b"").digest()
        same = [hmac.compare_digest(digest, known) for known in self._digests]
        return found is not None and any(same)


def read_tokens(file: Path | None, environment: Mapping[str, str] = os.environ) -> Tokens | None:
    """Tokens from a file (one a line) or, without one, from ``MODELWRIGHT_TOKENS`` (between blanks).

    Raises:
        RequestProblem: the file cannot be read, holds no token, or one that is too short.
    """
    if file is None:
        text = environment.get(TOKENS_VARIABLE, "")
        return Tokens(text.split()) if text.strip() else None
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "bytes that are not UTF-8"
        raise _off(f"--tokens {file}", "a file of tokens, one a line", words, "Check the path.") from error
    return Tokens(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def hold_safe(host: str, *, encrypted: bool, behind_proxy: bool) -> None:
    """Refuse to listen to other machines in clear text.

    Raises:
        RequestProblem: the address is reached from other machines, without TLS and not behind a proxy.
    """
    if encrypted or behind_proxy or is_loopback(host):
        return
    raise _off(
        f"--host {host}",
        "TLS where other machines can listen in",
        "an address they reach, without a certificate",
        "Give --certificate and --key; or --behind-proxy where a proxy or mesh in front does TLS.",
    )


def is_loopback(host: str) -> bool:
    """Whether an address, or every address of a name, is this machine's own."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ipaddress.ip_address(one.partition("%")[0]).is_loopback for one in found)


def hold_pair(certificate: Path | None, key: Path | None) -> None:
    """Refuse half of a pair, or one that does not open.

    Raises:
        RequestProblem: it is.
    """
    if (certificate is None) != (key is None):
        raise _off("--certificate and --key", "both, or neither", "one of them", "Give the other one too.")


def _off(where: str, expected: str, received: str, do_this: str) -> RequestProblem:
    return RequestProblem(where=where, expected=expected, received=received, do_this=do_this)
