"""All test cases as one document in Markdown, by theme: ``docs/scenarios.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.qualification.format import STATUS, Scenario
from services.qualification.scenario import by_theme

_HEAD = """\
# The test cases

Made by `dipemu scenarios table > docs/scenarios.md` from the files in `scenarios/`. Each passes with every
role played by the harness; your own system can play any of the roles named, one or several of them:

    dipemu run ID --participant ROLE=DIP-ID
    dipemu run --theme NAME --participant ROLE=DIP-ID
"""


def markdown(scenarios: Iterable[Scenario]) -> str:
    """The document: per test case its ID, title, messages, and the roles that a participant can play."""
    return "\n".join([_HEAD, *_themes(scenarios)]) + "\n"


def _themes(scenarios: Iterable[Scenario]) -> Iterator[str]:
    themes = by_theme(scenarios)
    count = sum(len(listed) for listed in themes.values())
    yield f"{count} test cases in {len(themes)} themes."
    for theme, listed in themes.items():
        yield f"\n## {theme}\n"
        yield "| ID | title | messages | roles for a participant |"
        yield "|---|---|---|---|"
        yield from (_row(scenario) for scenario in listed)


def _row(scenario: Scenario) -> str:
    acting = {step.owner for step in scenario.steps}
    roles = ", ".join(name for name, role in scenario.roles.items() if role.participant and name in acting)
    cells = (f"`{scenario.id}`", scenario.title, ", ".join(messages(scenario)), roles)
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def messages(scenario: Scenario) -> list[str]:
    """The messages that are sent in it, in their order; those that must not come are left out."""
    sent = (step for step in scenario.steps if step.must_not_come_within is None)
    return list(dict.fromkeys(_written(step.message) for step in sent))


def _written(message: str) -> str:
    """A publication carries the message that it is named after."""
    return "status message" if message == STATUS else message.replace("PUB-", "IF-")
