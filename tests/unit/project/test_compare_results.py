"""Results of one run against another, column by column."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from tests import compare_results


@pytest.fixture
def folders(tmp_path):
    """Return two result folders with the same tables, one of each kind."""
    old, new = tmp_path / "old", tmp_path / "new"
    for folder in (old, new):
        (folder / "map").mkdir(parents=True)
        frame = pd.DataFrame({"id": ["a", "b", None], "x": [1.0, np.nan, -4.0], "n": [1, 2, 3]})
        frame.to_parquet(folder / "map/rows.parquet")
        frame.to_csv(folder / "rows.csv", index=False)
        frame.iloc[:0].to_parquet(folder / "empty.parquet")
        np.save(folder / "vectors.npy", np.arange(12.0).reshape(4, 3))
        np.savez(folder / "tree.npz", left=np.arange(5), right=np.ones(2))
        (folder / "notes.json").write_text(json.dumps({"F1": [{"p": 0.5, "text": "old"}], "done": True}))
        (folder / "page.html").write_text(folder.name)
    return old, new


def lines(folders):
    return list(compare_results.differences(*folders))


def test_same_tables_have_no_differences(folders):
    assert lines(folders) == []


def test_missing_and_extra_files_are_reported(folders):
    new = folders[1]
    (new / "rows.csv").rename(new / "other.csv")
    assert lines(folders) == ["other.csv: extra file", "rows.csv: missing file"]


def test_missing_and_extra_columns_are_reported(folders):
    path = folders[1] / "map/rows.parquet"
    pd.read_parquet(path).rename(columns={"x": "y"}).to_parquet(path)
    assert lines(folders) == ["map/rows.parquet: x: missing column", "map/rows.parquet: y: extra column"]


def test_a_type_is_reported_and_the_values_are_compared(folders):
    path = folders[1] / "map/rows.parquet"
    pd.read_parquet(path).astype({"n": np.float32}).to_parquet(path)
    assert lines(folders) == ["map/rows.parquet: n: type float was int64"]


def test_a_number_of_rows_is_reported(folders):
    path = folders[1] / "rows.csv"
    pd.read_csv(path).iloc[:2].to_csv(path, index=False)
    assert "rows.csv: x: 2 rows, were 3" in lines(folders)


def test_largest_differences_and_rows_are_counted(folders):
    path = folders[1] / "map/rows.parquet"
    frame = pd.read_parquet(path)
    frame["x"] = [1.5, np.nan, -5.0]
    frame["id"] = ["a", "c", "d"]
    frame.to_parquet(path)
    assert lines(folders) == [
        "map/rows.parquet: id: 2 of 3 rows differ",
        "map/rows.parquet: x: 2 of 3 rows differ, largest difference 1 absolute, 0.333 relative",
    ]


def test_a_missing_value_differs_from_a_number(folders):
    path = folders[1] / "map/rows.parquet"
    frame = pd.read_parquet(path)
    frame.loc[1, "x"] = 0.0
    frame.to_parquet(path)
    assert lines(folders) == ["map/rows.parquet: x: 1 of 3 rows differ, all by missing or infinite values"]


def test_arrays_are_compared_by_shape_and_row(folders):
    changed = np.arange(12.0).reshape(4, 3)
    changed[2, 1:] += 0.25
    np.save(folders[1] / "vectors.npy", changed)
    np.savez(folders[1] / "tree.npz", left=np.arange(5).reshape(5, 1), right=np.ones(2))
    assert lines(folders) == [
        "tree.npz: left: type int64 [1] was int64 []",
        "vectors.npy: array: 1 of 4 rows differ, largest difference 0.25 absolute, 0.0345 relative",
    ]


def test_numbers_of_json_are_compared(folders):
    (folders[1] / "notes.json").write_text(json.dumps({"F1": [{"p": 0.75, "text": "new"}], "done": False}))
    assert lines(folders) == [
        "notes.json: F1[].p: 1 of 1 rows differ, largest difference 0.25 absolute, 0.333 relative",
        "notes.json: done: 1 of 1 rows differ, largest difference 1 absolute, 1 relative",
    ]


@pytest.mark.parametrize(("change", "status"), [(False, 0), (True, 1)])
def test_the_exit_status_tells_a_difference(folders, monkeypatch, capsys, change, status):
    if change:
        (folders[1] / "vectors.npy").unlink()
    monkeypatch.setattr(sys, "argv", ["compare_results.py", *map(str, folders)])
    assert compare_results.main() == status
    assert f"6 tables compared, {status} differences" in capsys.readouterr().out
