"""Real Apache Kafka and PostgreSQL for tests: started once, by whatever this machine offers.

In order: what the environment names (``DIPEMU_TEST_KAFKA``, ``DIPEMU_TEST_POSTGRES``), containers where a
Docker engine answers, else the project's own scripts in ``deploy/``. Never skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
KAFKA_SCRIPT = ROOT / "deploy/kafka/kafka.sh"
POSTGRES_SCRIPT = ROOT / "deploy/postgres/postgres.sh"
KAFKA_IMAGE = "confluentinc/cp-kafka:7.6.0"  # what testcontainers knows how to start
POSTGRES_IMAGE = "postgres:17.2-bookworm"


def kafka_bootstrap() -> str:
    """Bootstrap servers of a running broker."""
    return os.environ.get("DIPEMU_TEST_KAFKA") or (_kafka_container() if docker_answers() else _local_kafka())


def postgres_url() -> str:
    """URL of a running server's database, for ``Database.open``."""
    named = os.environ.get("DIPEMU_TEST_POSTGRES")
    return named or (_postgres_container() if docker_answers() else _local_postgres())


@lru_cache(maxsize=1)
def docker_answers() -> bool:
    """Whether there is a Docker engine behind the client, not just a client."""
    if shutil.which("docker") is None:
        return False
    answer = subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False)
    return answer.returncode == 0 and b"ERROR" not in answer.stderr.upper()


@lru_cache(maxsize=1)
def _local_kafka() -> str:
    run(KAFKA_SCRIPT, "start")
    return f"127.0.0.1:{os.environ.get('KAFKA_PORT', '9092')}"


@lru_cache(maxsize=1)
def _local_postgres() -> str:
    run(POSTGRES_SCRIPT, "start")
    return run(POSTGRES_SCRIPT, "url").strip()


@lru_cache(maxsize=1)
def _kafka_container() -> str:
    from testcontainers.community.kafka import KafkaContainer

    container = KafkaContainer(KAFKA_IMAGE).with_kraft()
    for name in ("TRANSACTION_STATE_LOG_REPLICATION_FACTOR", "TRANSACTION_STATE_LOG_MIN_ISR"):
        container.with_env(f"KAFKA_{name}", "1")
    container.start()  # the library's reaper removes it when this process ends
    return str(container.get_bootstrap_server())


@lru_cache(maxsize=1)
def _postgres_container() -> str:
    from testcontainers.community.postgres import PostgresContainer

    container = PostgresContainer(POSTGRES_IMAGE, driver="asyncpg")
    container.start()
    return str(container.get_connection_url())


def run(script: Path, *arguments: str, **environment: str) -> str:
    """Run one of the project's scripts; what it wrote to standard output."""
    done = subprocess.run(
        [script, *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, f"{script.name} {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout
