"""Every secret that comes from a file: refused where each account of the machine may read or write it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.wire.address import BrokerAt
from edge.wire.link import Link
from fleet.alert_settings import Webhook
from fleet.alerts.webhook import secret_of
from fleet.broker import EmbeddedBroker
from fleet.config import HubConfig, LedgerAt, Web
from fleet.ledger.postgres import password
from fleet.security.authority import Authority
from fleet.security.membership import Membership
from fleet.web.auth.token import token_of
from sensors.clock import SystemClock
from sensors.private_files import SecretOpen
from sensors.sources.live import Camera
from tests.contracts.test_settings import every_settings
from tests.secret_files import secret_file

CLOCK = SystemClock()
WORD = "me:correct-horse-battery"

DOORS: dict[str, Callable[[Path], object]] = {
    "BrokerAt.password_file": lambda path: Link(BrokerAt(url="mqtt://me@host", password_file=path), "me", clock=CLOCK),
    "BrokerAt.key_file": lambda path: Link(
        BrokerAt(url="mqtts://host", certificate_file=path, key_file=path), "me", clock=CLOCK
    ),
    "LedgerAt.password_file": lambda path: password(LedgerAt(url="postgresql://h/d", password_file=path).password_file),
    "Web.token_file": lambda path: token_of(Web(token_file=path)),
    "Webhook.secret_file": lambda path: secret_of(Webhook(url="http://host", secret_file=path)),
    "Options.login": lambda path: Camera(Camera.Options(url="rtsp://gate/1", login=path), stream="g", clock=CLOCK),
}
"""By setting: who reads it first, before anything is connected."""
SECRETS = ("password", "passphrase", "key_file", "secret", "token", "login", "credential")


@pytest.mark.parametrize("setting", DOORS)
def test_a_secret_that_strangers_may_read_or_write_is_refused_with_what_to_do(setting: str, tmp_path: Path) -> None:
    path = secret_file(tmp_path / "secret", WORD)
    for mode in (0o604, 0o602, 0o644):
        path.chmod(mode)
        with pytest.raises(SecretOpen, match=f"every account .* mode is {mode:04o}") as refused:
            DOORS[setting](path)
        assert setting.rpartition(".")[2] in refused.value.sentence
        assert refused.value.hint.startswith(f"chmod o-rwx {path}")
        assert "horse" not in str(refused.value)


@pytest.mark.parametrize("setting", sorted({*DOORS} - {"Options.login"}))
def test_one_that_its_group_may_read_is_taken(setting: str, tmp_path: Path) -> None:
    path = secret_file(tmp_path / "secret", WORD)
    path.chmod(0o440)
    DOORS[setting](path)


def test_no_setting_that_names_a_secret_is_without_its_door() -> None:
    named = {
        f"{table.__qualname__.rpartition('.')[2]}.{name}"
        for table in every_settings()
        for name, kind in table.__annotations__.items()
        if "Path" in str(kind) and any(word in name for word in SECRETS)
    }
    assert named == set(DOORS)


def test_the_keys_of_a_fleet_are_looked_at_by_whoever_uses_them(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    fleet = tmp_path / "fleet"
    authority = Authority(fleet, CLOCK)
    authority.enrol("broker", "broker", "", 30)
    (fleet / "issued/broker/broker.key").chmod(0o644)
    with pytest.raises(SecretOpen, match=r"broker\.key"):
        EmbeddedBroker(0, tmp_path / "broker", CLOCK, fleet=Membership(fleet, HubConfig().name)).start()
    (fleet / "ca.key").chmod(0o604)
    with pytest.raises(SecretOpen, match=r"ca\.key"):
        authority.enrol("pole", "node", "seoul", 30)
