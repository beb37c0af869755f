from edge.wire.link import Delivery
from fleet.arrivals import NOBODY
from fleet.intake.deferred import Deferred
from fleet.intake.inbox import BATCH, MESSAGES, Inbox
from sensors.clock import Stamp

AT = Stamp(1, 1)


def said(node: str, n: int, size: int = 10) -> Delivery:
    return Delivery(f"gilmok/v1/seoul/{node}/up/det/camera", n.to_bytes(4, "big") * (size // 4), False, 1, n, 1)


def test_nodes_take_turns_and_each_keeps_its_order() -> None:
    inbox = Inbox()
    for n in range(3 * BATCH):
        assert inbox.put(said("noisy", n), AT)
    for n in range(5):
        assert inbox.put(said("quiet", n), AT)
    batch = [one for one, _ in inbox.batch() or []]
    quiet = [one.mid for one in batch if "quiet" in one.topic]
    noisy = [one.mid for one in batch if "noisy" in one.topic]
    assert quiet == [0, 1, 2, 3, 4]
    assert noisy == list(range(BATCH - 5))
    inbox.close()
    rest = [one.mid for batch in iter(inbox.batch, None) for one, _ in batch]
    assert rest == list(range(BATCH - 5, 3 * BATCH))
    assert len(inbox) == 0


def test_where_room_is_short_who_holds_more_than_its_share_is_put_off_and_nobody_else() -> None:
    inbox, put_off = Inbox(), Deferred()
    assert inbox.put(said("quiet", 0), AT)
    for n in range(MESSAGES - 1):
        assert inbox.put(said("noisy", n), AT)
    for n in range(7):
        assert not inbox.put(said("noisy", n), AT)
        put_off.add("overload", said("noisy", n), AT)
    inbox.batch()
    assert inbox.put(said("quiet", 1), AT)
    assert inbox.put(said("noisy", 8), AT)
    told = put_off.collect(lambda _: NOBODY)
    assert [(one.reason, one.count) for one in told] == [("overload", 7)]
    assert put_off.collect(lambda _: NOBODY) == []


def test_one_node_alone_may_fill_the_room_by_bytes_too() -> None:
    inbox = Inbox()
    for n in range(16):
        assert inbox.put(said("big", n, 1_000_000), AT)
    inbox.close()
    assert inbox.put(said("big", 17), AT)
    assert len(inbox.batch() or []) == 4


def test_who_may_say_no_more_reports_may_still_introduce_itself() -> None:
    inbox = Inbox()
    assert inbox.put(said("quiet", 0), AT)
    for n in range(MESSAGES - 1):
        assert inbox.put(said("noisy", n), AT)
    birth = Delivery("gilmok/v1/seoul/noisy/up/birth", b"{}", True, 1, 1, 1)
    assert not inbox.put(said("noisy", 9), AT)
    # Closed, it doesn't wait for room, and puts nobody off.
    inbox.close()
    assert inbox.put(birth, AT)
