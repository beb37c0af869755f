"""A pretended accelerator: ONNX Runtime's numbers, after as long as a device profile says. Never a measurement."""

import math
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from edge.backends.onnxruntime import OnnxRuntime
from edge.device.backend import BackendError, Device, DeviceAbsent, Session, Telemetry, Tensors
from edge.device.delegating import DelegatingSession
from edge.device.feeds import zeros
from edge.device.pooled import Pooled
from edge.device.sdk import About
from models.manifest import Artefact
from sensors import config
from sensors.clock import NS_PER_MS, NS_PER_S, Clock, SystemClock
from sensors.config import Settings
from sensors.ranges import Growth, Milliseconds, Seconds, Seed, Several, Text, Threads

NAME = "emulated"
PROFILES = Path(__file__).with_name("profiles.toml")

RANKS = (0.0, 0.5, 0.9, 0.99, 1.0)
"""Of a profile's latencies; between them they are interpolated."""

TRIALS = 3
"""Inferences at start that show whether this CPU is fast enough for the profile."""


class Profile(Settings, frozen=True, kw_only=True):
    """Latency of one inference on one core, by rank."""

    source: Text
    """Where the figures come from, or that they are assumed."""
    min_ms: Milliseconds
    p50_ms: Milliseconds
    p90_ms: Milliseconds
    p99_ms: Milliseconds
    max_ms: Milliseconds
    cores: Several = 1
    """Inferences that run beside each other."""
    throttle_after_s: Seconds | None = None
    """Seconds of work after which every latency is multiplied by `throttle_factor`; None: never."""
    throttle_factor: Growth = 1.0

    def __post_init__(self) -> None:
        if list(self.latencies_ms) != sorted(self.latencies_ms):
            raise ValueError("from min_ms over p50_ms, p90_ms and p99_ms to max_ms no latency falls")

    @property
    def latencies_ms(self) -> tuple[float, ...]:
        return (self.min_ms, self.p50_ms, self.p90_ms, self.p99_ms, self.max_ms)


class ProfileTooFast(BackendError):
    def __init__(self, profile: str, p50_ms: float, took_ms: float) -> None:
        super().__init__(
            f"profile {profile!r} answers in {p50_ms:g} ms, but this CPU needs {took_ms:.1f} ms for the numbers alone",
            'take a slower profile, a smaller model or more `threads`; or set `late = "tell"`, and such frames count',
        )


class Emulated:
    about = About(
        silicon="none: a profile of one",
        module="onnxruntime",
        install="it comes with gilmok",
        tried="emulated: latency from a table, numbers from the CPU",
    )

    class Options(Settings, frozen=True, kw_only=True):
        page: ClassVar[str] = "docs/backends.md"

        profiles: Path = PROFILES
        seed: Seed = 0
        threads: Threads = 1
        late: Literal["refuse", "tell"] = "refuse"
        """What to do where the CPU is slower than the profile: `refuse`, or `tell` (counted in the facts)."""

    def __init__(self, options: Options, clock: Clock | None = None) -> None:
        self._options = options
        self._clock = clock or SystemClock()
        self._profiles = config.read(options.profiles, dict[str, Profile])
        self._numbers = OnnxRuntime(OnnxRuntime.Options(threads=options.threads))

    def devices(self) -> Sequence[Device]:
        return [
            Device(name, "emulated", f"latencies {profile.source}", self._facts(profile))
            for name, profile in self._profiles.items()
        ]

    def load(self, artefact: Artefact, device: str) -> Session:
        if device not in self._profiles:
            raise DeviceAbsent(NAME, device, list(self._profiles))
        profile = self._profiles[device]
        numbers = self._numbers.load(artefact, "cpu")
        if self._options.late != "tell":
            self._demand_speed(numbers, device, profile)
        session = _Paced(numbers, profile, self._clock, self._options.seed, self._facts(profile))
        return Pooled(NAME, session, profile.cores)

    def _demand_speed(self, numbers: Session, name: str, profile: Profile) -> None:
        took_ms = math.inf
        for _ in range(TRIALS):
            begun_ns = self._clock.now().mono_ns
            numbers.run(zeros(numbers.inputs))
            took_ms = min(took_ms, (self._clock.now().mono_ns - begun_ns) / NS_PER_MS)
        if took_ms > profile.p50_ms:
            raise ProfileTooFast(name, profile.p50_ms, took_ms)

    def _facts(self, profile: Profile) -> dict[str, str]:
        runtime = self._numbers.devices()[0].facts["runtime"]
        return {"runtime": f"{runtime}, with pretended latency", "profile": profile.source, "evidence": "emulated"}


class _Paced(DelegatingSession):
    """Answers when the profile's latency is over, counted from when a core took the inference on."""

    def __init__(self, numbers: Session, profile: Profile, clock: Clock, seed: int, facts: Mapping[str, str]) -> None:
        super().__init__(numbers)
        self._profile = profile
        self._clock = clock
        self._chance = np.random.default_rng(seed)
        self._facts = facts
        self._drawing = threading.Lock()
        self._worked_ns = 0
        self._late = 0

    @property
    def facts(self) -> Mapping[str, str]:
        return {**self._facts, "late": f"{self._late} inferences took the CPU longer than the profile says"}

    def run(self, feeds: Tensors) -> Tensors:
        begun_ns = self._clock.now().mono_ns
        due_ns = begun_ns + self._latency_ns()
        outputs = super().run(feeds)
        self._late += self._clock.now().mono_ns > due_ns
        self._clock.sleep_until(due_ns)
        return outputs

    def telemetry(self) -> Telemetry | None:
        return Telemetry(math.nan, math.nan, math.nan, math.nan, throttled=self._throttled)

    @property
    def _throttled(self) -> bool:
        after_s = self._profile.throttle_after_s
        return after_s is not None and self._worked_ns / NS_PER_S > after_s * self._profile.cores

    def _latency_ns(self) -> int:
        with self._drawing:
            latency_ms = float(np.interp(self._chance.random(), RANKS, self._profile.latencies_ms))
            if self._throttled:
                latency_ms *= self._profile.throttle_factor
            self._worked_ns += round(latency_ms * NS_PER_MS)
            return round(latency_ms * NS_PER_MS)
