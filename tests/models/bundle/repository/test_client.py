import os
import shutil
from pathlib import Path

import pytest

from models.bundle.bundle import BundleWrong
from models.bundle.repository.client import BundleHuge, RepositoryClient
from models.bundle.repository.keys import Keys, RoleKeysAbsent, RoleKeyUnusable
from models.bundle.repository.publishing import Repository
from models.bundle.repository.refusals import BundleUnlisted, RepositoryUnreachable
from models.bundle.repository.transport import AddressWrong
from sensors.clock import SystemClock
from sensors.private_files import SecretOpen
from tests.bundles import tiny_bundle
from tests.models.bundle.repository.conftest import Site


def test_a_bundle_comes_as_it_was_made_and_is_not_fetched_again(site: Site) -> None:
    latest = site.client().latest("tiny")
    assert (latest.version, latest.digest) == (1, site.bundle.digest)
    found = site.client().fetch(latest.digest, site.into)
    assert (found.folder, found.bundle) == (site.into / latest.digest, site.bundle.bundle)
    asked = len(site.server.asked)
    assert site.client().fetch(latest.digest, site.into).digest == latest.digest
    assert len(site.server.asked) == asked
    assert [path.name for path in site.into.iterdir()] == [latest.digest]


def test_the_next_version_is_the_latest_and_the_one_before_can_still_be_fetched(site: Site, tmp_path: Path) -> None:
    second = tiny_bundle(tmp_path / "second", name="tiny", extras=("openvino",))
    site.repository.add(tiny_bundle(tmp_path / "other", name="other").folder)
    listed = site.repository.add(second.folder)
    assert (listed.version, site.client().latest("tiny")) == (2, listed)
    assert site.client().latest("other").version == 1
    for digest in (second.digest, site.bundle.digest):
        assert site.client().fetch(digest, site.into).digest == digest
    with pytest.raises(BundleUnlisted):
        site.client().latest("nobody")


def test_what_two_bundles_share_is_kept_once(site: Site, tmp_path: Path) -> None:
    before = len(list((site.folder / "files").iterdir()))
    second = tiny_bundle(tmp_path / "second", extras=("openvino",))
    site.repository.add(second.folder)
    site.repository.add(second.folder)
    assert len(site.repository.listing()) == 2
    new = {entry.sha256 for entry in second.bundle.files.values()}
    old = {entry.sha256 for entry in site.bundle.bundle.files.values()}
    assert len(list((site.folder / "files").iterdir())) == before + len(new - old)


def test_a_connection_that_is_cut_is_gone_on_from_where_it_was(site: Site) -> None:
    site.client().listing()
    site.server.sent, site.server.cut_after = 0, 700
    bundle = site.bundle.bundle
    # Eight attempts of 700 bytes are too few for the largest file: the next life of the unit goes on.
    largest = max(entry.bytes for entry in bundle.files.values())
    assert largest > 8 * 700
    lives = 0
    while True:
        lives += 1
        try:
            found = site.client().fetch(site.bundle.digest, site.into)
            break
        except RepositoryUnreachable:
            assert lives < 10
    assert found.digest == site.bundle.digest
    assert lives > 1
    resumed = [asked for _, asked in site.server.asked if asked]
    assert len(resumed) >= largest // 700
    # Every byte came once: of the files, and of the bundle's list in each life.
    lists = sum(1 for path, _ in site.server.asked if path.startswith("bundles/"))
    rest = sum(1 for path, _ in site.server.asked if path.startswith("metadata/"))
    assert lists == lives
    assert site.server.sent <= bundle.total_bytes + lists * 3000 + rest * 3000


def test_a_server_without_ranges_begins_anew(site: Site) -> None:
    site.client().listing()
    site.server.cut_after, site.server.ranges = 700, False
    with pytest.raises(RepositoryUnreachable, match="cut off after 700"):
        site.client().fetch(site.bundle.digest, site.into)
    site.server.cut_after = None
    assert site.client().fetch(site.bundle.digest, site.into).digest == site.bundle.digest


def test_what_lies_there_of_an_earlier_life_is_not_believed(site: Site) -> None:
    part = site.into / f".{site.bundle.digest}.part/model"
    part.mkdir(parents=True)
    (part / "tiny.onnx").write_bytes(b"half of another file")
    (part / "manifest.toml").write_bytes(b"x" * site.bundle.bundle.files["model/manifest.toml"].bytes)
    assert site.client().fetch(site.bundle.digest, site.into).digest == site.bundle.digest


def test_a_bundle_that_was_changed_on_the_units_disk_is_told(site: Site) -> None:
    found = site.client().fetch(site.bundle.digest, site.into)
    with (found.folder / "model/tiny.onnx").open("r+b") as file:
        file.write(b"\xff")
    with pytest.raises(BundleWrong, match=r"tiny\.onnx: its sha256"):
        site.client().fetch(site.bundle.digest, site.into)


def test_a_bundle_that_is_too_large_for_the_unit_is_not_begun(site: Site) -> None:
    with pytest.raises(BundleHuge):
        site.client(most_bytes=100).fetch(site.bundle.digest, site.into)
    assert not site.into.exists()


def test_a_folder_is_as_good_as_a_server(site: Site) -> None:
    client = RepositoryClient(site.trusted, site.folder)
    assert client.fetch(client.latest("tiny").digest, site.into).digest == site.bundle.digest


@pytest.mark.parametrize(
    "address", ["ftp://host/", "http://", "http://host:x/", "http://user:pw@host/", "http://h/?a=b"]
)
def test_an_address_that_is_none_is_told_without_its_password(site: Site, address: str) -> None:
    with pytest.raises(AddressWrong) as told:
        RepositoryClient(site.trusted, address)
    assert "pw@" not in str(told.value)


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_a_unit_that_was_away_follows_new_keys(site: Site, tmp_path: Path, role: str) -> None:
    site.client().listing()
    for _ in range(2):
        site.repository.rotate(role)  # type: ignore[arg-type]
    second = tiny_bundle(tmp_path / "second", extras=("openvino",))
    site.repository.add(second.folder)
    assert site.client().latest("tiny").digest == second.digest
    retired = sorted(path.name.partition("-")[0] for path in (site.keys / "retired").iterdir())
    assert set(retired) == {role}
    # One that joined by the first root, and was never there before, follows all the same.
    shutil.rmtree(site.trusted / "metadata")
    assert site.client().latest("tiny").version == 2


def test_keys_are_their_owners_alone_and_never_served(site: Site) -> None:
    assert {oct(path.stat().st_mode & 0o777) for path in site.keys.glob("*.pem")} == {"0o600"}
    assert site.keys.stat().st_mode & 0o077 == 0 or os.geteuid() == 0
    assert not list(site.folder.rglob("*.pem"))


def test_a_key_that_everybody_may_read_signs_nothing(site: Site) -> None:
    (key,) = site.keys.glob("timestamp-*.pem")
    key.chmod(0o644)
    with pytest.raises(SecretOpen, match="every account of this machine"):
        site.repository.refresh()


def test_too_few_keys_change_nothing(site: Site) -> None:
    before = {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}
    roots = sorted(site.keys.glob("root-*.pem"))
    for path in roots[:2]:
        path.unlink()
    with pytest.raises(RoleKeysAbsent, match="root is signed by 2 keys, 1 of which"):
        site.repository.rotate("timestamp")
    (site.keys / roots[2].name).write_bytes(b"no key")
    with pytest.raises(RoleKeyUnusable):
        site.repository.refresh("root")
    assert {path: path.read_bytes() for path in site.folder.rglob("*") if path.is_file()} == before
    site.repository.refresh()


def test_keys_may_have_a_password(tmp_path: Path, site: Site) -> None:
    from models.bundle.repository.founding import init
    from models.bundle.repository.policy import Policy

    keys = Keys(tmp_path / "locked", b"open sesame")
    init(tmp_path / "repository", keys, Policy(), SystemClock()).add(site.bundle.folder)
    for password in (None, b"wrong"):
        with pytest.raises(RoleKeyUnusable):
            Repository(tmp_path / "repository", Keys(tmp_path / "locked", password), SystemClock()).refresh()
