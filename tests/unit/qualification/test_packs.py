"""Packs on disk: what is read is bounded and stays inside; what is written is always the same."""

from __future__ import annotations

import io
import os
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from services.qualification import packs
from services.qualification.errors import EvidenceInvalid, EvidenceRefused
from services.qualification.packs import packs_below, read_pack, unzipped, write_pack, zipped

ANY = {"verdict.json": b"{}"}
FILES = {"manifest.json": b'{"files":[{"path":"messages/001.json"}]}', "messages/001.json": b"one"}


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(name, content)
    return buffer.getvalue()


def test_a_folder_and_its_archive_read_the_same(tmp_path: Path) -> None:
    write_pack(FILES, tmp_path / "folder")
    (tmp_path / "pack.zip").write_bytes(zipped(FILES))
    assert read_pack(tmp_path / "folder") == read_pack(tmp_path / "pack.zip") == FILES


def test_an_archive_of_the_folder_itself_is_read_as_the_folder() -> None:
    assert unzipped(archive(*((f"run-1/{name}", content) for name, content in FILES.items()))) == FILES


def test_the_same_files_give_the_same_archive_in_whatever_order() -> None:
    assert zipped(FILES) == zipped(dict(reversed(FILES.items())))
    with zipfile.ZipFile(io.BytesIO(zipped(FILES))) as made:
        assert [member.date_time[0] for member in made.infolist()] == [1980, 1980]
        assert {stat.S_IMODE(member.external_attr >> 16) for member in made.infolist()} == {0o644}


def test_a_pack_written_over_an_older_one_leaves_none_of_it_but_spares_other_files(tmp_path: Path) -> None:
    write_pack(FILES, tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    write_pack({"manifest.json": b"{}"}, tmp_path)
    assert sorted(read_pack(tmp_path)) == ["manifest.json", "notes.txt"]


def test_an_older_manifest_cannot_have_files_elsewhere_removed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "manifest.json").write_bytes(b'{"files":[{"path":"../precious"}]}')
    write_pack(FILES, tmp_path / "pack")
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../up", "a\\..\\up", "C:/up"])
def test_a_path_that_leads_out_of_the_archive_is_refused(name: str) -> None:
    with pytest.raises(EvidenceRefused, match="leads out of it"):
        unzipped(archive((name, b"")))


def test_a_link_is_refused_in_an_archive_and_in_a_folder(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("messages/link.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(EvidenceRefused, match="is a link"):
        unzipped(archive((link, b"/etc/passwd")))
    write_pack(ANY, tmp_path)
    (tmp_path / "link.json").symlink_to("/etc/passwd")
    with pytest.raises(EvidenceRefused, match=r"link\.json is a link"):
        read_pack(tmp_path)


def test_a_linked_folder_is_not_followed(tmp_path: Path) -> None:
    write_pack(ANY, tmp_path / "pack")
    (tmp_path / "pack" / "around").symlink_to(tmp_path)
    with pytest.raises(EvidenceRefused, match="around is a link"):
        read_pack(tmp_path / "pack")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_is_there_twice_is_refused() -> None:
    with pytest.raises(EvidenceRefused, match=r"a\.json twice"):
        unzipped(archive(("a.json", b"1"), ("a.json", b"2")))


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packs, "MOST_BYTES", 3 * 1024**2)
    bomb = archive(*((f"{number}.json", bytes(1024**2)) for number in range(4)))
    assert len(bomb) < 10_000
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(EvidenceRefused, match="more than 3 MiB"):
        unzipped(bomb)


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(packs, "MOST_FILES", 1)
    write_pack(FILES, tmp_path)
    with pytest.raises(EvidenceRefused, match="more than 1 files"):
        read_pack(tmp_path)


def test_an_archive_that_lies_about_a_files_size_gives_no_more_than_it_says() -> None:
    size = 64 * 1024**2
    lying = archive(("a.json", bytes(size))).replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little"))
    tracemalloc.start()
    with pytest.raises(EvidenceRefused, match="damaged"):
        unzipped(lying)
    assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_ways_of_compressing_that_cannot_be_bounded_are_refused(method: int) -> None:
    member = zipfile.ZipInfo("a.json")
    member.compress_type = method
    with pytest.raises(EvidenceRefused, match="cannot be bounded"):
        unzipped(archive((member, b"{}")))


def test_a_file_name_of_any_bytes_can_be_shown(tmp_path: Path) -> None:
    write_pack(ANY, tmp_path)
    (tmp_path / os.fsdecode(b"caf\xe9.json")).write_bytes(b"")
    assert "caf\N{REPLACEMENT CHARACTER}.json" in read_pack(tmp_path)


def test_a_damaged_archive_is_told_from_what_is_no_archive(tmp_path: Path) -> None:
    whole = zipped({"a.json": b"0123456789" * 50})
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    with pytest.raises(EvidenceRefused, match="damaged"):
        read_pack(tmp_path / "cut.zip")
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(EvidenceInvalid, match="neither"):
        read_pack(tmp_path / "text.zip")
    with pytest.raises(EvidenceInvalid, match="holds no evidence"):
        read_pack(tmp_path)
    with pytest.raises(EvidenceInvalid, match="No such file"):
        read_pack(tmp_path / "absent")


def test_packs_are_found_in_a_folder_of_them(tmp_path: Path) -> None:
    write_pack(FILES, tmp_path / "all" / "run-1")
    (tmp_path / "all" / "run-2.zip").write_bytes(zipped(FILES))
    (tmp_path / "all" / "notes").mkdir()
    assert packs_below(tmp_path / "all") == [tmp_path / "all" / "run-1", tmp_path / "all" / "run-2.zip"]
    assert packs_below(tmp_path / "all" / "run-1") == [tmp_path / "all" / "run-1"]
    assert packs_below(tmp_path / "all" / "notes") == []
