"""Files of systems get their names together, when all of them are whole."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator.scoring.system_files import counted, system_files

SCHEMA = pa.schema([("row", pa.int32())])


def batch(*rows: int) -> pa.RecordBatch:
    return pa.record_batch([pa.array(rows, pa.int32())], schema=SCHEMA)


def test_files_are_there_when_all_is_written(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.parquet" for name in "ab"}
    told: list[int] = []
    with system_files(dict.fromkeys(files, SCHEMA), files) as writers:
        for one in counted([batch(0, 1), batch(2)], told.append):
            writers["a"].write_batch(one)
        writers["b"].write_batch(batch(7))
        assert not any(path.exists() for path in files.values())
    assert told == [2, 3]
    assert pq.read_table(files["a"])["row"].to_pylist() == [0, 1, 2]
    assert pq.read_table(files["b"])["row"].to_pylist() == [7]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.parquet", "b.parquet"]


def test_a_fault_leaves_nothing_behind(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.parquet" for name in "ab"}
    with pytest.raises(KeyError, match="gone"), system_files(dict.fromkeys(files, SCHEMA), files) as writers:
        writers["gone"].write_batch(batch(0))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_begun_takes_the_others_away(tmp_path: Path) -> None:
    files = {"a": tmp_path / "a.parquet", "b": tmp_path / "nowhere" / "b.parquet"}
    with pytest.raises(OSError, match="nowhere"), system_files(dict.fromkeys(files, SCHEMA), files):
        pass
    assert list(tmp_path.iterdir()) == []
