from pathlib import Path

import pytest

from edge.wire.address import BrokerAt, BrokerRefused, TlsRefused
from edge.wire.link import Delivery, Link
from edge.wire.topics import NodeTopics
from fleet.broker import EmbeddedBroker
from fleet.config import Embedded, HubConfig
from fleet.hub import Hub
from fleet.ledger.reader import LedgerReader
from fleet.security.anonymous import AnonymousRefused, check_open
from fleet.security.authority import Authority
from fleet.security.membership import Membership, NobodyEnrolled
from sensors.clock import SystemClock
from tests.hubs import running
from tests.speaker import Speaker
from tests.waiting import wait_until

pytest.importorskip("cryptography")

CLOCK = SystemClock()
POLE, KERB = NodeTopics("seoul", "pole"), NodeTopics("seoul", "kerb")


def fleet_of(folder: Path) -> Membership:
    authority = Authority(folder, CLOCK)
    for node in ("pole", "kerb"):
        authority.enrol(node, "node", "seoul", 30)
    authority.enrol("hub", "hub", "", 30)
    authority.enrol("broker", "broker", "", 30)
    return Membership(folder, "hub")


def at(url: str, fleet: Membership, name: str) -> BrokerAt:
    files = fleet.folder / "issued" / name
    certificate, key = files / f"{name}.crt", files / f"{name}.key"
    return BrokerAt(url=url, ca_file=files / "ca.crt", certificate_file=certificate, key_file=key)


def test_the_embedded_broker_lets_each_do_its_own_until_it_is_revoked(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path / "fleet")
    overheard: list[Delivery] = []
    with EmbeddedBroker(0, tmp_path / "broker", CLOCK, fleet=fleet) as broker:
        config = HubConfig(broker=broker.at, store=tmp_path / "hub.db")
        with running(Hub(config, CLOCK)), LedgerReader(config.store) as ledger:
            kerb = Link(
                at(broker.url, fleet, "kerb"),
                "k",
                clock=CLOCK,
                subscriptions=[(KERB.committed, 1)],
                on_delivery=overheard.append,
            )
            kerb.connect()
            for one in (POLE.birth, POLE.late("camera"), POLE.committed, KERB.committed, KERB.birth):
                kerb.publish(one, b"garbage")
            wait_until(lambda: bool(ledger.refused()), "the hub to refuse what was let through")
            # What went out as the broker threw it out may come twice.
            assert {one.topic for one in ledger.refused()} == {KERB.birth}
            for filter_ in (POLE.committed, "gilmok/#", "$MQTT/sub/#"):
                with pytest.raises(BrokerRefused, match="subscription"):
                    Link(at(broker.url, fleet, "kerb"), "ear", clock=CLOCK, subscriptions=[(filter_, 1)]).connect()
            pole = Speaker(CLOCK).connect(at(broker.url, fleet, "pole"))
            pole.say(*map(pole.report, range(5)))
            wait_until(lambda: ledger.count(pole.key, "camera") == 5, "the honest node's reports")

            Authority(fleet.folder, CLOCK).revoke("kerb")
            assert broker.heed_fleet()
            assert not broker.heed_fleet()
            wait_until(lambda: not kerb.up and bool(kerb.limits.shut_out), "the revoked one to be put out")
            with pytest.raises(BrokerRefused, match="Not authorized"):
                Link(at(broker.url, fleet, "kerb"), "again", clock=CLOCK).connect()
            with pytest.raises(TlsRefused, match="client's certificate"):
                Link(BrokerAt(url=broker.url, ca_file=fleet.folder / "ca.crt"), "nobody", clock=CLOCK).connect()
            pole.say(pole.report(5))
            wait_until(lambda: ledger.count(pole.key, "camera") == 6, "the honest node to go on")
            pole.leave(6)
            kerb.close()
    assert overheard == []


def test_nobody_listens_beyond_this_machine_without_identities_unless_told_to() -> None:
    with pytest.raises(AnonymousRefused, match=r"0\.0\.0\.0:1883, beyond this machine"):
        check_open(Embedded(host="0.0.0.0"))
    with pytest.raises(AnonymousRefused):
        check_open(Embedded(host="edge.example"))
    for open_door in (Embedded(), Embedded(host="::1"), Embedded(host="0.0.0.0", anonymous=True)):
        check_open(open_door)


def test_a_fleet_without_a_broker_says_how_to_enrol_one(tmp_path: Path) -> None:
    Authority(tmp_path / "fleet", CLOCK).enrol("pole", "node", "seoul", 30)
    with pytest.raises(NobodyEnrolled, match="--as broker"):
        EmbeddedBroker(0, tmp_path / "broker", CLOCK, fleet=Membership(tmp_path / "fleet", "hub")).start()
