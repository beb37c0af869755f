from pathlib import Path

import pytest

from edge.config import NodeConfig
from edge.unit.process.overlay import resumed
from edge.unit.process.vitals import LastFrame, StreamVitals, Vitals
from edge.unit.switching import Switching
from edge.wire.messages import BackendBirth
from sensors.clock import NS_PER_S, Stamp
from sensors.config import convert

BACKEND = BackendBirth(name="onnxruntime", device="cpu", device_kind="cpu", facts={})


def node(pace: str) -> NodeConfig:
    stream = {"name": "north", "pace": pace, "source": {"kind": "world"}}
    return convert(
        {"name": "pole", "model": {"name": "gilmok-mini"}, "streams": [stream]}, NodeConfig, "a test", Path()
    )


def vitals(session: str, *, captured: int, skipped: int, seq: int, first_s: float, last_s: float) -> Vitals:
    last = LastFrame(seq=seq, mono_ns=int(last_s * NS_PER_S))
    return Vitals(
        stamp=Stamp(int(last_s * NS_PER_S), 1),
        session_id=session,
        backend=BACKEND,
        streams={"north": StreamVitals(captured=captured, ok=captured, failed=0, skipped=skipped, last=last)},
        first_ns=int(first_s * NS_PER_S),
        last_ns=int(last_s * NS_PER_S),
    )


OLD = vitals("ab", captured=100, skipped=20, seq=119, first_s=2.0, last_s=12.0)
NEW = vitals("cd", captured=1, skipped=150, seq=150, first_s=15.0, last_s=15.1)
"""Ten frames a second: 120 to 149 were due while there was no node."""


@pytest.mark.parametrize(("pace", "lost"), [("realtime", 30), ("lockstep", 0), ("live", None)])
def test_what_was_due_while_the_node_was_switched_is_counted_as_far_as_anybody_knows(
    pace: str, lost: int | None
) -> None:
    switching = Switching(node(pace), OLD, Stamp(13 * NS_PER_S, 5))
    assert switching.heard(OLD) is None, "the last words of the old one"
    switched = switching.heard(NEW)
    assert switched is not None
    assert (switched.down_ns, switched.frames_lost) == (3 * NS_PER_S, lost)


def test_a_schedule_goes_on_where_it_was_and_a_camera_just_goes_on() -> None:
    resume = resumed(node("realtime"), OLD).resume
    assert resume is not None
    assert (resume.session, resume.streams["north"].seq) == ("ab", 119)
    live = resumed(node("live"), OLD).resume
    assert live is not None
    assert live.streams == {}
    assert resumed(node("realtime"), None).resume is None
