"""Search: the glitches of the map nearest to a query."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import SUSPECTS
from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool, Float32
from glitch_explorer.core.errors import UserError
from glitch_explorer.embed import UNTRAINED
from glitch_explorer.embed.record import describe_encoder, read_encoder, require_same
from glitch_explorer.map.graph import nearest_rows
from glitch_explorer.map.schemas import ROW_KEY
from glitch_explorer.map.vectors import Vectors
from glitch_explorer.similar.queries import (
    embed_rows,
    is_picture,
    nearest_in_time,
    picture_rows,
    read_time,
    time_rows,
)
from glitch_explorer.similar.schemas import SIMILAR
from glitch_explorer.views.shard import Strain

#: Glitches returned for a query.
N_RESULTS = 20
#: A time means a glitch of the map within this, in s.
TOLERANCE_S = 0.5


@dataclass(frozen=True)
class SearchedMap:
    """The map that is searched: its rows with catalogue, family and suspect label, and their vectors."""

    rows: pd.DataFrame
    values: Float32
    mask: Bool


def read_map(results: str | Path) -> SearchedMap:
    """Read map, catalogue and suspect labels of a finished run.

    Raises
    ------
    UserError
        When the files are not of one map.
    """
    results = Path(results)
    rows = map_rows(
        results / "catalog/glitches.parquet", results / "map/families.parquet", ["ifo", "event_time", "label"]
    )
    suspects = tables.read(SUSPECTS, results / "audit/suspects.parquet", columns=[*ROW_KEY, "issue"])
    rows = rows.merge(suspects.rename(columns={"issue": "suspect"}), on=ROW_KEY, how="left")
    rows["suspect"] = rows["suspect"].eq(True)
    values = files.read_array(results / "map/vectors.npy")
    if len(values) != len(rows):
        raise UserError(
            f"{results}/map/vectors.npy and families.parquet have different rows: make the map again"
        )
    return SearchedMap(rows, values, files.read_arrays(results / "map/neighbours.npz")["mask"])


def find(
    query: str,
    *,
    results: str | Path = "results",
    k: int = N_RESULTS,
    tolerance_s: float = TOLERANCE_S,
    weights: str | Path = UNTRAINED,
    strain: Strain | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Find the glitches of the map most similar to a query, by one pass over all vectors.

    Parameters
    ----------
    query
        A glitch id; a picture (file, folder with the views of one glitch, data set of an HDF5 file);
        or a time, ``"H1@1262304123.5"``: the glitch of the map nearest to it within
        `tolerance_s`, or else a Q-scan of `strain`.
    results
        Folder of a finished run.
    k
        Number of glitches to return.
    tolerance_s
        Largest distance in time of the glitch that a time means, in s.
    weights
        Weights that the map was made with, for a query that is not on the map.
    strain
        Source of strain for a time, see `glitch_explorer.sources.strain.open_strain`.
    threads
        Number of threads; the result does not depend on it.

    Returns
    -------
    pandas.DataFrame
        Table "similar", nearest first, without the query's glitch.

    Raises
    ------
    UserError
        When the query is none of these, or has no view to embed.
    """
    searched = read_map(results)
    glitch_id = _glitch_of(query, searched.rows, tolerance_s)
    itself = (searched.rows["glitch_id"] == glitch_id).to_numpy()
    if glitch_id is not None:
        values, mask = np.asarray(searched.values[itself]), searched.mask[itself]
    else:
        vectors = _embedded(query, results, weights=weights, strain=strain, threads=threads)
        values, mask = vectors.values, vectors.mask
    nearest = _nearest(searched, values, mask, itself, k=k, threads=threads)
    return nearest.assign(query=query, query_id=glitch_id).reindex(columns=SIMILAR.names)


def _embedded(
    query: str, results: str | Path, *, weights: str | Path, strain: Strain | None, threads: int
) -> Vectors:
    """Embed a picture or a time as the map's rows were embedded."""
    encoder = read_encoder(Path(results) / "map/encoder.json")
    keys = {name: value for name, value in asdict(encoder).items() if name != "weights_sha256"}
    require_same(encoder, describe_encoder(**keys | {"weights": weights}), where=f"the map in {results}")
    time = read_time(query)
    rows = time_rows(*time) if time else picture_rows(query)
    return embed_rows(rows, encoder=encoder, weights=weights, strain=strain, threads=threads)


def _glitch_of(query: str, rows: pd.DataFrame, tolerance_s: float) -> str | None:
    """Return the id of the glitch that a query means; None for a picture, or a time without a glitch."""
    if (rows["glitch_id"] == query).any():
        return query
    time = read_time(query)
    if time is not None:
        return nearest_in_time(rows, *time, tolerance_s=tolerance_s)
    if is_picture(query):
        return None
    alike = rows.loc[rows["glitch_id"].str.startswith(query[:3]), "glitch_id"].drop_duplicates().head(3)
    hint = f"; similar ids: {', '.join(alike)}" if len(alike) else ""
    raise UserError(
        f"similar: {query!r} is neither a glitch of the map, a picture nor a time like H1@1262304123.5{hint}"
    )


def _nearest(
    searched: SearchedMap, values: Float32, mask: Bool, itself: Bool, *, k: int, threads: int
) -> pd.DataFrame:
    """Rank the rows by their distance to the nearest of the query's vectors, without the query `itself`."""
    indices, distances = nearest_rows(
        searched.values,
        searched.mask,
        values,
        mask,
        exclude=np.full(len(values), -1, dtype=np.int32),
        n_neighbors=min(k + int(itself.sum()), len(searched.rows)),
        threads=threads,
    )
    near = pd.DataFrame({"row": indices.ravel(), "distance": distances.ravel().astype(np.float64)})
    near = near[~itself[near["row"]]].sort_values(["distance", "row"], kind="stable").drop_duplicates("row")
    near = near.head(k)
    rows = searched.rows.iloc[near["row"]].reset_index(drop=True)
    return rows.assign(rank=np.arange(1, len(near) + 1), distance=near["distance"].to_numpy())


def find_all(
    queries: Sequence[str],
    out: str | Path,
    *,
    results: str | Path,
    k: int,
    tolerance_s: float,
    weights: str | Path,
    strain: Strain | None,
    threads: int,
) -> None:
    """Search for each query and write one CSV file with the columns of table "similar".

    Parameters
    ----------
    queries, results, k, tolerance_s, weights, strain, threads
        See `find`.
    out
        File to write.
    """
    parts = [
        find(
            query,
            results=results,
            k=k,
            tolerance_s=tolerance_s,
            weights=weights,
            strain=strain,
            threads=threads,
        )
        for query in queries
    ]
    table = tables.conform(SIMILAR, tables.joined(SIMILAR, parts)).to_pandas()
    files.write_text(out, table.to_csv(index=False, lineterminator="\n"))
