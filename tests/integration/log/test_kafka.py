"""The log on a real Apache Kafka: the behaviour all logs share, and what is its own."""

from __future__ import annotations

import pytest

from tests.integration.log.behaviour import LogBehaviour
from tests.integration.log.kit import Kit
from tests.real_services import kafka_bootstrap

pytestmark = pytest.mark.kafka


@pytest.fixture
def kit() -> Kit:
    return Kit.at(f"kafka:{kafka_bootstrap()}")


class TestKafkaLog(LogBehaviour):
    """Everything the port promises."""
