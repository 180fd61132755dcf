"""Settings from the environment, prefix ``DIPEMU_``: ``DIPEMU_PORT=8080``, ``DIPEMU_DATABASE_URL=…``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from backbone.errors import SettingsInvalid


def _split(value: object) -> object:
    """Words separated by commas, or a JSON list."""
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        return json.loads(value)
    return [word.strip() for word in value.split(",") if word.strip()]


Words = Annotated[list[str], NoDecode, BeforeValidator(_split)]


class Settings(BaseSettings):
    """All that can be set. Lists are separated by commas: ``DIPEMU_CONTRACTS=2.1.0,2.0.1``."""

    model_config = SettingsConfigDict(env_prefix="DIPEMU_", frozen=True, extra="ignore")

    data: Path = Path(".dipemu")
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    public_url: str = ""  # how participants reach the gateway; empty: host and port
    database_url: str = ""  # empty: SQLite in the data directory
    service_urls: dict[str, str] = {}  # distributed composition: address of each service, without its prefix
    kafka: str = ""  # bootstrap servers; empty: the embedded log in the data directory
    kafka_partitions: int = Field(12, ge=1)
    kafka_replication: int = Field(1, ge=1)
    kafka_retention_hours: int = Field(24 * 30, ge=-1)  # -1: for ever

    access: Literal["remote", "always", "open"] = "remote"  # who needs a token for /api and /ui
    api_key_required: bool = True
    trust_anchors: list[Path] = []  # PEM files: authorities trusted besides our own, for signing and TLS
    signature_window_seconds: float = Field(300.0, gt=0)
    max_body_bytes: int = Field(5_000_000, gt=0)
    max_batch: int = Field(5_000, gt=0)  # messages in one request
    environment_tag: str = "UIT"
    contracts: Words = ["2.1.0"]  # catalogue versions, the first is the default

    evidence_certificate: Path | None = None  # PEM: signs evidence in place of a certificate of our own
    evidence_key: Path | None = None  # PEM, without password: the private key of that certificate

    delivery_timeout_seconds: float = Field(30.0, gt=0)
    retry_first_seconds: float = Field(0.5, gt=0)
    retry_max_seconds: float = Field(60.0, gt=0)
    retry_attempts: int = Field(20, ge=1)
    webhook_hosts: Words = []  # host names webhooks may have; empty: any
    webhook_private_allowed: bool = True  # loopback and private addresses as webhooks

    @classmethod
    def load(cls, **values: Any) -> Self:
        """Read the environment; ``values`` that are not None win over it. Raises SettingsInvalid."""
        try:
            return cls(**{name: value for name, value in values.items() if value is not None})
        except ValidationError as error:
            raise SettingsInvalid("; ".join(_sentence(fault) for fault in error.errors())) from error

    @property
    def gateway_url(self) -> str:
        """Base URL of the gateway as participants reach it, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data / 'dipemu.sqlite3'}"

    @property
    def log_directory(self) -> Path:
        """Where the embedded log lives."""
        return self.data / "log"


def _sentence(fault: Any) -> str:
    name = "_".join(str(part) for part in fault["loc"]).upper()
    return f"DIPEMU_{name}: {fault['msg']}"
