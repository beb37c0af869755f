from importlib.metadata import version
from pathlib import Path

import pytest

from sensors import host


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(host, "CHECKOUT", tmp_path)
    host.software.cache_clear()
    (tmp_path / ".git/refs/heads").mkdir(parents=True)
    return tmp_path / ".git"


def test_a_checkout_tells_its_commit(checkout: Path) -> None:
    (checkout / "HEAD").write_text("ref: refs/heads/main\n")
    (checkout / "refs/heads/main").write_text("0123456789abcdef0123\n")
    assert host.software() == f"{version('gilmok')}+g0123456789ab"


def test_a_detached_head_is_the_commit_itself(checkout: Path) -> None:
    (checkout / "HEAD").write_text("fedcba9876543210ffff\n")
    assert host.software().endswith("+gfedcba987654")


@pytest.mark.usefixtures("checkout")
def test_an_installed_package_is_only_its_version() -> None:
    assert host.software() == version("gilmok")
    host.software.cache_clear()
