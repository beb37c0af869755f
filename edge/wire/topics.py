"""The whole bus on one page: a node writes `up`, reads `down`."""

from dataclasses import dataclass

from sensors.errors import GilmokError

ROOT = "gilmok/v1"

EVERY_NODE = f"{ROOT}/+/+/up/#"
"""What the hub subscribes to."""

CLOCK = "clock"

NAME_CHARACTERS = 100
NODE_LEVELS = ROOT.count("/") + 3
MOST_CHARACTERS = 400
"""Of an honest topic, generously."""
LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
"""What a name in a topic is made of."""


class NameWrong(GilmokError):
    def __init__(self, what: str, name: str) -> None:
        super().__init__(
            f"{name[:NAME_CHARACTERS]!r} can't be the name of a {what}",
            f"use letters, digits, '-' and '_', {NAME_CHARACTERS} at most: a name is part of an MQTT topic and of a "
            "client id",
        )


@dataclass(frozen=True, slots=True)
class NodeTopics:
    """Every topic of one node."""

    site: str
    node: str

    def __post_init__(self) -> None:
        check_name("site", self.site)
        check_name("node", self.node)

    @property
    def conn(self) -> str:
        """Retained, last will: a Conn."""
        return self._up("conn")

    @property
    def birth(self) -> str:
        """Retained: a Birth."""
        return self._up("birth")

    @property
    def health(self) -> str:
        """QoS 0, 1 Hz: a Health."""
        return self._up("health")

    @property
    def clock_ask(self) -> str:
        """QoS 0, 1 Hz: a ClockAsk."""
        return self._up(CLOCK)

    @property
    def clock_answer(self) -> str:
        """QoS 0: a hub's ClockAnswer."""
        return self._down(CLOCK)

    @property
    def former(self) -> str:
        """QoS 1, never retained: the Birth of an earlier session that still has reports to say."""
        return self._up("former")

    @property
    def committed(self) -> str:
        """QoS 1: a hub's Committed."""
        return self._down("committed")

    @property
    def refused(self) -> str:
        """QoS 1, at most one a second: a hub's Refusals."""
        return self._down("refused")

    @property
    def fenced(self) -> str:
        """QoS 1, once a second while two processes have the name: a hub's Fenced."""
        return self._down("fenced")

    @property
    def desired(self) -> str:
        """Retained: a hub's Desired, the deployment that the unit is to run."""
        return self._down("desired")

    @property
    def reported(self) -> str:
        """Retained: a unit's Reported, the deployment that it runs."""
        return self._up("reported")

    @property
    def orders(self) -> str:
        """A filter: the orders of every verb."""
        return self.order("+")

    @property
    def picture_ask(self) -> str:
        """QoS 0: a dashboard's PictureAsk, every few seconds while somebody looks."""
        return self._down("picture")

    @property
    def everything_down(self) -> str:
        """A filter: all that is said to the node; orders go to its unit."""
        return self._down("+")

    def detections(self, stream: str) -> str:
        """QoS 1, never retained: FrameReports."""
        return self._up(f"det/{stream}")

    def late(self, stream: str) -> str:
        """QoS 1, never retained: arrays of FrameReports out of the backlog, of one session, oldest first."""
        return self._up(f"late/{stream}")

    def picture(self, stream: str) -> str:
        """QoS 0, never retained, only while somebody asks: a PictureHead and a JPEG."""
        return self._up(f"picture/{stream}")

    def order(self, verb: str) -> str:
        """QoS 1, never retained: a hub's Order."""
        return self._down(f"cmd/{verb}")

    def reply(self, order: str) -> str:
        """QoS 1, never retained: the unit's Receipt for the order of that id."""
        return self._up(f"reply/{order}")

    def shadow(self, stream: str) -> str:
        """QoS 1, never retained: what a candidate found on the frames of a stream, beside the active model."""
        return self._up(f"shadow/{stream}")

    def _up(self, leaf: str) -> str:
        return f"{ROOT}/{self.site}/{self.node}/up/{leaf}"

    def _down(self, leaf: str) -> str:
        return f"{ROOT}/{self.site}/{self.node}/down/{leaf}"


@dataclass(frozen=True, slots=True)
class UpTopic:
    """A topic that a node wrote to, taken apart; `stream`: the level after the leaf, on `reply` an order's id."""

    site: str
    node: str
    leaf: str
    stream: str = ""


def parse(topic: str) -> UpTopic | None:
    """None for a topic that is not a node's `up`."""
    match topic.split("/"):
        case ["gilmok", "v1", site, node, "up", leaf]:
            return UpTopic(site, node, leaf)
        case ["gilmok", "v1", site, node, "up", leaf, stream]:
            return UpTopic(site, node, leaf, stream)
        case _:
            return None


def whose(topic: str) -> str:
    """The levels that say whose it is, gilmok/v1/SITE/NODE; also of a topic that is no node's, however long."""
    return "/".join(topic[:MOST_CHARACTERS].split("/", NODE_LEVELS)[:NODE_LEVELS])


def check_name(what: str, name: str) -> str:
    """`name` if it may stand in a topic and in a client id of any broker; raises NameWrong."""
    if not 0 < len(name) <= NAME_CHARACTERS or not all(letter in LETTERS for letter in name):
        raise NameWrong(what, name)
    return name
