"""Arrays that are kept come back as they were, under the name of what they were made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluator.scoring import kept_arrays

NUMBERS = np.array([[1, 2], [3, 4]], np.int64)


def test_arrays_come_back(tmp_path: Path) -> None:
    path = kept_arrays.place(tmp_path / "new", "sums", [NUMBERS])
    assert kept_arrays.read(path, "a", "b") is None
    kept_arrays.keep(path, {"a": NUMBERS, "b": np.array([], np.float64)}, most=9)
    found = kept_arrays.read(path, "a", "b")
    assert found is not None
    assert found[0].tolist() == [[1, 2], [3, 4]]
    assert found[0].dtype == np.int64
    assert len(found[1]) == 0
    assert kept_arrays.read(path, "a", "gone") is None


@pytest.mark.parametrize(
    ("told", "arrays"),
    [
        ("other", [NUMBERS]),
        ("sums", [NUMBERS.astype(np.int32)]),
        ("sums", [NUMBERS.ravel()]),
        ("sums", [NUMBERS.T]),
        ("sums", [NUMBERS, NUMBERS]),
        ("sums", []),
    ],
)
def test_other_inputs_have_another_place(tmp_path: Path, told: str, arrays: list[np.ndarray]) -> None:
    assert kept_arrays.place(tmp_path, told, arrays) != kept_arrays.place(tmp_path, "sums", [NUMBERS])


def test_the_oldest_go_and_damage_is_nothing_kept(tmp_path: Path) -> None:
    paths = [kept_arrays.place(tmp_path, str(number)) for number in range(4)]
    for path in paths:
        kept_arrays.keep(path, {"a": NUMBERS}, most=2)
    assert [kept_arrays.read(path, "a") is None for path in paths] == [True, True, False, False]
    assert paths[3] is not None
    paths[3].write_bytes(paths[3].read_bytes()[:-40])
    assert kept_arrays.read(paths[3], "a") is None


def test_nothing_is_kept_nowhere(tmp_path: Path) -> None:
    assert kept_arrays.place(None, "sums", [NUMBERS]) is None
    kept_arrays.keep(None, {"a": NUMBERS}, most=2)
    assert kept_arrays.read(None, "a") is None
    (tmp_path / "file").write_text("no folder")
    kept_arrays.keep(tmp_path / "file" / "a.npz", {"a": NUMBERS}, most=2)  # as on a full disk: nothing is raised
