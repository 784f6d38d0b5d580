"""Nobody but the person at this machine gets an answer, by no way and from no page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from modelwright.deploy.report.page import allowed, file_of
from modelwright.workbench.application import POLICIES, Workbench
from modelwright.workbench.guarding import CSRF_HEADER, Session

PLACES = {"name": "define.frame", "sequence": "1"}


def routes() -> list[tuple[str, str]]:
    """Every method of every address there is."""
    application = Workbench(Path("nowhere"), Session(port=1)).application()
    found: list[tuple[str, str]] = []
    for route in application.routes:
        assert isinstance(route, Route)
        path = route.path.replace(":int", "").format(**PLACES)
        found += [(method, path) for method in sorted(route.methods or ()) if method != "HEAD"]
    return found


@pytest.mark.parametrize(("method", "path"), [one for one in routes() if one[1] != "/enter"])
def test_without_the_cookie_no_address_answers(ask: Any, method: str, path: str) -> None:
    assert ask(path, method, without=("cookie",)).status == 401
    wrong = {"cookie": f"modelwright-4711={'x' * 43}"}
    assert ask(path, method, headers=wrong).status == 401


def test_there_are_as_many_addresses_as_are_tried() -> None:
    assert len(routes()) >= 17


@pytest.mark.parametrize(("method", "path"), routes())
@pytest.mark.parametrize("host", ["evil.example", "evil.example:4711", "127.0.0.1", "127.0.0.1:80", ""])
def test_a_name_that_was_made_to_point_here_is_refused(ask: Any, method: str, path: str, host: str) -> None:
    answer = ask(path, method, headers={"host": host})
    assert answer.status == 421


@pytest.mark.parametrize(("method", "path"), [one for one in routes() if one[0] == "POST"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {CSRF_HEADER: "guessed"},
        {CSRF_HEADER: ""},
    ],
)
def test_a_change_from_another_page_is_refused(
    ask: Any, method: str, path: str, headers: dict[str, str]
) -> None:
    assert ask(path, method, headers=headers).status == 403


def test_a_change_that_does_not_say_whence_it_comes_is_refused(ask: Any) -> None:
    assert ask("/run", "POST", without=("origin",)).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_the_events_of_a_run_go_to_no_other_page(ask: Any, site: str) -> None:
    answer = ask("/run/events", headers={"sec-fetch-site": site, "sec-fetch-mode": "cors"})
    assert answer.status == 403


def test_the_address_lets_in_once(ask: Any) -> None:
    session = ask.bench.session
    path = f"/enter?token={session.token}"
    first = ask(path, without=("cookie",))
    assert first.status == 200
    cookie = first.headers["set-cookie"]
    assert cookie.startswith(f"modelwright-4711={session.cookie}; ")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert ask(path, without=("cookie",)).status == 401


@pytest.mark.parametrize("token", ["", "wrong", "%00"])
def test_no_other_token_lets_in(ask: Any, token: str) -> None:
    assert ask(f"/enter?token={token}", without=("cookie",)).status == 401
    assert ask.bench.session.token


@pytest.mark.parametrize("path", ["/", "/data", "/static/workbench.js", "/nowhere"])
def test_every_answer_is_locked_up(ask: Any, path: str) -> None:
    headers = ask(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


def test_a_page_in_a_frame_runs_no_script(ask: Any) -> None:
    policy = ask("/framed/look").headers["content-security-policy"]
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy


def test_a_framed_report_runs_its_own_script_alone_and_cut_off() -> None:
    policy = POLICIES["report"]
    assert re.findall(r"script-src ([^;]*)", policy) == [allowed(file_of("threshold.js"))]
    assert policy.endswith("sandbox allow-scripts")
    assert "default-src 'none'" in policy


def test_secrets_are_long_and_each_its_own() -> None:
    one, other = Session(port=1), Session(port=1)
    secrets = {one.token, one.cookie, one.csrf, other.token, other.cookie, other.csrf}
    assert len(secrets) == 6
    assert min(map(len, secrets)) >= 43  # 256 bits in base64
