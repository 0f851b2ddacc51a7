"""Live time of the detectors, from segment files and from services."""

import re
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import pandas as pd
from gwosc.api import v2 as gwosc_api
from gwpy.segments import DataQualityDict, DataQualityFlag, Segment, SegmentList

from glitch_explorer.core.errors import UserError
from glitch_explorer.core.ligolw import refuse_entities
from glitch_explorer.sources.retry import insist
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
    timeout_s: float = 60.0,
    retries: int = 3,
    host: str = "https://gwosc.org",
) -> pd.DataFrame:
    """Read the times to analyse: those that every flag given for a detector calls active.

    Parameters
    ----------
    files
        Text of two columns or segwizard's four, LIGO_LW XML, HDF5, DQSegDB JSON,
        or CSV with columns ifo, start, end and, if several, flag. The detector is
        the flag's, the column's, the one in the file's name, or the only one.
    flags
        Flags of services, `{ifo}` filled in: GWOSC's without colons
        (`{ifo}_DATA`, `{ifo}_CBC_CAT1`), DQSegDB's with
        (`{ifo}:DMT-ANALYSIS_READY:1`, needs a login; untried where this was built).
    detectors
        Detectors wanted; segments of others are left out.
    start, end
        GPS seconds to cut to; needed for flags.
    timeout_s, retries
        Longest silence of a service, and failures in a row put up with.
    host
        Server of GWOSC.

    Returns
    -------
    DataFrame
        Table `segments`, merged and sorted by detector and start; where a
        detector has several flags the rows are their intersection.

    Raises
    ------
    UserError
        When a file cannot be understood or a flag does not exist.
    SourceFault
        When a service stays away.
    """
    found = [flag for file in files for flag in _file_flags(Path(file), detectors)]
    for pattern in flags:
        for ifo in detectors:
            name = pattern.replace("{ifo}", ifo)
            if not name.startswith(ifo):
                continue
            if start is None or end is None:
                raise UserError(f"flag {name}: a service wants a start and an end; give both")
            found.append(
                _service_flag(name, ifo, start, end, timeout_s=timeout_s, retries=retries, host=host)
            )
    rows = [row for ifo in sorted(set(detectors)) for row in _intersected(ifo, found, start, end)]
    return pd.DataFrame(rows, columns=SEGMENTS.names).astype(
        {"ifo": str, "start": float, "end": float, "flag": str, "source": str}
    )


class _Flag:
    """Segments of one flag of one detector, with the place they came from."""

    def __init__(self, ifo: str, name: str, source: str, active: SegmentList) -> None:
        self.ifo, self.name, self.source, self.active = ifo, name, source, active


def _intersected(ifo: str, found: list[_Flag], start: float | None, end: float | None) -> list[list[object]]:
    """Join the parts of each flag, and keep what all flags of the detector share."""
    own = [flag for flag in found if flag.ifo == ifo]
    if not own:
        return []
    parts: dict[str, SegmentList] = {}
    for flag in own:
        parts[flag.name] = (parts.get(flag.name, SegmentList()) + flag.active).coalesce()
    low = float("-inf") if start is None else start
    high = float("inf") if end is None else end
    shared = SegmentList([Segment(low, high)])
    for active in parts.values():
        shared &= active
    name, source = " & ".join(sorted(parts)), "; ".join(sorted({flag.source for flag in own}))
    return [[ifo, float(a), float(b), name, source] for a, b in shared.coalesce()]


def _file_flags(path: Path, detectors: Sequence[str]) -> list[_Flag]:
    """Read what flags a file holds."""
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
        # Four readers of gwpy, each with errors of its own.
        raise UserError(
            f"segment file {path} cannot be read: {problem}; text of start and end, .csv with ifo, start "
            "and end, .json, .xml, .hdf5 can be"
        ) from problem
    return [
        _Flag(flag.ifo or _ifo_of(path, detectors), flag.name, path.name, _checked(flag.active, path))
        for flag in flags
    ]


def _csv_flags(path: Path) -> list[_Flag]:
    try:
        frame = pd.read_csv(path, dtype={"ifo": str, "flag": str})
    except (ValueError, pd.errors.ParserError) as problem:
        raise UserError(f"segment file {path} cannot be read: {problem}") from problem
    missing = [column for column in ("ifo", "start", "end") if column not in frame.columns]
    if missing:
        raise UserError(
            f"segment file {path} has no column {', '.join(missing)}; it has {list(frame.columns)}"
        )
    if "flag" not in frame.columns:
        frame["flag"] = path.stem
    flags = []
    for (ifo, name), part in frame.groupby(["ifo", "flag"], sort=True):
        pairs = list(zip(part["start"], part["end"], strict=True))
        flags.append(_Flag(str(ifo), str(name), path.name, _checked(pairs, path)))
    return flags


def _checked(pairs: Sequence[tuple[object, object]], path: Path) -> SegmentList:
    """Give the pairs as segments, or refuse one that is no interval."""
    active = SegmentList()
    for number, (a, b) in enumerate(pairs):
        try:
            low, high = float(a), float(b)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            low, high = float("nan"), float("nan")
        if not (isfinite(low) and isfinite(high) and low < high):
            raise UserError(
                f"segment file {path}, segment {number}: [{a}, {b}) is no interval of GPS seconds"
            )
        active.append(Segment(low, high))
    return active.coalesce()


def _ifo_of(path: Path, detectors: Sequence[str]) -> str:
    found: list[str] = sorted(set(_IFO_IN_NAME.findall(path.name.replace("_", "-").upper())))
    if len(found) == 1:
        return found[0]
    if not found and len(detectors) == 1:
        return detectors[0]
    raise UserError(f"segment file {path} does not say its detector; name it like H1-segments.txt")


def _service_flag(
    name: str, ifo: str, start: float, end: float, *, timeout_s: float, retries: int, host: str
) -> _Flag:
    """Ask DQSegDB (names with colons) or GWOSC for one flag."""
    if ":" in name:
        service, calls = "DQSegDB", 1

        def ask() -> DataQualityFlag:
            # Without a host gwpy takes the one of the moment when it was imported.
            return DataQualityFlag.query(name, start, end, host=None, timeout=timeout_s)
    else:
        # GWOSC's client pauses and asks again by itself.
        service, calls = "GWOSC", gwosc_api.MAX_RETRIES

        def ask() -> DataQualityFlag:
            return DataQualityFlag.fetch_open_data(name, start, end, host=host)

    flag = insist(ask, what=f"{service}, flag {name}", retries=retries, timeout_s=calls * timeout_s)
    return _Flag(ifo, name, service, flag.active)
