from datetime import UTC, datetime

import pytest

from contracts import envelope


@pytest.fixture
def message():
    """A metering service appointment with nothing wrong."""
    custom = {
        "B013": {"CSSRegistrationID": "R-1"},
        "B070": {
            "proposedMeteringServiceDIPID": "1200000001",
            "proposedMeteringServiceMPID": "MSSA",
            "proposedMeteringServiceDIPEffectiveFromDate": "2026-04-10T00:00:00+01:00",
            "contractReferenceMeteringService": None,
            "appointmentScenario": "COS",
        },
    }
    return envelope.build(
        "IF-031",
        "[MSApp]",
        sender=envelope.Sender("2300000001", "SUP"),
        now=datetime(2026, 3, 21, 10, tzinfo=UTC),
        custom=custom,
        mpan=envelope.MpanBlock("2000056535971", "2500000001", "_H"),
        unique="0123456789abcdef",
    )
