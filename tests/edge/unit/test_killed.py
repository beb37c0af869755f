"""A real unit is killed before each of its steps, one after the other, and comes to its end all the same."""

import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.unit.state import UnitState
from models.bundle.verify import verify
from tests.edge.unit.test_deploying import Place, Published, place, published
from tests.edge.unit.units import NODE, running, state_of
from tests.waiting import wait_until

log = logging.getLogger(__name__)

pytestmark = pytest.mark.long

__all__ = ["Published", "place", "published"]


def there(config: Path, digest: str) -> bool:
    state = state_of(config)
    return state.proven and state.active is not None and state.active.digest == digest


def check(config: Path, state: UnitState) -> None:
    """What is active, and what a rollback would need, is whole."""
    bundles = config.parent / "state" / f"{NODE}.unit" / "deployments"
    assert state.active is not None
    verify(bundles / state.active.digest, state.active.digest)
    if not state.proven and state.previous is not None:
        verify(bundles / state.previous.digest, state.previous.digest)


def disk(config: Path) -> tuple[object, ...]:
    """What a unit finds when it wakes, as far as it makes a difference."""
    folder, state = config.parent / "state" / f"{NODE}.unit", state_of(config)
    there = sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*"))
    trying = state.trying.phase if state.trying is not None else ""
    return state.active and state.active.digest, state.proven, trying, state.outcome, *there


def test_a_unit_killed_at_any_step_wakes_with_the_old_deployment_or_the_new_one_and_goes_on(place: Place) -> None:
    old, new = place.digests["good"], place.digests["better"]
    folder = place.config.parent
    with running(place.config):
        place.ear.desire("old", old)
        wait_until(lambda: there(place.config, old), "the old deployment")
    place.ear.desire("new", new)
    shutil.copytree(folder / "state", folder / "before")
    seen: set[tuple[str, bool]] = set()
    found: set[tuple[object, ...]] = set()
    step, ended = 0, False
    while not ended:
        step += 1
        shutil.rmtree(folder / "state")
        shutil.copytree(folder / "before", folder / "state")
        command = [sys.executable, "-P", "-m", "tests.edge.unit.killed_unit", str(step), str(place.config)]
        with (folder / "unit.log").open("ab") as said, subprocess.Popen(command, stderr=said) as unit:
            wait_until(lambda: unit.poll() is not None or there(place.config, new), "its death or its end", 120)
            ended = unit.poll() is None
            if ended:
                unit.terminate()
                unit.wait(60)
        state = state_of(place.config)
        check(place.config, state)
        assert state.active is not None
        assert state.active.digest in (old, new)
        assert state.bad == ()
        seen.add((state.active.digest, state.proven))
        now = disk(place.config)
        log.info("step %d: %s, %s", step, now[:4], "known" if now in found else "new")
        # Whatever it finds that it has not found before, it comes to its end from there.
        if now not in found:
            found.add(now)
            with running(place.config):
                wait_until(lambda: there(place.config, new), f"its way from step {step}", 120)
            check(place.config, state_of(place.config))
    assert seen >= {(old, True), (new, False)}
    assert step > 20
    assert len(found) > 5
