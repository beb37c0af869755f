"""A candidate model beside the active one, on the same frames: never waited for, always accounted for.

At most one frame is with it; whatever comes meanwhile is skipped and counted, so that the next one that it takes is the
newest there is. It crashes, hangs and fails by itself: its process is started again, and the active streams go on.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from edge.assembly import located, model_birth
from edge.config import ShadowChoice
from edge.pipeline import DIGEST_DIGITS
from edge.session_name import SessionName
from edge.shadow.budget import BASELINE, Budget, Totals, p99
from edge.shadow.channel import Answered, Begin, FromShadow, GivesUp, Ready
from edge.shadow.lives import Lives
from edge.shadow.turns import Turns
from edge.wire.message import REASON_CHARACTERS
from edge.wire.messages import FrameReport, ModelBirth, ShadowBirth
from edge.wire.shadows import ShadowHealth, ShadowPhase, ShadowStream
from sensors.clock import NS_PER_S, Clock
from sensors.config import plain
from sensors.errors import GilmokError
from sensors.frame import NO_IMAGE, Frame

log = logging.getLogger(__name__)

ABSENT, BUSY, TURN, FAULT = "absent", "busy", "turn", "no picture"
"""More reasons to skip a frame: the shadow loads or has died; it has another frame; another stream comes first."""
FAREWELL_S = 1.0
POLL_S = 0.01


@dataclass(slots=True)
class _Counted:
    seen: int = 0
    ok: int = 0
    failed: int = 0
    unsent: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


class Shadow:
    """`offer` and `observe` are called in the frame path, and cost it a copy of a picture at most."""

    def __init__(
        self,
        choice: ShadowChoice,
        session: SessionName,
        streams: Sequence[str],
        base: Path,
        clock: Clock,
        say: Callable[[FrameReport], bool],
    ) -> None:
        """`base`: where relative paths of `choice` start. `say` sends a report, at once; False: it can't.

        Starts nothing yet, and raises nothing: its health tells.
        """
        self._choice = choice
        self._session = session
        self._clock = clock
        self._say = say
        self._counted = {stream: _Counted() for stream in streams}
        self._numbers: Counter[str] = Counter()
        self._budget = Budget(choice, streams, seed=session.count)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._phase: ShadowPhase = "loading"
        self._why = ""
        self._at_work: Frame | None = None
        """Without its picture."""
        self._turns = Turns(len(self._counted))
        self._cpu_ns = 0
        self._device_kind = ""
        self._facts: dict[str, str] = {}
        self._model = self._located()
        self._lives = Lives(
            Begin(plain(choice.model), plain(choice.backend), str(base), session.count, session.id),
            choice.backend.deadline_ms,
            clock,
            on_word=self._hear,
            on_death=self._died,
            on_end=self._give_up,
        )

    def birth(self) -> ShadowBirth | None:
        """None: its model isn't there, and it never runs."""
        if self._model is None:
            return None
        return ShadowBirth(
            model=self._model,
            backend=self._choice.backend.name,
            device=self._choice.backend.device,
            max_p99_ratio=self._choice.max_p99_ratio,
            max_share=self._choice.max_share,
            block_s=self._choice.block_s,
        )

    @property
    def pid(self) -> int | None:
        """Of its process; None: there is none."""
        return self._lives.pid

    def start(self) -> None:
        """Begin to load; frames that come before that is done are skipped."""
        if self._model is not None:
            self._lives.start()

    def offer(self, frame: Frame) -> None:
        """A frame that the active model has taken, while its picture is still there."""
        stream = frame.id.stream
        with self._lock:
            counted = self._counted[stream]
            counted.seen += 1
            now_ns = self._clock.now().mono_ns
            if why := self._declines(frame, now_ns):
                counted.skipped[why] += 1
                return
            self._turns.served(stream)
            self._at_work = replace(frame, image=NO_IMAGE)
            self._budget.begins()
            child = self._lives.at_hand()
        # Not under the lock: other streams come by. Where nobody takes it, the death of that process is told.
        if child is not None:
            child.hand(frame)

    def observe(self, report: FrameReport) -> None:
        """What became of a frame of the active model."""
        if report.status == "ok":
            with self._lock:
                now_ns = self._clock.now().mono_ns
                self._budget.observe(report.stream, report.stamp.mono_ns, report.total_ns, now_ns)

    def feel(self, power_w: float) -> None:
        """A reading of the device's power; NaN: its SDK tells none."""
        with self._lock:
            self._budget.power(power_w, self._clock.now().mono_ns)

    def health(self) -> ShadowHealth:
        with self._lock:
            budget, at_work = self._budget, self._at_work
            power_with, n_with = budget.mean_power(at_work=True)
            power_without, n_without = budget.mean_power(at_work=False)
            said = ShadowHealth(
                phase=self._phase,
                why=self._why[:REASON_CHARACTERS],
                device_kind=self._device_kind,
                facts=self._facts,
                starts=self._lives.starts,
                share=budget.share,
                judged=budget.judged,
                exceeded=budget.exceeded,
                busy_ns=budget.busy_ns,
                cpu_ns=self._cpu_ns,
                power_with_w=power_with,
                power_without_w=power_without,
                n_power_with=n_with,
                n_power_without=n_without,
            )
            counted = {stream: replace(one, skipped=Counter(one.skipped)) for stream, one in self._counted.items()}
            totals = {stream: budget.totals(stream) for stream in counted}
        # Not under the lock: streams come by.
        streams = {stream: _told(stream, one, totals[stream], at_work) for stream, one in counted.items()}
        return msgspec.structs.replace(said, streams=streams)

    def close(self, *, hurried: bool = False) -> None:
        """No more frames; what is in work may be finished, for a second at most. Closing twice is harmless."""
        until_ns = self._clock.now().mono_ns + (0 if hurried else int(FAREWELL_S * NS_PER_S))
        self._stopped.set()
        while self._at_work is not None and self._clock.now().mono_ns < until_ns:
            threading.Event().wait(POLL_S)
        self._lives.close()

    def _declines(self, frame: Frame, now_ns: int) -> str:
        """Why this frame is skipped; empty: it is taken."""
        stream = frame.id.stream
        if self._phase != "running" or self._stopped.is_set():
            return ABSENT
        if frame.fault:
            return FAULT
        why = self._budget.refuses(now_ns) or (BUSY if self._at_work is not None else "")
        if why:
            if why != BASELINE:
                self._turns.turned_away(stream)
            return why
        return "" if self._turns.is_next(stream) else TURN

    def _located(self) -> ModelBirth | None:
        try:
            return model_birth(*located(self._choice.model, self._choice.backend))
        except GilmokError as error:
            self._give_up(f"{error.sentence}; {error.hint}" if error.hint else error.sentence)
            return None

    def _hear(self, said: FromShadow) -> None:
        match said:
            case Ready():
                with self._lock:
                    self._phase, self._why = "running", ""
                    self._device_kind, self._facts = said.device_kind, said.facts
                    self._budget.begin(self._clock.now().mono_ns)
                log.info("the shadow %s runs beside the active model", self._model.name if self._model else "")
            case Answered():
                with self._lock:
                    self._at_work = None
                    self._settle(said.report.stream, ok=said.report.status == "ok")
                    self._cpu_ns += said.cpu_ns
                    self._budget.done(said.took_ns, self._clock.now().mono_ns)
                self._tell(said.report)
            case GivesUp():
                return  # `_give_up` is called with its words, when it has ended

    def _died(self, why: str) -> None:
        with self._lock:
            self._budget.end()
            lost, self._at_work = self._at_work, None
            if lost is not None:
                self._settle(lost.id.stream, ok=False)
            self._phase, self._why = ("ended", "") if self._stopped.is_set() else ("loading", why)
        if lost is not None:
            self._lose(lost, why)

    def _tell(self, report: FrameReport) -> None:
        """In the one thread that hears: its reports are numbered over all lives of its process."""
        n = self._numbers[report.stream]
        self._numbers[report.stream] += 1
        if not self._say(msgspec.structs.replace(report, n=n)):
            with self._lock:
                self._counted[report.stream].unsent += 1

    def _settle(self, stream: str, *, ok: bool) -> None:
        """In one step with that it is no longer at work, so that the counts always add up."""
        counted = self._counted[stream]
        counted.ok, counted.failed = counted.ok + ok, counted.failed + (not ok)

    def _lose(self, frame: Frame, why: str) -> None:
        """A frame that died with it is a failed one, never one of nothing."""
        assert self._model is not None
        now = self._clock.now()
        waited_ns = now.mono_ns - frame.stamp.mono_ns
        self._tell(
            FrameReport(
                session=self._session.count,
                session_id=self._session.id,
                n=0,
                stream=frame.id.stream,
                seq=frame.id.seq,
                stamp=frame.stamp,
                kind=frame.kind,
                stages={"wait": waited_ns},
                total_ns=waited_ns,
                published=now,
                status="failed",
                reason=why[:REASON_CHARACTERS],
                model=self._model.sha256[:DIGEST_DIGITS],
                artefact=self._model.artefact[:DIGEST_DIGITS],
            )
        )

    def _give_up(self, why: str) -> None:
        with self._lock:
            self._phase, self._why = "failed", why
        log.error("the shadow can't run: %s; the active model goes on without it", why)


def _told(stream: str, counted: _Counted, totals: Totals, at_work: Frame | None) -> ShadowStream:
    return ShadowStream(
        seen=counted.seen,
        ok=counted.ok,
        failed=counted.failed,
        pending=int(at_work is not None and at_work.id.stream == stream),
        skipped=dict(counted.skipped),
        unsent=counted.unsent,
        p99_with_ns=p99(totals.with_ns),
        p99_without_ns=p99(totals.without_ns),
        n_with=len(totals.with_ns),
        n_without=len(totals.without_ns),
    )
