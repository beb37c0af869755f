"""The columns of a run's tables: names with units, that stay (docs/export.md)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["text", "int", "float", "bool"]


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    kind: Kind
    """`int` is of 64 bits, `float` a double."""
    about: str


TIMES = (
    Column("wait_ns", "int", "stage: until its turn"),
    Column("prepare_ns", "int", "stage: resized and put in the network's order"),
    Column("infer_ns", "int", "stage: on the device"),
    Column("decode_ns", "int", "stage: outputs read, suppression"),
    Column("track_ns", "int", "stage: the tracker; null without one"),
    Column("total_ns", "int", "from `capture_ns` to the end of the last stage: the sum of the stages"),
    Column("published_ns", "int", "when it was published, on the clock of `capture_ns`"),
)
MADE_BY = (
    Column("model", "text", "first digits of the model's sha256"),
    Column("artefact", "text", "first digits of the sha256 of the file that ran"),
)
SEQ = Column("seq", "int", "the frame's own number in the recording")
RANK = Column("rank", "int", "in its frame, from 0: best first")
LABEL_INDEX = Column("label_index", "int", "in the model's label table")
TRACK_OF_FOUND = Column("track_id", "int", "null: no track, or no tracker")
STREAM = (
    Column("run", "text", "the run's name"),
    Column("node", "text", "the node, `replay` of `gilmok replay run`"),
    Column("stream", "text", "its stream"),
    Column("session", "int", "the count of the node's session"),
    Column("dataset", "text", "layout of the recording; null: none with a truth"),
    Column("recording", "text", "its name; null: none with a truth"),
    SEQ,
)
FRAMES = (
    *STREAM,
    Column("place", "int", "the frame's place in the recording, from 1; null: the recording isn't here"),
    Column("status", "text", "`ok`; `failed`: it has no findings, which is not none found; `dropped`: nobody asked"),
    Column("reason", "text", "why it failed; else null"),
    Column("findings", "int", "how many; null unless `ok`"),
    Column("truth", "int", "how many objects must be found; null: nobody labelled it, or the recording isn't here"),
    Column("capture_ns", "int", "when it was taken, on the node's monotonic clock; null if dropped, as what follows"),
    Column("capture_utc_ns", "int", "the same by UTC, since 1970: a label, not for differences"),
    Column("capture_kind", "text", "the instant of what `capture_ns` is"),
    *TIMES,
    Column("n", "int", "publication number in its session, from 0"),
    *MADE_BY,
)
BOX = (
    Column("left_px", "float", "in pixels of the picture"),
    Column("top_px", "float", ""),
    Column("right_px", "float", "an edge, not a last pixel"),
    Column("bottom_px", "float", "an edge, not a last pixel"),
)
FINDINGS = (
    *STREAM,
    RANK,
    Column("label", "text", "the model's own"),
    LABEL_INDEX,
    Column("class", "text", "the evaluated class that it counts for; null: none"),
    Column("score", "float", "0 to 1"),
    *BOX,
    TRACK_OF_FOUND,
)
TRUTH = (
    *STREAM,
    Column("label", "text", "the data set's own; null: a region without a class"),
    Column("class", "text", "the evaluated class that it counts for; null: none"),
    Column("role", "text", "`positive`: must be found; `neighbour`, `region`, `invisible`: docs/metrics/accuracy.md"),
    *BOX,
    Column("track_id", "int", "null: no track"),
    Column("truncated", "float", "fraction outside the picture, or the data set's own level; null: unknown"),
    Column("occluded", "float", "fraction hidden, or the data set's own level; null: unknown"),
    Column("distance_m", "float", "from the camera; null: unknown"),
)
TABLES = {"frames": FRAMES, "findings": FINDINGS, "truth": TRUTH}
"""A row for each captured frame, for each found box, and for each labelled box."""
