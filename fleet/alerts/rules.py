"""What can be watched for: a table of rules, each with its unit, its own bounds, how it is measured, and what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fleet.alert_settings import Alert, RuleName
from fleet.alerts.sight import Sight
from fleet.arrivals import key_of

MISSING_FOR_S = 30.0
HOT_MARGIN_C = 5.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about; empty where it is about more: the hub itself has no site."""

    site: str = ""
    node: str = ""
    stream: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in (self.site, self.node, self.stream) if part) or "the hub"


@dataclass(frozen=True, slots=True)
class Measured:
    subject: Subject
    value: float | None
    """In the rule's unit; None: not known now, which neither raises nor clears."""
    n: int | None = None
    """Of how many frames, where that matters."""
    over: bool = False
    """Its node said goodbye: nothing is the matter with it any more."""


@dataclass(frozen=True, slots=True)
class Rule:
    what: str
    """With {value} and {bound}, which have the unit."""
    do: str
    """What to do about it, to be read by whoever is called."""
    unit: str
    digits: int
    measure: Callable[[Sight], Iterator[Measured]]
    bound: float = 0.0
    """Where the alert names none."""
    clear: Callable[[float], float] = lambda bound: bound
    for_s: float = 0.0


def _latency(sight: Sight) -> Iterator[Measured]:
    for birth, stream in sight.streams():
        p99_ms, n = sight.p99_ms(birth, stream)
        yield Measured(Subject(birth.site, birth.node, stream.name), p99_ms, n, over=sight.left(birth))


def _accuracy(sight: Sight) -> Iterator[Measured]:
    for birth, stream in sight.streams():
        told = sight.accuracy.of(birth, stream)
        subject = Subject(birth.site, birth.node, stream.name)
        yield Measured(subject, told.ap, told.n, over=sight.left(birth))


def _lost(sight: Sight) -> Iterator[Measured]:
    for key, row in sight.watch.rows.items():
        silent = row.state == "stale" and sight.settled
        value = None if row.state == "stale" and not sight.settled else float(row.state == "lost" or silent)
        yield Measured(Subject(key.site, key.node), value, over=row.state == "offline")


def _books(sight: Sight) -> Iterator[Measured]:
    booked = sight.booked()
    for birth, stream in sight.streams():
        health = sight.health(birth)
        counted = None if health is None else health.streams.get(stream.name)
        subject = Subject(birth.site, birth.node, stream.name)
        if counted is None:
            yield Measured(subject, None)
            continue
        top, holes = booked[key_of(birth), stream.name]
        fates = counted.ok + counted.failed + counted.dropped + counted.pending
        missing = max(counted.ok + counted.failed - top, 0) + holes - counted.spooled
        # A goodbye clears nothing here: what is missing is missing.
        yield Measured(subject, float(max(missing, 0) + abs(counted.captured - fates)))


def _hot(sight: Sight) -> Iterator[Measured]:
    for key, row in sight.watch.rows.items():
        if row.temperature_c is not None:
            yield Measured(Subject(key.site, key.node), row.temperature_c, over=row.state == "offline")


def _failing(sight: Sight) -> Iterator[Measured]:
    for key, row in sight.watch.rows.items():
        recent = sight.watch.recent.get(key)
        answered = 0 if recent is None else recent.ok + recent.failed
        value = None if recent is None or not answered else 100 * recent.failed / answered
        yield Measured(Subject(key.site, key.node), value, answered, over=row.state == "offline")


def _refused(sight: Sight) -> Iterator[Measured]:
    for key in sight.watch.rows:
        recent = sight.watch.recent.get(key)
        yield Measured(Subject(key.site, key.node), None if recent is None else float(recent.refused))


def _spool(sight: Sight) -> Iterator[Measured]:
    for key, row in sight.watch.rows.items():
        kept = None if row.spooled is None else float(row.spooled)
        yield Measured(Subject(key.site, key.node), kept, over=row.state == "offline")


def _disk(sight: Sight) -> Iterator[Measured]:
    yield Measured(Subject(), sight.free_gb())


RULES: dict[RuleName, Rule] = {
    "latency": Rule(
        "p99 of the last minute, capture to result, is {value}; the deadline is {bound}",
        "Open the node's page: the stage that grew says where. A hot or shared chip, or a larger picture, are the "
        "usual causes; a smaller model or a lower rate help.",
        "ms", 1, _latency, for_s=10.0,
    ),
    "accuracy": Rule(
        "AP over the newest frames is {value}; at least {bound} is wanted",
        "Look at the node's picture beside its truth: a dirty lens, night or rain, frames that were dropped, or "
        "another model than was qualified. Compare with the run before.",
        "", 3, _accuracy,
    ),
    "lost": Rule(
        "nothing is heard of it: its connection broke, or it is silent",
        "Check power and network at its place, then its log. What it saw meanwhile is in its spool, and comes when it "
        "is back.",
        "", 0, _lost, for_s=5.0,
    ),
    "books": Rule(
        "{value} reports that it says it made are not booked, or its counters don't add up",
        "`gilmok hub report RUN` names the missing numbers. Given up by a full spool: give it room; refused: "
        "`gilmok hub refused` says why.",
        "", 0, _books, for_s=MISSING_FOR_S,
    ),
    "hot": Rule(
        "its chip is at {value}; the bound is {bound}",
        "Check fan, heat sink and sun. Until then a lower rate or a smaller model; a chip that throttles answers late.",
        "°C", 1, _hot, bound=85.0, clear=lambda bound: bound - HOT_MARGIN_C, for_s=5.0,
    ),
    "failing": Rule(
        "{value} of the frames of the last minute failed; the bound is {bound}",
        "The node's log has the reason of each: a camera that sends what is no picture, or a device that answers with "
        "errors (`gilmok backend check`).",
        "%", 1, _failing,
    ),
    "refused": Rule(
        "the hub refused {value} messages on its topics within a minute; the bound is {bound}",
        "`gilmok hub refused` says which and why: two nodes of one name, a node of another version, or a stranger who "
        "speaks in its name.",
        "", 0, _refused,
    ),
    "spool": Rule(
        "it keeps {value} reports that no hub has committed; the bound is {bound}",
        "Broker or network are too slow, or the hub is: `gilmok hub nodes`, then the hub's log. When its spool is full "
        "it gives up the oldest.",
        "", 0, _spool, bound=1000.0, for_s=5.0,
    ),
    "disk": Rule(
        "{value} are free where the hub keeps its ledger; at least {bound} are wanted",
        "Make room, or keep less: [retention] of HUB.toml. A full disk stops the books; nodes keep their reports "
        "meanwhile.",
        "GB", 2, _disk, bound=2.0,
    ),
}  # fmt: skip


def bound_of(alert: Alert) -> float:
    return RULES[alert.rule].bound if alert.bound is None else alert.bound


def clear_of(alert: Alert) -> float:
    return RULES[alert.rule].clear(bound_of(alert)) if alert.clear is None else alert.clear


def for_of(alert: Alert) -> float:
    """Seconds."""
    return RULES[alert.rule].for_s if alert.for_s is None else alert.for_s


def sentence(alert: Alert, value: float) -> str:
    rule = RULES[alert.rule]
    return rule.what.format(value=_figure(rule, value), bound=_figure(rule, bound_of(alert)))


def _figure(rule: Rule, value: float) -> str:
    text = f"{value:,.{rule.digits}f}"
    return f"{text} {rule.unit}" if rule.unit else text
