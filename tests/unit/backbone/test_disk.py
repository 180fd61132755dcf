"""Nothing is accepted before the disk is full; when there is room again it goes on by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from backbone import disk
from backbone.disk import DiskSpace, free_bytes

MEGABYTE = 1_000_000


class Measure:
    """A disk with as much free as the test says, and how often it was asked."""

    def __init__(self, free_mb: int) -> None:
        self.free_mb = free_mb
        self.asked = 0

    def __call__(self, folder: Path) -> int:
        self.asked += 1
        return self.free_mb * MEGABYTE


def test_what_is_short_is_said_with_the_setting_that_decides(tmp_path: Path) -> None:
    assert DiskSpace(tmp_path, 200, Measure(200)).shortage() is None
    said = DiskSpace(tmp_path, 200, Measure(199)).shortage() or ""
    assert "199 MB free" in said
    assert "DIPEMU_DISK_FREE_MIN_MB" in said


def test_the_disk_is_looked_at_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(disk, "monotonic", lambda: now[0])
    measure = Measure(0)
    space = DiskSpace(tmp_path, 200, measure)
    assert [space.shortage() is None for _ in range(1000)] == [False] * 1000
    assert measure.asked == 1
    measure.free_mb = 500
    now[0] += 1.0
    assert space.shortage() is None, "there is room again"


def test_who_wants_no_limit_is_not_asked(tmp_path: Path) -> None:
    measure = Measure(0)
    assert DiskSpace(tmp_path, 0, measure).shortage() is None
    assert measure.asked == 0


def test_a_directory_that_is_not_there_yet_is_measured_where_it_will_be(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "yet") == pytest.approx(free_bytes(tmp_path), rel=0.5)
    assert free_bytes(tmp_path) > 0
