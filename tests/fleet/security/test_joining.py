"""A unit joins by itself: invited by name, once, over a real dashboard; what is wrong is refused and told."""

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

import gilmok
from edge.install import identity
from edge.install.identity import AnswerWrong, OtherNode
from edge.install.joining import HubAddressWrong, HubSilent, JoinRefused, PlainRefused, join
from edge.install.node_service import node_service
from edge.wire.address import BrokerAt
from edge.wire.joining import Joined
from edge.wire.link import Link
from fleet.broker import EmbeddedBroker
from fleet.config import HubConfig, Web, WebContradicts
from fleet.security import register
from fleet.security.authority import Authority, NotEnrollable
from fleet.security.invitations import NotInvited, invite, redeem
from fleet.security.membership import Membership
from fleet.security.register import AlreadyEnrolled
from fleet.web.auth.rate_limit import OF_ONE
from sensors.clock import NS_PER_S, SystemClock
from tests.fakes import ManualClock
from tests.fleet.web.conftest import serving
from tests.fleet.web.test_auth import ask

pytest.importorskip("cryptography")

CLOCK = SystemClock()
URL = "mqtts://edge.example:8883"


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    authority = Authority(tmp_path / "fleet", CLOCK)
    authority.enrol("hub", "hub", "", 30)
    authority.enrol("broker", "broker", "", 30)
    return tmp_path / "fleet"


@pytest.fixture
def hub(fleet: Path, tmp_path: Path) -> Iterator[str]:
    """The dashboard of a hub at which units join; it asks others for a token."""
    (tmp_path / "token").write_text("a-token-of-sixteen")
    (tmp_path / "token").chmod(0o600)
    with serving(HubConfig(store=tmp_path / "hub.db", web=Web(join=fleet, token_file=tmp_path / "token"))) as at:
        yield at


def invited(fleet: Path, node: str = "pole", url: str = URL) -> str:
    return invite(fleet, node, "seoul", url, 24.0, 30, CLOCK)[0]


def test_a_unit_that_is_invited_joins_once_and_its_broker_lets_it_in(hub: str, fleet: Path, tmp_path: Path) -> None:
    with EmbeddedBroker(0, tmp_path / "broker", CLOCK, fleet=Membership(fleet, "hub")) as broker:
        token = invited(fleet, url=broker.url)
        one = join(hub, token, tmp_path / "unit")
        assert (one.name, one.site) == ("pole", "seoul")
        assert broker.heed_fleet()
        link = Link(one.broker, "pole", clock=CLOCK)
        link.connect()
        link.close()
    files = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "unit").iterdir()}
    assert files == dict.fromkeys(("unit.key", "unit.crt", "ca.crt", "joined.toml"), 0o600)
    assert not (fleet / "issued/pole/pole.key").exists(), "the key never left the unit"
    # Its answer may have been lost: the same unit is given the same again, and nobody else is.
    before = (tmp_path / "unit/unit.crt").read_bytes()
    join(hub, token, tmp_path / "unit")
    assert (tmp_path / "unit/unit.crt").read_bytes() == before
    with pytest.raises(JoinRefused, match="invites nobody"):
        join(hub, token, tmp_path / "thief")
    with pytest.raises(AlreadyEnrolled):
        invited(fleet)


def test_of_two_units_with_one_token_one_joins(fleet: Path, tmp_path: Path) -> None:
    token = invited(fleet)
    asked = [identity.own_key(tmp_path / str(n)).request() for n in range(8)]

    def tried(request: bytes) -> bool:
        try:
            redeem(fleet, token, request, CLOCK)
        except NotInvited:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(tried, asked)) == 1
    assert [one.name for one in register.read(fleet)] == ["hub", "broker", "pole"]


def test_no_token_is_kept_or_logged_and_a_wrong_one_tells_nothing(
    hub: str, fleet: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token = invited(fleet)
    secret = token.partition(".")[2]
    told = set()
    for wrong in (token[:-1], f"{token}x", f"deadbeef.{secret}", secret, "x", "." * 40):
        with pytest.raises(JoinRefused) as refused:
            join(hub, wrong, tmp_path / "unit")
        told.add(refused.value.sentence)
    assert len(told) == 1
    join(hub, token, tmp_path / "unit")
    kept = b"".join(path.read_bytes() for path in [*fleet.rglob("*"), *(tmp_path / "unit").iterdir()] if path.is_file())
    assert secret.encode() not in kept
    assert secret not in caplog.text


def test_an_invitation_has_its_time_and_a_newer_one_takes_its_place(fleet: Path, tmp_path: Path) -> None:
    clock = ManualClock()
    Authority(fleet, clock).begin()
    old, _ = invite(fleet, "pole", "seoul", URL, 1.0, 30, clock)
    new, _ = invite(fleet, "pole", "seoul", URL, 1.0, 30, clock)
    request = identity.own_key(tmp_path / "unit").request()
    with pytest.raises(NotInvited):
        redeem(fleet, old, request, clock)
    clock.pass_ns(3600 * NS_PER_S)
    with pytest.raises(NotInvited):
        redeem(fleet, new, request, clock)
    assert [one.name for one in register.read(fleet)] == ["hub", "broker"]


def test_what_is_no_request_is_refused_and_guesses_are_slowed_down(hub: str, fleet: Path) -> None:
    token = invited(fleet)
    assert ask(hub, "/join")[0] == 405
    assert ask(hub, "/join", "POST", b"{" + b"x" * 100_000)[0] == 413
    for body in (b"", b"{}", b"[]", b'{"token": 1}', b"\xff\xfe", json.dumps({"token": token}).encode()):
        status, _, told = ask(hub, "/join", "POST", body)
        assert (status, set(json.loads(told))) == (400, {"error", "hint"})
        assert token.encode() not in told
    assert ask(hub, "/api/nodes")[0] == 401, "the page still asks for its own token"
    wrong = json.dumps({"token": token, "request": "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n"}).encode()
    answers = [ask(hub, "/join", "POST", wrong) for _ in range(OF_ONE + 1)]
    assert [status for status, _, _ in answers] == [403] * OF_ONE + [429]
    assert b"no request for a certificate" in answers[0][2]
    assert 0 < int(answers[-1][1]["retry-after"]) <= 7


def test_a_hub_that_can_not_sign_says_no_more_than_that(hub: str, fleet: Path, tmp_path: Path) -> None:
    token = invited(fleet)
    (fleet / "ca.key").rename(fleet / "elsewhere")
    with pytest.raises(JoinRefused, match="no unit can join at the moment"):
        join(hub, token, tmp_path / "unit")
    (fleet / "elsewhere").rename(fleet / "ca.key")
    assert join(hub, token, tmp_path / "unit").name == "pole"


def test_a_unit_asks_no_stranger_and_believes_none(tmp_path: Path) -> None:
    with pytest.raises(PlainRefused, match="without TLS"):
        join("http://192.0.2.7:8080", "t", tmp_path / "unit")
    assert not (tmp_path / "unit").exists()
    for url in (
        "ftp://edge.example",
        "edge.example",
        "https://",
        "https://a:b@edge.example",
        "http://[",
        "https://h?x",
    ):
        with pytest.raises(HubAddressWrong):
            join(url, "t", tmp_path / "unit")
    with pytest.raises(HubSilent):
        join("http://127.0.0.1:1", "t", tmp_path / "unit")
    other = Authority(tmp_path / "other", CLOCK)
    other.enrol("pole", "node", "seoul", 7)
    folder = tmp_path / "other/issued/pole"
    key = identity.own_key(tmp_path / "unit")
    answer = Joined(
        node="pole",
        site="seoul",
        certificate=(folder / "pole.crt").read_text(),
        authority=(folder / "ca.crt").read_text(),
        broker=URL,
    )
    with pytest.raises(AnswerWrong, match="of another key"):
        identity.keep(tmp_path / "unit", answer, key, "")
    with pytest.raises(AnswerWrong, match="can't be read"):
        identity.keep(tmp_path / "unit", msgspec.structs.replace(answer, certificate="x"), key, "")
    assert not (tmp_path / "unit/joined.toml").exists()


def test_what_a_unit_was_given_goes_into_its_service(
    hub: str, fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["fleet", "invite", "pole", "--site", "seoul", "--url", URL, "--fleet", str(fleet), "--json"]
    assert gilmok.main(words) == 0
    token = json.loads(capsys.readouterr().out)["token"]
    (tmp_path / "invitation").write_text(f"{token}\n")
    unit = tmp_path / "unit"
    assert (
        gilmok.main(["unit", "join", hub, "--token-file", str(tmp_path / "invitation"), "--identity", str(unit)]) == 0
    )
    told = capsys.readouterr().out
    assert "this unit is pole of seoul" in told
    assert token not in told
    (tmp_path / "node.toml").write_text(
        'name = "pole"\nsite = "seoul"\nmodel.name = "gilmok-mini"\nstreams = [{name = "n", source = {kind = "camera", '
        'options = {url = "rtsp://192.0.2.7/n"}}}]\n'
    )
    service = node_service(tmp_path / "node.toml", [], identity=identity.read(unit))
    assert service.settings["broker"]["url"] == URL
    assert service.secrets["broker.key_file.key"] == unit / "unit.key"
    (tmp_path / "node.toml").write_text((tmp_path / "node.toml").read_text().replace('"pole"', '"kerb"'))
    with pytest.raises(OtherNode, match="seoul/kerb"):
        node_service(tmp_path / "node.toml", [], identity=identity.read(unit))
    assert gilmok.main(["unit", "join", hub, "--token", "two words"]) == 1
    assert "is no token" in capsys.readouterr().err


def test_units_join_at_a_page_or_nowhere(fleet: Path) -> None:
    with pytest.raises(NotEnrollable, match="can't have the name 'hub'"):
        invited(fleet, "hub")
    with pytest.raises(WebContradicts, match="lets units join"):
        Web(enabled=False, join=fleet)
    assert BrokerAt(url=URL)


def test_the_newest_root_of_the_hubs_repository_is_trusted_from_then_on(fleet: Path, tmp_path: Path) -> None:
    for folder in ("metadata", "bundles", "files"):
        (tmp_path / "repository" / folder).mkdir(parents=True)
    for version in (1, 2, 10):
        (tmp_path / f"repository/metadata/{version}.root.json").write_text(f"root {version}")
    web = Web(join=fleet, repository=tmp_path / "repository")
    with serving(HubConfig(store=tmp_path / "hub.db", web=web)) as at:
        one = join(at, invited(fleet), tmp_path / "unit")
        assert one.repository == f"{at}repository"
    assert one.root is not None
    assert one.root.read_text() == "root 10"
