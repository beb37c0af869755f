from edge.wire.connection.inflight import InFlight, Sent

REPORT = Sent("gilmok/v1/seoul/pole/up/det/camera", 800, 1, 0)


def test_what_the_broker_refuses_before_its_id_is_known_is_refused_all_the_same() -> None:
    messages = InFlight()
    assert messages.done(7, "Not authorized") is None
    assert messages.sent(7, REPORT) == "Not authorized"
    assert messages.done(8) is None
    assert messages.sent(8, REPORT) == ""
    assert messages.count == 0


def test_what_is_on_its_way_is_counted_until_it_is_acknowledged() -> None:
    messages = InFlight()
    assert messages.sent(7, REPORT) is None
    assert messages.count == 1
    assert messages.done(7) == REPORT
    assert messages.count == 0
