"""Queries: a glitch of the map, a picture, or a time at a detector."""

import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.catalog.names import PICTURE_SUFFIXES, UNKNOWN_IFO, UNKNOWN_VIEW
from glitch_explorer.catalog.pictures import INSIDE, find_pictures
from glitch_explorer.catalog.schemas import GLITCHES, QUARANTINE
from glitch_explorer.catalog.trees import gather
from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError, reason_text
from glitch_explorer.core.views import VIEW_NAMES, VIEW_PATH_UNKNOWN, VIEW_PATHS
from glitch_explorer.embed.record import Encoder
from glitch_explorer.map.vectors import Vectors, gather_vectors
from glitch_explorer.views.pictures import read_view_length
from glitch_explorer.views.shard import Strain, make_views

_TIME = re.compile(r"(?P<ifo>[A-Z][0-9])@(?P<time>\d+(\.\d*)?)")


def read_time(query: str) -> tuple[str, float] | None:
    """Return detector and GPS seconds of `H1@1262304123.5`; None for any other query."""
    match = _TIME.fullmatch(query)
    return (match["ifo"], float(match["time"])) if match else None


def nearest_in_time(glitches: pd.DataFrame, ifo: str, gps: float, *, tolerance_s: float) -> str | None:
    """Return the id of the glitch nearest to a time; None if none is within `tolerance_s` seconds.

    Parameters
    ----------
    glitches
        Columns glitch_id, ifo and event_time (GPS s).
    """
    timed = glitches[(glitches["ifo"] == ifo) & glitches["event_time"].notna()]
    distance = (timed["event_time"] - gps).abs()
    if distance.empty or distance.min() > tolerance_s:
        return None
    return str(timed["glitch_id"].iloc[int(distance.argmin())])


def is_picture(query: str) -> bool:
    """Return whether a query names a picture: a file, a folder, or a data set of an HDF5 file."""
    return INSIDE in query or Path(query).exists() or query.lower().endswith(PICTURE_SUFFIXES)


def picture_rows(query: str) -> pd.DataFrame:
    """Return the glitch in a picture, or in a folder of its views, as rows of table "glitches".

    A picture of unknown view length becomes four rows, one for each length.

    Raises
    ------
    UserError
        When there is no glitch, or there are several.
    """
    if INSIDE in query:
        name = query.rsplit("/", 1)[-1].removesuffix(".png")
        slot = VIEW_NAMES.index(name) if name in VIEW_NAMES else UNKNOWN_VIEW
        frame = _blank("picture").assign(**{_slot_column(slot): query})
    else:
        pictures, bad = find_pictures([query], read_view_length)
        frame = gather(pictures)[0]
        if len(frame) != 1:
            problem = f" and a file that cannot be read ({bad[0].detail})" if bad else ""
            raise UserError(
                f"similar: {query} has pictures of {len(frame)} glitches{problem}: give the pictures of one"
            )
        frame = _blank("picture").assign(**frame[[*VIEW_PATHS, VIEW_PATH_UNKNOWN]].iloc[0])
    unknown = frame[VIEW_PATH_UNKNOWN].iloc[0]
    if not isinstance(unknown, str):
        return frame
    parts = [
        _blank(f"picture {name}").assign(**{column: unknown})
        for name, column in zip(VIEW_NAMES, VIEW_PATHS, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def time_rows(ifo: str, gps: float) -> pd.DataFrame:
    """Return a time as a row of table "glitches", to be Q-scanned."""
    return _blank("time").assign(ifo=ifo, event_time=gps)


def _slot_column(slot: int) -> str:
    return VIEW_PATH_UNKNOWN if slot == UNKNOWN_VIEW else VIEW_PATHS[slot]


def _blank(glitch_id: str) -> pd.DataFrame:
    """Return a row of table "glitches" with an id and nothing else."""
    row = tables.empty(GLITCHES).reindex([0]).astype(object)
    return row.assign(glitch_id=glitch_id, ifo=UNKNOWN_IFO, shard="query", astrophysical="")


def embed_rows(
    rows: pd.DataFrame, *, encoder: Encoder, weights: str | Path, strain: Strain | None, threads: int
) -> Vectors:
    """Embed glitches that are not on the map as the map's glitches were.

    Parameters
    ----------
    rows
        Table "glitches".
    encoder
        Record of the map.
    weights
        File of the backbone's weights, or "untrained".
    strain
        Source of strain for glitches without pictures.
    threads
        Number of threads; the result does not depend on it.

    Raises
    ------
    UserError
        When none of them has a view; the message says why.
    """
    # Imports torch, which a glitch of the map does not need.
    from glitch_explorer.embed.shard import embed_shard

    with tempfile.TemporaryDirectory() as name:
        shard, views, status, quarantine, vectors = (
            Path(name, end)
            for end in ("glitches.parquet", "views.npy", "views.parquet", "quarantine.parquet", "vectors.npy")
        )
        tables.write(GLITCHES, rows, shard)
        make_views(
            shard,
            out=views,
            status_out=status,
            quarantine_out=quarantine,
            height=encoder.height,
            width=encoder.width,
            crop=encoder.crop,
            strain=strain,
            threads=threads,
        )
        embed_shard(views, status, vectors, backbone=encoder.backbone, weights=weights, threads=threads)
        gathered = gather_vectors([shard], [status], [vectors], unit=encoder.unit)
        if not len(gathered.rows):
            raise UserError(f"similar: no view to compare ({_why(tables.read(QUARANTINE, quarantine))})")
        return Vectors(gathered.rows, np.array(gathered.values), gathered.mask)


def _why(quarantine: pd.DataFrame) -> str:
    """Return the sources of a query that have no view, with the reasons."""
    columns = (quarantine[name] for name in ("source", "reason", "detail"))
    reasons = {
        f"{source}: {reason_text(code, detail)}" for source, code, detail in zip(*columns, strict=True)
    }
    return "; ".join(sorted(reasons)) or "no picture"
