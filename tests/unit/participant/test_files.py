"""Files that are whole and private, whoever else writes them at the same time."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from participant.files import write_private, write_public

WRITERS = 8


def test_a_private_file_is_its_owners_and_a_public_one_everybodys_to_read(tmp_path: Path) -> None:
    write_private(tmp_path / "key", b"secret")
    write_public(tmp_path / "certificate", b"known")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("key", "certificate")]
    assert modes == [0o600, 0o644]


def test_given_many_writers_of_one_file_then_each_comes_through_and_one_content_is_whole(
    tmp_path: Path,
) -> None:
    together = Barrier(WRITERS)
    contents = [bytes([number]) * 200_000 for number in range(WRITERS)]

    def write(content: bytes) -> None:
        together.wait()
        write_private(tmp_path / "file", content)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, contents))
    assert (tmp_path / "file").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_given_a_place_that_cannot_be_taken_then_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "taken" / "by").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        write_private(tmp_path / "taken", b"secret")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
