"""Who may listen in, and who may ask."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelwright.serving.guarding import Tokens, hold_pair, hold_safe, is_loopback, read_tokens
from modelwright.serving.options import Options
from modelwright.serving.problems import RequestProblem
from modelwright.serving.server import main

TOKEN = "a-token-of-some-length"


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False),
     ("::", False), ("192.0.2.1", False), ("no-such-host.invalid", False), ("\udcff", False)],
)  # fmt: skip
def test_only_this_machines_own_addresses_are_loopback(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_clear_text_for_other_machines_is_refused(
    release_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(release_folder, ["--host", "0.0.0.0", "--port", "0"]) == 2
    assert "--behind-proxy" in capsys.readouterr().err
    hold_safe("0.0.0.0", encrypted=True, behind_proxy=False)
    hold_safe("0.0.0.0", encrypted=False, behind_proxy=True)


def test_half_a_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestProblem, match="one of them"):
        hold_pair(tmp_path, None)
    hold_pair(None, None)


def test_a_certificate_that_is_none_is_told(release_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = str(release_folder / "README.md")
    for key in (page, "no-such-file.pem"):
        assert main(release_folder, ["--port", "0", "--certificate", page, "--key", key]) == 2
        assert "openssl x509" in capsys.readouterr().err


def test_an_answer_comes_over_tls_and_none_in_clear(
    start_serving: Callable[..., Any], release_folder: Path, row: dict[str, Any], pair: tuple[Path, Path]
) -> None:
    certificate, key = pair
    context = ssl.create_default_context(cafile=str(certificate))
    with start_serving(release_folder, options=Options(certificate=certificate, key=key)) as one:
        connection = http.client.HTTPSConnection("127.0.0.1", one.port, timeout=10, context=context)
        connection.request("POST", "/predict", json.dumps(row))
        assert json.loads(connection.getresponse().read())["prediction"] == "=spam"
        connection.close()
        with pytest.raises((http.client.HTTPException, OSError)):
            one.ask("GET", "/healthz")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        assert old.maximum_version == ssl.TLSVersion.MAXIMUM_SUPPORTED
        assert one.server.config.ssl.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_every_path_but_the_probes_asks_for_a_token(
    start_serving: Callable[..., Any], release_folder: Path, row: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "tokens").write_text(f"# of the web shop\n\nanother-token-of-some-length\n{TOKEN}\n")
    with start_serving(release_folder, options=Options(tokens=tmp_path / "tokens")) as one:
        good = {"Authorization": f"Bearer {TOKEN}"}
        _, document, _ = one.ask("GET", "/openapi.json", **good)
        probes = {path for path, methods in document["paths"].items() if "security" in methods.get("get", {})}
        assert probes == {"/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"}
        for path, methods in {**document["paths"], "/": {"get": {}}, "/nowhere": {"get": {}}}.items():
            (method,) = methods
            status, problem, headers = one.ask(method.upper(), path)
            assert status == (200 if path in probes else 401), path
            if status == 401:
                assert headers["www-authenticate"] == "Bearer"
                assert "Authorization: Bearer TOKEN" in problem["do_this"]
        assert one.ask("POST", "/predict", row, **good)[0] == 200
        for bad in (f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer", "Bearer " + "x" * 5000):
            assert one.ask("POST", "/predict", row, Authorization=bad)[0] == 401


def test_tokens_come_from_the_environment_too() -> None:
    known = read_tokens(None, {"MODELWRIGHT_TOKENS": f" {TOKEN}\nsecond-token-of-some-length "})
    assert known is not None
    assert known.know(b"Bearer second-token-of-some-length")
    assert known.know(b"bearer  " + TOKEN.encode())
    assert not known.know(None)
    assert read_tokens(None, {"MODELWRIGHT_TOKENS": " "}) is None


def test_a_token_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    for given in ([], ["short"], [TOKEN, ""]):
        with pytest.raises(RequestProblem, match="16 characters"):
            Tokens(given)
    (tmp_path / "empty").write_text("# none yet\n")
    for file in ("empty", "missing"):
        with pytest.raises(RequestProblem):
            read_tokens(tmp_path / file)
