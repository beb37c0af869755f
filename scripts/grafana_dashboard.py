"""Writes docs/grafana/gilmok.json: a Grafana dashboard over the hub's /metrics and over its ledger in PostgreSQL.

    python -P -m scripts.grafana_dashboard > docs/grafana/gilmok.json

A test holds the file against this, and asks a real Prometheus and a real PostgreSQL every panel's question.
"""

import itertools
import json
import sys
from dataclasses import dataclass
from typing import Any

WIDTH = 24
PROMETHEUS, LEDGER = "prometheus", "grafana-postgresql-datasource"
OF = '{site=~"$site",node=~"$node"}'
SQL_OF = "site IN (${ledger_site:sqlstring}) AND node IN (${ledger_node:sqlstring})"
MINUTES = f"step_s = 60 AND stream <> '' AND $__unixEpochFilter(begin_utc_s) AND {SQL_OF}"

MINUTE = 'to_timestamp(begin_utc_s) AS "time"'


@dataclass(frozen=True)
class Panel:
    title: str
    kind: str
    """As Grafana calls it."""
    asks: tuple[tuple[str, str], ...]
    """PromQL and its legend, or SQL and its format."""
    unit: str = "short"
    width: int = 12
    stacked: bool = False


METRICS = (
    Panel("Nodes, by what they are", "stat", (("gilmok_nodes > 0", "{{glance}}"),), width=12),
    Panel("Alerts that stand", "stat", (("gilmok_alerts", "{{alert}} ({{severity}})"),), width=8),
    Panel("Ledger readable", "stat", (("gilmok_ledger_readable", "readable"),), width=4),
    Panel("p99, capture to result", "timeseries",
          ((f"gilmok_stream_latency_p99_seconds{OF}", "{{node}}/{{stream}}"),), "s"),
    Panel("Stages, median, mean of the chosen nodes", "timeseries",
          ((f"avg by (stage) (gilmok_stream_stage_p50_seconds{OF})", "{{stage}}"),), "s", stacked=True),
    Panel("Frames a second, by fate", "timeseries",
          ((f"sum by (fate) (rate(gilmok_stream_frames_total{OF}[$__rate_interval]))", "{{fate}}"),
           (f"sum(rate(gilmok_stream_captured_frames_total{OF}[$__rate_interval]))", "captured")), "none"),
    Panel("Dropped, of what was captured", "timeseries",
          ((f'sum by (node) (rate(gilmok_stream_frames_total{{site=~"$site",node=~"$node",fate="dropped"}}'
            f"[$__rate_interval])) / sum by (node) (rate(gilmok_stream_captured_frames_total{OF}[$__rate_interval]))",
            "{{node}}"),), "percentunit"),
    Panel("Chip", "timeseries", ((f"gilmok_node_chip_temperature_celsius{OF}", "{{node}}"),), "celsius", 8),
    Panel("Power", "timeseries", ((f"gilmok_node_power_watts{OF}", "{{node}}"),), "watt", 8),
    Panel("Kept until a hub has them", "timeseries", ((f"gilmok_node_spooled_reports{OF}", "{{node}}"),), "none", 8),
    Panel("Heard last, ago", "timeseries",
          ((f"time() - gilmok_node_last_heard_timestamp_seconds{OF}", "{{node}}"),), "s", 8),
    Panel("Refused messages, and reports lost for want of room, a second", "timeseries",
          ((f"sum by (node) (rate(gilmok_node_refused_messages_total{OF}[$__rate_interval])) > 0", "{{node}} refused"),
           (f"sum by (node) (rate(gilmok_stream_evicted_reports_total{OF}[$__rate_interval])) > 0", "{{node}} lost")),
          "none", 8),
    Panel("The webhook", "timeseries",
          (("gilmok_webhook_waiting_messages", "waiting"),
           ("rate(gilmok_webhook_failed_tries_total[$__rate_interval])", "failed tries a second"),
           ("gilmok_webhook_messages_total", "{{outcome}}")), "none", 8),
    Panel("What runs where", "table", ((f"gilmok_node_info{OF}", ""),), width=24),
)  # fmt: skip
IN_THE_LEDGER = (
    Panel("Frames a second by minute, by fate", "timeseries", ((
        f'SELECT {MINUTE}, SUM(ok) / 60.0 AS "ok", SUM(failed) / 60.0 AS "failed", SUM(dropped) / 60.0 AS "dropped" '
        f"FROM rollups WHERE {MINUTES} GROUP BY 1 ORDER BY 1", "time_series"),), "none"),
    Panel("Late, given up, down: reports by minute", "timeseries", ((
        f'SELECT {MINUTE}, SUM(late) AS "late", SUM(evicted) AS "given up", '
        f'SUM(down) AS "down" FROM rollups WHERE {MINUTES} GROUP BY 1 ORDER BY 1', "time_series"),), "none"),
    Panel("Capture to result by minute: p50 and p99 of the chosen nodes (reports that are kept)", "timeseries", ((
        'SELECT to_timestamp(received_utc_ns / 60000000000 * 60) AS "time", '
        'percentile_disc(0.5) WITHIN GROUP (ORDER BY total_ns) / 1e9 AS "p50", '
        'percentile_disc(0.99) WITHIN GROUP (ORDER BY total_ns) / 1e9 AS "p99" '
        f"FROM frames WHERE status = 'ok' AND NOT late AND {SQL_OF} "
        "AND $__unixEpochNanoFilter(received_utc_ns) GROUP BY 1 ORDER BY 1", "time_series"),), "s", 24),
    Panel("Nodes: the newest session", "table", ((
        'SELECT s.site, s.node, s.run, COALESCE(c.state, \'unknown\') AS "said last", '
        'to_timestamp(c.received_utc_ns / 1e9) AS "at" FROM sessions s LEFT JOIN conns c USING (site, node, session) '
        "WHERE s.id IN (SELECT MAX(id) FROM sessions WHERE NOT former GROUP BY site, node) ORDER BY 1, 2", "table"),)),
    Panel("Runs, by what the rollups hold", "table", ((
        'SELECT s.run, to_timestamp(MIN(s.born_utc_ns) / 1e9) AS "began", COUNT(DISTINCT (s.site, s.node)) AS "nodes", '
        'SUM(r.ok) AS "ok", SUM(r.failed) AS "failed", SUM(r.dropped) AS "dropped" FROM sessions s '
        "LEFT JOIN rolled r USING (site, node, session) GROUP BY 1 ORDER BY 2 DESC LIMIT 100", "table"),)),
    Panel("Refused messages", "table", ((
        "SELECT site, node, reason, count FROM refusals ORDER BY count DESC LIMIT 100", "table"),)),
    Panel("Reports that never came", "table", ((
        'SELECT site, node, stream, first, last, to_timestamp(opened_utc_ns / 1e9) AS "missed at", missing FROM gaps '
        "WHERE closed_utc_ns IS NULL ORDER BY opened_utc_ns DESC LIMIT 100", "table"),)),
)  # fmt: skip
CHOICES = (
    ("site", "Site", PROMETHEUS, "label_values(gilmok_node_online, site)"),
    ("node", "Node", PROMETHEUS, 'label_values(gilmok_node_online{site=~"$site"}, node)'),
    ("ledger_site", "Site (ledger)", LEDGER, "SELECT DISTINCT site FROM sessions ORDER BY 1"),
    ("ledger_node", "Node (ledger)", LEDGER,
     "SELECT DISTINCT node FROM sessions WHERE site IN (${ledger_site:sqlstring}) ORDER BY 1"),
)  # fmt: skip


def dashboard() -> dict[str, Any]:
    rows = [
        ("From /metrics", METRICS, PROMETHEUS, False),
        ("From the ledger in PostgreSQL", IN_THE_LEDGER, LEDGER, True),
    ]
    panels: list[dict[str, Any]] = []
    numbers, y = itertools.count(1), 0
    for title, held, source, closed in rows:
        row: dict[str, Any] = {"id": next(numbers), "type": "row", "title": title, "collapsed": closed, "panels": []}
        row["gridPos"] = {"h": 1, "w": WIDTH, "x": 0, "y": y}
        placed, y = _placed(held, source, y + 1, numbers)
        # A row that is closed holds its panels; they ask nothing until it is opened.
        panels += [row | {"panels": placed}] if closed else [row, *placed]
    return {
        "title": "gilmok",
        "uid": "gilmok",
        "description": "How fast, how many frames, what is wrong. docs/dashboard.md says how to load it.",
        "tags": ["gilmok"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "timezone": "browser",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_source("prometheus", "Prometheus", PROMETHEUS), _source("ledger", "Ledger", LEDGER),
                                *(_choice(*one) for one in CHOICES)]},
        "panels": panels,
    }  # fmt: skip


def _placed(held: tuple[Panel, ...], source: str, y: int, numbers: Any) -> tuple[list[dict[str, Any]], int]:
    panels, x, height = [], 0, 0
    for panel in held:
        if x + panel.width > WIDTH:
            x, y, height = 0, y + height, 0
        own = 4 if panel.kind == "stat" else 8
        panels.append(_panel(panel, source, next(numbers)) | {"gridPos": {"h": own, "w": panel.width, "x": x, "y": y}})
        x, height = x + panel.width, max(height, own)
    return panels, y + height


def _panel(panel: Panel, source: str, number: int) -> dict[str, Any]:
    at = {"type": source, "uid": "${prometheus}" if source == PROMETHEUS else "${ledger}"}
    custom: dict[str, Any] = {}
    if panel.kind == "timeseries":
        custom = {
            "fillOpacity": 20 if panel.stacked else 0,
            "stacking": {"mode": "normal" if panel.stacked else "none"},
        }
    targets = [_target(ask, how, panel, at, letter) for (ask, how), letter in zip(panel.asks, "ABC", strict=False)]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "datasource": at,
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": custom}, "overrides": []},
        "options": {},
        "targets": targets,
    }


def _target(ask: str, how: str, panel: Panel, at: dict[str, str], letter: str) -> dict[str, Any]:
    if at["type"] == LEDGER:
        return {"refId": letter, "datasource": at, "rawSql": ask, "format": how, "rawQuery": True, "editorMode": "code"}
    once = panel.kind != "timeseries"
    told = {"refId": letter, "datasource": at, "expr": ask, "legendFormat": how, "instant": once, "range": not once}
    return told | ({"format": "table"} if panel.kind == "table" else {})


def _source(name: str, label: str, kind: str) -> dict[str, Any]:
    return {"name": name, "label": label, "type": "datasource", "query": kind, "refresh": 1}


def _choice(name: str, label: str, kind: str, query: str) -> dict[str, Any]:
    at = {"type": kind, "uid": "${prometheus}" if kind == PROMETHEUS else "${ledger}"}
    asked: Any = {"query": query, "refId": name} if kind == PROMETHEUS else query
    every = {"selected": True, "text": ["All"], "value": ["$__all"]}
    told = {"name": name, "label": label, "type": "query", "datasource": at, "query": asked, "definition": query}
    return told | {"multi": True, "includeAll": True, "refresh": 2, "current": every}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(dashboard(), indent=1) + "\n")
