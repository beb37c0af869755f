from replay.qualify.parts.determinism import Repeated, compared


def test_repeats_and_restarts_are_counted_apart() -> None:
    first = Repeated(digests=("a", "b"), unequal=(0, 2))
    second = Repeated(digests=("a", "c"), unequal=(0, 0))
    found = compared([first, second], repeats=20)
    assert (found.frames, found.repeats, found.processes) == (2, 20, 2)
    assert found.unequal_repeats == 2
    assert found.unequal_frames == 1


def test_the_digest_is_of_the_first_process_and_of_the_frames_in_order() -> None:
    one = Repeated(digests=("a", "b"), unequal=(0, 0))
    other = Repeated(digests=("b", "a"), unequal=(0, 0))
    assert compared([one], 1).digest == compared([one, other], 1).digest
    assert compared([one], 1).digest != compared([other], 1).digest
