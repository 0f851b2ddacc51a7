"""The views of one shard of the catalogue, as an array of pixels, and their table."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from tqdm import tqdm

from glitch_explorer.catalog.quarantine import quarantine_rows
from glitch_explorer.catalog.schemas import GLITCHES, QUARANTINE
from glitch_explorer.core import files, tables
from glitch_explorer.core.arrays import UInt8
from glitch_explorer.core.errors import Quarantined
from glitch_explorer.core.views import (
    LEAST_STRAIN_S,
    VIEW_LENGTHS_S,
    VIEW_NAMES,
    VIEW_PATH_UNKNOWN,
    VIEW_PATHS,
    WHITENED_S,
)
from glitch_explorer.sources.reasons import StrainMissing
from glitch_explorer.views.pictures import Archives, Picture, Unreadable, decode
from glitch_explorer.views.reasons import UNUSABLE, Flag, Reason
from glitch_explorer.views.schemas import VIEWS
from glitch_explorer.views.status import views_table

if TYPE_CHECKING:
    from glitch_explorer.sources.frames import Piece

_LOG = logging.getLogger(__name__)

#: Columns of table `quarantine` that differ from row to row.
_EXCLUDED = ("glitch_id", "source", "reason", "detail", "read")
#: Glitches whose strain is in memory at the same time.
_BATCH = 16
#: Slot of the picture of unknown view length, behind the four of known length.
_UNKNOWN = len(VIEW_LENGTHS_S)


class Strain(Protocol):
    """A source of strain, such as `sources.strain.Strain`."""

    def read(self, ifo: str, start: float, end: float) -> "Piece":
        """Return the samples of [start, end), or raise `StrainMissing`."""

    def available(self, ifo: str, start: float, end: float) -> list[tuple[float, float]]:
        """Return the intervals in [start, end) that have data."""

    def repeated(self, ifo: str, start: float, end: float) -> list[tuple[float, float]]:
        """Return the intervals in [start, end) in which values only repeat, which are no data."""


def open_optional_strain(*, source: str, **options: Any) -> Strain | None:
    """Return a reader of strain; None where the source is "none", for a study of pictures alone.

    Parameters
    ----------
    source, **options
        Parameters of `sources.strain.open_strain`.
    """
    if source == "none":
        return None
    from glitch_explorer.sources.strain import open_strain  # lal, which pictures do not need

    return open_strain(source=source, **options)


@dataclass
class _Glitch:
    """One row of the shard, and its views as they are filled.

    Attributes
    ----------
    row
        Row of table `glitches`.
    views
        Its part of the array, uint8 `(4, height, width)`.
    present
        Which views exist; the last is the one of unknown length.
    sizes, flags, excluded
        Sizes of its pictures; flags; rows of table `quarantine`, columns `_EXCLUDED`.
    """

    row: dict[Any, Any]
    views: UInt8
    present: list[bool] = field(default_factory=lambda: [False] * (_UNKNOWN + 1))
    sizes: set[str] = field(default_factory=set)
    flags: list[str] = field(default_factory=list)
    excluded: list[tuple[str, ...]] = field(default_factory=list)

    @cached_property
    def paths(self) -> list[str | None]:
        """Paths of the pictures by slot; a web address is none, so that the glitch is scanned."""
        paths = [self.row[column] for column in (*VIEW_PATHS, VIEW_PATH_UNKNOWN)]
        return [path if isinstance(path, str) and path and "://" not in path else None for path in paths]

    def exclude(self, problem: Quarantined, *, source: str = "strain", read: str = "") -> None:
        """Add a row of table `quarantine`."""
        read = read or f"{self.row['ifo']} {self.row['event_time']!r}"
        self.excluded.append((self.row["glitch_id"], source, problem.reason, problem.detail, read))


def make_views(
    shard_parquet: str | Path,
    *,
    out: str | Path,
    status_out: str | Path,
    quarantine_out: str | Path,
    height: int,
    width: int,
    strain: Strain | None = None,
    crop: bool = True,
    threads: int = 1,
) -> None:
    """Decode or Q-scan the views of every glitch of a shard.

    A glitch with pictures gets its views from them, one without is Q-scanned from `strain`. An
    unreadable picture or missing strain is a row of table `quarantine`; the glitch keeps its other
    views.

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
        Source of strain for glitches without pictures; None if there is no source. 64 s of it are
        read for the whitening, less where data begin or end.
    crop
        False leaves axes and labels in the pictures.
    threads
        Pictures decoded, or glitches scanned, at the same time; the result does not depend on it.

    Raises
    ------
    UserError
        When the table cannot be read, or a source of strain refuses.
    """
    rows = tables.read(GLITCHES, shard_parquet).to_dict("records")
    with files.whole(out) as temporary:
        views = _create(temporary, (len(rows), len(VIEW_LENGTHS_S), height, width))
        glitches = [_Glitch(row, part) for row, part in zip(rows, views, strict=True)]
        with tqdm(total=len(rows), unit="glitch", desc=Path(out).stem) as progress:
            _fill_from_pictures(glitches, progress, crop=crop, threads=threads)
            _fill_from_strain(glitches, progress, strain=strain, threads=threads)
        if isinstance(views, np.memmap):
            views.flush()
    tables.write(VIEWS, _status_table(glitches, views), status_out)
    excluded = pd.DataFrame([row for glitch in glitches for row in glitch.excluded], columns=_EXCLUDED)
    tables.write(QUARANTINE, quarantine_rows(excluded.assign(row=-1), stage="views"), quarantine_out)
    missing = sum(not any(glitch.present) for glitch in glitches)
    _LOG.info("%d glitches, %d of them without any view", len(rows), missing)


def _create(path: Path, shape: tuple[int, ...]) -> UInt8:
    """Create a memory-mapped `.npy` file of zeros.

    Its disk space is reserved at once: a page without space would kill the process later.
    """
    if 0 in shape:
        empty = np.zeros(shape, np.uint8)
        np.save(path, empty, allow_pickle=False)
        return empty
    views = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    with path.open("r+b") as stream:
        os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    return views


def _fill_from_pictures(glitches: list[_Glitch], progress: Any, *, crop: bool, threads: int) -> None:
    """Decode the pictures of the glitches that have any."""
    pictured = [glitch for glitch in glitches if any(glitch.paths)]
    with Archives() as archives, ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(partial(_decode, archives=archives, crop=crop), pictured):
            progress.update()


def _decode(glitch: _Glitch, *, archives: Archives, crop: bool) -> None:
    """Fill the views of a glitch from its pictures."""
    height, width = glitch.views.shape[1:]
    for slot, path in enumerate(glitch.paths):
        if path is None:
            continue
        try:
            picture = decode(path, archives)
            target = _slot(picture, slot, glitch)
            view = picture.view(height=height, width=width, crop=crop)
        except Unreadable as problem:
            _LOG.warning("%s: %s", path, problem.__cause__ or problem)
            name = "view of unknown length" if slot == _UNKNOWN else f"{VIEW_NAMES[slot]} s view"
            glitch.exclude(problem, source=path, read=name)
            continue
        if target != slot and Flag.VIEW_FROM_AXIS not in glitch.flags:
            glitch.flags.append(Flag.VIEW_FROM_AXIS)
        glitch.views[0 if target == _UNKNOWN else target] = view
        glitch.present[target] = True
        glitch.sizes.add(picture.size)


def _slot(picture: Picture, slot: int, glitch: _Glitch) -> int:
    """Return the slot of a picture: that of its time axis if its name says another.

    Raises
    ------
    Unreadable
        When another picture has that slot, or known lengths stand beside an unknown one.
    """
    if slot == _UNKNOWN:
        if any(glitch.paths[:slot]):
            raise Unreadable(Reason.LENGTH_UNCLEAR)
        return slot
    seconds = picture.length()
    if seconds is None or VIEW_LENGTHS_S[slot] == seconds:
        return slot
    target = VIEW_LENGTHS_S.index(seconds)
    if glitch.paths[target] is not None or glitch.present[target]:
        raise Unreadable(Reason.LENGTH_TWICE, seconds=seconds)
    return target


def _fill_from_strain(glitches: list[_Glitch], progress: Any, *, strain: Strain | None, threads: int) -> None:
    """Q-scan the glitches without pictures, in order of time, so that each frame is read once."""
    scanned = [glitch for glitch in glitches if not any(glitch.paths)]
    scanned.sort(key=lambda glitch: (glitch.row["ifo"], np.nan_to_num(glitch.row["event_time"], nan=-1.0)))
    for start in range(0, len(scanned), _BATCH):
        batch = scanned[start : start + _BATCH]
        _scan(batch, strain=strain, threads=threads)
        progress.update(len(batch))


def _scan(batch: list[_Glitch], *, strain: Strain | None, threads: int) -> None:
    """Q-scan glitches, those with equally long strain together."""
    groups: dict[tuple[float, int], list[tuple[_Glitch, Piece]]] = {}
    for glitch in batch:
        try:
            series, glitch.flags = _read(strain, glitch.row["ifo"], glitch.row["event_time"])
        except StrainMissing as problem:
            glitch.exclude(problem)
            continue
        groups.setdefault((series.rate, len(series.values)), []).append((glitch, series))
    if not groups:
        return
    # Imports torch, which is not needed where there is no strain.
    from glitch_explorer.views.qscan import qscan

    for (rate, length), members in groups.items():
        offsets = np.array([glitch.row["event_time"] - series.t0 for glitch, series in members])
        height, width = members[0][0].views.shape[1:]
        views, flags = qscan(
            np.stack([series.values for _, series in members]),
            sample_rate=round(rate),
            event_offset=offsets,
            height=height,
            width=width,
            threads=threads,
        )
        for (glitch, _), image, offset, codes in zip(members, views, offsets, flags, strict=True):
            glitch.flags += codes
            _keep_covered(glitch, image, reach=float(min(offset, length / rate - offset)))


def _read(strain: Strain | None, ifo: str, event_time: float) -> "tuple[Piece, list[str]]":
    """Read 64 s of strain around an event, or as much as there is without a gap, and its flags.

    Raises
    ------
    StrainMissing
        When there are less than 4 s.
    """
    if strain is None:
        raise StrainMissing(Reason.NO_PICTURE_OR_STRAIN)
    if not np.isfinite(event_time):
        raise StrainMissing(Reason.EVENT_TIME_MISSING)
    start = floor(event_time) - WHITENED_S // 2
    for first, last in strain.available(ifo, start, start + WHITENED_S):
        if first <= event_time < last and last - first >= LEAST_STRAIN_S:
            cut = strain.repeated(ifo, start, start + WHITENED_S)
            return strain.read(ifo, first, last), [Flag.REPEATED_VALUES] if cut else []
    # This raises with the source's own reason.
    strain.read(ifo, event_time - LEAST_STRAIN_S / 2, event_time + LEAST_STRAIN_S / 2)
    raise StrainMissing(Reason.STRAIN_TOO_SHORT, least_s=LEAST_STRAIN_S)


def _keep_covered(glitch: _Glitch, image: UInt8, *, reach: float) -> None:
    """Store the views of a Q-scan that the data cover, which end `reach` seconds from the event."""
    unusable = UNUSABLE.intersection(glitch.flags)
    if unusable:
        glitch.exclude(Quarantined(Reason(min(unusable))))
        return
    for slot, seconds in enumerate(VIEW_LENGTHS_S):
        # A millisecond, half a step of the picture, may be missing.
        if seconds / 2 <= reach + 1e-3:
            glitch.views[slot] = image[slot]
            glitch.present[slot] = True
    if not any(glitch.present):
        glitch.exclude(Quarantined(Reason.VIEWS_NOT_COVERED, reach_s=f"{reach:.2f}"))


def _status_table(glitches: list[_Glitch], views: UInt8) -> pd.DataFrame:
    present = np.array([glitch.present for glitch in glitches], dtype=bool).reshape(-1, _UNKNOWN + 1)
    return views_table(
        [str(glitch.row["glitch_id"]) for glitch in glitches],
        views,
        present[:, :_UNKNOWN],
        unknown=present[:, _UNKNOWN],
        image_size=[";".join(sorted(glitch.sizes)) for glitch in glitches],
        flags=[";".join(glitch.flags) for glitch in glitches],
    )
