"""The answers themselves, by the same functions as `gilmok hub report`, `gilmok replay report|compare|export`."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from fleet.arrivals import key_of
from fleet.config import HubConfig
from fleet.ledger.reader import LedgerReader
from fleet.reporting.loaded_run import loaded_run
from fleet.reporting.pruned_runs import pruned_rows
from fleet.reporting.run_records import known_run
from fleet.reporting.truth_index import TruthIndex
from fleet.web.runs.questions import Answer, Question
from replay.comparison.compare import ComparisonSettings, Held, hold
from replay.comparison.sides import Side, check_side
from replay.export.columns import TABLES
from replay.export.export import csv_of, export
from replay.export.tables import table
from replay.report.language import COMPARISON, in_language
from replay.report.write import ReportUnavailable
from replay.runs.loaded import LoadedRun
from sensors.errors import GilmokError
from sensors.terminal.foreign_text import without_logins
from sensors.terminal.pretty_json import compact, pretty

MOST_REPORTS = 40_000
"""Of a run: a report with 100 findings takes 28 kB of memory."""
KEPT_RUNS = 2
"""Read: a page, a comparison and an export often follow each other."""
JSON, HTML, ZIP = "application/json", "text/html; charset=utf-8", "application/zip"
SUMMARY = "summary.json"


class RunTooLong(GilmokError):
    def __init__(self, run: str, reports: int) -> None:
        super().__init__(
            f"run {run} has {reports:,} reports, more than the {MOST_REPORTS:,} that are read for a page",
            "`gilmok hub report` tells its figures, `gilmok hub export --parquet DIR --run RUN` writes it",
        )


class RunPruned(GilmokError):
    def __init__(self, run: str) -> None:
        super().__init__(f"the reports of run {run} are not all kept", "its own page says what the rollups still know")


class SameRun(GilmokError):
    def __init__(self, run: str) -> None:
        super().__init__(f"A and B are one and the same run, {run}", "choose two")


class Answering:
    """Used by one thread. What recordings were read for one question is there for the next."""

    def __init__(self, hub: HubConfig) -> None:
        self._hub = hub
        self._truths = TruthIndex(hub.truth)
        self._runs: dict[bytes, LoadedRun] = {}
        self._by: dict[str, Callable[[LedgerReader, Question], tuple[Answer, bytes]]] = {
            "summary": self._summary,
            "report": self._report,
            "comparison": self._comparison,
            "comparison_page": self._comparison_page,
            "export": self._export,
        }

    def as_of(self, question: Question) -> bytes:
        """Two equal ones have the same answer. Raises RunUnknown, RunTooLong or what reading raises."""
        with LedgerReader(self._hub.where) as ledger:
            return compact([question, *(self._state(ledger, run) for run in (question.run, question.other) if run)])

    def answer(self, question: Question) -> tuple[Answer, bytes]:
        """Raises RunUnknown, RunPruned, RunTooLong, SameRun, and what reading, comparing and drawing raise."""
        with LedgerReader(self._hub.where) as ledger:
            return self._by[question.what](ledger, question)

    def _state(self, ledger: LedgerReader, run: str) -> object:
        births = list(ledger.births(known_run(ledger, run)))
        last = [ledger.last_heard(key_of(birth)) for birth in births]
        counted = [ledger.count(key_of(birth)) for birth in births]
        if sum(counted) > MOST_REPORTS:
            raise RunTooLong(run, sum(counted))
        refused = [ledger.refusals(key_of(birth).of_node) for birth in births]
        return [counted, [(one.state_utc_ns, one.health_utc_ns) for one in last], refused]

    def _run(self, ledger: LedgerReader, run: str) -> LoadedRun:
        births = list(ledger.births(known_run(ledger, run)))
        if pruned_rows(ledger, births):
            raise RunPruned(run)
        as_of = compact([run, self._state(ledger, run)])
        if as_of not in self._runs:
            self._runs = dict(list(self._runs.items())[1 - KEPT_RUNS :])
            self._runs[as_of] = loaded_run(ledger, run, births, self._truths)
        return self._runs[as_of]

    def _summary(self, ledger: LedgerReader, question: Question) -> tuple[Answer, bytes]:
        births = list(ledger.births(known_run(ledger, question.run)))
        if rows := pruned_rows(ledger, births):
            return _json({"run": question.run, "pruned": rows})
        return _json(self._run(ledger, question.run).summary)

    def _report(self, ledger: LedgerReader, question: Question) -> tuple[Answer, bytes]:
        try:
            from replay.report.page import run_page
        except ImportError as error:
            raise ReportUnavailable(error.name or str(error)) from error
        page = run_page(self._run(ledger, question.run))
        return Answer(media=HTML), in_language(page, question.language or "en").encode(errors="replace")

    def _held(self, ledger: LedgerReader, question: Question) -> Held:
        if question.run == question.other:
            raise SameRun(question.run)
        sides = [Side((Path(run),), (self._run(ledger, run),)) for run in (question.run, question.other)]
        for side in sides:
            check_side(side)
        return hold(sides[0], sides[1], ComparisonSettings(), lambda _: None)

    def _comparison(self, ledger: LedgerReader, question: Question) -> tuple[Answer, bytes]:
        return _json(self._held(ledger, question).comparison)

    def _comparison_page(self, ledger: LedgerReader, question: Question) -> tuple[Answer, bytes]:
        try:
            from replay.report.comparison_page import comparison_page
        except ImportError as error:
            raise ReportUnavailable(error.name or str(error)) from error
        page = in_language(comparison_page(self._held(ledger, question)), question.language or "en", [COMPARISON])
        return Answer(media=HTML), page.encode(errors="replace")

    def _export(self, ledger: LedgerReader, question: Question) -> tuple[Answer, bytes]:
        run = self._run(ledger, question.run)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(SUMMARY, pretty(run.summary))
            if question.to == "parquet":
                with tempfile.TemporaryDirectory() as folder:
                    export(run, question.to, Path(folder) / "run")
                    for path in sorted((Path(folder) / "run").iterdir()):
                        archive.write(path, path.name)
            else:
                for name in TABLES:
                    rows = table(run, name)
                    if question.to == "csv":
                        archive.writestr(f"{name}.csv", csv_of(rows))
                    else:
                        lines = zip(*rows.values(), strict=True)
                        told = [dict(zip(rows, line, strict=True)) for line in lines]
                        archive.writestr(f"{name}.json", compact(told))
        return Answer(media=ZIP, name=f"{question.run}-{question.to}.zip"), packed.getvalue()


def _json(tree: object) -> tuple[Answer, bytes]:
    # As on a terminal: no login of an address is shown.
    return Answer(media=JSON), without_logins(compact(tree).decode()).encode()
