"""``dipemu evidence`` as testers, test managers and auditors use it, and OpenSSL without us."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from typer.testing import CliRunner, Result

from dipemu.cli import app
from services.qualification.packs import read_pack, unzipped, write_pack, zipped
from tests.e2e.emulator import Emulator, dipemu
from tests.e2e.evidence import Made, forged, reseal

RUNNER = CliRunner()
DOCUMENT = Path(__file__).parents[2] / "docs" / "evidence.md"


def evidence(*arguments: object, data: Path) -> Result:
    """Run the command as somebody with this data directory would."""
    return RUNNER.invoke(app, ["evidence", *map(str, arguments), "--data", str(data)])


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """The data directory of somebody who has nothing to do with the run."""
    return tmp_path / "nothing-here"


def spoil(made: Made, place: Path) -> Path:
    """A copy of the pack in which somebody has turned the verdict."""
    files = read_pack(made.folder)
    files["verdict.json"] = files["verdict.json"].replace(b'"verdict": "passed"', b'"verdict": "failed"')
    write_pack(files, place)
    return place


def test_an_auditor_verifies_with_the_authority_that_was_handed_over(
    made: Made, tmp_path: Path, stranger: Path
) -> None:
    archive = tmp_path / "posted.zip"
    archive.write_bytes(zipped(read_pack(made.folder)))
    for path in (made.folder, archive):
        done = evidence("verify", path, "--trust", made.supplier / "ca.crt", data=stranger)
        assert done.exit_code == 0, done.stdout
        assert "SOUND" in done.stdout
        assert "Computed again from the journal: passed" in done.stdout


def test_whoever_runs_the_environment_needs_to_name_no_authority(made: Made) -> None:
    assert evidence("verify", made.folder, data=made.data).exit_code == 0


def test_an_unknown_signer_is_told_from_a_broken_pack_and_may_be_let_pass(made: Made, stranger: Path) -> None:
    done = evidence("verify", made.folder, data=stranger)
    assert done.exit_code == 1
    assert "UNTRUSTED" in done.stdout
    assert "BAD" not in done.stdout
    assert evidence("verify", made.folder, "--any-signer", data=stranger).exit_code == 0


def test_evidence_nobody_signed_is_not_let_pass_with_any_signer(
    made: Made, tmp_path: Path, stranger: Path
) -> None:
    files = read_pack(made.folder)
    reseal(files, None)
    write_pack(files, tmp_path / "unsigned")
    done = evidence("verify", tmp_path / "unsigned", "--any-signer", data=stranger)
    assert done.exit_code == 1
    assert "UNSIGNED" in done.stdout


def test_a_broken_pack_is_named_to_people_and_to_programs(made: Made, tmp_path: Path) -> None:
    broken = spoil(made, tmp_path / "broken")
    done = evidence("verify", broken, data=made.data)
    assert done.exit_code == 1
    for words in ("BROKEN", "verdict.json was changed", "The verdict is passed; written is failed."):
        assert words in done.stdout
    told = json.loads(evidence("verify", broken, "--json", data=made.data).stdout)
    assert told["outcome"] == "broken"
    checks = {check["check"]: check for check in told["checks"]}
    assert checks["Verdict"]["findings"] == ["The verdict is passed; written is failed."]
    assert checks["Journal"]["result"] == "good"


def test_the_checks_of_every_message_are_listed_for_who_asks(made: Made) -> None:
    told = json.loads(evidence("verify", made.folder, "--json", data=made.data).stdout)
    mine = next(one for one in told["messages"] if one["message"] == "IF-031")
    assert (mine["what"], mine["schema"], mine["signature"]) == ("accepted", "good", "good")
    assert "Verified from these bytes" in mine["text"]
    done = evidence("verify", made.folder, "--messages", data=made.data)
    assert re.search(rf"{mine['line']} +IF-031 +accepted +good +good +Verified from these bytes", done.stdout)


def test_names_in_a_hostile_pack_do_not_steer_the_terminal(made: Made, tmp_path: Path) -> None:
    write_pack(read_pack(made.folder) | {"\x1b[2Jclean.json": b""}, tmp_path / "evil")
    done = evidence("verify", tmp_path / "evil", data=made.data)
    assert "clean.json was added" in done.stdout
    assert "\x1b" not in done.stdout


def test_usage_is_told_from_evidence_that_is_not_sound(made: Made, tmp_path: Path, stranger: Path) -> None:
    (tmp_path / "folder").mkdir()
    for arguments, words in (
        (("verify", tmp_path / "absent"), "No such file"),
        (("verify", tmp_path / "folder"), "no evidence"),
        (("verify", made.folder, "--trust", tmp_path / "absent.pem"), "absent.pem"),
        (("verify", made.folder, "--trust", made.folder / "junit.xml"), "PEM"),
        (("summary", tmp_path / "folder"), "holds no evidence"),
        (("summary", made.folder, "--json", "--csv"), "exclude"),
    ):
        done = evidence(*arguments, data=stranger)
        assert done.exit_code == 2, arguments
        assert words in done.stderr


def test_an_unsafe_archive_is_not_opened_and_not_sound(tmp_path: Path, stranger: Path) -> None:
    (tmp_path / "evil.zip").write_bytes(zipped({"../evil": b""}))
    done = evidence("verify", tmp_path / "evil.zip", data=stranger)
    assert done.exit_code == 1
    assert "leads out of it" in done.stdout
    assert not (tmp_path.parent / "evil").exists()


def test_a_fault_of_ours_is_no_verdict_on_the_evidence(
    made: Made, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    from dipemu import cli

    monkeypatch.setattr(sys, "argv", ["dipemu", "evidence", "verify", str(made.folder)])
    monkeypatch.setattr("services.qualification.verification.verify", lambda *_: 1 / 0)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 3
    assert "fault of the harness" in capsys.readouterr().err


def test_a_pack_is_packed_the_same_each_time_and_a_broken_one_is_not(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.folder, tmp_path / "run-1")
    assert evidence("pack", tmp_path / "run-1", data=made.data).exit_code == 0
    again = tmp_path / "again.zip"
    assert evidence("pack", tmp_path / "run-1.zip", "--out", again, data=made.data).exit_code == 0
    assert again.read_bytes() == (tmp_path / "run-1.zip").read_bytes()
    assert unzipped(again.read_bytes()) == read_pack(made.folder)
    done = evidence("pack", spoil(made, tmp_path / "broken"), data=made.data)
    assert done.exit_code == 1
    assert not (tmp_path / "broken.zip").exists()


def test_a_test_manager_sees_many_runs_at_once(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.folder, tmp_path / "all" / "run-1")
    spoil(made, tmp_path / "all" / "run-2")
    (tmp_path / "all" / "run-3.zip").write_bytes(zipped(read_pack(made.folder)))
    done = evidence("summary", tmp_path / "all", data=made.data)
    assert done.exit_code == 1
    assert "2 of 3 sound" in done.stdout
    rows: list[dict[str, Any]] = json.loads(
        evidence("summary", tmp_path / "all", "--json", data=made.data).stdout
    )
    assert [row["outcome"] for row in rows] == ["sound", "broken", "sound"]
    dip_id = json.loads((made.supplier / "identity.json").read_text())["dipId"]
    assert rows[0]["participant"].startswith(f"SUPI {dip_id}")
    assert (rows[0]["scenario"], rows[0]["verdict"]) == ("SITFTS0020-Smart-Single", "passed")
    table = list(
        csv.DictReader(io.StringIO(evidence("summary", tmp_path / "all", "--csv", data=made.data).stdout))
    )
    assert table == rows
    assert evidence("summary", tmp_path / "all" / "run-1", data=made.data).exit_code == 0
    (tmp_path / "all" / "photos.zip").write_bytes(zipped({"photo.jpeg": b""}))
    (tmp_path / "all" / "text.zip").write_text("no archive")
    assert "2 of 5 sound" in evidence("summary", tmp_path / "all", data=made.data).stdout


def test_a_spreadsheet_is_given_no_formula(made: Made, tmp_path: Path) -> None:
    files = read_pack(made.folder)
    manifest = orjson.loads(files["manifest.json"])
    files["manifest.json"] = orjson.dumps(manifest)
    reseal(files, None)
    changed = orjson.loads(files["manifest.json"])
    changed["run"]["name"] = '=HYPERLINK("http://evil")'
    files["manifest.json"] = orjson.dumps(changed, option=orjson.OPT_SORT_KEYS)
    reseal(files, None)
    write_pack(files, tmp_path / "evil")
    (row,) = csv.DictReader(
        io.StringIO(evidence("summary", tmp_path / "evil", "--csv", data=made.data).stdout)
    )
    assert row["run"] == '\'=HYPERLINK("http://evil")'


def blocks() -> str:
    """The shell commands that the document gives to whoever has none of our software."""
    section = DOCUMENT.read_text().split("## Verify it without our software")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))


def without_us(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-eu", "-c", blocks()], cwd=folder, capture_output=True, text=True, timeout=60
    )


def test_openssl_and_a_shell_are_enough_to_verify_and_to_find_tampering(made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.folder, tmp_path / "pack")
    shutil.copy(made.authority_file, tmp_path / "ca.crt")
    done = without_us(tmp_path / "pack")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "signer.pem: OK" in done.stdout
    assert "Verified OK" in done.stdout
    for name in ("manifest.json", "journal.ndjson", "report.html", "new"):
        spoiled = tmp_path / name
        shutil.copytree(made.folder, spoiled)
        with (spoiled / name).open("ab") as file:
            file.write(b" ")
        assert without_us(spoiled).returncode != 0, name


def test_the_documents_shell_finds_a_journal_line_that_does_not_chain(made: Made, tmp_path: Path) -> None:
    chain = re.findall(r"```sh\n(previous=.*?)```", DOCUMENT.read_text(), re.DOTALL)[0]
    files = read_pack(made.folder)
    lines = files["journal.ndjson"].splitlines(keepends=True)
    for number, spoiled in (
        (3, lines[:2] + lines[3:]),
        (6, [*lines[:4], forged(lines[4]) + b"\n", *lines[5:]]),
    ):
        write_pack(files | {"journal.ndjson": b"".join(spoiled)}, tmp_path)
        done = subprocess.run(
            ["sh", "-eu", "-c", chain], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1
        assert f"line {number} is not" in done.stdout


def test_the_fingerprint_is_in_the_report_and_the_same_at_every_download(
    made: Made, emulator: Emulator
) -> None:
    files = read_pack(made.folder)
    manifest = orjson.loads(files["manifest.json"])
    answer = httpx.get(f"{emulator.url}/api/runs/{manifest['run']['id']}/evidence").raise_for_status()
    later = unzipped(answer.content)
    assert orjson.loads(later["manifest.json"])["fingerprint"] == manifest["fingerprint"]
    assert later["report.html"] == files["report.html"]
    report = files["report.html"].decode()
    for words in (
        manifest["fingerprint"],
        manifest["sealed"]["signer"]["fingerprint"],
        "dipemu evidence verify",
    ):
        assert words in report


def test_the_manifest_says_what_an_auditor_asks(made: Made) -> None:
    manifest = orjson.loads(read_pack(made.folder)["manifest.json"])
    assert manifest["scenario"]["id"] == "SITFTS0020-Smart-Single"
    assert manifest["contracts"][0]["version"] == "2.1.0"
    assert manifest["composition"]["kind"] == "embedded"
    assert {"python", "os", "libraries", "openssl"} <= manifest["system"].keys()
    assert {"begun", "ended", "evaluated"} == manifest["times"].keys()
    assert [party["who"] for party in manifest["parties"]].count("QP") == 1
    paths = [entry["path"] for entry in manifest["files"]]
    assert paths == sorted(paths)


def secrets_of(folder: Path) -> set[bytes]:
    """Every API key, and every line of every private key, that lies below a folder."""
    found = set()
    for path in folder.rglob("*"):
        if path.name == "identity.json":
            found.add(json.loads(path.read_text())["apiKey"].encode())
        elif path.suffix in (".key", ".pem"):
            keys = re.findall(rb"BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)-----END", path.read_bytes(), re.DOTALL)
            found |= {line for key in keys for line in key.splitlines()}
    return found


def test_no_secret_of_the_environment_or_of_its_participants_is_in_any_file(made: Made) -> None:
    secrets = secrets_of(made.data) | secrets_of(made.supplier)
    assert len(secrets) > 60, "the DIP, the authority, the signer, the parties and the participant have keys"
    assert stat.S_IMODE((made.data / "evidence-signer.pem").stat().st_mode) == 0o600
    for path, content in read_pack(made.folder).items():
        assert not [secret for secret in secrets if secret in content], path


def test_a_key_of_ones_own_signs_and_a_wrong_one_stops_the_start(tmp_path: Path) -> None:
    key, certificate = tmp_path / "own.key", tmp_path / "own.crt"
    subject = ["-subj", "/CN=Test Manager", "-days", "2"]
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        *subject,
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run(list(map(str, made)), check=True, capture_output=True)
    environment = {"DIPEMU_EVIDENCE_KEY": str(key), "DIPEMU_EVIDENCE_CERTIFICATE": str(certificate)}
    folder = tmp_path / "evidence"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        dipemu("run", "SITFTS0020-Smart-Single", "--evidence", folder)
        patch.setenv("DIPEMU_EVIDENCE_KEY", str(certificate))
        refused = dipemu("run", "SITFTS0020-Smart-Single", "--evidence", folder, check=3)
        assert "DIPEMU_EVIDENCE" in refused.stderr
    done = evidence("verify", folder, "--trust", certificate, data=tmp_path / "nothing-here")
    assert done.exit_code == 0
    assert "CN=Test Manager" in done.stdout
