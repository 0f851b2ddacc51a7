"""Frame files that exist, what they cover (by their names, or by what is in them), and trends in CSV."""

import glob
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlparse

import h5py
import numpy as np
import pandas as pd

from glitch_explorer.core import hdf5
from glitch_explorer.core.arrays import Float64
from glitch_explorer.core.errors import UserError
from glitch_explorer.sources import gwf

#: `SITE-TAG-GPS-DURATION.ext` (LIGO-T050017).
_NAME = re.compile(r"^([A-Z][A-Z0-9]*)-([^-]+)-(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)\.(?:gwf|hdf5|h5)$")
#: A tag that begins with a detector, e.g. H1_HOFT_C00.
_TAG_IFO = re.compile(r"^([A-Z]\d)(?:_|$)")
_ENDINGS = (".gwf", ".hdf5", ".h5", ".csv")
_LIST_ENDINGS = (".lcf", ".cache", ".ffl", ".txt")
#: Names that the column of GPS times may have.
TIME_COLUMNS = ("time", "gps", "gps_time", "GPStime")
#: Times lie on a grid to this share of its step.
_OFF_GRID = 0.01
#: A file is refused if its grid would have more steps than this, and this many for each row.
_MOST_STEPS, _SPARSEST = 10_000, 100

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Frame:
    """A file (or piece of a service's data) and the GPS interval [start, end) that it covers."""

    start: float
    end: float
    path: str


def parse(path: str, *, ifo: str, frame_type: str | None) -> Frame | None:
    """Read the interval of a frame off its name; None for another detector or type, or no frame."""
    name = _NAME.match(path.rsplit("/", 1)[-1])
    if name is None:
        return None
    sites, tag, start, length = name.groups()
    detector = _TAG_IFO.match(tag)
    if ifo[0] not in sites or (detector is not None and len(sites) == 1 and detector[1] != ifo):
        return None
    if frame_type is not None and tag != frame_type:
        return None
    return Frame(float(start), float(start) + float(length), path)


def find_frames(places: str | Sequence[str], *, ifo: str, frame_type: str | None) -> list[Frame]:
    """Find the frames of a detector, in order of time.

    HDF5 files of gwpy's and CSV files of trends may have any name if no `frame_type` is asked for: what they
    cover is read from them.

    Parameters
    ----------
    places
        Folders (searched at any depth), globs, files, or lists of files (LAL
        cache, ffl or one path a line; `.lcf`, `.cache`, `.ffl`, `.txt`).
    ifo
        The detector; fills `{ifo}` in `places` and `frame_type`.
    frame_type
        Tag in the file names; None for any.

    Raises
    ------
    UserError
        When there is no frame of this detector.
    """
    places = [places] if isinstance(places, str) else list(places)
    patterns = [pattern.replace("{ifo}", ifo) for pattern in places]
    tag = frame_type.replace("{ifo}", ifo) if frame_type is not None else None
    paths = {path for pattern in patterns for path in _paths(pattern)}
    named = {path: parse(path, ifo=ifo, frame_type=tag) for path in paths}
    unnamed = [path for path in paths if tag is None and _NAME.match(Path(path).name) is None]
    named |= {path: _described(path, ifo) for path in unnamed if not path.endswith(".gwf")}
    frames = sorted(frame for frame in named.values() if frame is not None)
    if not frames:
        raise UserError(
            f"no frame of {ifo}{f' of type {tag}' if tag else ''} in {', '.join(patterns)} "
            f"({len(paths)} files there); names must be like H-H1_TYPE-1266281937-128.gwf (or .hdf5, .h5),"
            " or HDF5 files of gwpy's, or CSV files with a column of times, with channels of the detector"
        )
    return frames


def _described(path: str, ifo: str) -> Frame | None:
    """Read from gwpy's HDF5, or from CSV, what channels of a detector cover; None where there are none."""
    spans = []
    try:
        if path.endswith(".csv"):
            start, step, series = read_series(path)
            ends = {name: start + step * len(values) for name, values in series.items()}
            spans += [(start, end) for name, end in ends.items() if name.startswith(f"{ifo}:")]
        else:
            spans += _described_hdf5(path, ifo)
    except gwf.DamagedFile as problem:
        _LOG.warning("%s is damaged: %s", path, problem)
    except UserError as problem:
        _LOG.warning("%s", problem)
    if not spans:
        return None
    return Frame(min(start for start, _ in spans), max(end for _, end in spans), path)


def _described_hdf5(path: str, ifo: str) -> list[tuple[float, float]]:
    """Read which times the channels of a detector cover in an HDF5 file of gwpy's."""
    spans = []
    with gwf.damage(*hdf5.ERRORS, TypeError, ValueError), h5py.File(path, "r") as file:
        for name in file:
            data = hdf5.member(file, name)
            if name.startswith(f"{ifo}:") and isinstance(data, h5py.Dataset) and "x0" in data.attrs:
                start, step = float(data.attrs["x0"]), float(data.attrs["dx"])
                spans.append((start, start + step * len(data)))
    return spans


def read_series(path: str) -> tuple[float, float, dict[str, Float64]]:
    """Read the series of a CSV file.

    Parameters
    ----------
    path
        File with a header: a column of GPS times (`TIME_COLUMNS`), and columns named as channels are, with a
        colon. Rows may be in any order, and missing; the first of rows with one time counts.

    Returns
    -------
    start
        GPS time of the first sample.
    step
        Seconds between samples: the smallest difference of the times.
    series
        ``(n,)`` for each channel, NaN where there is no number.

    Raises
    ------
    UserError
        When the file cannot be read as a table, or its times are not evenly spaced.
    """
    return _read(path, Path(path).stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _read(path: str, _changed: int) -> tuple[float, float, dict[str, Float64]]:
    try:
        table = pd.read_csv(path)
    except (OSError, ValueError, UnicodeDecodeError) as problem:
        raise UserError(f"{path} cannot be read as CSV: {problem}") from problem
    channels = [name for name in table.columns if ":" in name]
    names = [name for name in TIME_COLUMNS if name in table.columns]
    if not channels or not names:
        return np.nan, np.nan, {}
    table = table.apply(pd.to_numeric, errors="coerce").dropna(subset=names[:1])
    table = table.drop_duplicates(names[0]).sort_values(names[0])
    times = table[names[0]].to_numpy(dtype=float)
    if len(times) < 2:
        raise UserError(f"{path} has {len(times)} rows with a time: a series needs two or more")
    step = float(np.diff(times).min())
    place = (times - times[0]) / step
    number = np.rint(place).astype(np.int64)
    if np.abs(place - number).max() > _OFF_GRID or number[-1] >= max(_MOST_STEPS, _SPARSEST * len(times)):
        raise UserError(
            f"{path}: the times are not evenly spaced (smallest step: {step:g} s); rows may only be missing"
        )
    grid = np.full((len(channels), number[-1] + 1), np.nan)
    grid[:, number] = table[channels].to_numpy(dtype=float).T
    return float(times[0]), step, dict(zip(channels, grid, strict=True))


def _paths(pattern: str) -> Iterable[str]:
    path = Path(pattern)
    if path.is_dir():
        return [str(file) for file in path.rglob("*") if file.suffix in _ENDINGS and file.is_file()]
    if path.suffix in _LIST_ENDINGS and path.is_file():
        return _listed(path)
    return glob.glob(pattern, recursive=True)


def _listed(path: Path) -> list[str]:
    """Read the paths in a list of frames: in each line the last word that ends like a frame file."""
    paths = []
    for line in path.read_text(encoding="utf-8").splitlines():
        names = [word for word in line.split() if word.endswith(_ENDINGS)]
        if names and not line.startswith("#"):
            paths.append(local_path(names[-1]))
    return paths


def local_path(url: str) -> str:
    """Return the path of a `file:` address, and anything else unchanged."""
    parts = urlparse(url)
    return unquote(parts.path) if parts.scheme == "file" else url
