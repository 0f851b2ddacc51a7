"""Fused vectors, their masks, and the rows that are mapped."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.map.vectors import Representatives, fuse, gather_vectors
from glitch_explorer.views.schemas import VIEWS
from glitch_explorer.views.status import views_table
from tests.fixtures.rows import complete

NAN = np.nan


def write_shard(folder, name, ids, embedding, present, unknown=None):
    glitches = complete(GLITCHES, pd.DataFrame({"glitch_id": ids, "ifo": "H1", "shard": name}))
    views = np.zeros((len(ids), 4, 1, 1), dtype=np.uint8)
    status = views_table(ids, views, present, unknown=False if unknown is None else np.asarray(unknown))
    paths = [folder / f"{name}{end}" for end in (".g.parquet", ".v.parquet", ".npy")]
    tables.write(GLITCHES, glitches, paths[0])
    tables.write(VIEWS, status, paths[1])
    files.write_array(paths[2], np.asarray(embedding, dtype=np.float32))
    return paths


def test_each_view_has_length_one_and_a_missing_one_is_zero():
    values, mask = fuse(np.array([[[3.0, 4.0], [NAN, NAN], [0.0, 0.0], [0.0, 2.0]]]))
    assert mask.tolist() == [[True, False, False, True]]
    np.testing.assert_allclose(values, [[0.6, 0.8, 0, 0, 0, 0, 0, 1]])


def test_representatives_are_the_first_of_the_same_bytes():
    values = np.array([[1, 0], [0, 1], [1, 0], [1, 0]], dtype=np.float32)
    mask = np.array([[True], [True], [True], [False]])
    same = Representatives()
    assert same(values, mask).tolist() == [0, 1, 0, 3]
    assert same(values[1:], mask[1:]).tolist() == [1, 0, 3]


def test_vectors_that_go_to_a_file_are_those_in_memory(tmp_path):
    rng = np.random.default_rng(0)
    shards = [
        write_shard(tmp_path, f"s{i}", [f"g{i}{j}" for j in range(n)], rng.random((n, 4, 3)), np.ones((n, 4)))
        for i, n in enumerate((3, 0, 5))
    ]
    columns = [list(column) for column in zip(*shards, strict=True)]
    held = gather_vectors(*columns, unit="glitch")
    stored = gather_vectors(*columns, unit="glitch", out=tmp_path / "values.npy")
    files.write_array(tmp_path / "whole.npy", held.values)
    assert (tmp_path / "values.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert isinstance(stored.values, np.memmap)
    pd.testing.assert_frame_equal(stored.rows, held.rows)


def test_unit_glitch_has_a_row_per_glitch_with_a_view_of_known_length(tmp_path):
    embedding = np.ones((3, 4, 2), dtype=np.float32)
    embedding[0, 1:] = NAN
    present = [[1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1]]
    paths = write_shard(tmp_path, "a", ["g1", "g2", "g3"], embedding, present, [False, True, False])
    found = gather_vectors(*[[path] for path in paths], unit="glitch")
    assert found.rows["glitch_id"].tolist() == ["g1", "g3"]
    assert set(found.rows["view"]) == {""}
    assert found.values.shape == (2, 8)
    assert found.mask.sum(axis=1).tolist() == [1, 4]


def test_unit_view_has_a_row_per_view_and_takes_unknown_ones(tmp_path):
    embedding = np.full((2, 4, 2), NAN, dtype=np.float32)
    embedding[0, [0, 2]], embedding[1, 0] = 1, 2
    paths = write_shard(tmp_path, "a", ["g1", "g2"], embedding, [[1, 0, 1, 0], [0] * 4], [False, True])
    found = gather_vectors(*[[path] for path in paths], unit="view")
    assert list(zip(found.rows["glitch_id"], found.rows["view"], strict=True)) == [
        ("g1", "0.5"),
        ("g1", "2.0"),
        ("g2", "unknown"),
    ]
    assert found.values.shape == (3, 2)
    assert found.rows["representative"].tolist() == [0, 0, 0]


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    first = write_shard(tmp_path, "a", ["g1"], np.ones((1, 4, 2)), [[1] * 4])
    second = write_shard(tmp_path, "b", ["g2"], np.ones((1, 4, 3)), [[1] * 4])
    with pytest.raises(UserError, match="do not hold the same glitches"):
        gather_vectors([first[0]], [second[1]], [first[2]], unit="glitch")
    with pytest.raises(UserError, match="different length"):
        gather_vectors(*[list(pair) for pair in zip(first, second, strict=True)], unit="glitch")
    with pytest.raises(UserError, match="unit 'picture' is unknown"):
        gather_vectors([], [], [], unit="picture")
    with pytest.raises(UserError, match="no shard"):
        gather_vectors([], [], [], unit="glitch")
