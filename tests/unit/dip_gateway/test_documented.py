"""docs/endpoints.md: no row without a test, no test that does not exist, no address without a row."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "endpoints.md").read_text()
TESTS = "\n".join(
    path.read_text()
    for folder in ("integration", "unit")
    for path in (ROOT / "tests" / folder / "dip_gateway").glob("test_*.py")
)
SOURCES = "\n".join(path.read_text() for path in (ROOT / "services" / "dip_gateway").glob("*.py"))


def rows() -> list[str]:
    lines = DOCUMENT.splitlines()
    return [
        line
        for line in lines
        if line.startswith("|") and not re.match(r"\|(-|\s*(status|code|answer|address) )", line)
    ]


def test_every_row_names_a_test_that_exists() -> None:
    for row in rows():
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        for name in named:
            assert f"def {name}(" in TESTS, name


def test_every_address_has_its_rows() -> None:
    documented = re.sub(r"`[^`]*`", "", DOCUMENT).lower()
    addresses = set(
        re.findall(r'"(/(?:dip-channel|statusmessage|validate|companydetails|api)[^"]*)"', SOURCES)
    )
    assert len(addresses) > 10
    for address in addresses - {"/api"}:
        assert address.replace("{{", "{").replace("}}", "}") in documented, address


def test_every_code_of_the_dip_has_a_row() -> None:
    codes = set(re.findall(r"MSG1\d{3}", SOURCES))
    assert codes <= set(re.findall(r"\| (MSG1\d{3}) ", DOCUMENT))
