import pytest

from edge.wire.messages import ConnState, MessageWrong
from fleet import registry as registries
from fleet.arrivals import SessionKey
from fleet.registry import NodeState, Registry, state_after
from sensors.clock import NS_PER_S
from tests.fakes import ManualClock
from tests.speaker import Speaker


def _id(session: int) -> SessionKey:
    return Speaker(ManualClock(), session=session).key


def _state(registry: Registry, clock: ManualClock) -> tuple[int, NodeState]:
    (standing,) = registry.standings(clock.now())
    return standing.count, standing.state


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
    registry.birth_arrived(node.birth, clock.now())
    assert _state(registry, clock) == (1, "unknown")
    assert registry.conn_arrived(_id(1), "online", clock.now())
    assert _state(registry, clock) == (1, "online")
    clock.pass_ns(4 * NS_PER_S)
    assert _state(registry, clock) == (1, "stale")
    registry.health_arrived(node.key, False, clock.now())
    assert _state(registry, clock) == (1, "online")
    assert registry.conn_arrived(_id(1), "lost", clock.now())
    assert not registry.conn_arrived(_id(1), "lost", clock.now())
    assert _state(registry, clock) == (1, "lost")


def test_the_will_of_an_older_session_moves_nothing() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    for session in (1, 2):
        registry.birth_arrived(Speaker(clock, session=session).birth, clock.now())
        registry.conn_arrived(_id(session), "online", clock.now())
    assert registry.conn_arrived(_id(1), "lost", clock.now())
    assert _state(registry, clock) == (2, "online")


def test_retained_messages_may_come_in_any_order() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    assert not registry.conn_arrived(_id(3), "lost", clock.now())
    assert registry.standings(clock.now()) == []
    assert registry.birth_arrived(Speaker(clock, session=3).birth, clock.now()) == "lost"
    assert _state(registry, clock) == (3, "lost")


def test_a_session_that_counts_lower_is_new_all_the_same() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    old = Speaker(clock, session=7)
    replaced = Speaker(clock, session=1)
    registry.birth_arrived(old.birth, clock.now())
    registry.birth_arrived(replaced.birth, clock.now())
    assert _state(registry, clock) == (1, "unknown")
    assert not registry.current(old.key)
    assert registry.introduction(old.key).count == 7


def test_two_sessions_of_one_count_are_told_apart_by_their_ids() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    one, other = (Speaker(clock, session_id=id_ * 32) for id_ in "ab")
    registry.birth_arrived(one.birth, clock.now())
    clock.pass_ns(1)
    registry.birth_arrived(other.birth, clock.now())
    registry.birth_arrived(one.birth, clock.now())
    assert registry.introduction(one.key).key != registry.introduction(other.key).key


def test_a_node_that_only_counts_and_lost_its_counter_is_told() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    first = Speaker(clock, session_id="")
    registry.birth_arrived(first.birth, clock.now())
    clock.pass_ns(1)
    with pytest.raises(MessageWrong, match="begins session 1 again: it has lost its session counter"):
        registry.birth_arrived(Speaker(clock, session_id="").birth, clock.now())
    with pytest.raises(MessageWrong, match="twice"):
        registry.introduction(first.key)


def test_an_older_sessions_health_comes_late_and_moves_nothing() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    old, new = Speaker(clock, session=1), Speaker(clock, session=2)
    registry.birth_arrived(old.birth, clock.now())
    registry.birth_arrived(new.birth, clock.now())
    registry.conn_arrived(_id(2), "online", clock.now())
    registry.health_arrived(old.key, False, clock.now())
    assert _state(registry, clock) == (2, "online")


def test_an_older_session_that_goes_on_where_the_newest_fell_silent_is_the_nodes_again() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    alive, passing = Speaker(clock, session=1), Speaker(clock, session=2)
    registry.birth_arrived(alive.birth, clock.now())
    registry.birth_arrived(passing.birth, clock.now())
    clock.pass_ns(4 * NS_PER_S)
    registry.health_arrived(alive.key, True, clock.now())
    assert _state(registry, clock) == (2, "unknown")
    registry.health_arrived(alive.key, False, clock.now())
    assert _state(registry, clock) == (1, "online")


def _rivals(clock: ManualClock) -> tuple[Registry, list[Speaker], list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    registry = Registry(NS_PER_S, on_rivals=lambda older, newer: told.append((older.key.id, newer.key.id)))
    nodes = [Speaker(clock, session=session) for session in (1, 2)]
    for node in nodes:
        registry.birth_arrived(node.birth, clock.now())
        registry.conn_arrived(node.key, "online", clock.now())
    return registry, nodes, told


def test_of_two_nodes_of_one_name_the_older_is_fenced_off_and_a_person_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    registry, nodes, told = _rivals(clock)
    for _ in range(6):
        clock.pass_ns(NS_PER_S)
        for node in nodes:
            registry.health_arrived(node.key, False, clock.now())
    # What it said before the newer one began may come in late: once is no proof.
    assert told == [(nodes[0].key.id, nodes[1].key.id)] * 5
    assert caplog.text.count("two processes are node") == 1


def test_a_node_that_is_started_again_before_its_will_is_no_rival_of_itself() -> None:
    clock = ManualClock()
    registry, nodes, told = _rivals(clock)
    registry.health_arrived(nodes[0].key, False, clock.now())
    registry.health_arrived(nodes[0].key, True, clock.now())
    registry.conn_arrived(nodes[0].key, "lost", clock.now())
    assert told == []


def test_whoever_said_goodbye_is_not_lost_whatever_the_broker_makes_of_it() -> None:
    clock = ManualClock()
    registry, nodes, _ = _rivals(clock)
    for node in nodes:
        assert registry.conn_arrived(node.key, "offline", clock.now())
        assert not registry.conn_arrived(node.key, "lost", clock.now())


def test_the_older_one_does_not_become_the_newest_by_connecting_anew() -> None:
    clock = ManualClock()
    registry, nodes, _ = _rivals(clock)
    registry.birth_arrived(nodes[0].birth, clock.now())
    assert registry.current(nodes[1].key)
    clock.pass_ns(4 * NS_PER_S)
    registry.birth_arrived(nodes[0].birth, clock.now())
    assert registry.current(nodes[0].key)


def test_a_node_that_speaks_is_there_whatever_an_older_sessions_will_left_behind() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    node = Speaker(clock, session=2)
    registry.birth_arrived(node.birth, clock.now())
    registry.conn_arrived(_id(1), "lost", clock.now())
    assert _state(registry, clock) == (2, "unknown")
    registry.health_arrived(node.key, False, clock.now())
    assert _state(registry, clock) == (2, "online")


def test_a_session_that_nobody_introduced_is_unknown() -> None:
    with pytest.raises(MessageWrong, match="has not introduced"):
        Registry(NS_PER_S).introduction(_id(1))


def test_what_is_not_remembered_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registries, "SESSIONS", 2)
    monkeypatch.setattr(registries, "NODES", 2)
    clock = ManualClock()
    nodes = [Speaker(clock, node=f"n{number}") for number in range(5)]
    booked = {node.key: node.birth for node in nodes}
    registry = Registry(NS_PER_S, booked.get)
    for node in nodes:
        registry.birth_arrived(node.birth, clock.now())
    assert [standing.key.node for standing in registry.standings(clock.now())] == ["n3", "n4"]
    assert registry.introduction(nodes[0].key).streams == {"camera"}
    registry.health_arrived(nodes[0].key, False, clock.now())
    assert [standing.key.node for standing in registry.standings(clock.now())] == ["n0", "n4"]


def test_a_resumed_registry_knows_what_was_said_last_and_is_not_told_news_twice() -> None:
    clock = ManualClock()
    registry = Registry(NS_PER_S)
    registry.resume(Speaker(clock, session=4).birth, "lost", clock.now())
    assert _state(registry, clock) == (4, "lost")
    assert not registry.conn_arrived(_id(4), "lost", clock.now())
