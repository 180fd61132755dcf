"""A run's verdict as JUnit XML and as CTRF JSON, for continuous integration.

JUnit has no official definition; this is the part that all readers share. An ``error`` is the harness's
own, a ``failure`` the participant's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

_SKIPPED = {
    "not run",
    "skipped",
    "unknown",
    "waiting for participant",
    "waiting for harness",
    "held for the tester",
}
_CTRF = {
    "passed": "passed",
    "attested": "passed",
    "failed": "failed",
    "skipped": "skipped",
    "not run": "skipped",
}


def junit(document: Mapping[str, Any]) -> bytes:
    """One suite per run, one case per step."""
    steps = document["steps"]
    counts = {
        "tests": len(steps),
        "failures": sum(step["result"] == "failed" for step in steps),
        "errors": sum(step["result"] == "error" for step in steps),
        "skipped": sum(step["result"] in _SKIPPED for step in steps),
    }
    numbers = {name: str(count) for name, count in counts.items()} | {"time": f"{seconds(document):.3f}"}
    root = ElementTree.Element("testsuites", {"name": document["testScenario"], **numbers})
    suite = ElementTree.SubElement(
        root, "testsuite", {"name": document["testCase"], "timestamp": document["created"], **numbers}
    )
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in _properties(document).items():
        ElementTree.SubElement(properties, "property", {"name": name, "value": value})
    for step in steps:
        _case(suite, document, step)
    return _written(root)


@dataclass(frozen=True, slots=True)
class RunResult:
    """What came of one run among several. ``document``: None for one that could not be run."""

    scenario: str
    theme: str
    verdict: str
    summary: str
    document: Mapping[str, Any] | None = None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return seconds(self.document) if self.document else 0.0

    @property
    def steps(self) -> int:
        """How many steps it has."""
        return len(self.document["steps"]) if self.document else 0

    @property
    def steps_passed(self) -> int:
        """How many of them passed."""
        done = self.document["steps"] if self.document else ()
        return sum(step["result"] in ("passed", "attested") for step in done)

    def as_json(self) -> dict[str, Any]:
        """The result and, where there is one, the whole run."""
        head = {
            "scenario": self.scenario,
            "theme": self.theme,
            "verdict": self.verdict,
            "summary": self.summary,
        }
        return {**head, "run": self.document}


def junit_of_runs(results: Sequence[RunResult]) -> bytes:
    """One suite for all, one case per run. One that could not be run is an error, not a failure."""
    verdicts = [result.verdict for result in results]
    counts = {
        "tests": str(len(results)),
        "failures": str(verdicts.count("failed")),
        "errors": str(sum(verdict not in ("passed", "failed") for verdict in verdicts)),
        "skipped": "0",
        "time": f"{sum(result.seconds for result in results):.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "DIP Emulator", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": "DIP Emulator", **counts})
    for result in results:
        _run_case(suite, result)
    return _written(root)


def _run_case(suite: ElementTree.Element, result: RunResult) -> None:
    named = {"classname": result.theme, "name": result.scenario, "time": f"{result.seconds:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", named)
    if result.verdict == "passed":
        return
    text = _printable(result.summary)
    tag = "failure" if result.verdict == "failed" else "error"
    problem = ElementTree.SubElement(case, tag, {"message": text, "type": result.verdict})
    problem.text = text


def _written(root: ElementTree.Element) -> bytes:
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def seconds(document: Mapping[str, Any]) -> float:
    """How long the run took, or has taken so far."""
    end = document["ended"] or document["asOf"]
    return (datetime.fromisoformat(end) - datetime.fromisoformat(document["created"])).total_seconds()


def _properties(document: Mapping[str, Any]) -> dict[str, str]:
    parties = {p["key"]: f"{p['dipId']} ({p['who']})" for p in document["parties"]}
    return {"run": document["id"], "scenario": document["scenario"], "mpan": document["mpan"], **parties}


def _case(suite: ElementTree.Element, document: Mapping[str, Any], step: Mapping[str, Any]) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": document["scenario"], "name": f"Step {step['step']}: {step['description']}"},
    )
    text = _printable(step["explanation"])
    if step["result"] in ("failed", "error"):
        tag = "failure" if step["result"] == "failed" else "error"
        problem = ElementTree.SubElement(case, tag, {"message": text, "type": step["result"]})
        problem.text = text
    elif step["result"] in _SKIPPED:
        ElementTree.SubElement(case, "skipped", {"message": step["status"]})
    elif step["note"]:
        ElementTree.SubElement(case, "system-out").text = step["note"]


def _printable(text: str) -> str:
    """XML 1.0 has no place for most control characters, which a participant's message may hold."""
    return "".join(c if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff") else "�" for c in text)


def ctrf(document: Mapping[str, Any]) -> dict[str, Any]:
    """Common Test Report Format 0.0.0: one test per step."""
    tests = [
        {
            "name": f"Step {step['step']}: {step['description']}",
            "status": _CTRF.get(step["result"], "other"),
            "rawStatus": step["status"],
            "duration": 0,
            "message": step["explanation"],
            "suite": [document["testScenario"], document["testCase"]],
        }
        for step in document["steps"]
    ]
    counts = {
        status: sum(test["status"] == status for test in tests)
        for status in ("passed", "failed", "pending", "skipped", "other")
    }
    start = datetime.fromisoformat(document["created"])
    times = {
        "start": int(start.timestamp() * 1000),
        "stop": int((start.timestamp() + seconds(document)) * 1000),
    }
    return {
        "reportFormat": "CTRF",
        "specVersion": "0.0.0",
        "results": {
            "tool": {"name": "dip-emulator"},
            "summary": {"tests": len(tests), **counts, **times},
            "tests": tests,
            "extra": {"run": document["id"], "verdict": document["verdict"], "mpan": document["mpan"]},
        },
    }
