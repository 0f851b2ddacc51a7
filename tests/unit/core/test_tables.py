"""Tables fit their schema or are refused; files appear whole."""

import logging

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.job import logged
from glitch_explorer.map.schemas import COORDINATES, FAMILIES
from glitch_explorer.workflow.reference import all_schemas


def coordinates(n=3):
    return pd.DataFrame(
        {"glitch_id": [f"g{i}" for i in range(n)], "view": "", "x": np.arange(n) * 1.0, "y": np.zeros(n)}
    )


def test_a_table_comes_back_as_it_was_written(tmp_path):
    tables.write(COORDINATES, coordinates(), tmp_path / "c.parquet")
    pd.testing.assert_frame_equal(tables.read(COORDINATES, tmp_path / "c.parquet"), coordinates())


def test_same_rows_same_bytes():
    assert tables.encode(COORDINATES, coordinates()) == tables.encode(COORDINATES, coordinates())


@pytest.mark.parametrize("name", sorted(all_schemas()))
def test_every_column_says_its_meaning_and_empty_tables_work(name):
    schema = all_schemas()[name]
    for field in schema:
        assert field.metadata[b"description"], f"{name}.{field.name}"
    assert len(tables.conform(schema, tables.empty(schema))) == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda t: t.drop(columns="x"), r"missing columns \['x'\]"),
        (lambda t: t.assign(z=1), r"unknown columns \['z'\]"),
        (lambda t: t.assign(x="left"), "not a valid"),
        (lambda t: t.assign(glitch_id=[None, "a", "b"]), "glitch_id: string not null"),
    ],
)
def test_what_does_not_fit_is_refused(change, expected):
    with pytest.raises(UserError, match=expected):
        tables.conform(COORDINATES, change(coordinates()))


def test_reading_another_table_or_half_a_file_is_refused(tmp_path):
    path = tmp_path / "c.parquet"
    tables.write(COORDINATES, coordinates(), path)
    with pytest.raises(UserError, match=r"not a valid 'families' table.*another version, delete it and run"):
        tables.read(FAMILIES, path)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(UserError, match="cannot be read"):
        tables.read(COORDINATES, path)


def test_keep_same_leaves_an_unchanged_file_untouched(tmp_path):
    path = tmp_path / "f"
    files.write_bytes(path, b"one")
    before = path.stat().st_mtime_ns, path.stat().st_ino
    files.write_bytes(path, b"one", keep_same=True)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    files.write_bytes(path, b"two", keep_same=True)
    assert path.read_bytes() == b"two"


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "f.txt"
    files.write_text(path, "old")
    with pytest.raises(RuntimeError, match="half way"), files.whole(path) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("half way")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["f.txt"]


def test_a_users_mistake_ends_a_job_without_a_traceback(tmp_path, capsys):
    with pytest.raises(SystemExit), logged(tmp_path / "log"):
        logging.getLogger("x").info("began")
        raise UserError("channel X is missing")
    text = (tmp_path / "log").read_text()
    assert "began" in text
    assert "Error: channel X is missing" in text
    assert "Traceback" not in text
    assert "channel X is missing" in capsys.readouterr().err


def test_a_fault_leaves_its_traceback_in_the_log(tmp_path):
    with pytest.raises(ZeroDivisionError), logged(tmp_path / "log"):
        _ = 1 / 0
    assert "ZeroDivisionError" in (tmp_path / "log").read_text()
