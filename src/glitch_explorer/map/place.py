"""Assign new glitches to an existing map without refitting it.

A new glitch takes its position and family from its nearest neighbours on the map: they vote for a family
with the memberships of UMAP's fuzzy set (McInnes, Healy & Melville 2018), and the position is the weighted
mean of those in the chosen family. A conformal test (Vovk, Gammerman & Shafer 2005) decides whether it
belongs there: its mean distance to its nearest neighbours is compared with that of each member of the
family, computed as if that member were not on the map.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from umap.umap_ import smooth_knn_dist

from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool, Float32, Float64, Int32, Int64
from glitch_explorer.core.errors import UserError
from glitch_explorer.embed.record import Encoder, read_encoder, require_same
from glitch_explorer.map.conformal import TESTED, conformal, mean_distance
from glitch_explorer.map.graph import nearest_rows
from glitch_explorer.map.schemas import COORDINATES, FAMILIES, MAP_ROWS, PLACED, ROW_KEY, UNASSIGNED
from glitch_explorer.map.vectors import Vectors, gather_vectors, rows_of

_LOG = logging.getLogger(__name__)

# numba compiles it once, not in each job.
smooth_knn_dist.enable_caching()


@dataclass(frozen=True)
class Map:
    """A finished map; row i is the same glitch (or view) in every attribute.

    Attributes
    ----------
    rows
        Table "map_rows" with x, y, family and probability beside it.
    values, mask
        Vectors ``(n, v * d)``, which may be memory-mapped, and which views there are, ``(n, v)``.
    distances
        ``(n, k)`` distances to the nearest other rows, see `graph.neighbour_graph`.
    """

    rows: pd.DataFrame
    values: Float32
    mask: Bool
    distances: Float32


def read_map(folder: str | Path) -> Map:
    """Read a finished map.

    Parameters
    ----------
    folder
        Folder of the map, ``results/map`` of a run.

    Returns
    -------
    Map
        Rows, families, positions, vectors and neighbours, in one order.

    Raises
    ------
    UserError
        When its files do not belong together.
    """
    folder = Path(folder)
    rows = tables.read(MAP_ROWS, folder / "rows.parquet")
    coordinates = tables.read(COORDINATES, folder / "coordinates.parquet")
    families = tables.read(FAMILIES, folder / "families.parquet")
    values = files.read_array(folder / "vectors.npy")
    stored = files.read_arrays(folder / "neighbours.npz")
    alike = len(rows) == len(values) == len(stored["mask"]) and all(
        len(rows) == len(table) and (rows[ROW_KEY] == table[ROW_KEY]).all(axis=None)
        for table in (coordinates, families)
    )
    if not alike:
        raise UserError(f"the files of {folder} do not hold the same rows: make the map again")
    described = rows.assign(
        x=coordinates["x"], y=coordinates["y"], family=families["family"], probability=families["probability"]
    )
    return Map(described, values, stored["mask"], stored["distances"])


def place(new: Vectors, old: Map, *, false_rate: float, threads: int) -> pd.DataFrame:
    """Assign new rows to a map.

    A row takes its position and family from its nearest neighbours on the map. A row that the map
    already has is placed as if it were absent.

    Parameters
    ----------
    new
        The new rows, from the map's encoder.
    old
        The map.
    false_rate
        Share of a family's members that may be flagged as novel by mistake.
    threads
        Threads to use; they do not change the result.

    Returns
    -------
    pandas.DataFrame
        Table "placed", one row for each of `new`.

    Raises
    ------
    UserError
        When the vectors have another dimension, or the map has too few rows.
    """
    unique, k = _usable(new, old)
    rows = old.rows.iloc[unique].reset_index(drop=True)
    names = [*sorted(set(rows["family"]) - {UNASSIGNED}), UNASSIGNED]
    family = pd.Categorical(rows["family"], names).codes.astype(np.int64)
    itself = pd.Series(np.arange(len(rows)), pd.MultiIndex.from_frame(rows[ROW_KEY]))
    indices, distances = nearest_rows(
        rows_of(old.values, unique),
        old.mask[unique],
        new.values,
        new.mask,
        exclude=itself.reindex(pd.MultiIndex.from_frame(new.rows[ROW_KEY]))
        .fillna(-1)
        .to_numpy(dtype=np.int32),
        n_neighbors=k,
        threads=threads,
    )
    chosen, weight, probability = vote(indices, distances, family)
    null = mean_distance(old.distances[unique])
    p_value = conformal(mean_distance(distances), chosen, null, family, len(names) - 1, false_rate=false_rate)
    fits = p_value > false_rate
    x, y = (weight[:, :, np.newaxis] * rows[["x", "y"]].to_numpy()[indices]).sum(axis=1).T
    nearest = rows.iloc[indices[:, 0]].reset_index(drop=True)
    return new.rows[ROW_KEY].assign(
        x=x,
        y=y,
        family=np.where(fits, np.array(names, dtype=object)[chosen], UNASSIGNED),
        probability=np.where(fits & (chosen < len(names) - 1), probability, 0.0),
        fits=fits,
        p_value=p_value,
        nearest_id=nearest["glitch_id"],
        nearest_family=nearest["family"],
        distance=distances[:, 0].astype(np.float64),
    )


def _usable(new: Vectors, old: Map) -> tuple[Int64, int]:
    """Return the rows of the map to compare with, and the number of neighbours."""
    if new.values.shape[1] != old.values.shape[1] or new.mask.shape[1] != old.mask.shape[1]:
        raise UserError(
            f"the new vectors have shape {new.values.shape[1:]} and {new.mask.shape[1]} views, the map's "
            f"{old.values.shape[1:]} and {old.mask.shape[1]}: embed the glitches as for the map"
        )
    unique = np.unique(old.rows["representative"])
    k = min(old.distances.shape[1], len(unique) - 1)
    if k < TESTED:
        raise UserError(f"the map has {len(unique)} different rows: too few to assign new glitches")
    return unique, k


def vote(indices: Int32, distances: Float32, family: Int64) -> tuple[Int64, Float64, Float64]:
    """Choose each query's family by a weighted vote of its neighbours.

    Parameters
    ----------
    indices, distances
        ``(q, k)`` neighbours, nearest first.
    family
        ``(n,)`` index of each old row's family; "unassigned" has one too.

    Returns
    -------
    chosen
        ``(q,)`` the family with the most weight.
    weight
        ``(q, k)`` weights of the neighbours in that family, sum 1.
    share
        ``(q,)`` the family's share of all weight.
    """
    width, nearest = smooth_knn_dist(distances, float(indices.shape[1]), local_connectivity=0.0)
    weight = np.exp(
        -np.maximum(distances - nearest[:, np.newaxis], 0) / np.maximum(width, 1e-9)[:, np.newaxis]
    )
    weight = weight.astype(np.float64) / weight.sum(axis=1, keepdims=True)
    votes = family[indices]
    total = np.zeros((len(indices), int(family.max()) + 1))
    np.add.at(total, (np.arange(len(indices))[:, np.newaxis], votes), weight)
    chosen = total.argmax(axis=1)
    share = total[np.arange(len(indices)), chosen]
    return chosen, np.where(votes == chosen[:, np.newaxis], weight, 0) / share[:, np.newaxis], share


def make_placed(
    shards: Sequence[str | Path],
    status: Sequence[str | Path],
    embeddings: Sequence[str | Path],
    *,
    onto: str | Path,
    out: str | Path,
    encoder: Encoder,
    false_rate: float,
    threads: int,
) -> None:
    """Assign the glitches of all shards to the map in the folder `onto` and write the table "placed".

    Raises
    ------
    UserError
        When the map was made with another encoder.
    """
    require_same(read_encoder(Path(onto) / "encoder.json"), encoder, where=onto)
    new = gather_vectors(shards, status, embeddings, unit=encoder.unit)
    table = place(new, read_map(onto), false_rate=false_rate, threads=threads)
    tables.write(PLACED, table, out)
    _LOG.info("%d rows placed, %d of them novel", len(table), int((~table["fits"]).sum()))
