"""However a participant's system goes wrong, it is told so: never that the harness erred."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import pytest
import pytest_asyncio

from contracts.identifiers import make_mpan
from dipemu.composition import INTERNAL_URL
from services.qualification import app
from services.qualification.format import Scenario
from services.qualification.scenario import load_scenarios
from tests.integration.scenarios import misbehaving as sends
from tests.integration.scenarios import wayward as answers
from tests.integration.scenarios.player import PLAYERS, Run, Stage, open_stage
from tests.integration.scenarios.wayward import Reply, WaywardWebhook, answer

pytestmark = pytest.mark.asyncio(loop_scope="module")
HARNESS_SECONDS = 15
AT_ONCE = 28  # runs
HEADLINE, TARIFF, IMPATIENT = "SITFTS0020-Smart-Single", "REGD-DUoS-Tariff", "Impatient"
SPOILT = ("DIP-Bad-Signature", "DIP-Expired-Certificate")
SUPPLIER = {"SUPI": "SUP"}
REGISTER = {"REGS": "REGS"}


@dataclass(frozen=True)
class Case:
    """A way to go wrong. ``step``: where the run fails, None where it passes; ``says``: parts of why."""

    name: str
    step: int | None
    says: Sequence[str] = ()
    system: sends.System = sends.silent
    replies: Sequence[Reply] = ()
    scenario: str = HEADLINE
    roles: Mapping[str, str] | None = None
    inject: Sequence[str] = ("CSS01700",)
    seconds: float = 8


def webhook(name: str, step: int | None, says: str, *replies: Reply) -> Case:
    """A webhook's answers to PUB-018."""
    said = (says, "SUP (2300000077)", "PUB-018", "201 or 207 takes a publication") if step else ()
    return Case(name, step, said, replies=replies, scenario=TARIFF, roles={"SUP": "SUP"}, inject=())


def spoilt(scenario: str, says: str, first: Reply, step: int = 3) -> Case:
    """A webhook's answer to a PUB-002 that it has to refuse; everything after is taken."""
    said = (says, "SUPI (2300000077)") if step != 3 else (says, "it had to refuse it with 401", "RCP9999")
    return Case(f"{scenario}: {says}", step, said, replies=(first, answers.TAKEN), scenario=scenario)


def register(name: str, step: int, says: Sequence[str], system: sends.System) -> Case:
    """A registration service."""
    return Case(name, step, says, system, scenario=IMPATIENT, roles=REGISTER, inject=())


NOT_AGAIN = "The DIP does not try again after this answer."
WEBHOOKS = [
    *(
        webhook(
            f"webhook {status}",
            2,
            f"the webhook answered {status} after 1 attempt. {NOT_AGAIN}",
            answer(status),
        )
        for status in (200, 202, 204, 302, 400, 401)
    ),
    *(
        webhook(f"webhook {status}", 2, f"the webhook answered {status} after 4 attempts", answer(status))
        for status in (500, 503)
    ),
    webhook("webhook 207", None, "", answer(207)),
    webhook("500, then 201", None, "", answer(500), answers.TAKEN),
    webhook("closed, then 201", None, "", answers.CLOSED, answers.TAKEN),
    webhook("closes", 2, "Server disconnected", answers.CLOSED),
    webhook("speaks no HTTP", 2, "illegal status line", answers.NOT_HTTP),
    webhook("breaks off", 2, "without sending complete message body", answers.CUT_SHORT),
    webhook("too slow", 2, "no answer within 3 s", answer(201, after=30)),
    webhook("come back never", 2, "Last answer of the webhook: 503.", answers.COME_BACK_NEVER),
    webhook("huge body", None, "", answers.HUGE),
    webhook("garbage body", None, "", answers.GARBAGE),
    webhook("wrong encoding", None, "", answers.NOT_GZIP),
    webhook("body that swells", None, "", answers.BOMB),
]
REFUSALS = [
    case
    for scenario in SPOILT
    for case in (
        spoilt(scenario, "answered 201 to PUB-002", answers.TAKEN),
        spoilt(scenario, "answered 500 to PUB-002", answer(500)),
        spoilt(scenario, "answered 404 to PUB-002", answer(404)),
        spoilt(scenario, "gave no answer", answers.CLOSED),
        spoilt(scenario, "Expected IF-031 [MSApp]", answer(401), step=6),
        spoilt(scenario, "Expected IF-031 [MSApp] from", answer(400), step=6),
    )
]
SENT = [
    Case("right", None, system=sends.right),
    Case("sends twice", None, system=sends.twice),
    Case("sends the same twice", None, system=sends.the_same_twice),
    Case("stays silent", 5, ("Expected IF-031 [MSApp] from SUPI (2300000077)", "it did not come"), seconds=3),
    Case("wrong JSON", 5, ("Expected IF-031 [MSApp]", "did not come", "MSG1001"), sends.wrong_json),
    Case("wrong channel", 5, ("MSG1002", "send it to /dip-channel/IF-031"), sends.wrong_channel),
    Case(
        "unknown recipient",
        6,
        ("A0.primaryRecipients 9999999999", "not a registered"),
        sends.unknown_recipient,
        scenario=IMPATIENT,
    ),
    Case("too early", 7, ("REG0005", "IF-031 [MSApp] of step 5 from SUPI"), sends.too_early),
    Case("after the deadline", 5, ("within 2 s; it did not come",), sends.too_late, seconds=2),
    Case("another MPAN", 5, ("MPAN: expected", "seen 1000000000059"), sends.other_mpan),
    Case(
        "its own switch, refused",
        1,
        ("CSS refused CSS01700", "a switch starts 1 to 28"),
        sends.own_switch_refused,
    ),
    Case("its own switch as well", None, system=sends.own_switch_before_ours),
    Case("garbage to CSS", 1, ("CSS01700", "SUPI (2300000077)"), sends.css_garbage, inject=(), seconds=4),
    register(
        "no recipient",
        4,
        ("primaryRecipients (none)", "it was to reach SUPI (2300000001)"),
        sends.no_recipient,
    ),
    register("another recipient", 4, ("The DIP passed it on to 2300000077",), sends.other_recipient),
    register("recipient's role", 4, ("has role MSS; IF-002 goes to SUP",), sends.recipient_of_another_role),
    register(
        "answer to another", 8, ("REGS (2200000077) sent IF-032", "2300000077"), sends.answer_to_another
    ),
]
CASES = [*reversed(SENT), *REFUSALS, *WEBHOOKS]  # those that take longest come first


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[str, Run]]:
    """Every case played to its end, all at the same time, each on an MPAN of its own; by the case's name."""
    quick = {"retry_first_seconds": 0.05, "retry_max_seconds": 0.2, "retry_attempts": 4}
    folder = tmp_path_factory.mktemp("stage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "load_scenarios", _with_an_impatient_one)
        async with (
            answers.wayward_webhook() as webhook,
            open_stage(folder, webhook.url, delivery_timeout_seconds=3, **quick) as stage,
        ):
            await _callback(stage, webhook)
            room = asyncio.Semaphore(AT_ONCE)
            playing = (_play(stage, webhook, room, number, case) for number, case in enumerate(CASES))
            played = await asyncio.gather(*playing)
            yield {case.name: run for case, run in zip(CASES, played, strict=True)}


def _with_an_impatient_one() -> dict[str, Scenario]:
    """The scenarios, and the headline scenario in which the harness's own part is soon given up."""
    scenarios = load_scenarios()
    headline = scenarios[HEADLINE]
    timeouts = headline.timeouts.model_copy(update={"harness": HARNESS_SECONDS})
    return {**scenarios, IMPATIENT: headline.model_copy(update={"id": IMPATIENT, "timeouts": timeouts})}


async def _callback(stage: Stage, webhook: WaywardWebhook) -> None:
    dip_id, mpid = PLAYERS["REGS"]
    url, key = f"{INTERNAL_URL}/css/callbacks/{mpid}", {"X-API-Key": f"key of {dip_id}"}
    http = stage.composition.context.http
    (await http.put(url, json={"callbackURL": f"{webhook.url}/css"}, headers=key)).raise_for_status()


async def _play(
    stage: Stage, webhook: WaywardWebhook, room: asyncio.Semaphore, number: int, case: Case
) -> Run:
    mpan = make_mpan(10, 8_000_000 + number)
    if case.replies:
        webhook.behave(mpan, case.replies)
    roles = SUPPLIER if case.roles is None else case.roles
    async with room:
        part = sends.Part(stage, await stage.begin(case.scenario, case.seconds, case.inject, roles, mpan))
        await case.system(part)
        await part.ended()
    return part.run


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_participant_that_goes_wrong_fails_and_is_told_in_what(
    runs: Mapping[str, Run], case: Case
) -> None:
    run = runs[case.name]
    assert run["verdict"] == ("failed" if case.step else "passed"), run["summary"]
    failed = next((step for step in run["steps"] if step["status"] == "Failed"), None)
    assert (failed and failed["step"]) == case.step
    for words in case.says:
        assert words in run["summary"]


async def test_what_one_webhook_answers_holds_up_no_other_message(runs: Mapping[str, Run]) -> None:
    """A ``Retry-After`` beyond all measure once ended the delivery of everything behind it."""
    assert all(run["finished"] for run in runs.values())
    assert runs["500, then 201"]["steps"][1]["attempts"][0]["status"] == 500
