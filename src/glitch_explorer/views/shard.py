"""The views of one shard of the catalogue: an array of pixels and a table of what became of each row."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import floor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from tqdm import tqdm

from glitch_explorer.catalog.schemas import GLITCHES, QUARANTINE
from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import UInt8
from glitch_explorer.core.errors import Quarantined
from glitch_explorer.core.views import VIEW_LENGTHS_S, VIEW_NAMES, VIEW_PATH_UNKNOWN, VIEW_PATHS
from glitch_explorer.views.pictures import Archives, Picture, Unreadable, decode
from glitch_explorer.views.reasons import UNUSABLE, Flag, Reason
from glitch_explorer.views.schemas import VIEWS
from glitch_explorer.views.status import views_table

_LOG = logging.getLogger(__name__)

#: Glitches whose strain is in memory at the same time.
_BATCH = 16
#: Least strain in seconds for a Q-scan.
_LEAST_SECONDS = 4.0

Row = dict[Any, Any]


class Strain(Protocol):
    """What `make_views` needs of a source of strain (`sources.strain.Strain` has it)."""

    def read(self, ifo: str, start: float, end: float) -> Any:
        """Give the gwpy `TimeSeries` of [start, end), or raise `StrainMissing`."""

    def available(self, ifo: str, start: float, end: float) -> list[tuple[float, float]]:
        """Give the stretches of [start, end) that have data."""


@dataclass
class _Status:
    """What became of one glitch: `present` as `tables.VIEW_PRESENT`, then the view of unknown length."""

    glitch_id: str
    present: list[bool] = field(default_factory=lambda: [False] * 5)
    sizes: set[str] = field(default_factory=set)
    flags: list[str] = field(default_factory=list)
    excluded: list[dict[str, Any]] = field(default_factory=list)

    def exclude(self, problem: Quarantined, *, source: str, read: str) -> None:
        """Note that `source` gives no view, and why."""
        self.excluded.append(
            {"source": source, "reason": str(problem.reason), "detail": problem.detail, "read": read}
        )


def make_views(
    shard_parquet: str | Path,
    *,
    out: str | Path,
    status_out: str | Path,
    quarantine_out: str | Path,
    height: int,
    width: int,
    strain: Strain | None = None,
    seconds: float = 64.0,
    crop: bool = True,
    threads: int = 1,
) -> None:
    """Decode or Q-scan every glitch of a shard once.

    A glitch with pictures gets its views from them, one without is Q-scanned from `strain`. A picture
    that cannot be read, or strain that is missing, is a row of the quarantine table; the glitch
    keeps its other views.

    Parameters
    ----------
    shard_parquet
        Table `glitches` of the shard, `n` rows.
    out
        Array of the views, uint8 `(n, 4, height, width)`: 10 times the normalized energy, row 0 at
        2048 Hz; a missing view is zero.
    status_out, quarantine_out
        Tables `views` and `quarantine`.
    height, width
        Pixels of a view.
    strain
        Where glitches without pictures get their data; None where there is no such source.
    seconds
        Length of data for the whitening; less is taken at a segment's edge.
    crop
        False leaves axes and labels in the pictures.
    threads
        Pictures decoded, or glitches scanned, at the same time; the bytes do not depend on it.

    Raises
    ------
    UserError
        When the table cannot be read, or a source of strain refuses.
    """
    rows = tables.read(GLITCHES, shard_parquet).to_dict("records")
    statuses = [_Status(str(row["glitch_id"])) for row in rows]
    with files.whole(out) as temporary:
        views = _create(temporary, (len(rows), len(VIEW_LENGTHS_S), height, width))
        with tqdm(total=len(rows), unit="glitch", desc=Path(out).stem) as progress:
            _fill_from_pictures(rows, statuses, views, progress, crop=crop, threads=threads)
            _fill_from_strain(
                rows, statuses, views, progress, strain=strain, seconds=seconds, threads=threads
            )
        if isinstance(views, np.memmap):
            views.flush()
    tables.write(VIEWS, _status_table(statuses, views), status_out)
    tables.write(QUARANTINE, _quarantine_table(statuses), quarantine_out)
    lost = sum(not any(status.present) for status in statuses)
    _LOG.info("%d glitches, %d of them without any view", len(rows), lost)


def _create(path: Path, shape: tuple[int, ...]) -> UInt8:
    """Create a `.npy` file of zeros, mapped into memory: pages are written as they are filled.

    Its space on the disk is taken at once: a page that finds none later would kill the process.
    """
    if 0 in shape:
        empty = np.zeros(shape, np.uint8)
        np.save(path, empty, allow_pickle=False)
        return empty
    views = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    with path.open("r+b") as stream:
        os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    return views


def _paths(row: Row) -> list[str | None]:
    """Give the paths of the four views and of the one of unknown length.

    The catalogues' web addresses are no files: such a glitch is scanned.
    """
    values = [row[column] for column in (*VIEW_PATHS, VIEW_PATH_UNKNOWN)]
    return [value if isinstance(value, str) and value and "://" not in value else None for value in values]


def _fill_from_pictures(
    rows: list[Row], statuses: list[_Status], views: UInt8, progress: Any, *, crop: bool, threads: int
) -> None:
    """Decode the pictures of those glitches that have any."""
    paths = {i: found for i, row in enumerate(rows) if any(found := _paths(row))}
    with Archives() as archives, ThreadPoolExecutor(threads) as pool:

        def decode_row(i: int) -> None:
            _decode_glitch(paths[i], statuses[i], views[i], archives, crop=crop)

        for _ in pool.map(decode_row, paths):
            progress.update()


def _decode_glitch(
    paths: list[str | None], status: _Status, views: UInt8, archives: Archives, *, crop: bool
) -> None:
    """Fill `views` `(4, height, width)` of one glitch from its pictures."""
    unknown = len(VIEW_LENGTHS_S)
    for slot, path in enumerate(paths):
        if path is None:
            continue
        name = "view of unknown length" if slot == unknown else f"{VIEW_NAMES[slot]} s view"
        try:
            picture = decode(path, archives)
            place = _place(picture, slot, paths, status)
            view = picture.view(height=views.shape[1], width=views.shape[2], crop=crop)
        except Unreadable as problem:
            status.exclude(problem, source=path, read=name)
            continue
        if place != slot and Flag.VIEW_FROM_AXIS not in status.flags:
            status.flags.append(Flag.VIEW_FROM_AXIS)
        views[0 if place == unknown else place] = view
        status.present[place] = True
        status.sizes.add(picture.size)


def _place(picture: Picture, slot: int, paths: list[str | None], status: _Status) -> int:
    """Give the slot that a picture belongs in.

    Where its time axis states another length than its name, the axis is believed, unless another
    picture claims that place.

    Raises
    ------
    Unreadable
        When there is no place for it.
    """
    if slot == len(VIEW_LENGTHS_S):
        if any(paths[:slot]):
            raise Unreadable(Reason.LENGTH_UNCLEAR)
        return slot
    seconds = picture.length()
    if seconds is None or VIEW_LENGTHS_S[slot] == seconds:
        return slot
    place = VIEW_LENGTHS_S.index(seconds)
    if paths[place] is not None or status.present[place]:
        raise Unreadable(Reason.LENGTH_TWICE, seconds=seconds)
    return place


def _fill_from_strain(
    rows: list[Row],
    statuses: list[_Status],
    views: UInt8,
    progress: Any,
    *,
    strain: Strain | None,
    seconds: float,
    threads: int,
) -> None:
    """Q-scan the glitches without pictures, in order of time, so that each frame is read once."""
    scan = [i for i, row in enumerate(rows) if not any(_paths(row))]
    if not scan:
        return
    from glitch_explorer.sources.frames import StrainMissing  # gwpy, which pictures do not need

    scan.sort(key=lambda i: (rows[i]["ifo"], np.nan_to_num(rows[i]["event_time"], nan=-1.0)))
    for start in range(0, len(scan), _BATCH):
        batch = scan[start : start + _BATCH]
        found: dict[int, Any] = {}
        for i in batch:
            try:
                found[i] = _read(strain, rows[i]["ifo"], rows[i]["event_time"], seconds=seconds)
            except StrainMissing as problem:
                statuses[i].exclude(problem, source="strain", read=_event(rows[i]))
        if found:
            _scan_batch(found, rows, statuses, views, threads=threads)
        progress.update(len(batch))


def _scan_batch(
    found: dict[int, Any], rows: list[Row], statuses: list[_Status], views: UInt8, *, threads: int
) -> None:
    """Q-scan strain `found` by row number, equal lengths together."""
    from glitch_explorer.views.qscan import qscan  # torch, which pictures do not need

    groups: dict[tuple[float, int], list[int]] = {}
    for i, series in found.items():
        groups.setdefault((float(series.sample_rate.value), len(series)), []).append(i)
    for (rate, length), members in groups.items():
        offsets = np.array([rows[i]["event_time"] - float(found[i].t0.value) for i in members])
        pixels, flags = qscan(
            np.stack([np.asarray(found[i].value, dtype=np.float64) for i in members]),
            sample_rate=round(rate),
            event_offset=offsets,
            height=views.shape[2],
            width=views.shape[3],
            threads=threads,
        )
        for i, image, offset, remarks in zip(members, pixels, offsets, flags, strict=True):
            statuses[i].flags = [flag for flag in remarks.split(";") if flag]
            reach = float(min(offset, length / rate - offset))
            _keep_covered(image, reach, statuses[i], views[i], read=_event(rows[i]))


def _event(row: Row) -> str:
    return f"{row['ifo']} {row['event_time']!r}"


def _read(strain: Strain | None, ifo: str, event_time: float, *, seconds: float) -> Any:
    """Read the data around an event: `seconds` from a whole second on, or what the stretch around it has.

    Raises
    ------
    StrainMissing
        When less than 4 s around the event can be read.
    """
    from glitch_explorer.sources.frames import StrainMissing

    if strain is None:
        raise StrainMissing(Reason.NO_PICTURE_OR_STRAIN)
    if not np.isfinite(event_time):
        raise StrainMissing(Reason.EVENT_TIME_MISSING)
    start = floor(event_time) - floor(seconds / 2)
    for first, last in strain.available(ifo, start, start + seconds):
        if first <= event_time < last and last - first >= _LEAST_SECONDS:
            return strain.read(ifo, first, last)
    # The source knows why.
    strain.read(ifo, event_time - _LEAST_SECONDS / 2, event_time + _LEAST_SECONDS / 2)
    raise StrainMissing(Reason.STRAIN_TOO_SHORT, least_s=_LEAST_SECONDS)


def _keep_covered(image: UInt8, reach: float, status: _Status, views: UInt8, *, read: str) -> None:
    """Keep the views of a Q-scan that lie inside the data, which end `reach` seconds from the event."""
    broken = UNUSABLE.intersection(status.flags)
    if broken:
        status.exclude(Quarantined(Reason(min(broken))), source="strain", read=read)
        return
    for slot, seconds in enumerate(VIEW_LENGTHS_S):
        # A millisecond, half a cell of the picture, may be missing.
        if seconds / 2 <= reach + 1e-3:
            views[slot] = image[slot]
            status.present[slot] = True
    if not any(status.present):
        status.exclude(
            Quarantined(Reason.VIEWS_NOT_COVERED, reach_s=f"{reach:.2f}"), source="strain", read=read
        )


def _status_table(statuses: list[_Status], views: UInt8) -> pd.DataFrame:
    present = np.array([status.present for status in statuses], dtype=bool).reshape(-1, 5)
    return views_table(
        [status.glitch_id for status in statuses],
        views,
        present[:, :4],
        unknown=present[:, 4],
        image_size=[";".join(sorted(status.sizes)) for status in statuses],
        flags=[";".join(status.flags) for status in statuses],
    )


def _quarantine_table(statuses: list[_Status]) -> pd.DataFrame:
    excluded = [
        {"row": -1, "glitch_id": status.glitch_id, "stage": "views", **row}
        for status in statuses
        for row in status.excluded
    ]
    return pd.DataFrame(excluded) if excluded else tables.empty(QUARANTINE)
