"""Which of a node's pictures are blurred on their way out, and the one function that does it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from edge.config import BlurOf, NodePlan, PrivacyChoice
from edge.privacy.blurring import blurred, parts_of
from edge.wire.findings import Findings
from sensors.frame import Image

log = logging.getLogger(__name__)

Blur: TypeAlias = Callable[[Image, Findings | None], Image]
"""A frame's picture and what was found in it (None: nobody knows) to one that may leave."""
NOT_BLURRED: Mapping[str, Blur] = {}


def blur_of(choice: PrivacyChoice, labels: Sequence[str]) -> Blur:
    """By what a model of those labels finds."""
    parts = parts_of(labels)

    def blur(image: Image, found: Findings | None) -> Image:
        return blurred(image, found, parts, choice.least_score)

    return blur


def blurs_of(config: NodePlan, labels: Sequence[str]) -> tuple[dict[str, Blur], dict[str, Blur]]:
    """By stream, for those whose pictures are blurred: where they are sent, and where they are recorded. Said once."""
    choice, blur = config.privacy, blur_of(config.privacy, labels)

    def of(which: BlurOf) -> dict[str, Blur]:
        return {one.name: blur for one in config.streams if which == "all" or (which == "live" and one.pace == "live")}

    sent, recorded = of(choice.sent), of(choice.recorded if config.record is not None else "none")
    for where, streams in (("sent", sent), ("recorded", recorded)):
        if streams:
            log.info(
                "pictures of %s are blurred before they are %s: the upper half of people, all of vehicles; no detector "
                "of faces or plates is at hand, and what the model misses is not blurred",
                ", ".join(streams),
                where,
            )
    return sent, recorded
