"""``dipemu sample``: messages for people and for pipes."""

from __future__ import annotations

import orjson
import pytest
from typer.testing import CliRunner

from contracts import load_catalogue
from contracts.samples import KINDS
from contracts.validation import Validator
from dipemu.cli import app

RUNNER = CliRunner()
VALIDATOR = Validator(load_catalogue("2.1.0"))
MPAN = "/payload/CommonBlock/M0/MPANCore"


def run(*arguments: object):
    return RUNNER.invoke(app, ["sample", *map(str, arguments)])


def message(*arguments: object):
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return orjson.loads(result.stdout)


def test_a_sample_is_valid_and_the_same_every_time():
    first = message("IF-031", "MSApp")

    assert VALIDATOR.check(first).valid
    assert message("IF-031", "[MSApp]") == first
    assert message("if031", "msapp") == first
    assert message("IF-031", "MSApp", "--seed", 1) != first


def test_so_many_messages_are_an_array_of_consecutive_seeds():
    several = message("IF-031", "MSApp", "--seed", 5, "--count", 3)

    assert len(several) == 3
    assert several[1] == message("IF-031", "MSApp", "--seed", 6)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (f"{MPAN}=2000056535971", "2000056535971"),
        (f"{MPAN}=null", None),
        (f"{MPAN}=true", "true"),
        (f'{MPAN}="quoted"', "quoted"),
        (f"{MPAN}=two words = three", "two words = three"),
        ("/payload/CommonBlock/M0/extra=5", 5),
        ('/payload/CustomBlock/B013={"CSSRegistrationID":"x"}', {"CSSRegistrationID": "x"}),
        ("/payload/CommonBlock/A0/primaryRecipients=[]", []),
    ],
)
def test_a_value_is_put_in_its_place(given, value):
    pointer = given.partition("=")[0]
    event = ("IF-032", "MSAppInitialResp") if "A0" in pointer else ("IF-031", "MSApp")

    found = message(*event, "--set", given)

    for step in pointer.split("/")[1:]:
        found = found[step]
    assert found == value


def test_elements_of_a_list_are_reached_by_their_place():
    pointer = "/payload/CommonBlock/A0/primaryRecipients/0"
    found = message("IF-032", "MSAppInitialResp", "--set", f"{pointer}=2300000077")
    assert found["payload"]["CommonBlock"]["A0"]["primaryRecipients"] == ["2300000077"]


def test_a_deliberate_fault_is_said_on_standard_error_and_found_by_validate():
    result = run("IF-031", "MSApp", "--invalid", "zulu-timestamp")

    assert result.exit_code == 0
    pointer = result.stderr.split(" at ")[1].strip()
    assert "one fault (zulu-timestamp)" in result.stderr
    assert [v.pointer for v in VALIDATOR.check(orjson.loads(result.stdout)).errors] == [pointer]


def test_the_kinds_of_faults_can_be_listed():
    result = run("IF-031", "MSApp", "--invalid", "list")
    assert result.exit_code == 0
    assert tuple(result.stdout.split()) == KINDS


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("IF-999", "MSApp"), "no interface IF-999"),
        (("IF-031", "MSAp"), "Did you mean MSApp?"),
        (("IF-031", "MSApp", "--invalid", "nonsense"), "there is no kind nonsense"),
        (("IF-031", "MSApp", "--invalid", "list-too-long"), "no place for the fault"),
        (("IF-031", "MSApp", "--set", "MPANCore=1"), "--set takes /POINTER=VALUE"),
        (("IF-031", "MSApp", "--set", "/payload"), "--set takes /POINTER=VALUE"),
        (("IF-031", "MSApp", "--set", "/payload/Nowhere/x=1"), "no such place"),
        (("IF-031", "MSApp", "--contract", "9.9"), "no catalogue of version 9.9"),
    ],
)
def test_what_cannot_be_made_is_said_in_a_sentence(arguments, text):
    result = run(*arguments)
    assert result.exit_code == 2
    assert text in result.stderr.replace("\n", " ")
