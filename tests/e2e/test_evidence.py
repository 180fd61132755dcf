"""Evidence in an auditor's hands: whatever was done to it is found and named."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest
from cryptography.x509 import Certificate

from participant.authority import CertificateAuthority
from participant.certificates import parse_chain
from participant.identity import Identity
from services.qualification.packs import read_pack, zipped
from services.qualification.signer import Signer
from services.qualification.verification import Outcome, verify, verify_path
from tests.e2e.evidence import (
    Files,
    Made,
    all_findings,
    findings,
    forged,
    journal_changed,
    rechained,
    reseal,
    signer_of,
)

FIXED = ("authorities.pem", "ctrf.json", "environment.json", "junit.xml", "report.html", "verdict.json")
KINDS = (*FIXED, "journal.ndjson", "message", "headers")


def path_of(kind: str, files: Files) -> str:
    """A file of this kind, of the participant's own message where it is one of a message."""
    if kind not in ("message", "headers"):
        return kind
    wanted = sorted(path for path in files if path.startswith("messages/") and "IF-031" in path)
    return next(path for path in wanted if ("headers" in path) == (kind == "headers"))


def test_what_was_made_is_sound_here_and_anywhere_else(made: Made, tmp_path: Path) -> None:
    (tmp_path / "posted.zip").write_bytes(zipped(read_pack(made.folder)))
    for path in (made.folder, tmp_path / "posted.zip"):
        verification = verify_path(path, made.trust)
        assert all_findings(verification) == []
        assert verification.outcome is Outcome.SOUND
    checks = {line.name: line.text for line in verification.lines}
    assert list(checks) == [
        "Files",
        "Journal",
        "Message files",
        "Signature",
        "Signer",
        "Message checks",
        "Verdict",
        "Reports",
    ]
    counted = r"(\d+) messages\. Schema: \1 good\. Signature: \d good, 2 does not apply\."
    assert re.fullmatch(counted, checks["Message checks"])
    assert "CN=Evidence of UIT" in checks["Signature"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_file_is_named(kind: str, made: Made) -> None:
    def change(files: Files) -> None:
        path = path_of(kind, files)
        files[path] += b" "

    verification = made.after(change)
    assert verification.outcome is Outcome.BROKEN
    (text,) = findings(verification, "Files")
    assert text.startswith(f"{path_of(kind, read_pack(made.folder))} was changed: ")


@pytest.mark.parametrize("kind", [*KINDS, "manifest.json.sig", "signer.pem"])
def test_a_removed_file_is_named(kind: str, made: Made) -> None:
    verification = made.after(lambda files: files.pop(path_of(kind, files)))
    assert verification.outcome is Outcome.BROKEN
    assert findings(verification, "Files") == [f"{path_of(kind, read_pack(made.folder))} is missing."]


@pytest.mark.parametrize("path", ["messages/099-IF-031.json", "readme.txt", "messages/.hidden"])
def test_an_added_file_is_named(path: str, made: Made) -> None:
    verification = made.after(lambda files: files.update({path: b"{}"}))
    assert verification.outcome is Outcome.BROKEN
    assert findings(verification, "Files") == [f"{path} was added: the manifest does not name it."]


@pytest.mark.parametrize("kind", KINDS)
def test_exchanged_files_are_named_both(kind: str, made: Made) -> None:
    files = read_pack(made.folder)
    path = path_of(kind, files)
    other = next(one for one in sorted(files) if one.startswith("messages/") and one != path)

    def exchange(files: Files) -> None:
        files[path], files[other] = files[other], files[path]

    found = findings(made.after(exchange), "Files")
    assert sorted(found) == sorted(
        [
            f"{path} was exchanged: it holds what belongs in {other}.",
            f"{other} was exchanged: it holds what belongs in {path}.",
        ]
    )


def changed(lines: list[bytes]) -> None:
    lines[4] = forged(lines[4])


JOURNAL = {
    "changed": (changed, "Line 5 was changed"),
    "removed": (lambda lines: lines.pop(4), "Line 5 is missing."),
    "cut off": (lambda lines: lines.pop(), "is missing."),
    "duplicated": (lambda lines: lines.insert(5, lines[4]), "Line 5 stands twice: at place 5 and at place 6"),
    "reordered": (lambda lines: lines.insert(4, lines.pop(5)), "Line 6 was moved: it stands before line 5."),
    "added": (lambda lines: lines.insert(5, forged(lines[4])), "numbered 5, was added."),
}


@pytest.mark.parametrize("what", JOURNAL)
def test_a_journal_line_that_was_touched_is_named(what: str, made: Made) -> None:
    change, expected = JOURNAL[what]
    verification = made.after(lambda files: journal_changed(files, change))
    assert verification.outcome is Outcome.BROKEN
    (text,) = findings(verification, "Journal")
    assert expected in text


def edited(files: Files, old: bytes = b'"passed"', new: bytes = b'"failed"') -> None:
    assert old in files["verdict.json"]
    files["verdict.json"] = files["verdict.json"].replace(b'"verdict": ' + old, b'"verdict": ' + new)


def test_an_edited_verdict_is_named_with_what_would_be_right(made: Made) -> None:
    verification = made.after(edited)
    assert verification.outcome is Outcome.BROKEN
    assert findings(verification, "Verdict") == ["The verdict is passed; written is failed."]
    assert any(text.startswith("verdict.json was changed") for text in findings(verification, "Files"))


def strange_signer(tmp_path: Path) -> Signer:
    return signer_of(CertificateAuthority.open(tmp_path / "stranger"))


def test_a_manifest_signed_anew_by_a_stranger_is_whole_but_not_trusted(made: Made, tmp_path: Path) -> None:
    stranger = strange_signer(tmp_path)
    verification = made.after(lambda files: reseal(files, stranger))
    assert all_findings(verification) == []
    assert verification.outcome is Outcome.UNTRUSTED
    (signer,) = [line.text for line in verification.lines if line.name == "Signer"]
    assert "none of the authorities given" in signer


def test_a_participant_cannot_sign_with_the_certificate_that_our_authority_gave_it(made: Made) -> None:
    identity = Identity.load(made.supplier)
    participant = Signer(tuple(parse_chain(identity.certificate_pem)), identity.private_key)
    verification = made.after(lambda files: reseal(files, participant))
    assert verification.outcome is Outcome.UNTRUSTED
    (signer,) = [line.text for line in verification.lines if line.name == "Signer"]
    assert "not one for signing documents" in signer


def test_a_signature_under_anothers_name_is_broken_not_just_unknown(made: Made, tmp_path: Path) -> None:
    stranger = strange_signer(tmp_path)

    def resigned(files: Files) -> None:
        files["manifest.json.sig"] = stranger.sign(files["manifest.json"])

    def other_certificate(files: Files) -> None:
        resigned(files)
        files["signer.pem"] = stranger.pem

    assert "is not CN=Evidence of UIT" in findings(made.after(resigned), "Signature")[0]
    assert "is another certificate" in findings(made.after(other_certificate), "Signature")[0]
    assert made.after(other_certificate).outcome is Outcome.BROKEN


def test_evidence_that_nobody_signed_is_told_from_broken_evidence(made: Made) -> None:
    verification = made.after(lambda files: reseal(files, None))
    assert verification.outcome is Outcome.UNSIGNED
    assert all_findings(verification) == []


def test_a_verdict_forged_with_every_skill_still_does_not_follow_from_the_journal(
    made: Made, tmp_path: Path
) -> None:
    def forge(files: Files) -> None:
        edited(files)
        reseal(files, strange_signer(tmp_path))

    verification = made.after(forge)
    assert verification.outcome is Outcome.BROKEN
    assert findings(verification, "Files") == []
    assert findings(verification, "Verdict") == ["The verdict is passed; written is failed."]
    assert "junit.xml" not in " ".join(findings(verification, "Manifest"))


def test_a_rewritten_and_rechained_line_no_longer_fits_its_message_files(made: Made) -> None:
    listed = orjson.loads(read_pack(made.folder)["manifest.json"])["files"]
    number = next(entry["journal"]["line"] for entry in listed if "IF-031" in entry["path"])

    def forge(lines: list[bytes]) -> None:
        lines[number - 1] = forged(lines[number - 1])
        lines[:] = rechained(lines)

    verification = made.after(lambda files: journal_changed(files, forge))
    assert "the manifest names as the last" in findings(verification, "Journal")[0]
    expected = f"line {number} of the journal is not the one that it was taken from"
    assert any(expected in text for text in findings(verification, "Message files"))


def test_a_report_that_says_more_than_its_verdict_is_found_though_it_is_signed(
    made: Made, tmp_path: Path
) -> None:
    def forge(files: Files) -> None:
        files["junit.xml"] = files["junit.xml"].replace(b'failures="0"', b'failures="1"')
        reseal(files, strange_signer(tmp_path))

    assert findings(made.after(forge), "Reports") == ["junit.xml is not the report of this verdict."]


def test_a_message_whose_signature_does_not_hold_is_named_by_its_line(made: Made, tmp_path: Path) -> None:
    def forge(files: Files) -> None:
        journal_changed(files, lambda lines: lines.__setitem__(slice(None), rechained([*map(moved, lines)])))
        for path in [path for path in files if path.startswith("messages/")]:
            del files[path]
        reseal(files, strange_signer(tmp_path))

    def moved(line: bytes) -> bytes:
        return line.replace(b"/dip-channel/IF-031", b"/dip-channel/IF-032")

    (text,) = findings(made.after(forge), "Message checks")
    assert "IF-031 accepted: " in text


def without_manifest(files: Files) -> None:
    """As evidence was before it had one."""
    for path in ("manifest.json", "manifest.json.sig", "signer.pem", "authorities.pem"):
        del files[path]
    bare = [orjson.loads(line) for line in files["journal.ndjson"].splitlines()]
    for line in bare:
        del line["line"], line["previous"]
    files["journal.ndjson"] = b"".join(orjson.dumps(line) + b"\n" for line in bare)


def test_evidence_from_before_there_was_a_manifest_gets_a_clear_answer(made: Made) -> None:
    verification = made.after(without_manifest)
    assert verification.outcome is Outcome.OLD
    assert "before evidence had a manifest" in verification.sentence
    assert verification.about["run"]["verdict"] == "passed"

    def spoiled(files: Files) -> None:
        without_manifest(files)
        edited(files)

    assert made.after(spoiled).outcome is Outcome.BROKEN


@pytest.mark.parametrize("left", [("signer.pem",), ()])
def test_a_pack_robbed_of_its_manifest_is_no_old_one(left: tuple[str, ...], made: Made) -> None:
    def rob(files: Files) -> None:
        for path in ("manifest.json", "manifest.json.sig", "signer.pem"):
            if path not in left:
                del files[path]

    verification = made.after(rob)
    assert verification.outcome is Outcome.BROKEN
    assert all_findings(verification) == ["manifest.json is missing: it was removed."]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"composition"', b'{ "composition"'),
        (b'"passed"', b'"failed"'),
        (b'"format":"dip', b'"format":"dap'),
        (b'"head":"', b'"head":"g'),
        (b"{", b""),
    ],
)
def test_a_changed_manifest_is_broken(old: bytes, new: bytes, made: Made) -> None:
    def change(files: Files) -> None:
        files["manifest.json"] = files["manifest.json"].replace(old, new, 1)

    verification = made.after(change)
    assert verification.outcome is Outcome.BROKEN
    assert findings(verification, "Manifest")[0].startswith("manifest.json ")


def test_no_byte_of_a_pack_can_be_changed_and_no_change_stops_the_verifier(made: Made) -> None:
    files, trust, chance = read_pack(made.folder), made.trust, random.Random(20)  # the same every time
    for path in sorted(files):
        for _ in range(2):
            place = chance.randrange(len(files[path]))
            spoiled = bytearray(files[path])
            spoiled[place] ^= 1 << chance.randrange(8)
            assert outcome_of(files | {path: bytes(spoiled)}, trust) is Outcome.BROKEN, (path, place)


def outcome_of(files: Files, trust: Sequence[Certificate]) -> Outcome:
    return verify(files, trust).outcome


@pytest.mark.parametrize("content", [b"[]", b'{"scenario": 7}', b"null", b'{"steps": [3], "document": []}'])
def test_a_verdict_of_any_shape_is_an_answer_not_a_crash(content: bytes, made: Made) -> None:
    whole = orjson.loads(read_pack(made.folder)["verdict.json"])
    given = orjson.loads(content)
    mixed = orjson.dumps(whole | given) if isinstance(given, dict) else content
    verification = made.after(lambda files: files.update({"verdict.json": mixed}))
    assert verification.outcome is Outcome.BROKEN
    assert findings(verification, "Verdict")
