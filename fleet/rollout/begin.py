"""What people do to rollouts: begin, pause, resume, abort. Written to the ledger at once, whether a hub runs or not."""

from collections.abc import Callable

from edge.wire.deployments.states import Deployment
from fleet.config import HubConfig
from fleet.ledger.rollouts.rows import RolloutRows
from fleet.rollout.decision.decide import begun, stopped
from fleet.rollout.decision.step import Step
from fleet.rollout.plan import RolloutPlan
from fleet.rollout.records import Asked, Rollout, change_rows, find
from fleet.rollout.state import Change, RolloutState
from models.bundle.verify import verify
from sensors.errors import GilmokError

MOST_TRIES = 20


class RolloutTaken(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"a rollout named {name!r} isn't over yet", "wait for it or abort it; or give this one another name"
        )


class Unqualified(GilmokError):
    def __init__(self, bundle: str, what: str) -> None:
        super().__init__(
            f"{bundle} {what}",
            "`gilmok qualify` its model, then `gilmok bundle make --qualification`; or take another",
        )


class RolloutOver(GilmokError):
    def __init__(self, name: str, what: str, status: str) -> None:
        super().__init__(f"rollout {name!r} can't be {what}: it is {status}", "see `gilmok fleet rollout status`")


class RolloutBusy(GilmokError):
    def __init__(self, name: str) -> None:
        super().__init__(f"rollout {name!r} changed at each of {MOST_TRIES} tries", "try again")


def asked_for(plan: RolloutPlan) -> Asked:
    """With what its bundle says, every byte of it verified. Raises BundleWrong or Unqualified."""
    found = verify(plan.bundle)
    qualification = found.bundle.qualification
    verdict = "" if qualification is None else qualification.verdict
    if verdict == "FAIL" and qualification is not None:
        raise Unqualified(found.bundle.name, f"failed its own qualification: {qualification.sentence}")
    if plan.qualified and verdict != "PASS":
        has = f"says {verdict}" if verdict else "isn't there"
        raise Unqualified(found.bundle.name, f"is to be qualified, and its qualification {has}")
    deployment = Deployment(digest=found.digest, name=found.bundle.name)
    return Asked(plan=plan, deployment=deployment, good_for=found.bundle.good_for)


def begin(hub: HubConfig, asked: Asked, who: str, now_utc_ns: int) -> int:
    """Its id. Raises RolloutTaken, and what opening the ledger raises."""
    with RolloutRows(hub.where, write=True) as rows:
        if any(row.name == asked.plan.name for row in rows.unsettled()):
            raise RolloutTaken(asked.plan.name)
        why = f"{asked.deployment.name} ({asked.deployment.digest[:12]}), in {len(asked.plan.wave)} waves"
        made = Rollout(id=0, began_utc_ns=now_utc_ns, began_by=who, revision=1, asked=asked, state=begun(now_utc_ns))
        return rows.begin(made.row(), change_rows((Change(what="began", why=why),), who, now_utc_ns))


def pause(hub: HubConfig, which: str, who: str, why: str, now_utc_ns: int) -> Rollout:
    def paused(name: str, state: RolloutState) -> Step:
        if state.status != "running":
            raise RolloutOver(name, "paused", state.status)
        return Step(state).becoming("paused", _said(who, why, "paused it"))

    return _change(hub, which, who, now_utc_ns, paused)


def resume(hub: HubConfig, which: str, who: str, why: str, now_utc_ns: int) -> Rollout:
    """A wave that was paused because gates couldn't tell goes on without them; WORSE still stops it."""

    def resumed(name: str, state: RolloutState) -> Step:
        if state.status != "paused":
            raise RolloutOver(name, "resumed", state.status)
        said = _said(who, why, "let it go on")
        step = Step(state).with_state(status="running", why="", excused=bool(state.soaking_since_utc_ns))
        return step.telling(Change(what="resumed", why=said))

    return _change(hub, which, who, now_utc_ns, resumed)


def abort(hub: HubConfig, which: str, who: str, why: str, now_utc_ns: int, *, back: bool) -> Rollout:
    """`back`: every unit that has it is told to return; one that is over, too. Else it stays where it is."""

    def aborted(name: str, state: RolloutState) -> Step:
        if state.status in ("rolling back", "rolled back") or (not back and not state.live):
            raise RolloutOver(name, "rolled back" if back else "aborted", state.status)
        return stopped(
            Step(state),
            _said(who, why, "took it back" if back else "aborted it"),
            now_utc_ns,
            back=back,
            status="aborted",
        )

    return _change(hub, which, who, now_utc_ns, aborted)


def _change(
    hub: HubConfig, which: str, who: str, now_utc_ns: int, change: Callable[[str, RolloutState], Step]
) -> Rollout:
    """Resting on the newest state: one that a hub keeps meanwhile is looked at anew."""
    with RolloutRows(hub.where, write=True) as rows:
        rollout = find(rows, which)
        for _ in range(MOST_TRIES):
            step = change(rollout.name, rollout.state)
            after = rollout.after(step.state)
            if rows.keep(after.row(), change_rows(step.changes, who, now_utc_ns)):
                return after
            rollout = find(rows, str(rollout.id))
        raise RolloutBusy(rollout.name)


def _said(who: str, why: str, did: str) -> str:
    return f"{who} {did}: {why}" if why else f"{who} {did}"
