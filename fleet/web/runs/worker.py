"""The process that answers questions about runs: `python -P -m fleet.web.runs.worker DESCRIPTOR`.

Over that socket come the hub's configuration and then questions, one at a time; each is answered by a word and the
descriptor of a file without a name, which nobody has to clean up.
"""

import logging
import os
import socket
import sys
import tempfile
from collections import OrderedDict

import msgspec

from fleet.config import HubConfig
from fleet.ledger import errors
from fleet.reporting.run_records import RunUnknown
from fleet.web.runs.answering import Answering
from fleet.web.runs.questions import Answer, Question
from sensors.config import convert
from sensors.errors import GilmokError
from sensors.logs import to_stderr
from sensors.terminal.pretty_json import compact

log = logging.getLogger(__name__)

NICE = 10
"""After the hub, and after the dashboard's other pages."""
KEPT = 16
LEDGER = (
    errors.StoreAbsent, errors.StoreBroken, errors.StoreForbidden, errors.StoreGone, errors.StoreUnreachable,
    errors.StoreUnreadable,
)  # fmt: skip


def main(descriptor: str) -> None:
    to_stderr()
    os.nice(NICE)
    channel = socket.socket(fileno=int(descriptor))
    lines = channel.makefile("rb")
    hub = convert(msgspec.json.decode(lines.readline()), HubConfig, "the hub's word")
    answering = Answering(hub)
    kept: OrderedDict[bytes, tuple[Answer, int]] = OrderedDict()
    while said := lines.readline():
        answer, file = _answer(answering, msgspec.json.decode(said, type=Question), kept)
        socket.send_fds(channel, [compact(answer) + b"\n"], [] if file is None else [file])


def _answer(
    answering: Answering, question: Question, kept: "OrderedDict[bytes, tuple[Answer, int]]"
) -> tuple[Answer, int | None]:
    try:
        as_of = answering.as_of(question)
        if as_of not in kept:
            answer, content = answering.answer(question)
            kept[as_of] = answer, _file(content)
            if len(kept) > KEPT:
                os.close(kept.popitem(last=False)[1][1])
        kept.move_to_end(as_of)
        return kept[as_of]
    except RunUnknown as error:
        return _wrong(404, error), None
    except LEDGER as error:
        return _wrong(503, error), None
    except GilmokError as error:
        return _wrong(422, error), None
    except Exception:
        log.exception("a defect: no answer to %s", question)
        return Answer(status=500, error="a defect of gilmok: its log says more", hint="report it"), None


def _wrong(status: int, error: GilmokError) -> Answer:
    return Answer(status=status, error=error.sentence[:4000], hint=error.hint[:4000])


def _file(content: bytes) -> int:
    """A descriptor of a file that holds it, and is gone with the last one who has it open."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.flush()
        return os.dup(file.fileno())


if __name__ == "__main__":
    main(*sys.argv[1:])
