"""`gilmok fleet desire|order`: what one unit is to run, and what it is to do once, said by a person."""

import argparse
import getpass
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sensors.errors import GilmokError
from sensors.ranges import Seconds, SecondsOrNone, in_range

if TYPE_CHECKING:
    from edge.wire.link import Delivery, Link
    from edge.wire.topics import NodeTopics

HUB = Path("hub.toml")
SITE = "testbed"
WITHIN_S = 30.0
GRACE_S = 2.0
"""For an answer that was given in time and is still on its way."""
ID_BYTES = 8
NONE = "none"
DIGEST = re.compile(r"[0-9a-f]{64}")


class BrokerUnnamed(GilmokError):
    def __init__(self, hub: Path) -> None:
        super().__init__(f"{hub} names no broker that others can reach", "give it a [broker], or [embedded] a port")


class NoAnswer(GilmokError):
    def __init__(self, node: str, what: str, seconds: float) -> None:
        super().__init__(
            f"no unit {node} answered {what} within {seconds:g} s",
            "is it there? `gilmok hub nodes` tells; what is desired stays, an order is void",
        )


def register(verbs: "argparse._SubParsersAction[Any]") -> None:
    desire = verbs.add_parser("desire", help="say which bundle a unit is to run, also to one that is away")
    desire.add_argument("node", metavar="NODE")
    desire.add_argument("digest", type=_digest, metavar="DIGEST", help="a bundle; or none: what NODE.toml says")
    desire.add_argument("--wait", type=in_range(SecondsOrNone), default=0.0, metavar="SECONDS", help="for its outcome")
    desire.set_defaults(call=_desire)
    order = verbs.add_parser("order", help="have a unit do something once: rollback, retry, restart or record")
    order.add_argument("node", metavar="NODE")
    order.add_argument("verb", metavar="VERB", help="rollback, retry, restart, record")
    order.add_argument("--digest", type=_digest, help="rollback: only if this is active; retry: only this one")
    order.add_argument("--why", default="", help="one sentence for the others")
    order.add_argument(
        "--within",
        type=in_range(Seconds),
        default=WITHIN_S,
        metavar="SECONDS",
        help="or not at all (default: %(default)s)",
    )
    order.set_defaults(call=_order)
    for verb in (desire, order):
        verb.add_argument("--site", help=f"the node's (default: that of the hub, or {SITE})")
        verb.add_argument("--hub", type=Path, default=HUB, metavar="HUB.toml", help="default: %(default)s")
        verb.add_argument("--json", action="store_true", help="print JSON")


def _desire(chosen: argparse.Namespace) -> int:
    from edge.wire.deployments.states import Deployment, Desired, Reported
    from edge.wire.message import decode, encode
    from sensors.terminal import console

    wish = Desired(
        id=f"person-{secrets.token_hex(ID_BYTES)}",
        deployment=None if chosen.digest == NONE else Deployment(digest=chosen.digest),
        by=_who(),
    )
    heard: list[Reported] = []
    over = threading.Event()

    def hear(delivery: "Delivery") -> None:
        if delivery.payload and (said := decode(delivery.payload, Reported)).desired == wish.id:
            heard.append(said)
            if said.outcome != "working" and said.phase == "settled":
                over.set()

    topics = _topics(chosen)
    with _link(chosen, topics.reported, hear) as link:
        link.publish(topics.desired, encode(wish), retain=True)
        link.drain(GRACE_S)
        if not chosen.wait:
            console.say(f"{chosen.node} is to run {chosen.digest}; it does as soon as it hears it")
            return 0
        if not over.wait(chosen.wait):
            raise NoAnswer(
                chosen.node, f"with an outcome ({heard[-1].phase if heard else 'it said nothing'})", chosen.wait
            )
    told = heard[-1]
    if chosen.json:
        console.print_json(told)
    else:
        console.say(f"{chosen.node}: {told.outcome}" + (f", {told.reason}" if told.reason else ""))
    return 0 if told.outcome == "kept" else 1


def _order(chosen: argparse.Namespace) -> int:
    from edge.wire.deployments.orders import Order, Receipt
    from edge.wire.message import decode, encode
    from sensors.clock import NS_PER_S, SystemClock
    from sensors.terminal import console

    deadline_utc_ns = SystemClock().now().utc_ns + round(chosen.within * NS_PER_S)
    order = Order(
        id=secrets.token_hex(ID_BYTES),
        verb=chosen.verb,
        deadline_utc_ns=deadline_utc_ns,
        digest=chosen.digest,
        by=_who(),
        why=chosen.why,
    )
    # What the unit wouldn't take is told here.
    decode(encode(order), Order)
    answers: list[Receipt] = []
    over = threading.Event()

    def hear(delivery: "Delivery") -> None:
        answers.append(decode(delivery.payload, Receipt))
        over.set()

    topics = _topics(chosen)
    with _link(chosen, topics.reply(order.id), hear) as link:
        link.publish(topics.order(chosen.verb), encode(order))
        if not over.wait(chosen.within + GRACE_S):
            raise NoAnswer(chosen.node, f"the order {chosen.verb}", chosen.within)
    answer = answers[0]
    if chosen.json:
        console.print_json(answer)
    else:
        console.say(f"{chosen.node}: {answer.verdict}, {answer.reason}")
    return 0 if answer.verdict == "applied" else 1


def _digest(text: str) -> str:
    if text != NONE and not DIGEST.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no bundle's digest; `gilmok bundle show` tells its 64 digits")
    return text


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name
        return ""


def _topics(chosen: argparse.Namespace) -> "NodeTopics":
    from edge.wire.topics import NodeTopics
    from fleet.config import HubConfig
    from sensors import config

    return NodeTopics(chosen.site or config.read(chosen.hub, HubConfig).site or SITE, chosen.node)


@contextmanager
def _link(chosen: argparse.Namespace, topic: str, hear: "Callable[[Delivery], None]") -> "Iterator[Link]":
    """To the hub's broker, listening to one topic. Raises BrokerUnnamed, or what keeps it from connecting."""
    from edge.wire.link import Link
    from fleet.config import HubConfig
    from fleet.configured_broker import broker_at
    from sensors import config
    from sensors.clock import SystemClock

    clock = SystemClock()
    hub = config.read(chosen.hub, HubConfig)
    at = broker_at(hub, clock)
    if at is None:
        raise BrokerUnnamed(chosen.hub)
    name = f"{hub.name}-{secrets.token_hex(ID_BYTES // 2)}"
    link = Link(at, name, clock=clock, subscriptions=[(topic, 1)], on_delivery=hear)
    link.connect()
    try:
        yield link
    finally:
        link.close()
