"""The headline scenario on the distributed composition: two gateways, two delivery workers, real parts.

Full size: ``DIPEMU_DISTRIBUTED_RUNS=100 pytest -s tests/e2e/test_distributed.py -k parallel``.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx
import orjson
import pytest

from backbone.clock import SystemClock
from contracts import envelope, identifiers
from participant import signing
from participant.identity import Identity
from tests.databases import fresh_database
from tests.e2e.distributed import Distributed, running
from tests.e2e.emulator import SCENARIO, dipemu, wait_until
from tests.integration.dip_gateway.environment import DISTRIBUTOR, MSAPP
from tests.real_services import kafka_bootstrap

ROUNDS = 25
WITHOUT_MPAN = 4
RUNS = int(os.environ.get("DIPEMU_DISTRIBUTED_RUNS", "40"))
pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300 + RUNS)]


@pytest.fixture(scope="module")
def composition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distributed]:
    place = tmp_path_factory.mktemp("distributed")
    (place / "data").mkdir()
    loop = asyncio.new_event_loop()
    database = fresh_database("postgresql", place)
    url = loop.run_until_complete(database.__aenter__())
    try:
        with running(place, kafka_bootstrap(), url) as distributed:
            yield distributed
    finally:
        loop.run_until_complete(database.__aexit__(None, None, None))
        loop.close()


def answered(answer: httpx.Response) -> Any:
    assert answer.is_success, (answer.status_code, answer.text)
    return answer.json()


def run_to_the_end(url: str, seconds: float = 120, scenario: str = SCENARIO) -> dict[str, Any]:
    with httpx.Client(base_url=url, timeout=60) as http:
        start = {"scenario": scenario, "timeout": seconds}
        run = answered(http.post("/api/runs", json=start))
        while not run["finished"]:
            query = {"after": run["version"], "wait": 20}
            run = answered(http.get(f"/api/runs/{run['id']}", params=query))
    return dict(run)


def test_the_scenario_passes_through_one_address(composition: Distributed, tmp_path: Path) -> None:
    done = dipemu("run", SCENARIO, "--server", composition.url, "--evidence", tmp_path / "evidence")
    assert "PASSED" in done.stdout
    journal = (tmp_path / "evidence" / "journal.ndjson").read_text().splitlines()
    assert {"accepted", "delivered"} <= {json.loads(line)["kind"] for line in journal}


def test_runs_in_parallel_do_not_mix(composition: Distributed) -> None:
    """All at the same time; every party is the same in all of them, only the MPAN differs."""
    began = perf_counter()
    with ThreadPoolExecutor(RUNS) as pool:
        runs = list(pool.map(lambda _: run_to_the_end(composition.url, 120 + RUNS), range(RUNS)))
    print(f"\n{RUNS} runs in parallel: {perf_counter() - began:.1f} s")
    assert [run["verdict"] for run in runs] == ["passed"] * RUNS, {run["summary"] for run in runs}
    assert len({run["mpan"] for run in runs}) == RUNS
    mpans = [run["mpan"] for run in runs]
    wait_until(lambda: len(set(map(kinds_of, messages(composition.url, mpans)))) == 1, seconds=60)
    conversations = Counter(c for s in messages(composition.url, mpans) for c in correlations_of(s))
    assert set(conversations.values()) == {1}, "no message answers one of another run"


@pytest.mark.parametrize("scenario", ["SET-Load-Shape-Periods", "SET-Report-Wrong-Recipient"])
def test_messages_without_an_mpan_find_their_runs(composition: Distributed, scenario: str) -> None:
    """All at once, from one sender, to the same recipients: only their references differ."""
    with ThreadPoolExecutor(WITHOUT_MPAN) as pool:
        ends = range(WITHOUT_MPAN)
        runs = list(pool.map(lambda _: run_to_the_end(composition.url, scenario=scenario), ends))
    assert [run["verdict"] for run in runs] == ["passed"] * WITHOUT_MPAN, {run["summary"] for run in runs}
    decided = [run["steps"][-2]["events"][-1] for run in runs]
    assert len(set(decided)) == WITHOUT_MPAN, "no message counts for two runs"


Messages = list[dict[str, Any]]


def messages(url: str, mpans: list[str]) -> list[Messages]:
    """What was sent about each MPAN; the last of it may come after the verdict."""
    with httpx.Client(base_url=url, timeout=30) as http:
        answers = [http.get("/api/messages", params={"mpan": mpan, "limit": 500}) for mpan in mpans]
    return [answer.raise_for_status().json()["messages"] for answer in answers]


def kinds_of(sent: Messages) -> tuple[tuple[str, str, str], ...]:
    return tuple(sorted((m["interface"], m["event"], m["status"]) for m in sent))


def correlations_of(sent: Messages) -> set[str]:
    return {m["correlationId"] for m in sent}


def request_for(identity: Identity, reference: str, mpan: str) -> bytes:
    message = envelope.build(
        "IF-031",
        "[MSApp]",
        sender=envelope.Sender(identity.dip_id, identity.role),
        now=SystemClock().now(),
        custom=MSAPP,
        mpan=envelope.MpanBlock(mpan, DISTRIBUTOR, "_H"),
        unique=reference,
    )
    return orjson.dumps([message])


async def send(http: httpx.AsyncClient, gateway: int, identity: Identity, body: bytes) -> httpx.Response:
    url = f"http://127.0.0.1:{gateway}/dip-channel/IF-031"
    headers = signing.sign(identity, "POST", url, body, SystemClock().now())
    named = {"X-API-Key": identity.api_key, "Content-Type": "application/json"}
    return await http.post(url, content=body, headers=headers | named)


async def settled(http: httpx.AsyncClient, gateway: int, identity: Identity, body: bytes) -> httpx.Response:
    """The answer once the other request with this reference is not under way any more (503 until then)."""
    async with asyncio.timeout(30):
        while (answer := await send(http, gateway, identity, body)).status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
            await asyncio.sleep(0.1)
    return answer


async def test_a_reference_sent_to_two_gateways_at_once_counts_once(
    composition: Distributed, tmp_path: Path
) -> None:
    """Another MPAN, too, so that the two land in different parts of the log."""
    identity = composition.add_participant(tmp_path / "supplier")
    first_mpan, other_mpan = (identifiers.make_mpan(20, serial) for serial in (7_001, 7_002))
    winners: set[int] = set()
    async with httpx.AsyncClient(timeout=30) as http:
        for number in range(ROUNDS):
            bodies = [request_for(identity, f"{number:016X}", mpan) for mpan in (first_mpan, other_mpan)]
            bodies[1] = bodies[number % 2]  # the very same message, and one that has its reference only
            answers = await asyncio.gather(
                *(send(http, *to) for to in zip(composition.gateways, [identity] * 2, bodies, strict=True))
            )
            accepted = [index for index, answer in enumerate(answers) if answer.status_code == 201]
            assert len(accepted) == 1, [answer.text for answer in answers]
            winners.update(accepted)
            loser = 1 - accepted[0]
            assert answers[loser].status_code in (400, 503), answers[loser].text
            refused = await settled(http, composition.gateways[loser], identity, bodies[loser])
            assert refused.status_code == 400, refused.text
            [entry] = refused.json()["messageArray"]
            assert entry["message"].startswith("MSG1006 - ")
    assert winners == {0, 1}, "both gateways were given work"


@pytest.mark.parametrize(
    "name", ["dip_gateway.0", "workers.0", "registration", "supplier_stub", "qualification"]
)
def test_a_killed_process_is_missed_by_nobody(composition: Distributed, name: str) -> None:
    outcome: list[dict[str, Any]] = []
    gateway = f"http://127.0.0.1:{composition.gateways[1]}"
    run = threading.Thread(target=lambda: outcome.append(run_to_the_end(gateway)))
    if name == "qualification":  # it starts the run, so it dies between runs
        composition.kill(name)
        composition.launch(name)
        composition.wait_ready(name)
        run.start()
    else:
        run.start()
        composition.kill(name)
        composition.launch(name)
        composition.wait_ready(name)
    run.join(timeout=200)
    assert outcome, "the run came to an end"
    assert outcome[0]["verdict"] == "passed", outcome[0]["summary"]
