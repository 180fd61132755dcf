"""The gateway as a service: its parts put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from backbone.measures import Measure
from backbone.service import Service, Worker
from participant.context import Context
from participant.identity import Identity
from participant.targets import TargetGuard
from services.dip_gateway import responses
from services.dip_gateway.admin import Admin
from services.dip_gateway.admission import Admission
from services.dip_gateway.asgi import Request
from services.dip_gateway.channels import Channels
from services.dip_gateway.claims import Claims
from services.dip_gateway.companies import Companies
from services.dip_gateway.courier import Courier
from services.dip_gateway.delivery import Delivery
from services.dip_gateway.faults import FaultRule, read_rules
from services.dip_gateway.front import Front, Handler, Reply, Route
from services.dip_gateway.intake import Intake
from services.dip_gateway.lapses import Lapses
from services.dip_gateway.ledger import Ledger
from services.dip_gateway.limits import Bucket
from services.dip_gateway.loaded import LoadedSites
from services.dip_gateway.mishaps import Mishaps
from services.dip_gateway.openapi import document
from services.dip_gateway.orders import Orders
from services.dip_gateway.portal import Portal
from services.dip_gateway.references import References
from services.dip_gateway.refusals import RefusalBook
from services.dip_gateway.replay import Replay
from services.dip_gateway.router import Router
from services.dip_gateway.rulebook import RuleBook
from services.dip_gateway.settings import GatewaySettings
from services.dip_gateway.statusposts import StatusPosts
from services.dip_gateway.validating import Validating

KAFKA_SETTLE_SECONDS = 5.0  # a Kafka group needs a while to be given its partitions


def build(
    context: Context,
    identities: Sequence[Identity] = (),
    settings: GatewaySettings | None = None,
) -> Service:
    """Build the gateway. ``settings``: default from the environment."""
    settings = settings or GatewaySettings()
    failed = context.catalogue().code_text(responses.PROCESSING_FAILED)
    admission = Admission(context, settings, failed, Bucket(settings.rate_per_second, settings.rate_burst))
    references = _references(context)
    rules = _rules(context, settings)
    lapses = Lapses(context, rules, failed)
    intake = Intake(context, settings, admission, references, lapses)
    guard = TargetGuard.of(context)
    delivery = Delivery(context, settings, Courier(context, guard), Mishaps(context, rules))
    rules.watch(delivery.look_again)
    ledger = Ledger(context.database)
    router = Router(context, settings, ledger)
    channels = Channels(context, admission, intake, guard, delivery.webhook_changed)
    routes = [
        *channels.routes(),
        *Replay(context, settings, intake, channels.authorised).routes(),
        *StatusPosts(context, admission, intake, lapses).routes(),
        *Validating(context, admission).routes(),
        *Companies(context, admission).routes(),
        *Admin(context, ledger, rules).routes(),
        *Portal(context, guard, delivery.webhook_changed).routes(),
        Route("GET", "/openapi.json", _document(context, settings)),
    ]
    front = Front(context, settings, RefusalBook(context, settings), routes)
    takes_in = settings.gateway_parts != "workers"
    workers: list[Worker] = [rules.run, *([references.run] if takes_in else [])]
    if settings.gateway_parts != "intake":
        sites = LoadedSites(context, ledger)
        orders = Orders(context, rules, sites, delivery.look_again)
        workers += [sites.run, _once_read(rules, orders.run)]
        workers += [router.run, _once_read(rules, delivery.run)]

    def ready() -> bool:
        return rules.loaded.is_set() and (references.loaded.is_set() or not takes_in)

    def waits_for() -> str:
        return (
            "Fault rules are being read." if not rules.loaded.is_set() else "Used references are being read."
        )

    async def measures() -> Sequence[Measure]:
        meaning = "Deliveries that are neither delivered nor abandoned."
        return [Measure("dipemu_deliveries_waiting", meaning, "gauge", delivery.waiting())]

    return Service("dip_gateway", front, "", workers, ready, waits_for, measures)


def _rules(context: Context, settings: GatewaySettings) -> RuleBook:
    given = rules_from(settings.faults)
    return RuleBook(context.database, settings.seed, given, shared=bool(context.settings.kafka))


def _once_read(rules: RuleBook, worker: Worker) -> Worker:
    """The worker, begun when the fault rules are known: what waits for delivery is to meet them."""

    async def run() -> None:
        await rules.loaded.wait()
        await worker()

    return run


def _references(context: Context) -> References:
    """On Kafka there may be other gateways; the embedded log has one process only."""
    if context.settings.kafka:
        return References(context.database, context.log, KAFKA_SETTLE_SECONDS, Claims(context.database))
    return References(context.database, context.log)


def _document(context: Context, settings: GatewaySettings) -> Handler:
    content = document(context.catalogue(), settings.api_version, context.settings.gateway_url)

    async def handler(request: Request, values: Mapping[str, str]) -> Reply:
        return Reply(200, content)

    return handler


def rules_from(path: str) -> list[FaultRule]:
    """The fault rules of a YAML file; none without one. Raises RequestInvalid, OSError."""
    if not path:
        return []
    return read_rules(yaml.safe_load(Path(path).read_text()))
