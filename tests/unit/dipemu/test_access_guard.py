"""The guard before /api and /ui: who needs a token, from where, and what a refusal says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from backbone import caller as asking
from backbone.caller import Role
from dipemu.access import AccessTokens, Holders, guarded
from dipemu.access.guard import Policy
from dipemu.access.sessions import LASTS

NOW = datetime(2026, 3, 21, 9, 0, tzinfo=UTC)
HERE, ELSEWHERE = "127.0.0.1", "192.0.2.7"
OWN, NAMED = "http://127.0.0.1:8080", "http://dip.example.org"


async def behind(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"in"})


async def telling(scope: Any, receive: Any, send: Any) -> None:
    who = asking.caller()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{who.name} {who.role}".encode()})


class Caller:
    def __init__(self, folder: Path) -> None:
        self.tokens = AccessTokens(folder)
        self.app: Any = behind
        self._folder = folder
        self._time = NOW

    def now(self, mpan: str | None = None) -> datetime:
        return self._time

    def wait(self, span: timedelta) -> None:
        self._time += span

    def bearer(self, name: str, role: Role = Role.ADMIN, days: int | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens.add(name, NOW, role, days)}"}

    async def sign_in(self, name: str, role: Role = Role.ADMIN) -> dict[str, str]:
        token = self.tokens.add(name, NOW, role)
        signed_in = await self.ask("/ui/login", method="POST", data={"token": token})
        return {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}

    async def ask(
        self,
        path: str = "/api/runs",
        *,
        policy: Policy = "remote",
        client: str = ELSEWHERE,
        base: str = NAMED,
        method: str = "GET",
        **more: Any,
    ) -> httpx.Response:
        app = guarded(self.app, Holders(self._folder, self), policy)
        transport = httpx.ASGITransport(app=app, client=(client, 40_000))
        async with httpx.AsyncClient(transport=transport, base_url=base) as http:
            return await http.request(method, path, **more)


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    return Caller(tmp_path)


@pytest.mark.parametrize(
    ("policy", "client", "base", "status"),
    [
        ("remote", HERE, OWN, 200),
        ("remote", "::1", "http://[::1]:8080", 200),
        ("remote", "::ffff:127.0.0.1", "http://localhost", 200),
        ("remote", ELSEWHERE, OWN, 401),
        ("remote", ELSEWHERE, NAMED, 401),
        ("remote", HERE, NAMED, 401),  # a proxy on this machine, or a name that a web page made point here
        ("remote", HERE, "http://127.0.0.1.example.org", 401),
        ("always", HERE, OWN, 401),
        ("open", ELSEWHERE, NAMED, 200),
    ],
)
async def test_who_needs_a_token(caller: Caller, policy: Policy, client: str, base: str, status: int) -> None:
    assert (await caller.ask(policy=policy, client=client, base=base)).status_code == status


async def test_a_token_lets_in_and_one_taken_away_does_not(caller: Caller) -> None:
    bearer = caller.bearer("alice")
    assert (await caller.ask(headers=bearer)).text == "in"
    caller.tokens.revoke("alice")
    assert (await caller.ask(headers=bearer)).status_code == 401


@pytest.mark.parametrize("shown", ["Bearer", "Bearer wrong", "Basic {}", "{}", "bearer  "])
async def test_a_token_shown_wrongly_does_not_let_in(caller: Caller, shown: str) -> None:
    token = caller.tokens.add("alice", NOW, Role.ADMIN)
    assert (await caller.ask(headers={"Authorization": shown.format(token)})).status_code == 401


async def test_a_refusal_says_how_to_get_in(caller: Caller) -> None:
    refused = await caller.ask()
    assert "dipemu access add" in refused.json()["detail"]
    assert refused.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "path", ["/dip-channel/IF-031", "/health/ready", "/css/messages", "/apiary", "/uistuff"]
)
async def test_the_markets_addresses_are_not_the_guards_business(caller: Caller, path: str) -> None:
    assert (await caller.ask(path, policy="always")).text == "in"


@pytest.mark.parametrize(
    "path",
    [
        "/api", "/api/", "/api/messages", "/ui", "/ui/runs/1", "/metrics",
        "/API/messages", "/Api/participants", "/%61pi/faults", "/UI/runs/1",
    ],
)  # fmt: skip
async def test_all_below_api_and_ui_is_closed(caller: Caller, path: str) -> None:
    assert (await caller.ask(path)).status_code in (401, 303)


async def test_a_broken_token_file_lets_nobody_in(caller: Caller, tmp_path: Path) -> None:
    bearer = caller.bearer("alice")
    (tmp_path / "access.json").unlink()
    (tmp_path / "access.json").write_text("{")
    assert (await caller.ask(headers=bearer)).status_code == 401
    assert (await caller.ask("/ui/login", method="POST", data={"token": "x"})).status_code == 401


async def test_an_expired_token_does_not_let_in_and_its_holder_is_told(caller: Caller) -> None:
    bearer = caller.bearer("alice", days=1)
    caller.wait(timedelta(days=1))
    refused = await caller.ask(headers=bearer)
    assert refused.status_code == 401
    assert "The token of alice expired on 2026-03-22 at 09:00 UTC." in refused.json()["detail"]
    token = bearer["Authorization"].removeprefix("Bearer ")
    assert (await caller.ask("/ui/login", method="POST", data={"token": token})).status_code == 401


@pytest.mark.parametrize("role", list(Role))
async def test_what_is_served_knows_the_name_and_the_role(caller: Caller, role: Role) -> None:
    caller.app = telling
    assert (await caller.ask(headers=caller.bearer("alice", role))).text == f"alice {role}"
    session = await caller.sign_in("bob", role)
    assert (await caller.ask("/ui/", headers=session)).text == f"bob {role}"


@pytest.mark.parametrize(("policy", "base"), [("remote", OWN), ("open", NAMED)])
async def test_who_needs_no_token_may_do_everything_unless_one_is_shown(
    caller: Caller, policy: Policy, base: str
) -> None:
    caller.app = telling
    asked: dict[str, Any] = {"policy": policy, "base": base, "client": HERE}
    assert (await caller.ask(**asked)).text == "None admin"
    assert (await caller.ask(**asked, headers={"Authorization": "Bearer other"})).text == "None admin"
    reader = caller.bearer("alice", Role.READER)
    assert (await caller.ask(**asked, headers=reader)).text == "alice reader"
    assert (await caller.ask("/api/runs", method="POST", **asked, headers=reader)).status_code == 403


async def test_a_refusal_names_the_role_that_there_is_and_the_one_that_is_needed(caller: Caller) -> None:
    reader = caller.bearer("alice", Role.READER)
    refused = await caller.ask("/api/runs", method="POST", headers=reader)
    assert refused.status_code == 403
    text = "POST /api/runs needs the role tester; the token of alice has reader."
    assert refused.json() == {"detail": text}
    page = await caller.ask("/ui/start", method="POST", headers=await caller.sign_in("bob", Role.READER))
    assert page.status_code == 403
    assert "POST /ui/start needs the role tester; the token of bob has reader." in page.text
    assert "Sign out" in page.text


async def test_what_is_declared_nowhere_is_not_there_for_others_than_admins(caller: Caller) -> None:
    tester = caller.bearer("alice", Role.TESTER)
    assert (await caller.ask("/api/secrets", headers=tester)).status_code == 404
    assert (await caller.ask("/api/runs", method="PATCH", headers=tester)).status_code == 404
    assert (await caller.ask("/ui/secrets", headers=tester)).status_code == 404
    assert (await caller.ask("/api/secrets", headers=caller.bearer("bob"))).text == "in"


class TestPages:
    async def test_a_browser_without_a_token_is_sent_to_sign_in(self, caller: Caller) -> None:
        sent = await caller.ask("/ui/runs")
        assert (sent.status_code, sent.headers["location"]) == (303, "/ui/login")
        page = await caller.ask("/ui/login")
        assert page.status_code == 200
        assert '<label for="token">' in page.text

    async def test_signing_in_sets_a_cookie_that_lets_in_and_scripts_cannot_read(
        self, caller: Caller
    ) -> None:
        token = caller.tokens.add("alice", NOW, Role.ADMIN)
        signed_in = await caller.ask("/ui/login", method="POST", data={"token": f" {token} "})
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/ui")
        cookie = signed_in.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Secure" not in cookie
        assert (await caller.ask("/ui", headers={"Cookie": cookie.partition(";")[0]})).text == "in"

    async def test_over_tls_the_cookie_never_leaves_without_it(self, caller: Caller) -> None:
        token = caller.tokens.add("alice", NOW, Role.ADMIN)
        base = "https://dip.example.org"
        signed_in = await caller.ask("/ui/login", method="POST", base=base, data={"token": token})
        assert "Secure" in signed_in.headers["set-cookie"]

    @pytest.mark.parametrize("token", ["", "nobodys-token", "x" * 5_000])
    async def test_a_token_that_is_nobodys_is_told_and_sets_nothing(self, caller: Caller, token: str) -> None:
        refused = await caller.ask("/ui/login", method="POST", data={"token": token})
        assert refused.status_code == 401
        assert "does not count here" in refused.text
        assert "set-cookie" not in refused.headers
        assert not token or token not in refused.text

    async def test_signing_out_takes_the_cookie_away_and_ends_the_session_here(self, caller: Caller) -> None:
        first, second = await caller.sign_in("alice"), await caller.sign_in("bob")
        gone = await caller.ask("/ui/logout", method="POST", headers=first)
        assert gone.headers["location"] == "/ui/login"
        assert "Max-Age=0" in gone.headers["set-cookie"]
        assert (await caller.ask("/ui", headers=first)).status_code == 303
        assert (await caller.ask("/ui", headers=second)).text == "in"
        assert (await caller.ask("/ui/logout", method="POST")).status_code == 303

    async def test_only_a_post_signs_out(self, caller: Caller) -> None:
        session = await caller.sign_in("alice")
        await caller.ask("/ui/logout", headers=session)
        assert (await caller.ask("/ui", headers=session)).text == "in"

    async def test_the_cookie_is_not_the_token_and_ends_after_a_working_day(self, caller: Caller) -> None:
        token = caller.tokens.add("bob", NOW, Role.ADMIN)
        assert (await caller.ask("/ui", headers={"Cookie": f"dipemu_access={token}"})).status_code == 303
        session = await caller.sign_in("alice")
        caller.wait(LASTS)
        assert (await caller.ask("/ui", headers=session)).status_code == 303

    @pytest.mark.parametrize("cookie", ["dipemu_access=wrong", "dipemu_access=", "other=1", "=;=;", "\x7f"])
    async def test_a_cookie_without_a_good_token_does_not_let_in(self, caller: Caller, cookie: str) -> None:
        caller.tokens.add("alice", NOW, Role.ADMIN)
        assert (await caller.ask("/ui", headers={"Cookie": cookie})).status_code == 303
