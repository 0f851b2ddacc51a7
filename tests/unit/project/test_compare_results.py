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


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda table: table.rename(columns={"x": "y"}), ["x: missing column", "y: extra column"]),
        (lambda table: table.astype({"n": np.float32}), ["n: type float was int64"]),
        (
            lambda table: table.assign(id=["a", "c", "d"], x=[1.5, np.nan, -5.0]),
            [
                "id: 2 of 3 rows differ",
                "x: 2 of 3 rows differ, largest difference 1 absolute, 0.333 relative",
            ],
        ),
        (
            lambda table: table.fillna({"x": 0.0}),
            ["x: 1 of 3 rows differ, all by missing or infinite values"],
        ),
    ],
)
def test_columns_types_and_values_are_compared(folders, edit, expected):
    path = folders[1] / "map/rows.parquet"
    edit(pd.read_parquet(path)).to_parquet(path)
    assert lines(folders) == [f"map/rows.parquet: {line}" for line in expected]


def test_a_number_of_rows_is_reported(folders):
    path = folders[1] / "rows.csv"
    pd.read_csv(path).iloc[:2].to_csv(path, index=False)
    assert "rows.csv: x: 2 rows, were 3" in lines(folders)


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
