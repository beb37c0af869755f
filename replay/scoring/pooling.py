"""Several recordings scored as one set: classes by their names, and each recording a sequence of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from replay.metrics.pool import Found, Index, Labelled
from replay.scoring.reference import Pool


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    classes: tuple[str, ...]
    found: Found
    labelled: Labelled
    sequence_of_image: Index

    @property
    def n_images(self) -> int:
        return len(self.sequence_of_image)


def joined(pools: Sequence[Pool], images: Sequence[int]) -> Joint:
    """`images`: how many labelled frames each pool is of. A class that two recordings evaluate is one class."""
    classes = tuple(dict.fromkeys(name for pool in pools for name in pool.classes))
    starts = np.cumsum([0, *images])
    places = [np.array([classes.index(name) for name in pool.classes], np.int64) for pool in pools]
    found = [pool.found for pool in pools]
    labelled = [pool.labelled for pool in pools]
    return Joint(
        classes=classes,
        found=Found(
            np.concatenate([one.images + start for one, start in zip(found, starts, strict=False)]),
            np.concatenate([place[one.labels] for one, place in zip(found, places, strict=True)]),
            np.concatenate([one.boxes for one in found]),
            np.concatenate([one.scores for one in found]),
        ),
        labelled=Labelled(
            np.concatenate([one.images + start for one, start in zip(labelled, starts, strict=False)]),
            np.concatenate([place[one.labels] for one, place in zip(labelled, places, strict=True)]),
            np.concatenate([one.boxes for one in labelled]),
            np.concatenate([one.areas for one in labelled]),
            np.concatenate([one.roles for one in labelled]),
        ),
        sequence_of_image=np.repeat(np.arange(len(images)), images),
    )
