"""Segments: the science time of the detectors, from files and from services."""

import re
from collections.abc import Sequence
from functools import partial
from math import inf, isfinite, nan
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from gwosc.api import DEFAULT_URL
from gwosc.api import v2 as gwosc_api
from gwpy.segments import DataQualityDict, DataQualityFlag, Segment, SegmentList

from glitch_explorer.core import tables
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.ligolw import refuse_entities
from glitch_explorer.sources import retry
from glitch_explorer.sources.retry import RetryPolicy
from glitch_explorer.sources.schemas import SEGMENTS

#: A detector in a file's name, e.g. H1-SEGMENTS.txt, l1_data.json.
_IFO_IN_NAME = re.compile(r"(?<![A-Za-z0-9])([A-Z]\d)(?![A-Za-z0-9])")
_FORMATS = {".xml": "ligolw", ".xml.gz": "ligolw", ".hdf5": "hdf5", ".h5": "hdf5", ".json": "json"}


def read_segments(
    *,
    files: Sequence[str | Path],
    flags: Sequence[str],
    detectors: Sequence[str],
    start: float | None = None,
    end: float | None = None,
    host: str = DEFAULT_URL,
    policy: RetryPolicy = retry.DEFAULT,
) -> pd.DataFrame:
    """Read the time to analyse: where all flags of a detector are active.

    Parameters
    ----------
    files
        Text of two columns or segwizard's four, LIGO_LW XML, HDF5, DQSegDB JSON,
        or CSV with columns ifo, start, end and, if there are several, flag. The
        detector is the flag's, the column's, the one in the file's name, or the only one.
    flags
        Flags of services, `{ifo}` filled in: GWOSC's without colons
        (`{ifo}_DATA`, `{ifo}_CBC_CAT1`), DQSegDB's with
        (`{ifo}:DMT-ANALYSIS_READY:1`, needs a login; not tested against the real service).
    detectors
        Segments of other detectors are left out.
    start, end
        GPS seconds that the segments are cut to; flags of services need both.
    host
        Server of GWOSC.
    policy
        Retries of requests to services.

    Returns
    -------
    DataFrame
        Table `segments`, merged and sorted by detector and start; where a
        detector has several flags the rows are their intersection.

    Raises
    ------
    UserError
        When a file cannot be read or a flag does not exist.
    SourceFault
        When a service fails after all retries.
    """
    read = [flag for file in files for flag in _file_flags(Path(file), detectors)]
    for pattern in flags:
        for ifo in detectors:
            name = pattern.replace("{ifo}", ifo)
            if not name.startswith(ifo):
                continue
            if start is None or end is None:
                raise UserError(f"flag {name}: a service needs a start and an end: set both")
            active = _service_segments(name, start, end, host, policy)
            read.append(_Flag(ifo, name, "DQSegDB" if ":" in name else "GWOSC", active))
    rows = [
        row
        for ifo in sorted(set(detectors))
        for row in _intersected([flag for flag in read if flag.ifo == ifo], start, end)
    ]
    return pd.DataFrame(rows, columns=SEGMENTS.names) if rows else tables.empty(SEGMENTS)


class _Flag(NamedTuple):
    """Segments of one flag of one detector, and the file or service that they come from."""

    ifo: str
    name: str
    source: str
    active: SegmentList


def _intersected(flags: Sequence[_Flag], start: float | None, end: float | None) -> list[list[object]]:
    """Return rows of table `segments`: the time in which all flags of one detector are active."""
    if not flags:
        return []
    parts: dict[str, SegmentList] = {}
    for flag in flags:
        parts[flag.name] = (parts.get(flag.name, SegmentList()) + flag.active).coalesce()
    common = SegmentList([Segment(-inf if start is None else start, inf if end is None else end)])
    for active in parts.values():
        common &= active
    name, source = " & ".join(sorted(parts)), "; ".join(sorted({flag.source for flag in flags}))
    return [[flags[0].ifo, float(a), float(b), name, source] for a, b in common.coalesce()]


def _file_flags(path: Path, detectors: Sequence[str]) -> list[_Flag]:
    """Read the flags of a file."""
    if not path.is_file():
        raise UserError(f"segment file {path} does not exist; check segments.files")
    if path.suffix == ".csv":
        return _csv_flags(path)
    ending = ".xml.gz" if path.name.endswith(".xml.gz") else path.suffix
    try:
        if ending not in _FORMATS:
            active = SegmentList.read(str(path), format="segwizard", gpstype=float)
            return [_Flag(_ifo_of(path, detectors), path.stem, path.name, _checked(active, path))]
        if ending == ".json":
            flags = [DataQualityFlag.read(str(path), format="json")]
        else:
            if _FORMATS[ending] == "ligolw":
                refuse_entities(path)
            flags = list(DataQualityDict.read(str(path), format=_FORMATS[ending]).values())
    except UserError:
        raise
    except Exception as problem:
        # gwpy's four readers have no common error.
        raise UserError(
            f"segment file {path} cannot be read: {problem}; it can be text of start and end, .csv with "
            "ifo, start and end, .json, .xml or .hdf5"
        ) from problem
    return [
        _Flag(flag.ifo or _ifo_of(path, detectors), flag.name, path.name, _checked(flag.active, path))
        for flag in flags
    ]


def _csv_flags(path: Path) -> list[_Flag]:
    frame = tables.read_csv(path, texts=("ifo", "flag"), required=("ifo", "start", "end"))
    if "flag" not in frame.columns:
        frame["flag"] = path.stem
    flags = []
    for (ifo, name), part in frame.groupby(["ifo", "flag"], sort=True):
        pairs = list(zip(part["start"], part["end"], strict=True))
        flags.append(_Flag(str(ifo), str(name), path.name, _checked(pairs, path)))
    return flags


def _checked(pairs: Sequence[tuple[object, object]], path: Path) -> SegmentList:
    """Return the pairs as segments, or refuse one that is not an interval."""
    active = SegmentList()
    for number, (a, b) in enumerate(pairs):
        try:
            low, high = float(a), float(b)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            low, high = nan, nan
        if not (isfinite(low) and isfinite(high) and low < high):
            raise UserError(
                f"segment file {path}, segment {number}: [{a}, {b}) is not an interval of GPS seconds"
            )
        active.append(Segment(low, high))
    return active.coalesce()


def _ifo_of(path: Path, detectors: Sequence[str]) -> str:
    names: list[str] = sorted(set(_IFO_IN_NAME.findall(path.name.replace("_", "-").upper())))
    if len(names) == 1:
        return names[0]
    if not names and len(detectors) == 1:
        return detectors[0]
    raise UserError(f"segment file {path}: the detector is not known; rename it like H1-segments.txt")


def _service_segments(name: str, start: float, end: float, host: str, policy: RetryPolicy) -> SegmentList:
    """Query DQSegDB (names with colons) or GWOSC for the segments of one flag."""
    if ":" in name:
        # host=None: else gwpy uses the server that was set when it was imported.
        client = partial(DataQualityFlag.query, name, start, end, host=None, timeout=policy.timeout_s)
        what, deadline_s = f"DQSegDB, flag {name}", policy.timeout_s
    else:
        client = partial(DataQualityFlag.fetch_open_data, name, start, end, host=host)
        # GWOSC's client retries by itself.
        what, deadline_s = f"GWOSC, flag {name}", gwosc_api.MAX_RETRIES * policy.timeout_s
    return policy.ask(client, what=what, deadline_s=deadline_s).active
