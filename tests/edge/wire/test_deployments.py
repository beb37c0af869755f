import msgspec
import pytest

from edge.wire.deployments.orders import Order, Receipt
from edge.wire.deployments.states import BadDeployment, Deployment, Desired, NodeProcess, Reported
from edge.wire.message import Message, MessageWrong, decode, encode
from edge.wire.topics import NodeTopics
from sensors.clock import Stamp

DIGEST = "0123456789abcdef" * 4
DEPLOYMENT = Deployment(digest=DIGEST, name="gilmok-mini", version="2")
AT = Stamp(10, 20)
REPORTED = Reported(
    unit="ab" * 16,
    stamp=AT,
    boot="a boot",
    software="gilmok 0.1.0",
    desired="canary-1",
    outcome="rolled back",
    reason="the node died",
    bad=(BadDeployment(deployment=DEPLOYMENT, phase="watching", reason="the node died", stamp=AT),),
    device_tuple={"backend": "onnxruntime", "runtime": "1.23"},
    node=NodeProcess(state="running", restarts=1, last_words="out of memory"),
)


@pytest.mark.parametrize(
    "message",
    [
        Desired(id="canary-1", deployment=DEPLOYMENT, rollout="mini-2", by="kim"),
        Desired(id="home", deployment=None),
        REPORTED,
        Order(id="a-1", verb="rollback", deadline_utc_ns=30, digest=DIGEST, by="kim", why="too many cars"),
        Receipt(id="a-1", verb="rollback", verdict="expired", reason="3 s too late", stamp=AT),
    ],
    ids=lambda message: type(message).__name__,
)
def test_a_message_reads_back_as_it_was_said(message: Message) -> None:
    assert decode(encode(message), type(message)) == message


@pytest.mark.parametrize("digest", ["", DIGEST[:12], DIGEST.upper(), DIGEST + "\n", "../../etc/passwd"])
def test_a_bundle_is_named_by_its_whole_digest_and_by_nothing_else(digest: str) -> None:
    said = msgspec.json.encode({"id": "canary-1", "deployment": {"digest": digest}})
    with pytest.raises(MessageWrong):
        decode(said, Desired)


@pytest.mark.parametrize("order", ["", "a/b", "a+", "#", "x" * 101])
def test_an_orders_id_is_a_level_of_a_topic(order: str) -> None:
    with pytest.raises(MessageWrong):
        decode(msgspec.json.encode({"id": order, "verb": "retry", "deadline_utc_ns": 1}), Order)


def test_a_unit_writes_below_its_up_and_reads_below_its_down_so_two_lines_of_permissions_are_enough() -> None:
    topics = NodeTopics("seoul", "pole")
    own = "gilmok/v1/seoul/pole"
    said = [topics.reported, topics.reply("a-1"), topics.shadow("north")]
    heard = [topics.desired, topics.orders, topics.order("retry")]
    assert all(topic.startswith(f"{own}/up/") for topic in said)
    assert all(topic.startswith(f"{own}/down/") for topic in heard)
