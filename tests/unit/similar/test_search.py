"""Search by id, picture and time, and what is refused."""

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from glitch_explorer import similar
from glitch_explorer.audit.schemas import SUSPECTS
from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import files, tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import VIEW_NAMES, VIEW_PATHS
from glitch_explorer.embed.record import describe_encoder, read_encoder, write_encoder
from glitch_explorer.embed.shard import embed_shard
from glitch_explorer.map.graph import neighbour_graph
from glitch_explorer.map.schemas import FAMILIES, MAP_ROWS
from glitch_explorer.map.vectors import gather_vectors
from glitch_explorer.similar.neighbours import N_NEIGHBOURS, make_neighbours
from glitch_explorer.similar.schemas import NEIGHBOURS, SIMILAR
from glitch_explorer.similar.search import find_all
from glitch_explorer.views.colormap import viridis
from glitch_explorer.views.shard import make_views
from tests.site.fake_results import picture

pytestmark = pytest.mark.slow

KINDS, N, SIDE = 4, 24, 64


def name(number):
    return f"{'H1' if number % 2 else 'L1'}-{1262304000 + 100 * number}.5"


def make_results(folder):
    """Draw glitches of four kinds as pictures and bring them to a map's files."""
    rng = np.random.default_rng(0)
    rows = tables.empty(GLITCHES).reindex(range(N)).astype(object)
    ids = [name(number) for number in range(N)]
    rows = rows.assign(glitch_id=ids, shard="s", astrophysical="", label=[f"k{i % KINDS}" for i in range(N)])
    rows = rows.assign(ifo=rows["glitch_id"].str[:2], event_time=rows["glitch_id"].str[3:].astype(float))
    for number in range(N):
        drawn = picture(number % KINDS, rng.random(), 15 + 5 * rng.random(), rng)
        for slot, column in enumerate(VIEW_PATHS):
            path = folder / "pictures" / str(number) / f"{ids[number]}_spectrogram_{VIEW_NAMES[slot]}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(viridis()[drawn[slot]]).resize((569, 479)).save(path)
            rows.loc[number, column] = str(path)
    catalog, mapped = folder / "catalog", folder / "map"
    tables.write(GLITCHES, rows, catalog / "glitches.parquet")
    parts = [folder / part for part in ("v.npy", "v.parquet", "q.parquet", "e.npy")]
    size = {"height": SIDE, "width": SIDE}
    out = {"out": parts[0], "status_out": parts[1], "quarantine_out": parts[2]}
    make_views(catalog / "glitches.parquet", **out, **size)
    how = {"backbone": "gradients", "weights": "untrained"}
    embed_shard(*parts[:2], parts[3], **how)
    gathered = gather_vectors([catalog / "glitches.parquet"], [parts[1]], [parts[3]], unit="glitch")
    tables.write(MAP_ROWS, gathered.rows, mapped / "rows.parquet")
    files.write_array(mapped / "vectors.npy", gathered.values)
    indices, distances = neighbour_graph(gathered.values, gathered.mask, n_neighbors=10, seed=0, threads=1)
    graph = {"indices": indices, "distances": distances, "mask": gathered.mask}
    files.write_arrays(mapped / "neighbours.npz", graph)
    keys = gathered.rows[["glitch_id", "view"]]
    family = [f"F00{i % KINDS + 1}" for i in range(N)]
    families = keys.assign(family=family, probability=1.0, outlier_score=0.0, isolation=1.0)
    tables.write(FAMILIES, families, mapped / "families.parquet")
    doubt = families[["glitch_id", "view", "family"]].assign(label="k0", proposed_label="k1", evidence=0.5)
    doubt = doubt.assign(issue=doubt["glitch_id"] == name(4), confusable_pair=False)
    tables.write(SUSPECTS, doubt.iloc[: N // 2], folder / "audit" / "suspects.parquet")
    encoder = describe_encoder(unit="glitch", **how, **size, crop=True)
    write_encoder(mapped / "encoder.json", encoder)
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return make_results(tmp_path_factory.mktemp("similar") / "results")


def view_path(results, number, view):
    return results / "pictures" / str(number) / f"{name(number)}_spectrogram_{view}.png"


def test_an_id_finds_its_own_kind_by_the_maps_distance(results):
    nearest = similar.find(name(0), results=results, k=7)
    values = np.asarray(files.read_array(results / "map/vectors.npy"), dtype=np.float64)
    far = 1 - values @ values[0] / 4
    order = np.argsort(far[1:], kind="stable")[:7] + 1
    assert nearest["glitch_id"].tolist() == [name(i) for i in order]
    np.testing.assert_allclose(nearest["distance"], far[order], atol=5e-6)
    assert nearest["rank"].tolist() == list(range(1, 8))
    assert (nearest["label"].iloc[:5] == "k0").all()
    assert (nearest["family"].iloc[:5] == "F001").all()
    assert nearest.loc[nearest["suspect"], "glitch_id"].tolist() == [name(4)]
    assert (nearest["query_id"] == name(0)).all()
    tables.conform(SIMILAR, nearest)


def test_a_large_k_returns_all_others(results):
    nearest = similar.find(name(0), results=results, k=1000)
    assert sorted(nearest["glitch_id"]) == sorted(name(number) for number in range(1, N))


@pytest.mark.parametrize("view", VIEW_NAMES)
def test_one_picture_of_a_glitch_finds_it(results, view):
    nearest = similar.find(str(view_path(results, 5, view)), results=results, k=3)
    assert nearest["glitch_id"].iloc[0] == name(5)
    assert nearest["distance"].iloc[0] < 1e-3
    assert nearest["query_id"].isna().all()


def test_a_folder_with_the_views_of_a_glitch_finds_it(results):
    nearest = similar.find(str(results / "pictures/6"), results=results, k=5)
    assert nearest["glitch_id"].iloc[0] == name(6)
    assert nearest["distance"].iloc[0] < 1e-3
    assert (nearest["label"] == "k2").all()


def test_a_picture_of_unknown_length_is_compared_with_every_view(results, tmp_path):
    shutil.copy(view_path(results, 7, "2.0"), tmp_path / "something.png")
    nearest = similar.find(str(tmp_path / "something.png"), results=results, k=3)
    assert nearest["glitch_id"].iloc[0] == name(7)
    assert nearest["distance"].iloc[0] < 1e-3
    assert nearest["glitch_id"].is_unique


def test_a_time_means_the_glitch_next_to_it(results):
    by_id = similar.find(name(3), results=results, k=4)
    by_time = similar.find("H1@1262304300.9", results=results, k=4)
    columns = ["query_id", "glitch_id", "distance"]
    pd.testing.assert_frame_equal(by_id[columns], by_time[columns])
    # L1 has no glitch then, and there is no strain to scan.
    with pytest.raises(UserError, match="strain: no_picture_or_strain"):
        similar.find("L1@1262304300.9", results=results)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("nonsense", "neither a glitch of the map, a picture nor a time"),
        ("H1-126230", "similar ids: H1-"),
        ("gone.png", "gone.png"),
        ("{results}/pictures", "has pictures of 24 glitches"),
    ],
)
def test_a_wrong_query_is_explained(results, query, expected):
    with pytest.raises(UserError, match=expected):
        similar.find(query.format(results=results), results=results)


def test_a_picture_that_cannot_be_read_is_explained(results, tmp_path):
    (tmp_path / "x_spectrogram_1.0.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"x_spectrogram_1\.0\.png: file_size \(bytes=0\)"):
        similar.find(str(tmp_path / "x_spectrogram_1.0.png"), results=results)


def test_a_map_of_another_encoder_refuses_pictures(results, tmp_path):
    other = tmp_path / "results"
    shutil.copytree(results, other)
    encoder = read_encoder(other / "map/encoder.json")
    write_encoder(other / "map/encoder.json", type(encoder)(**{**vars(encoder), "weights_sha256": "ab"}))
    with pytest.raises(UserError, match="another encoder"):
        similar.find(str(view_path(results, 5, "1.0")), results=other)


def test_results_are_one_file_and_the_same_bytes(results, tmp_path):
    options = {"results": results, "k": 3, "tolerance_s": 0.5, "weights": "untrained", "strain": None}
    queries = [name(0), "L1@1262304000.4", str(view_path(results, 5, "1.0"))]
    for threads in (1, 2):
        find_all(queries, tmp_path / f"{threads}.csv", **options, threads=threads)
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    table = pd.read_csv(tmp_path / "1.csv")
    assert table.columns.tolist() == SIMILAR.names
    assert table["query"].tolist() == [query for query in queries for _ in range(3)]


def test_without_a_query_the_file_has_only_names_of_columns(tmp_path):
    options = {"k": 3, "tolerance_s": 0.5, "weights": "untrained", "strain": None, "threads": 1}
    find_all([], tmp_path / "a.csv", results=tmp_path, **options)
    assert (tmp_path / "a.csv").read_text() == ",".join(SIMILAR.names) + "\n"


def test_every_glitch_has_the_graphs_nearest(results, tmp_path):
    mapped = results / "map"
    make_neighbours(
        rows=mapped / "rows.parquet", neighbours=mapped / "neighbours.npz", out=tmp_path / "n.parquet"
    )
    table = tables.read(NEIGHBOURS, tmp_path / "n.parquet")
    assert table.groupby("glitch_id").size().tolist() == [N_NEIGHBOURS] * N
    neighbours = table[table["glitch_id"] == name(2)]
    nearest = similar.find(name(2), results=results, k=N_NEIGHBOURS)
    assert neighbours["neighbour_id"].tolist() == nearest["glitch_id"].tolist()
    np.testing.assert_allclose(neighbours["distance"], nearest["distance"], atol=5e-6)
