"""The table of roles, and how an address is found in it."""

from __future__ import annotations

import pytest

from backbone.caller import Caller, Role, caller, calling
from dipemu.access.permissions import declared, needed


def role(method: str, path: str) -> Role | None:
    return needed(method, path, path)


def test_each_role_may_do_what_those_before_it_may() -> None:
    reaches = {role: [other for other in Role if role.includes(other)] for role in Role}
    assert reaches == {
        Role.READER: [Role.READER],
        Role.TESTER: [Role.READER, Role.TESTER],
        Role.ADMIN: [Role.READER, Role.TESTER, Role.ADMIN],
    }


def test_the_caller_is_known_within_the_block_alone() -> None:
    with calling(Caller(Role.READER, "alice")):
        assert caller() == Caller(Role.READER, "alice")
        assert not caller().may("tester")
        assert caller().may("reader")
    assert caller() == Caller(Role.ADMIN)


def test_no_address_is_declared_twice() -> None:
    addresses = [(method, template) for method, template, _ in declared()]
    assert len(addresses) == len(set(addresses)) > 50


def test_readers_have_nothing_that_changes_something() -> None:
    changing = {template for method, template, role in declared() if role is Role.READER and method != "GET"}
    assert changing == {"/ui/start/preflight"}  # looks what is ready, as the form stands


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/ui/", Role.READER),
        ("GET", "/ui", Role.READER),
        ("HEAD", "/api/runs", Role.READER),
        ("POST", "/api/runs", Role.TESTER),
        ("POST", "/api/runs/", Role.TESTER),
        ("GET", "/ui/runs/1/evidence/messages/001.json", Role.READER),
        ("POST", "/ui/runs/1/notes", Role.TESTER),
        ("POST", "/API/Participants", Role.ADMIN),
        ("POST", "//api/participants", Role.ADMIN),
        ("PUT", "/api/participants/2300000012/webhooks/IF-002", Role.ADMIN),
        ("GET", "/metrics", Role.READER),
        ("GET", "/api", None),
        ("GET", "/api/secrets", None),
        ("PATCH", "/api/runs", None),
        ("GET", "/ui/runs/1/evidence", None),
        ("GET", "/ui/runs/1/evidence/", None),
    ],
)
def test_an_address_needs_the_role_that_is_declared(method: str, path: str, expected: Role | None) -> None:
    assert role(method, path) == expected


def test_of_an_address_that_can_be_read_in_two_ways_the_stricter_role_counts() -> None:
    assert needed("DELETE", "/api/participants/1", "/api/participants/1") is Role.ADMIN
    assert needed("GET", "/api/messages/a/b", "/api/messages/a%2Fb") is Role.TESTER
    assert needed("POST", "/api/runs/1/notes", "/api/runs%2F1%2Fnotes") is Role.TESTER
    assert needed("GET", "/api/runs/directory", "/api/directory") is Role.ADMIN
