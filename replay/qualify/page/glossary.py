"""What the words of a qualification mean: the glossary that its figures link to."""

from replay.report.glossary import Definition

GLOSSARY = (
    Definition(
        "verdict",
        "PASS, FAIL, INCONCLUSIVE",
        "FAIL: at least one criterion is not met. PASS: all are met. INCONCLUSIVE: none failed, but at least one is "
        "open, because this campaign gathered too little evidence for it or the device can't show it. Open is not "
        "passed.",
    ),
    Definition(
        "reference",
        "Reference",
        "The same model's own file in float32 on ONNX Runtime's CPU backend, with one thread: the yardstick. "
        "Candidate: the model on the device that is put to the test.",
    ),
    Definition(
        "ap",
        "AP, AP50, AP75",
        "Average precision: the area under the precision-recall curve, by COCO's rules. AP is the mean over overlaps "
        "(IoU) .50 to .95; AP50 counts a find from IoU .50, AP75 from .75. 1 is perfect.",
    ),
    Definition(
        "ratio",
        "AP ratio",
        "Candidate's AP over the reference's, on the same frames. PASS-99: the 95 % interval lies at or above .99; "
        "PASS-99.9: at or above .999; FAIL: below .99; INCONCLUSIVE: it holds .99, or fewer than 8 recordings made "
        "none.",
    ),
    Definition(
        "interval",
        "Interval",
        "95 %, from 2,000 draws of whole recordings with replacement, the same draws for both sides, widened for few "
        "recordings (Student's t). Frames of one drive resemble each other, so the recording is the unit. Classes are "
        "judged together (Holm).",
    ),
    Definition(
        "cosine",
        "Cosine",
        "Of the angle between the two sides' output tensors on one frame: 1 is equal up to a factor. It is dominated "
        "by the largest numbers, mostly box coordinates; hence the boxes are compared too.",
    ),
    Definition(
        "matched",
        "Matched boxes",
        "Boxes with a score of .25 or more on each side, paired 1:1 within their class at IoU .90 or more. A box near "
        "the score limit may be on one side only.",
    ),
    Definition(
        "loadgen",
        "LoadGen-style",
        "Queries are issued and timed by MLPerf's own load generator (mlcommons-loadgen). Not an MLPerf result, not "
        "verified by MLCommons. A query is a prepared input tensor, its answer are decoded boxes; latency runs from "
        "the instant at which the query was scheduled.",
    ),
    Definition(
        "scenario",
        "Scenarios",
        "SingleStream: the next query when the last is answered. MultiStream: 8 samples a query. Offline: everything "
        "at once. Server: queries at random instants (Poisson), at a share of the offline throughput. Constant rate: "
        "on a camera's schedule, answered or not; asked and timed by gilmok.",
    ),
    Definition(
        "early-stopping",
        "Early-stopping estimate",
        "The latency that holds at this percentile with 99 % confidence, whatever the sample hides: the slowest answer "
        "left after setting aside as many as the binomial distribution allows (MLPerf's rule). It needs 64 queries for "
        "p90, 662 for p99, 6,636 for p99.9.",
    ),
    Definition(
        "percentile",
        "p50, p90, p99, p99.9",
        "The ⌈q·n⌉-th smallest of the n raw values. A percentile that needs more values than there are is not shown: "
        "p99 needs 100, p99.9 needs 1,000. LoadGen's own logs have the ⌊q·n⌋ + 1-th: the next one, where q·n is a "
        "whole number.",
    ),
    Definition(
        "deadline",
        "Kept, broken, open",
        "Whether p99 is within the deadline: kept or broken where that is 99 % sure, else open, with both confidences. "
        "Exact binomial tails; slow answers that come together count for fewer.",
    ),
    Definition(
        "streams",
        "Cameras in the deadline",
        "The greatest number of cameras, each at the stated rate and due in turns, whose frames have their findings "
        "within the deadline by the p99 of this campaign's frames, and how many of them with 99 % confidence. Whole "
        "frames: resize, inference, decoding; nothing is dropped, waiting counts.",
    ),
    Definition(
        "cold",
        "Cold start",
        "From the start of a fresh process to its first findings: interpreter, imports, model (digest check, compiling "
        "or loading, warm-up), first frame.",
    ),
    Definition(
        "steady",
        "Steady / first",
        "Frames a second in the last third of the soak over those of its first window. Below .95 the device slows "
        "down as it warms up. A soak takes 30 minutes; a shorter one is an indication.",
    ),
    Definition(
        "memory",
        "Memory",
        "Resident bytes of the measuring process and its children, test pictures included. Growth: slope of a "
        "straight line through the second half of the soak.",
    ),
    Definition(
        "determinism",
        "Determinism",
        "sha256 over the bytes of all output tensors: repeats in one process, and the same frames after a restart.",
    ),
    Definition(
        "device",
        "Device kind",
        "cpu, gpu, npu are silicon. emulator and simulator are a vendor's own stand-ins: numerics count, times don't. "
        "emulated is the CPU's numbers with a table's latency: no statement about a chip at all.",
    ),
    Definition(
        "digest",
        "sha256",
        "A fingerprint of a file's bytes, or of a recording's pictures and truth: equal, or another.",
    ),
)
