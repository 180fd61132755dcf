"""Apache Kafka and PostgreSQL of one's own, to be stopped and started at will: the shared ones run on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy.engine import make_url

from tests.e2e.distributed import free_port
from tests.real_services import KAFKA_SCRIPT, POSTGRES_SCRIPT, ROOT, run

POSTGRES_PORT = 15598


@dataclass(frozen=True)
class Part:
    """One of the two, run by the project's script."""

    name: str
    script: Path
    environment: dict[str, str]

    def start(self) -> None:
        run(self.script, "start", **self.environment)

    def stop(self) -> None:
        run(self.script, "stop", **self.environment)


@contextmanager
def own_kafka() -> Iterator[tuple[Part, str]]:
    """A broker that nothing was ever sent to, and its address. Its data are gone at the end."""
    port = str(free_port())
    part = Part("Kafka", KAFKA_SCRIPT, {"KAFKA_PORT": port, "KAFKA_CONTROLLER_PORT": str(free_port())})
    try:
        part.start()
        yield part, f"127.0.0.1:{port}"
    finally:
        part.stop()
        shutil.rmtree(ROOT / ".services" / f"kafka-{port}")
        (ROOT / ".services" / f"kafka-{port}.lock").unlink()


@contextmanager
def own_postgres() -> Iterator[tuple[Part, str]]:
    """A server that stops with the block, and the URL of its database ``dipemu``."""
    part = Part("PostgreSQL", POSTGRES_SCRIPT, {"POSTGRES_PORT": str(POSTGRES_PORT)})
    try:
        part.start()
        yield part, run(POSTGRES_SCRIPT, "url", **part.environment).strip()
    finally:
        part.stop()


@contextmanager
def fresh_database_on(server: str) -> Iterator[str]:
    """The URL of an empty database on this server, gone at the end."""
    name = f"chaos_{uuid4().hex[:8]}"
    _administer(server, f'CREATE DATABASE "{name}"')
    try:
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(server: str, statement: str) -> None:
    url = make_url(server).set(drivername="postgresql").render_as_string(hide_password=False)
    subprocess.run(["psql", "-q", "-d", url, "-c", statement], check=True)
