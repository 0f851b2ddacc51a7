"""The answer: the map's glitches nearest to a query."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.audit.rows import map_rows
from glitch_explorer.audit.schemas import SUSPECTS
from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool, Float32
from glitch_explorer.core.errors import UserError
from glitch_explorer.embed.record import describe_encoder, read_encoder, require_same
from glitch_explorer.map.graph import nearest_rows
from glitch_explorer.map.vectors import Vectors
from glitch_explorer.similar.queries import (
    embed_rows,
    is_picture,
    moment_rows,
    nearest_in_time,
    picture_rows,
    read_moment,
)
from glitch_explorer.similar.schemas import SIMILAR
from glitch_explorer.views.shard import Strain

#: Glitches given for a query.
FOUND = 20
#: A glitch this near to a moment, in s, is the one that is meant.
TOLERANCE_S = 0.5


@dataclass(frozen=True)
class Searched:
    """What is searched: rows of the map with what is known of them, vectors and views alike."""

    rows: pd.DataFrame
    values: Float32
    mask: Bool


def read_searched(results: str | Path) -> Searched:
    """Read map, catalogue and suspect labels of a finished run from its folder ``results``.

    Raises
    ------
    UserError
        When the files do not belong together.
    """
    results = Path(results)
    rows = map_rows(
        results / "catalog/glitches.parquet", results / "map/families.parquet", ["ifo", "event_time", "label"]
    )
    key = ["glitch_id", "view"]
    doubted = tables.read(SUSPECTS, results / "audit/suspects.parquet", columns=[*key, "issue"])
    rows = rows.merge(doubted.rename(columns={"issue": "suspect"}), on=key, how="left")
    rows["suspect"] = rows["suspect"].eq(True)
    values = files.read_array(results / "map/vectors.npy")
    if len(values) != len(rows):
        raise UserError(f"{results}/map/vectors.npy and families.parquet hold other rows: make the map again")
    return Searched(rows, values, files.read_arrays(results / "map/neighbours.npz")["mask"])


def find(
    query: str,
    *,
    results: str | Path = "results",
    k: int = FOUND,
    tolerance_s: float = TOLERANCE_S,
    weights: str | Path = "untrained",
    strain: Strain | None = None,
    threads: int = 1,
) -> pd.DataFrame:
    """Find the glitches most similar to one.

    A query compares all rows of the map, in one pass over the vectors.

    Parameters
    ----------
    query
        A glitch id; a picture (file, folder with the views of one glitch, member of an HDF5 file);
        or a time, ``"H1@1262304123.5"``: the glitch of the map nearest to it within
        `tolerance_s`, else a Q-scan of `strain` there.
    results
        Folder of a finished run.
    k
        Number of glitches to return.
    tolerance_s
        Largest distance in s between a time and the glitch that it means.
    weights
        Weights of the map's encoder, for pictures and times that are not a glitch of the map.
    strain
        Source of the data at a time, see `glitch_explorer.sources.strain.open_strain`.
    threads
        Threads to use; they do not change the result.

    Returns
    -------
    pandas.DataFrame
        Table "similar", nearest first, without the glitch of the query.

    Raises
    ------
    UserError
        When the query is none of these, or its view cannot be read or embedded.
    """
    searched = read_searched(results)
    glitch_id = _meant(query, searched.rows, tolerance_s)
    own = (searched.rows["glitch_id"] == glitch_id).to_numpy()
    if glitch_id is not None:
        values, mask = np.asarray(searched.values[own]), searched.mask[own]
    else:
        found = _embedded(query, results, weights=weights, strain=strain, threads=threads)
        values, mask = found.values, found.mask
    answer = _nearest(searched, values, mask, own, k=k, threads=threads)
    return answer.assign(query=query, query_id=glitch_id).reindex(columns=SIMILAR.names)


def _embedded(
    query: str, results: str | Path, *, weights: str | Path, strain: Strain | None, threads: int
) -> Vectors:
    """Embed a picture or a moment as the map's rows were."""
    encoder = read_encoder(Path(results) / "map/encoder.json")
    given = describe_encoder(
        unit=encoder.unit,
        backbone=encoder.backbone,
        weights=weights,
        height=encoder.height,
        width=encoder.width,
        crop=encoder.crop,
    )
    require_same(encoder, given, where=f"the map in {results}")
    moment = read_moment(query)
    rows = moment_rows(*moment) if moment else picture_rows(query)
    return embed_rows(rows, encoder=encoder, weights=weights, strain=strain, threads=threads)


def _meant(query: str, rows: pd.DataFrame, tolerance_s: float) -> str | None:
    """Name the glitch of the map that is meant; None for a picture, or a moment without one."""
    if (rows["glitch_id"] == query).any():
        return query
    moment = read_moment(query)
    if moment is not None:
        return nearest_in_time(rows, *moment, tolerance_s=tolerance_s)
    if is_picture(query):
        return None
    alike = rows.loc[rows["glitch_id"].str.startswith(query[:3]), "glitch_id"].drop_duplicates().head(3)
    hint = f"; ids that begin like it: {', '.join(alike)}" if len(alike) else ""
    raise UserError(
        f"similar: {query!r} is no glitch of the map, no picture and no moment like H1@1262304123.5{hint}"
    )


def _nearest(
    searched: Searched, values: Float32, mask: Bool, own: Bool, *, k: int, threads: int
) -> pd.DataFrame:
    """Rank the rows by their distance to the nearest of the query's own rows, `own` left out."""
    wanted = min(k + int(own.sum()), len(searched.rows))
    indices, distances = nearest_rows(
        searched.values,
        searched.mask,
        values,
        mask,
        exclude=np.full(len(values), -1, dtype=np.int32),
        n_neighbors=wanted,
        threads=threads,
    )
    found = pd.DataFrame({"row": indices.ravel(), "distance": distances.ravel().astype(np.float64)})
    found = found[~own[found["row"]]].sort_values(["distance", "row"], kind="stable").drop_duplicates("row")
    found = found.head(k).reset_index(drop=True)
    columns = ["glitch_id", "view", "ifo", "event_time", "family", "label", "suspect"]
    known = searched.rows[columns].iloc[found["row"]].reset_index(drop=True)
    return known.assign(rank=np.arange(1, len(found) + 1), distance=found["distance"])


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
    """Answer each query, see `find`, and write one CSV file with the columns of table "similar"."""
    answers = [
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
    table = tables.conform(SIMILAR, pd.concat(answers, ignore_index=True)).to_pandas()
    files.write_text(out, table.to_csv(index=False, lineterminator="\n"))
