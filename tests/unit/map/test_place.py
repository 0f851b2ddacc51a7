"""New glitches on an old map: right family, novel, refused, the same bytes."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.embed.record import Encoder, describe_encoder, read_encoder, write_encoder
from glitch_explorer.map.conformal import conformal
from glitch_explorer.map.graph import neighbour_graph
from glitch_explorer.map.place import Map, make_placed, place, read_map, vote
from glitch_explorer.map.schemas import MAP_ROWS, PLACED
from glitch_explorer.map.vectors import Vectors, fuse
from tests.fixtures.rows import write_tables
from tests.unit.map.test_vectors import write_shard

KINDS, DIMENSION = 7, 16
ENCODER = Encoder("glitch", "gradients", "untrained", "", 64, 64, True)


def embeddings(kind, seed, missing=0.1):
    """Draw glitches of kinds whose own spreads differ, some of their views missing."""
    centres = np.random.default_rng(5).normal(0, 1, (KINDS, 4, DIMENSION))
    rng = np.random.default_rng(seed)
    spread = 0.15 + 0.05 * kind[:, np.newaxis, np.newaxis]
    made = centres[kind] + spread * rng.normal(0, 1, (len(kind), 4, DIMENSION))
    made[rng.random((len(kind), 4)) < missing] = np.nan
    return made


def vectors(made, name):
    values, mask = fuse(made)
    kept = mask.any(axis=1)
    rows = pd.DataFrame({"glitch_id": [f"{name}{i}" for i in range(kept.sum())], "view": ""})
    return Vectors(rows.assign(representative=np.arange(len(rows))), values[kept], mask[kept]), kept


def old_map(kinds=range(KINDS), size=80):
    """Build a map whose kinds are its families, the last tenth of each unassigned."""
    kind = np.repeat(list(kinds), size)
    new, kept = vectors(embeddings(kind, 0), "old")
    kind = kind[kept]
    distances = neighbour_graph(new.values, new.mask, n_neighbors=15, seed=0, threads=1)[1]
    angle = 2 * np.pi * kind / KINDS
    noise = np.random.default_rng(1).normal(0, 0.1, (2, len(kind)))
    x, y = 10 * np.cos(angle) + noise[0], 10 * np.sin(angle) + noise[1]
    family = np.array([f"F{number + 1:03d}" for number in kind], dtype=object)
    family[np.arange(len(kind)) % 10 == 9] = "-1"
    rows = new.rows.assign(x=x, y=y, family=family, probability=1.0)
    return Map(rows, new.values, new.mask, distances)


@pytest.fixture(scope="module")
def old():
    return old_map()


def test_members_of_known_families_come_home(old):
    kind = np.repeat(np.arange(KINDS), 100)
    new, kept = vectors(embeddings(kind, 2), "new")
    kind = kind[kept]
    placed = place(new, old, false_rate=0.05, threads=1)
    fitting = placed["fits"].to_numpy()
    own = np.array([f"F{number + 1:03d}" for number in kind])
    assert (placed["family"] == own)[fitting].mean() > 0.98
    # The rate that was asked for, within what 700 draws and 72 members a family allow.
    assert 0.02 < (~fitting).mean() < 0.09
    angle = 2 * np.pi * kind / KINDS
    away = np.hypot(placed["x"] - 10 * np.cos(angle), placed["y"] - 10 * np.sin(angle))
    assert np.quantile(away[fitting], 0.95) < 0.5
    assert (placed.loc[~fitting, "family"] == "-1").all()
    assert (placed.loc[~fitting, "probability"] == 0).all()
    tables.conform(PLACED, placed)


def test_a_kind_that_the_map_never_saw_fits_nowhere():
    without = old_map([k for k in range(KINDS) if k != 3])
    new, _ = vectors(embeddings(np.full(100, 3), 2), "new")
    assert (~place(new, without, false_rate=0.05, threads=1)["fits"]).mean() > 0.9


@pytest.mark.parametrize("false_rate", [0.02, 0.2])
def test_the_false_rate_is_the_one_asked_for(old, false_rate):
    new, _ = vectors(embeddings(np.repeat(np.arange(KINDS), 200), 4), "new")
    told = (~place(new, old, false_rate=false_rate, threads=1)["fits"]).mean()
    assert abs(told - false_rate) < 0.03 + 0.2 * false_rate


def test_a_glitch_of_the_map_is_placed_as_if_it_were_not_there(old):
    again = Vectors(old.rows[["glitch_id", "view"]], old.values, old.mask)
    placed = place(again, old, false_rate=0.05, threads=1)
    assert (placed["nearest_id"] != placed["glitch_id"]).all()
    members = (old.rows["family"] != "-1").to_numpy()
    assert (placed["family"] == old.rows["family"])[members & placed["fits"]].mean() > 0.98
    # The null holds the glitch itself, so the rate is a little lower.
    assert 0.02 < (~placed["fits"])[members].mean() <= 0.05


def test_threads_and_company_change_nothing(old):
    new, _ = vectors(embeddings(np.repeat(np.arange(KINDS), 100), 2), "new")
    one, two = (place(new, old, false_rate=0.05, threads=threads) for threads in (1, 2))
    assert tables.encode(PLACED, one) == tables.encode(PLACED, two)
    few = Vectors(new.rows.iloc[:5], new.values[:5], new.mask[:5])
    pd.testing.assert_frame_equal(place(few, old, false_rate=0.05, threads=1), one.iloc[:5], rtol=1e-4)


def test_known_answers():
    family = np.array([0, 0, 1, 2])
    indices = np.array([[0, 1, 2], [3, 2, 0]], dtype=np.int32)
    distances = np.array([[0.1, 0.1, 0.1], [0.0, 0.3, 9.0]], dtype=np.float32)
    chosen, weight, share = vote(indices, distances, family)
    assert chosen.tolist() == [0, 2]
    np.testing.assert_allclose(weight[0], [0.5, 0.5, 0], atol=1e-6)
    np.testing.assert_allclose(weight.sum(axis=1), 1)
    assert share[0] == pytest.approx(2 / 3, abs=1e-6)
    null = np.array([1.0, 2, 3, 4, 50, 60])
    which = np.array([0, 0, 0, 0, 1, 2])
    asked = np.array([2.5, 0, 5, 2.5])
    p_value = conformal(asked, np.array([0, 0, 0, 2]), null, which, 2, false_rate=0.2)
    # Of a family: (1 + 2) / 5, 1, 1 / 5. Of none: against all families' members, (1 + 3) / 6.
    np.testing.assert_allclose(p_value, [0.6, 1, 0.2, 4 / 6])
    # A family of four cannot reach 0.1, so its members are judged with the others.
    assert conformal(asked[:1], np.array([0]), null, which, 2, false_rate=0.1)[0] == pytest.approx(4 / 6)


def test_a_map_without_families_takes_nothing(old):
    bare = replace(old, rows=old.rows.assign(family="-1", probability=0.0))
    new, _ = vectors(embeddings(np.arange(KINDS), 2), "new")
    assert (place(new, bare, false_rate=0.05, threads=1)["family"] == "-1").all()


def test_other_vectors_are_refused(old):
    new, _ = vectors(embeddings(np.arange(3), 2)[:, :, :8], "new")
    with pytest.raises(UserError, match="embed the glitches as for the map"):
        place(new, old, false_rate=0.05, threads=1)
    few = Map(old.rows.iloc[:3], old.values[:3], old.mask[:3], old.distances[:3])
    with pytest.raises(UserError, match="too few"):
        place(vectors(embeddings(np.arange(3), 2), "new")[0], few, false_rate=0.05, threads=1)


def write_map(old, folder):
    tables.write(MAP_ROWS, old.rows[["glitch_id", "view", "representative"]], folder / "rows.parquet")
    write_tables(folder, coordinates=old.rows, families=old.rows)
    files.write_array(folder / "vectors.npy", old.values)
    indices = np.zeros(old.distances.shape, dtype=np.int32)
    arrays = {"indices": indices, "distances": old.distances, "mask": old.mask}
    files.write_arrays(folder / "neighbours.npz", arrays)
    write_encoder(folder / "encoder.json", ENCODER)


def test_from_stored_arrays_to_a_table(old, tmp_path):
    write_map(old, tmp_path / "map")
    made = embeddings(np.repeat(np.arange(KINDS), 5), 2, missing=0.0)
    shard = write_shard(tmp_path, "s", [f"n{i}" for i in range(len(made))], made, np.ones((len(made), 4)))
    paths = [[path] for path in shard]
    fixed = {"onto": tmp_path / "map", "out": tmp_path / "placed.parquet", "false_rate": 0.05, "threads": 1}
    make_placed(*paths, **fixed, encoder=ENCODER)
    placed = tables.read(PLACED, tmp_path / "placed.parquet")
    direct = place(Vectors(placed, *fuse(made.astype(np.float32))), old, false_rate=0.05, threads=1)
    pd.testing.assert_frame_equal(placed, direct, check_dtype=False)
    with pytest.raises(UserError, match=r"encoder.*backbone is 'gradients' in the map, 'resnet18' in this"):
        make_placed(*paths, **fixed, encoder=replace(ENCODER, backbone="resnet18"))
    (tmp_path / "map" / "encoder.json").unlink()
    with pytest.raises(UserError, match="`snakemake map` writes it"):
        make_placed(*paths, **fixed, encoder=ENCODER)


def test_a_map_whose_files_do_not_fit_is_refused(old, tmp_path):
    write_map(old, tmp_path)
    files.write_array(tmp_path / "vectors.npy", old.values[1:])
    with pytest.raises(UserError, match="do not hold the same rows"):
        read_map(tmp_path)


def test_weights_are_known_by_their_content(tmp_path):
    keys = {"unit": "glitch", "backbone": "resnet18", "height": 64, "width": 64, "crop": True}
    paths = [tmp_path / "a.pt", tmp_path / "b.pt"]
    for path in paths:
        path.write_bytes(b"weights")
    one, two = (describe_encoder(**keys, weights=path) for path in paths)
    assert one.weights_sha256 == two.weights_sha256
    assert (one.weights, two.weights) == ("a.pt", "b.pt")
    write_encoder(tmp_path / "e.json", one)
    assert read_encoder(tmp_path / "e.json") == one
    with pytest.raises(UserError, match=r"correct embedding\.weights"):
        describe_encoder(**keys, weights=tmp_path / "c.pt")
