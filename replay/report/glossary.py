"""What the page's words mean: the glossary that every figure and table head links to.

docs/metrics.md defines the same words at length; where the two differ, that file is right and this one is a bug.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Definition:
    anchor: str
    term: str
    text: str


GLOSSARY = (
    Definition(
        "frames",
        "Captured, ok, failed, dropped",
        "Captured: the camera released it. Ok: the model answered it (an empty answer is an answer). Failed: it should "
        "have been answered and was not, for a reason that is told. Dropped: a newer frame took its place before "
        "the node came to it.",
    ),
    Definition(
        "books",
        "The books balance",
        "Captured = ok + failed + dropped, by the node's own count, and every report that the node counted has arrived "
        "once. Where that does not hold, the page names what is missing.",
    ),
    Definition(
        "valid",
        "Valid run",
        "The load was what the page says: in real time, the 99th percentile of the camera's lateness kept to its "
        "bound, and no part died. An invalid run's figures are shown, but must not be compared with others.",
    ),
    Definition(
        "fps",
        "Frames per second",
        "Reports (ok and failed) divided by the time from the first frame's stamp to the end of the last report.",
    ),
    Definition(
        "pace",
        "Realtime and lockstep",
        "Realtime: frames come on the camera's schedule, whether the node is ready or not, so a slow node drops "
        "frames. Lockstep: the next frame comes when the node has room, so nothing is dropped and wait is nearly nil.",
    ),
    Definition(
        "latency",
        "Latency (capture to result)",
        "From the frame's stamp to the end of its last stage, on one machine's monotonic clock, over ok frames. In "
        "real time the stamp is the scheduled instant, so a stall is charged to every frame that waited for it.",
    ),
    Definition(
        "stages",
        "Stages",
        "wait: from the stamp until the node begins. prepare: resize and layout. infer: from submission to the "
        "device until its result. decode: from tensors to boxes. track: ids over time. They do not overlap, and "
        "their sum is the latency, to the nanosecond.",
    ),
    Definition(
        "publish",
        "Capture to publish",
        "From the frame's stamp until the node handed the report to its MQTT client, on the node's clock.",
    ),
    Definition(
        "hub",
        "Capture to hub",
        "From the frame's stamp until the hub had the report. Shown only where one clock, or a compared pair of "
        "clocks, covers both instants.",
    ),
    Definition(
        "percentile",
        "p50, p90, p99, p99.9",
        "The ⌈q·n⌉-th smallest of the n raw values: p90 = 80 ms says that nine frames in ten took 80 ms or less. A "
        "percentile that needs more values than there are is not shown: p99 needs 100, p99.9 needs 1,000.",
    ),
    Definition(
        "tail",
        "The tail",
        "For each latency, the share of frames that took longer. Both axes are logarithmic: each step down is ten "
        "times rarer. A curve that falls steeply is a predictable system.",
    ),
    Definition(
        "period",
        "Frame period",
        "The time between two frames of the camera, 1/fps. A node that works on one frame at a time and needs longer "
        "than this must drop frames.",
    ),
    Definition(
        "lateness",
        "Camera's lateness",
        "How much later than scheduled the replaying camera released its frames (the pacing error). If its p99 "
        "exceeds the bound, the run is invalid: the machine that replays was too busy to keep the schedule.",
    ),
    Definition(
        "match",
        "Match, IoU",
        "A finding and an object of the same class match if their boxes overlap enough: intersection over union (IoU) "
        "of at least .50 in the figures here. Findings choose best score first, and each object is taken once.",
    ),
    Definition(
        "ap",
        "AP50, AP, AP75, AR100",
        "Average precision: the area under the precision-recall curve, the mean over classes. AP50 counts a match "
        "from IoU .50, AP75 from .75; AP is the mean over IoU .50 to .95. AR100 is the mean of the greatest recall at "
        "those IoUs. COCO's rules. 1 is perfect; objects in dropped and failed frames count as missed. Its 95 % "
        "interval is by blocks of pictures longer than they resemble each other; too few of them, and there is none.",
    ),
    Definition(
        "precision-recall",
        "Precision and recall",
        "As the score at which a finding counts is lowered, recall (the share of objects that are found) grows and "
        "precision (the share of findings that are right) falls. The curve is made non-increasing, as COCO does it.",
    ),
    Definition(
        "operating",
        "Operating score",
        "The one score per stream at which F1, the harmonic mean of precision and recall at IoU .50 over all classes, "
        "is greatest. The pictures and the shares found are drawn at it. Chosen with the truth in hand: it is the best "
        "this model can do on this recording.",
    ),
    Definition(
        "found",
        "Share found",
        "Recall at IoU .50 of a part of the truth: dark, at the operating score; light, at any score. False "
        "alarms have no distance or occlusion, so this says nothing about them. Objects in frames without an "
        "answer count as not found.",
    ),
    Definition(
        "size",
        "Size",
        "Area of the object in the picture: small up to 32² pixels, medium up to 96², large above (COCO's limits).",
    ),
    Definition(
        "streaming",
        "Streaming accuracy",
        "At each labelled instant the truth is compared with the newest answer that had left the node by then, "
        "whatever frame it came from; before the first answer everything is missed. It joins speed and rightness in "
        "one number (Li, Wang and Ramanan, 2020). At the node: the newest answer that it had published. At the hub: "
        "the newest that the hub had received. Above them, without time: every captured frame by its own answer (a "
        "dropped or failed one has none: missed), and the answered frames alone, which is the model's accuracy. "
        "Neither is a bound. Misses: labelled instants before the first answer.",
    ),
    Definition(
        "within",
        "≤ so many ms",
        "The share of all captured frames whose own answer was there so soon after capture. Frames that were dropped "
        "or failed never were.",
    ),
    Definition(
        "age",
        "Age",
        "Age of information: how long ago the frame was taken that the newest answer is about, over all of the time "
        "from the first answer to the last frame. It grows until the next answer comes. p99: for 99 % of the time it "
        "was not older.",
    ),
    Definition(
        "tracking",
        "HOTA, AssA, MOTA, IDF1, IDSW",
        "How well the node kept apart who is who over time. HOTA weighs finding (DetA) and keeping the identity (AssA) "
        "alike; MOTA counts errors; IDF1 compares whole tracks; IDSW counts how often a track changed its identity. "
        "1 is perfect but for IDSW, where it is 0. TrackEval's rules.",
    ),
    Definition(
        "agreement",
        "Agreement, shadow",
        "A shadow is a candidate that runs beside the active model on the same frames. F1: of the findings of both "
        "from a score of .5 on, what share has its like in the other (same class, IoU .5); 1 where all have. Taught: "
        "AP of the shadow as if the active model's findings were the truth. None of it is accuracy: both "
        "may err alike.",
    ),
    Definition(
        "bound",
        "± (systematic)",
        "Between two machines a time is only as good as the comparison of their clocks: the true percentile lies "
        "within so much of the one shown. Where the bound exceeds a fifth of the median, no figure is shown.",
    ),
    Definition(
        "profile",
        "Profiles",
        "Other rules for the same findings. official: the data set's own devkit, to be compared with what others "
        "publish. crosswalk: a model of COCO's classes on a label set that is not COCO's; each labelled box has a "
        "role.",
    ),
    Definition("distance", "Distance", "From the camera to the object, where the data set knows it."),
    Definition(
        "occlusion",
        "Hidden",
        "How much of the object something else hides: as a fraction, or as the data set's own level "
        "(KITTI: 0 visible, 1 partly, 2 largely, 3 unknown).",
    ),
    Definition(
        "truncation",
        "Outside the picture",
        "How much of the object lies outside the picture: as a fraction, or as the data set's own level.",
    ),
    Definition(
        "boxes",
        "Colours of the boxes",
        "Found: an object that a finding matched, or that finding. Missed: an object that none did. False alarm: a "
        "finding that matched none. Not counted: what need not be found (crowds, other kinds, too little to be seen), "
        "and findings on it. Findings in an area that nobody labelled are dropped before anything is counted.",
    ),
    Definition(
        "digest",
        "Digests",
        "A sha256 is a fingerprint: equal digests, equal bytes. The model's is of its file, the recording's of every "
        "picture and the truth, that of the findings of every frame's answer as it went over the wire: "
        "two runs with one findings digest found the same.",
    ),
    Definition(
        "device",
        "Device kind",
        "Where the numbers come from: cpu, gpu, npu are silicon; emulator and simulator are a vendor's; emulated is a "
        "CPU's findings with a profile's latency, and no statement about the chip.",
    ),
)

COMPARISON_TERMS = (
    Definition(
        "verdict",
        "WORSE, NOT WORSE, INCONCLUSIVE",
        "WORSE: the 95 % interval lies wholly on the bad side of no change. NOT WORSE: with 95 % certainty B is worse "
        "by less than the margin. INCONCLUSIVE: what was measured says neither. All together: WORSE if any figure or "
        "class is, NOT WORSE if every judged figure is, else INCONCLUSIVE.",
    ),
    Definition(
        "change",
        "Change",
        "Of accuracy the difference B − A on the same recordings; of a latency the ratio B / A, of geometric means "
        "over runs.",
    ),
    Definition(
        "interval",
        "95 % interval",
        "Accuracy: recordings are drawn again and again, with replacement, the same ones for A and B (paired "
        "bootstrap, or leaving each out once where that spreads more), and Student's t over them. Latency: of the "
        "logarithm of each run's percentile, runs over the same recordings compared with each other. None is shown "
        "where n is too small: 8 sequences, or 5 runs a side.",
    ),
    Definition(
        "unit",
        "n: sequences and runs",
        "The frames of one drive resemble each other, and so do those of one run: they are no independent witnesses. "
        "What counts is the number of different recordings (sequences) and, for latency, of separate runs.",
    ),
    Definition(
        "margin",
        "Margin",
        "How much worse B may be and still pass for not worse: a difference of accuracy, or a factor on a latency. "
        "Chosen by whoever asks; over a tenth of A's own figure it is refused.",
    ),
    Definition(
        "here",
        "WORSE HERE, NOT WORSE HERE, CAN'T TELL HERE",
        "Of one recording by itself, cut into blocks of time as long as its traffic stays alike (by autocorrelation; 6 "
        "to 8 of them): the blocks take the place of recordings, the rules are those of WORSE and NOT WORSE. What is "
        "said holds for more traffic like this at this place and hour, not for other roads.",
    ),
    Definition(
        "holm",
        "Holm's correction",
        "Of many classes some look worse by chance. Holm's step-down keeps the chance of even one false WORSE over all "
        "classes to 2.5 %.",
    ),
)
