"""The jobs of the map after its graph (`graph.make_graph`), from files to files.

Row i is the same glitch (or view) in ``rows``, ``vectors``, ``neighbours``,
``layout``, ``coordinates`` and ``families``.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Float32, Int32, Int64
from glitch_explorer.map.engines import engine_of
from glitch_explorer.map.ids import name_families, read_reference
from glitch_explorer.map.isolation import isolation
from glitch_explorer.map.layout import fuzzy_set, start_positions
from glitch_explorer.map.members import write_members
from glitch_explorer.map.quality import graph_recall, map_quality
from glitch_explorer.map.schemas import (
    COORDINATES,
    FAMILIES,
    FAMILY_IDS,
    MAP_ROWS,
    QUALITY,
    ROW_KEY,
    STABILITY,
    UNASSIGNED,
)
from glitch_explorer.map.single import distance_graph, join_single
from glitch_explorer.map.stability import family_stability
from glitch_explorer.map.vectors import rows_of
from glitch_explorer.sources.schemas import SEGMENTS


class _Graph:
    """The neighbour graph of the mapped rows, and how their results extend to all rows."""

    def __init__(self, rows: str | Path, vectors: str | Path, neighbours: str | Path) -> None:
        self.rows = tables.read(MAP_ROWS, rows)
        self.unique, self.copy = np.unique(self.rows["representative"], return_inverse=True)
        self.values = rows_of(files.read_array(vectors), self.unique)
        self.indices, self.distances = _unique_neighbours(neighbours, self.unique)
        self.fuzzy = fuzzy_set(self.indices, self.distances)


def _unique_neighbours(neighbours: str | Path, unique: Int64) -> tuple[Int32, Float32]:
    """Read the neighbours ``(u, k)`` of the rows `unique`, numbered among these, and their distances."""
    stored = files.read_arrays(neighbours)
    index = np.full(len(stored["indices"]) + 1, -1, dtype=np.int32)
    index[unique] = np.arange(len(unique), dtype=np.int32)
    # Index -1, a neighbour not found, reads the last place and stays -1.
    return index[stored["indices"][unique]], stored["distances"][unique]


def make_layouts(
    *,
    rows: str | Path,
    vectors: str | Path,
    neighbours: str | Path,
    coordinates: str | Path,
    layout: str | Path,
    min_dist: float,
    n_components: int,
    seed: int,
    threads: int,
    engine: str,
) -> None:
    """Compute two layouts: in two dimensions to look at, in `n_components` to cluster in.

    Writes the table "coordinates" and the array `layout`, ``(n, n_components)``.
    """
    graph = _Graph(rows, vectors, neighbours)
    layout_of = engine_of(engine).layout
    plane, space = (
        layout_of(
            graph.fuzzy,
            start_positions(graph.fuzzy, graph.values, n_components=dimension, seed=seed),
            min_dist=distance,
            seed=seed,
            threads=threads,
        )
        for dimension, distance in ((2, min_dist), (n_components, 0.0))
    )
    x, y = plane[graph.copy].astype(np.float64).T
    tables.write(COORDINATES, graph.rows[ROW_KEY].assign(x=x, y=y), coordinates)
    files.write_array(layout, space[graph.copy])


def make_families(
    *,
    rows: str | Path,
    neighbours: str | Path,
    layout: str | Path,
    families: str | Path,
    ids: str | Path,
    tree: str | Path,
    min_cluster_size: int,
    min_samples: int | None,
    cluster_selection: str,
    reference: str | Path | None,
    engine: str,
) -> None:
    """Cluster the layout and name the families; a map of one morphology is one family (`join_single`).

    Writes the tables "families" and "family_ids" and the condensed tree's arrays.
    """
    table = tables.read(MAP_ROWS, rows)
    unique, copy = np.unique(table["representative"], return_inverse=True)
    indices, distances = _unique_neighbours(neighbours, unique)
    split = engine_of(engine).cluster(
        files.read_array(layout)[unique],
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
        cluster_selection=cluster_selection,
    )
    clusters = join_single(
        split,
        distance_graph(indices, distances),
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
    )
    keys = table[ROW_KEY]
    cluster = clusters.cluster[copy]
    named = name_families(keys.assign(cluster=cluster), read_reference(reference, keys))
    name = dict(zip(named["cluster"], named["family"], strict=True))
    family = np.array([name.get(number, UNASSIGNED) for number in cluster], dtype=object)
    filled = keys.assign(
        family=family,
        probability=clusters.probability[copy],
        outlier_score=clusters.outlier_score[copy],
        isolation=isolation(distances, family[unique])[copy],
    )
    tables.write(FAMILIES, filled, families)
    tables.write(FAMILY_IDS, named.drop(columns="cluster"), ids)
    files.write_arrays(tree, clusters.tree)


def make_members(
    *, families: str | Path, glitches: str | Path, segments: str | Path, members: str | Path
) -> None:
    """Write each family's member file into the folder `members`; those that stay the same stay untouched."""
    columns = ["glitch_id", "ifo", "event_time", "duration_s", "peak_frequency_hz", "snr", "astrophysical"]
    write_members(
        tables.read(FAMILIES, families),
        tables.read(GLITCHES, glitches, columns=columns),
        tables.read(SEGMENTS, segments),
        members,
    )


def make_quality(
    *,
    rows: str | Path,
    vectors: str | Path,
    neighbours: str | Path,
    coordinates: str | Path,
    families: str | Path,
    glitches: str | Path,
    quality: str | Path,
    seed: int,
) -> None:
    """Measure the map and write the table "quality"."""
    positions = tables.read(COORDINATES, coordinates)
    graph = files.read_arrays(neighbours)
    values = files.read_array(vectors)
    labels = tables.read(GLITCHES, glitches, columns=["glitch_id", "label"]).set_index("glitch_id")["label"]
    table = map_quality(
        values,
        graph["mask"],
        positions[["x", "y"]].to_numpy(),
        tables.read(FAMILIES, families)["family"],
        positions["glitch_id"].map(labels),
        seed=seed,
    )
    unique = np.unique(tables.read(MAP_ROWS, rows)["representative"])
    recall = graph_recall(
        rows_of(values, unique), graph["mask"][unique], graph["distances"][unique], seed=seed
    )
    tables.write(QUALITY, pd.concat([table, recall], ignore_index=True), quality)


def make_stability(
    *,
    rows: str | Path,
    vectors: str | Path,
    neighbours: str | Path,
    families: str | Path,
    stability: str | Path,
    n_components: int,
    min_cluster_size: int,
    min_samples: int | None,
    cluster_selection: str,
    stability_runs: int,
    seed: int,
    threads: int,
    engine: str,
) -> None:
    """Cluster subsamples and write the table "stability"."""
    graph = _Graph(rows, vectors, neighbours)
    table = family_stability(
        graph.fuzzy,
        distance_graph(graph.indices, graph.distances),
        graph.values,
        tables.read(FAMILIES, families)["family"].to_numpy(dtype=str)[graph.unique],
        n_components=n_components,
        min_cluster_size=min_cluster_size,
        min_samples=min_samples,
        cluster_selection=cluster_selection,
        runs=stability_runs,
        seed=seed,
        threads=threads,
        engine=engine_of(engine),
    )
    tables.write(STABILITY, table, stability)
