"""Vectors of the map: four views fused into one row, or a row per view."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from glitch_explorer.catalog.schemas import GLITCHES
from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import Bool, Float, Float32, Int64
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.views import (
    VIEW_LENGTHS_S,
    VIEW_NAMES,
    VIEW_PRESENT,
    VIEW_PRESENT_UNKNOWN,
    VIEW_UNKNOWN,
)
from glitch_explorer.views.schemas import VIEWS


@dataclass(frozen=True)
class Vectors:
    """Rows of the map.

    Attributes
    ----------
    rows
        Table "map_rows", one row for each row of the arrays.
    values
        ``(n, v * d)``: v view vectors, each of length 1 or all zero where masked.
    mask
        ``(n, v)``: which views there are; v is 4, or 1 in ``unit: view``.
    """

    rows: pd.DataFrame
    values: Float32
    mask: Bool


def fuse(embeddings: Float) -> tuple[Float32, Bool]:
    """Normalise each view's vector and concatenate the views.

    Parameters
    ----------
    embeddings
        ``(n, v, d)``, NaN where a view is missing.

    Returns
    -------
    values, mask
        ``(n, v * d)`` with zeros where a view is missing, and ``(n, v)``, whether a
        view is present. A vector of zeros counts as missing.
    """
    n, n_views, dimension = embeddings.shape
    array = np.asarray(embeddings, dtype=np.float32)
    length = np.linalg.norm(array.astype(np.float64), axis=2)
    mask = np.isfinite(length) & (length > 0)
    values = np.zeros((n, n_views, dimension), dtype=np.float32)
    values[mask] = array[mask] / length[mask][:, np.newaxis].astype(np.float32)
    return values.reshape(n, n_views * dimension), mask


def rows_of(values: Float32, rows: Int64) -> Float32:
    """Return rows of vectors, in order; all of them without a copy, so that they may stay on disk."""
    return values if len(rows) == len(values) else values[rows]


class Representatives:
    """Index of the first row with the same bytes, built part by part."""

    def __init__(self) -> None:
        self._first: dict[bytes, int] = {}
        self._n = 0

    def __call__(self, values: Float32, mask: Bool) -> Int64:
        """Return for each of the next rows the index ``(n,)`` of the first with the same bytes.

        Rows are compared by a hash of 128 bits, so that they need not stay in memory.
        """
        first = np.empty(len(values), dtype=np.int64)
        for index, (row, views) in enumerate(zip(values, mask, strict=True)):
            key = hashlib.blake2b(row.tobytes() + views.tobytes(), digest_size=16).digest()
            first[index] = self._first.setdefault(key, self._n + index)
        self._n += len(values)
        return first


def gather_vectors(
    shards: Sequence[str | Path],
    status: Sequence[str | Path],
    embeddings: Sequence[str | Path],
    *,
    unit: str,
    out: str | Path | None = None,
) -> Vectors:
    """Read the shards' embeddings and build the rows of the map.

    Parameters
    ----------
    shards, status, embeddings
        For each shard, in the catalogue's order, its table "glitches", its table
        "views" and its array ``(n, 4, d)``; row i is the same glitch in all three.
    unit
        ``"glitch"``: a row per glitch with at least one view of known length.
        ``"view"``: a row per (glitch, view), pictures of unknown length included.
    out
        Array to write the values to, shard by shard; they are memory-mapped from there.
        If not given they stay in memory.

    Raises
    ------
    UserError
        When `unit` is another word, there is no shard, the three files of a shard do not belong
        together, or two shards have vectors of different length.
    """
    if unit not in ("glitch", "view"):
        raise UserError(f"map: unit {unit!r} is unknown, it is 'glitch' or 'view'")
    if not shards:
        raise UserError("map: the catalogue has no shard, so there is nothing to map")
    make = _glitch_rows if unit == "glitch" else _view_rows
    rows, masks, same = [], [], Representatives()

    def parts() -> Iterator[Float32]:
        lengths = set()
        for catalog, views, array in zip(shards, status, embeddings, strict=True):
            part = make(*_read_shard(catalog, views, array))
            lengths.add(part.values.shape[1])
            if len(lengths) > 1:
                raise UserError(
                    f"map: shards have vectors of different length {sorted(lengths)}: embed them all again"
                )
            rows.append(part.rows.assign(representative=same(part.values, part.mask)))
            masks.append(part.mask)
            yield part.values

    if out is None:
        values = np.concatenate(list(parts()))
    else:
        files.write_parts(out, parts())
        values = files.read_array(out)
    return Vectors(pd.concat(rows, ignore_index=True), values, np.concatenate(masks))


def _read_shard(
    catalog: str | Path, views: str | Path, array: str | Path
) -> tuple[pd.DataFrame, pd.DataFrame, Float]:
    """Read one shard's three files and check that they belong together."""
    glitches = tables.read(GLITCHES, catalog, columns=["glitch_id"])
    status = tables.read(VIEWS, views)
    embedding = files.read_array(array)
    same = len(glitches) == len(status) == len(embedding)
    if not same or not (glitches["glitch_id"] == status["glitch_id"]).all():
        raise UserError(f"{catalog}, {views} and {array} do not hold the same glitches: make the shard again")
    if embedding.ndim != 3 or embedding.shape[1] != len(VIEW_LENGTHS_S):
        raise UserError(f"{array} has shape {embedding.shape}, not (n, 4, d): embed the shard again")
    return glitches, status, embedding


def _glitch_rows(glitches: pd.DataFrame, status: pd.DataFrame, embedding: Float) -> Vectors:
    """Build a row per glitch; a picture of unknown view length is ignored."""
    present = status[list(VIEW_PRESENT)].to_numpy(dtype=bool)
    values, mask = fuse(np.where(present[:, :, np.newaxis], embedding, np.float32(np.nan)))
    any_view = mask.any(axis=1)
    rows = pd.DataFrame({"glitch_id": glitches["glitch_id"].to_numpy()[any_view], "view": ""})
    return Vectors(rows, values[any_view], mask[any_view])


def _view_rows(glitches: pd.DataFrame, status: pd.DataFrame, embedding: Float) -> Vectors:
    """Build a row per view, ordered by glitch and view length."""
    present = status[list(VIEW_PRESENT)].to_numpy(dtype=bool, copy=True)
    unknown = status[VIEW_PRESENT_UNKNOWN].to_numpy(dtype=bool)
    names = np.tile(np.array(VIEW_NAMES, dtype=object), (len(glitches), 1))
    names[unknown, 0] = VIEW_UNKNOWN
    present[:, 0] |= unknown
    n, n_views, dimension = embedding.shape
    values, mask = fuse(np.asarray(embedding).reshape(n * n_views, 1, dimension))
    mapped = present.ravel() & mask[:, 0]
    ids = np.repeat(glitches["glitch_id"].to_numpy(dtype=object), n_views)
    rows = pd.DataFrame({"glitch_id": ids[mapped], "view": names.ravel()[mapped]})
    return Vectors(rows, values[mapped], mask[mapped])
