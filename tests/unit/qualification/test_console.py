"""What a terminal shows of a run document and of a scenario."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Console, RenderableType

from backbone.journal.events import Kind
from services.qualification.console import render, render_briefing, render_scenario
from services.qualification.document import briefing, document
from services.qualification.verdict import evaluate
from tests.unit.qualification.given import MPAN, Story, at, binding, headline


def text(renderable: RenderableType, width: int = 220) -> str:
    console = Console(width=width, record=True, file=None, quiet=False, force_terminal=False)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def shown(story: Story, now: datetime | None = None) -> dict[str, Any]:
    scenario, bound = headline(), story.binding
    hooks = [{"party": "SUPI", "channel": "IF-002", "url": None, "text": "none registered yet"}]
    known = briefing(scenario, bound, "headline-1", hooks, ["SUPI (2300000012) has no webhook for IF-002."])
    moment = now or story.now
    return document(scenario, bound, known, evaluate(scenario, bound, story.events, moment), 1, moment)


def test_the_step_table_has_the_frameworks_columns_and_words() -> None:
    story = Story(binding())
    story.until_site_information()
    lines = text(render(shown(story)))
    for word in (
        "Step",
        "Description",
        "Source",
        "Recipient",
        "Message",
        "Who",
        "Valid",
        "Status",
        "Evidence",
    ):
        assert word in lines
    assert "Passed" in lines
    assert "Waiting for participant" in lines
    assert "Not Run" in lines
    assert "Step 5 Waiting for participant: Waiting for SUPI (2300000012) to send IF-031 [MSApp]" in lines


def test_a_narrow_terminal_keeps_what_matters_whole() -> None:
    story = Story(binding())
    story.until_site_information()
    lines = text(render(shown(story)), width=80)
    for word in ("[MSAppInitialResp]", "Recipient", "PUB-032", "Status", "QTE"):
        assert word in lines
    assert "Evidence" not in lines
    assert max(map(len, lines.splitlines())) <= 80


def test_a_failed_step_is_explained_under_the_table() -> None:
    story = Story(binding())
    story.until_site_information()
    story.appointment(mpan="2000056535971")
    lines = text(render(shown(story, at(60))))
    assert "Step 5 Failed: Expected IF-031 [MSApp]" in lines
    assert f"MPAN expected {MPAN}, seen 2000056535971" in lines


def test_a_refused_near_miss_says_why_it_was_refused() -> None:
    story = Story(binding())
    story.until_site_information()
    refused = story.appointment(
        kind=Kind.REFUSED,
        codes=("MSG1000",),
        details={
            "status": 401,
            "reason": "The signature does not fit the body.",
            "url": "http://g/dip-channel/IF-031",
        },
    )
    story.change(refused, interface=None, event_code=None, mpan=None, reference=None)
    document = shown(story, at(60))
    lines = text(render(document))
    assert "a request to http://g/dip-channel/IF-031, refused" in lines
    assert "refused because: 401 MSG1000 The signature does not fit the body." in lines
    assert "The signature does not fit the body" in document["summary"]


def test_the_briefing_tells_all_that_is_needed_before_the_first_wait() -> None:
    story = Story(binding())
    document = shown(story)
    lines = text(render_briefing(document))
    for needed in (
        MPAN,
        document["supplyStartDate"],
        "none registered yet",
        "Warning: SUPI (2300000012) has no webhook for IF-002.",
        "1200000001",
        "MSSA",
        "your system (QP)",
        "marketSegmentIndicator",
        "meterID QT0000001",
        "Step 5 SUPI IF-031 [MSApp]: Send IF-031 [MSApp] for MPAN",
    ):
        assert needed in lines


def test_an_injected_step_says_on_whose_behalf() -> None:
    story = Story(binding(injected=("CSS01700",)))
    lines = text(render(shown(story)))
    assert "(sent by the harness on the participant's behalf)" in lines
    assert "Nothing to do." in text(render_briefing(shown(story)))


def test_markup_in_a_message_is_shown_and_not_obeyed() -> None:
    story = Story(binding())
    story.until_site_information()
    story.appointment(proposed={"appointmentScenario": "[bold]x[/bold] [/]"})
    assert "[bold]x[/bold] [/]" in text(render(shown(story)))


def test_a_scenario_is_shown_with_roles_and_steps() -> None:
    lines = text(render_scenario(headline()))
    for words in (
        "MHHS-DEL1814: SITFTS0020 Smart Single",
        "Change of Supplier",
        "Proposed Metering Service",
        "PUB-032",
    ):
        assert words in lines
