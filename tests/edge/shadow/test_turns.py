from collections import Counter

from edge.shadow.turns import Turns


def served(order: list[str], every: int) -> Counter[str]:
    """Who is served of streams that come in this order, where there is room for one in `every`."""
    turns, counted = Turns(len(set(order))), Counter[str]()
    room = 0
    for stream in order:
        room += 1
        if room < every:
            turns.turned_away(stream)
        elif turns.is_next(stream):
            turns.served(stream)
            counted[stream] += 1
            room = 0
    return counted


def test_streams_in_step_are_served_alike_however_few_frames_there_is_room_for() -> None:
    for every in (1, 2, 3, 4, 6, 9):
        counted = served(["north", "south", "east"] * 200, every)
        assert counted.keys() == {"north", "south", "east"}
        assert max(counted.values()) - min(counted.values()) <= 2, every


def test_one_that_has_ended_holds_up_nobody_for_long() -> None:
    counted = served([*["north", "south"] * 20, *["north"] * 100], 2)
    assert counted["north"] > 35
