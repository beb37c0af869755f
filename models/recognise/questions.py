"""What a file leaves open: each is asked for by one option, with the answers that fit."""

from collections.abc import Sequence

from sensors.errors import GilmokError


class TaskForeign(GilmokError):
    def __init__(self, task: str) -> None:
        super().__init__(f"the file's task is {task!r}", "gilmok scores detectors: export a model that detects")


class NoDetector(GilmokError):
    def __init__(self, what: str) -> None:
        super().__init__(
            f"no detection head is known with {what}",
            "export it without what your own program does afterwards, or write a manifest (docs/models.md)",
        )


class InputForeign(GilmokError):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"the file takes {what}, which gilmok doesn't feed", hint)


class LabelsAsked(GilmokError):
    def __init__(self, counts: Sequence[int]) -> None:
        fits = " or ".join(str(count) for count in counts)
        super().__init__(
            f"the file doesn't name its labels; its outputs {f'have room for {fits}' if fits else 'fit any number'}",
            "say --labels car,person,truck (in the order of the training), or --labels coco80 or coco91",
        )


class LabelsUnfit(GilmokError):
    def __init__(self, n: int, counts: Sequence[int]) -> None:
        fits = " or ".join(str(count) for count in counts)
        super().__init__(f"{n} labels for outputs with room for {fits}", "say --labels with as many names, in order")


class SizeAsked(GilmokError):
    def __init__(self) -> None:
        super().__init__(
            "the file leaves the size of its input open, and doesn't say which it was trained for",
            "say --size 640x640 (width x height)",
        )
