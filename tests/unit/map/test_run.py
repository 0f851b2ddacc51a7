"""The jobs of the map, one after the other, and the measures of stability and quality."""

import numpy as np
import pandas as pd
import pytest

from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.map import run
from glitch_explorer.map.engines import engine_of
from glitch_explorer.map.graph import make_graph
from glitch_explorer.map.quality import map_quality
from glitch_explorer.map.schemas import COORDINATES, FAMILIES, FAMILY_IDS, MAP_ROWS, STABILITY
from glitch_explorer.map.stability import best_jaccard
from tests.unit.map.test_vectors import write_shard

CLUSTERING = {"min_cluster_size": 12, "min_samples": 5, "cluster_selection": "eom", "engine": "cpu"}


def build(folder, shards, threads, reference=None):
    names = ("rows.parquet", "coordinates.parquet", "families.parquet", "ids.parquet", "quality.parquet")
    path = {name.split(".")[0]: folder / name for name in (*names, "stability.parquet")}
    path |= {"vectors": folder / "vectors.npy", "layout": folder / "layout.npy"}
    graph = {"vectors": path["vectors"], "neighbours": folder / "neighbours.npz"}
    rows = {"rows": path["rows"]}
    fixed = {"seed": 3, "threads": threads}
    make_graph(*zip(*shards, strict=True), **rows, **graph, unit="glitch", n_neighbors=15, **fixed)
    layouts = {name: path[name] for name in ("coordinates", "layout")}
    run.make_layouts(**rows, **graph, **layouts, min_dist=0.1, n_components=10, engine="cpu", **fixed)
    families = {"families": path["families"]}
    made = {"layout": path["layout"], "ids": path["ids"], "tree": folder / "tree.npz"}
    run.make_families(
        **rows, neighbours=graph["neighbours"], **families, **made, **CLUSTERING, reference=reference
    )
    run.make_stability(
        **rows, **graph, **families, stability=path["stability"], n_components=10, stability_runs=3,
        **CLUSTERING, **fixed,
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """Map 240 glitches of three kinds, one of them there twice, with one thread and with two."""
    folder = tmp_path_factory.mktemp("maps")
    rng = np.random.default_rng(0)
    embedding = rng.normal(0, 1, (3, 4, 8))[np.arange(240) % 3] + rng.normal(0, 0.25, (240, 4, 8))
    embedding[239] = embedding[2]
    present = np.ones((240, 4), dtype=bool)
    ids = [f"g{number:03d}" for number in range(240)]
    cut = (slice(0, 100), slice(100, 240))
    shards = [write_shard(folder, f"s{i}", ids[c], embedding[c], present[c]) for i, c in enumerate(cut)]
    return [build(folder / str(threads), shards, threads) for threads in (1, 2)], shards


def test_the_map_has_the_same_bytes_with_one_thread_and_two(maps):
    for one in sorted(maps[0][0]["rows"].parent.iterdir()):
        assert one.read_bytes() == (maps[0][1]["rows"].parent / one.name).read_bytes(), one.name


def test_the_kinds_are_families_and_they_are_stable(maps):
    families = tables.read(FAMILIES, maps[0][0]["families"])
    assert families.groupby(np.arange(240) % 3)["family"].nunique().tolist() == [1, 1, 1]
    stability = tables.read(STABILITY, maps[0][0]["stability"])
    assert stability["family"].tolist() == ["F001", "F002", "F003"]
    assert (stability["stability"] > 0.95).all()


def test_a_duplicate_is_mapped_once_and_copies_its_result(maps):
    path = maps[0][0]
    assert tables.read(MAP_ROWS, path["rows"])["representative"].tolist()[-1] == 2
    for schema in (COORDINATES, FAMILIES):
        table = tables.read(schema, path[tables.name_of(schema)]).drop(columns="glitch_id")
        assert table.iloc[239].equals(table.iloc[2])
    indices = files.read_arrays(path["rows"].parent / "neighbours.npz")["indices"]
    assert indices.shape == (240, 15)
    assert not (indices == 239).any()
    assert (indices[239] == indices[2]).all()


def test_ids_stay_with_a_reference(maps, tmp_path):
    paths, shards = maps
    again = build(tmp_path, shards[:1], 1, reference=paths[0]["families"])
    old = tables.read(FAMILIES, paths[0]["families"]).set_index("glitch_id")["family"]
    new = tables.read(FAMILIES, again["families"]).set_index("glitch_id")["family"]
    assert (new == old[new.index]).all()
    assert not tables.read(FAMILY_IDS, again["ids"])["new"].any()


def test_best_jaccard_known_answer():
    families = np.array(["F001"] * 4 + ["F002"] * 4 + ["-1"] * 2)
    clusters = np.array([0, 0, 0, 1, 1, 1, 1, -1, 0, -1])
    np.testing.assert_allclose(best_jaccard(families, clusters, ["F001", "F002", "F009"]), [3 / 5, 3 / 5, 0])
    assert not best_jaccard(families, np.full(10, -1), ["F001"]).any()


def test_an_engine_that_is_not_installed_says_what_to_install():
    with pytest.raises(UserError, match=r"map.engine is cuml.*install cuml-cu12"):
        engine_of("cuml")


def test_quality_counts_the_unassigned_as_a_group_and_leaves_out_what_it_cannot_measure():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(40, 4)).astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    mask = np.ones((40, 1), dtype=bool)
    families = pd.Series(["F001"] * 10 + ["F002"] * 10 + ["-1"] * 20)
    labels = pd.Series(["a"] * 10 + ["b"] * 10 + [None] * 20)
    measured = map_quality(values, mask, values[:, :2], families, labels, seed=0).set_index("metric")
    assert measured.loc[["ami", "ari", "homogeneity", "completeness"], "value"].tolist() == [1, 1, 1, 1]
    assert measured.loc["ami", "n"] == 20
    assert measured.loc["noise_share", "value"] == 0.5
    bare = map_quality(values[:2], mask[:2], values[:2, :2], families[:2], labels[38:], seed=0)
    assert bare["metric"].tolist() == ["noise_share", "families"]
