"""Who was invited may annotate and do nothing else, until she is shut out; a link lets in once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from modelwright.project import Project, open_annotations
from modelwright.records import Item, Question
from modelwright.workbench.guarding import CSRF_HEADER, Session

MAY = {
    ("GET", "/annotate"),
    ("GET", "/annotate/image"),
    ("POST", "/annotate/deal"),
    ("POST", "/annotate/again"),
    ("POST", "/annotate/acts"),
    ("GET", "/static/{name}"),
    ("GET", "/enter"),
    ("GET", "/join"),
    ("POST", "/join"),
}
PLACES = {"name": "csv", "sequence": "1"}
NAME = "Ada <script>alert(1)</script>"


@pytest.fixture
def ask(ask_of: Any, tmp_path: Path) -> Iterator[Any]:
    folder = tmp_path / "messages"
    Project.create(folder).close()
    with open_annotations(folder) as store:
        store.begin(Question(kind="single", labels=("spam", "ham")))
        store.add(Item(key=f"m{place}", content={"text": f"message {place}"}) for place in range(20))
    asked = ask_of(folder)
    yield asked
    asked.bench.annotation.close()


def link_for(ask: Any, name: str = NAME) -> str:
    answer = ask("/annotate/invite", "POST", {"name": name})
    made = json.loads(answer.body)["link"]
    assert made.startswith(f"http://{ask.bench.session.hosts[0]}/join#")
    return made.partition("#")[2]


def join(ask: Any, token: str) -> Any:
    return ask("/join", "POST", {"token": token}, without=("cookie", CSRF_HEADER))


class Guest:
    """A browser that was let in by a link."""

    def __init__(self, ask: Any, token: str) -> None:
        self.ask = ask
        answer = join(ask, token)
        assert answer.status == 200
        self.cookie = answer.headers["set-cookie"].partition(";")[0]
        found = re.search('name="csrf" content="([^"]+)"', self("/annotate").text)
        assert found is not None
        self.csrf = found.group(1)

    def __call__(self, path: str, method: str = "GET", body: Any = b"", **headers: str) -> Any:
        own = {"cookie": self.cookie}
        if method == "POST":
            own[CSRF_HEADER] = getattr(self, "csrf", "")
        return self.ask(path, method, body, headers=own | headers)


@pytest.fixture
def guest(ask: Any) -> Guest:
    return Guest(ask, link_for(ask))


def test_of_all_addresses_an_annotator_may_ask_only_for_those_of_annotating(guest: Guest) -> None:
    tried = 0
    for route in guest.ask.application.routes:
        assert isinstance(route, Route)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            answer = guest(route.path.replace(":int", "").format(**PLACES), method, {})
            allowed = (method, route.path) in MAY
            assert (answer.status == 403) != allowed, f"{method} {route.path}: {answer.status}"
            tried += 1
    assert tried >= 37


@pytest.mark.parametrize(
    "path", ["/annotate/", "/annotate/results/", "//annotate/people", "/static/../ledger"]
)
def test_no_other_way_of_writing_an_address_leads_further(guest: Guest, path: str) -> None:
    assert guest(path).status in (403, 404)


def test_her_page_shows_no_rooms_and_no_guideline_to_write(guest: Guest) -> None:
    page = guest("/annotate").text
    assert "/ledger" not in page
    assert 'id="write"' not in page
    assert NAME not in page
    assert '"guest":"Ada \\u003cscript' in page


def test_she_answers_for_herself_whatever_she_says(guest: Guest) -> None:
    dealt = guest("/annotate/deal", "POST", {"annotator": "Bob", "tab": "one", "count": 1})
    (item,) = json.loads(dealt.body)["items"]
    given = {"answer_id": "a", "annotator": "Bob", "act": "answer", "key": item["key"], "value": "spam"}
    for wrong in (given, given | {"annotator": NAME, "act": "adjudicate"}):
        assert guest("/annotate/acts", "POST", {"acts": [wrong]}).status == 422
    assert guest("/annotate/acts", "POST", {"acts": [given | {"annotator": NAME}]}).status == 200
    with open_annotations(guest.ask.bench.folder) as store:
        assert [(one.annotator, one.act) for one in store.history()] == [(NAME, "answer")]
        assert [one.name for one in store.progress().annotators] == [NAME]


def test_a_link_lets_in_once(ask: Any) -> None:
    token = link_for(ask)
    first = join(ask, token)
    assert first.status == 200
    assert "; HttpOnly; SameSite=Strict; Path=/" in first.headers["set-cookie"]
    assert join(ask, token).status == 401


@pytest.mark.parametrize("token", ["", "guessed", "\ud800", None])
def test_no_other_link_lets_in(ask: Any, token: Any) -> None:
    link_for(ask)
    assert join(ask, token).status == 401


def test_looking_at_a_link_does_not_use_it_up(ask: Any) -> None:
    token = link_for(ask)
    page = ask("/join", without=("cookie",))
    assert page.status == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert join(ask, token).status == 200


@pytest.mark.parametrize("headers", [{"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}])
def test_no_other_site_uses_a_link(ask: Any, headers: dict[str, str]) -> None:
    token = link_for(ask)
    assert ask("/join", "POST", {"token": token}, headers=headers).status == 403
    assert ask("/join", "POST", {"token": token}, without=("origin",)).status == 403
    assert join(ask, token).status == 200


def test_who_is_shut_out_is_out_at_once_and_her_answers_stay(guest: Guest) -> None:
    given = {"answer_id": "a", "annotator": NAME, "act": "answer", "key": "m1", "value": "spam"}
    assert guest("/annotate/acts", "POST", {"acts": [given]}).status == 200
    revoked = guest.ask("/annotate/revoke", "POST", {"name": NAME})
    assert json.loads(revoked.body) == {"revoked": True}
    assert guest("/annotate").status == 401
    assert guest("/annotate/acts", "POST", {"acts": [given]}).status == 401
    with open_annotations(guest.ask.bench.folder) as store:
        assert len(store.answers()) == 1


def test_a_new_link_ends_the_one_before_and_whoever_came_in_by_it(ask: Any) -> None:
    first, second = link_for(ask), link_for(ask)
    assert join(ask, first).status == 401
    guest = Guest(ask, second)
    link_for(ask)
    assert guest("/annotate").status == 401


def test_a_link_is_worth_nothing_after_a_week(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelwright.ledger.annotations.accounts.INVITATION_DAYS", -1)
    assert join(ask, link_for(ask)).status == 401


def test_who_came_in_long_ago_is_not_known_any_more(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guest("/annotate").status == 200
    monkeypatch.setattr("modelwright.ledger.annotations.accounts.ENTERED_DAYS", -1)
    assert guest("/annotate").status == 401


@pytest.mark.parametrize(
    "headers", [{"origin": "http://evil.example"}, {CSRF_HEADER: "guessed"}, {CSRF_HEADER: ""}]
)
def test_no_other_page_answers_in_her_name(guest: Guest, headers: dict[str, str]) -> None:
    answer = guest.ask(
        "/annotate/deal", "POST", {}, headers={"cookie": guest.cookie, CSRF_HEADER: guest.csrf} | headers
    )
    assert answer.status == 403


def test_her_cookie_is_good_after_the_workbench_was_started_again(guest: Guest, ask_of: Any) -> None:
    again = ask_of(guest.ask.bench.folder)
    page = again("/annotate", headers={"cookie": guest.cookie})
    assert page.status == 200
    assert guest.csrf in page.text
    again.bench.annotation.close()


def test_only_digests_of_secrets_are_on_disk(ask: Any) -> None:
    waiting = link_for(ask, "Bob")
    guest = Guest(ask, link_for(ask))
    state = ask.bench.folder / ".modelwright"
    kept = b"".join(file.read_bytes() for file in state.glob("annotations*"))
    assert b"Bob" in kept
    for secret in (waiting, guest.cookie.partition("=")[2]):
        assert secret.encode() not in kept


def test_the_owners_page_shows_who_was_invited_as_text(ask: Any) -> None:
    link_for(ask)
    page = ask("/annotate/people").text
    assert "<script>alert" not in page
    assert "Ada &lt;script&gt;alert(1)" in page


def test_under_tls_cookies_are_secure_and_names_are_those_allowed() -> None:
    session = Session(port=8443, names=("lab.example",), secure=True)
    assert session.address.startswith("https://lab.example:8443/enter?")
    for cookie in (session.set_cookie(), session.set_guest_cookie("c")):
        assert cookie.startswith("__Host-modelwright-8443")
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= {
            one.strip() for one in cookie.split(";")
        }
    assert "lab.example" in Session(port=443, names=("lab.example",), secure=True).hosts
