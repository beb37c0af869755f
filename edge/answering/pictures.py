"""What a model on its device answers to single pictures: tensors and findings, by the parts of the frame path."""

from collections.abc import Iterable, Iterator

import numpy as np

from edge.assembly import Loaded
from edge.device.backend import InferenceFailed
from models.bundle.self_test import Answer
from models.bundle.tuples import DeviceTuple, device_tuple
from models.decode import read
from models.preprocess import Preparer
from models.stitch import Stitch
from models.tensors import dequantise
from sensors.frame import Image
from sensors.host import host_facts


def answers(parts: Loaded, pictures: Iterable[Image]) -> Iterator[Answer]:
    """One after the other; raises InferenceFailed, also where an output is no finite number, or PictureUnfit."""
    preparer = Preparer(parts.artefact.input, parts.session.inputs[0])
    stitch, memory = Stitch(parts.artefact), preparer.buffer()
    for picture in pictures:
        prepared = preparer.prepare(picture, memory)
        raw = parts.session.run([prepared.tensor])
        real = [dequantise(stored, spec) for stored, spec in zip(raw, parts.session.outputs, strict=True)]
        if not all(np.isfinite(output).all() for output in real):
            raise InferenceFailed(parts.manifest.name, "its outputs are not finite numbers")
        # The session may use its memory again for the next picture.
        outputs = [np.array(output, np.float32) for output in stitch(real)]
        yield Answer(outputs, read(outputs, parts.manifest, prepared.placement))


def tuple_of(parts: Loaded) -> DeviceTuple:
    """Of the device that the model is loaded on, as its SDK tells it now."""
    birth = parts.backend_birth()
    return device_tuple(birth.name, birth.device_kind, birth.facts, host_facts()["machine"])
