"""A publisher or a unit that dies between any two writes leaves the old state or the new one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from models.bundle.repository.client import RepositoryClient, trust
from models.bundle.repository.keys import Keys
from models.bundle.repository.publishing import Repository
from models.bundle.repository.refusals import RepositoryRefused
from sensors import atomic_files
from sensors.clock import SystemClock
from tests.bundles import tiny_bundle
from tests.models.bundle.repository.conftest import Site


class Died(BaseException):
    """Nothing catches it."""


@contextmanager
def dying_at(write: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Before the write of that number, from 0; the list tells which came before."""
    done: list[Path] = []
    replacing = atomic_files.replacing

    @contextmanager
    def mortal(path: Path, **more: Any) -> Iterator[Any]:
        if len(done) == write:
            raise Died
        with replacing(path, **more) as file:
            yield file
        done.append(path)

    with monkeypatch.context() as patch:
        patch.setattr(atomic_files, "replacing", mortal)
        yield done


def test_a_publisher_that_dies_anywhere_leaves_a_state_that_units_take(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tiny_bundle(tmp_path / "second", extras=("openvino",))
    site.client().listing()
    for write in range(100):
        home = tmp_path / f"home-{write}"
        shutil.copytree(site.folder.parent, home)
        repository = Repository(home / "repository", Keys(home / "keys"), SystemClock())
        died = False
        with dying_at(write, monkeypatch):
            try:
                repository.add(second.folder)
            except Died:
                died = True
        trusted = Path(shutil.copytree(site.trusted, home / "trusted"))
        assert len(RepositoryClient(trusted, home / "repository").listing()) == (1 if died else 2)
        # Whoever comes next goes on.
        assert repository.add(second.folder).version == 2
        client = RepositoryClient(trusted, home / "repository")
        assert client.fetch(second.digest, home / "into").digest == second.digest
        if not died:
            break
    assert write >= 5


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_a_change_of_keys_that_dies_anywhere_can_be_done_again(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: Any
) -> None:
    site.client().listing()
    for write in range(100):
        home = tmp_path / f"home-{write}"
        shutil.copytree(site.folder.parent, home)
        repository = Repository(home / "repository", Keys(home / "keys"), SystemClock())
        died = False
        with dying_at(write, monkeypatch):
            try:
                repository.rotate(role)
            except Died:
                died = True
        trusted = Path(shutil.copytree(site.trusted, home / "trusted"))
        # Between the new root and what it names, units refuse; they never take a state that nobody made.
        try:
            assert len(RepositoryClient(trusted, home / "repository").listing()) == 1
        except RepositoryRefused:
            assert died
        repository.rotate(role)
        assert len(RepositoryClient(trusted, home / "repository").listing()) == 1
        if not died:
            break
    assert write >= 3


def test_a_unit_that_dies_while_it_takes_over_a_new_state_takes_it_the_next_time(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.client().listing()
    site.repository.rotate("root")
    site.repository.rotate("timestamp")
    site.repository.add(tiny_bundle(tmp_path / "second", extras=("openvino",)).folder)
    for write in range(100):
        trusted = Path(shutil.copytree(site.trusted, tmp_path / f"trusted-{write}"))
        died = False
        with dying_at(write, monkeypatch):
            try:
                RepositoryClient(trusted, site.folder).listing()
            except Died:
                died = True
        assert len(RepositoryClient(trusted, site.folder).listing()) == 2
        trust(trusted, site.folder / "metadata/1.root.json")
        if not died:
            break
    assert write >= 5
