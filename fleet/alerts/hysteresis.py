"""When an alert rises and when it clears: what comes and goes is one alert, not many."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from fleet.alert_settings import Alert
from fleet.alerts.records import AlertEvent, Begun, StandingAlert
from fleet.alerts.rules import RULES, Measured, Subject, bound_of, clear_of, for_of, sentence
from sensors.clock import NS_PER_S, Stamp

MOST_STANDING = 2000
"""More than that nobody reads; how many are left out is told."""
ID_DIGITS = 16
WELL, LEFT, DROPPED = "it is well again", "its node said goodbye", "no rule asks for it any more"


@dataclass(slots=True)
class _Tracked:
    """Of one alert and subject; times are monotonic, so that a clock that is set neither raises nor clears."""

    beyond_since_ns: int | None = None
    well_since_ns: int | None = None
    is_beyond: bool = False
    standing: StandingAlert | None = None
    before_ns: int = 0
    """So long it had been beyond, or where it stands well, in an earlier life; counts once that is seen to go on."""


class Hysteresis:
    """Used by one thread."""

    def __init__(self, alerts: Iterable[Alert], standing: Iterable[StandingAlert], begun: Iterable[Begun] = ()) -> None:
        """What an earlier life left: `standing` is neither raised again nor forgotten, `begun` goes on."""
        self._alerts = {one.called: one for one in alerts}
        self._tracked: dict[tuple[str, Subject], _Tracked] = {}
        self._orphans: list[StandingAlert] = []
        self._held = 0
        self.left_out = 0
        """So many were not raised since `begin`, since more stand than anybody reads."""
        for one in standing:
            alert = self._alerts.get(one.name)
            if alert is None or alert.rule != one.rule:
                self._orphans.append(one)
            else:
                at = one.name, Subject(one.site, one.node, one.stream)
                self._tracked[at] = _Tracked(is_beyond=True, standing=one)
                self._held += 1
        for former in begun:
            alert = self._alerts.get(former.name)
            if alert is not None and alert.rule == former.rule:
                at = former.name, Subject(former.site, former.node, former.stream)
                self._tracked.setdefault(at, _Tracked()).before_ns = int(former.for_s * NS_PER_S)

    @property
    def standing(self) -> tuple[StandingAlert, ...]:
        """As they rose."""
        held = [one.standing for one in self._tracked.values() if one.standing is not None]
        return tuple(sorted(held, key=lambda one: (one.since_utc_ns, one.name, one.site, one.node, one.stream)))

    def begun(self, now: Stamp) -> tuple[Begun, ...]:
        """As of `now`, for another life."""
        return tuple(self._begun(now))

    def _begun(self, now: Stamp) -> Iterator[Begun]:
        for (name, subject), tracked in self._tracked.items():
            since_ns = tracked.beyond_since_ns if tracked.standing is None else tracked.well_since_ns
            ns = tracked.before_ns if since_ns is None else now.mono_ns - since_ns
            if ns:
                yield Begun(
                    name=name,
                    rule=self._alerts[name].rule,
                    site=subject.site,
                    node=subject.node,
                    stream=subject.stream,
                    for_s=round(ns / NS_PER_S, 3),
                    as_of_utc_ns=now.utc_ns,
                )

    def begin(self) -> None:
        """A look begins."""
        self.left_out = 0

    def drop_orphans(self, now: Stamp) -> list[AlertEvent]:
        """What stood under a rule that is gone from the configuration clears."""
        gone, self._orphans = self._orphans, []
        return [AlertEvent(at_utc_ns=now.utc_ns, became="cleared", why=DROPPED, alert=one) for one in gone]

    def judge(self, alert: Alert, measured: Iterable[Measured], now: Stamp) -> Iterator[AlertEvent]:
        """What becomes of it, by everything that one look measured."""
        for one in measured:
            at = alert.called, one.subject
            tracked = self._tracked.get(at)
            if tracked is None:
                if one.over or one.value is None or not _beyond(alert, one.value, bound_of(alert)):
                    continue
                tracked = self._tracked[at] = _Tracked()
            if (event := self._step(alert, tracked, one, now)) is not None:
                yield event
            if tracked.standing is None and tracked.beyond_since_ns is None and not tracked.before_ns:
                del self._tracked[at]

    def _step(self, alert: Alert, tracked: _Tracked, one: Measured, now: Stamp) -> AlertEvent | None:
        if one.over:
            return self._clear(tracked, LEFT, now)
        if one.value is None:
            # What isn't known counts for neither side.
            tracked.beyond_since_ns = tracked.well_since_ns = None
            tracked.standing = tracked.standing and msgspec.structs.replace(tracked.standing, value=None)
            return None
        if _beyond(alert, one.value, bound_of(alert)):
            return self._beyond(alert, tracked, one, one.value, now)
        tracked.beyond_since_ns, tracked.is_beyond = None, False
        if tracked.standing is None:
            tracked.before_ns = 0
            return None
        tracked.standing = msgspec.structs.replace(tracked.standing, value=one.value)
        if _beyond(alert, one.value, clear_of(alert)):
            tracked.well_since_ns, tracked.before_ns = None, 0
            return None
        if tracked.well_since_ns is None:
            tracked.well_since_ns, tracked.before_ns = now.mono_ns - tracked.before_ns, 0
        if now.mono_ns - tracked.well_since_ns >= alert.clear_after_s * NS_PER_S:
            return self._clear(tracked, WELL, now)
        return None

    def _beyond(self, alert: Alert, tracked: _Tracked, one: Measured, value: float, now: Stamp) -> AlertEvent | None:
        tracked.well_since_ns = None
        before_ns, tracked.before_ns = tracked.before_ns, 0
        again, tracked.is_beyond = not tracked.is_beyond, True
        if tracked.standing is not None:
            worse = min if alert.low else max
            tracked.standing = msgspec.structs.replace(
                tracked.standing,
                value=value,
                worst=worse(value, tracked.standing.worst),
                times=tracked.standing.times + again,
                what=sentence(alert, worse(value, tracked.standing.worst)),
            )
            return None
        if tracked.beyond_since_ns is None:
            tracked.beyond_since_ns = now.mono_ns - before_ns
        if now.mono_ns - tracked.beyond_since_ns < for_of(alert) * NS_PER_S:
            return None
        if self._held >= MOST_STANDING:
            self.left_out += 1
            return None
        self._held += 1
        tracked.standing = _raised(alert, one.subject, value, now)
        return AlertEvent(at_utc_ns=now.utc_ns, became="raised", alert=tracked.standing)

    def _clear(self, tracked: _Tracked, why: str, now: Stamp) -> AlertEvent | None:
        cleared = tracked.standing
        self._held -= cleared is not None
        tracked.standing = tracked.beyond_since_ns = tracked.well_since_ns = None
        tracked.is_beyond, tracked.before_ns = False, 0
        if cleared is None:
            return None
        return AlertEvent(at_utc_ns=now.utc_ns, became="cleared", why=why, alert=cleared)


def _beyond(alert: Alert, value: float, bound: float) -> bool:
    return value < bound if alert.low else value > bound


def _raised(alert: Alert, subject: Subject, value: float, now: Stamp) -> StandingAlert:
    rule = RULES[alert.rule]
    named = f"{alert.called} {subject} {now.utc_ns}"
    return StandingAlert(
        id=hashlib.sha256(named.encode()).hexdigest()[:ID_DIGITS],
        name=alert.called,
        rule=alert.rule,
        severity=alert.severity,
        site=subject.site,
        node=subject.node,
        stream=subject.stream,
        since_utc_ns=now.utc_ns,
        value=value,
        worst=value,
        bound=bound_of(alert),
        unit=rule.unit,
        what=sentence(alert, value),
        do=rule.do,
    )
