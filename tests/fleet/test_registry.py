import pytest

from edge.wire.messages import Conn, ConnState, MessageWrong
from fleet.arrivals import NodeKey
from fleet.registry import NodeState, Registry, state_after
from sensors.clock import NS_PER_S
from tests.fakes import ManualClock
from tests.speaker import Speaker

KEY = NodeKey("seoul", "pole")


def _state(registry: Registry, clock: ManualClock) -> tuple[int, NodeState]:
    (standing,) = registry.standings(clock.now())
    return standing.session, standing.state


@pytest.mark.parametrize(
    ("said", "silent_s", "state"),
    [
        (None, 100, "unknown"),
        ("online", 0, "online"),
        ("online", 3, "online"),
        ("online", 3.001, "stale"),
        ("offline", 100, "offline"),
        ("lost", 100, "lost"),
    ],
)
def test_a_node_is_stale_after_three_missed_health_periods(
    said: ConnState | None, silent_s: float, state: NodeState
) -> None:
    assert state_after(said, int(silent_s * NS_PER_S), NS_PER_S) == state


def test_a_nodes_life() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    node = Speaker(clock)
    registry.birth_arrived(KEY, node.birth, clock.now())
    assert _state(registry, clock) == (1, "unknown")
    assert registry.conn_arrived(KEY, Conn(state="online", session=1), clock.now())
    assert _state(registry, clock) == (1, "online")
    clock.pass_ns(4 * NS_PER_S)
    assert _state(registry, clock) == (1, "stale")
    registry.health_arrived(KEY, node.health(7), clock.now())
    assert _state(registry, clock) == (1, "online")
    assert registry.conn_arrived(KEY, Conn(state="lost", session=1), clock.now())
    assert not registry.conn_arrived(KEY, Conn(state="lost", session=1), clock.now())
    assert _state(registry, clock) == (1, "lost")


def test_the_will_of_an_older_session_moves_nothing() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    for session in (1, 2):
        registry.birth_arrived(KEY, Speaker(clock, session=session).birth, clock.now())
        registry.conn_arrived(KEY, Conn(state="online", session=session), clock.now())
    assert not registry.conn_arrived(KEY, Conn(state="lost", session=1), clock.now())
    assert _state(registry, clock) == (2, "online")


def test_retained_messages_may_come_in_any_order() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    assert registry.conn_arrived(KEY, Conn(state="lost", session=3), clock.now())
    registry.birth_arrived(KEY, Speaker(clock, session=3).birth, clock.now())
    assert _state(registry, clock) == (3, "lost")


def test_an_older_sessions_birth_and_health_come_late_and_move_nothing() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    old, new = Speaker(clock, session=1), Speaker(clock, session=2)
    registry.birth_arrived(KEY, new.birth, clock.now())
    registry.conn_arrived(KEY, Conn(state="online", session=2), clock.now())
    registry.birth_arrived(KEY, old.birth, clock.now())
    registry.health_arrived(KEY, old.health(5), clock.now())
    (standing,) = registry.standings(clock.now())
    assert (standing.session, standing.state, standing.health) == (2, "online", None)
    assert registry.birth_of(KEY, 1) == old.birth


def test_a_session_that_nobody_was_born_in_is_unknown() -> None:
    with pytest.raises(MessageWrong, match="no session 1"):
        Registry(NS_PER_S).birth_of(KEY, 1)


def test_a_resumed_registry_knows_the_last_word_and_is_not_told_news_twice() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    registry.resume(Speaker(clock, session=4).birth, "lost", clock.now())
    registry.resume(Speaker(clock, session=3).birth, "offline", clock.now())
    assert _state(registry, clock) == (4, "lost")
    assert not registry.conn_arrived(KEY, Conn(state="lost", session=4), clock.now())
