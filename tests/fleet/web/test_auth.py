"""Who may look: with a token_file, and with a proxy that says who asks."""

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import msgspec
import pytest
from starlette.routing import Mount, Route, WebSocketRoute
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from fleet.config import HubConfig, Web
from fleet.web.app import application
from fleet.web.auth.rate_limit import OF_ONE, GuessLimit
from fleet.web.auth.sessions import LASTS_S, Sessions
from fleet.web.auth.token import TokenWrong, token_of
from fleet.web.door import Door
from sensors.clock import NS_PER_S
from tests.fakes import ManualClock
from tests.fleet.web.conftest import Told, serving

if TYPE_CHECKING:
    from playwright.sync_api import Page

TOKEN = "a-token-of-sixteen"
NAMES = {
    "site": "seoul",
    "node": "pole",
    "run": "drive",
    "stream": "camera",
    "to": "csv",
    "name": "report",
    "rollout": "drive",
}


def ask(
    at: str, path: str, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(at).netloc, timeout=60)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def log_in(at: str, token: str = TOKEN, **headers: str) -> tuple[int, str]:
    """The status, and the cookie with all that is said of it."""
    typed = f"token={quote(token)}".encode()
    status, told, _ = ask(at, "/login", "POST", typed, Origin=at.rstrip("/"), **headers)
    return status, told.get("set-cookie", "")


def hear_out(live: ClientConnection) -> None:
    while True:
        live.recv(20)


def guarded(told: Told, folder: Path, user_header: str = "") -> HubConfig:
    (folder / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    (folder / "token").chmod(0o600)
    return msgspec.structs.replace(told.hub, web=Web(port=0, token_file=folder / "token", user_header=user_header))


@pytest.fixture
def closed(told: Told, tmp_path: Path) -> Iterator[str]:
    """A dashboard that asks for TOKEN."""
    with serving(guarded(told, tmp_path)) as at:
        yield at


def test_every_route_but_healthz_asks_for_the_token(told: Told, closed: str) -> None:
    app = application(told.hub, told.clock, ["localhost"], None, TOKEN)
    walked = []
    for one in app.routes:
        if isinstance(one, Mount):
            path = f"{one.path}/main.js"
        else:
            assert isinstance(one, Route | WebSocketRoute)
            path = one.path.replace(":path", "").format(**NAMES)
        walked.append(path)
        if isinstance(one, WebSocketRoute):
            live = closed.rstrip("/").replace("http", "ws") + path
            with pytest.raises(InvalidStatus) as refused, connect(live):
                pass
            assert refused.value.response.status_code == 401
            with connect(live, additional_headers={"Authorization": f"Bearer {TOKEN}"}) as ours:
                assert "rows" in json.loads(ours.recv(20))
            continue
        status, headers, body = ask(closed, path)
        if path == "/healthz":
            assert status == 200
            continue
        assert (path, status, headers["www-authenticate"]) == (path, 401, "Bearer")
        assert set(json.loads(body)) == {"error", "hint"}
        assert ask(closed, path, "HEAD")[0] == 401
        # Who is let in is answered, of a run that isn't there as cheaply as can be.
        let_in = ask(closed, path.replace("drive", "nobody"), Authorization=f"Bearer {TOKEN}")[0]
        assert (path, let_in) == (path, 422 if "comparisons" in path else 404 if "drive" in path else 200)
    assert {"/", "/live", "/metrics", "/openapi.json", "/api/nodes", "/api/runs/drive", "/pages/main.js"} <= {*walked}
    # What isn't there, and what is written another way, says no more.
    for path in ("/nowhere", "/healthz/", "//healthz", "/healthz/../api/nodes", "/pages/../app.py"):
        assert (path, ask(closed, path)[0]) == (path, 401)


def test_who_logs_in_gets_a_cookie_that_opens_until_it_is_ended(closed: str) -> None:
    status, cookie = log_in(closed)
    assert status == 303
    assert {"HttpOnly", "SameSite=strict"} < {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    assert "Secure" in log_in(closed, X_Forwarded_Proto="https")[1]
    held = cookie.partition(";")[0]
    assert ask(closed, "/api/nodes", Cookie=held)[0] == 200
    assert b'action="/logout">' in ask(closed, "/", Cookie=held)[2]
    with connect(closed.replace("http", "ws") + "live", additional_headers={"Cookie": held}) as live:
        live.recv(20)
        assert ask(closed, "/logout", "POST", Cookie=held, Origin="http://elsewhere.example")[0] == 403
        assert ask(closed, "/logout", "POST", Cookie=held, Origin=closed.rstrip("/"))[0] == 303
        with pytest.raises(ConnectionClosedError):
            hear_out(live)
    assert ask(closed, "/api/nodes", Cookie=held)[0] == 401
    assert ask(closed, "/api/nodes", Cookie=held[:-1] + ("0" if held[-1] != "0" else "1"))[0] == 401


def test_a_form_of_another_origin_logs_nobody_in_and_strange_bodies_do_not(closed: str) -> None:
    typed = f"token={TOKEN}".encode()
    for origin in ("http://elsewhere.example", "null", closed.rstrip("/") + "0"):
        assert ask(closed, "/login", "POST", typed, Origin=origin)[0] == 403
    assert ask(closed, "/login", "PUT", typed)[0] == 405
    for body in (b"", b"token=", b"token=%ff%fe", b"&".join([b"a=1"] * 100), b"x" * 10_000, "token=토큰".encode()):
        status, told, page = ask(closed, "/login", "POST", body)
        assert status in (400, 401, 413)
        assert "set-cookie" not in told
        assert b'data-trouble="wrong"' in page


def test_guesses_are_slowed_down_and_the_right_one_waits_as_long(closed: str) -> None:
    tried = [ask(closed, "/api/nodes", Authorization=f"Bearer wrong-{n}")[0] for n in range(OF_ONE + 1)]
    assert tried == [401] * OF_ONE + [429]
    assert log_in(closed) == (429, "")
    status, told, _ = ask(closed, "/api/nodes", Authorization=f"Bearer {TOKEN}")
    assert (status, 0 < int(told["retry-after"]) <= 7) == (429, True)


def test_a_minute_forgives_each_by_itself_and_a_net_is_one() -> None:
    clock = ManualClock()
    guesses = GuessLimit(clock)
    for n in range(OF_ONE):
        assert guesses.wait_s(f"2001:db8::{n}") == 0
        guesses.wrong(f"2001:db8::{n}")
    assert guesses.wait_s("2001:db8::ffff") == 6
    assert guesses.wait_s("192.0.2.7") == 0
    clock.pass_ns(6 * NS_PER_S)
    assert guesses.wait_s("2001:db8::1") == 0
    for n in range(300):
        guesses.wrong(f"10.0.{n}.1")
    assert guesses.wait_s("192.0.2.7") > 0


def test_a_session_outlives_the_process_and_neither_its_time_nor_its_token() -> None:
    clock = ManualClock()
    first = Sessions(TOKEN, clock)
    value = first.begin()
    assert first.holds(value)
    assert Sessions(TOKEN, clock).holds(value)
    assert not Sessions("another-token", clock).holds(value)
    assert Sessions("another-token", clock).cookie != first.cookie
    for wrong in ("", ".", "..", "x.y.z", "토.큰.!", f"9{value}", value[:-1]):
        assert not first.holds(wrong)
    clock.pass_ns(LASTS_S * NS_PER_S)
    assert not first.holds(value)


def test_behind_a_proxy_whom_it_does_not_name_is_refused(told: Told, tmp_path: Path) -> None:
    hub = msgspec.structs.replace(told.hub, web=Web(port=0, user_header="X-User", names=("fleet.example",)))
    with serving(hub) as at:
        for path in ("/", "/api/nodes", "/metrics", "/pages/main.js", "/openapi.json"):
            assert (path, ask(at, path)[0], ask(at, path, X_User=" ")[0]) == (path, 403, 403)
            assert (path, ask(at, path, X_User="kim")[0]) == (path, 200)
        assert ask(at, "/healthz")[0] == 200
        live = at.replace("http", "ws") + "live"
        with pytest.raises(InvalidStatus) as refused, connect(live):
            pass
        assert refused.value.response.status_code == 403
        # The proxy put its own Host in the place of the browser's.
        with connect(live, additional_headers={"X-User": "kim", "Origin": "https://fleet.example"}) as ours:
            ours.recv(20)
    with serving(guarded(told, tmp_path, user_header="X-User")) as at:
        assert ask(at, "/api/nodes", X_User="kim")[0] == 401
        assert ask(at, "/api/nodes", Authorization=f"Bearer {TOKEN}")[0] == 403
        assert ask(at, "/api/nodes", Authorization=f"Bearer {TOKEN}", X_User="kim")[0] == 200


def test_a_token_file_that_keeps_nobody_out_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "token"
    with pytest.raises(TokenWrong, match="No such file"):
        Door(HubConfig(web=Web(port=0, token_file=path)))
    with pytest.raises(TokenWrong, match="is no file"):
        token_of(Web(token_file=tmp_path))
    for content in (
        b"",
        b"\n",
        b"short",
        b"two words of it",
        b"\xff\xfe12345678",
        b"12345678\n12345678",
        "토큰토큰토큰".encode(),
    ):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(TokenWrong):
            token_of(Web(token_file=path))
    path.write_text(TOKEN, encoding="utf-8")
    assert token_of(Web(token_file=path)) == TOKEN
    assert token_of(Web()) == ""


def test_a_browser_logs_in_where_it_wanted_to_go_and_out_again(closed: str, open_page: "Callable[[str], Page]") -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page = open_page(f"{closed}#/node/seoul/pole")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = axe.Axe().run(page)
        assert not found.response["violations"], (scheme, found.generate_report())
    page.get_by_label("Token").fill("not the token")
    page.get_by_role("button", name="Log in").click()
    page.get_by_text("That is not the token.").wait_for()
    assert urlsplit(page.url).fragment == "/node/seoul/pole"
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="seoul/pole").wait_for()
    page.get_by_text("live", exact=True).wait_for()
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token").wait_for()
