"""Two contracts that some frames can't tell apart, on more of them."""

from collections.abc import Callable, Sequence

from edge.assembly import Loaded
from models.manifest import InputContract
from replay.doctor.contracts import same_input
from replay.doctor.trial import LabelledFrame, Trial, labelled_frames, trials
from replay.recording import Recording
from replay.scoring.classes import Wanted

TIMES = 4
"""As many frames as before."""


def closer_look(
    parts: Loaded,
    recording: Recording,
    found: Sequence[Trial],
    usual: InputContract | None,
    asked_for: tuple[Sequence[str], Wanted],
    on_step: Callable[[int, int], None],
) -> tuple[list[Trial], list[LabelledFrame]]:
    """The manifest's own, and its makers' usual one or the best of `found`: both on more frames; none where there are
    no more. `found`: the trials so far, the manifest's own first; the others as `trials` has them.
    """
    own, before = found[0].contract.input, len(found[0].stream.frames)
    frames = labelled_frames(recording, TIMES * before)
    if len(frames) <= before:
        return [], []
    best = max(found, key=lambda trial: trial.ap if trial.ap == trial.ap else 0.0)
    rival = usual or best.contract.input
    inputs = [own] if same_input(own, rival) else [own, rival]
    return trials(parts, recording, frames, asked_for, inputs, on_step), frames
