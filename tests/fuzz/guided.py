"""`python -P -m tests.fuzz.guided --minutes N`: bytes that come from outside, guided by what they reach (atheris).

Whatever a broker hands over, to a hub or to a node, is taken or refused with a reason; nothing else may come out of it.
The first byte chooses the topic. What breaks is written to `crash-...` where one stands, to be given as an argument.
"""

import argparse
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import atheris

# What is watched is changed as it is imported.
with atheris.instrument_imports(include=["edge.wire", "fleet.admission", "fleet.registry", "fleet.ledger.rows"]):
    from edge.wire.acknowledgements import Fenced
    from edge.wire.messages import ClockAnswer, Committed, MessageWrong, Refusals, decode, encode
    from fleet.admission import Admission
    from fleet.arrivals import BirthArrived, HealthArrived, ReportArrived
    from fleet.latency import Outages
    from fleet.ledger.rows import frame_row, health_row, session_row
    from fleet.registry import Registry

from sensors.clock import NS_PER_S, Stamp
from tests.fakes import ManualClock
from tests.fuzz.values import changed
from tests.speaker import Speaker

CLOCK = ManualClock()
SPEAKER = Speaker(CLOCK)
TOPICS = (
    SPEAKER.topics.detections("camera"), SPEAKER.topics.late("camera"), SPEAKER.topics.birth, SPEAKER.topics.former,
    SPEAKER.topics.conn, SPEAKER.topics.health, SPEAKER.topics.clock_ask,
)  # fmt: skip
HEARD = (Committed, Refusals, Fenced, ClockAnswer)
HALF = 0.5
LATER = Stamp(2**60, 1_800_000_000 * NS_PER_S)


def seeds() -> list[bytes]:
    """One good message for each topic."""
    report = encode(SPEAKER.report(0))
    good = [report, b"[" + report + b"]", encode(SPEAKER.birth), encode(SPEAKER.birth), SPEAKER.conn("online")]
    good += [encode(SPEAKER.health(ok=1)), b'{"session":1,"t1_ns":5}']
    good += [
        b'{"hub":"h","session":1,"session_id":"","streams":{"camera":[[0,4],[6,9]]}}',
        b'{"hub":"h","reasons":{"rate":3},"topic":"t","what":"w","session_id":"","n":3}',
        b'{"hub":"h","older":{"session":1},"newer":{"session":2,"host":"x"}}',
        b'{"session":1,"t1_ns":5,"t2_ns":6,"t3_ns":7,"boot":"b","hub":"h"}',
    ]
    return [bytes([place]) + payload for place, payload in enumerate(good)]


def admission() -> Admission:
    registry = Registry(NS_PER_S, lambda _: None)
    made = Admission(registry, SPEAKER.birth.boot, 300.0, Outages(NS_PER_S, 2 * NS_PER_S))
    made.admit(SPEAKER.topics.birth, encode(SPEAKER.birth), CLOCK.now())
    return made


def one_input() -> Callable[[bytes], None]:
    judge, count = admission(), 0

    def try_it(data: bytes) -> None:
        nonlocal judge, count
        count += 1
        if count % 1000 == 0:
            # Sessions that it was introduced to would pile up.
            judge = admission()
        place, payload = (data[0] if data else 0) % (len(TOPICS) + len(HEARD)), data[1:]
        try:
            if place >= len(TOPICS):
                decode(payload, HEARD[place - len(TOPICS)])
                return
            arrived = judge.admit(TOPICS[place], payload, LATER)
        except MessageWrong:
            return
        for one in arrived:
            # What was let in can be booked.
            match one:
                case ReportArrived():
                    frame_row(one)
                case HealthArrived():
                    health_row(one)
                case BirthArrived():
                    session_row(one)

    return try_it


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """Half of the time another message of the same kind, by its JSON; else other bytes."""
    rng = Random(seed)
    try:
        tree = json.loads(data[1:])
        if rng.random() < HALF:
            said = json.dumps(changed(tree, rng), ensure_ascii=rng.random() < HALF)
            return (data[:1] + said.encode(errors="surrogatepass"))[:most]
    except (ValueError, RecursionError):
        pass
    return bytes(atheris.Mutate(data, most))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -P -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("inputs", nargs="*", type=Path, help="what broke, to try again")
    chosen = parser.parse_args()
    logging.disable()
    with tempfile.TemporaryDirectory(prefix="gilmok-guided-") as corpus:
        for number, seed in enumerate(seeds()):
            (Path(corpus) / f"good-{number}").write_bytes(seed)
        runs = [f"-max_total_time={max(int(chosen.minutes * 60), 1)}", "-max_len=4000", "-print_final_stats=1", corpus]
        atheris.Setup(
            [sys.argv[0], *(map(str, chosen.inputs) if chosen.inputs else runs)], one_input(), custom_mutator=mutated
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
