"""Killed before any change of the disk, a unit's folder holds the old deployment or the new one, whole."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.unit.state import Memory, UnitState
from edge.unit.store import DeploymentStore
from tests.edge.unit.test_decisions import A, B, active, watched

CHANGES = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "shutil.rmtree"})


def killed(at: int, folder: Path, work: Callable[[], None]) -> bool:
    """Whether `work`, in a process of its own, was killed before its `at`-th change below `folder`."""
    pid = os.fork()
    if pid == 0:
        left = at

        def watch(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            if event in CHANGES and str(folder) in str(arguments[0]):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def bundle(folder: Path, text: str) -> None:
    (folder / "model").mkdir(parents=True)
    (folder / "bundle.json").write_text(text)
    (folder / "model" / "weights").write_text(text * 100)


def whole(folder: Path) -> bool:
    """Both files are there, and of one bundle."""
    text = (folder / "bundle.json").read_text()
    return (folder / "model" / "weights").read_text() == text * 100


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A unit's folder with A active, B fetched."""
    folder = tmp_path / "unit"
    store = DeploymentStore(folder)
    bundle(store.incoming / A.digest, "a")
    store.stage(A.digest, lambda _: None)
    Memory(folder / "unit.json").become(active(A))
    bundle(store.incoming / B.digest, "b")
    return folder


def deployed(folder: Path) -> None:
    """What a unit does from a fetched bundle to the next one's room."""
    store, memory = DeploymentStore(folder), Memory(folder / "unit.json")
    if not store.has(B.digest):
        store.stage(B.digest, whole)
    memory.become(watched(B, active(A)))
    memory.become(active(B, active(A)))
    store.keep_only({B.digest})


def test_killed_at_any_step_the_active_deployment_is_the_old_or_the_new_one_and_whole(old: Path) -> None:
    steps, seen = 0, set()
    while True:
        folder = Path(shutil.copytree(old, old.parent / f"{steps}"))
        steps += 1
        dead = killed(steps, folder, lambda folder=folder: deployed(folder))  # type: ignore[misc]
        memory, store = Memory(folder / "unit.json"), DeploymentStore(folder)
        now = memory.state.active
        assert now in (A, B)
        seen.add(now.digest)
        assert memory.trouble == ""
        assert whole(store.folder(now.digest)), steps
        back = memory.state.previous
        assert back is None or not store.has(back.digest) or whole(store.folder(back.digest))
        if not memory.state.proven:
            assert back == A
            assert whole(store.folder(A.digest)), "what a rollback needs is there while it may be needed"
        # Begun again, it gets to the end.
        deployed(folder)
        assert Memory(folder / "unit.json").state.active == B
        assert [one.name for one in (folder / "deployments").iterdir()] == [B.digest]
        assert list((folder / "incoming").iterdir()) == []
        if not dead:
            break
    assert seen == {A.digest, B.digest}
    assert steps > 10


def test_a_state_that_cannot_be_read_is_put_aside_and_said(tmp_path: Path) -> None:
    path = tmp_path / "unit.json"
    path.write_text('{"format": 1, "active": 7}')
    memory = Memory(path)
    assert memory.state == UnitState()
    assert "is no unit's state" in memory.trouble
    assert (tmp_path / "unit.damaged").read_text() == '{"format": 1, "active": 7}'
