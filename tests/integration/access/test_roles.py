"""Every address of the running emulator declares the role it needs, and each role gets as far as that."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from backbone.caller import Role
from dipemu.access.permissions import declared
from tests.integration.access.serving import ABSENT, Served, routes, served

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def emulator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("emulator") / "data") as running:
        yield running


async def test_every_address_that_is_served_declares_its_role_and_no_other_is_declared(
    emulator: Served,
) -> None:
    there = routes(emulator.composition)
    known = {(method, template) for method, template, _ in declared()}
    assert there - known == set(), "these need a role: declare it in dipemu/access/permissions.py"
    assert known - there == {("GET", "/metrics")}  # the composition's own
    assert len(there) > 50


@pytest.mark.parametrize("role", list(Role))
async def test_each_role_gets_as_far_as_each_address_lets_it(emulator: Served, role: Role) -> None:
    wrong = []
    for method, template, needed in declared():
        path = re.sub(r"\{[^}]+\}", ABSENT, template)
        answer = await emulator.ask(role, method, path)
        if role.includes(needed):
            right = answer.status_code not in (401, 403) and answer.status_code < 500
        else:
            text = f"{method} {path} needs the role {needed}; the token of the-{role} has {role}."
            right = answer.status_code == 403 and text in answer.text
        if not right:
            wrong.append((method, path, answer.status_code, answer.text[:200]))
    assert wrong == []


async def test_without_a_token_nothing_is_answered(emulator: Served) -> None:
    for method, template, _ in declared():
        path = re.sub(r"\{[^}]+\}", ABSENT, template)
        for written in (path, path.upper()):
            answer = await emulator.http.request(method, written)
            assert answer.status_code == (303 if path.startswith("/ui") else 401), written


async def test_capitals_lead_past_no_role(emulator: Served) -> None:
    answer = await emulator.ask(Role.READER, "POST", "/API/Directory", content="version: 1")
    assert answer.status_code == 403
    assert "needs the role admin" in answer.json()["detail"]
