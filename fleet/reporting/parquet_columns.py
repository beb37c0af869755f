"""The columns of a ledger's tables for other programs: named as in a run's (docs/export.md), with their units."""

from replay.export.columns import BOX, LABEL_INDEX, MADE_BY, RANK, SEQ, TIMES, TRACK_OF_FOUND, Column

SESSION = (
    Column("run", "text", "the run's name"),
    Column("site", "text", "the node's site"),
    Column("node", "text", "the node"),
    Column("session", "int", "the count of the node's session"),
    Column("session_id", "text", "what names the session; `count-N` of a node that has only a counter"),
)
STREAM = (
    *SESSION,
    Column("stream", "text", "the node's stream"),
    Column("n", "int", "publication number in its session, from 0"),
    SEQ,
)
REPORTS = (
    *STREAM,
    Column("status", "text", "`ok`; `failed`: it has no findings, which is not none found"),
    Column("reason", "text", "why it failed; else null"),
    Column("findings", "int", "how many; null unless `ok`"),
    Column("capture_ns", "int", "when it was taken, on the node's monotonic clock"),
    Column("capture_utc_ns", "int", "the same by UTC, since 1970: a label, not for differences"),
    Column("capture_kind", "text", "the instant of what `capture_ns` is"),
    Column("clock_known", "bool", "false: the node's wall clock can't be; `capture_utc_ns` is the report's receipt"),
    *TIMES,
    Column("received_ns", "int", "when the hub received it, on the hub's monotonic clock"),
    Column("received_utc_ns", "int", "the same by UTC"),
    Column("hub_latency_ns", "int", "capture to receipt; null where node and hub had no clock in common"),
    Column("late", "bool", "it came out of a backlog: no live figure holds it"),
    *MADE_BY,
)
FINDINGS = (
    *STREAM,
    RANK,
    Column("label", "text", "the model's own; null: it has none of that index, or its birth isn't here"),
    LABEL_INDEX,
    Column("score", "float", "0 to 1"),
    *BOX,
    TRACK_OF_FOUND,
)
SESSIONS = (
    *SESSION,
    Column("born_utc_ns", "int", "when it introduced itself, by its clock if that can be right, else by the hub's"),
    Column("received_utc_ns", "int", "when the hub received that"),
)
GAPS = (
    *SESSION,
    Column("stream", "text", "the node's stream"),
    Column("first", "int", "the first `n` that was missing when a later one came"),
    Column("last", "int", "the last"),
    Column("opened_utc_ns", "int", "when that was noticed, by the hub's clock"),
    Column("closed_utc_ns", "int", "when the last of them had come; null: some are still missing"),
)
ROLLUPS = (
    Column("begin_utc_s", "int", "when the hour began, in seconds of UTC since 1970"),
    Column("site", "text", "the node's site"),
    Column("node", "text", "the node"),
    Column("stream", "text", "the node's stream"),
    Column("ok", "int", "reports of ok frames, kept as rows or not"),
    Column("failed", "int", "reports of failed frames"),
    Column("late", "int", "of those, what came out of a backlog"),
    Column("captured", "int", "by health; null: nobody told it, as in what follows"),
    Column("dropped", "int", "captured, and nobody asked"),
    Column("evicted", "int", "reports that the node gave up"),
    Column("down", "int", "due while the node was dead"),
    Column("total_p50_ns", "int", "capture to result, to within 1 %; null: no ok frame"),
    Column("total_p99_ns", "int", "likewise"),
    Column("hub_p50_ns", "int", "capture to receipt of what was not late, to within 1 %; null: not known"),
    Column("hub_p99_ns", "int", "likewise"),
)
TABLES = {"reports": REPORTS, "findings": FINDINGS, "sessions": SESSIONS, "gaps": GAPS, "rollups": ROLLUPS}
"""A row for each report, found box, session, hole in the numbers of a stream's reports, and hour of a stream. Rollups
know no run: of one run alone there are none."""
