"""The attacks of TUF's specification (section 1.5.2), each over HTTP: refused, told, nothing trusted that wasn't."""

import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tuf.api.metadata import Metadata

from models.bundle.repository import founding
from models.bundle.repository.client import RepositoryClient, RootKnown, RootUntrusted, trust
from models.bundle.repository.keys import Keys
from models.bundle.repository.policy import Policy, RoleRule
from models.bundle.repository.publishing import Repository
from models.bundle.repository.refusals import (
    BundleUnlisted,
    ContentForeign,
    MetadataBroken,
    MetadataExpired,
    RepositoryRefused,
    RepositoryUnreachable,
    RolledBack,
    SignaturesWanting,
    TooLong,
    TooSlow,
)
from models.bundle.repository.transport import Pace
from sensors.clock import NS_PER_S, Stamp, SystemClock
from tests.bundles import tiny_bundle
from tests.fakes import ManualClock
from tests.models.bundle.repository.conftest import Site


class Earlier:
    """A publisher's clock, some days ago."""

    def __init__(self, days: float) -> None:
        self._ago_ns = int(days * 86_400 * NS_PER_S)

    def now(self) -> Stamp:
        now = SystemClock().now()
        return Stamp(now.mono_ns, now.utc_ns - self._ago_ns)

    def sleep_until(self, mono_ns: int) -> None:
        raise NotImplementedError


def refused(site: Site, kind: type[RepositoryRefused], **more: Any) -> RepositoryRefused:
    """The refusal of a fetch; what was trusted before is all that is trusted afterwards, and no bundle is there."""
    before = site.state()
    with pytest.raises(RepositoryRefused) as told:
        site.client(**more).fetch(site.bundle.digest, site.into)
    assert type(told.value) is kind, told.value
    assert "\n" not in told.value.sentence
    assert site.state() == before
    assert not (site.into / site.bundle.digest).exists()
    return told.value


def another(site: Site, tmp_path: Path) -> str:
    """Publish a second bundle of the line; its digest."""
    tmp_path.joinpath("second").mkdir()
    made = tiny_bundle(tmp_path / "second", patch=patch(tmp_path))
    return site.repository.add(made.folder).digest


def patch(tmp_path: Path) -> Path:
    path = tmp_path / "patch.toml"
    path.write_text("[backend]\ndeadline_ms = 50.0\n")
    return path


def altered(name: str, change: Callable[[bytes], bytes]) -> Callable[[str, bytes], bytes]:
    return lambda path, content: change(content) if name in path else content


def one_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def test_a_tampered_file_is_refused_and_what_came_of_it_is_gone(site: Site) -> None:
    site.client().listing()
    site.server.change = altered("files/", one_bit)
    told = refused(site, ContentForeign)
    assert "has other content than its name says" in told.sentence
    assert [path for path in site.into.rglob("*") if path.is_file()] == []
    site.server.change = lambda _path, content: content
    assert site.client().fetch(site.bundle.digest, site.into).digest == site.bundle.digest


@pytest.mark.parametrize("name", ["targets.json", "snapshot.json"])
def test_tampered_metadata_are_refused(site: Site, name: str) -> None:
    site.server.change = altered(name, one_bit)
    refused(site, ContentForeign)


def test_a_tampered_list_of_a_bundle_is_refused(site: Site) -> None:
    site.client().listing()
    site.server.change = altered("bundles/", one_bit)
    refused(site, ContentForeign)


@pytest.mark.parametrize("name", ["files/", "bundles/"])
def test_a_file_that_is_cut_short_is_refused(site: Site, name: str) -> None:
    site.client().listing()
    site.server.change = altered(name, lambda content: content[:-1])
    refused(site, ContentForeign)


def test_an_older_version_is_refused_once_a_newer_one_was_seen(site: Site, tmp_path: Path) -> None:
    shutil.copytree(site.folder, tmp_path / "old")
    another(site, tmp_path)
    assert len(site.client().listing()) == 2
    site.server.folder = tmp_path / "old"
    assert "older state" in refused(site, RolledBack).sentence


def test_an_old_list_in_a_new_state_is_refused(site: Site, tmp_path: Path) -> None:
    """A snapshot that goes back in time, although its own version goes on: only who holds its keys can try."""
    another(site, tmp_path)
    site.client().listing()
    repository = site.repository
    snapshot = repository._load("snapshot")
    older = Metadata.from_file(str(site.folder / "metadata/2.snapshot.json"))
    snapshot.signed.meta = older.signed.meta  # type: ignore[attr-defined]
    rest = repository._load
    repository._load = lambda role: snapshot if role == "snapshot" else rest(role)  # type: ignore[method-assign]
    repository.refresh()
    refused(site, RolledBack)


def test_a_frozen_state_is_refused_as_soon_as_it_has_expired(site: Site) -> None:
    Repository(site.folder, Keys(site.keys), Earlier(days=6.9)).refresh()
    site.client().listing()
    Repository(site.folder, Keys(site.keys), Earlier(days=7.1)).refresh()
    assert "keeps the new state back" in refused(site, MetadataExpired).sentence


@pytest.mark.parametrize("role", ["root", "targets"])
def test_whatever_has_expired_is_refused(site: Site, role: Any) -> None:
    days = {"root": 731, "targets": 181}[role]
    Repository(site.folder, Keys(site.keys), Earlier(days)).refresh(role)
    site.repository.refresh()
    refused(site, MetadataExpired)


def test_parts_of_two_states_are_no_state(site: Site, tmp_path: Path) -> None:
    shutil.copytree(site.folder, tmp_path / "old")
    another(site, tmp_path)
    for role in ("snapshot", "targets"):
        old = (tmp_path / f"old/metadata/2.{role}.json").read_bytes()
        site.server.change = altered(f"3.{role}.json", lambda _new, old=old: old)  # type: ignore[misc]
        refused(site, ContentForeign)


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json", "root.json", "bundles/", "files/"])
def test_endless_data_ends_where_it_should_have(site: Site, name: str) -> None:
    if "/" in name:
        site.client().listing()
    else:
        site.repository.refresh("root")
    site.server.endless = name
    refused(site, TooLong)
    there = sum(path.stat().st_size for path in site.into.rglob("*") if path.is_file())
    assert there <= site.bundle.bundle.total_bytes


def test_slow_data_is_refused_by_its_pace_not_only_by_its_silence(site: Site) -> None:
    # Every reading of the clock is a minute later.
    refused(site, TooSlow, clock=ManualClock(tick_ns=60 * NS_PER_S))


@contextmanager
def dripping(letter_s: float) -> Iterator[str]:
    """A server that answers with the head of an answer, a letter at a time."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                for letter in b"HTTP/1.1 200 OK\r\n" + b"X-Padding: x\r\n" * 1000:
                    try:
                        connection.send(bytes([letter]))
                    except OSError:
                        return
                    if over.wait(letter_s):
                        return

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        over.set()
        thread.join()


def test_a_head_that_comes_letter_by_letter_is_refused(site: Site) -> None:
    with dripping(0.02) as address:
        client = RepositoryClient(site.trusted, address, pace=Pace(head_s=0.3, silence_s=5))
        with pytest.raises(TooSlow, match=r"no answer within 0\.3 s"):
            client.listing()


def test_silence_is_refused(site: Site) -> None:
    with dripping(30) as address:
        client = RepositoryClient(site.trusted, address, pace=Pace(head_s=30, silence_s=0.2))
        with pytest.raises(TooSlow):
            client.listing()


def test_the_keys_of_another_are_refused(site: Site, tmp_path: Path) -> None:
    other = founding.init(tmp_path / "other", Keys(tmp_path / "other-keys"), Policy(), SystemClock())
    other.add(site.bundle.folder)
    site.server.folder = tmp_path / "other"
    assert "another repository" in refused(site, SignaturesWanting).hint


def test_a_root_of_another_is_not_followed(site: Site, tmp_path: Path) -> None:
    other = founding.init(tmp_path / "other", Keys(tmp_path / "other-keys"), Policy(), SystemClock())
    other.refresh("root")
    shutil.copy(tmp_path / "other/metadata/2.root.json", site.folder / "metadata/2.root.json")
    refused(site, SignaturesWanting)


@pytest.mark.parametrize("role", ["timestamp", "targets"])
def test_fewer_signatures_than_the_threshold_are_none(site: Site, tmp_path: Path, role: str) -> None:
    rule = RoleRule(keys=3, threshold=2, days=7)
    policy = Policy(timestamp=rule, targets=rule)
    founding.init(tmp_path / "strict", Keys(tmp_path / "strict-keys"), policy, SystemClock()).add(site.bundle.folder)
    site.server.folder, site.trusted = tmp_path / "strict", tmp_path / "strict-trusted"
    trust(site.trusted, tmp_path / "strict/metadata/1.root.json")
    if role == "targets":
        strip_signed(tmp_path / "strict", tmp_path / "strict-keys", keep=1)
    else:
        site.server.change = altered("timestamp.json", lambda content: with_signatures(content, 1))
    refused(site, SignaturesWanting)


def with_signatures(content: bytes, keep: int) -> bytes:
    told = json.loads(content)
    told["signatures"] = told["signatures"][:keep]
    return json.dumps(told).encode()


def strip_signed(folder: Path, keys: Path, keep: int) -> None:
    """Publish targets with too few signatures, by somebody who has the other roles' keys."""
    repository = Repository(folder, Keys(keys), SystemClock())
    every = repository._signers
    repository._signers = lambda role: every(role)[:keep] if role == "targets" else every(role)  # type: ignore[method-assign]
    repository.refresh("targets")


FORGED: dict[str, tuple[Callable[[dict[str, Any]], object], type[RepositoryRefused]]] = {
    "a role of another kind": (lambda told: told["signed"].update(_type="targets"), MetadataBroken),
    "a role that nobody knows": (lambda told: told["signed"].update(_type="admin"), MetadataBroken),
    "a list of another role": (
        lambda told: told["signed"].update(meta={"evil.json": {"version": 1}}),
        MetadataBroken,
    ),
    "a longer life": (lambda told: told["signed"].update(expires="2999-01-01T00:00:00Z"), SignaturesWanting),
    "a newer version": (lambda told: told["signed"].update(version=99), SignaturesWanting),
    "no signature": (lambda told: told.update(signatures=[]), SignaturesWanting),
    "a stranger's signature": (
        lambda told: told.update(signatures=[{"keyid": "ab" * 32, "sig": "00" * 64}]),
        SignaturesWanting,
    ),
    "a version that is none": (lambda told: told["signed"].update(version=-1), MetadataBroken),
    "a date that is none": (lambda told: told["signed"].update(expires="soon"), MetadataBroken),
}


@pytest.mark.parametrize("what", FORGED)
def test_forged_metadata_is_refused(site: Site, what: str) -> None:
    forge, kind = FORGED[what]

    def forged(content: bytes) -> bytes:
        told = json.loads(content)
        forge(told)
        return json.dumps(told).encode()

    site.server.change = altered("timestamp.json", forged)
    refused(site, kind)


@pytest.mark.parametrize(
    "garbage", [b"", b"\0" * 100, b"[" * 10_000, b"<html>sign in</html>", b"{}", b'"a"', b"\xff\xfe"]
)
def test_what_is_no_metadata_is_refused(site: Site, garbage: bytes) -> None:
    site.server.change = altered("timestamp.json", lambda _content: garbage)
    refused(site, MetadataBroken)


def test_a_list_by_a_role_that_the_root_does_not_know_is_never_asked_for(site: Site) -> None:
    """Delegations: targets that a stranger signed under a name of his own are not targets."""
    shutil.copy(site.folder / "metadata/2.targets.json", site.folder / "metadata/1.evil.json")
    site.client().fetch(site.bundle.digest, site.into)
    assert not [path for path, _ in site.server.asked if "evil" in path]
    with pytest.raises(BundleUnlisted):
        site.client().fetch("ab" * 32, site.into)


def test_a_server_that_is_gone_or_says_no_is_told(site: Site) -> None:
    site.server.folder = site.folder / "nowhere"
    refused(site, RepositoryUnreachable)
    with pytest.raises(RepositoryUnreachable):
        RepositoryClient(site.trusted, "http://127.0.0.1:9/repository").listing()


def test_a_root_is_trusted_when_it_is_one_and_only_once(site: Site, tmp_path: Path) -> None:
    given = site.folder / "metadata/1.root.json"
    trust(site.trusted, given)
    founding.init(tmp_path / "other", Keys(tmp_path / "other-keys"), Policy(), SystemClock())
    with pytest.raises(RootKnown):
        trust(site.trusted, tmp_path / "other/metadata/1.root.json")
    forged = json.loads(given.read_bytes())
    forged["signed"]["expires"] = (datetime.now(UTC) + timedelta(days=9999)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (tmp_path / "forged.json").write_text(json.dumps(forged))
    for path in (tmp_path / "forged.json", site.folder / "metadata/timestamp.json", tmp_path / "absent.json"):
        with pytest.raises(RootUntrusted):
            trust(tmp_path / "new", path)
    with pytest.raises(RootUntrusted):
        RepositoryClient(tmp_path / "new", site.server.address)
