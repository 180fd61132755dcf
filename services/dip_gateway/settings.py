"""What of the gateway can be set, beyond the settings every service shares. Prefix ``DIPEMU_``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class GatewaySettings(BaseSettings):
    """Maps and lists are JSON in the environment.

    Neither the DIP's timeouts, rates and retention nor its clock tolerance are published: each is ours,
    and each is a setting.
    """

    model_config = SettingsConfigDict(env_prefix="DIPEMU_", frozen=True, extra="ignore")

    api_version: Literal["2.1", "2.2"] = "2.1"  # replay and requeue answer differently from 2.2 on
    request_timeout_seconds: float = Field(default=30.0, gt=0)  # for the body to arrive; then 408
    timestamp_tolerance_seconds: float = Field(
        default=300.0, ge=0
    )  # senderTimestamp in the future; then MSG1007
    semantic_rules: list[str] = []  # beyond the schema, asked before the answer: mpan-check-digit=error
    proxy_addresses: list[str] = []  # of proxies that end TLS; only from these the header below is believed
    proxy_certificate_header: str = ""  # the caller's certificate: URL-encoded PEM, or base64 of DER
    max_nesting: int = Field(default=32, gt=0)  # depth of the JSON of one request
    rate_per_second: float = Field(default=0.0, ge=0)  # requests per party; 0: no limit
    rate_burst: int = Field(default=100, gt=0)
    always_recipients: dict[str, list[str]] = {}  # role code to DIP IDs; others: everyone with the role
    obfuscate: dict[
        str, list[str]
    ] = {}  # "IF-036 [DSAppActive]" or "IF-036" to the roles that get x for values
    delivery_batch: int = Field(
        default=20, gt=0
    )  # messages in one POST to a webhook, unless the webhook says less
    delivery_concurrency: int = Field(default=4, gt=0)  # POSTs under way to one webhook at a time
    seed: int = 0  # of backoff jitter and injected faults
    faults: str = ""  # path of a YAML file with fault rules in force from the start
    unauthenticated_events_per_second: float = Field(
        default=20.0, gt=0
    )  # journal events for strangers, at most
    gateway_parts: Literal["all", "intake", "workers"] = "all"  # what this process runs
    replay_page: int = Field(default=1000, gt=0)  # messages in one replay answer from 2.2 on
