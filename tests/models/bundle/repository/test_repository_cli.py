import json
from pathlib import Path

import pytest

import gilmok
from models.bundle.verify import VerifiedBundle
from tests.models.bundle.repository.conftest import Site

pytest.importorskip("tuf")


def told(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> str:
    found = gilmok.main(["bundle", *map(str, words)])
    streams = capsys.readouterr()
    assert found == status, streams.err
    return streams.out if status == 0 else streams.err


def test_from_a_bundle_to_a_unit_by_the_command_line(
    made: VerifiedBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repository, trusted, out = tmp_path / "repository", tmp_path / "trusted", tmp_path / "out"
    root = repository / "metadata/1.root.json"
    assert str(root) in told(capsys, "repository", "init", repository, "--role", "targets=2,2,10")
    told(capsys, "repository", "init", repository, status=1)
    assert "version 1" in told(capsys, "repository", "add", repository, made.folder)
    told(capsys, "repository", "rotate", repository, "snapshot")
    told(capsys, "repository", "refresh", repository, "--also", "targets")
    shown = json.loads(told(capsys, "repository", "show", repository, "--json"))
    assert {one["role"]: one["threshold"] for one in shown["roles"]}["targets"] == 2
    assert [one["digest"] for one in shown["bundles"]] == [made.digest]
    words = ["--trusted", trusted, "--out", out]
    assert "there is none" in told(capsys, "fetch", repository, "tiny", *words, status=1)
    fetched = json.loads(told(capsys, "fetch", repository, "tiny", *words, "--root", root, "--json"))
    assert (fetched["digest"], fetched["version"]) == (made.digest, 1)
    assert "verified" in told(capsys, "fetch", repository, made.digest, *words)
    assert "lists no bundle named 'other'" in told(capsys, "fetch", repository, "other", *words, status=1)


BAD = {
    "a rule that is none": ["--role", "root=many"],
    "a role that is none": ["--role", "admin=1,1,1"],
    "more signatures than keys": ["--role", "root=1,2,30"],
    "no days": ["--role", "root=1,1,0"],
    "a password that isn't there": ["--password-file", "/nowhere"],
    "keys that would be served": ["--keys", "{}/keys"],
}


@pytest.mark.parametrize("why", BAD)
def test_a_repository_that_can_not_be_is_not_begun(
    why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "repository"
    line = told(capsys, "repository", "init", folder, *(word.format(folder) for word in BAD[why]), status=1)
    assert len(line.splitlines()) == 2
    assert not folder.exists()
    assert not list(tmp_path.rglob("*.pem"))


def test_a_folder_that_is_none_and_a_repository_without_keys_are_told(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is no repository" in told(capsys, "repository", "show", tmp_path / "nowhere", status=1)
    words = (site.folder, "--keys", tmp_path / "nowhere")
    assert "0" in told(capsys, "repository", "show", *words)
    assert "holds no keys" in told(capsys, "repository", "refresh", *words, status=1)
