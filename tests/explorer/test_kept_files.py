"""Kept files: what a month and a day remove, and what counts as the same file."""

from __future__ import annotations

import os
import time
from pathlib import Path

from explorer.kept_files import file_state, sweep

DAY = 24 * 3600


def aged(path: Path, seconds: float) -> Path:
    path.write_bytes(b"")
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def test_a_month_removes_what_is_whole_and_a_day_what_is_not(tmp_path: Path) -> None:
    aged(tmp_path / "old.parquet", 31 * DAY)
    aged(tmp_path / "young.parquet", 29 * DAY)
    aged(tmp_path / "left.7.building", 25 * 3600)
    aged(tmp_path / "written.8.building", 23 * 3600)
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"young.parquet", "written.8.building"}


def test_a_folder_stays_whatever_its_age(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    os.utime(tmp_path / "inside", (0, 0))
    sweep(tmp_path)
    assert (tmp_path / "inside").is_dir()


def test_the_state_changes_with_size_and_time_and_rests_when_the_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    gone = file_state(path)
    path.write_bytes(b"1")
    os.utime(path, ns=(5, 5))
    first = file_state(path)
    assert first == f"{path} 1 5"
    path.write_bytes(b"12")
    os.utime(path, ns=(5, 5))
    longer = file_state(path)
    os.utime(path, ns=(6, 6))
    assert len({gone, first, longer, file_state(path)}) == 4
    path.unlink()
    assert file_state(path) == gone
