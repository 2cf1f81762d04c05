"""junit.xml: a case per check, so that CI systems list them beside the unit tests.

FAIL is a `failure`. INCONCLUSIVE is an `error`, JUnit's word for a test that could not come to a result: it must not
look green. What was not asked for is `skipped`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

# What XML 1.0 allows; log lines in reasons may hold anything.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
ELEMENTS = {"FAIL": "failure", "INCONCLUSIVE": "error"}


def junit_xml(document: Mapping[str, Any]) -> str:
    """The text of the file, from verdict.json."""
    checks, skipped = document["checks"], document["not_checked"]
    counts = {name: sum(check["verdict"] == verdict for check in checks) for verdict, name in ELEMENTS.items()}
    suite = ET.Element(
        "testsuite",
        name=f"seatrial {_clean(document['profile'])}",
        tests=str(len(checks) + len(skipped)),
        failures=str(counts["failure"]),
        errors=str(counts["error"]),
        skipped=str(len(skipped)),
        time=f"{document['timings']['total_seconds'] or 0:.3f}",
    )
    for check in checks:
        case = _case(suite, check["name"])
        if check["verdict"] in ELEMENTS:
            ET.SubElement(case, ELEMENTS[check["verdict"]], type=check["verdict"], message=_clean(check["reason"]))
        else:
            ET.SubElement(case, "system-out").text = _clean(check["reason"])
    for each in skipped:
        ET.SubElement(_case(suite, each["name"]), "skipped", message=_clean(each["reason"]))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=False) + "\n"


def _case(suite: ET.Element, name: str) -> ET.Element:
    family = name.split(".", maxsplit=1)[0].split(",", maxsplit=1)[0]
    return ET.SubElement(suite, "testcase", classname=f"seatrial.{_clean(family)}", name=_clean(name))


def _clean(text: str) -> str:
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
