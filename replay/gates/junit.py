"""Bars as a JUnit report: what every CI shows without being told how."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from replay.gates.bar_results import GateResult
from sensors import atomic_files

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(result: GateResult, path: Path) -> None:
    """One test case a bar; raises FileUnwritable."""
    failed = str(sum(not bar.passed for bar in result.bars))
    counts = {"tests": str(len(result.bars)), "failures": failed, "errors": "0", "skipped": "0"}
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(suites, "testsuite", {"name": _clean(f"gilmok gate {result.gates}"), **counts})
    for bar in result.bars:
        where = {"classname": f"gilmok.gate.{bar.kind}", "name": _clean(bar.name), "time": "0"}
        case = ET.SubElement(suite, "testcase", where)
        if not bar.passed:
            failure = ET.SubElement(case, "failure", {"type": bar.kind, "message": _clean(bar.why)})
            failure.text = _clean(f"{bar.name}\n{bar.why}\nruns: {', '.join(result.runs)}")
    ET.indent(suites)
    text: bytes = ET.tostring(suites, encoding="utf-8", xml_declaration=True)
    atomic_files.write(path, text, hint="name another file with --junit")


def _clean(text: str) -> str:
    """Without the control characters that XML can't hold."""
    return _NOT_XML.sub("�", text)
